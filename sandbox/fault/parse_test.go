package fault

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func ptr[T any](v T) *T { return &v }

func TestParse(t *testing.T) {
	for _, c := range []struct {
		in   string
		want Spec
	}{
		{`{"kind":"hang"}`, Spec{Kind: Hang}},
		{` {"kind":"slow","delay":"500ms","delayMax":"2s","tenant":"contoso.example","operations":["token"],"probability":0.25,"seed":18446744073709551615,"count":3,"for":"10m"} `, Spec{
			Kind: Slow, Delay: Duration(500 * time.Millisecond), DelayMax: Duration(2 * time.Second),
			Scope: Scope{Tenant: "contoso.example", Operations: []string{"token"}, Probability: .25, Seed: 1<<64 - 1, Count: 3, For: Duration(10 * time.Minute)},
		}},
		{`{"kind":"truncate","bytes":0}`, Spec{Kind: Truncate, Bytes: ptr(0)}},
		{`{"kind":"clock","offset":"-1h"}`, Spec{Kind: Clock, Offset: Duration(-time.Hour)}},
	} {
		got, err := Parse([]byte(c.in))
		if err != nil || !cmp.Equal(got, c.want) {
			t.Errorf("%s: %v\n%s", c.in, err, cmp.Diff(c.want, got))
		}
		// What is listed can be set again.
		again, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		if got, err = Parse(again); err != nil || !cmp.Equal(got, c.want) {
			t.Errorf("%s does not survive: %v", again, err)
		}
	}
}

// fields are the fields that an error names, in order.
func fields(err error) []string {
	var e *SpecError
	if !errors.As(err, &e) {
		return nil
	}
	var all []string
	for _, p := range e.Problems {
		if p.Problem == "" || p.Remedy == "" {
			all = append(all, p.Field+" unexplained")
			continue
		}
		all = append(all, p.Field)
	}
	return all
}

func TestParseRefuses(t *testing.T) {
	for _, c := range []struct {
		in     string
		fields []string
	}{
		{``, []string{"body"}},
		{`[]`, []string{"body"}},
		{`null`, []string{"body"}},
		{`"hang"`, []string{"body"}},
		{`{"kind":"hang"`, []string{"body"}},
		{`{"kind":"hang"} {}`, []string{"body"}},
		{`{"kind":"hang",}`, []string{"body"}},
		{`{"kind":"hang","kind":"reset"}`, []string{"kind"}},
		{`{"Kind":"hang"}`, []string{"Kind"}},
		{`{"kind":"hang","probabilty":1,"tenants":[]}`, []string{"probabilty", "tenants"}},
		{`{"kind":7}`, []string{"kind"}},
		{`{"kind":null}`, []string{"kind"}},
		{`{"kind":"slow","delay":5}`, []string{"delay"}},
		{`{"kind":"slow","delay":"5"}`, []string{"delay"}},
		{`{"kind":"slow","delay":"fast"}`, []string{"delay"}},
		{`{"kind":"hang","operations":"token"}`, []string{"operations"}},
		{`{"kind":"hang","probability":"0.5","count":1.5,"seed":-1}`, []string{"probability", "count", "seed"}},
		{`{"kind":"hang","probability":1e999}`, []string{"probability"}},
		{`{"kind":"truncate","bytes":"1"}`, []string{"bytes"}},
	} {
		if spec, err := Parse([]byte(c.in)); !slices.Equal(fields(err), c.fields) {
			t.Errorf("%s: %+v, %v", c.in, spec, err)
		}
	}
}

func TestAddRefuses(t *testing.T) {
	known := map[string]string{"a.example": "a", "a": "a", "b": "b"}
	s := New(Config{Operations: map[string][]string{ServiceSTS: {"keys", "token"}, ServiceGraph: {"alerts.list", "incidents.get", "incidents.list"}, ServiceXDR: {"incidents.get", "incidents.list"}}, Tenant: func(n string) (string, bool) { id, ok := known[n]; return id, ok }})
	for _, c := range []struct {
		name   string
		spec   Spec
		fields []string
	}{
		{"no kind", Spec{}, []string{"kind"}},
		{"unknown kind", Spec{Kind: "explode"}, []string{"kind"}},
		{"unknown tenant", Spec{Kind: Hang, Scope: Scope{Tenant: "nobody"}}, []string{"tenant"}},
		{"unknown operation", Spec{Kind: Hang, Scope: Scope{Operations: []string{"token", "tokens"}}}, []string{"operations"}},
		{"probability", Spec{Kind: Hang, Scope: Scope{Probability: 1.5, Count: -1, For: -1}}, []string{"probability", "count", "for"}},
		{"far too long", Spec{Kind: Hang, Scope: Scope{For: Duration(1 << 62)}}, []string{"for"}},
		{"no delay", Spec{Kind: Slow}, []string{"delay"}},
		{"range the wrong way", Spec{Kind: Slow, Delay: 2, DelayMax: 1}, []string{"delayMax"}},
		{"negative delay", Spec{Kind: Slow, Delay: -1}, []string{"delay"}},
		{"status of a client's fault", Spec{Kind: Fail, Status: 404}, []string{"status"}},
		{"status 501", Spec{Kind: Fail, Status: 501, Body: "xml"}, []string{"status", "body"}},
		{"half a second", Spec{Kind: Fail, RetryAfter: Duration(time.Second / 2)}, []string{"retryAfter"}},
		{"form of Retry-After", Spec{Kind: Throttle, RetryAfterAs: "epoch"}, []string{"retryAfterAs"}},
		{"requests without window", Spec{Kind: Throttle, Requests: 3}, []string{"window"}},
		{"window without requests", Spec{Kind: Throttle, Window: 3}, []string{"window"}},
		{"portal redirects", Spec{Kind: Portal, Status: 302}, []string{"status"}},
		{"negative bytes", Spec{Kind: Truncate, Bytes: ptr(-1)}, []string{"bytes"}},
		{"own tenant", Spec{Kind: WrongTenant, Scope: Scope{Tenant: "a"}, OtherTenant: "a.example"}, []string{"otherTenant"}},
		{"token faults have no operation", Spec{Kind: WrongTenant, Scope: Scope{Operations: []string{"token"}}}, []string{"operations"}},
		{"no refresh", Spec{Kind: RefreshIn}, []string{"refreshIn"}},
		{"no offset", Spec{Kind: Clock}, []string{"offset"}},
		{"offset of a century", Spec{Kind: Clock, Offset: Duration(100 * 365 * 24 * time.Hour)}, []string{"offset"}},
		{"clock of a tenant", Spec{Kind: Clock, Offset: 1, Scope: Scope{Tenant: "a", Count: 1, Seed: 1}}, []string{"tenant", "seed", "count"}},
		{"what belongs to others", Spec{Kind: Reset, Delay: 1, Status: 500, Audience: "x", Bytes: ptr(1)}, []string{"delay", "status", "bytes", "audience"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if f, err := s.Add(c.spec); !slices.Equal(fields(err), c.fields) {
				t.Errorf("%+v, %v", f, err)
			}
		})
	}
	if n := len(s.List()); n != 0 {
		t.Errorf("%d faults were set", n)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		`{"kind":"hang"}`, `{"kind":"slow","delay":"1s","delayMax":"2s"}`, `{"kind":"throttle","requests":3,"window":"1m","retryAfterAs":"date"}`,
		`{"kind":"truncate","bytes":1}`, `{"kind":"clock","offset":"-1h"}`, `{"kind":"hang","kind":"hang"}`, `{"x":{"y":[1,{}]}}`, "[]", "\xff", `{"probability":1e-400}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		spec, err := Parse(raw)
		if err != nil {
			if len(fields(err)) == 0 {
				t.Errorf("untyped error %v", err)
			}
			return
		}
		s := New(Config{})
		set, err := s.Add(spec)
		if err != nil {
			if len(fields(err)) == 0 {
				t.Errorf("untyped error %v", err)
			}
			return
		}
		listed, err := json.Marshal(set.Spec)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := Parse(listed); err != nil || !cmp.Equal(again, set.Spec) {
			t.Errorf("%s does not survive: %v\n%s", listed, err, cmp.Diff(set.Spec, again))
		}
		if p := s.Plan(Request{Operation: "token"}); p != nil && len(p.acts) != 1 {
			t.Errorf("one fault acts %d times", len(p.acts))
		}
	})
}
