package browser

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// reads checks that a consent page names the app, who made it, for which
// directory it asks, and every permission in words.
func (p *person) reads(c customer) {
	p.t.Helper()
	p.shows("Permissions requested", appName, partnerDomain, "unverified", c.name, "Microsoft Threat Protection", roleInWords, role)
	if got := ask[string](p, `[...document.querySelectorAll("li.permission")].map(e => e.dataset.permission).join(" ")`); got != role {
		p.t.Errorf("permissions %q", got)
	}
}

// onPortal checks that the browser ended at the portal's stand-in.
func (p *person) onPortal(heading string) {
	p.t.Helper()
	if got := p.address().Host; got != "portal.azure.com" {
		p.t.Fatalf("the browser ended at %s", p.where())
	}
	p.shows(heading, "TENANTRY SANDBOX")
}

// atCallback checks that the browser ended at the partner's own address.
func (p *person) atCallback(by *partner, heading string) {
	p.t.Helper()
	if got := p.address(); got.Scheme+"://"+got.Host+got.Path != by.callback {
		p.t.Fatalf("the browser ended at %s", p.where())
	}
	p.shows(heading)
}

// asked says that the command asks for tokens of a tenant that has not
// consented yet.
func asked(e event) bool { return e.token() && e.AADSTS == 7000229 }

func TestAccepted(t *testing.T) {
	list := customers(7)
	s := serve(t, list)
	browser := chromium(t, s)

	t.Run("documented link with the box ticked", func(t *testing.T) {
		c, by := list[0], newPartner(t, s)
		// Printed alone first, to be sent by mail; then waited for.
		printed := strings.TrimSpace(by.ok(t, "invite"))
		if want := "https://login.microsoftonline.com/common/oauth2/authorize?prompt=consent&client_id=" + appID + "&response_type=code&sso_reload=true"; printed != want {
			t.Fatalf("link %s, want %s", printed, want)
		}
		r := by.run(t, "invite", "--tenant", c.domain, "--wait", "--interval", "200ms", "--timeout", "60s")
		link := r.link(t)
		if link != printed {
			t.Errorf("link %s", link)
		}
		s.await(t, c.id, "a token asked for before consent and refused", asked)

		admin := visitor(t, browser)
		admin.open(link)
		admin.signIn(c.admin())
		admin.reads(c)
		if ask[bool](admin, `document.getElementById("orgconsent").checked`) {
			t.Error("the box is ticked without the administrator")
		}
		admin.do(chromedp.Click(chromedp.CSS(`label[for="orgconsent"]`))) // the words are part of the box
		admin.press("accept")
		admin.onPortal("You may close this page")
		by.proved(t, r, c)
	})
	for i, version := range []string{"v1", "v2"} {
		t.Run("admin consent "+version, func(t *testing.T) {
			c, by := list[1+i], newPartner(t, s)
			r := by.run(t, "invite", "--tenant", c.domain, "--admin-consent", version, "--wait", "--interval", "200ms", "--timeout", "60s")
			admin := visitor(t, browser)
			admin.open(r.link(t))
			admin.signIn(c.admin())
			admin.reads(c)
			admin.shows("Review for your organization")
			if admin.has("orgconsent") {
				t.Error("a box is offered for what is always for the organization")
			}
			admin.press("accept")
			admin.onPortal("You may close this page")
			admin.shows(c.id)
			by.proved(t, r, c)
		})
	}
	for i, version := range []string{"v1", "v2"} {
		// The tenant is not known beforehand: the callback claims it, and a
		// token proves it. And no page needs JavaScript.
		t.Run("callback "+version+" without JavaScript", func(t *testing.T) {
			c, by := list[3+i], newPartner(t, s)
			r := by.run(t, "invite", "--callback", "--redirect-uri", by.callback, "--admin-consent", version, "--interval", "200ms", "--timeout", "60s")
			admin := visitor(t, browser)
			admin.withoutScript()
			admin.open(r.link(t))
			admin.signIn(c.admin())
			admin.reads(c)
			admin.press("accept")
			admin.atCallback(by, "Thank you")
			admin.shows(c.id)
			by.proved(t, r, c)
		})
	}
	t.Run("by keyboard alone", func(t *testing.T) {
		c, by := list[5], newPartner(t, s)
		r := by.run(t, "invite", "--tenant", c.domain, "--wait", "--interval", "200ms", "--timeout", "60s")
		admin := visitor(t, browser)
		admin.open(r.link(t))
		admin.ready()
		admin.key(c.admin()) // the first field has the keyboard already
		admin.key(kb.Tab + password)
		admin.enter()
		admin.reads(c)
		for _, id := range []string{"orgconsent", "cancel", "accept"} {
			admin.key(kb.Tab)
			if got := admin.focused(); got != id {
				t.Fatalf("the keyboard is at %q, not at %q", got, id)
			}
			if id == "orgconsent" {
				admin.key(" ")
			}
		}
		admin.enter()
		admin.onPortal("You may close this page")
		by.proved(t, r, c)
	})
	t.Run("signed in already, account chosen", func(t *testing.T) {
		c, by := list[6], newPartner(t, s)
		admin := visitor(t, browser)
		admin.open(strings.TrimSpace(by.ok(t, "invite", "--tenant", c.domain)))
		admin.signIn(c.admin())
		admin.press("cancel")
		admin.onPortal("Consent was not given")

		r := by.run(t, "invite", "--tenant", c.domain, "--callback", "--redirect-uri", by.callback, "--interval", "200ms", "--timeout", "60s")
		admin.open(r.link(t))
		admin.shows("Pick an account", "Ada Min", c.admin(), "Use another account")
		admin.key(kb.Tab)
		admin.enter() // the only account is the first stop of the keyboard
		admin.reads(c)
		admin.press("accept")
		admin.atCallback(by, "Thank you")
		by.proved(t, r, c)
	})
}
