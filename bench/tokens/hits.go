package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tenantry/tenantry/bench/internal/table"
	"github.com/tenantry/tenantry/entra"
)

const (
	mapRead  = "map"            // map[tenant and resource]entra.Token: the same keys, the same result
	leanRead = "map of strings" // map[tenant]token text: the least a program could do
	// A run of the fast contenders is so many slices of so many calls, of the
	// slow ones so much time.
	sliceCount     = 11
	sliceCalls     = 100_000
	fastContenders = 3 // ours and the maps
	slowFor        = 200 * time.Millisecond
	// MSAL Go and azidentity are filled over the network up to so many tenants.
	networkFill = 10_000
)

// mapKey is what entra.Tokens looks a token up by.
type mapKey struct {
	tenant   entra.TenantID
	resource string
}

// readMap is the plain map read: a call that returns what Tokens.Token does.
//
//go:noinline
func readMap(m map[mapKey]entra.Token, tenant entra.TenantID, resource *entra.Resource) (entra.Token, error) {
	return m[mapKey{tenant, resource.URI}], nil
}

// contender is one thing that is read, with what was measured of it.
type contender struct {
	client
	serial, parallel, allocs table.Series
	next                     int // the next key
}

// hits measures look-ups of cached tokens and the memory of holding them.
func (b *bench) hits() error {
	for _, n := range []int{1, 1000, 10_000, 100_000} {
		if n > b.tenants {
			continue
		}
		if err := b.hitsAt(n); err != nil {
			return fmt.Errorf("%s tenants: %w", table.Count(n), err)
		}
		runtime.GC()
	}
	b.table.Note("Hits: random order over all tenants, keys that are other strings than the cached ones. \"map\" is map[tenant and resource]entra.Token behind a call that returns the token, as ours does; \"map of strings\" is map[tenant]string, the least possible. Allocations per call are of the serial run; parallel is wall time per call with %d goroutines. Median (lowest–highest) of %d runs, ratios run by run; a run of ours and the maps is the median of %d slices taken in turn.", runtime.GOMAXPROCS(0), b.repeats, sliceCount)
	b.table.Note("MSAL Go and azidentity (which keeps MSAL Go's cache) look for one tenant among n by a linear scan: few calls are timed where one takes long, at least 10. Up to %s tenants they are filled over the network.", table.Count(networkFill))
	return nil
}

func (b *bench) hitsAt(n int) error {
	if err := b.rig.set(settings{}); err != nil {
		return err
	}
	hc := b.rig.client(16)
	defer hc.CloseIdleConnections()
	if err := b.rig.warm(hc, 16); err != nil {
		return err
	}
	all, err := b.fill(n, hc)
	if err != nil {
		return err
	}
	// The callers' keys are strings of their own, in an order of their own.
	keys := make([]string, n)
	for i, j := range rand.New(rand.NewPCG(uint64(n), 1)).Perm(n) {
		keys[i] = tenantID(j)
	}
	for range b.repeats {
		if err := measure(b.ctx, all, keys); err != nil {
			return err
		}
	}
	b.hitRows(n, all)
	if n == 100_000 {
		b.memoryRow()
	}
	if n > networkFill {
		// On average a fill scans half of what it will hold.
		scan := time.Duration(all[fastContenders].serial.Median() * float64(n) / 2 * float64(time.Second))
		b.table.Note("At %s tenants MSAL Go holds tokens handed to it through its documented cache interface, since filling it one by one would take some %.0f minutes of scans; azidentity has no such interface: not run.", table.Count(n), scan.Minutes())
	}
	runtime.KeepAlive(all)
	return nil
}

// measure adds one run of every contender, serial and from GOMAXPROCS
// goroutines. The fast ones take turns in slices of some milliseconds, so that
// what else the machine does meets them alike, and the run's figure is the
// median slice; the slow ones, whose garbage would be collected in the others'
// time, follow.
func measure(ctx context.Context, all []*contender, keys []string) error {
	runtime.GC()
	fast, slow := all[:fastContenders], all[fastContenders:]
	serial, parallel := make([]table.Series, len(fast)), make([]table.Series, len(fast))
	allocs := make([]uint64, len(fast))
	for range sliceCount {
		for i, c := range fast {
			before := table.Mallocs()
			per, err := c.slice(ctx, keys, sliceCalls, 1)
			if err != nil {
				return err
			}
			allocs[i] += table.Mallocs() - before
			serial[i] = append(serial[i], per)
		}
		for i, c := range fast {
			per, err := c.slice(ctx, keys, sliceCalls, runtime.GOMAXPROCS(0))
			if err != nil {
				return err
			}
			parallel[i] = append(parallel[i], per)
		}
	}
	for i, c := range fast {
		c.serial, c.parallel = append(c.serial, serial[i].Median()), append(c.parallel, parallel[i].Median())
		// The slice itself allocates a handful of objects.
		c.allocs = append(c.allocs, float64(allocs[i])/(sliceCount*sliceCalls))
	}
	for _, c := range slow {
		per, err := c.slice(ctx, keys, 3, 1)
		if err != nil {
			return err
		}
		calls := max(int(slowFor.Seconds()/per), 10)
		before := table.Mallocs()
		if per, err = c.slice(ctx, keys, calls, 1); err != nil {
			return err
		}
		c.serial, c.allocs = append(c.serial, per), append(c.allocs, float64(table.Mallocs()-before)/float64(calls))
		if per, err = c.slice(ctx, keys, calls, runtime.GOMAXPROCS(0)); err != nil {
			return err
		}
		c.parallel = append(c.parallel, per)
	}
	return nil
}

// slice makes so many calls in each of so many goroutines, going on in the
// order of keys where the last slice stopped, and returns seconds per call.
func (c *contender) slice(ctx context.Context, keys []string, calls, workers int) (float64, error) {
	var failed atomic.Pointer[error]
	loop := func(from int) {
		at, size := from%len(keys), 0
		for range calls {
			token, err := c.token(ctx, keys[at])
			if err != nil || token == "" {
				wrong := fmt.Errorf("%s: no token for %s: %w", c.name, keys[at], err)
				failed.Store(&wrong)
				return
			}
			size += len(token)
			if at++; at == len(keys) {
				at = 0
			}
		}
		runtime.KeepAlive(size)
	}
	began := time.Now()
	if workers == 1 {
		loop(c.next)
	} else {
		var wg sync.WaitGroup
		for w := range workers {
			wg.Go(func() { loop(c.next + w*len(keys)/workers) })
		}
		wg.Wait()
	}
	took := time.Since(began)
	c.next += calls
	if err := failed.Load(); err != nil {
		return 0, *err
	}
	return took.Seconds() / float64(calls*workers), nil
}

func (b *bench) hitRows(n int, all []*contender) {
	by := map[string]*contender{}
	for _, c := range all {
		by[c.name] = c
	}
	us := by[ours]
	for _, way := range []struct {
		name string
		of   func(*contender) table.Series
	}{
		{"serial", func(c *contender) table.Series { return c.serial }},
		{"parallel", func(c *contender) table.Series { return c.parallel }},
	} {
		ratio := way.of(us).Over(way.of(by[mapRead]))
		figure := fmt.Sprintf("%s, %.0f allocs, %s map", way.of(us).Show(table.Seconds), us.allocs.Median(), ratio.Show(table.Times))
		others := []string{
			mapRead + " " + table.Seconds(way.of(by[mapRead]).Median()),
			fmt.Sprintf("%s %s (ours %s)", leanRead, table.Seconds(way.of(by[leanRead]).Median()), table.Times(way.of(us).Over(way.of(by[leanRead])).Median())),
		}
		for _, name := range []string{msal, azid} {
			if c := by[name]; c != nil {
				others = append(others, fmt.Sprintf("%s %s, %.0f allocs", name, table.Seconds(way.of(c).Median()), c.allocs.Median()))
			} else {
				others = append(others, name+" not run")
			}
		}
		tenants := table.Count(n) + " tenants"
		if n == 1 {
			tenants = "1 tenant"
		}
		b.table.Add("hit, "+tenants+", "+way.name, "0 allocs, ≤ 2 × map", figure, others, us.allocs.Median() < 0.01 && ratio.Median() <= 2)
	}
}

// fill makes every contender hold tokens of n tenants, and measures what that
// takes of the heap.
func (b *bench) fill(n int, hc *http.Client) ([]*contender, error) {
	tokens, us, err := b.newOurs(hc, nil)
	if err != nil {
		return nil, err
	}
	if b.held[ours], err = b.hold(us, n, 16); err != nil {
		return nil, err
	}
	resource := tokens.Cloud().Resource(entra.ResourceDefender)
	whole, lean := make(map[mapKey]entra.Token), make(map[string]string)
	for i := range n {
		tenant := tenantID(i)
		token, err := tokens.Token(b.ctx, entra.TenantID(tenant), resource)
		if err != nil {
			return nil, err
		}
		whole[mapKey{entra.TenantID(tenant), resource.URI}] = token
		lean[tenant] = token.Reveal()
	}
	all := []*contender{
		{client: us},
		{client: client{mapRead, func(_ context.Context, tenant string) (string, error) {
			token, err := readMap(whole, entra.TenantID(tenant), &resource)
			return token.Reveal(), err
		}}},
		{client: client{leanRead, func(_ context.Context, tenant string) (string, error) { return lean[tenant], nil }}},
	}
	if n > networkFill {
		c, err := b.storedMSAL(hc, n, lean)
		if err != nil {
			return nil, err
		}
		return append(all, &contender{client: c}), nil
	}
	for _, m := range b.makers()[1:] {
		c, err := m.make(hc)
		if err != nil {
			return nil, err
		}
		if b.held[m.name], err = b.hold(c, n, 16); err != nil {
			return nil, fmt.Errorf("%s: %w", m.name, err)
		}
		all = append(all, &contender{client: c})
	}
	return all, nil
}

// holding is what a cache takes of the heap.
type holding struct {
	tenants int
	each    float64 // bytes beside the token's own
	token   float64 // bytes of a token
}

// hold fills a cache with n tenants over the network.
func (b *bench) hold(c client, n, callers int) (holding, error) {
	sizes := make([]int, n)
	before := table.Heap()
	err := table.Each(n, callers, func(i int) error {
		// The id is a string of its own, so a cache that keeps it is charged.
		token, err := c.token(b.ctx, strings.Clone(tenantID(i)))
		sizes[i] = len(token)
		return err
	})
	if err != nil {
		return holding{}, err
	}
	after := table.Heap()
	total := 0
	for _, s := range sizes {
		total += s
	}
	runtime.KeepAlive(c)
	return holding{n, (float64(after) - float64(before) - float64(total)) / float64(n), float64(total) / float64(n)}, nil
}

func (b *bench) memoryRow() {
	held := b.held
	bytes := func(h holding) string { return fmt.Sprintf("%.0f B", h.each) }
	b.table.Add(table.Count(held[ours].tenants)+" tenants held", "≤ 1024 B each beside the token", bytes(held[ours]),
		[]string{
			fmt.Sprintf("%s %s (at %s tenants)", msal, bytes(held[msal]), table.Count(held[msal].tenants)),
			fmt.Sprintf("%s %s (at %s tenants)", azid, bytes(held[azid]), table.Count(held[azid].tenants)),
		}, held[ours].each <= 1024)
	b.table.Note("Held: heap in use after garbage collection, before and after filling, less the %.0f bytes of each token, per tenant.", held[ours].token)
}
