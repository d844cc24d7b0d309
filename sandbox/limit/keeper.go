package limit

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"time"
)

// Config is what a keeper enforces.
type Config struct {
	// Rules are the limits, nil none. Rules that cannot be enforced (see
	// [Rule.Validate]) are left out; [Adjust] never makes one.
	Rules []Rule
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// maxWindows bounds how many windows a keeper remembers, idle ones not
// counted. Beyond it those that were used longest ago are forgotten, which
// allows their callers more than they should have. The bound is ours: 1,000
// tenants with every call of every service in use stay below it.
const maxWindows = 100_000

// Keeper counts calls. It is safe for concurrent use. A nil Keeper limits
// nothing.
//
// Its memory follows the calls of the last hour (the longest window): 8 bytes
// for each call and rule.
type Keeper struct {
	mu      sync.Mutex
	now     func() time.Time
	rules   []Rule
	match   map[call][]int // indices of the rules that cover a call
	windows map[key]*window
	sweepAt int // how many windows make a sweep worth its while
}

type call struct{ service, operation string }

type key struct {
	rule        int
	tenant, app string
}

// New returns a keeper with empty windows.
func New(c Config) *Keeper {
	k := &Keeper{now: c.Now}
	if k.now == nil {
		k.now = time.Now
	}
	k.set(c.Rules)
	return k
}

// Rules returns the limits in force, in the order they were given. It is nil
// of a nil Keeper.
func (k *Keeper) Rules() []Rule {
	if k == nil {
		return nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.rules)
}

// Set replaces the limits and forgets what was counted; nil limits nothing any
// more. On a nil Keeper it does nothing.
func (k *Keeper) Set(rules []Rule) {
	if k == nil {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.set(rules)
}

func (k *Keeper) set(rules []Rule) {
	k.rules = nil
	for _, r := range rules {
		if r.Validate() == nil {
			r.Operations = slices.Clone(r.Operations)
			k.rules = append(k.rules, r)
		}
	}
	k.reset()
}

// Reset forgets what was counted: every window is empty.
func (k *Keeper) Reset() {
	if k == nil {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.reset()
}

func (k *Keeper) reset() {
	k.match, k.windows, k.sweepAt = map[call][]int{}, map[key]*window{}, 1024
}

// maxMatches bounds the memory of which rules cover which call; the services
// name a few dozen operations.
const maxMatches = 1024

// rulesOf returns the indices of the rules that cover a call.
func (k *Keeper) rulesOf(c call) []int {
	found, ok := k.match[c]
	if !ok {
		for i, r := range k.rules {
			if r.Covers(c.service, c.operation) {
				found = append(found, i)
			}
		}
		if len(k.match) < maxMatches {
			k.match[c] = found
		}
	}
	return found
}

// Take counts a call of an application in a tenant, unless one of the rules
// that cover it has no room: then it says so, and the call is counted by none
// (that refused calls do not prolong the wait is ours; Microsoft's pages do
// not say). Ids are compared without case.
//
// The window is exact: a call made at t counts until just before t+Per.
func (k *Keeper) Take(service, operation, tenantID, appID string) (Refusal, bool) {
	if k == nil {
		return Refusal{}, false
	}
	tenantID, appID = strings.ToLower(tenantID), strings.ToLower(appID)
	k.mu.Lock()
	defer k.mu.Unlock()
	rules := k.rulesOf(call{service, operation})
	if len(rules) == 0 {
		return Refusal{}, false
	}
	at := k.now() // under the lock, so that windows see calls in order
	now := at.UnixNano()
	k.makeRoom(rules, tenantID, appID)
	var worst Refusal
	refused := false
	var open [8]*window
	windows := open[:0]
	for _, i := range rules {
		rule := &k.rules[i]
		w := k.window(key{i, tenantID, appID})
		used := w.advance(now, rule.Per)
		windows = append(windows, w)
		if used < rule.Calls {
			continue
		}
		// Room comes when the oldest call leaves, for used never exceeds Calls.
		wait := time.Duration(w.oldest() + int64(rule.Per) - now)
		if !refused || wait > worst.RetryAfter {
			worst, refused = Refusal{Rule: *rule, RetryAfter: wait, Used: used, At: at}, true
		}
	}
	if refused {
		return worst, true
	}
	for _, w := range windows {
		w.add(now)
	}
	return Refusal{}, false
}

// makeRoom sweeps when a call needs new windows and there are many. All of them
// are made after it, for a sweep would take one that has no call in it yet.
func (k *Keeper) makeRoom(rules []int, tenantID, appID string) {
	if len(k.windows)+len(rules) <= k.sweepAt {
		return
	}
	fresh := 0
	for _, i := range rules {
		if _, ok := k.windows[key{i, tenantID, appID}]; !ok {
			fresh++
		}
	}
	if fresh > 0 && len(k.windows)+fresh > k.sweepAt {
		k.sweep(fresh)
	}
}

// window returns the window of a key, a new one if need be.
func (k *Keeper) window(id key) *window {
	if w, ok := k.windows[id]; ok {
		return w
	}
	w := &window{}
	k.windows[id] = w
	return w
}

// sweep drops windows without a call in them and then, when there are still
// too many to make fresh ones, those used longest ago. It runs each time the
// number of windows has doubled, so that its cost is spread over the calls that
// made them.
func (k *Keeper) sweep(fresh int) {
	now := k.now().UnixNano()
	for id, w := range k.windows {
		if w.advance(now, k.rules[id.rule].Per) == 0 {
			delete(k.windows, id)
		}
	}
	if len(k.windows)+fresh > maxWindows {
		ids := make([]key, 0, len(k.windows))
		for id := range k.windows {
			ids = append(ids, id)
		}
		slices.SortFunc(ids, func(a, b key) int { return cmp.Compare(k.windows[a].newest(), k.windows[b].newest()) })
		for _, id := range ids[:len(ids)/4] {
			delete(k.windows, id)
		}
	}
	k.sweepAt = min(max(1024, 2*len(k.windows)), maxWindows)
}

// Usage is how full a window is.
type Usage struct {
	Rule     string `json:"rule"`
	TenantID string `json:"tenantId"`
	AppID    string `json:"appId"`
	Used     int    `json:"used"`  // calls in the window now
	Calls    int    `json:"calls"` // what it holds
}

// Usage lists the windows that hold a call now, by rule, tenant and
// application.
func (k *Keeper) Usage() []Usage {
	if k == nil {
		return nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.now().UnixNano()
	type found struct {
		rule int
		Usage
	}
	var all []found
	for id, w := range k.windows {
		if used := w.advance(now, k.rules[id.rule].Per); used > 0 {
			r := k.rules[id.rule]
			all = append(all, found{id.rule, Usage{Rule: r.Name, TenantID: id.tenant, AppID: id.app, Used: used, Calls: r.Calls}})
		}
	}
	slices.SortFunc(all, func(a, b found) int {
		return cmp.Or(cmp.Compare(a.rule, b.rule), strings.Compare(a.TenantID, b.TenantID), strings.Compare(a.AppID, b.AppID))
	})
	out := make([]Usage, len(all))
	for i, u := range all {
		out[i] = u.Usage
	}
	return out
}
