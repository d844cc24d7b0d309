package access

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/tenantry/tenantry/defender"
	"github.com/tenantry/tenantry/entra"
	"github.com/tenantry/tenantry/fleet"
	"github.com/tenantry/tenantry/internal/cli/clierr"
	"github.com/tenantry/tenantry/internal/cli/factory"
	"github.com/tenantry/tenantry/internal/cli/iostreams"
)

// ForCommand signs in as the app and makes the opener of a command. surface is
// what --surface says; "auto" and "" choose by the roles that op needs.
func ForCommand(ctx context.Context, f *factory.Factory, surface string, op defender.Operation) (*Opener, error) {
	var s defender.Surface
	if surface != "auto" && surface != "" {
		var err error
		if s, err = defender.ParseSurface(surface); err != nil {
			return nil, clierr.Usage("use auto, graph or xdr", "--surface: %q is not a surface", surface).Because(err)
		}
	}
	cloud, err := f.Cloud()
	if err != nil {
		return nil, err
	}
	hc, err := f.HTTPClient()
	if err != nil {
		return nil, err
	}
	app, err := f.App(ctx)
	if err != nil {
		return nil, err
	}
	tokens, err := f.Tokens(ctx, app, factory.TokenOptions{})
	if err != nil {
		return nil, err
	}
	notices := &Notices{Streams: f.Streams, Now: f.Now}
	if known, err := f.Known(ctx); err == nil { // names make notices readable, no more
		notices.names(known)
	}
	return &Opener{
		Cloud: cloud, Tokens: tokens, HTTPClient: hc, Now: f.Now, UserAgent: f.UserAgent(),
		Surface: s, For: op, OnWait: notices.Wait, OnRetiring: notices.Retiring,
	}, nil
}

// Notices tells the person at the terminal, and a log what matters there, of
// what the libraries do meanwhile. It is safe for concurrent use.
type Notices struct {
	Streams *iostreams.Streams
	Now     func() time.Time

	mu    sync.Mutex
	label map[entra.TenantID]string
	told  map[string]bool
	waits map[entra.TenantID]time.Time // until when, as a log was told
}

func (n *Notices) names(tenants []fleet.Tenant) {
	n.label = map[entra.TenantID]string{}
	for _, t := range tenants {
		n.label[t.ID] = t.Label()
	}
}

// A pause that nobody wonders about: at a terminal, and in a log, where each
// line is read later and alarms somebody.
const (
	shortWait       = 2 * time.Second
	shortWaitLogged = 10 * time.Second
)

// Wait tells that a call of a tenant waits: on a terminal as progress, else, if
// it is for long, in one line for all calls of the tenant that wait meanwhile.
func (n *Notices) Wait(id entra.TenantID, w defender.Wait) {
	tell := n.Streams.Progressf
	if !n.Streams.ErrTTY {
		tell = n.Streams.Notef
	}
	if w.For < shortWait || !n.Streams.ErrTTY && !n.logged(id, w.For) {
		return
	}
	name := n.label[id]
	if name == "" {
		name = string(id)
	}
	why := map[defender.WaitReason]string{
		defender.WaitBudget:    "its calls of this window are spent",
		defender.WaitThrottled: "the service asks for a pause",
		defender.WaitRetry:     "the service failed and is asked again",
	}[w.Why]
	tell("%s: waiting %s to %s: %s", name, w.For.Round(time.Second), w.Operation, why)
}

// logged decides whether a log is told of a wait.
func (n *Notices) logged(id entra.TenantID, d time.Duration) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	now := n.Now()
	if d < shortWaitLogged || now.Before(n.waits[id]) {
		return false
	}
	if n.waits == nil {
		n.waits = map[entra.TenantID]time.Time{}
	}
	n.waits[id] = now.Add(d)
	return true
}

// Retiring tells, once per run and API, that an API which is called will end.
func (n *Notices) Retiring(r defender.Retirement) {
	key := fmt.Sprintf("%s %s %s", r.Surface, r.Method, r.Path)
	n.mu.Lock()
	first := !n.told[key]
	if n.told == nil {
		n.told = map[string]bool{}
	}
	n.told[key] = true
	n.mu.Unlock()
	if !first {
		return
	}
	ends := "ends on"
	if !r.Ends.After(n.Now()) {
		ends = "ended on"
	}
	n.Streams.Notef("notice: %s (%s %s) %s %s: %s\n  instead: %s\n  see: %s",
		r.What, r.Method, r.Path, ends, r.Ends.Format(time.DateOnly), r.Announcement, r.Successor, r.Source)
}
