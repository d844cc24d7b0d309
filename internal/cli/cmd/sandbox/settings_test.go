package sandbox

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/internal/cli/clierr"
	"github.com/tenantry/tenantry/sandbox/fault"
)

func TestParseFault(t *testing.T) {
	slow := fault.Spec{
		Kind: fault.Slow, Delay: fault.Duration(2 * time.Second),
		Scope: fault.Scope{Tenant: "contoso.example", Services: []string{"graph", "xdr"}, Operations: []string{"incidents.list", "incidents.get"}, Probability: .5, Count: 3},
	}
	for _, text := range []string{
		"kind=slow,delay=2s,tenant=contoso.example,services=graph,xdr,operations=incidents.list,incidents.get,probability=0.5,count=3",
		"slow,delay=2s,tenant=contoso.example,services=graph,xdr,operations=incidents.list,incidents.get,probability=0.5,count=3",
		"delay=2s,kind=slow,tenant=contoso.example,services=graph,xdr,operations=incidents.list,incidents.get,probability=0.5,count=3",
		` {"kind":"slow","delay":"2s","tenant":"contoso.example","services":["graph","xdr"],"operations":["incidents.list","incidents.get"],"probability":0.5,"count":3}`,
	} {
		got, err := parseFault(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if d := cmp.Diff(slow, got); d != "" {
			t.Errorf("%s: %s", text, d)
		}
	}
	for _, text := range []string{
		"", ",", "=", "delay=2s", "slow,2s", "kind=slow,kind=hang", "slow,delay=2s,delay=3s", "slow,delay", "slow,dealy=2s", "hang,count=many", "hang,count=[1]", `{"kind":"slow"`, `{"kind":"slow","kind":"hang"}`, "slow,delay=soon",
	} {
		spec, err := parseFault(text)
		var usage *clierr.Error
		if !errors.As(err, &usage) || usage.Code != clierr.CodeUsage || usage.Next == "" {
			t.Errorf("%q: %+v, %v", text, spec, err)
		}
	}
}

func FuzzParseFault(f *testing.F) {
	for _, s := range []string{"slow,delay=2s", "kind=hang,operations=token,keys", `{"kind":"hang"}`, ",,=", "a=b,c", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		spec, err := parseFault(text)
		if err != nil {
			if usage := (*clierr.Error)(nil); !errors.As(err, &usage) || usage.Code != clierr.CodeUsage {
				t.Errorf("%q: untyped error %v", text, err)
			}
			return
		}
		// What is wrong with it beyond its form is for Check to say, typed.
		if err := spec.Check(nil); err != nil {
			if wrong := (*fault.SpecError)(nil); !errors.As(err, &wrong) || wrong.Next() == "" {
				t.Errorf("%q: untyped error %v", text, err)
			}
		}
	})
}
