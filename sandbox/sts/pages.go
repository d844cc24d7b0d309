package sts

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/tenantry/tenantry/sandbox/world"
)

//go:embed pages/*.html
var pageFiles embed.FS

// templates parses the pages. They are few and small: parsing them per page
// keeps the package free of state.
func templates(name string) (*template.Template, error) {
	return template.ParseFS(pageFiles, "pages/layout.html", "pages/"+name)
}

// pageData is what the pages show. Every page works without JavaScript.
type pageData struct {
	Title   string
	Text    string
	Problem string // an error's text, shown as an alert
	Style   string // nonce of the style and script elements

	Flow, Canary string
	Action       string // where the form goes
	UPN          string
	App          string
	Publisher    string
	Unverified   bool // nobody vouches for the publisher
	Tenant       string
	Accounts     []account
	Resources    []resourceView
	OfferOrg     bool // show the organisation tick box
	WholeOrg     bool // the page is about the whole organisation
	Redirect     string

	Details []field
	Post    string
	Fields  []field
}

type account struct{ UPN, Name string }

type resourceView struct {
	Name        string
	Permissions []permissionView
}

type permissionView struct {
	Text, Value string
	Role        bool
}

type field struct{ Name, Value string }

// show writes a page.
func (x *exchange) show(name string, d pageData) error { return x.showStatus(http.StatusOK, name, d) }

func (x *exchange) showStatus(status int, name string, d pageData) error {
	t, err := templates(name)
	if err != nil {
		return err
	}
	d.Style = unguessable()
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, "layout.html", d); err != nil {
		return err
	}
	h := x.w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'nonce-"+d.Style+"'; script-src 'nonce-"+d.Style+"'; form-action "+x.formTargets()+"; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "strict-origin-when-cross-origin")
	x.w.WriteHeader(status)
	_, _ = x.w.Write(b.Bytes()) // the client may have gone
	return nil
}

// formTargets lists where a form may lead. Browsers apply form-action to the
// redirects that follow as well, so the client's own address must be in it.
func (x *exchange) formTargets() string {
	targets := "'self' https: http://localhost:* http://127.0.0.1:*"
	if x.callback != nil {
		if u, err := url.Parse(x.callback.uri); err == nil && u.Scheme != "http" && u.Scheme != "https" && schemeRE.MatchString(u.Scheme) {
			targets += " " + u.Scheme + ":"
		}
	}
	return targets
}

func (x *exchange) page(f *flow, key string, app *world.App, action string) pageData {
	return pageData{
		Flow: key, Canary: f.canary, Action: "/" + f.authority + "/" + action,
		App: app.DisplayName, Publisher: x.publisher(app), Unverified: !app.FirstParty, Redirect: f.callback.uri,
	}
}

// publisher is the domain under which an application was registered.
func (x *exchange) publisher(app *world.App) string {
	if app.FirstParty {
		return "Microsoft Corporation"
	}
	if t, ok := x.world.Tenant(app.HomeTenant); ok {
		return t.DefaultDomain()
	}
	return "unknown publisher"
}

func (x *exchange) signInPage(f *flow, key string, app *world.App, problem, upn string) error {
	d := x.page(f, key, app, "login")
	d.Title, d.Problem, d.UPN = "Sign in", problem, upn
	if x.note.Decision == "" {
		x.note.Decision = "asked to sign in"
	}
	return x.show("signin.html", d)
}

func (x *exchange) accountsPage(f *flow, key string, app *world.App, s session) error {
	d := x.page(f, key, app, "login")
	d.Title = "Pick an account"
	for _, upn := range s.users {
		if _, u, ok := x.world.User(upn); ok {
			d.Accounts = append(d.Accounts, account{u.UPN, u.Name})
		}
	}
	x.note.Decision = "asked to pick an account"
	return x.show("accounts.html", d)
}

func (x *exchange) consentPage(f *flow, key string, app *world.App, t *world.Tenant, user *world.User, w wanted) error {
	d := x.page(f, key, app, "consent")
	d.Title = "Permissions requested"
	d.UPN, d.Tenant, d.Resources = user.UPN, t.Name, views(w)
	d.WholeOrg = f.tenantWide()
	d.OfferOrg = !d.WholeOrg && w.admin != notAdmin && w.mayConsent(true)
	x.note.Decision = "asked for consent"
	return x.show("consent.html", d)
}

func (x *exchange) confirmPage(f *flow, key string, app *world.App, t *world.Tenant, user *world.User) error {
	d := x.page(f, key, app, "consent")
	d.Title, d.UPN, d.Tenant = "Are you trying to sign in to "+app.DisplayName+"?", user.UPN, t.Name
	x.note.Decision = "asked to confirm a device"
	return x.show("confirm.html", d)
}

// approvalPage is what a user sees who may not grant what is asked for.
func (x *exchange) approvalPage(f *flow, key string, app *world.App, t *world.Tenant, user *world.User, w wanted) error {
	e := x.wire(refuse(approvalNeeded, "name", app.DisplayName))
	d := x.page(f, key, app, "consent")
	d.Title, d.UPN, d.Tenant, d.Resources = "Need admin approval", user.UPN, t.Name, views(w)
	d.Problem = e.Text
	return x.showStatus(e.Status, "approval.html", d)
}

// views groups the permissions by resource, in the order asked for.
func views(w wanted) []resourceView {
	var out []resourceView
	for _, p := range w.list {
		i := slices.IndexFunc(out, func(r resourceView) bool { return r.Name == p.api.DisplayName })
		if i < 0 {
			out = append(out, resourceView{Name: p.api.DisplayName})
			i = len(out) - 1
		}
		out[i].Permissions = append(out[i].Permissions, permissionView{p.text, p.value, p.role})
	}
	return out
}

// errorPage shows an error, with what a support request needs.
func (x *exchange) errorPage(e wireError) {
	d := pageData{Title: "Sorry, but we're having trouble signing you in.", Problem: e.Text, Details: []field{
		{"Request Id", x.trace}, {"Correlation Id", x.correlation}, {"Timestamp", x.now.Format("2006-01-02T15:04:05Z")}, {"Message", e.Text},
	}}
	if err := x.showStatus(e.Status, "error.html", d); err != nil {
		x.errorJSON(e)
	}
}

// errorLookup is the page that error_uri leads to.
func (x *exchange) errorLookup() error {
	code, err := strconv.Atoi(strings.TrimPrefix(strings.ToUpper(x.param("code")), "AADSTS"))
	d := pageData{Title: "Error code lookup"}
	if err == nil {
		for _, r := range Errors() {
			if r.Code == code {
				d.Details = append(d.Details, field{"Error code", strconv.Itoa(r.Code)}, field{"Message", r.Message}, field{"Given when", r.Condition})
			}
		}
	}
	if len(d.Details) == 0 {
		d.Text = "The sandbox gives no error with this code."
	}
	return x.show("error.html", d)
}

// nativeClient is the blank page that desktop clients read their code from.
func (x *exchange) nativeClient() error {
	return x.show("done.html", pageData{Title: "Signed in", Text: "You may now return to the application."})
}

func (x *exchange) notFound() error {
	x.note.Decision = "refused: no such endpoint"
	return x.showStatus(http.StatusNotFound, "done.html", pageData{Title: "Not found", Text: "The token service has no such address."})
}

// formPost answers by a form that the browser sends on.
func (x *exchange) formPost(c *callback, pairs []pair) error {
	d := pageData{Title: "Working...", Post: c.uri}
	for _, p := range pairs {
		d.Fields = append(d.Fields, field{p.name, p.value})
	}
	return x.show("post.html", d)
}
