package world

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// maxDelay bounds the delays of a world file: whoever waits longer waits for a
// mistake.
const maxDelay = time.Hour

// sandbox checks what the file says of the sandbox around the world.
func (p *planner) sandbox() {
	f := p.f
	if f.Delays != nil {
		p.delay("delays.consent", f.Delays.Consent)
		p.delay("delays.credential", f.Delays.Credential)
	}
	if f.Limits != nil {
		p.limits(f.Limits)
	}
	for i, raw := range f.Faults {
		p.fault(fmt.Sprintf("faults[%d]", i), raw)
	}
	if !(f.Rate >= 0 && f.Rate <= MaxRate) {
		p.problem("rate", strconv.FormatFloat(f.Rate, 'g', -1, 64)+" is not a number of events per minute", fmt.Sprintf("write a number from 0 to %d", MaxRate))
	}
}

func (p *planner) delay(field string, t time.Duration) {
	if t < 0 || t > maxDelay {
		p.problem(field, fmt.Sprintf("%s is not a delay", t), fmt.Sprintf("write one from 0s to %s", maxDelay))
	}
}

func (p *planner) limits(l *LimitsSpec) {
	seen := map[string]bool{}
	for _, r := range l.Rules {
		at := "limits." + r.Name
		if len(p.f.limitNames) > 0 && !slices.Contains(p.f.limitNames, r.Name) {
			p.problem(at, "no limit is called "+strconv.Quote(r.Name), suggest(r.Name, p.f.limitNames))
		}
		if seen[r.Name] {
			p.problem(at, fmt.Sprintf("limit %q is set twice", r.Name), "keep one of them")
		}
		seen[r.Name] = true
		if r.Calls < 1 {
			p.problem(at+".calls", fmt.Sprintf("%d is not a number of calls", r.Calls), "write 1 or more, or limits: off")
		}
		if r.Per <= 0 || r.Per > 24*time.Hour {
			p.problem(at+".per", fmt.Sprintf("%s is not the time of a limit", r.Per), "write one up to 24h, such as 1m")
		}
	}
	if l.Off && len(l.Rules) > 0 {
		p.problem("limits", "limits are off and set at once", "keep one of them")
	}
}

func (p *planner) fault(at string, raw json.RawMessage) {
	var object map[string]json.RawMessage
	if json.Unmarshal(raw, &object) != nil || object == nil {
		p.problem(at, "must be a JSON object", `write one such as {"kind": "slow", "delay": "2s"}`)
		return
	}
	if p.f.checkFault == nil {
		if _, ok := object["kind"]; !ok {
			p.problem(at, "the fault has no kind", "write one such as kind: slow")
		}
		return
	}
	if err := p.f.checkFault(slices.Clone(raw)); err != nil {
		p.problem(at, err.Error(), "the kinds of faults and what each takes are listed by: tenantry sandbox faults --help")
	}
}
