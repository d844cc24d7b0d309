package defender

import (
	"fmt"
	"strings"
	"time"
)

// ConflictError refuses an update because what is to be updated is no longer as
// the caller saw it. Nothing was sent.
type ConflictError struct {
	Surface   Surface
	What      string // "incident" or "alert"
	ID        string
	Seen, Now time.Time // its last update as seen, and as it is
	By        string    // who made the last update, as far as the surface tells
	// Fields are Graph's names of what has changed; empty when only the time seen is
	// known, or the change is in nothing that this package compares.
	Fields []string
}

func (e *ConflictError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s has changed since it was shown: updated %s, shown as of %s", e.What, e.ID, stamp(e.Now), stamp(e.Seen))
	if e.By != "" {
		b.WriteString(", by " + e.By)
	}
	if len(e.Fields) > 0 {
		b.WriteString(" (" + strings.Join(e.Fields, ", ") + ")")
	}
	return b.String()
}

// Next says in one sentence what to do about it.
func (e *ConflictError) Next() string {
	return "Look at the " + e.What + " again and decide anew, or force the update if it must win."
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return "at no known time"
	}
	return t.UTC().Format("2006-01-02T15:04:05.9999999Z")
}

// MergedError refuses a change to an incident that was merged into another.
// Nothing was sent.
type MergedError struct {
	Surface Surface
	ID      string
	Target  string // the other incident; empty when the surface does not tell
}

func (e *MergedError) Error() string {
	if e.Target == "" {
		return fmt.Sprintf("incident %s was merged into another one", e.ID)
	}
	return fmt.Sprintf("incident %s was merged into incident %s", e.ID, e.Target)
}

// Next says in one sentence what to do about it.
func (e *MergedError) Next() string {
	if e.Target == "" {
		return "Find the incident that carries its alerts now and change that one."
	}
	return "Change incident " + e.Target + " instead: it carries the alerts now."
}

// PartialUpdateError says that an update of several calls was done in part.
type PartialUpdateError struct {
	Surface Surface
	What    string // "incident" or "alert"
	ID      string
	Done    []string // Graph's names of the fields that were written
	Missing string   // what was not done, in words: "the comment"
	Err     error    // why
}

func (e *PartialUpdateError) Error() string {
	return fmt.Sprintf("%s %s: %s written, but not %s: %v", e.What, e.ID, strings.Join(e.Done, ", "), e.Missing, e.Err)
}

// Unwrap gives the cause.
func (e *PartialUpdateError) Unwrap() error { return e.Err }

// Next says in one sentence what to do about it.
func (e *PartialUpdateError) Next() string {
	return "Look at the " + e.What + ", then do what is missing by itself: " + e.Missing + "."
}
