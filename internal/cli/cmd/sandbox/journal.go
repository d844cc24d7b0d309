package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/tenantry/tenantry/internal/cli/clierr"
	"github.com/tenantry/tenantry/internal/cli/command"
	"github.com/tenantry/tenantry/internal/cli/factory"
	"github.com/tenantry/tenantry/internal/cli/output"
	"github.com/tenantry/tenantry/sandbox/journal"
)

func newJournal(f *factory.Factory) *cobra.Command {
	var m management
	cmd := command.Group(&cobra.Command{
		Use:   "journal",
		Short: "What a running sandbox was really asked, and answered",
		Long: `The journal of a sandbox that runs: every request with its answer, every change
of the world, every connection that was refused. It is the judge of a test: a
program did what the journal says, whatever the program says. Secrets and
tokens are not in it.`,
		Example: command.Examples(
			"what happened, newest last", "tenantry sandbox journal list --last 20",
			"watch", "tenantry sandbox journal list --follow",
			"how often what", "tenantry sandbox journal summary"),
	}, newJournalList(f, &m), newJournalSummary(f, &m), newJournalClear(f, &m))
	m.flag(cmd)
	return cmd
}

type journalFilter struct {
	since, last                                           int
	follow                                                bool
	kind, tenant, app, service, operation, decision, what string
	status                                                int
}

func (j journalFilter) query() string {
	q := url.Values{}
	for name, v := range map[string]string{
		"kind": j.kind, "tenant": j.tenant, "app": j.app, "service": j.service, "operation": j.operation, "decision": j.decision, "what": j.what,
	} {
		if v != "" {
			q.Set(name, v)
		}
	}
	for name, n := range map[string]int{"since": j.since, "last": j.last, "status": j.status} {
		if n != 0 {
			q.Set(name, strconv.Itoa(n))
		}
	}
	if j.follow {
		q.Set("follow", "1")
	}
	return q.Encode()
}

func newJournalList(f *factory.Factory, m *management) *cobra.Command {
	var j journalFilter
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List events, oldest first",
		Long: `List the events that the sandbox has in memory, oldest first: all, or those that
are as the flags say. NDJSON has every member of an event; the table the ones
that tell most.

With --follow the list goes on with what happens, until Ctrl-C.`,
		Example: command.Examples(
			"what was refused in one tenant", "tenantry sandbox journal list --tenant alderfinch.onmicrosoft.com --status 403",
			"what faults answered", "tenantry sandbox journal list --decision fault",
			"every change of the world, as it happens", "tenantry sandbox journal list --kind state --follow",
			"how many incidents were listed", "tenantry sandbox journal list --operation incidents.list -o json --query 'length(@)'"),
		Args: command.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runJournalList(cmd.Context(), f, m, j) },
	}
	cmd.Flags().IntVar(&j.since, "since", 0, "after the event of this `number`")
	cmd.Flags().IntVar(&j.last, "last", 0, "this `many` of the newest; 0 means all")
	cmd.Flags().BoolVar(&j.follow, "follow", false, "go on with what happens")
	cmd.Flags().StringVar(&j.kind, "kind", "", "of this `kind`: request, state or refused")
	cmd.Flags().StringVar(&j.tenant, "tenant", "", "of this `tenant`, by id or domain")
	cmd.Flags().StringVar(&j.app, "app", "", "of this `app`, by client id")
	cmd.Flags().StringVar(&j.service, "service", "", "of this `service`: sts, graph, xdr, mde, arm or portal")
	cmd.Flags().StringVar(&j.operation, "operation", "", "this `operation`, such as incidents.list or token")
	cmd.Flags().StringVar(&j.decision, "decision", "", "with this `text` in the decision, such as allowed or fault")
	cmd.Flags().StringVar(&j.what, "what", "", "this `change`, such as consent.granted")
	cmd.Flags().IntVar(&j.status, "status", 0, "answered with this `status`")
	return cmd
}

func runJournalList(ctx context.Context, f *factory.Factory, m *management, j journalFilter) error {
	p, err := f.Printer()
	if err != nil {
		return err
	}
	if j.since < 0 || j.last < 0 || j.status < 0 {
		return clierr.Usage("use numbers above 0", "--since, --last and --status cannot be below 0")
	}
	if j.follow && (f.Flags.Query != "" || (p.Format != output.NDJSON && p.Format != output.Table)) {
		return clierr.Usage("use --output ndjson or table, without --query", "--follow: what never ends is no %s", p.Format)
	}
	body, err := m.open(ctx, f, http.MethodGet, "/journal?"+j.query(), nil)
	if err != nil {
		return err
	}
	defer body.Close()
	if !j.follow {
		var events []any
		rows := [][]string{}
		err := readEvents(body, func(raw json.RawMessage, e journal.Event) error {
			events, rows = append(events, raw), append(rows, eventRow(e))
			return nil
		})
		if err != nil {
			return err
		}
		if events == nil {
			events = []any{}
		}
		return p.Print(output.Result{Doc: events, Lines: events, Columns: eventColumns(), Rows: rows, Give: eventGive()})
	}
	err = readEvents(body, func(raw json.RawMessage, e journal.Event) error {
		if p.Format == output.NDJSON {
			return p.Print(output.Result{Doc: raw, Lines: []any{raw}})
		}
		_, err := fmt.Fprintf(p.Out, "%6d  %s  %-6s %-22s %-36s %4s  %s\n", e.Seq, e.Time.UTC().Format("15:04:05.000"),
			output.Clean(e.Service), output.Clean(nameOf(e)), output.Clean(e.TenantID), statusOf(e), output.Clean(decisionOf(e)))
		return err
	})
	if ctx.Err() != nil {
		return nil // Ctrl-C is the way to end it
	}
	return err
}

// readEvents reads NDJSON until it ends.
func readEvents(r io.Reader, f func(json.RawMessage, journal.Event) error) error {
	dec := json.NewDecoder(r)
	for {
		var raw json.RawMessage
		if err := dec.Decode(&raw); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("read the sandbox's journal: %w", err)
		}
		var e journal.Event
		if err := json.Unmarshal(raw, &e); err != nil {
			return fmt.Errorf("read the sandbox's journal: %w", err)
		}
		if err := f(raw, e); err != nil {
			return err
		}
	}
}

func eventColumns() []string {
	return []string{"SEQ", "TIME", "SERVICE", "OPERATION", "TENANT", "STATUS", "DECISION"}
}

func eventGive() output.Give {
	return output.Give{Cut: []output.Limit{{Column: "DECISION", Width: 20}, {Column: "OPERATION", Width: 14}}}
}

func eventRow(e journal.Event) []string {
	return []string{strconv.FormatUint(e.Seq, 10), e.Time.UTC().Format("15:04:05.000"), e.Service, nameOf(e), e.TenantID, statusOf(e), decisionOf(e)}
}

// nameOf is what happened, in a word: the operation, the change, or the host
// that was refused.
func nameOf(e journal.Event) string {
	switch {
	case e.Kind == journal.KindState:
		return e.What
	case e.Operation != "":
		return e.Operation
	case e.Kind == journal.KindRefused:
		return "refused " + e.Host
	}
	return e.Method + " " + e.Path
}

func statusOf(e journal.Event) string {
	if e.Status == 0 {
		return ""
	}
	return strconv.Itoa(e.Status)
}

func decisionOf(e journal.Event) string {
	if e.AADSTS != 0 {
		return fmt.Sprintf("AADSTS%d: %s", e.AADSTS, e.Decision)
	}
	return e.Decision
}

func newJournalSummary(f *factory.Factory, m *management) *cobra.Command {
	return &cobra.Command{
		Use:     "summary",
		Short:   "Count events by service, operation, tenant, status and decision",
		Long:    "Count all events since the sandbox began or its journal was cleared, those\nincluded that are no longer in memory.",
		Example: command.Examples("as a table", "tenantry sandbox journal summary -o table", "what was refused", "tenantry sandbox journal summary -o json --query 'counts[?status>=`400`]'"),
		Args:    command.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var s journal.Summary
			if err := m.call(cmd.Context(), f, http.MethodGet, "/journal/summary", nil, &s); err != nil {
				return err
			}
			var rows [][]string
			for _, c := range s.Counts {
				e := journal.Event{Kind: c.Kind, Service: c.Service, Operation: c.Operation, What: c.What, Status: c.Status, AADSTS: c.AADSTS, Decision: c.Decision}
				rows = append(rows, []string{c.Service, nameOf(e), c.TenantID, statusOf(e), strconv.FormatUint(c.Count, 10), decisionOf(e)})
			}
			return f.Print(output.Result{
				Doc: s, Lines: []any{s}, Columns: []string{"SERVICE", "OPERATION", "TENANT", "STATUS", "COUNT", "DECISION"}, Rows: rows,
				Give: output.Give{Cut: []output.Limit{{Column: "DECISION", Width: 20}}},
			})
		},
	}
}

func newJournalClear(f *factory.Factory, m *management) *cobra.Command {
	return &cobra.Command{
		Use:   "clear",
		Short: "Forget the events in memory",
		Long: `Forget the events in memory and their counts. Numbers go on, and the file
journal.ndjson keeps what is in it. The same as tenantry sandbox reset journal.`,
		Example: command.Examples("between two tests", "tenantry sandbox journal clear"),
		Args:    command.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var answer struct{ Removed int }
			if err := m.call(cmd.Context(), f, http.MethodDelete, "/journal", nil, &answer); err != nil {
				return err
			}
			f.Streams.Notef("forgot %d events", answer.Removed)
			return nil
		},
	}
}
