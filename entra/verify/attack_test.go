package verify

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/entra"
	"github.com/tenantry/tenantry/entra/verify/internal/rule"
)

// A vector is a hostile token that is one change away from a good twin and
// says which rule refuses it. As a control every vector is judged again with
// exactly that rule taken away: then it must be accepted, or refused by the next
// rule of the chain, where rules overlap by construction.
type vector struct {
	name   string
	on     string               // which twins it is made of: words of twin.is, all of them needed; empty means every twin
	change func(f forge) forge  // nil: the token is the good one, and the keys or the configuration differ
	keys   func() []jwk         // instead of the usual key set
	config func(*Config)        // what the caller expects, instead of the usual
	handle func(*HandlerConfig) // likewise, for the handler

	chain []rule.ID // what refuses it; then what does when that is off; and so on
	why   string    // needed when the chain is longer than one
	floor string    // why it is refused even with the whole chain off; empty if it is accepted then

	spares map[string]string // twins (by a word of twin.is) that accept it by intention, and why
}

type jwk = map[string]any

// twin is a good token on one path of verification.
type twin struct {
	name  string
	is    string // words: path, kind, version
	good  forge
	judge func(t *testing.T, raw string, v vector, off rule.Set) string // the rule or check that refuses; empty if none does
}

func twins() []twin {
	idV1 := appV1().with(map[string]any{"aud": clientID, "appid": nil, "appidacr": nil, "roles": nil, "nonce": "n-1", "upn": "ada@contoso.example", "sub": "pairwise-subject"})
	return []twin{
		{"Verify, application, 1.0", "verify access app v1", appV1(), judgeAccess},
		{"Verify, application, 2.0", "verify access app v2", appV2(), judgeAccess},
		{"Verify, user, 1.0", "verify access user v1", userV1(), judgeAccess},
		{"Verify, user, 2.0", "verify access user v2", userV2(), judgeAccess},
		{"VerifyID, 1.0", "verify id v1", idV1, judgeID},
		{"VerifyID, 2.0", "verify id v2", idV2(), judgeID},
		{"Handler, application, 1.0", "handler access app v1", appV1(), judgeHandler},
		{"Handler, application, 2.0", "handler access app v2", appV2(), judgeHandler},
		{"Handler, user, 1.0", "handler access user v1", userV1(), judgeHandler},
		{"Inspect, application, 1.0", "inspect access app v1", appV1(), judgeInspect},
		{"Inspect, application, 2.0", "inspect access app v2", appV2().with(map[string]any{"aud": entra.AppIDDefender}), judgeInspect},
		{"Inspect, user, 1.0", "inspect access user v1", userV1(), judgeInspect},
	}
}

func userV2() forge {
	return appV2().with(map[string]any{"scp": "Incident.Read", "sub": "pairwise", "roles": nil, "preferred_username": "ada@contoso.example", "idtyp": "user"})
}

// has reports whether a twin is all that the words say; "-word" means that it
// is not that.
func (tw twin) has(words string) bool {
	own := strings.Fields(tw.is)
	for _, w := range strings.Fields(words) {
		bare, not := strings.CutPrefix(w, "-")
		if slices.Contains(own, bare) == not {
			return false
		}
	}
	return true
}

func (v vector) token(tw twin) string {
	if v.change == nil {
		return tw.good.token()
	}
	return v.change(tw.good).token()
}

// setting is the configuration that a vector is judged under.
func (v vector) setting(t testing.TB, off rule.Set) Config {
	c := config(t)
	c.Audiences = append(c.Audiences, clientID)
	if v.keys != nil {
		set, err := parseJWKS(jwks(v.keys()...), off)
		if err != nil {
			t.Fatal(err)
		}
		c.Keys = set
	}
	if v.config != nil {
		v.config(&c)
	}
	return c
}

func (v vector) verifier(t *testing.T, off rule.Set) *Verifier {
	verifier := verifier(t, v.setting(t, off))
	verifier.rules.off = off
	return verifier
}

func judgeAccess(t *testing.T, raw string, v vector, off rule.Set) string {
	claims, err := v.verifier(t, off).Verify(t.Context(), raw)
	return refusedBy(t, raw, claims, err)
}

func judgeID(t *testing.T, raw string, v vector, off rule.Set) string {
	claims, err := v.verifier(t, off).VerifyID(t.Context(), raw, "n-1")
	return refusedBy(t, raw, claims, err)
}

func refusedBy(t *testing.T, raw string, claims Claims, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	var refused *Error
	if !errors.As(err, &refused) {
		t.Fatalf("error %v, want *Error", err)
	}
	if refused.Detail == "" || refused.Next() == "" || refused.Check == "" || !strings.HasPrefix(refused.Rule, refused.Check) {
		t.Errorf("incomplete error %+v", refused)
	}
	if diff := cmp.Diff(Claims{}, claims); diff != "" {
		t.Errorf("claims of a refused token are returned: %s", diff)
	}
	if leaks(err.Error()+refused.Next(), raw) {
		t.Errorf("the error repeats the token: %v", err)
	}
	return refused.Rule
}

// judgeHandler sends the token to a server and looks at both sides of the
// refusal: the answer says nothing, the callback says all.
func judgeHandler(t *testing.T, raw string, v vector, off rule.Set) string {
	var rejection *Rejection
	c := HandlerConfig{
		Verifier: v.verifier(t, off), Roles: []string{"Incident.Read.All"}, Scopes: []string{"Incident.Read"}, Realm: "api",
		OnReject: func(_ *http.Request, no Rejection) { rejection = &no },
	}
	if v.handle != nil {
		v.handle(&c)
	}
	if c.Tenants == nil && c.Allow == nil && c.Verifier.rules.tenants == nil {
		c.Allow = func(context.Context, entra.TenantID) (bool, error) { return true, nil }
	}
	reached := false
	h, err := Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, reached = FromContext(r.Context()) }), c)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	r.Header["Authorization"] = []string{"Bearer " + raw}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if rejection == nil {
		if !reached || w.Code != http.StatusOK {
			t.Errorf("not refused and not let through: status %d", w.Code)
		}
		return ""
	}
	if reached {
		t.Error("refused and let through")
	}
	answer := []any{w.Code, w.Header().Get("WWW-Authenticate"), w.Header().Get("Cache-Control"), w.Body.String()}
	want := []any{401, `Bearer realm="api", error="invalid_token"`, "no-store", "Unauthorized\n"}
	if rejection.Code == codeScope {
		want = []any{403, `Bearer realm="api", error="insufficient_scope"`, "no-store", "Forbidden\n"}
	}
	if diff := cmp.Diff(want, answer); diff != "" {
		t.Errorf("the answer tells more than the code: %s", diff)
	}
	return refusedBy(t, raw, Claims{}, rejection.Err)
}

// judgeInspect gives the names of all checks that fail, joined by commas: a
// report does not stop at the first.
func judgeInspect(t *testing.T, raw string, v vector, off rule.Set) string {
	c := v.setting(t, off)
	opts := InspectOptions{Keys: c.Keys, ClientID: clientID, Resource: entra.ResourceDefender, Now: atNoon}
	if len(c.Tenants) > 0 {
		opts.Tenant = c.Tenants[0]
	}
	if c.Clients == nil {
		opts.ClientID = ""
	}
	var r Report
	var err error
	if off == (rule.Set{}) {
		r, err = Inspect(raw, opts)
	} else { // without what it mends for people
		r, err = inspectToken(t.Context(), peeled{token: raw}, opts, off)
	}
	var not *NotTokenError
	switch {
	case errors.As(err, &not):
		return CheckForm
	case err != nil:
		t.Fatal(err)
	}
	var list []string
	for _, c := range r.Failures() {
		list = append(list, c.Name)
	}
	return strings.Join(list, ",")
}

// names reports whether what a path said is the refusal by the rule.
func (tw twin) names(said string, want rule.ID) bool {
	if tw.has("inspect") {
		check := want.Check()
		if want == rule.Audience {
			check = CheckResource // Inspect asks for which API a token is, and has no audience of its own
		}
		return slices.Contains(strings.Split(said, ","), check)
	}
	return said == want.String()
}

func vectors() []vector {
	return slices.Concat(formVectors(), jsonVectors(), headerVectors(), algorithmVectors(), signatureVectors(), keyVectors(), typeVectors(), tenantVectors(), timeVectors(), kindVectors(), callerVectors())
}

func TestAttacks(t *testing.T) {
	runs, controls := 0, 0
	for _, tw := range twins() {
		t.Run(tw.name, func(t *testing.T) {
			good := tw.good.token()
			if said := tw.judge(t, good, vector{}, rule.Set{}); said != "" {
				t.Fatalf("the good twin is refused: %s", said)
			}
			for _, v := range vectors() {
				if !tw.has(v.on) {
					continue
				}
				t.Run(v.name, func(t *testing.T) {
					raw := good
					if v.change != nil {
						raw = v.token(tw)
					}
					if raw == good && v.config == nil && v.keys == nil && v.handle == nil {
						t.Fatal("the vector changes nothing")
					}
					for word, reason := range v.spares {
						if tw.has(word) {
							if said := tw.judge(t, raw, v, rule.Set{}); said != "" {
								t.Errorf("is refused by %s, although %s", said, reason)
							}
							return
						}
					}
					runs++
					controls += control(t, tw, v, raw)
				})
			}
		})
	}
	t.Logf("%d vectors and %d good tokens; %d refusals on %d paths, %d of them controlled down to acceptance", len(vectors()), len(goods()), runs, len(twins()), controls)
}

// control walks down the chain of a vector; 1 if it ends in acceptance.
func control(t *testing.T, tw twin, v vector, raw string) int {
	t.Helper()
	var off []rule.ID
	for _, id := range v.chain {
		said := tw.judge(t, raw, v, rule.Of(off...))
		if !tw.names(said, id) {
			t.Fatalf("without %v: refused by %q, want %q", off, said, id)
		}
		off = append(off, id)
	}
	said := tw.judge(t, raw, v, rule.Of(off...))
	switch inspectsResource := tw.has("inspect") && slices.Contains(v.chain, rule.Audience); {
	case inspectsResource:
		return 0
	case v.floor != "" && said == "":
		t.Fatalf("without %v: accepted, although %s", off, v.floor)
	case v.floor != "":
		return 0
	case said != "":
		t.Fatalf("without %v: refused by %q, so it does not test what it says", off, said)
	}
	return 1
}

// The suite itself: enough vectors, each with a name of its own and an
// explanation where one is due, and every rule tested.
func TestAttackSuiteIsWhole(t *testing.T) {
	seen, rules := map[string]bool{}, map[rule.ID]bool{}
	single := 0
	for _, v := range vectors() {
		if seen[v.name] {
			t.Errorf("two vectors are called %q", v.name)
		}
		seen[v.name] = true
		if len(v.chain) == 0 {
			t.Fatalf("%s: names no rule", v.name)
		}
		if len(v.chain) > 1 && v.why == "" && v.floor == "" {
			t.Errorf("%s: more than one rule refuses it, and nothing says why", v.name)
		}
		if len(v.chain) == 1 && v.floor == "" {
			single++
		}
		rules[v.chain[0]] = true
		if !slices.ContainsFunc(twins(), func(tw twin) bool { return tw.has(v.on) }) {
			t.Errorf("%s: runs nowhere", v.name)
		}
	}
	if len(seen) < 80 || len(goods()) < 15 {
		t.Errorf("%d hostile and %d good tokens, want 80 and 15", len(seen), len(goods()))
	}
	for _, id := range rule.All() {
		if !rules[id] {
			t.Errorf("no vector is refused by the rule %s first", id)
		}
		if id.String() == "" {
			t.Errorf("rule %d has no name", id)
		}
	}
	t.Logf("%d hostile vectors, %d of them refused by one rule alone; %d rules", len(seen), single, len(rules))
}

// Changes that vectors are made of.

func set(name string, value any) func(forge) forge {
	return func(f forge) forge { return f.with(map[string]any{name: value}) }
}

func head(name string, value any) func(forge) forge {
	return func(f forge) forge { return f.head1(name, value) }
}

// text changes the JSON of the payload before it is signed.
func text(change func(string) string) func(forge) forge {
	return func(f forge) forge {
		raw, err := json.Marshal(f.claims)
		if err != nil {
			panic(err)
		}
		f.payload = change(string(raw))
		return f
	}
}

// headText changes the JSON of the header before it is signed.
func headText(change func(string) string) func(forge) forge {
	return func(f forge) forge {
		raw, err := json.Marshal(f.header)
		if err != nil {
			panic(err)
		}
		f.head = change(string(raw))
		return f
	}
}

// last puts one more member at the end of an object.
func last(member string) func(string) string {
	return func(s string) string { return strings.TrimSuffix(s, "}") + "," + member + "}" }
}

// first puts one more member at the beginning of an object.
func first(member string) func(string) string {
	return func(s string) string { return "{" + member + "," + strings.TrimPrefix(s, "{") }
}

// after changes the finished token.
func after(change func(string) string) func(forge) forge {
	return func(f forge) forge { f.after = change; return f }
}

// replaced writes a claim as the given JSON.
func replaced(name, value string) func(forge) forge {
	return func(f forge) forge {
		f.claims = maps.Clone(f.claims)
		f.claims[name] = json.RawMessage(value)
		if !json.Valid([]byte(value)) {
			panic("use text: " + value)
		}
		return f
	}
}
