package change_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/defender"
	"github.com/tenantry/tenantry/fleet"
	"github.com/tenantry/tenantry/internal/cli/change"
	"github.com/tenantry/tenantry/internal/cli/clierr"
	"github.com/tenantry/tenantry/internal/cli/factory"
	"github.com/tenantry/tenantry/internal/cli/iostreams"
	"github.com/tenantry/tenantry/respond"
	"github.com/tenantry/tenantry/store/sqlite"
)

const tenant = "20000000-0000-4000-8000-000000000001"

func at(minute int) time.Time { return time.Date(2026, 11, 22, 10, minute, 0, 0, time.UTC) }

// bench is a run with a state of its own.
type bench struct {
	f      *factory.Factory
	store  factory.Store
	out    *bytes.Buffer
	errOut *bytes.Buffer
}

func newBench(t *testing.T) *bench {
	t.Helper()
	dir := t.TempDir()
	streams, out, errOut := iostreams.Test("")
	f := factory.New(factory.Options{
		Streams: streams, Now: func() time.Time { return at(30) }, Environ: []string{"HOME=" + dir, "XDG_STATE_HOME=" + dir},
		OpenStore: func(ctx context.Context, path string, now func() time.Time) (factory.Store, error) {
			return sqlite.Open(ctx, path, now)
		},
	})
	f.Flags.Output = "json"
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	store, err := f.Store(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return &bench{f: f, store: store, out: out, errOut: errOut}
}

func (b *bench) results(t *testing.T) []change.Result {
	t.Helper()
	var list []change.Result
	if err := json.Unmarshal(b.out.Bytes(), &list); err != nil {
		t.Fatalf("%v: %s", err, b.out)
	}
	return list
}

func job(write func(ctx context.Context, id string, g change.Guard) (*change.Written, error), ids ...string) change.Job {
	return change.Job{
		Kind: respond.KindIncidentUpdate, Noun: "incident", SeenKind: fleet.SeenIncident, Show: "incidents show", Compared: true,
		Tenant: fleet.Tenant{ID: tenant, Name: "Contoso"}, Surface: defender.SurfaceGraph, IDs: ids, Write: write,
	}
}

func resolve(after time.Time) *change.Written {
	return &change.Written{Name: "Spray", Before: at(0), After: after, Changes: []defender.FieldChange{{Field: "status", Old: "active", New: "resolved"}}}
}

func exitOf(err error) int {
	var exit *clierr.Exit
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return exit.Code
	}
	return -1
}

// What became of a change is told as it is, on the screen and in the audit.
func TestOutcomes(t *testing.T) {
	reset := &defender.TransportError{Surface: defender.SurfaceGraph, Operation: defender.OpUpdateIncident, Host: "h", Sent: true, Err: errors.New("reset")}
	tests := []struct {
		name    string
		err     error
		outcome string
		code    string
		exit    int
		next    string
	}{
		{"done", nil, "done", "", 0, ""},
		{"refused", &defender.Error{Status: 403, Code: "Forbidden", Action: defender.ActionConsent}, "refused", "Forbidden", 3, "licence"},
		{"changed in the same moment", &defender.ConflictError{What: "incident", ID: "29"}, "refused", "conflict", 1, "tenantry incidents show 29 --tenant Contoso"},
		{"uncertain", &defender.UncertainError{Operation: defender.OpUpdateIncident, Target: "29", Check: "Look.", Err: reset}, "uncertain", "uncertain", 1, "do not repeat it blindly"},
		{"in part", &defender.PartialUpdateError{What: "incident", ID: "29", Done: []string{"status"}, Missing: "the comment", Err: reset}, "partial", "partial", 4, "the comment"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			b := newBench(t)
			err := change.Run(t.Context(), b.f, change.Flags{Yes: true, Reason: "ticket 7"}, job(func(_ context.Context, _ string, g change.Guard) (*change.Written, error) {
				if g.DryRun {
					return resolve(at(0)), nil
				}
				if !g.SeenAt.Equal(at(0)) || g.Force {
					t.Errorf("written with %+v, not on condition of what was told", g)
				}
				var partial *defender.PartialUpdateError
				if tc.err == nil || errors.As(tc.err, &partial) {
					return resolve(at(1)), tc.err
				}
				return nil, tc.err
			}, "29"))
			if got := exitOf(err); got != tc.exit {
				t.Errorf("exit code %d (%v), want %d", got, err, tc.exit)
			}
			got := b.results(t)[0]
			if string(got.Outcome) != tc.outcome || got.Code != tc.code || !strings.Contains(got.Next, tc.next) || (tc.next == "") != (got.Next == "") {
				t.Errorf("got %+v", got)
			}
			records, err := b.store.Audit(t.Context(), fleet.AuditFilter{})
			if err != nil {
				t.Fatal(err)
			}
			if len(records) != 1 || string(records[0].Outcome) != tc.outcome || records[0].Reason != "ticket 7" || records[0].ID != got.AuditID ||
				!cmp.Equal(records[0].Changes, []string{"status: active → resolved"}) {
				t.Errorf("the audit has %+v", records)
			}
		})
	}
}

// What is refused or needless before anything is sent leaves no record.
func TestNothingSentNothingRecorded(t *testing.T) {
	b := newBench(t)
	err := change.Run(t.Context(), b.f, change.Flags{Yes: true}, job(func(_ context.Context, id string, g change.Guard) (*change.Written, error) {
		if !g.DryRun {
			t.Errorf("%s is written", id)
		}
		switch id {
		case "1":
			return nil, &defender.MergedError{ID: "1", Target: "9"}
		case "2":
			return &change.Written{Name: "as it should be", Before: at(0), After: at(0)}, nil
		}
		return nil, &defender.Error{Status: 404, Code: "NotFound", Action: defender.ActionGiveUp}
	}, "1", "2", "3"))
	var outcomes []string
	for _, r := range b.results(t) {
		outcomes = append(outcomes, string(r.Outcome)+" "+r.Code)
	}
	if diff := cmp.Diff([]string{"refused merged", "unchanged ", "failed NotFound"}, outcomes); diff != "" || exitOf(err) != 4 {
		t.Errorf("exit %d; -want +got:\n%s", exitOf(err), diff)
	}
	if records, err := b.store.Audit(t.Context(), fleet.AuditFilter{}); err != nil || len(records) != 0 {
		t.Errorf("the audit has %+v, %v", records, err)
	}
}

// A run that is interrupted finishes what it began, begins nothing more, and
// says of each what became of it.
func TestInterrupted(t *testing.T) {
	b := newBench(t)
	ctx, cancel := context.WithCancel(t.Context())
	written := 0
	err := change.Run(ctx, b.f, change.Flags{Yes: true}, job(func(_ context.Context, _ string, g change.Guard) (*change.Written, error) {
		if !g.DryRun {
			written++
			cancel()
		}
		return resolve(at(1)), nil
	}, "1", "2", "3"))
	var outcomes []string
	for _, r := range b.results(t) {
		outcomes = append(outcomes, string(r.Outcome)+" "+r.Code)
	}
	if diff := cmp.Diff([]string{"done ", "failed interrupted", "failed interrupted"}, outcomes); diff != "" || exitOf(err) != 130 || written != 1 {
		t.Errorf("exit %d, %d written; -want +got:\n%s", exitOf(err), written, diff)
	}
	records, err := b.store.Audit(t.Context(), fleet.AuditFilter{})
	if err != nil || len(records) != 1 || records[0].Outcome != fleet.AuditDone {
		t.Errorf("the audit has %+v, %v", records, err)
	}
}

// A change that was told by what was shown makes its own result shown; one over
// what nobody has looked at does not.
func TestWhatCountsAsSeen(t *testing.T) {
	for _, tc := range []struct {
		name  string
		shown time.Time
		flags change.Flags
		want  time.Time
	}{
		{"shown", at(0), change.Flags{Yes: true}, at(1)},
		{"forced over a change", at(0).Add(-time.Hour), change.Flags{Yes: true, Force: true}, at(0).Add(-time.Hour)},
		{"never shown", time.Time{}, change.Flags{Yes: true}, time.Time{}},
		{"said by the program", time.Time{}, change.Flags{Yes: true, Seen: "2026-11-22T10:00:00Z"}, at(1)},
		{"not carried out", at(0), change.Flags{DryRun: true}, at(0)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := newBench(t)
			if !tc.shown.IsZero() {
				if err := b.store.PutSeen(t.Context(), tenant, fleet.SeenIncident, []fleet.Seen{{ID: "29", LastUpdate: tc.shown}}); err != nil {
					t.Fatal(err)
				}
			}
			err := change.Run(t.Context(), b.f, tc.flags, job(func(_ context.Context, _ string, g change.Guard) (*change.Written, error) {
				if g.DryRun && g.Force != tc.flags.Force {
					t.Errorf("looked at with %+v", g)
				}
				return resolve(at(1)), nil
			}, "29"))
			if err != nil {
				t.Fatal(err)
			}
			seen, _, err := b.store.Seen(t.Context(), tenant, fleet.SeenIncident, "29")
			if err != nil || !seen.LastUpdate.Equal(tc.want) {
				t.Errorf("seen is %s, %v; want %s", seen.LastUpdate, err, tc.want)
			}
		})
	}
}

// What the service tells otherwise than it was written is not passed over.
func TestDiffers(t *testing.T) {
	b := newBench(t)
	err := change.Run(t.Context(), b.f, change.Flags{Yes: true}, job(func(_ context.Context, _ string, g change.Guard) (*change.Written, error) {
		w := resolve(at(1))
		if !g.DryRun {
			w.Differs = []defender.FieldChange{{Field: "status", Old: "active", New: "resolved"}}
		}
		return w, nil
	}, "29"))
	if want := "note: incident 29: status was written as resolved, and the service tells active\n"; err != nil || !strings.Contains(b.errOut.String(), want) {
		t.Errorf("got %v, %q", err, b.errOut)
	}
}
