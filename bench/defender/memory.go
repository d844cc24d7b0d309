package main

import (
	"fmt"
	"runtime"

	"github.com/tenantry/tenantry/bench/internal/table"
	"github.com/tenantry/tenantry/defender"
)

const (
	memoryTop  = 20   // incidents of a page
	memoryGoal = 1.10 // peak of the long list over that of the short one
)

// memory measures the live heap while lists of 10 and of 1,000 pages are read.
func (b *bench) memory() error {
	for _, s := range defender.Surfaces() {
		var peak [2]float64
		var pages [2]int
		for n, purpose := range []string{"short", "long"} {
			var err error
			if peak[n], pages[n], err = b.peak(s, b.rig.Tenants[purpose]); err != nil {
				return fmt.Errorf("%s: %w", s, err)
			}
		}
		b.table.Add(fmt.Sprintf("memory of All, %s, %d → %s pages of %d", s, pages[0], table.Count(pages[1]), memoryTop), fmt.Sprintf("peak ≤ %.1f ×", memoryGoal),
			fmt.Sprintf("%s → %s, %s", kilobytes(peak[0]), kilobytes(peak[1]), table.Times(peak[1]/peak[0])), nil, peak[1]/peak[0] <= memoryGoal)
	}
	b.table.Note("Memory: heap in use after garbage collection, taken while the last incident of each page is in hand, the highest of all pages, less what was in use before; incidents have 3 alerts with 4 entities each, and are not kept.")
	return nil
}

// peak reads a list and returns the highest live heap beyond what was in use.
func (b *bench) peak(s defender.Surface, tenant string) (peak float64, pages int, err error) {
	hc := b.rig.client(1, false)
	defer hc.CloseIdleConnections()
	client, err := b.rig.defender(tenant, hc)
	if err != nil {
		return 0, 0, err
	}
	// One page beforehand, for the connection and its buffers.
	opts := defender.ListOptions{Top: memoryTop, ExpandAlerts: s == defender.SurfaceGraph}
	if _, err := client.Incidents(s).List(b.ctx, opts); err != nil {
		return 0, 0, err
	}
	idle, read := table.Heap(), 0
	for _, err := range client.Incidents(s).All(b.ctx, opts) {
		if err != nil {
			return 0, 0, err
		}
		if read++; read%memoryTop != 0 {
			continue
		}
		pages++
		peak = max(peak, float64(table.Heap())-float64(idle))
	}
	runtime.KeepAlive(client)
	return peak, pages, nil
}
