package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tenantry/tenantry/sandbox/fault"
	"github.com/tenantry/tenantry/sandbox/limit"
	"github.com/tenantry/tenantry/sandbox/world"
)

// Several resets at once end in the state of the beginning as one does.
func TestResetsAtOnce(t *testing.T) {
	s, _ := product(t, "faults: [{kind: slow, delay: 1ms, tenant: bolt.example}]\n", Config{Faults: []fault.Spec{{Kind: fault.Reset, Scope: fault.Scope{Tenant: bolt}}}})
	for range 10 {
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				if err := s.Reset(); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if n := len(s.Faults().List()); n != 2 {
			t.Fatalf("%d faults after resets, want the two of the beginning", n)
		}
	}
}

// Whatever is reset, changed, broken and read at the same time, each request gets
// a whole answer of the world before or after, and nothing is left running.
func TestResetUnderLoad(t *testing.T) {
	s, _ := product(t, "", Config{Rate: world.MaxRate, Limits: []limit.Rule{}, Delays: &world.Delays{}})
	graph, xdr := tokenFor(t, s, acme, graphHost), tokenFor(t, s, acme, xdrHost)
	items, _ := call(t, s, "GET", graphHost+"/v1.0/security/incidents?$top=1", graph, "").list(t)
	id := fmt.Sprint(items[0]["id"])
	stop := make(chan struct{})
	var all sync.WaitGroup
	var answers atomic.Int64
	loop := func(f func(n int)) {
		all.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
					f(n)
				}
			}
		})
	}
	fits := func(what string, r reply, statuses ...int) {
		answers.Add(1)
		for _, status := range statuses {
			if r.err == nil && r.status == status && strings.HasSuffix(strings.TrimSpace(r.body), "}") {
				return
			}
		}
		t.Errorf("%s: %d %v %.200s", what, r.status, r.err, r.body)
	}
	for range 2 {
		loop(func(int) {
			fits("graph", call(t, s, "GET", graphHost+"/v1.0/security/incidents?$expand=alerts", graph, ""), 200)
		})
		loop(func(int) { fits("xdr", call(t, s, "GET", xdrHost+"/api/incidents", xdr, ""), 200) })
		// The living world may have merged it away.
		loop(func(n int) {
			fits("update", call(t, s, "PATCH", graphHost+"/v1.0/security/incidents/"+id, graph, fmt.Sprintf(`{"customTags":["%d"]}`, n)), 200, 400, 403, 409)
		})
	}
	loop(func(int) {
		f, err := s.Faults().Slow(fault.Scope{Services: []string{fault.ServiceGraph}}, 0, time.Millisecond)
		if err != nil {
			t.Error(err)
		}
		s.Faults().Remove(f.ID)
	})
	for n := range 3 * len(Parts()) {
		if err := s.Reset(Parts()[n%len(Parts())]); err != nil {
			t.Error(err)
		}
		for at := answers.Load(); answers.Load() < at+8; { // some fall between two resets
			s.Journal().Wait(t.Context(), s.Journal().Seq())
		}
	}
	close(stop)
	all.Wait()
	if err := s.Reset(); err != nil {
		t.Fatal(err)
	}
}

// Close ends what hangs and what streams, whichever HTTP it came by, and leaves
// nothing behind; TestMain looks.
func TestCloseWhileBusy(t *testing.T) {
	s, _ := product(t, "", Config{Rate: world.MaxRate, Limits: []limit.Rule{}, Delays: &world.Delays{}})
	graph, xdr := tokenFor(t, s, acme, graphHost), tokenFor(t, s, acme, xdrHost)
	if _, err := s.Faults().Hang(fault.Scope{Services: []string{fault.ServiceGraph}}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Faults().HugeBody(fault.Scope{Services: []string{fault.ServiceXDR}}, -1); err != nil {
		t.Fatal(err)
	}
	closed := make(chan struct{})
	var all, streaming sync.WaitGroup
	streaming.Add(2)
	for n, hc := range []*http.Client{s.Client(), http1(s), s.Client(), http1(s)} {
		address, token := graphHost+"/v1.0/security/incidents", graph
		if n >= 2 {
			address, token = xdrHost+"/api/incidents", xdr
		}
		all.Go(func() {
			defer hc.CloseIdleConnections()
			req, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), "GET", address, nil)
			if err != nil {
				t.Error(err)
				return
			}
			req.Header.Set("Authorization", "Bearer "+token)
			resp, err := hc.Do(req)
			if err != nil {
				return // ended, as it must be
			}
			defer resp.Body.Close()
			if _, err := io.ReadFull(resp.Body, make([]byte, 64<<10)); err != nil {
				t.Error(err) // the huge one
			}
			streaming.Done()
			<-closed // with the rest under way
			if read, err := io.Copy(io.Discard, resp.Body); err == nil {
				t.Errorf("the huge body ends well after %d bytes", read)
			}
		})
	}
	streaming.Wait()
	for hanging, seq := 0, uint64(0); hanging < 2; {
		for _, e := range s.Journal().Wait(t.Context(), seq) {
			if seq = e.Seq; e.What == "fault.hanging" {
				hanging++
			}
		}
	}
	begun := time.Now()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("Close took %s", took)
	}
	close(closed)
	all.Wait()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := s.Client().Get(graphHost); err == nil || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a closed sandbox answers, or hangs: %v", err)
	}
}
