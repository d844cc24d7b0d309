package onboard

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/tenantry/tenantry/entra/consent"
)

// Listener receives the callback of a consent page on this machine, at the
// redirect URI http://localhost:PORT/PATH that the app has registered.
type Listener struct {
	service *Service
	server  *http.Server
	path    string
	done    chan error
	claims  chan Claim
	refused func(error)
}

// ListenError says that the callback cannot be received here.
type ListenError struct {
	RedirectURI string
	Problem     string
	Err         error
}

func (e *ListenError) Error() string {
	return fmt.Sprintf("redirect URI %q %s; %s", e.RedirectURI, e.Problem, e.Next())
}

// Unwrap gives the cause.
func (e *ListenError) Unwrap() error { return e.Err }

// Next says what to do.
func (e *ListenError) Next() string {
	if e.Err != nil {
		return "free the port, or register another redirect URI such as http://localhost:8401/callback"
	}
	return "register a redirect URI on this machine, such as http://localhost:8400/callback, and name it"
}

// Listen starts to receive callbacks at redirectURI, which must be http on a
// loopback host with a port. refused, if not nil, is told of every callback
// that was not accepted; those do not end the waiting, since anybody who can
// reach the port could otherwise end it.
func (s *Service) Listen(redirectURI string, refused func(error)) (*Listener, error) {
	u, err := url.Parse(redirectURI)
	if err != nil || u.Scheme != "http" || u.Port() == "" || !loopback(u.Hostname()) {
		return nil, &ListenError{RedirectURI: redirectURI, Problem: "is not http on a loopback host with a port"}
	}
	l := &Listener{service: s, path: u.Path, done: make(chan error, 1), claims: make(chan Claim, 1), refused: refused}
	if l.path == "" {
		l.path = "/"
	}
	// localhost stands for both families; a browser may try either.
	addresses := []string{"127.0.0.1", "[::1]"}
	if u.Hostname() != "localhost" {
		addresses = []string{u.Hostname()}
		if ip := net.ParseIP(u.Hostname()); ip != nil && ip.To4() == nil {
			addresses = []string{"[" + u.Hostname() + "]"}
		}
	}
	var listeners []net.Listener
	var first error
	for _, a := range addresses {
		ln, err := net.Listen("tcp", a+":"+u.Port())
		if err != nil {
			if first == nil {
				first = err
			}
			if a == "[::1]" && len(listeners) > 0 {
				continue // a machine without IPv6
			}
			for _, open := range listeners {
				_ = open.Close()
			}
			return nil, &ListenError{RedirectURI: redirectURI, Problem: "cannot be listened on: " + first.Error(), Err: first}
		}
		listeners = append(listeners, ln)
	}
	l.server = &http.Server{Handler: http.HandlerFunc(l.serve), ReadHeaderTimeout: 10 * time.Second, MaxHeaderBytes: 64 << 10}
	for _, ln := range listeners {
		go func() {
			if err := l.server.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
				select {
				case l.done <- err:
				default:
				}
			}
		}()
	}
	return l, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}

// Wait returns the first callback that passed all checks, or the error of a
// *DeclinedError, of the server, or of ctx.
func (l *Listener) Wait(ctx context.Context) (Claim, error) {
	select {
	case c := <-l.claims:
		return c, nil
	case err := <-l.done:
		return Claim{}, err
	case <-ctx.Done():
		return Claim{}, context.Cause(ctx)
	}
}

// Close stops listening, after the answers under way.
func (l *Listener) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	return l.server.Shutdown(ctx)
}

// page is what the administrator sees. It loads nothing and runs nothing.
var page = template.Must(template.New("page").Parse(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{.Title}}</title>
<style>
body{font:16px/1.5 system-ui,sans-serif;margin:0;background:#f2f2f2;color:#1b1b1b}
main{max-width:36rem;margin:2rem auto;background:#fff;padding:1.5rem 2rem;box-sizing:border-box;overflow-wrap:anywhere}
h1{font-size:1.5rem;line-height:1.3;margin:0 0 1rem}
p{margin:0}
</style>
</head>
<body><main><h1>{{.Title}}</h1><p>{{.Text}}</p></main></body>
</html>
`))

func (l *Listener) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer") // the address holds state and code
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
	if r.URL.Path != l.path {
		answer(w, http.StatusNotFound, "Nothing is here", "This address only receives the answer of a consent page.")
		return
	}
	if r.Method != http.MethodGet {
		h.Set("Allow", http.MethodGet)
		answer(w, http.StatusMethodNotAllowed, "Not this way", "Open the consent link in a browser.")
		return
	}
	claim, err := l.judge(r)
	if declined, ok := errors.AsType[*DeclinedError](err); ok {
		answer(w, http.StatusOK, "Consent was not given", "Nothing was granted"+reason(declined.Result)+". You can close this window; the partner is told.")
		l.end(declined)
		return
	}
	if err != nil {
		answer(w, http.StatusBadRequest, "This answer was not accepted", "It does not belong to an invitation that is open here, so nothing came of it. Ask the partner who invited you for a new link.")
		if l.refused != nil {
			l.refused(err)
		}
		return
	}
	answer(w, http.StatusOK, "Thank you", "Consent was received for tenant "+string(claim.Tenant)+". You can close this window; the partner now checks that it has arrived.")
	select {
	case l.claims <- claim:
	default: // the first one counts
	}
}

func (l *Listener) judge(r *http.Request) (Claim, error) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return Claim{}, &consent.CallbackError{Problem: "its query is malformed"}
	}
	result, err := consent.ParseCallback(values)
	if err != nil {
		return Claim{}, err
	}
	return l.service.Callback(r.Context(), result)
}

func (l *Listener) end(err error) {
	select {
	case l.done <- err:
	default:
	}
}

// reason is what the administrator can look up or tell his own support. What
// to do about it is the partner's, and told at the command line.
func reason(r consent.Result) string {
	if r.AADSTS == 0 {
		return ""
	}
	return fmt.Sprintf(" (AADSTS%d)", r.AADSTS)
}

func answer(w http.ResponseWriter, status int, title, text string) {
	w.WriteHeader(status)
	_ = page.Execute(w, struct{ Title, Text string }{title, text}) // the browser went away: nobody to tell
}
