package sandbox

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/tenantry/tenantry/sandbox/fault"
	"github.com/tenantry/tenantry/sandbox/graphapi"
	"github.com/tenantry/tenantry/sandbox/graphapi/graphwire"
	"github.com/tenantry/tenantry/sandbox/limit"
	"github.com/tenantry/tenantry/sandbox/mdeapi"
	"github.com/tenantry/tenantry/sandbox/sts"
	"github.com/tenantry/tenantry/sandbox/world"
	"github.com/tenantry/tenantry/sandbox/xdrapi"
)

func (s *Sandbox) newFaults(now func() time.Time) *fault.Set {
	return fault.New(fault.Config{
		Now: now, Journal: s.journal, Operations: Operations(), Keys: keyRing{s},
		Tenant: func(name string) (string, bool) {
			t, ok := s.world.Tenant(name)
			if !ok {
				return "", false
			}
			return t.ID, true
		},
	})
}

// Operations are the names of what each service does, as the journal, the
// limits and the scopes of faults have them.
func Operations() map[string][]string {
	return map[string][]string{
		fault.ServiceSTS: sts.Operations(), fault.ServiceGraph: graphapi.Operations(),
		fault.ServiceXDR: xdrapi.XDROperations(), fault.ServiceMDE: mdeapi.Operations(),
	}
}

// WorldOptions let world.LoadFile and world.ParseFile judge what a world file
// says of faults and limits, with the line of each problem. Without them it is
// judged by [New].
func WorldOptions() []world.FileOption {
	var names []string
	for _, r := range limit.Published() {
		names = append(names, r.Name)
	}
	return []world.FileOption{
		world.KnownLimits(names...),
		world.CheckFaults(func(raw json.RawMessage) error {
			spec, err := fault.Parse(raw)
			if err == nil {
				err = spec.Check(Operations())
			}
			return err
		}),
	}
}

// setFaults sets what is to be wrong from the beginning: what the world file
// names, then what the Config does.
func (s *Sandbox) setFaults() error {
	for i, raw := range s.world.Settings().Faults {
		spec, err := fault.Parse(raw)
		if err == nil {
			_, err = s.faults.Add(spec)
		}
		if err != nil {
			return faultError(fmt.Sprintf("World: faults[%d]", i), string(raw), err)
		}
	}
	for i, spec := range s.cfg.Faults {
		if _, err := s.faults.Add(spec); err != nil {
			return faultError(fmt.Sprintf("Faults[%d]", i), string(spec.Kind), err)
		}
	}
	return nil
}

// faultError says what is wrong with a fault of the beginning, without saying
// twice that it cannot be set.
func faultError(field, value string, err error) error {
	e := &ConfigError{Field: field, Value: value, Problem: "cannot be set", Remedy: "set fewer", Err: err}
	if wrong := (*fault.SpecError)(nil); errors.As(err, &wrong) {
		var problems []string
		for _, p := range wrong.Problems {
			problems = append(problems, p.Field+" "+p.Problem)
		}
		e.Problem, e.Remedy, e.Err = "cannot be set: "+strings.Join(problems, "; "), wrong.Next(), nil
	}
	return e
}

// keyRing reaches the keys through the sandbox: they need the clock, which
// needs the faults, so they come later.
type keyRing struct{ s *Sandbox }

func (k keyRing) Rotate() error                       { return k.s.keys.Rotate() }
func (k keyRing) KeyIDs() (before, now, later string) { return k.s.keys.KeyIDs() }

// describe tells faults what a request to an API is.
func (s *Sandbox) describe(service string, operation func(method, path string) string) func(*http.Request) fault.Request {
	return func(r *http.Request) fault.Request {
		q := fault.Request{Service: service, Operation: operation(r.Method, r.URL.Path)}
		// Tenants of the world only: what is counted by tenant stays bounded.
		if t, ok := s.world.Tenant(claimedTenant(r)); ok {
			q.Tenant = t.ID
		}
		if id := r.Header.Get("client-request-id"); world.IsGUID(id) {
			q.Correlation = id
		}
		return q
	}
}

// claimedTenant is the tenant that a request's token says it is of. Nobody has
// verified the token yet: a fault that strikes the wrong tenant's forged
// request does no harm.
func claimedTenant(r *http.Request) string {
	raw, _ := graphwire.Bearer(r)
	parts := strings.Split(raw, ".")
	if len(parts) != 3 {
		return ""
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return ""
	}
	var claims struct {
		Tenant string `json:"tid"`
	}
	if json.Unmarshal(text, &claims) != nil {
		return ""
	}
	return claims.Tenant
}
