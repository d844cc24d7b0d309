package sts

import (
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/tenantry/tenantry/sandbox/journal"
	"github.com/tenantry/tenantry/sandbox/world"
)

// maxBody bounds a request's body; the largest real one, a client assertion
// with a certificate chain, stays under 20 kB.
const maxBody = 256 << 10

// exchange is one request on its way to its answer.
type exchange struct {
	*server
	w       http.ResponseWriter
	r       *http.Request
	route   route
	segment string // tenant part of the path, as sent
	host    string // as asked, with the port
	v2      bool
	now     time.Time

	form  url.Values // parameters: the body of a POST, the query of a GET
	basic bool       // client_id and secret came by HTTP Basic
	id    string     // user name of HTTP Basic
	pass  string

	trace       string
	correlation string
	callback    *callback // where errors may be sent, once trusted
	note        journal.Event
}

func newExchange(s *server, w http.ResponseWriter, r *http.Request, rt route, tenant string) *exchange {
	x := &exchange{server: s, w: w, r: r, route: rt, segment: tenant, host: strings.ToLower(r.Host), v2: rt.v2, now: s.now().UTC()}
	// Microsoft's hosts are named without the port of TLS.
	x.host = strings.TrimSuffix(strings.TrimSuffix(x.host, ":443"), ".")
	x.trace = world.NewGUID()
	x.trace = x.trace[:len(x.trace)-2] + "00" // as real ones end
	x.correlation = r.Header.Get("client-request-id")
	if !world.IsGUID(x.correlation) {
		x.correlation = r.URL.Query().Get("client-request-id")
	}
	if !world.IsGUID(x.correlation) {
		x.correlation = world.NewGUID()
	}
	x.note = journal.Event{Service: "sts", Operation: rt.operation}
	return x
}

func (x *exchange) origin() string { return "https://" + x.host }

// headers are those of every answer of the real service, except that nothing
// pretends to be a Microsoft data centre and that a browser is not told to
// remember https for localhost.
func (x *exchange) headers() {
	h := x.w.Header()
	for _, f := range fixedHeaders {
		h[f.name] = []string{f.value}
	}
	h["X-Ms-Request-Id"] = []string{x.trace}
	if _, real := instanceOfHost(x.host); real {
		h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
	}
	if strings.EqualFold(x.r.Header.Get("return-client-request-id"), "true") {
		h.Set("client-request-id", x.correlation)
	}
	h["Set-Cookie"] = []string{
		"fpc=" + opaque(24) + "; path=/; secure; samesite=none; httponly",
		"x-ms-gateway-slice=estsfd; path=/; secure; samesite=none; httponly",
		"stsservicecookie=estsfd; path=/; secure; samesite=none; httponly",
	}
}

// fixedHeaders are the same on every answer. Their names have the canonical
// form of net/http already.
var fixedHeaders = [...]struct{ name, value string }{
	{"Cache-Control", "no-store, no-cache"},
	{"Pragma", "no-cache"},
	{"Expires", "-1"},
	{"X-Content-Type-Options", "nosniff"},
	{"X-Ms-Ests-Server", "2.1.0 - Tenantry sandbox"},
	{"X-Ms-Srs", "1.P"},
	{"P3p", `CP="DSP CUR OTPi IND OTRi ONL FIN"`},
}

// read takes the parameters. A POST is judged by its body alone: what a
// client adds to the URL (client-request-id, api-version) is no parameter.
func (x *exchange) read() error {
	if x.route.post && x.r.Method != http.MethodPost {
		return refuse(requestMethod, "method", x.r.Method)
	}
	if x.r.Method != http.MethodPost {
		x.form = x.r.URL.Query()
		return x.once()
	}
	x.r.Body = http.MaxBytesReader(x.w, x.r.Body, maxBody)
	if x.route.json {
		return nil
	}
	x.form = url.Values{}
	const form = "application/x-www-form-urlencoded"
	kind, _, _ := mime.ParseMediaType(x.r.Header.Get("Content-Type"))
	if len(x.r.Header.Values("Content-Type")) == 0 {
		// msticpy signs in without this header: a form that does not say so is
		// one. Inferred from that client, which works at Entra.
		kind = form
		x.r.Header.Set("Content-Type", form) // or ParseForm would not read it
		defer x.r.Header.Del("Content-Type")
	}
	if kind != form {
		return nil // so that the first parameter is missing, as at Entra
	}
	// ParseForm reads the query too, and may find that alone malformed.
	err := x.r.ParseForm()
	if x.r.PostForm != nil {
		x.form = x.r.PostForm
	}
	if err != nil && len(x.r.PostForm) == 0 {
		return refuse(requestMalformed)
	}
	if err := x.once(); err != nil {
		return err
	}
	if id, pass, ok := x.r.BasicAuth(); ok {
		// Both halves are form-encoded first (RFC 6749 §2.3.1).
		x.basic = true
		if x.id, err = url.QueryUnescape(id); err != nil {
			return refuse(requestMalformed)
		}
		if x.pass, err = url.QueryUnescape(pass); err != nil {
			return refuse(requestMalformed)
		}
	}
	return nil
}

// once refuses a request that says one of the protocol's parameters twice, as
// RFC 6749 §3.1 demands. What the service does not know it does not count.
func (x *exchange) once() error {
	for _, name := range []string{
		"client_id", "client_secret", "client_assertion", "client_assertion_type", "grant_type", "scope", "resource", "redirect_uri",
		"code", "code_verifier", "refresh_token", "device_code", "response_type", "response_mode", "state", "nonce", "prompt", "login_hint",
		"code_challenge", "code_challenge_method",
	} {
		if len(x.form[name]) > 1 {
			return refuse(requestDuplicate, "parameter", name)
		}
	}
	return nil
}

func (x *exchange) param(name string) string { return x.form.Get(name) }

// need returns a parameter that must be there.
func (x *exchange) need(name string) (string, error) {
	if v := x.form.Get(name); v != "" {
		return v, nil
	}
	return "", refuse(requestMissing, "parameter", name)
}

// tell completes the journal's entry of the request.
func (x *exchange) tell() {
	if x.note.Decision == "" {
		x.note.Decision = "allowed"
	}
	journal.Note(x.r.Context(), func(e *journal.Event) {
		e.Service, e.Operation = x.note.Service, x.note.Operation
		e.TenantID, e.AppID, e.Resource = x.note.TenantID, x.note.AppID, x.note.Resource
		e.Roles, e.Error, e.AADSTS, e.Decision = x.note.Roles, x.note.Error, x.note.AADSTS, x.note.Decision
	})
}
