package main

import (
	"bytes"
	"fmt"
	"net/http"
	"time"

	"github.com/tenantry/tenantry/bench/internal/table"
	"github.com/tenantry/tenantry/defender"
)

const (
	serveGoal  = 0.60 // of the bare handler's throughput
	serveCalls = 100  // of each in a run
)

// servePage is how many incidents a page holds: 100 are the most on xdr; graph
// gives 50.
var servePage = map[defender.Surface]int{defender.SurfaceXDR: 100, defender.SurfaceGraph: 50}

// serve measures the sandbox's throughput of pages, each asked for with another
// filter, beside a bare handler of the same bytes.
func (b *bench) serve() error {
	for _, s := range []defender.Surface{defender.SurfaceXDR, defender.SurfaceGraph} {
		for _, version := range []string{"HTTP/1.1", "HTTP/2"} {
			if err := b.serveOn(s, version); err != nil {
				return fmt.Errorf("%s, %s: %w", s, version, err)
			}
		}
	}
	b.table.Note("Serve: the whole sandbox, with its journal, without limits, and a bare handler in the same process; one client that reads the bodies, one connection to each, calls in turn, %d of each in a run. Incidents have 3 alerts with 4 entities each; no two calls have the same filter. Median (lowest–highest) of %d runs, share run by run. Graph gives 50 incidents a page at most.", serveCalls, b.repeats)
	return nil
}

func (b *bench) serveOn(s defender.Surface, version string) error {
	top := servePage[s]
	page, err := b.rig.page(s, "serve", top)
	if err != nil {
		return err
	}
	if items, err := split(page); err != nil || len(items) != top {
		return fmt.Errorf("the page has %d incidents: %w", len(items), err)
	}
	hc := b.rig.client(1, version == "HTTP/2")
	defer hc.CloseIdleConnections()
	put, err := http.NewRequest(http.MethodPut, b.rig.Bare, bytes.NewReader(page))
	if err != nil {
		return err
	}
	if _, err := fetch(hc, put); err != nil {
		return err
	}
	began, calls := time.Now(), 0
	ask := func(origin string) (time.Duration, int64, error) {
		calls++
		name := map[defender.Surface]string{defender.SurfaceXDR: "createdTime", defender.SurfaceGraph: "createdDateTime"}[s]
		since := began.Add(-time.Duration(calls) * time.Hour).UTC().Format("2006-01-02T15:04:05.0000000Z")
		req, err := b.rig.call(b.rig.Tenants["serve"], s, list(origin, s, top, name+" ge "+since))
		if err != nil {
			return 0, 0, err
		}
		at := time.Now()
		n, err := discard(hc, req)
		if err == nil && n < int64(len(page))*9/10 {
			err = fmt.Errorf("%d bytes read of a page of %d", n, len(page))
		}
		return time.Since(at), n, err
	}
	var ofBare, ofOurs table.Series // bytes a second
	for run := range b.repeats + 1 {
		var took [2]time.Duration
		var read [2]int64
		for n := range serveCalls {
			for turn := range 2 {
				who := (n + turn) % 2
				t, n, err := ask([]string{b.rig.Bare, b.rig.Origin}[who])
				if err != nil {
					return err
				}
				took[who] += t
				read[who] += n
			}
		}
		if run > 0 { // the first warms up
			ofBare = append(ofBare, float64(read[0])/took[0].Seconds())
			ofOurs = append(ofOurs, float64(read[1])/took[1].Seconds())
		}
	}
	share := ofOurs.Over(ofBare)
	b.table.Add(fmt.Sprintf("serve %s, page of %d (%.0f kB), %s", s, top, float64(len(page))/1e3, version), fmt.Sprintf("≥ %.0f %% of a bare handler", 100*serveGoal),
		fmt.Sprintf("%s, %s of bare", ofOurs.Show(megabytes), share.Show(percent)), []string{"bare " + ofBare.Show(megabytes)}, share.Median() >= serveGoal)
	return nil
}

func megabytes(n float64) string { return fmt.Sprintf("%.0f MB/s", n/1e6) }
func percent(n float64) string   { return fmt.Sprintf("%.0f %%", 100*n) }
