package demo

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tenantry/tenantry/defender"
	"github.com/tenantry/tenantry/fleet"
	"github.com/tenantry/tenantry/internal/cli/access"
	"github.com/tenantry/tenantry/internal/cli/clierr"
	"github.com/tenantry/tenantry/internal/cli/cmd/incidents"
	"github.com/tenantry/tenantry/internal/cli/each"
	"github.com/tenantry/tenantry/internal/cli/output"
	"github.com/tenantry/tenantry/sandbox/journal"
)

// read reads the incidents of all tenants, and prints them with what failed.
func (s *stage) read(ctx context.Context) error {
	openers := map[bool]*access.Opener{}
	for former, tokens := range map[bool]access.Tokens{false: s.tokens, true: s.former} {
		openers[former] = &access.Opener{Cloud: s.cloud, Tokens: tokens, HTTPClient: s.hc, Now: s.f.Now}
	}
	former := map[string]bool{}
	for i, c := range s.cast {
		former[string(s.tenants[i].ID)] = c.former
	}
	parallel, err := s.f.Parallel()
	if err != nil {
		return err
	}
	s.report, err = each.Run(ctx, s.tenants, parallel, func(ctx context.Context, t fleet.Tenant) ([]incidents.Item, string, error) {
		open, err := openers[former[string(t.ID)]].Open(ctx, t.ID)
		if err != nil {
			return nil, "", err
		}
		list, err := open.Incidents(ctx, defender.ListOptions{}, 0)
		items := make([]incidents.Item, 0, len(list))
		for _, inc := range list {
			items = append(items, incidents.NewItem(t, inc))
		}
		return items, fmt.Sprintf("through %s: %s", open.Surface, open.Reason), err
	})
	if err != nil {
		return err
	}
	s.items = s.report.Items()
	slices.SortStableFunc(s.items, func(a, b incidents.Item) int { return cmp.Compare(b.LastUpdate.UnixNano(), a.LastUpdate.UnixNano()) })
	s.heading("The incidents of all tenants, newest first")
	var rows [][]string
	for _, i := range s.items {
		rows = append(rows, []string{i.TenantName, i.ID, string(i.Severity), string(i.Status), i.LastUpdate.UTC().Format("2006-01-02 15:04"), string(i.Surface), i.Name})
	}
	if err := s.table([]string{"TENANT", "ID", "SEVERITY", "STATUS", "UPDATED", "SURFACE", "INCIDENT"}, rows, incidents.Give()); err != nil {
		return err
	}
	s.heading("What failed, and the next step")
	s.report.Summary(s.narration)
	return nil
}

func (s *stage) table(columns []string, rows [][]string, give output.Give) error {
	p := output.Printer{Out: s.narration, Format: output.Table, Width: s.f.Streams.Width}
	return p.Print(output.Result{Columns: columns, Rows: rows, Give: give})
}

// account asks the sandbox's management API what it was really asked.
func (s *stage) account(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.sandbox.ManagementURL()+"/journal/summary", nil)
	if err != nil {
		return err
	}
	transport := &http.Transport{DisableKeepAlives: true} // no proxy for the loopback
	resp, err := (&http.Client{Transport: transport}).Do(req)
	if err != nil {
		return fmt.Errorf("ask the sandbox's journal: %w", err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(io.LimitReader(resp.Body, 16<<20)).Decode(&s.journal); err != nil {
		return fmt.Errorf("read the sandbox's journal: %w", err)
	}
	s.heading("What the sandbox was really asked, by its own journal")
	if err := s.table([]string{"SERVICE", "OPERATION", "ANSWERED", "REFUSED"}, count(s.journal), output.Give{}); err != nil {
		return err
	}
	s.heading("%d requests, %d changes of state, in %.1f s", s.journal.Requests, s.journal.Changes, s.f.Now().Sub(s.began).Seconds())
	return nil
}

// count sums the journal's counts by operation.
func count(j journal.Summary) [][]string {
	type key struct{ service, operation string }
	sums := map[key]*[2]uint64{}
	var order []key
	for _, c := range j.Counts {
		if c.Kind != journal.KindRequest {
			continue
		}
		k := key{c.Service, c.Operation}
		if sums[k] == nil {
			sums[k] = new([2]uint64)
			order = append(order, k)
		}
		bucket := 0
		if c.Status >= 400 {
			bucket = 1
		}
		sums[k][bucket] += c.Count
	}
	var rows [][]string
	for _, k := range order {
		rows = append(rows, []string{k.service, k.operation, fmt.Sprint(sums[k][0]), fmt.Sprint(sums[k][1])})
	}
	return rows
}

func (s *stage) print() error {
	r := Result{Items: s.items, Tenants: s.report.Tenants, Journal: s.journal}
	return s.f.Print(output.Result{Doc: r, Lines: []any{r}})
}

// verdict compares how every customer ended with how he was staged.
func (s *stage) verdict() error {
	var wrong []string
	for i, c := range s.cast {
		st := s.report.Tenants[i]
		got := st.Code
		if st.Status == fleet.StatusOK {
			got = "ok"
			if want := len(s.sandbox.World().Incidents(string(st.ID))); st.Items != want {
				got = fmt.Sprintf("%d of %d incidents", st.Items, want)
			}
		}
		if got != c.ends {
			wrong = append(wrong, fmt.Sprintf("  %s (%s) ended with %s, staged was %s", st.Name, c.story, got, c.ends))
		}
	}
	if len(wrong) > 0 {
		return clierr.Failed("this is a fault of Tenantry: please report it with the output above", "the demo did not go as staged\n%s", strings.Join(wrong, "\n"))
	}
	s.say("done", "", "everything went as staged; next: tenantry sandbox serve keeps a sandbox to work with")
	return nil
}
