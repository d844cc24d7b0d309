package fault

import "time"

// The methods below set one kind of fault each. Their errors are those of
// [Set.Add].

// Slow delays answers by a time from shortest to longest; with longest 0, or
// both equal, always by the same.
func (s *Set) Slow(in Scope, shortest, longest time.Duration) (Fault, error) {
	return s.Add(Spec{Kind: Slow, Scope: in, Delay: Duration(shortest), DelayMax: Duration(longest)})
}

// Hang gives no answers.
func (s *Set) Hang(in Scope) (Fault, error) { return s.Add(Spec{Kind: Hang, Scope: in}) }

// Fail answers with a status of 500, 502, 503 or 504. retryAfter 0 sends no
// Retry-After.
func (s *Set) Fail(in Scope, status int, body Body, retryAfter time.Duration) (Fault, error) {
	return s.Add(Spec{Kind: Fail, Scope: in, Status: status, Body: body, RetryAfter: Duration(retryAfter)})
}

// Reset closes connections instead of answering.
func (s *Set) Reset(in Scope) (Fault, error) { return s.Add(Spec{Kind: Reset, Scope: in}) }

// Truncate ends answers in the middle of their bodies.
func (s *Set) Truncate(in Scope) (Fault, error) { return s.Add(Spec{Kind: Truncate, Scope: in}) }

// Limit is a limit of requests per tenant and time.
type Limit struct {
	Requests   int           // that pass in each window; 0, with Window 0: none
	Window     time.Duration // from its first request on
	RetryAfter time.Duration // 0: what is left of the window, else a minute
	As         RetryForm     // default RetrySeconds
}

// Throttle answers 429 above the limit.
func (s *Set) Throttle(in Scope, l Limit) (Fault, error) {
	return s.Add(Spec{Kind: Throttle, Scope: in, Requests: l.Requests, Window: Duration(l.Window), RetryAfter: Duration(l.RetryAfter), RetryAfterAs: l.As})
}

// Portal answers with a captive portal's page.
func (s *Set) Portal(in Scope) (Fault, error) { return s.Add(Spec{Kind: Portal, Scope: in}) }

// WrongLength declares a Content-Length of this many bytes; below 0 means half
// of the body's.
func (s *Set) WrongLength(in Scope, declared int) (Fault, error) {
	spec := Spec{Kind: WrongLength, Scope: in}
	if declared >= 0 {
		spec.Bytes = &declared
	}
	return s.Add(spec)
}

// CutGzip ends compressed answers in the middle.
func (s *Set) CutGzip(in Scope) (Fault, error) { return s.Add(Spec{Kind: CutGzip, Scope: in}) }

// BadUTF8 puts bytes that are no UTF-8 into the texts of answers.
func (s *Set) BadUTF8(in Scope) (Fault, error) { return s.Add(Spec{Kind: BadUTF8, Scope: in}) }

// HugeBody makes bodies this many bytes long; below 0 means 1 GiB.
func (s *Set) HugeBody(in Scope, bytes int) (Fault, error) {
	spec := Spec{Kind: HugeBody, Scope: in}
	if bytes >= 0 {
		spec.Bytes = &bytes
	}
	return s.Add(spec)
}

// Shrink answers pages of at most so many items; 0 means half of what was
// asked for.
func (s *Set) Shrink(in Scope, items int) (Fault, error) {
	return s.Add(Spec{Kind: Shrink, Scope: in, Items: items})
}

// Repeat begins pages with the last item of the page before.
func (s *Set) Repeat(in Scope) (Fault, error) { return s.Add(Spec{Kind: Repeat, Scope: in}) }

// Loop answers next links that lead nowhere else.
func (s *Set) Loop(in Scope) (Fault, error) { return s.Add(Spec{Kind: Loop, Scope: in}) }

// ForeignLink answers next links to another host.
func (s *Set) ForeignLink(in Scope) (Fault, error) { return s.Add(Spec{Kind: ForeignLink, Scope: in}) }

// ExpandFails answers 500 to requests with $expand.
func (s *Set) ExpandFails(in Scope) (Fault, error) { return s.Add(Spec{Kind: ExpandFails, Scope: in}) }

// WrongTenant answers with tokens of another tenant; other "" means any.
func (s *Set) WrongTenant(in Scope, other string) (Fault, error) {
	return s.Add(Spec{Kind: WrongTenant, Scope: in, OtherTenant: other})
}

// WrongAudience answers with tokens for another API; audience "" means any.
func (s *Set) WrongAudience(in Scope, audience string) (Fault, error) {
	return s.Add(Spec{Kind: WrongAudience, Scope: in, Audience: audience})
}

// RefreshIn adds refresh_in to answers.
func (s *Set) RefreshIn(in Scope, after time.Duration) (Fault, error) {
	return s.Add(Spec{Kind: RefreshIn, Scope: in, RefreshIn: Duration(after)})
}

// LongLived gives tokens this lifetime, 0 meaning 24 hours, and answers a
// refresh_in of half of it.
func (s *Set) LongLived(in Scope, lifetime time.Duration) (Fault, error) {
	return s.Add(Spec{Kind: LongLived, Scope: in, Lifetime: Duration(lifetime)})
}

// ShiftClock sets the sandbox's clock ahead, or back, for a time; 0 means
// until it is removed. Of several the newest counts.
func (s *Set) ShiftClock(offset, during time.Duration) (Fault, error) {
	return s.Add(Spec{Kind: Clock, Scope: Scope{For: Duration(during)}, Offset: Duration(offset)})
}
