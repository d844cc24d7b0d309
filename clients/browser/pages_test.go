package browser

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestPages looks at every page that an administrator can meet.
func TestPages(t *testing.T) {
	list := customers(3)
	s := serve(t, list)
	browser := chromium(t, s)
	c := list[0]
	const login = "https://login.microsoftonline.com/"

	t.Run("sign-in and consent", func(t *testing.T) {
		by := newPartner(t, s)
		link := strings.TrimSpace(by.ok(t, "invite", "--tenant", c.domain))
		admin := visitor(t, browser)
		admin.open(link)
		admin.looks("sign-in")
		admin.do(chromedp.SendKeys(chromedp.ID("upn"), c.admin()), chromedp.SendKeys(chromedp.ID("password"), "wrong"))
		admin.press("signin")
		admin.shows("AADSTS50126")
		if ask[string](admin, `document.getElementById("problem").getAttribute("role")`) != "alert" {
			t.Error("the problem is no alert")
		}
		admin.looks("sign-in-wrong-password")
		admin.key(password) // the name is there already
		admin.enter()
		admin.looks("consent")
		admin.press("cancel")
		admin.onPortal("Consent was not given")
		admin.looks("portal-declined")

		admin.open(strings.TrimSpace(by.ok(t, "invite", "--tenant", c.domain, "--admin-consent", "v2")))
		admin.looks("accounts")
		admin.press("other")
		admin.looks("sign-in-other-account")
		admin.signIn(c.admin())
		admin.looks("consent-organization")
		admin.press("accept")
		admin.onPortal("You may close this page")
		admin.looks("portal-accepted")
		admin.open(portal)
		admin.looks("portal-nothing")
	})
	t.Run("need admin approval", func(t *testing.T) {
		clerk := visitor(t, browser)
		clerk.open(strings.TrimSpace(newPartner(t, s).ok(t, "invite")))
		clerk.signIn(list[1].clerk())
		clerk.looks("approval")
	})
	t.Run("errors", func(t *testing.T) {
		somebody := visitor(t, browser)
		if status := somebody.open(login + "common/oauth2/authorize?response_type=code&client_id=" + strings.Replace(appID, "a", "b", 1)); status != 400 {
			t.Errorf("status %d", status)
		}
		somebody.shows("Sorry, but we're having trouble signing you in.", "AADSTS700016", "Correlation Id")
		somebody.looks("error")
		somebody.open(login + "error?code=65004")
		somebody.looks("error-lookup")
		somebody.open(login + "error?code=1")
		somebody.looks("error-lookup-unknown")
		somebody.open(login + "common/nothing-here")
		somebody.looks("not-found")
	})
	t.Run("answer as a form, without JavaScript", func(t *testing.T) {
		user := visitor(t, browser)
		user.withoutScript()
		user.open(login + list[2].id + "/oauth2/v2.0/authorize?response_type=code&response_mode=form_post&scope=openid&state=s&client_id=" + appID + "&redirect_uri=" + portal)
		user.signIn(list[2].admin())
		user.press("accept")
		user.shows("Click Continue")
		user.looks("form-post")
		user.press("continue")
		if got := user.address().Host; got != "portal.azure.com" {
			t.Errorf("ended at %s", user.where())
		}
	})
	t.Run("callback", func(t *testing.T) {
		by := newPartner(t, s)
		r := by.run(t, "invite", "--tenant", list[1].domain, "--callback", "--redirect-uri", by.callback, "--timeout", "60s")
		state := stateOf(t, r.link(t))
		admin := visitor(t, browser)
		admin.open(by.callback + "/elsewhere")
		admin.looks("callback-nothing")
		admin.open(by.forge("admin_consent", "True", "tenant", list[1].id, "state", "another"))
		admin.looks("callback-not-accepted")
		admin.open(by.forge("error", "access_denied", "error_description", "AADSTS650052: The app is trying to access a service.", "state", state))
		admin.looks("callback-not-given")
		if code, _, stderr := r.end(t); code != 3 {
			t.Errorf("exit code %d\n%s", code, stderr)
		}
		r = by.run(t, "invite", "--tenant", c.domain, "--callback", "--redirect-uri", by.callback, "--interval", "200ms", "--timeout", "10s")
		admin.open(by.forge("admin_consent", "True", "tenant", c.id, "state", stateOf(t, r.link(t))))
		admin.looks("callback-thanks")
		r.end(t)
	})
	t.Run("device code", func(t *testing.T) {
		by := newPartner(t, s)
		by.env = nil // no app yet: this is how it is registered
		secretFile := filepath.Join(by.home, "app-secret.txt")
		r := by.run(t, "app", "create", "--name", "Northwind Night Watch", "--secret-ref", "file:"+secretFile)
		m := r.note(t, `open (\S+) in a browser and enter the code (\S+)$`)
		admin := visitor(t, browser)
		admin.open(m[1])
		admin.looks("device-code")
		admin.do(chromedp.SendKeys(chromedp.ID("otc"), "WRONGCODE"))
		admin.press("next")
		admin.looks("device-code-wrong")
		admin.do(chromedp.SendKeys(chromedp.ID("otc"), strings.ToLower(m[2])))
		admin.press("next")
		admin.signIn(partnerAdmin)
		admin.shows("Microsoft Graph Command Line Tools", "Read and write all applications")
		if strings.Contains(admin.text(), "unverified") {
			t.Error("Microsoft's own app is called unverified")
		}
		admin.looks("device-consent")
		admin.press("accept")
		admin.shows("You have signed in")
		admin.looks("device-done")
		if code, _, stderr := r.end(t); code != 0 {
			t.Fatalf("exit code %d\n%s", code, stderr)
		}
		if _, err := os.Stat(secretFile); err != nil {
			t.Error(err)
		}

		// A second time nothing is left to consent to, only to confirm.
		r = by.run(t, "app", "create", "--replace", "--name", "Another", "--secret-ref", "file:"+secretFile+"2")
		m = r.note(t, `open (\S+) in a browser and enter the code (\S+)$`)
		admin.open(m[1])
		admin.do(chromedp.SendKeys(chromedp.ID("otc"), m[2]))
		admin.press("next")
		admin.leads(chromedp.Click(chromedp.CSS(".account")))
		admin.shows("Are you trying to sign in to Microsoft Graph Command Line Tools?")
		admin.looks("device-confirm")
		admin.press("cancel")
		admin.shows("You have cancelled the sign-in.")
		if code, _, stderr := r.end(t); code != 3 || !strings.Contains(stderr, "AADSTS65004") {
			t.Errorf("exit code %d\n%s", code, stderr)
		}
		if _, err := os.Stat(secretFile + "2"); err == nil {
			t.Error("a secret was made")
		}
	})
}
