// Command defender measures package defender and the sandbox's incident APIs:
// decoding a page beside other JSON libraries, serving one beside a bare handler
// of the same bytes, listing many tenants beside the bare HTTP calls, and memory
// while a long list is read. It prints one table of target, figure, the others'
// figures, met or MISSED.
//
// The services are a process of their own (see server), reached over TLS on
// the loopback device; the readers run here. Noisy rows run five times,
// contenders in turn, and show the median and the spread.
//
// It never fails because of a figure: machines are shared and noisy. It fails
// when something does not work.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/tenantry/tenantry/bench/internal/table"
)

// bench is what the groups of rows share.
type bench struct {
	ctx     context.Context
	rig     *rig
	table   *table.Table
	repeats int
}

func main() {
	server := flag.String("server", ".build/bin/bench-defender-server", "the services to start")
	repeats := flag.Int("repeats", 5, "runs of each noisy row")
	only := flag.String("only", "", "comma-separated groups: decode, serve, fleet, memory; empty means all")
	flag.Parse()
	b := &bench{ctx: context.Background(), table: &table.Table{}, repeats: *repeats}
	if err := b.run(*server, *only); err != nil {
		fmt.Fprintln(os.Stderr, "bench-defender:", err)
		os.Exit(1)
	}
}

func (b *bench) run(server, only string) error {
	groups := []struct {
		name string
		run  func() error
	}{
		// Memory first, so that it is not counted what other rows left behind.
		{"memory", b.memory}, {"decode", b.decode}, {"serve", b.serve}, {"fleet", b.fleet},
	}
	began := time.Now()
	var err error
	if b.rig, err = startRig(server); err != nil {
		return err
	}
	defer b.rig.stop()
	for _, g := range groups {
		if only != "" && !slices.Contains(strings.Split(only, ","), g.name) {
			continue
		}
		at := time.Now()
		if err := g.run(); err != nil {
			return fmt.Errorf("%s: %w", g.name, err)
		}
		runtime.GC()
		fmt.Fprintf(os.Stderr, "%s measured in %.0f s\n", g.name, time.Since(at).Seconds())
	}
	b.table.Print(os.Stdout)
	table.Footer(os.Stdout, began)
	return nil
}
