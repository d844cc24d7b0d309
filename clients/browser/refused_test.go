package browser

import (
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

func TestRefused(t *testing.T) {
	list := customers(8)
	s := serve(t, list)
	browser := chromium(t, s)

	t.Run("cancelled", func(t *testing.T) {
		c, by := list[0], newPartner(t, s)
		r := by.run(t, "invite", "--tenant", c.domain, "--callback", "--redirect-uri", by.callback, "--timeout", "60s")
		admin := visitor(t, browser)
		admin.open(r.link(t))
		admin.signIn(c.admin())
		admin.press("cancel")
		admin.atCallback(by, "Consent was not given")
		by.unproved(t, r, c, "consent was declined (AADSTS65004)")
		if got := by.state(t)[c.id]; got.State != "failed" || !strings.Contains(got.Detail, "AADSTS65004") {
			t.Errorf("state %+v", got)
		}
	})
	t.Run("account of another directory", func(t *testing.T) {
		c, other, by := list[1], list[2], newPartner(t, s)
		r := by.run(t, "invite", "--tenant", c.domain, "--callback", "--redirect-uri", by.callback, "--timeout", "60s")
		admin := visitor(t, browser)
		admin.open(r.link(t))
		admin.signIn(other.admin())
		admin.atCallback(by, "Consent was not given")
		by.unproved(t, r, c, "consent was refused (AADSTS50020)")
		by.nothing(t, other)
	})
	t.Run("documented link accepted for another directory", func(t *testing.T) {
		// The link leads everybody to his own directory: what was granted there
		// proves nothing of the tenant that was invited.
		c, other, by := list[1], list[2], newPartner(t, s)
		admin := visitor(t, browser)
		admin.open(strings.TrimSpace(by.ok(t, "invite", "--tenant", c.domain)))
		admin.signIn(other.admin())
		admin.reads(other)
		admin.do(chromedp.Click(chromedp.ID("orgconsent")))
		admin.press("accept")
		admin.onPortal("You may close this page")
		r := by.run(t, "invite", "--tenant", c.domain, "--wait", "--interval", "200ms", "--timeout", "1s")
		by.unproved(t, r, c, "is not proved", role, "AADSTS7000229")
		if roles, _ := s.granted(t, other.id); strings.Join(roles, " ") != role {
			t.Errorf("the other directory granted %v", roles)
		}
	})
	for _, link := range []struct {
		name string
		args []string
	}{{"documented link", nil}, {"admin consent", []string{"--admin-consent", "v2"}}} {
		t.Run("no administrator, "+link.name, func(t *testing.T) {
			c, by := list[3], newPartner(t, s)
			clerk := visitor(t, browser)
			clerk.open(strings.TrimSpace(by.ok(t, append([]string{"invite", "--tenant", c.domain}, link.args...)...)))
			clerk.signIn(c.clerk())
			clerk.shows("Need admin approval", appName, roleInWords, "AADSTS90094")
			if clerk.has("accept") || clerk.has("orgconsent") {
				t.Error("the page lets him accept")
			}
			clerk.press("cancel")
			clerk.onPortal("Consent was not given")
			if _, known := s.granted(t, c.id); known {
				t.Error("the app has come into the tenant")
			}
			r := by.run(t, "invite", "--tenant", c.domain, "--wait", "--interval", "200ms", "--timeout", "1s")
			by.unproved(t, r, c, "is not proved", role, "AADSTS7000229")
		})
	}
	t.Run("box not ticked", func(t *testing.T) {
		c, by := list[4], newPartner(t, s)
		admin := visitor(t, browser)
		admin.open(strings.TrimSpace(by.ok(t, "invite", "--tenant", c.domain)))
		admin.signIn(c.admin())
		admin.reads(c)
		admin.press("accept")
		admin.onPortal("You may close this page") // as the real one, it does not tell
		if roles, known := s.granted(t, c.id); !known || len(roles) > 0 {
			t.Errorf("granted %v, known %v", roles, known)
		}
		r := by.run(t, "invite", "--tenant", c.domain, "--wait", "--interval", "200ms", "--timeout", "1s")
		by.unproved(t, r, c, "missing "+role+" of https://api.security.microsoft.com")
		if got := by.state(t)[c.id]; got.State != "failed" || !strings.Contains(got.Detail, role) {
			t.Errorf("state %+v", got)
		}
	})
	t.Run("replayed callback", func(t *testing.T) {
		c, by := list[5], newPartner(t, s)
		first := by.run(t, "invite", "--callback", "--redirect-uri", by.callback, "--interval", "200ms", "--timeout", "60s")
		admin := visitor(t, browser)
		admin.open(first.link(t))
		admin.signIn(c.admin())
		admin.press("accept")
		admin.atCallback(by, "Thank you")
		used := admin.address().String()
		by.proved(t, first, c)
		if !admin.refusedToConnect(used) {
			t.Error("the callback is still served after the invitation has ended")
		}

		// The same address again, while another invitation is open.
		before := s.lastSeq(t)
		second := by.run(t, "invite", "--callback", "--redirect-uri", by.callback, "--timeout", "60s")
		second.link(t)
		thief := visitor(t, browser)
		for range 2 {
			if status := thief.open(used); status != 400 {
				t.Errorf("status %d", status)
			}
			thief.atCallback(by, "This answer was not accepted")
		}
		second.note(t, `^a callback was not accepted: .*used`)
		second.interrupt(t)
		for _, e := range s.journal(t, before, c.id) {
			if e.token() {
				t.Errorf("a replayed callback made the command ask for a token: %+v", e)
			}
		}
	})
}

// forge is the callback's address with other parameters.
func (p *partner) forge(pairs ...string) string {
	q := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		q.Add(pairs[i], pairs[i+1])
	}
	return p.callback + "?" + q.Encode()
}

func TestForgedCallback(t *testing.T) {
	list := customers(6)
	s := serve(t, list)
	browser := chromium(t, s)
	const stranger = "another-state-of-enough-letters-1234567890"

	t.Run("state of nobody, then the real one", func(t *testing.T) {
		c, by := list[0], newPartner(t, s)
		r := by.run(t, "invite", "--tenant", c.domain, "--callback", "--redirect-uri", by.callback, "--interval", "200ms", "--timeout", "60s")
		link := r.link(t)
		state := stateOf(t, link)
		forger := visitor(t, browser)
		for _, address := range []string{
			by.forge("admin_consent", "True", "tenant", c.id, "state", stranger),
			by.forge("admin_consent", "True", "tenant", c.id),
			by.forge("admin_consent", "True", "tenant", c.id, "state", strings.ToUpper(state)+"x"),
			by.forge("admin_consent", "True", "tenant", c.id, "state", state, "state", state),
			by.forge("admin_consent", "True", "tenant", "organizations", "state", state),
			by.forge("admin_consent", "True", "tenant", c.id, "error", "access_denied", "state", stranger),
			by.forge("error", "access_denied", "error_description", "AADSTS65004: <script>alert(1)</script>", "state", stranger),
			by.forge("code", "a-code", "state", stranger),
			by.forge("state", state),
			by.callback,
		} {
			if status := forger.open(address); status != 400 {
				t.Errorf("%s: status %d", address, status)
			}
			forger.atCallback(by, "This answer was not accepted")
			r.note(t, `^a callback was not accepted: `) // told at once
		}
		for _, e := range s.journal(t, 0, c.id) {
			if e.token() {
				t.Errorf("a forged callback made the command ask for a token: %+v", e)
			}
		}
		by.nothing(t, c)
		// None of them ended the waiting or used the invitation up.
		admin := visitor(t, browser)
		admin.open(link)
		admin.signIn(c.admin())
		admin.press("accept")
		admin.atCallback(by, "Thank you")
		by.proved(t, r, c)
	})
	t.Run("tenant that was not invited", func(t *testing.T) {
		c, other, by := list[1], list[2], newPartner(t, s)
		r := by.run(t, "invite", "--tenant", c.domain, "--callback", "--redirect-uri", by.callback, "--timeout", "60s")
		state := stateOf(t, r.link(t))
		forger := visitor(t, browser)
		if status := forger.open(by.forge("admin_consent", "True", "tenant", other.id, "state", state)); status != 400 {
			t.Errorf("status %d", status)
		}
		forger.atCallback(by, "This answer was not accepted")
		r.note(t, `^a callback was not accepted: .*tenant`)
		r.interrupt(t)
		by.nothing(t, c)
		by.nothing(t, other)
		for _, id := range []string{c.id, other.id} {
			for _, e := range s.journal(t, 0, id) {
				if e.token() {
					t.Errorf("a token was asked for: %+v", e)
				}
			}
		}
	})
	t.Run("tenant that never consented, and again", func(t *testing.T) {
		// No tenant was named, so the claim is followed: to a token that is not
		// given. Opened again meanwhile, the address is refused.
		c, by := list[3], newPartner(t, s)
		r := by.run(t, "invite", "--callback", "--redirect-uri", by.callback, "--interval", "200ms", "--timeout", "5s")
		address := by.forge("admin_consent", "True", "tenant", c.id, "state", stateOf(t, r.link(t)))
		forger := visitor(t, browser)
		if status := forger.open(address); status != 200 {
			t.Errorf("status %d", status)
		}
		if status := forger.open(address); status != 400 {
			t.Errorf("status %d when opened again", status)
		}
		forger.atCallback(by, "This answer was not accepted")
		s.await(t, c.id, "a token asked for and refused", asked)
		by.unproved(t, r, c, "is not proved", "AADSTS7000229", "a callback was not accepted")
	})
	t.Run("admin_consent=True beside an error", func(t *testing.T) {
		c, by := list[4], newPartner(t, s)
		r := by.run(t, "invite", "--tenant", c.domain, "--callback", "--redirect-uri", by.callback, "--timeout", "60s")
		forger := visitor(t, browser)
		forger.open(by.forge("admin_consent", "True", "tenant", c.id, "error", "access_denied",
			"error_description", "AADSTS65004: <b id=injected>declined</b>", "state", stateOf(t, r.link(t))))
		forger.atCallback(by, "Consent was not given")
		if forger.has("injected") {
			t.Error("the callback's text became an element of the page")
		}
		by.unproved(t, r, c, "consent was declined (AADSTS65004)")
	})
	t.Run("another path", func(t *testing.T) {
		c, by := list[5], newPartner(t, s)
		r := by.run(t, "invite", "--tenant", c.domain, "--callback", "--redirect-uri", by.callback, "--timeout", "60s")
		state := stateOf(t, r.link(t))
		forger := visitor(t, browser)
		address := strings.Replace(by.forge("admin_consent", "True", "tenant", c.id, "state", state), "/callback", "/elsewhere", 1)
		if status := forger.open(address); status != 404 {
			t.Errorf("status %d", status)
		}
		forger.shows("Nothing is here")
		r.interrupt(t)
		by.nothing(t, c)
	})
}
