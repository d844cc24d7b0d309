// Package visitor is a person at the sandbox's pages: it opens a link, signs
// in, reads the permissions and clicks, by the same GETs and form posts that a
// browser would send. The demonstration and the tests of the command line play
// administrators of customers with it.
package visitor

import (
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
)

// Visitor is one person with one browser. It is not safe for concurrent use.
type Visitor struct {
	UPN      string
	Password string
	// Decline presses cancel on the consent page.
	Decline bool
	// Tick ticks "Consent on behalf of your organization" where it is offered.
	Tick bool
	// UserCode is what to type on the page of a device sign-in.
	UserCode string

	hc *http.Client
}

// New gives the person a browser that uses transport; who he is and what he
// does is set on the result.
func New(transport http.RoundTripper, upn, password string) (*Visitor, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, fmt.Errorf("a browser's cookies: %w", err)
	}
	return &Visitor{UPN: upn, Password: password, hc: &http.Client{Transport: transport, Jar: jar}}, nil
}

// Visit is how a visit ended.
type Visit struct {
	// URL is where the browser stood in the end: the redirect URI with its
	// parameters, or one of the sandbox's pages.
	URL *url.URL
	// Status and Title are of the last page.
	Status int
	Title  string
	// Problem is the alert of the last page, empty when there was none.
	Problem string
	// Permissions are those that a consent page listed, in its order.
	Permissions []string
	// Ticked says that the organisation tick box was there and was ticked.
	Ticked bool
	// Offered says that the tick box was there.
	Offered bool
}

// errStop keeps the browser from opening an address on this machine: that one
// belongs to the program that sent the person here.
var errStop = errors.New("the redirect URI is on this machine")

// Open opens a link and does what the person is there for, page by page, until
// there is no form left. The redirect URI is opened too, like a browser does,
// unless stop says that it is to be left to the caller.
func (v *Visitor) Open(ctx context.Context, link string, stop func(*url.URL) bool) (Visit, error) {
	var visit Visit
	v.hc.CheckRedirect = func(req *http.Request, via []*http.Request) error {
		if stop != nil && stop(req.URL) {
			visit.URL = req.URL
			return errStop
		}
		if len(via) > 10 {
			return errors.New("more than ten redirects")
		}
		return nil
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, link, nil)
	if err != nil {
		return visit, err
	}
	for range 12 { // no visit has more pages
		p, err := v.load(req)
		if errors.Is(err, errStop) {
			return visit, nil
		}
		if err != nil {
			return visit, err
		}
		visit.URL, visit.Status, visit.Title, visit.Problem = p.url, p.status, p.title, p.problem
		if len(p.permissions) > 0 {
			visit.Permissions = p.permissions
		}
		visit.Offered = visit.Offered || p.has("orgconsent")
		values, ok := v.fill(p, &visit)
		if !ok {
			return visit, nil
		}
		target, err := p.url.Parse(p.action)
		if err != nil {
			return visit, fmt.Errorf("the form of %q: %w", p.title, err)
		}
		if req, err = http.NewRequestWithContext(ctx, http.MethodPost, target.String(), strings.NewReader(values.Encode())); err != nil {
			return visit, err
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Origin", p.url.Scheme+"://"+p.url.Host)
	}
	return visit, fmt.Errorf("the pages at %s do not end", link)
}

// fill answers a page's form, or says that there is nothing left to do.
func (v *Visitor) fill(p page, visit *Visit) (url.Values, bool) {
	if p.action == "" || (p.problem != "" && !p.has("orgconsent")) {
		return nil, false // an error, or a page without a question
	}
	values := url.Values{}
	for _, f := range p.fields {
		if f.kind == "hidden" {
			values.Set(f.name, f.value)
		}
	}
	switch {
	case p.has("otc"):
		values.Set("otc", v.UserCode)
	case p.has("upn"):
		values.Set("upn", v.UPN)
		values.Set("password", v.Password)
	case p.button("account", v.UPN):
		values.Set("account", v.UPN)
	case p.button("account", ""):
		values.Set("account", "")
	case p.has("decision"):
		decision := "accept"
		if v.Decline || !p.button("decision", "accept") {
			decision = "cancel"
		}
		values.Set("decision", decision)
		if v.Tick && p.has("orgconsent") && decision == "accept" {
			values.Set("orgconsent", "true")
			visit.Ticked = true
		}
	}
	return values, true
}

type field struct{ kind, name, value string }

// page is what a person sees of an HTML page.
type page struct {
	url            *url.URL
	status         int
	title, problem string
	action         string // of the first form
	fields         []field
	permissions    []string
}

func (p page) has(name string) bool {
	for _, f := range p.fields {
		if f.name == name {
			return true
		}
	}
	return false
}

func (p page) button(name, value string) bool {
	for _, f := range p.fields {
		if f.kind == "submit" && f.name == name && strings.EqualFold(f.value, value) {
			return true
		}
	}
	return false
}

func (v *Visitor) load(req *http.Request) (page, error) {
	resp, err := v.hc.Do(req)
	if err != nil {
		return page{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return page{}, fmt.Errorf("read the page %s: %w", resp.Request.URL.Path, err)
	}
	p := read(string(body))
	p.url, p.status = resp.Request.URL, resp.StatusCode
	return p, nil
}

var (
	titleRE      = regexp.MustCompile(`(?s)<title>(.*?)</title>`)
	problemRE    = regexp.MustCompile(`(?s)<p[^>]*\brole="alert"[^>]*>(.*?)</p>`)
	permissionRE = regexp.MustCompile(`data-permission="([^"]*)"`)
	formRE       = regexp.MustCompile(`(?s)<form\b([^>]*)>(.*?)</form>`)
	controlRE    = regexp.MustCompile(`<(input|button)\b([^>]*)>`)
	attributeRE  = regexp.MustCompile(`([a-z-]+)="([^"]*)"`)
)

// read finds the first form and the few words that matter. The pages are the
// sandbox's own and plain; this is no HTML parser.
func read(text string) page {
	var p page
	if m := titleRE.FindStringSubmatch(text); m != nil {
		p.title = html.UnescapeString(strings.TrimSpace(m[1]))
	}
	if m := problemRE.FindStringSubmatch(text); m != nil {
		p.problem = html.UnescapeString(strings.TrimSpace(m[1]))
	}
	for _, m := range permissionRE.FindAllStringSubmatch(text, -1) {
		p.permissions = append(p.permissions, html.UnescapeString(m[1]))
	}
	form := formRE.FindStringSubmatch(text)
	if form == nil {
		return p
	}
	p.action = attributes(form[1])["action"]
	for _, m := range controlRE.FindAllStringSubmatch(form[2], -1) {
		a := attributes(m[2])
		kind := a["type"]
		if m[1] == "button" && kind == "" {
			kind = "submit"
		}
		p.fields = append(p.fields, field{kind: kind, name: a["name"], value: a["value"]})
	}
	return p
}

func attributes(s string) map[string]string {
	out := map[string]string{}
	for _, m := range attributeRE.FindAllStringSubmatch(s, -1) {
		out[m[1]] = html.UnescapeString(m[2])
	}
	return out
}
