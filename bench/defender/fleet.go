package main

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/tenantry/tenantry/bench/internal/table"
	"github.com/tenantry/tenantry/defender"
)

const (
	fleetInFlight = 64
	fleetGoal     = 1.30 // of the bare calls' time
	// fleetLatency is how long each answer takes where latency is imitated:
	// less than Microsoft's, as far as has been seen.
	fleetLatency = 100 * time.Millisecond
)

// fleet lists all tenants at once, beside the same calls by net/http alone.
func (b *bench) fleet() error {
	purposes := slices.Collect(maps.Values(b.rig.Tenants))
	tenants := slices.DeleteFunc(slices.Sorted(maps.Keys(b.rig.Tokens)), func(t string) bool { return slices.Contains(purposes, t) })
	for _, s := range defender.Surfaces() {
		for _, latency := range []time.Duration{fleetLatency, 0} {
			if err := b.fleetOn(s, tenants, latency); err != nil {
				return fmt.Errorf("%s: %w", s, err)
			}
		}
	}
	b.table.Note("Fleet: All of each tenant with %d in flight, one client each, a token function that looks into a map; bare: the same requests, of the same headers, with net/http, bodies read and discarded. Wall time with the sandbox in a process of its own on the same processors, HTTP/1.1; CPU is of this process. Where there is latency the sandbox waits before each answer (its fault \"slow\"), as a service far away does; without it client and sandbox only compete for the processors. Median (lowest–highest) of %d runs, in turn, after one of each to warm up; ratio run by run.", fleetInFlight, b.repeats)
	return nil
}

func (b *bench) fleetOn(s defender.Surface, tenants []string, latency time.Duration) (err error) {
	away := "no latency"
	if latency > 0 {
		away = latency.String() + " away"
		undo, err := b.rig.delay(latency)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, undo()) }()
	}
	hc := b.rig.client(fleetInFlight, false)
	defer hc.CloseIdleConnections()

	// The first run writes down what is asked for.
	notes := &recorder{next: hc.Transport}
	var read atomic.Int64
	ours := func(hc *http.Client) func() error {
		return func() error {
			read.Store(0)
			return table.Each(len(tenants), fleetInFlight, func(n int) error {
				client, err := b.rig.defender(tenants[n], hc)
				if err != nil {
					return err
				}
				for _, err := range client.Incidents(s).All(b.ctx, defender.ListOptions{}) {
					if err != nil {
						return err
					}
					read.Add(1)
				}
				return nil
			})
		}
	}
	if err := ours(&http.Client{Transport: notes})(); err != nil {
		return err
	}
	found, calls := read.Load(), notes.requests
	var body atomic.Int64
	bare := func() error {
		body.Store(0)
		return table.Each(len(calls), fleetInFlight, func(n int) error {
			size, err := discard(hc, calls[n].Clone(b.ctx))
			body.Add(size)
			return err
		})
	}
	ofOurs, ofBare := &runs{f: ours(hc)}, &runs{f: bare}
	for run := range b.repeats + 1 {
		turn := []*runs{ofOurs, ofBare}
		if run%2 == 1 {
			slices.Reverse(turn)
		}
		for _, r := range turn {
			if err := r.run(); err != nil {
				return err
			}
		}
		if run == 0 {
			ofOurs.forget()
			ofBare.forget()
		}
		if read.Load() != found {
			return fmt.Errorf("%d incidents read, before %d", read.Load(), found)
		}
	}
	ratio := ofOurs.wall.Over(ofBare.wall)
	figure := func(r *runs) string {
		return fmt.Sprintf("%s, CPU %s", r.wall.Show(table.Seconds), table.Seconds(r.cpu.Median()))
	}
	b.table.Add(fmt.Sprintf("list %s tenants, %d in flight, %s, %s: %s incidents, %s calls, %.0f MB", table.Count(len(tenants)), fleetInFlight, s, away, table.Count(int(found)), table.Count(len(calls)), float64(body.Load())/1e6),
		fmt.Sprintf("≤ %.1f × bare calls", fleetGoal), fmt.Sprintf("%s, %s bare", figure(ofOurs), ratio.Show(table.Times)), []string{"bare " + figure(ofBare)}, ratio.Median() <= fleetGoal)
	return nil
}

// recorder keeps the requests that pass.
type recorder struct {
	next     http.RoundTripper
	mu       sync.Mutex
	requests []*http.Request
}

func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	r.mu.Lock()
	r.requests = append(r.requests, req)
	r.mu.Unlock()
	return r.next.RoundTrip(req)
}

// runs is one contender, with its seconds of each run.
type runs struct {
	f         func() error
	wall, cpu table.Series
}

func (r *runs) run() error {
	before, began := processTime(), time.Now()
	err := r.f()
	r.wall, r.cpu = append(r.wall, time.Since(began).Seconds()), append(r.cpu, processTime()-before)
	return err
}

func (r *runs) forget() { r.wall, r.cpu = nil, nil }

// processTime is the user and system time this process has taken.
func processTime() float64 {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}
