package fault

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/tenantry/tenantry/sandbox/journal"
)

// Problem is one thing wrong with a fault that was to be set.
type Problem journal.Problem

// SpecError tells everything that is wrong with a [Spec] at once.
type SpecError struct{ Problems []Problem }

func (e *SpecError) Error() string {
	all := make([]string, 0, len(e.Problems))
	for _, p := range e.Problems {
		all = append(all, fmt.Sprintf("%s %s (%s)", p.Field, p.Problem, p.Remedy))
	}
	return "the fault cannot be set: " + strings.Join(all, "; ")
}

// Next says in one sentence what to do about it.
func (e *SpecError) Next() string {
	all := make([]string, 0, len(e.Problems))
	for _, p := range e.Problems {
		all = append(all, p.Field+": "+p.Remedy)
	}
	return strings.Join(all, "; ")
}

// Limits of what can be asked for. A week is longer than any test, and keeps
// sums of times far from overflow.
const (
	maxDuration = 7 * 24 * time.Hour
	maxOffset   = 10 * 365 * 24 * time.Hour
	maxFaults   = 1000
	maxHuge     = 1 << 40 // of HugeBody, bytes
)

// own names the fields that belong to a kind beside those of Scope.
func own(k Kind) []string {
	switch k {
	case Slow:
		return []string{"delay", "delayMax"}
	case Fail:
		return []string{"status", "body", "retryAfter", "retryAfterAs"}
	case Truncate, WrongLength, CutGzip, HugeBody:
		return []string{"bytes"}
	case Shrink:
		return []string{"items"}
	case Throttle:
		return []string{"requests", "window", "retryAfter", "retryAfterAs"}
	case Portal:
		return []string{"status"}
	case WrongTenant:
		return []string{"otherTenant"}
	case WrongAudience:
		return []string{"audience"}
	case RefreshIn:
		return []string{"refreshIn"}
	case LongLived:
		return []string{"lifetime", "refreshIn"}
	case Clock:
		return []string{"offset"}
	}
	return nil // hang, reset, badUTF8, repeat, loop, foreignLink, expandFails
}

// checker gathers problems.
type checker struct{ problems []Problem }

func (c *checker) wrong(field, remedy, format string, args ...any) {
	c.problems = append(c.problems, Problem{field, fmt.Sprintf(format, args...), remedy})
}

func (c *checker) err() error {
	if len(c.problems) == 0 {
		return nil
	}
	return &SpecError{c.problems}
}

func oneOf[T ~string](names []T) string {
	words := make([]string, 0, len(names))
	for _, n := range names {
		words = append(words, string(n))
	}
	return "use one of " + strings.Join(words, ", ")
}

// duration checks a time that must not be negative.
func (c *checker) duration(field string, d Duration) {
	if d < 0 || time.Duration(d) > maxDuration {
		c.wrong(field, "use a duration such as 500ms, 30s or 10m, at most 168h", "%s is out of range", time.Duration(d))
	}
}

// Check judges a fault that is to be set later, in a sandbox whose services
// have these operations; nil means any. Its error is a *[SpecError]. Whether
// the tenants exist is judged by [Set.Add].
func (s Spec) Check(operations map[string][]string) error {
	var c checker
	if !slices.Contains(Kinds(), s.Kind) {
		c.wrong("kind", oneOf(Kinds()), "%q is not a kind of fault", s.Kind)
		return c.err()
	}
	s.checkFields(&c)
	s.checkServices(&c, operations)
	if math.IsNaN(s.Probability) || s.Probability < 0 || s.Probability > 1 {
		c.wrong("probability", "use a number above 0, up to 1", "%v is out of range", s.Probability)
	}
	if s.Count < 0 {
		c.wrong("count", "use a number above 0, or leave it out for no limit", "%d is negative", s.Count)
	}
	c.duration("for", s.For)
	s.checkKind(&c)
	return c.err()
}

// checkFields refuses what belongs to other kinds: a field that would be
// ignored makes a test that cannot fail.
func (s *Spec) checkFields(c *checker) {
	allowed := own(s.Kind)
	if s.Kind == Clock {
		allowed = append(allowed, "for")
	}
	each := func(v reflect.Value, scope bool) {
		for i := range v.NumField() {
			f := v.Type().Field(i)
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if f.Anonymous || name == "kind" || v.Field(i).IsZero() || slices.Contains(allowed, name) || (scope && s.Kind != Clock) {
				continue
			}
			c.wrong(name, "leave it out", "does not apply to %s", s.Kind)
		}
	}
	each(reflect.ValueOf(s.Scope), true)
	each(reflect.ValueOf(*s), false)
}

func (s *Spec) checkKind(c *checker) {
	c.duration("delay", s.Delay)
	c.duration("delayMax", s.DelayMax)
	c.duration("window", s.Window)
	c.duration("retryAfter", s.RetryAfter)
	c.duration("refreshIn", s.RefreshIn)
	c.duration("lifetime", s.Lifetime)
	if time.Duration(s.RetryAfter)%time.Second != 0 {
		c.wrong("retryAfter", "use full seconds, such as 30s", "%s cannot be written in a header", time.Duration(s.RetryAfter))
	}
	if forms := []RetryForm{"", RetrySeconds, RetryDate, RetryNone}; !slices.Contains(forms, s.RetryAfterAs) {
		c.wrong("retryAfterAs", oneOf(forms[1:]), "%q is not a form of Retry-After", s.RetryAfterAs)
	}
	switch s.Kind {
	case Slow:
		if s.Delay == 0 && s.DelayMax == 0 {
			c.wrong("delay", "use a duration such as 500ms", "is missing")
		}
		if s.DelayMax != 0 && s.DelayMax < s.Delay {
			c.wrong("delayMax", "make it longer than delay, or leave it out", "%s is shorter than delay", time.Duration(s.DelayMax))
		}
	case Fail:
		if s.Status != 0 && (s.Status < 500 || s.Status > 504 || s.Status == 501) {
			c.wrong("status", "use 500, 502, 503 or 504", "%d is not a failure of a server", s.Status)
		}
		if forms := []Body{"", BodyOwn, BodyESTS, BodyHTML, BodyEmpty}; !slices.Contains(forms, s.Body) {
			c.wrong("body", oneOf(forms[1:]), "%q is not a form of body", s.Body)
		}
	case Portal:
		if s.Status != 0 && s.Status != 200 && s.Status != 511 {
			c.wrong("status", "use 200 or 511", "%d is not what captive portals answer", s.Status)
		}
	case Truncate, WrongLength, CutGzip:
		if s.Bytes != nil && *s.Bytes < 0 {
			c.wrong("bytes", "use 0 or more, or leave it out for half of the body", "%d is negative", *s.Bytes)
		}
	case HugeBody:
		if s.Bytes != nil && (*s.Bytes < 0 || *s.Bytes > maxHuge) {
			c.wrong("bytes", "use 0 up to 2^40, or leave it out for 1 GiB", "%d is out of range", *s.Bytes)
		}
	case Shrink:
		if s.Items < 0 {
			c.wrong("items", "use 1 or more, or leave it out for half of the page", "%d is negative", s.Items)
		}
	case Throttle:
		if s.Requests < 0 {
			c.wrong("requests", "use a number above 0 with a window, or leave it out to throttle always", "%d is negative", s.Requests)
		}
		if (s.Requests == 0) != (s.Window == 0) {
			c.wrong("window", "give requests and window together, or neither to throttle always", "and requests do not fit: %s, %d", time.Duration(s.Window), s.Requests)
		}
	case RefreshIn:
		if s.RefreshIn < Duration(time.Second) {
			c.wrong("refreshIn", "use a duration such as 30m", "is missing or shorter than a second")
		}
	case LongLived:
		if s.Lifetime != 0 && s.Lifetime < Duration(time.Second) {
			c.wrong("lifetime", "use a duration such as 24h", "is shorter than a second")
		}
	case Clock:
		if s.Offset == 0 || time.Duration(s.Offset).Abs() > maxOffset {
			c.wrong("offset", "use a duration such as 10m or -10m, at most ten years", "%s is no offset", time.Duration(s.Offset))
		}
	}
}
