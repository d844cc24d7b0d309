package sandbox

import (
	"html/template"
	"net/http"
	"net/url"

	"github.com/tenantry/tenantry/sandbox/journal"
)

// landingTemplate shows an administrator where consent ended: the redirect
// address of Microsoft's partner page is the portal itself.
const landingTemplate = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Tenantry sandbox</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; margin: 0; color: #222 }
header { background: #b00020; color: #fff; padding: 1em 2em; font-weight: bold }
main { padding: 1em 2em; max-width: 45em }
h1 { font-size: 1.5em; line-height: 1.3 }
dt { font-weight: bold } dd { margin: 0 0 .5em 0; overflow-wrap: anywhere }
</style></head>
<body>
<header role="banner">TENANTRY SANDBOX: this is not {{.Host}}. Nothing here reaches Microsoft.</header>
<main>
{{- if .Error}}
<h1 id="outcome">Consent was not given</h1>
<p>You came here from the sign-in page of the sandbox. This page can be closed.</p>
<dl><dt>Error</dt><dd id="error">{{.Error}}</dd>{{if .Description}}<dt>Description</dt><dd id="description">{{.Description}}</dd>{{end}}</dl>
{{- else if .Landed}}
<h1 id="outcome">You may close this page</h1>
<p>You came here from the sign-in page of the sandbox. Whether consent was recorded is decided by asking for a token, not by this page.</p>
{{if .Tenant}}<dl><dt>Tenant</dt><dd id="tenant">{{.Tenant}}</dd></dl>{{end}}
{{- else}}
<h1 id="outcome">Nothing to see</h1>
<p>This page stands where {{.Host}} would be.</p>
{{- end}}
</main>
</body></html>
`

type landingPage struct {
	Host, Error, Description, Tenant string
	Landed                           bool
}

type landing struct{ page *template.Template }

func newLanding() http.Handler {
	return &landing{template.Must(template.New("landing").Parse(landingTemplate))}
}

// ServeHTTP shows the page for any path. What a callback carries is never
// echoed but for tenant and error, and those escaped.
func (l *landing) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	journal.Note(r.Context(), func(e *journal.Event) { e.Operation = "landing" })
	q, _ := url.ParseQuery(r.URL.RawQuery) // what can be read of it
	page := landingPage{
		Host: r.Host, Error: q.Get("error"), Description: q.Get("error_description"), Tenant: q.Get("tenant"),
		Landed: q.Has("code") || q.Has("admin_consent"),
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer") // the address may hold a code
	h.Set("Cache-Control", "no-store")
	_ = l.page.Execute(w, page)
}
