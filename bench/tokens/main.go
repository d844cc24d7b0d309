// Command tokens compares entra.Tokens, entra/verify and the sandbox's signing
// with what else does the same work: MSAL Go, azidentity, go-oidc, jwx,
// golang-jwt, two npm servers, and the bare operation underneath. It prints
// one table of target, figure, the others' figures, met or MISSED.
//
// The token service is a process of its own (see server), reached over TLS on
// the loopback device; the measured clients run here. Noisy rows run five
// times, contenders in turn, and show the median and the spread.
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
	ctx      context.Context
	rig      *rig
	table    *table.Table
	repeats  int
	tenants  int
	tenantry string // the command, for the sandbox
	peers    string // folder with the npm servers, installed

	held map[string]holding // by library, of the largest fleet it was filled with
}

func main() {
	server := flag.String("server", ".build/bin/bench-tokens-server", "the token service to start")
	tenantry := flag.String("tenantry", ".build/bin/tenantry", "the command whose sandbox signs")
	peers := flag.String("peers", ".build/bench-tokens", "folder with the npm servers, installed")
	tenants := flag.Int("tenants", 100_000, "tenants of the largest row")
	repeats := flag.Int("repeats", 5, "runs of each noisy row")
	only := flag.String("only", "", "comma-separated groups: hits, cold, isolation, renewal, verify, sign; empty means all")
	flag.Parse()
	b := &bench{ctx: context.Background(), table: &table.Table{}, repeats: *repeats, tenants: *tenants, tenantry: *tenantry, peers: *peers, held: map[string]holding{}}
	if err := b.run(*server, *only); err != nil {
		fmt.Fprintln(os.Stderr, "bench-tokens:", err)
		os.Exit(1)
	}
}

func (b *bench) run(server, only string) error {
	groups := []struct {
		name string
		run  func() error
	}{
		// The large heap of the hits comes last, so that no other row pays for
		// its garbage collection.
		{"cold", b.cold}, {"isolation", b.isolation}, {"renewal", b.renewal},
		{"verify", b.verification}, {"sign", b.signing}, {"hits", b.hits},
	}
	began := time.Now()
	var err error
	if b.rig, err = startRig(server, b.tenants); err != nil {
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
