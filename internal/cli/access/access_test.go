package access_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tenantry/tenantry/defender"
	"github.com/tenantry/tenantry/entra"
	"github.com/tenantry/tenantry/internal/cli/access"
	"github.com/tenantry/tenantry/internal/cli/iostreams"
)

const tenant = entra.TenantID("10000000-0000-4000-8000-000000000001")

// tokens gives tokens with the roles set for a resource.
type tokens struct {
	roles map[entra.ResourceKind][]string
	errs  map[entra.ResourceKind]error
	// answers are given to challenges in turn; none means that there are none.
	answers    []error
	challenged []string
	dropped    int
}

func (f *tokens) Challenge(_ context.Context, refused entra.Token, h http.Header) (entra.Token, error) {
	if _, err := entra.ParseChallenge(h); err != nil {
		return entra.Token{}, err
	}
	f.challenged = append(f.challenged, string(refused.Grant.Tenant)+" "+string(refused.Grant.Resource.Kind))
	err := f.answers[0]
	f.answers = f.answers[1:]
	return entra.Token{}, err
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
		_, err = open.Incidents(t.Context(), defender.ListOptions{}, 0)
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
		got, err := open.Incidents(t.Context(), defender.ListOptions{Severity: []defender.Severity{"high"}}, limit)
		if err != nil || len(got) != want {
			t.Errorf("limit %d: %d incidents, %v", limit, len(got), err)
		}
	}
}

// A refusal with a claims challenge is answered with a token that satisfies it,
// and the tenant's other tokens stay. What cannot be answered is dropped; what
// was answered before, or is refused by the token service, is the error to tell.
func TestChallengeIsAnswered(t *testing.T) {
	const challenge = `Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", error="insufficient_claims", claims="eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZSwidmFsdWUiOiIxNjA0MTA2NjUxIn19fQ=="`
	refused := &entra.Error{Code: 50053, Message: "locked"}
	tests := []struct {
		name      string
		header    string
		answers   []error
		dropped   int
		asked     int
		err       any
		challenge bool
	}{
		{"answered", challenge, []error{nil}, 0, 2, nil, true},
		{"no challenge", `Bearer realm=""`, nil, 1, 2, nil, false},
		{"no header", "", nil, 1, 2, nil, false},
		{"unreadable", `Bearer error="insufficient_claims", claims="%%%"`, nil, 1, 2, nil, false},
		{"repeated", challenge, []error{&entra.ChallengeError{Problem: "again", Repeated: true}}, 0, 1, new(*entra.ChallengeError), true},
		{"refused by the token service", challenge, []error{refused}, 0, 1, new(*entra.Error), true},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			asked := 0
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked++
				w.Header().Set("Content-Type", "application/json")
				if asked == 1 {
					if tc.header != "" {
						w.Header().Set("WWW-Authenticate", tc.header)
					}
					w.WriteHeader(http.StatusUnauthorized)
					fmt.Fprint(w, `{"error":{"code":"InvalidAuthenticationToken","message":"Continuous access evaluation resulted in challenge"}}`)
					return
				}
				fmt.Fprint(w, `{"id":"29","displayName":"x"}`)
			}))
			defer srv.Close()
			f := &tokens{roles: map[entra.ResourceKind][]string{entra.ResourceGraph: {"SecurityIncident.Read.All"}}, answers: tc.answers}
			open, err := opener(f, srv.URL, srv.URL).Open(t.Context(), tenant)
			if err != nil {
				t.Fatal(err)
			}
			inc, err := open.BriefIncident(t.Context(), "29")
			switch {
			case tc.err != nil && !errors.As(err, tc.err):
				t.Errorf("got %v", err)
			case tc.err == nil && (err != nil || inc.ID != "29"):
				t.Errorf("got %v, %v", inc, err)
			}
			if f.dropped != tc.dropped || asked != tc.asked {
				t.Errorf("dropped %d times, asked %d times", f.dropped, asked)
			}
			if want := string(tenant) + " " + string(entra.ResourceGraph); tc.challenge != (len(f.challenged) == 1) || tc.challenge && f.challenged[0] != want {
				t.Errorf("challenged %q", f.challenged)
			}
		})
	}
}

// An update of which the first half was done is not made again because the
// second half was refused.
func TestPartialUpdateIsNotRepeated(t *testing.T) {
	patched, commented := 0, 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch r.Method {
		case http.MethodPatch:
			patched++
		case http.MethodPost:
			commented++
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(w, `{"error":{"code":"InvalidAuthenticationToken","message":"expired"}}`)
			return
		}
		status := "active"
		if patched > 0 {
			status = "resolved"
		}
		fmt.Fprintf(w, `{"id":"29","status":%q,"lastUpdateDateTime":"2026-11-22T10:00:00Z"}`, status)
	}))
	defer srv.Close()
	f := &tokens{}
	o := opener(f, srv.URL, "")
	o.Surface = defender.SurfaceGraph
	open, err := o.Open(t.Context(), tenant)
	if err != nil {
		t.Fatal(err)
	}
	_, err = open.UpdateIncident(t.Context(), "29", defender.IncidentUpdate{Status: defender.StatusResolved, Comment: "c"}, defender.UpdateOptions{})
	var partial *defender.PartialUpdateError
	if !errors.As(err, &partial) || patched != 1 || commented != 1 {
		t.Errorf("got %v; patched %d times, commented %d times", err, patched, commented)
	}
}

// For a write, the surface is one whose token lets the app write.
func TestOpenForAnOperation(t *testing.T) {
	graph, xdr, mde := entra.ResourceGraph, entra.ResourceDefender, entra.ResourceEndpoint
	roles := func(g, x, m string) map[entra.ResourceKind][]string {
		return map[entra.ResourceKind][]string{graph: {g}, xdr: {x}, mde: {m}}
	}
	tests := []struct {
		name  string
		op    defender.Operation
		roles map[entra.ResourceKind][]string
		want  defender.Surface
		err   string
	}{
		{"graph reads, xdr writes", defender.OpUpdateIncident, roles("SecurityIncident.Read.All", "Incident.ReadWrite.All", ""), defender.SurfaceXDR, ""},
		{"graph writes", defender.OpCommentIncident, roles("SecurityIncident.ReadWrite.All", "Incident.ReadWrite.All", ""), defender.SurfaceGraph, ""},
		{"nobody writes", defender.OpUpdateIncident, roles("SecurityIncident.Read.All", "Incident.Read.All", ""), "", "no role to update incident: the Microsoft Graph token needs SecurityIncident.ReadWrite.All, or the Defender XDR token needs Incident.ReadWrite.All"},
		{"alerts are graph's", defender.OpListAlerts, roles("SecurityAlert.Read.All", "", ""), defender.SurfaceGraph, ""},
		{"no role for alerts", defender.OpListAlerts, roles("SecurityIncident.Read.All", "Incident.ReadWrite.All", ""), "", "no role to list alerts: the Microsoft Graph token needs SecurityAlert.Read.All or SecurityAlert.ReadWrite.All"},
		{"an operation nobody has", "dance", roles("", "", ""), "", "no surface can dance"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			o := opener(&tokens{roles: tc.roles}, "https://graph.example", "https://xdr.example")
			o.For = tc.op
			got, err := o.Open(t.Context(), tenant)
			if tc.err != "" {
				var role *access.RoleError
				if !errors.As(err, &role) || role.Error() != tc.err || role.Next() == "" {
					t.Errorf("got %v", err)
				}
				return
			}
			if err != nil || got.Surface != tc.want || !strings.Contains(got.Reason, "token carries") {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

// All clients of a tenant spend one budget, and other tenants have their own.
func TestBudgetIsTheTenants(t *testing.T) {
	var mu sync.Mutex
	waits := map[entra.TenantID]int{}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"incidentId":29}`)
	}))
	defer srv.Close()
	o := opener(&tokens{}, "", srv.URL)
	o.Surface = defender.SurfaceXDR
	ctx, cancel := context.WithCancel(t.Context())
	o.OnWait = func(id entra.TenantID, w defender.Wait) {
		mu.Lock()
		defer mu.Unlock()
		waits[id]++
		if w.Why != defender.WaitBudget || w.For <= 0 {
			t.Errorf("waits %+v", w)
		}
		cancel() // or the test would wait too
	}
	other := entra.TenantID("10000000-0000-4000-8000-000000000002")
	for n := range 202 {
		id := tenant
		if n%2 == 1 {
			id = other
		}
		open, err := o.Open(ctx, id) // a client of its own each time
		if err != nil {
			t.Fatal(err)
		}
		if _, err = open.BriefIncident(ctx, "29"); err != nil && n < 200 { // 100 a minute
			t.Fatalf("call %d: %v", n, err)
		}
	}
	if waits[tenant] != 1 || waits[other] != 0 {
		t.Errorf("waits: %v", waits)
	}
}

func TestNotices(t *testing.T) {
	streams, _, errOut := iostreams.Test("")
	streams.ErrTTY = true
	n := &access.Notices{Streams: streams, Now: func() time.Time { return time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC) }}
	var wg sync.WaitGroup
	for range 20 { // as many tenants do at once
		for _, r := range defender.Retirements() {
			wg.Go(func() { n.Retiring(r) })
		}
	}
	wg.Wait()
	for _, r := range defender.Retirements() {
		if got := strings.Count(errOut.String(), "notice: "+r.What); got != 1 {
			t.Errorf("%s is told %d times", r.What, got)
		}
		for _, part := range []string{r.Path, r.Ends.Format(time.DateOnly), r.Successor, r.Source} {
			if !strings.Contains(errOut.String(), part) {
				t.Errorf("%s: %q is not told", r.What, part)
			}
		}
	}
	if !strings.Contains(errOut.String(), "ended on 2026-08-31") || !strings.Contains(errOut.String(), "ends on 2027-01-31") {
		t.Errorf("got %q", errOut)
	}
	errOut.Reset()
	n.Wait(tenant, defender.Wait{Operation: defender.OpListIncidents, For: time.Second, Why: defender.WaitRetry})
	if errOut.Len() > 0 {
		t.Errorf("a short wait is told: %q", errOut)
	}
	n.Wait(tenant, defender.Wait{Operation: defender.OpListIncidents, For: 38*time.Second + time.Millisecond, Why: defender.WaitBudget})
	if want := string(tenant) + ": waiting 38s to list incidents: its calls of this window are spent\n"; errOut.String() != want {
		t.Errorf("got %q, want %q", errOut, want)
	}
}

// A log tells why nothing happens for long, once per tenant while it lasts; a
// terminal is told of each wait.
func TestLongWaitsAreToldWithoutTerminal(t *testing.T) {
	streams, _, errOut := iostreams.Test("")
	now := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	n := &access.Notices{Streams: streams, Now: func() time.Time { return now }}
	list := func(d time.Duration, why defender.WaitReason) defender.Wait {
		return defender.Wait{Operation: defender.OpListIncidents, For: d, Why: why}
	}
	n.Wait(tenant, list(9*time.Second, defender.WaitBudget))
	n.Wait(tenant, list(9*time.Second, defender.WaitThrottled))
	if errOut.Len() > 0 {
		t.Errorf("short waits are told: %q", errOut)
	}
	var wg sync.WaitGroup
	for range 8 { // calls of a tenant that one refusal lets pause
		wg.Go(func() { n.Wait(tenant, list(30*time.Second, defender.WaitThrottled)) })
	}
	wg.Wait()
	n.Wait("10000000-0000-4000-8000-000000000002", list(20*time.Second, defender.WaitBudget))
	now = now.Add(31 * time.Second)
	n.Wait(tenant, list(12*time.Second, defender.WaitBudget))
	want := string(tenant) + ": waiting 30s to list incidents: the service asks for a pause\n" +
		"10000000-0000-4000-8000-000000000002: waiting 20s to list incidents: its calls of this window are spent\n" +
		string(tenant) + ": waiting 12s to list incidents: its calls of this window are spent\n"
	if got := errOut.String(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
