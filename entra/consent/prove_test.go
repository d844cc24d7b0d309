package consent

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tenantry/tenantry/entra"
)

// script answers per resource kind, one entry per request; the last repeats.
// An entry is a []string of roles or an error.
type script struct {
	answers map[entra.ResourceKind][]any
	asked   []entra.ResourceKind
}

func (s *script) Fresh(_ context.Context, tenant entra.TenantID, r entra.Resource) (entra.Token, error) {
	s.asked = append(s.asked, r.Kind)
	list := s.answers[r.Kind]
	a := list[0]
	if len(list) > 1 {
		s.answers[r.Kind] = list[1:]
	}
	if err, ok := a.(error); ok {
		return entra.Token{}, err
	}
	return entra.Token{Grant: &entra.Grant{Tenant: tenant, Resource: r, Claims: entra.Claims{Roles: a.([]string), ObjectID: "sp"}}}, nil
}

func refusal(code int) error {
	return entra.ParseError(400, nil, fmt.Appendf(nil, `{"error":"x","error_description":"AADSTS%d: text","error_codes":[%d]}`, code, code))
}

func needs() []Need {
	return []Need{
		{Resource: public().Resource(entra.ResourceGraph), Roles: []string{"SecurityIncident.Read.All", "SecurityAlert.Read.All"}},
		{Resource: public().Resource(entra.ResourceDefender), Roles: []string{"Incident.Read.All"}},
	}
}

func TestProve(t *testing.T) {
	const g, x = entra.ResourceGraph, entra.ResourceDefender
	both, incident := []string{"SecurityAlert.Read.All", "SecurityIncident.Read.All"}, []string{"Incident.Read.All"}
	throttled := &entra.Error{HTTPStatus: 429, Action: entra.ActionWait, RetryAfter: 40 * time.Second}
	for _, tt := range []struct {
		name    string
		answers map[entra.ResourceKind][]any
		opts    ProveOptions
		waited  time.Duration
		rounds  int
		asked   []entra.ResourceKind
		missing int    // of the proof
		says    string // of the error
		code    int    // of the error
	}{
		{
			"at once", map[entra.ResourceKind][]any{g: {both}, x: {incident}}, ProveOptions{},
			0, 1, []entra.ResourceKind{g, x}, 0, "", 0,
		},
		{
			"consent spreads slowly; what is proved is not asked again",
			map[entra.ResourceKind][]any{g: {refusal(7000229), []string(nil), both[:1], both}, x: {refusal(700016), incident}}, ProveOptions{},
			15 * time.Second, 4, []entra.ResourceKind{g, x, g, x, g, g}, 0, "", 0,
		},
		{
			"the server asks for more time", map[entra.ResourceKind][]any{g: {throttled, both}, x: {incident}}, ProveOptions{},
			40 * time.Second, 2, []entra.ResourceKind{g, x, g}, 0, "", 0,
		},
		{
			"the network comes back", map[entra.ResourceKind][]any{g: {&entra.ConnectionError{Host: "h", Err: errors.New("reset")}, both}, x: {incident}}, ProveOptions{Interval: time.Second},
			time.Second, 2, []entra.ResourceKind{g, x, g}, 0, "", 0,
		},
		{
			"never consented", map[entra.ResourceKind][]any{g: {refusal(7000229)}, x: {refusal(7000229)}}, ProveOptions{Deadline: 12 * time.Second},
			10 * time.Second, 3, []entra.ResourceKind{g, x, g, x, g, x}, 0, "missing SecurityIncident.Read.All, SecurityAlert.Read.All of https://graph.microsoft.com; Incident.Read.All of https://api.security.microsoft.com", 7000229,
		},
		{
			"a role stays missing", map[entra.ResourceKind][]any{g: {both[:1]}, x: {incident}}, ProveOptions{Deadline: 5 * time.Second},
			5 * time.Second, 2, []entra.ResourceKind{g, x, g}, 0, "missing SecurityIncident.Read.All of https://graph.microsoft.com", 0,
		},
		{
			"a near miss is a miss", map[entra.ResourceKind][]any{g: {both}, x: {[]string{"Incidents.Read.All", "incident.read.all"}}}, ProveOptions{Deadline: time.Second},
			0, 1, []entra.ResourceKind{g, x}, 0, "missing Incident.Read.All", 0,
		},
		{
			"a wrong secret ends it", map[entra.ResourceKind][]any{g: {refusal(7000215)}, x: {incident}}, ProveOptions{},
			0, 1, []entra.ResourceKind{g}, 0, "AADSTS7000215", 7000215,
		},
		{
			"an unknown tenant ends it", map[entra.ResourceKind][]any{g: {refusal(90002)}, x: {incident}}, ProveOptions{},
			0, 1, []entra.ResourceKind{g}, 0, "AADSTS90002", 90002,
		},
		{
			"a foreign token ends it", map[entra.ResourceKind][]any{g: {&entra.ForeignTokenError{Tenant: tenantA, TokenTenant: string(tenantB)}}, x: {incident}}, ProveOptions{},
			0, 1, []entra.ResourceKind{g}, 0, "token refused", 0,
		},
		{
			"alternatives: one is enough", map[entra.ResourceKind][]any{g: {refusal(500014)}, x: {incident}},
			ProveOptions{Enough: func(r map[entra.ResourceKind][]string) bool { return len(r[x]) > 0 }},
			0, 1, []entra.ResourceKind{g, x}, 1, "", 0,
		},
		{
			"without alternatives a lapsed licence ends it", map[entra.ResourceKind][]any{g: {refusal(500014)}, x: {incident}}, ProveOptions{},
			0, 1, []entra.ResourceKind{g}, 0, "AADSTS500014", 500014,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &script{answers: tt.answers}
				var attempts []Attempt
				tt.opts.OnAttempt = func(a Attempt) { attempts = append(attempts, a) }
				began := time.Now()
				proof, err := Prove(t.Context(), s, tenantA, needs(), tt.opts)
				if got := time.Since(began); got != tt.waited {
					t.Errorf("waited %s, want %s", got, tt.waited)
				}
				if d := cmp.Diff(tt.asked, s.asked); d != "" {
					t.Error(d)
				}
				if len(attempts) != len(tt.asked) || attempts[len(attempts)-1].Round != tt.rounds {
					t.Errorf("%d attempts, the last of round %d; want %d of round %d", len(attempts), attempts[len(attempts)-1].Round, len(tt.asked), tt.rounds)
				}
				if tt.says == "" {
					if err != nil {
						t.Fatal(err)
					}
					if proof.Tenant != tenantA || proof.Rounds != tt.rounds || len(proof.Missing) != tt.missing || proof.ServicePrincipal != "sp" || !cmp.Equal(proof.Roles[x], incident) {
						t.Errorf("proof %+v", proof)
					}
					return
				}
				if err == nil || !strings.Contains(err.Error(), tt.says) {
					t.Fatalf("error %v, want one that says %q", err, tt.says)
				}
				var e *entra.Error
				if got := errors.As(err, &e); got != (tt.code != 0) || (got && e.Code != tt.code) {
					t.Errorf("error %v does not unwrap to %d", err, tt.code)
				}
				var ue *UnprovedError
				if errors.As(err, &ue) && ue.Next() == "" {
					t.Error("no next step")
				}
			})
		})
	}
}

func TestProveStopsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 7*time.Second)
		defer cancel()
		s := &script{answers: map[entra.ResourceKind][]any{entra.ResourceGraph: {refusal(700016)}, entra.ResourceDefender: {refusal(700016)}}}
		_, err := Prove(ctx, s, tenantA, needs(), ProveOptions{})
		if !errors.Is(err, context.DeadlineExceeded) || len(s.asked) != 4 {
			t.Errorf("error %v after %d requests", err, len(s.asked))
		}
	})
}

func TestProveNeedsRoles(t *testing.T) {
	for _, bad := range [][]Need{nil, {{Resource: public().Resource(entra.ResourceGraph)}}} {
		var ce *entra.ConfigError
		if _, err := Prove(t.Context(), nil, tenantA, bad, ProveOptions{}); !errors.As(err, &ce) {
			t.Errorf("%v: %v", bad, err)
		}
	}
}
