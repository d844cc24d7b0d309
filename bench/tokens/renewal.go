package main

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/tenantry/tenantry/bench/internal/table"
)

const (
	renewTenants = 20
	renewCallers = 8 // of each tenant, at once
	renewLatency = 300
)

// renewal measures how long callers wait once refresh_in has passed and the
// token is still good for most of an hour.
func (b *bench) renewal() error {
	figures := map[string]string{}
	var slowest time.Duration
	renewed := false
	for _, m := range b.makers() {
		refreshIn := 1
		var ahead atomic.Int64 // of the clock, for the library whose clock can be set
		if m.name == ours {
			refreshIn = 600
		}
		if err := b.rig.set(settings{RefreshIn: refreshIn}); err != nil {
			return err
		}
		hc := b.rig.client(callers)
		var c client
		var err error
		if m.name == ours {
			_, c, err = b.newOurs(hc, func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) })
		} else {
			c, err = m.make(hc)
		}
		if err != nil {
			return err
		}
		ask := func(waits []time.Duration) error {
			return table.Each(len(waits), renewCallers*renewTenants, func(i int) error {
				began := time.Now()
				_, err := c.token(b.ctx, tenantID(i/renewCallers))
				waits[i] = time.Since(began)
				return err
			})
		}
		waits := make([]time.Duration, renewTenants*renewCallers)
		// Twice, since a token that nobody used need not be renewed.
		if err := ask(waits); err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
		if err := ask(waits); err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
		if m.name == ours {
			ahead.Store(int64(20 * time.Minute))
		} else {
			time.Sleep(1100 * time.Millisecond)
		}
		if err := b.rig.set(settings{LatencyMS: renewLatency, RefreshIn: 3000}); err != nil {
			return err
		}
		if err := ask(waits); err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
		// The figure means something only if tokens are renewed after all.
		sent, err := b.rig.counters()
		for until := time.Now().Add(5 * time.Second); err == nil && sent.Token < renewTenants && time.Now().Before(until); {
			time.Sleep(50 * time.Millisecond)
			sent, err = b.rig.counters()
		}
		if err != nil {
			return err
		}
		slow := 0
		for _, w := range waits {
			if w >= renewLatency*time.Millisecond/10 {
				slow++
			}
		}
		figures[m.name] = fmt.Sprintf("slowest %s, %d of %d waited, %d renewals", table.Seconds(table.Quantile(waits, 1).Seconds()), slow, len(waits), sent.Token)
		if m.name == ours {
			slowest, renewed = table.Quantile(waits, 1), sent.Token >= renewTenants
		}
		hc.CloseIdleConnections()
	}
	b.table.Add(fmt.Sprintf("renewal due, %d ms server", renewLatency), "no caller waits", figures[ours],
		[]string{msal + " " + figures[msal], azid + " " + figures[azid]}, renewed && slowest < renewLatency*time.Millisecond/10)
	b.table.Note("Renewal: refresh_in has passed and the token is valid; %d tenants, %d callers each, all at once. A caller waited if it took a tenth of the server's time or more. Our clock is set 20 minutes ahead; the others' cannot be, so they get refresh_in 1 and a pause.", renewTenants, renewCallers)
	return nil
}
