package sts

import (
	"bytes"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/tenantry/tenantry/sandbox/world"
)

// callback is a client's redirect URI that was found registered, and how it
// wants to be answered. Nothing is ever sent to any other.
type callback struct {
	uri      string
	mode     string // query, fragment or form_post
	state    string
	hasState bool
	admin    bool // admin consent: its own order, and "#" at the end of errors
	public   bool // registered for mobile and desktop: redeemed without a credential
}

// pair is one parameter of an answer; answers are ordered.
type pair struct{ name, value string }

// registered checks a redirect URI against an application's. Without one the
// first registered is taken.
func registered(app *world.App, uri string) (callback, error) {
	c := callback{uri: uri, mode: "query"}
	if uri == "" {
		switch {
		case len(app.RedirectURIs) > 0:
			c.uri = app.RedirectURIs[0]
		case len(app.PublicRedirectURIs) > 0:
			c.uri, c.public = app.PublicRedirectURIs[0], true
		default:
			return c, refuse(redirectNone)
		}
		return c, nil
	}
	switch {
	case slices.ContainsFunc(app.RedirectURIs, func(r string) bool { return sameRedirect(r, uri) }):
		return c, nil
	case slices.ContainsFunc(app.PublicRedirectURIs, func(r string) bool { return sameRedirect(r, uri) }):
		c.public = true
		return c, nil
	}
	return c, refuse(redirectMismatch, "redirect", uri, "app", app.AppID)
}

// sameRedirect compares exactly, except that the port of a loopback http URI
// is free, as the client cannot know it beforehand (RFC 8252 §7.3).
func sameRedirect(registered, asked string) bool {
	if registered == asked {
		return true
	}
	r, err := url.Parse(registered)
	if err != nil || r.Scheme != "http" || (r.Hostname() != "localhost" && r.Hostname() != "127.0.0.1") {
		return false
	}
	a, err := url.Parse(asked)
	if err != nil || a.Scheme != "http" || a.User != nil || a.Hostname() != r.Hostname() || strings.Contains(asked, "#") {
		return false
	}
	return strings.TrimSuffix(a.EscapedPath(), "/") == strings.TrimSuffix(r.EscapedPath(), "/") && a.RawQuery == r.RawQuery
}

// answer sends the browser back to the client.
func (x *exchange) answer(c *callback, pairs []pair) error {
	if c.hasState {
		pairs = append(pairs, pair{"state", c.state})
	}
	if c.mode == "form_post" {
		return x.formPost(c, pairs)
	}
	var b strings.Builder
	for i, p := range pairs {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(p.name + "=" + formEscape(p.value))
	}
	x.redirect(c.address() + c.separator() + b.String())
	return nil
}

// address is the redirect URI as answers in the URL name it: with a slash
// when it has no path ("Redirect URI outline and restrictions").
func (c *callback) address() string {
	u, err := url.Parse(c.uri)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.Path != "" {
		return c.uri
	}
	i := len(u.Scheme) + len("://")
	if j := strings.IndexAny(c.uri[i:], "?#"); j >= 0 {
		return c.uri[:i+j] + "/" + c.uri[i+j:]
	}
	return c.uri + "/"
}

// separator stands between the address and the parameters.
func (c *callback) separator() string {
	switch {
	case c.mode == "fragment":
		return "#"
	case strings.Contains(c.uri, "?"):
		return "&"
	}
	return "?"
}

// formEscape is the form encoding of .NET, in which Entra writes redirects:
// hexadecimal digits in lower case, and other safe characters than Go's.
func formEscape(s string) string {
	e := []byte(url.QueryEscape(s))
	for i := 0; i+2 < len(e); i++ {
		if e[i] == '%' {
			copy(e[i+1:i+3], bytes.ToLower(e[i+1:i+3]))
		}
	}
	return strings.NewReplacer("%21", "!", "%2a", "*", "%28", "(", "%29", ")", "~", "%7e").Replace(string(e))
}

// redirect does not use http.Redirect, which would rewrite the URL.
func (x *exchange) redirect(to string) {
	x.w.Header().Set("Location", to)
	x.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	x.w.WriteHeader(http.StatusFound)
}

// errorRedirect tells the client of an error in one of the shapes seen.
func (x *exchange) errorRedirect(e wireError) {
	c := *x.callback
	pairs := []pair{{"error", e.OAuth}}
	if e.Shape == ShapeRedirectOld {
		pairs = append(pairs, pair{"error_subcode", "cancel"})
	} else {
		pairs = append(pairs, pair{"error_description", x.description(e)}, pair{"error_uri", x.errorURI(e.Code)})
	}
	if c.admin {
		pairs = append(pairs, pair{"admin_consent", "True"})
		if c.hasState {
			pairs = append(pairs, pair{"state", c.state})
		}
		c.hasState = false
		var b strings.Builder
		for _, p := range pairs {
			b.WriteString("&" + p.name + "=" + formEscape(p.value))
		}
		x.redirect(c.address() + c.separator() + b.String()[1:] + "#")
		return
	}
	_ = x.answer(&c, pairs)
}
