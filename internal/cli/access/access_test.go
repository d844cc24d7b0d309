package access_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tenantry/tenantry/defender"
	"github.com/tenantry/tenantry/entra"
	"github.com/tenantry/tenantry/internal/cli/access"
)

const tenant = entra.TenantID("10000000-0000-4000-8000-000000000001")

// tokens gives tokens with the roles set for a resource.
type tokens struct {
	roles   map[entra.ResourceKind][]string
	errs    map[entra.ResourceKind]error
	dropped int
}

func (f *tokens) Token(_ context.Context, id entra.TenantID, r entra.Resource) (entra.Token, error) {
	if err := f.errs[r.Kind]; err != nil {
		return entra.Token{}, err
	}
	return entra.Token{Grant: &entra.Grant{Tenant: id, Resource: r, Claims: entra.Claims{Roles: f.roles[r.Kind]}}}, nil
}

func (f *tokens) Drop(id entra.TenantID) {
	if id == tenant {
		f.dropped++
	}
}

func opener(f *tokens, graph, xdr string) *access.Opener {
	cloud := entra.Clouds()[0]
	cloud.Graph, cloud.Defender = graph, xdr
	return &access.Opener{Cloud: cloud, Tokens: f, HTTPClient: http.DefaultClient, Now: time.Now}
}

func TestOpenChoosesTheSurface(t *testing.T) {
	graph, xdr := entra.ResourceGraph, entra.ResourceDefender
	noResource := &entra.Error{Code: 500011}
	noPrincipal := &entra.Error{Code: 7000229}
	tests := []struct {
		name  string
		f     tokens
		asked defender.Surface
		want  defender.Surface
		err   any
	}{
		{"graph first", tokens{roles: map[entra.ResourceKind][]string{graph: {"SecurityIncident.Read.All"}, xdr: {"Incident.Read.All"}}}, "", defender.SurfaceGraph, nil},
		{"graph alone, xdr unknown", tokens{roles: map[entra.ResourceKind][]string{graph: {"SecurityIncident.ReadWrite.All"}}, errs: map[entra.ResourceKind]error{xdr: noResource}}, "", defender.SurfaceGraph, nil},
		{"xdr", tokens{roles: map[entra.ResourceKind][]string{xdr: {"Incident.Read.All"}}}, "", defender.SurfaceXDR, nil},
		{"asked for", tokens{}, defender.SurfaceXDR, defender.SurfaceXDR, nil},
		{"neither", tokens{roles: map[entra.ResourceKind][]string{graph: {"SecurityAlert.Read.All"}}}, "", "", new(*defender.NoRoleError)},
		{"no Defender", tokens{errs: map[entra.ResourceKind]error{xdr: noResource}}, "", "", new(*entra.Error)},
		{"not consented", tokens{errs: map[entra.ResourceKind]error{graph: noPrincipal}}, "", "", new(*entra.Error)},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			o := opener(&tc.f, "https://graph.example", "https://xdr.example")
			o.Surface = tc.asked
			got, err := o.Open(t.Context(), tenant)
			if tc.err != nil {
				if !errors.As(err, tc.err) {
					t.Errorf("got %v", err)
				}
				return
			}
			if err != nil || got.Surface != tc.want || got.Reason == "" {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

// A token that an API refuses is thrown away and replaced, once.
func TestRefusedTokenIsReplacedOnce(t *testing.T) {
	for _, refusals := range []int{1, 5} {
		asked := 0
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked++
			w.Header().Set("Content-Type", "application/json")
			if asked <= refusals {
				w.WriteHeader(http.StatusUnauthorized)
				fmt.Fprint(w, `{"error":{"code":"Unauthorized","message":"expired"}}`)
				return
			}
			fmt.Fprint(w, `{"value":[]}`)
		}))
		f := &tokens{roles: map[entra.ResourceKind][]string{entra.ResourceGraph: {"SecurityIncident.Read.All"}}}
		open, err := opener(f, srv.URL, srv.URL).Open(t.Context(), tenant)
		if err != nil {
			t.Fatal(err)
		}
		_, err = open.List(t.Context(), defender.ListOptions{}, 0)
		if f.dropped != 1 || asked != 2 || (err == nil) != (refusals == 1) {
			t.Errorf("%d refusals: dropped %d times, asked %d times, %v", refusals, f.dropped, asked, err)
		}
		srv.Close()
	}
}

// The xdr surface cannot filter by severity: it is done here, and the limit
// counts what is left.
func TestSeverityOnXDR(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.RawQuery, "everity") {
			t.Errorf("asked with %s", r.URL.RawQuery)
		}
		w.Header().Set("Content-Type", "application/json")
		all := []string{
			`{"incidentId":4,"severity":"Low"}`, `{"incidentId":3,"severity":"High"}`,
			`{"incidentId":2,"severity":"Low"}`, `{"incidentId":1,"severity":"High"}`,
		}
		skip, _ := strconv.Atoi(r.URL.Query().Get("$skip"))
		fmt.Fprintf(w, `{"value":[%s]}`, strings.Join(all[min(skip, len(all)):], ","))
	}))
	defer srv.Close()
	f := &tokens{roles: map[entra.ResourceKind][]string{entra.ResourceDefender: {"Incident.Read.All"}}}
	open, err := opener(f, srv.URL, srv.URL).Open(t.Context(), tenant)
	if err != nil {
		t.Fatal(err)
	}
	for limit, want := range map[int]int{0: 2, 1: 1, 9: 2} {
		got, err := open.List(t.Context(), defender.ListOptions{Severity: []defender.Severity{"high"}}, limit)
		if err != nil || len(got) != want {
			t.Errorf("limit %d: %d incidents, %v", limit, len(got), err)
		}
	}
}
