// Package limit enforces the call limits that Microsoft publishes for its
// security APIs: so many calls in so long, counted over an exact sliding
// window for each application in each tenant.
//
// [Published] is the table, each line with its source. A [Keeper] counts; the
// services of the sandbox ask it before they answer a call they would allow,
// and write the refusal in their own words.
package limit

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// Services whose calls are limited, as the journal names them.
const (
	ServiceGraph = "graph"
	ServiceXDR   = "xdr"
	ServiceMDE   = "mde"
)

// Rule allows Calls calls of the named operations in any span of Per. The
// operations of one rule share its window. A call can be under several rules
// and needs room in all of them.
type Rule struct {
	// Name is unique in a table: service, what is counted and the span, such
	// as "xdr.incidents.list/minute".
	Name string `json:"name"`
	// Service is ServiceGraph, ServiceXDR or ServiceMDE.
	Service string `json:"service"`
	// Operations are names of the journal, such as "incidents.list". None
	// means every operation of the service.
	Operations []string `json:"operations,omitempty"`
	// Calls is how many the window holds, at least 1.
	Calls int `json:"calls"`
	// Per is the window's length, more than 0.
	Per time.Duration `json:"per"`
	// Source is the page that states the limit, or of a rule of ours what it
	// was taken from.
	Source string `json:"source,omitempty"`
	// Ours marks a limit that Microsoft does not publish.
	Ours bool `json:"ours,omitempty"`
}

// Covers says whether a call counts against the rule.
func (r Rule) Covers(service, operation string) bool {
	return r.Service == service && (len(r.Operations) == 0 || slices.Contains(r.Operations, operation))
}

// Validate says what is wrong with a rule, nil when it can be enforced.
func (r Rule) Validate() error {
	switch {
	case r.Name == "":
		return &RuleError{Field: "name", Value: `""`, Want: "a name"}
	case r.Service == "":
		return &RuleError{Rule: r.Name, Field: "service", Value: `""`, Want: "graph, xdr or mde"}
	case r.Calls < 1:
		return &RuleError{Rule: r.Name, Field: "calls", Value: fmt.Sprint(r.Calls), Want: "at least 1"}
	case r.Calls > MaxCalls:
		return &RuleError{Rule: r.Name, Field: "calls", Value: fmt.Sprint(r.Calls), Want: fmt.Sprintf("at most %d", MaxCalls)}
	case r.Per <= 0:
		return &RuleError{Rule: r.Name, Field: "per", Value: r.Per.String(), Want: "a duration above zero"}
	}
	return nil
}

// MaxCalls is the largest window: the time of each call in it is remembered.
// It is ours, and far above every published limit.
const MaxCalls = 100_000

// RuleError is a limit that cannot be enforced.
type RuleError struct {
	Rule  string // name of the rule, empty when that is what is wrong
	Field string // name, service, calls, per
	Value string
	Want  string
}

// Error names the rule, the field, its value and what would be right.
func (e *RuleError) Error() string {
	where := "limit"
	if e.Rule != "" {
		where = "limit " + e.Rule
	}
	return fmt.Sprintf("%s: %s is %s, it must be %s", where, e.Field, e.Value, e.Want)
}

// Next says what to do.
func (e *RuleError) Next() string {
	if e.Field == "name" {
		return "name one of the limits that GET /limits of the sandbox's management address lists"
	}
	return "set " + e.Field + " to " + e.Want + ", or leave the limit out to keep the published one"
}

// Refusal says why a call is not answered and when it would be.
type Refusal struct {
	// Rule is the one that is exhausted; of several, the one that stays so for
	// longest.
	Rule Rule
	// RetryAfter is when the next call has room again, counted from the refusal;
	// more than 0.
	RetryAfter time.Duration
	// Used is how many calls the rule's window held, refused ones not counted.
	Used int
	// At is the clock's time of the refusal.
	At time.Time
}

// Seconds is RetryAfter as a Retry-After header has it: whole seconds, rounded
// up so that a caller who waits that long is not refused again.
func (r Refusal) Seconds() int {
	return max(1, int(math.Ceil(r.RetryAfter.Seconds())))
}

// Resume is the moment a caller who obeys Retry-After comes back.
func (r Refusal) Resume() time.Time {
	return r.At.Add(time.Duration(r.Seconds()) * time.Second).UTC()
}

// Quota is the sentence with which the Defender APIs name the exhausted limit,
// as their users quote it: the first is known of hunting calls ("maximum
// allowed 45 per 00:01:00"), the wording of the second half is ours.
func (r Refusal) Quota() string {
	unit := "seconds"
	if r.Seconds() == 1 {
		unit = "second"
	}
	return fmt.Sprintf("API calls quota exceeded! maximum allowed %d per %s. You can resume in %d %s.", r.Rule.Calls, clock(r.Rule.Per), r.Seconds(), unit)
}

// Detail is what the journal's entry of the refused call says under "limit".
func (r Refusal) Detail() map[string]any {
	return map[string]any{
		"rule": r.Rule.Name, "calls": r.Rule.Calls, "per": r.Rule.Per.String(), "used": r.Used,
		"retryAfter": r.Seconds(), "source": r.Rule.Source, "ours": r.Rule.Ours,
	}
}

// clock writes a duration as .NET's TimeSpan does: [d.]hh:mm:ss[.fffffff].
func clock(d time.Duration) string {
	var b strings.Builder
	if days := d / (24 * time.Hour); days > 0 {
		fmt.Fprintf(&b, "%d.", days)
		d -= days * 24 * time.Hour
	}
	fmt.Fprintf(&b, "%02d:%02d:%02d", d/time.Hour, d/time.Minute%60, d/time.Second%60)
	if fraction := d % time.Second / 100; fraction > 0 {
		fmt.Fprintf(&b, ".%07d", fraction)
	}
	return b.String()
}
