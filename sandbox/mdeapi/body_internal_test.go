package mdeapi

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// FuzzBody holds the reader of bodies to its promises, whatever comes: an
// error of the caller's, or values that are complete and in the pages'
// spelling, and the same answer to the same body.
func FuzzBody(f *testing.F) {
	for _, s := range []string{
		`{"indicatorValue":"220e7d15b011d7fac48f2bd61114db1022197f7f","indicatorType":"FileSha1","title":"test","application":"demo-test","expirationTime":"2026-12-12T00:00:00Z","action":"AlertAndBlock","severity":"Informational","description":"test","recommendedActions":"nothing","rbacGroupNames":["group1","group2"]}`,
		`{"indicatorType":"Url","indicatorValue":"http://[::1]:80/","action":"Audit","title":"t","description":"d","generateAlert":"TRUE"}`,
		`{"indicatorType":"DomainName","indicatorValue":"xn--a.example","action":"block","title":"t","description":"d","rbacGroupNames":"a,,b","unknown":{"b":[1,{}]}}`,
		`{"Comment":"x","IsolationType":"full"}`, `{"Comment":null}`, `{"comment":"x"}`, `[]`, `null`, `{"Comment":"\ud800"}`, "{\"Comment\":\"\xff\"}", `{"Comment":"a","Comment":5}`, ` `, ``,
	} {
		f.Add(s)
	}
	now := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	request := func(body string) *call {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		return &call{r: r}
	}
	f.Fuzz(func(t *testing.T, body string) {
		i, failure := request(body).readIndicator(now)
		again, failureAgain := request(body).readIndicator(now)
		switch {
		case (failure == nil) != (failureAgain == nil):
			t.Fatalf("read as %+v and as %+v", failure, failureAgain)
		case failure != nil:
			if failure.status != http.StatusBadRequest || failure.code == "" || failure.message == "" || failureAgain.message != failure.message || failureAgain.reason != failure.reason {
				t.Fatalf("failures %+v and %+v", failure, failureAgain)
			}
		case i.Value == "" || i.Title == "" || i.Description == "" || !slices.Contains(indicatorTypes[:], i.Type) || !slices.Contains(indicatorActions[:], i.Action),
			i.Severity != "" && !slices.Contains(indicatorSeverities[:], i.Severity), !i.Expires.IsZero() && !i.Expires.After(now), !utf8.ValidString(i.Title + i.Value):
			t.Fatalf("accepted %+v", i)
		case again.Value != i.Value || validValue(i.Type, i.Value) != nil:
			t.Fatalf("accepted %q, a %s", i.Value, i.Type)
		}

		p, failure := request(body).readBody("Comment", "IsolationType")
		if failure != nil {
			return
		}
		if comment, failure := p.required("Comment"); failure == nil && strings.TrimSpace(comment) == "" {
			t.Fatalf("an empty comment out of %q", body)
		}
		if kind, failure := p.oneOf("IsolationType", "Full", isolationTypes[:]...); failure == nil && !slices.Contains(isolationTypes[:], kind) {
			t.Fatalf("isolation type %q out of %q", kind, body)
		}
	})
}
