package factory_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/tenantry/tenantry/entra"
	"github.com/tenantry/tenantry/internal/cli/factory"
	"github.com/tenantry/tenantry/internal/cli/iostreams"
)

// Every request names the program, unless its library does already.
func TestUserAgent(t *testing.T) {
	var got string
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.UserAgent() }))
	defer srv.Close()
	for version, want := range map[string]string{
		"v1.2.3":                             "tenantry/v1.2.3",
		"v0.0.0-20261122101112-abcdef+dirty": "tenantry/v0.0.0-20261122101112-abcdef+dirty",
		"devel 871275e with changes":         "tenantry/devel",
		"":                                   "tenantry",
		"(devel)\r\nEvil: 1":                 "tenantry/develEvil",
	} {
		streams, _, _ := iostreams.Test("")
		f := factory.New(factory.Options{Streams: streams, Now: time.Now, Version: version})
		hc, err := f.HTTPClient()
		if err != nil {
			t.Fatal(err)
		}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, own := range []string{"", "own/1"} {
			if own != "" {
				req.Header.Set("User-Agent", own)
				want = own
			}
			resp, err := hc.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if got != want {
				t.Errorf("version %q: got %q, want %q", version, got, want)
			}
		}
	}
}

// What signs in ends with the run: nothing renews tokens after it.
func TestCloseEndsTokens(t *testing.T) {
	f := newFactory(t, "AZURE_CLIENT_ID="+id, "AZURE_CLIENT_SECRET=fake")
	app, err := f.App(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	tokens, err := f.Tokens(t.Context(), app, factory.TokenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if _, err := tokens.Token(ctx, id, entra.Clouds()[0].Resource(entra.ResourceGraph)); !errors.Is(err, entra.ErrClosed) {
		t.Errorf("got %v", err)
	}
}

// Colours are for a terminal that can, and for people who want them.
func TestColour(t *testing.T) {
	for _, tc := range []struct {
		name    string
		tty     bool
		environ []string
		want    bool
	}{
		{"terminal", true, nil, true},
		{"pipe", false, nil, false},
		{"NO_COLOR", true, []string{"NO_COLOR=1"}, false},
		{"NO_COLOR empty", true, []string{"NO_COLOR="}, true},
		{"dumb", true, []string{"TERM=dumb"}, false},
		{"good", true, []string{"TERM=xterm-256color"}, true},
	} {
		streams, _, _ := iostreams.Test("")
		streams.OutTTY = tc.tty
		p, err := factory.New(factory.Options{Streams: streams, Now: time.Now, Environ: tc.environ}).Printer()
		if err != nil || p.Color != tc.want {
			t.Errorf("%s: got %+v, %v", tc.name, p, err)
		}
	}
}
