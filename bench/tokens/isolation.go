package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/tenantry/tenantry/bench/internal/table"
)

const (
	hungTenant = 0 // its requests are not answered
	// hangFor bounds the hang, so that a library that makes everybody wait for
	// it can be measured at all.
	hangFor     = 3 * time.Second
	isolation99 = 1.10 // p99 with the hang over p99 without
)

// isolation measures what the callers of other tenants notice when 64 callers
// wait for a tenant whose token service does not answer: those whose tenants
// are cold, and those whose tokens are cached.
func (b *bench) isolation() error {
	type figures struct{ coldWithout, coldWith, hitWithout, hitWith table.Series }
	all := map[string]*figures{}
	for _, m := range b.makers() {
		f := &figures{}
		all[m.name] = f
		// Cold tenants in a window, and cached look-ups timed together: a
		// single one of ours is below what the clock can tell. A batch is short
		// beside the time slice of a processor, or the p99 would be the system's.
		repeats, window, batch, samples := 2*b.repeats-1, 800, 100, 250_000
		switch m.name {
		case msal:
			repeats, batch, samples = min(3, b.repeats), 10, 2000
		case azid:
			repeats, window, batch, samples = 1, 80, 1, 2000
		}
		hc := b.rig.client(2 * callers)
		if err := b.rig.warm(hc, callers+20); err != nil {
			return err
		}
		c, err := m.make(hc)
		if err != nil {
			return err
		}
		const cached = 100
		if err := b.rig.set(settings{}); err != nil {
			return err
		}
		if err := table.Each(cached, 16, func(i int) error { _, err := c.token(b.ctx, tenantID(1+i)); return err }); err != nil {
			return err
		}
		next := 1 + cached // the first tenant never asked for
		for run := range repeats {
			for _, hang := range []bool{run%2 == 1, run%2 == 0} { // with and without take turns in being first
				var cold time.Duration
				var hit float64
				err := b.whileHanging(c, hang, func(done <-chan struct{}) (err error) {
					hit, err = b.hitsUntil(c, cached, batch, samples, done)
					return err
				})
				if err == nil {
					from := next
					next += window
					err = b.whileHanging(c, hang, func(<-chan struct{}) (err error) {
						cold, err = b.coldWindow(c, from, window)
						return err
					})
				}
				if err != nil {
					return fmt.Errorf("%s: %w", m.name, err)
				}
				if hang {
					f.coldWith, f.hitWith = append(f.coldWith, cold.Seconds()), append(f.hitWith, hit)
				} else {
					f.coldWithout, f.hitWithout = append(f.coldWithout, cold.Seconds()), append(f.hitWithout, hit)
				}
			}
		}
		hc.CloseIdleConnections()
	}
	row := func(work string, without, with func(*figures) table.Series) {
		figure := func(name string) string {
			w, h := without(all[name]), with(all[name])
			return fmt.Sprintf("%s → %s, %s", table.Seconds(w.Median()), table.Seconds(h.Median()), table.Times(h.Median()/w.Median()))
		}
		b.table.Add(work, fmt.Sprintf("p99 ≤ %.2f ×", isolation99), figure(ours),
			[]string{msal + " " + figure(msal), azid + " " + figure(azid)}, with(all[ours]).Median()/without(all[ours]).Median() <= isolation99)
	}
	row("one tenant hangs: others, cold, 20 ms server (p99)", func(f *figures) table.Series { return f.coldWithout }, func(f *figures) table.Series { return f.coldWith })
	row("one tenant hangs: others, cached (p99)", func(f *figures) table.Series { return f.hitWithout }, func(f *figures) table.Series { return f.hitWith })
	b.table.Note("Hang: %d callers wait for the tenant that hangs, for at most %s; 16 callers ask for other tenants. Without → with: medians of the p99 of %d windows of 800 cold tenants each (MSAL Go 3, azidentity 1 of 80), and their ratio. Cached look-ups are timed by the hundred (MSAL Go by ten, azidentity singly).", callers, hangFor, 2*b.repeats-1)
	return nil
}

// whileHanging runs f with or without callers of a tenant that hangs; done
// closes when the hang is over.
func (b *bench) whileHanging(c client, hang bool, f func(done <-chan struct{}) error) error {
	s := settings{LatencyMS: 20}
	if !hang {
		if err := b.rig.set(s); err != nil {
			return err
		}
		return f(make(chan struct{}))
	}
	s.Hang = tenantID(hungTenant)
	if err := b.rig.set(s); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(b.ctx)
	var waiting sync.WaitGroup
	for range callers {
		waiting.Go(func() {
			// Fails when the window is over, and is meant to.
			_, _ = c.token(ctx, s.Hang)
		})
	}
	time.Sleep(100 * time.Millisecond) // until the callers wait
	done := make(chan struct{})
	var once sync.Once
	var released error
	release := func() {
		once.Do(func() {
			cancel()
			close(done)
			released = b.rig.set(settings{LatencyMS: s.LatencyMS})
		})
	}
	timer := time.AfterFunc(hangFor-100*time.Millisecond, release)
	err := f(done)
	timer.Stop()
	release()
	waiting.Wait()
	if err != nil {
		return err
	}
	return released
}

// coldWindow has 16 callers ask for n tenants nobody asked for before, and
// returns the p99 of their waits.
func (b *bench) coldWindow(c client, from, n int) (time.Duration, error) {
	waits := make([]time.Duration, n)
	err := table.Each(n, 16, func(i int) error {
		began := time.Now()
		_, err := c.token(b.ctx, tenantID(from+i))
		waits[i] = time.Since(began)
		return err
	})
	return table.Quantile(waits, 0.99), err
}

// hitsUntil times batches of cached look-ups, until there are n or done
// closes, and returns the p99 of the seconds for one look-up.
func (b *bench) hitsUntil(c client, cached, batch, n int, done <-chan struct{}) (float64, error) {
	waits := make([]time.Duration, 0, n)
	keys := make([]string, cached)
	for i := range keys {
		keys[i] = tenantID(1 + i)
	}
	at := 0
	for len(waits) < n {
		select {
		case <-done:
			if len(waits) > 0 {
				return table.Quantile(waits, 0.99).Seconds() / float64(batch), nil
			}
		default:
		}
		began := time.Now()
		for range batch {
			at = (at + 37) % cached
			if _, err := c.token(b.ctx, keys[at]); err != nil {
				return 0, err
			}
		}
		waits = append(waits, time.Since(began))
	}
	return table.Quantile(waits, 0.99).Seconds() / float64(batch), nil
}
