package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/tenantry/tenantry/sandbox/journal"
	"github.com/tenantry/tenantry/sandbox/limit"
	"github.com/tenantry/tenantry/sandbox/world"
)

// maxCall bounds the body of a management call, in bytes.
const maxCall = 64 << 10

// managementCalls are the calls of the management API beside those of the
// journal:
//
//	/faults, /keys            see [fault.Set.Handler]
//	POST /reset               {"what": "world"} or a list of parts; all of them: "all"
//	GET  /limits              rules and how much of each is used
//	PUT  /limits              {"off": true}, or {"rules": {NAME: {"calls": 3, "per": "1m"}}} over those of the beginning
//	GET  /delays              {"consent": "1s", "credential": "1s"}
//	PUT  /delays              sets those that are given
//	PUT  /servicePrincipals   {"tenant": …, "app": …, "enabled": false}: an administrator disables an app, or enables it
func (s *Sandbox) managementCalls() map[string]http.Handler {
	faults := s.faults.Handler()
	return map[string]http.Handler{
		"/faults": faults, "/faults/": faults, "/keys": faults, "/keys/": faults,
		"POST /reset":            http.HandlerFunc(s.serveReset),
		"GET /limits":            http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { writeAnswer(w, s.viewLimits()) }),
		"PUT /limits":            http.HandlerFunc(s.serveLimits),
		"GET /delays":            http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { writeAnswer(w, s.viewDelays()) }),
		"PUT /delays":            http.HandlerFunc(s.serveDelays),
		"PUT /servicePrincipals": http.HandlerFunc(s.serveServicePrincipal),
	}
}

// readCall reads the body of a management call; when it cannot, it has
// answered.
func readCall(w http.ResponseWriter, r *http.Request, into any) bool {
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "application/json" {
		journal.Refuse(w, http.StatusUnsupportedMediaType, problem("Content-Type", "send JSON and say so; curl has --json for it", "is not application/json"))
		return false
	}
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxCall))
	dec.DisallowUnknownFields()
	err := dec.Decode(into)
	if err == nil {
		if _, err = dec.Token(); err == io.EOF {
			return true
		}
		err = errors.New("something follows the JSON value")
	}
	journal.Refuse(w, http.StatusBadRequest, problem("body", "see the documentation of the management API for its members", "%v", err))
	return false
}

func problem(field, remedy, format string, args ...any) journal.Problem {
	return journal.Problem{Field: field, Problem: fmt.Sprintf(format, args...), Remedy: remedy}
}

func writeAnswer(w http.ResponseWriter, v any) { journal.Answer(w, http.StatusOK, v) }

// oneOrMore is a text or a list of texts.
type oneOrMore []string

// UnmarshalJSON implements json.Unmarshaler.
func (o *oneOrMore) UnmarshalJSON(raw []byte) error {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		*o = oneOrMore{one}
		return nil
	}
	var more []string
	if json.Unmarshal(raw, &more) != nil {
		return errors.New("what is neither a text nor a list of texts")
	}
	*o = more
	return nil
}

func (s *Sandbox) serveReset(w http.ResponseWriter, r *http.Request) {
	var call struct {
		What oneOrMore `json:"what"`
	}
	if !readCall(w, r, &call) {
		return
	}
	var parts []Part
	for _, name := range call.What {
		if name == "all" {
			parts = append(parts, Parts()...)
			continue
		}
		parts = append(parts, Part(name))
	}
	if len(parts) == 0 {
		journal.Refuse(w, http.StatusBadRequest, problem("what", "use all, or one or more of "+partNames(), "is missing"))
		return
	}
	if err := s.Reset(parts...); err != nil {
		if wrong := (*ConfigError)(nil); errors.As(err, &wrong) && wrong.Field == "part" {
			journal.Refuse(w, http.StatusBadRequest, problem("what", "use all, or one or more of "+partNames(), "%q is no part of a sandbox", wrong.Value))
			return
		}
		journal.Refuse(w, http.StatusConflict, problem("what", "start the sandbox anew", "cannot be reset: %v", err))
		return
	}
	writeAnswer(w, map[string]any{"reset": parts})
}

// LimitsView is what the management API shows of the limits.
type LimitsView struct {
	Rules []LimitView   `json:"rules"`
	Usage []limit.Usage `json:"usage"` // of whoever called within a window
}

// LimitView is one limit, with its window as a text.
type LimitView struct {
	Name       string   `json:"name"`
	Service    string   `json:"service"`
	Operations []string `json:"operations,omitempty"`
	Calls      int      `json:"calls"`
	Per        string   `json:"per"`
	Source     string   `json:"source,omitempty"`
	Ours       bool     `json:"ours,omitempty"`
}

func (s *Sandbox) viewLimits() LimitsView {
	v := LimitsView{Rules: []LimitView{}, Usage: s.limits.Usage()}
	for _, r := range s.limits.Rules() {
		v.Rules = append(v.Rules, LimitView{r.Name, r.Service, r.Operations, r.Calls, r.Per.String(), r.Source, r.Ours})
	}
	if v.Usage == nil {
		v.Usage = []limit.Usage{}
	}
	return v
}

func (s *Sandbox) serveLimits(w http.ResponseWriter, r *http.Request) {
	var call struct {
		Off   bool `json:"off"`
		Rules map[string]struct {
			Off   bool   `json:"off"`
			Calls int    `json:"calls"`
			Per   string `json:"per"`
		} `json:"rules"`
	}
	if !readCall(w, r, &call) {
		return
	}
	if call.Off {
		s.limits.Set(nil)
		writeAnswer(w, s.viewLimits())
		return
	}
	changes := map[string]limit.Change{}
	for name, c := range call.Rules {
		per := time.Duration(0)
		if c.Per != "" {
			var err error
			if per, err = time.ParseDuration(c.Per); err != nil {
				journal.Refuse(w, http.StatusBadRequest, problem("rules."+name+".per", "use a duration such as 1m or 1h", "%q is no duration", c.Per))
				return
			}
		}
		changes[name] = limit.Change{Calls: c.Calls, Per: per, Off: c.Off}
	}
	base := s.rules
	if len(base) == 0 {
		base = limit.Published() // they were off from the beginning, and are wanted now
	}
	rules, err := limit.Adjust(base, changes)
	if err != nil {
		next := "GET /limits lists them"
		if n, ok := err.(interface{ Next() string }); ok {
			next = n.Next()
		}
		journal.Refuse(w, http.StatusBadRequest, problem("rules", next, "%v", err))
		return
	}
	s.limits.Set(rules)
	writeAnswer(w, s.viewLimits())
}

func (s *Sandbox) viewDelays() map[string]string {
	d := s.world.Delays()
	return map[string]string{"consent": d.Consent.String(), "credential": d.Credential.String()}
}

func (s *Sandbox) serveDelays(w http.ResponseWriter, r *http.Request) {
	var call struct {
		Consent    *string `json:"consent"`
		Credential *string `json:"credential"`
	}
	if !readCall(w, r, &call) {
		return
	}
	d := s.world.Delays()
	for _, part := range []struct {
		field string
		text  *string
		value *time.Duration
	}{{"consent", call.Consent, &d.Consent}, {"credential", call.Credential, &d.Credential}} {
		if part.text == nil {
			continue
		}
		v, err := time.ParseDuration(*part.text)
		if err != nil || v < 0 {
			journal.Refuse(w, http.StatusBadRequest, problem(part.field, "use a duration such as 0s, 1s or 2m", "%q is no duration", *part.text))
			return
		}
		*part.value = v
	}
	s.world.SetDelays(d)
	writeAnswer(w, s.viewDelays())
}

// serveServicePrincipal lets a customer's administrator disable an app in his
// tenant, or enable it: tokens are refused with AADSTS7000112 from then on.
func (s *Sandbox) serveServicePrincipal(w http.ResponseWriter, r *http.Request) {
	var call struct {
		Tenant  string `json:"tenant"`
		App     string `json:"app"`
		Enabled *bool  `json:"enabled"`
	}
	if !readCall(w, r, &call) {
		return
	}
	t, ok := s.world.Tenant(call.Tenant)
	switch {
	case !ok:
		journal.Refuse(w, http.StatusNotFound, problem("tenant", "name a tenant of the world by id or domain", "%q is not a tenant of the world", call.Tenant))
		return
	case call.Enabled == nil:
		journal.Refuse(w, http.StatusBadRequest, problem("enabled", "use true or false", "is missing"))
		return
	}
	what := "servicePrincipal.disabled"
	if *call.Enabled {
		what = "servicePrincipal.enabled"
	}
	sp, err := s.world.UpdateServicePrincipal(t.ID, s.appID(call.App), what, func(sp *world.ServicePrincipal) error {
		sp.Enabled = *call.Enabled
		return nil
	})
	if err != nil {
		journal.Refuse(w, http.StatusNotFound, problem("app", "name an app that the tenant consented to, by id or display name", "%q is not in tenant %s", call.App, t.ID))
		return
	}
	writeAnswer(w, map[string]any{"tenantId": sp.TenantID, "appId": sp.AppID, "enabled": sp.Enabled})
}

// appID finds an application by its display name; what is none stays.
func (s *Sandbox) appID(name string) string {
	for _, t := range s.world.Tenants() {
		for _, a := range s.world.Apps(t.ID) {
			if strings.EqualFold(a.DisplayName, name) {
				return a.AppID
			}
		}
	}
	return name
}
