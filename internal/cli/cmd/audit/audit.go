// Package audit is the command group "audit".
package audit

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tenantry/tenantry/fleet"
	"github.com/tenantry/tenantry/internal/cli/command"
	"github.com/tenantry/tenantry/internal/cli/factory"
	"github.com/tenantry/tenantry/respond"
)

// New makes the group.
func New(f *factory.Factory) *cobra.Command {
	return command.Group(&cobra.Command{
		Use:   "audit",
		Short: "What was changed in your customers' tenants from here, and by whom",
		Long: `The audit of the state: a record of every change that this program was about to
make in a customer's tenant, written before anything was sent, with what became
of it. It tells of changes made with this state alone; what was done elsewhere,
in the portal or with another state, is in the customer's own audit.`,
		Example: command.Examples(
			"the last day", "tenantry audit list --since 24h",
			"what nobody knows the end of", "tenantry audit list --outcome uncertain,open"),
	}, newList(f), newShow(f))
}

// Outcome is what became of an effect, with a word for each: an open record
// has none in the store.
type Outcome string

// OutcomeOpen is the outcome of a record that was begun and not finished: of a
// run that is under way, or of one that was cut off.
const OutcomeOpen Outcome = "open"

// outcomes lists what --outcome takes.
func outcomes() []Outcome {
	list := []Outcome{OutcomeOpen}
	for _, o := range fleet.AuditOutcomes() {
		list = append(list, Outcome(o))
	}
	return list
}

// stored is the outcome as the store has it.
func (o Outcome) stored() fleet.AuditOutcome {
	if o == OutcomeOpen {
		return fleet.AuditOpen
	}
	return fleet.AuditOutcome(o)
}

// Item is a record as it is printed.
type Item struct {
	fleet.AuditRecord
	Outcome Outcome `json:"outcome"`
	// Next is the command that tells what became of it; only where that is not
	// known.
	Next string `json:"next,omitempty"`
}

func itemOf(r fleet.AuditRecord) Item {
	i := Item{AuditRecord: r, Outcome: Outcome(r.Outcome)}
	if r.Outcome == fleet.AuditOpen {
		i.Outcome = OutcomeOpen
	}
	if r.Outcome.Unsettled() {
		i.Next = look(r)
	}
	return i
}

// look is the command that shows what a record is about as it is now.
func look(r fleet.AuditRecord) string {
	tenant, target := command.Quote(string(r.Tenant)), command.Quote(r.Target)
	switch respond.Kind(r.Kind) {
	case respond.KindIncidentUpdate, respond.KindIncidentComment:
		return fmt.Sprintf("tenantry incidents show %s --tenant %s", target, tenant)
	case respond.KindAlertUpdate, respond.KindAlertComment:
		return fmt.Sprintf("tenantry alerts show %s --tenant %s", target, tenant)
	case respond.KindIndicatorSubmit:
		return fmt.Sprintf("tenantry indicators list --tenant %s --value %s", tenant, target)
	case respond.KindIndicatorDelete:
		return fmt.Sprintf("tenantry indicators list --tenant %s --value %s", tenant, command.Quote(r.TargetName))
	case respond.KindCancel:
		return "tenantry machines actions --tenant " + tenant
	}
	return fmt.Sprintf("tenantry machines actions --tenant %s --machine %s", tenant, target)
}

// what tells what was asked for and why, in one line.
func (i Item) what() string {
	parts := i.Changes
	if i.Comment != "" && !slices.Contains(i.Changes, "comment: "+i.Comment) {
		parts = append(parts[:len(parts):len(parts)], "comment: "+i.Comment)
	}
	return strings.Join(parts, "; ")
}

// on names what it was done to, as people do: a machine by its name, an
// indicator by its value, an incident or alert by its id.
func (i Item) on() string {
	switch respond.Kind(i.Kind) {
	case respond.KindIsolate, respond.KindRelease, respond.KindScan, respond.KindCollect, respond.KindCancel, respond.KindIndicatorDelete:
		if i.TargetName != "" {
			return i.TargetName
		}
	}
	return i.Target
}

// place names the tenant as the record does.
func (i Item) place() string {
	if i.TenantName != "" {
		return i.TenantName
	}
	return string(i.Tenant)
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05")
}
