package verify

import (
	"encoding/json"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"github.com/tenantry/tenantry/entra/verify/internal/jws"
)

// maxPasted is the longest text that [Inspect] looks through for a token.
const maxPasted = 256 << 10

// NotTokenError says that a text holds no token that could be read, and what
// it holds instead. It does not repeat the text, which may be a secret.
type NotTokenError struct {
	Kind   string // machine word: empty, too-long, error-answer, opaque, encrypted, cut, no-token, broken
	Detail string // what the text seems to be
	Remedy string // what to do next
}

func (e *NotTokenError) Error() string { return "not a token that can be read: " + e.Detail }

// Next says what to do about it.
func (e *NotTokenError) Next() string { return e.Remedy }

// peeled is a token taken out of what was pasted around it.
type peeled struct {
	token string
	notes []string // what was taken away
}

func (p *peeled) note(s string) { p.notes = append(p.notes, s) }

// compact finds something of the form of a compact JWS whose header begins
// like a JSON object: base64url of `{"` is "eyJ", of `{ ` "eyA", of "{\n" and
// "{\r" "ewo" and "ew0".
var compact = regexp.MustCompile(`(?:eyJ|eyA|ewo|ew0)[A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]*){1,4}`)

// tokenMembers are the members of JSON answers that hold a token, by
// preference: the token endpoint's, the Azure CLI's and Azure PowerShell's.
var tokenMembers = []string{"access_token", "accessToken", "token", "Token", "id_token", "idToken"}

// peel takes a token out of what people paste: with "Bearer ", quotes, line
// breaks, the whole JSON answer, a form, a link, the output of curl -i.
func peel(text string) (peeled, *NotTokenError) {
	var p peeled
	if len(text) > maxPasted {
		return p, &NotTokenError{Kind: "too-long", Detail: "the text is longer than 256 kB", Remedy: "Pass the token alone; tokens of Entra are at most 16 kB long."}
	}
	s := strings.TrimFunc(text, isBlank)
	if s == "" {
		return p, &NotTokenError{Kind: "empty", Detail: "the text is empty", Remedy: "Pass the value of access_token; a command that should have printed it may have failed."}
	}
	if len(s) != len(strings.TrimRight(text, "\r\n")) {
		p.note("blank space around the token was ignored")
	}
	for range 8 { // each round takes one layer away; nobody wraps deeper
		next, notToken := p.layer(s)
		if notToken != nil {
			return p, notToken
		}
		if next == s {
			break
		}
		s = next
	}
	if notToken := recognise(s); notToken != nil {
		return p, notToken
	}
	p.token = s
	return p, nil
}

// layer takes one wrapping away; without any it returns s.
func (p *peeled) layer(s string) (string, *NotTokenError) {
	if inner, ok := unquote(s); ok {
		p.note("quotes around the token were ignored")
		return inner, nil
	}
	if inner, ok := cutPrefixFold(s, "authorization:"); ok {
		p.note("the header name Authorization was ignored")
		return inner, nil
	}
	if inner, ok := cutPrefixFold(s, "bearer "); ok {
		p.note("the word Bearer was ignored: it belongs to the request header, not to the token")
		return inner, nil
	}
	if at := strings.IndexByte(s, '{'); at == 0 || at > 0 && strings.HasPrefix(s, "HTTP/") {
		if at > 0 {
			p.note("the lines of the HTTP answer before its body were ignored")
		}
		return p.fromJSON(s[at:])
	}
	if strings.Contains(s, "=") || strings.Contains(s, "%") {
		if inner, ok := p.fromForm(s); ok {
			return inner, nil
		}
	}
	if joined := strings.Join(strings.FieldsFunc(s, isBlank), ""); joined != s && compact.FindString(joined) == joined && joined != "" {
		p.note("line breaks or blanks inside the token were ignored")
		return joined, nil
	}
	if found := compact.FindAllString(s, 2); len(found) == 1 && found[0] != s && strings.Count(found[0], ".") == 2 && !strings.ContainsAny(s, "…<") && !strings.Contains(s, "...") {
		p.note("the text around the token was ignored")
		return found[0], nil
	}
	return s, nil
}

func (p *peeled) fromJSON(s string) (string, *NotTokenError) {
	var doc map[string]json.RawMessage
	if json.NewDecoder(strings.NewReader(s)).Decode(&doc) != nil {
		return "", &NotTokenError{Kind: "broken", Detail: "the text begins like a JSON document but is not one", Remedy: "Pass the whole answer of the token endpoint, or the value of its access_token alone."}
	}
	for _, name := range tokenMembers {
		if v, ok := jws.String(string(doc[name])); ok && v != "" {
			p.note("the token was taken from the member " + name + " of a JSON answer")
			return strings.TrimFunc(v, isBlank), nil
		}
	}
	if _, has := doc["error"]; has {
		return "", errorAnswer(doc)
	}
	if doc["alg"] != nil || doc["aud"] != nil || doc["iss"] != nil {
		return "", &NotTokenError{Kind: "no-token", Detail: "this is a decoded part of a token, not the token", Remedy: "Pass the encoded token, three parts with dots between them; its parts alone cannot be judged."}
	}
	return "", &NotTokenError{Kind: "no-token", Detail: "this is a JSON document without access_token", Remedy: "Pass the answer of the token endpoint, or the token alone."}
}

var aadsts = regexp.MustCompile(`AADSTS[0-9]{4,9}`)

func errorAnswer(doc map[string]json.RawMessage) *NotTokenError {
	code, _ := jws.String(string(doc["error"]))
	text, _ := jws.String(string(doc["error_description"]))
	if code == "" { // an API's error: {"error":{"code":…,"message":…}}
		var inner struct{ Code, Message string }
		if json.Unmarshal(doc["error"], &inner) == nil {
			code, text = inner.Code, inner.Message
		}
	}
	first, _, _ := strings.Cut(text, "\r\n")
	detail := "this is an error answer, " + plain(code)
	if number := aadsts.FindString(text); number != "" && !strings.HasPrefix(first, number) {
		detail = "this is an error answer, " + plain(code) + " with code " + number
	}
	if first != "" {
		detail += ": " + plain(first)
	}
	return &NotTokenError{Kind: "error-answer", Detail: detail, Remedy: "No token was issued; the code says why. Mend that and ask again."}
}

// fromForm reads access_token out of a form body, a link with a fragment, or
// undoes the percent encoding of a token alone.
func (p *peeled) fromForm(s string) (string, bool) {
	fields := s
	if i := strings.LastIndexAny(s, "#?"); i >= 0 {
		fields = s[i+1:]
	}
	if values, err := url.ParseQuery(fields); err == nil {
		for _, name := range tokenMembers {
			if v := values.Get(name); v != "" {
				p.note("the token was taken from the field " + name)
				return v, true
			}
		}
	}
	if strings.Contains(s, "%") {
		if decoded, err := url.PathUnescape(s); err == nil && decoded != s {
			p.note("percent encoding was undone")
			return strings.TrimFunc(decoded, isBlank), true
		}
	}
	return "", false
}

// recognise names the usual things that are no token.
func recognise(s string) *NotTokenError {
	const ask = "Pass the value of access_token from the token endpoint's answer."
	lower := strings.ToLower(s)
	switch {
	case strings.Count(s, ".") == 4 && compact.FindString(s) == s:
		return &NotTokenError{Kind: "encrypted", Detail: "this is an encrypted token (five parts), which only its audience can open", Remedy: "Tokens of the security APIs are not encrypted; " + lowerFirst(ask)}
	case strings.Contains(s, "…") || strings.Contains(s, "...") || strings.Contains(lower, "<truncated>") || strings.Contains(lower, "[truncated]"):
		return &NotTokenError{Kind: "cut", Detail: "the token was shortened for display", Remedy: "Copy it whole, for instance by writing it to a file instead of the screen."}
	case strings.HasPrefix(lower, "<"):
		return &NotTokenError{Kind: "no-token", Detail: "this is an HTML or XML document, perhaps a proxy's sign-in page", Remedy: "Check that the request went to the token endpoint by POST; " + lowerFirst(ask)}
	case strings.HasPrefix(s, "-----BEGIN "):
		return &NotTokenError{Kind: "no-token", Detail: "this is a key or a certificate", Remedy: "Do not paste private keys; " + lowerFirst(ask)}
	case isGUID(lower) || lower == emptyGUID:
		return &NotTokenError{Kind: "no-token", Detail: "this is a GUID: the id of a tenant, an application or a secret", Remedy: ask}
	case opaqueCode.MatchString(s):
		return &NotTokenError{Kind: "opaque", Detail: "this looks like a refresh token or an authorization code, which only Entra can read", Remedy: "Exchange it at the token endpoint; " + lowerFirst(ask)}
	case secretValue.MatchString(s):
		return &NotTokenError{Kind: "no-token", Detail: "this looks like a client secret", Remedy: "Use it to ask for a token and keep it out of terminals; " + lowerFirst(ask)}
	case strings.HasPrefix(s, "EwA") || strings.HasPrefix(s, "EwB"):
		return &NotTokenError{Kind: "opaque", Detail: "this looks like a token for a personal Microsoft account, which cannot be read", Remedy: "Sign in with a work account of the tenant."}
	case strings.HasPrefix(s, "eyJ") && strings.Count(s, ".") < 2:
		return &NotTokenError{Kind: "cut", Detail: "this begins like a token and has " + strconv.Itoa(strings.Count(s, ".")+1) + " of its three parts", Remedy: "Copy it whole, both dots included."}
	case strings.Count(s, ".") != 2:
		return &NotTokenError{Kind: "opaque", Detail: "this is no JSON web token: three parts separated by dots are expected", Remedy: ask}
	}
	return nil
}

var (
	opaqueCode  = regexp.MustCompile(`^(0|1)\.A[A-Za-z0-9_-]{6,}\.|^M\.[A-Z0-9]+_|^0\.A[A-Za-z0-9_.-]{40,}$|^1\.A[A-Za-z0-9_.-]{40,}$`)
	secretValue = regexp.MustCompile(`^[A-Za-z0-9_~.-]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34}$`)
)

func unquote(s string) (string, bool) {
	for _, q := range [][2]string{{`"`, `"`}, {`'`, `'`}, {"`", "`"}, {"“", "”"}, {"‘", "’"}, {"«", "»"}, {"<", ">"}} {
		if inner, ok := strings.CutPrefix(s, q[0]); ok {
			if inner, ok = strings.CutSuffix(inner, q[1]); ok && !strings.Contains(inner, q[0]) && (q[0] != "<" || !strings.ContainsAny(inner, " </")) {
				return strings.TrimFunc(inner, isBlank), true
			}
		}
	}
	return s, false
}

func cutPrefixFold(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return strings.TrimFunc(s[len(prefix):], isBlank), true
}

// isBlank includes what editors and mail programs add without showing it.
func isBlank(r rune) bool {
	return unicode.IsSpace(r) || r == '\ufeff' || r == '\u200b' || r == '\u200c' || r == '\u200d' || r == '\u2060' || r == 0
}

func lowerFirst(s string) string { return strings.ToLower(s[:1]) + s[1:] }
