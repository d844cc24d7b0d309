package visitor

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

const consentPage = `<title>Permissions requested</title><ul><li data-permission="Incident.Read.All">x</li></ul>
<form method="post" action="/done"><input type="hidden" name="flow" value="a&amp;b">
<input id="orgconsent" name="orgconsent" type="checkbox" value="true">
<button type="submit" name="decision" value="cancel">Cancel</button><button name="decision" value="accept">Accept</button></form>`

// site asks to sign in and for consent, and answers with what was posted.
func site(t *testing.T) *httptest.Server {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/start":
			http.SetCookie(w, &http.Cookie{Name: "c", Value: "1"})
			fmt.Fprint(w, `<title>Sign in</title><form method="post" action="/login"><input name="upn" type="text"><input name="password" type="password"></form>`)
		case r.URL.Path == "/login":
			if c, err := r.Cookie("c"); err != nil || c.Value != "1" || r.PostFormValue("upn") != "a@b" || r.PostFormValue("password") != "p" {
				fmt.Fprint(w, `<title>Sign in</title><p role="alert">wrong &amp; refused</p><form action="/login"><input name="upn" type="text"></form>`)
				return
			}
			fmt.Fprint(w, consentPage)
		case r.URL.Path == "/done":
			q := url.Values{"decision": {r.PostFormValue("decision")}, "box": {r.PostFormValue("orgconsent")}, "flow": {r.PostFormValue("flow")}}
			http.Redirect(w, r, "/end?"+q.Encode(), http.StatusSeeOther)
		case r.URL.Path == "/loop":
			fmt.Fprint(w, `<form action="/loop"><input name="upn" type="text"></form>`)
		default:
			fmt.Fprint(w, `<title>End</title>`)
		}
	}))
	t.Cleanup(srv.Close)
	return srv
}

func TestOpen(t *testing.T) {
	srv := site(t)
	tests := []struct {
		name          string
		password      string
		tick, decline bool
		want          string // of the last address's query
		problem       string
	}{
		{"accepts", "p", false, false, "box=&decision=accept&flow=a%26b", ""},
		{"ticks", "p", true, false, "box=true&decision=accept&flow=a%26b", ""},
		{"cancels", "p", true, true, "box=&decision=cancel&flow=a%26b", ""},
		{"wrong password", "x", false, false, "", "wrong & refused"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			v, err := New(srv.Client().Transport, "a@b", tc.password)
			if err != nil {
				t.Fatal(err)
			}
			v.Tick, v.Decline = tc.tick, tc.decline
			got, err := v.Open(t.Context(), srv.URL+"/start", nil)
			if err != nil || got.URL.RawQuery != tc.want || got.Problem != tc.problem {
				t.Errorf("got %+v, %v", got, err)
			}
			if tc.problem == "" && (!got.Offered || got.Ticked != (tc.tick && !tc.decline) || len(got.Permissions) != 1) {
				t.Errorf("got %+v", got)
			}
		})
	}
	t.Run("stops at the redirect URI", func(t *testing.T) {
		v, err := New(srv.Client().Transport, "a@b", "p")
		if err != nil {
			t.Fatal(err)
		}
		got, err := v.Open(t.Context(), srv.URL+"/start", func(u *url.URL) bool { return strings.HasPrefix(u.Path, "/end") })
		if err != nil || got.URL.Query().Get("decision") != "accept" || got.Title == "End" {
			t.Errorf("got %+v, %v", got, err)
		}
	})
	t.Run("pages without end", func(t *testing.T) {
		v, err := New(srv.Client().Transport, "a@b", "p")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := v.Open(t.Context(), srv.URL+"/loop", nil); err == nil || errors.Is(err, errStop) {
			t.Errorf("got %v", err)
		}
	})
}

func FuzzRead(f *testing.F) {
	f.Add(consentPage)
	f.Add(`<form action="x"><input name="a"`)
	f.Fuzz(func(t *testing.T, text string) {
		p := read(text)
		if p.action == "" && formRE.FindString(text) == "" && len(p.fields) > 0 {
			t.Errorf("fields without a form: %+v", p.fields)
		}
	})
}
