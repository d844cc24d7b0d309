package defender

import (
	"fmt"
	"time"
)

// ListOptions narrows a list of incidents. The zero value asks for all of them.
type ListOptions struct {
	// Since keeps incidents last updated at this time or later.
	Since time.Time
	// CreatedSince keeps incidents created at this time or later.
	CreatedSince time.Time
	// Status keeps incidents with any of these states.
	Status []Status
	// Severity keeps incidents with any of these severities; graph only, since
	// the xdr surface has no such filter ("evaluate severity in the client").
	Severity []Severity
	// Classification and Determination work on graph only.
	Classification []Classification
	Determination  []Determination
	// AssignedTo keeps incidents assigned to this person.
	AssignedTo string
	// Top is the page size; 0 leaves it to the surface (graph) or takes 100, the
	// most that xdr allows. Graph states no limit; 50 has been seen to be safe.
	Top int
	// ExpandAlerts asks graph to put the alerts into each incident; xdr always does.
	ExpandAlerts bool
	// Cursor continues a list: Page.Next of the page before, with the other
	// options unchanged. Empty means from the start. All ignores it.
	Cursor string
}

// xdrMaxTop is the largest $top of GET /api/incidents,
// https://learn.microsoft.com/defender-xdr/api-list-incidents.
const xdrMaxTop = 100

// OptionError refuses a request that the surface cannot answer, before anything is sent.
type OptionError struct {
	Surface Surface // empty when the surface does not matter
	Option  string  // name of the field
	Value   string  // what it held; empty when it must not be shown
	Remedy  string  // what to do instead
}

func (e *OptionError) Error() string {
	where := ""
	if e.Surface != "" {
		where = " for surface " + string(e.Surface)
	}
	if e.Value == "" {
		return fmt.Sprintf("%s%s: %s", e.Option, where, e.Remedy)
	}
	return fmt.Sprintf("%s %q%s: %s", e.Option, e.Value, where, e.Remedy)
}

// Next says in one sentence what to do about it.
func (e *OptionError) Next() string { return e.Remedy }
