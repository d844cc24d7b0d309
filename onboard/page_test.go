package onboard_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/tenantry/tenantry/onboard"
)

// The callback's pages are read by the customer's administrator: they give the
// reason's code, and leave what to do next to the partner's command line.
func TestPagesSpeakToTheAdministrator(t *testing.T) {
	for _, tc := range []struct {
		name   string
		answer url.Values // state is added, unless it is there
		want   []string
	}{
		{"refused", url.Values{"error": {"access_denied"}, "error_description": {"AADSTS650052: The app is trying to access a service."}}, []string{"Consent was not given", "Nothing was granted (AADSTS650052)."}},
		{"cancelled", url.Values{"error": {"access_denied"}, "error_subcode": {"cancel"}}, []string{"Consent was not given", "Nothing was granted."}},
		{"forged", url.Values{"admin_consent": {"True"}, "tenant": {string(customer)}, "state": {"another"}}, []string{"This answer was not accepted", "Ask the partner who invited you for a new link."}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := newFixture(t, "partner")
			uri := "http://localhost:" + freePort(t) + "/callback"
			l, err := f.Listen(uri, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			inv, err := f.Invite(t.Context(), onboard.Request{Kind: onboard.AdminV2, RedirectURI: uri})
			if err != nil {
				t.Fatal(err)
			}
			link, err := url.Parse(inv.Link)
			if err != nil {
				t.Fatal(err)
			}
			if !tc.answer.Has("state") {
				tc.answer.Set("state", link.Query().Get("state"))
			}
			_, body := get(t, "GET", uri+"?"+tc.answer.Encode())
			for _, want := range append(tc.want, `<html lang="en">`, `name="viewport"`, "<main>") {
				if !strings.Contains(body, want) {
					t.Errorf("lacks %q:\n%s", want, body)
				}
			}
			for _, wrong := range []string{"Ask the customer", "make a new invitation", "trying to access"} {
				if strings.Contains(body, wrong) {
					t.Errorf("says %q to the administrator:\n%s", wrong, body)
				}
			}
		})
	}
}
