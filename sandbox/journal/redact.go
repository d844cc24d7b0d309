package journal

import (
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// jwtRE finds a compact JWS or JWE: its header is JSON, so in base64 it starts
// with '{' and a quote, blank or line end.
var jwtRE = regexp.MustCompile(`(?:ey[JA]|ew[o0k])[A-Za-z0-9_+/=-]{5,}(?:\.[A-Za-z0-9_+/=-]*){2,4}`)

// pairRE finds name=value pairs inside a text, such as the query of a
// redirect URI given as a parameter.
var pairRE = regexp.MustCompile(`([A-Za-z0-9_.%-]+)=([^&#;\s"']*)`)

// secretWords make a parameter secret when its name, without separators,
// contains one of them.
var secretWords = []string{"secret", "password", "passwd", "token", "assertion", "verifier", "cookie", "authorization", "apikey"}

// secretNames are secret as whole names; as parts they would be too common.
var secretNames = []string{"code", "devicecode", "pwd", "flowtoken", "canary", "ctx", "sessionid", "ticket"}

// openNames contain a secret word but say only of which kind a secret is.
var openNames = []string{
	"clientassertiontype", "subjecttokentype", "actortokentype", "requestedtokentype",
	"requestedtokenuse", "tokentype", "tokentypehint", "accesstokenaccepted", "tokenendpoint",
}

var separators = strings.NewReplacer("_", "", "-", "", ".", "", " ", "")

// Secret says whether a parameter, form field, header or JSON member of this
// name holds something that must not be shown.
func Secret(name string) bool {
	var room [48]byte
	n := string(appendPlainName(room[:0], name))
	if slices.Contains(openNames, n) {
		return false
	}
	return slices.Contains(secretNames, n) ||
		slices.ContainsFunc(secretWords, func(w string) bool { return strings.Contains(n, w) })
}

// appendPlainName appends the name in lower case without separators.
func appendPlainName(b []byte, name string) []byte {
	for i := range len(name) {
		switch c := name[i]; {
		case c >= utf8.RuneSelf: // lower case is not a matter of one byte
			return append(b[:0], separators.Replace(strings.ToLower(name))...)
		case c == '_' || c == '-' || c == '.' || c == ' ':
		case c >= 'A' && c <= 'Z':
			b = append(b, c+'a'-'A')
		default:
			b = append(b, c)
		}
	}
	return b
}

// isMark says whether a value is what redacted returns.
func isMark(value string) bool {
	n, ok := strings.CutPrefix(value, "[redacted:")
	if !ok {
		return false
	}
	n, ok = strings.CutSuffix(n, "]")
	return ok && n != "" && strings.Trim(n, "0123456789") == ""
}

// redacted stands in for a value. Its length in bytes is kept because it tells
// a missing, cut or doubled secret from a wrong one. What was redacted before
// stays as it is.
func redacted(value string) string {
	if isMark(value) {
		return value
	}
	return "[redacted:" + strconv.Itoa(len(value)) + "]"
}

// RedactText removes JSON web tokens, and the values of secret parameters of
// an address inside the text. A text that holds such an address in encoded
// form goes as a whole.
func RedactText(s string) string {
	clean := redactPlain(s)
	if strings.Contains(clean, "%") && hidesSecret(clean) {
		return redacted(s)
	}
	return clean
}

// redactPlain is RedactText for what is not encoded.
func redactPlain(s string) string {
	if mayHoldJWT(s) {
		s = jwtRE.ReplaceAllStringFunc(s, redacted)
	}
	if !strings.Contains(s, "=") {
		return s
	}
	return pairRE.ReplaceAllStringFunc(s, func(m string) string {
		name, value, _ := strings.Cut(m, "=")
		if plain, err := url.QueryUnescape(name); err == nil {
			name = plain
		}
		if value == "" || !Secret(name) {
			return m
		}
		return m[:len(m)-len(value)] + redacted(value)
	})
}

// mayHoldJWT is false only where jwtRE finds nothing. Nearly every text is
// decided here, at a fraction of the expression's cost.
func mayHoldJWT(s string) bool {
	for {
		i := strings.IndexByte(s, 'e')
		if i < 0 || i+2 >= len(s) {
			return false
		}
		switch s[i+1 : i+3] {
		case "yJ", "yA", "wo", "w0", "wk":
			return true
		}
		s = s[i+1:]
	}
}

// maxEncodings is how often an address may have been encoded, one inside the
// other, to be looked through.
const maxEncodings = 4

// hidesSecret says whether decoding a text brings a secret to light.
func hidesSecret(s string) bool {
	for range maxEncodings {
		plain, err := url.QueryUnescape(s)
		if err != nil || plain == s {
			return false
		}
		if redactPlain(plain) != plain {
			return true
		}
		s = plain
	}
	return false
}

// RedactQuery returns a raw query with the values of secret parameters and
// every JSON web token replaced. Order and spelling of the rest are kept: they
// tell clients apart.
func RedactQuery(raw string) string {
	if raw == "" {
		return ""
	}
	var b strings.Builder
	for len(raw) > 0 {
		i := strings.IndexAny(raw, "&;")
		pair, sep := raw, ""
		if i >= 0 {
			pair, sep = raw[:i], raw[i:i+1]
		}
		raw = raw[len(pair)+len(sep):]
		b.WriteString(redactPair(pair))
		b.WriteString(sep)
	}
	return b.String()
}

func redactPair(pair string) string {
	name, value, ok := strings.Cut(pair, "=")
	if !ok {
		return RedactText(pair)
	}
	plainName, err := url.QueryUnescape(name)
	if err != nil {
		return redacted(pair)
	}
	plain, err := url.QueryUnescape(value)
	if err != nil {
		return RedactText(name) + "=" + redacted(value)
	}
	if plain != "" && Secret(plainName) {
		return name + "=" + redacted(plain)
	}
	if clean := RedactText(plain); clean != plain {
		return RedactText(name) + "=" + url.QueryEscape(clean)
	}
	return RedactText(name) + "=" + value
}

// RedactForm returns a copy of a form with secret values replaced.
func RedactForm(form map[string][]string) map[string][]string {
	if len(form) == 0 {
		return nil
	}
	out := make(map[string][]string, len(form))
	for name, values := range form {
		clean := make([]string, len(values))
		for i, v := range values {
			if Secret(name) && v != "" {
				clean[i] = redacted(v)
			} else {
				clean[i] = RedactText(v)
			}
		}
		name = RedactText(name)
		out[name] = append(out[name], clean...)
	}
	return out
}

// cleanForm says whether RedactForm would change nothing.
func cleanForm(form map[string][]string) bool {
	for name, values := range form {
		if RedactText(name) != name {
			return false
		}
		secret := Secret(name)
		for _, v := range values {
			if secret && v != "" {
				if !isMark(v) {
					return false
				}
			} else if RedactText(v) != v {
				return false
			}
		}
	}
	return true
}

// redactAuthorization keeps the scheme of an Authorization header, since
// clients differ in it, and the length of the rest.
func redactAuthorization(v string) string {
	scheme, rest, ok := strings.Cut(v, " ")
	if ok && slices.Contains([]string{"bearer", "basic", "pop", "negotiate", "digest"}, strings.ToLower(scheme)) {
		return scheme + " " + redacted(rest)
	}
	return redacted(v)
}

// RedactDetail returns a copy of the details of a change with secret members
// replaced, at any depth.
func RedactDetail(detail map[string]any) map[string]any {
	if detail == nil {
		return nil
	}
	out := make(map[string]any, len(detail))
	for k, v := range detail {
		out[k] = redactAny(k, v)
	}
	return out
}

func redactAny(name string, v any) any {
	switch v := v.(type) {
	case string:
		if v != "" && Secret(name) {
			return redacted(v)
		}
		return RedactText(v)
	case []string:
		out := make([]string, len(v))
		for i, s := range v {
			out[i], _ = redactAny(name, s).(string)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, s := range v {
			out[i] = redactAny(name, s)
		}
		return out
	case map[string]any:
		return RedactDetail(v)
	}
	return v
}

// scrub is the last net: whatever a handler noted, no token stays readable.
func scrub(e *Event) {
	for _, s := range []*string{&e.Host, &e.Path, &e.UserAgent, &e.Resource, &e.Decision, &e.Error, &e.Operation, &e.TenantID, &e.AppID} {
		if *s != "" {
			*s = RedactText(*s)
		}
	}
	e.Query = RedactQuery(e.Query)
	if len(e.Form) == 0 || !cleanForm(e.Form) {
		e.Form = RedactForm(e.Form)
	}
	e.Detail = RedactDetail(e.Detail)
	// The caller's map is left alone: it is copied once something changes.
	h := e.Headers
	copied := false
	for k, v := range e.Headers {
		clean := ""
		if Secret(k) {
			clean = redactAuthorization(v)
		} else {
			clean = RedactText(v)
		}
		if clean == v {
			continue
		}
		if !copied {
			h, copied = maps.Clone(h), true
		}
		h[k] = clean
	}
	e.Headers = h
}
