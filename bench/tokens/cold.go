package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/tenantry/tenantry/bench/internal/table"
)

const (
	coldTenants = 200
	callers     = 64
	coldLatency = 50 // ms, before every answer
)

// cold measures a daemon's start, many callers and many tenants, and a herd:
// many callers and one tenant. Connections are open before the clock starts.
func (b *bench) cold() error {
	wall, sent := map[string]table.Series{}, map[string]counters{}
	herd := map[string]int64{}
	for run := range b.repeats {
		for _, m := range b.makers() {
			if m.name == azid && run > 0 {
				continue // takes 20 s and does not vary
			}
			took, c, err := b.coldFleet(m)
			if err != nil {
				return fmt.Errorf("%s: %w", m.name, err)
			}
			wall[m.name], sent[m.name] = append(wall[m.name], took.Seconds()), c
			n, err := b.herd(m)
			if err != nil {
				return fmt.Errorf("%s: %w", m.name, err)
			}
			herd[m.name] = max(herd[m.name], n)
		}
	}
	figure := func(name string) string {
		return fmt.Sprintf("%s, %d requests", wall[name].Show(table.Seconds), sent[name].Token+sent[name].Discovery)
	}
	b.table.Add(fmt.Sprintf("%d cold tenants, %d callers, %d ms server", coldTenants, callers, coldLatency), "≤ 260 ms (ideal 200)", figure(ours),
		[]string{msal + " " + figure(msal), azid + " " + figure(azid)}, wall[ours].Median() <= 0.260)
	b.table.Add(fmt.Sprintf("%d callers, one cold tenant", callers), "1 token request", fmt.Sprint(herd[ours]),
		[]string{fmt.Sprintf("%s %d", msal, herd[msal]), fmt.Sprintf("%s %d", azid, herd[azid])}, herd[ours] == 1)
	b.table.Note("Cold tenants: MSAL Go and azidentity ask for each tenant's discovery document too, which the server delays like everything else; azidentity was run once (it holds one lock over the network).")
	return nil
}

// coldFleet has callers ask for a token of each tenant, taking the next
// tenant when one is done.
func (b *bench) coldFleet(m maker) (time.Duration, counters, error) {
	hc := b.rig.client(callers)
	defer hc.CloseIdleConnections()
	if err := b.rig.warm(hc, callers); err != nil {
		return 0, counters{}, err
	}
	c, err := m.make(hc)
	if err != nil {
		return 0, counters{}, err
	}
	if err := b.rig.set(settings{LatencyMS: coldLatency}); err != nil {
		return 0, counters{}, err
	}
	began := time.Now()
	err = table.Each(coldTenants, callers, func(i int) error {
		_, err := c.token(b.ctx, tenantID(i))
		return err
	})
	took := time.Since(began)
	if err != nil {
		return 0, counters{}, err
	}
	sent, err := b.rig.counters()
	return took, sent, err
}

// herd lets all callers ask for one cold tenant at once and returns how many
// token requests the server saw.
func (b *bench) herd(m maker) (int64, error) {
	hc := b.rig.client(callers)
	defer hc.CloseIdleConnections()
	if err := b.rig.warm(hc, callers); err != nil {
		return 0, err
	}
	c, err := m.make(hc)
	if err != nil {
		return 0, err
	}
	if err := b.rig.set(settings{LatencyMS: coldLatency}); err != nil {
		return 0, err
	}
	got := make([]string, callers)
	err = table.Each(callers, callers, func(i int) (err error) {
		got[i], err = c.token(b.ctx, tenantID(0))
		return err
	})
	if err != nil {
		return 0, err
	}
	if slices.Contains(got, "") {
		return 0, fmt.Errorf("a caller got no token")
	}
	sent, err := b.rig.counters()
	return sent.Token, err
}
