// Package fault makes the sandbox's services misbehave on demand: slow,
// hanging, failing, throttled, cut off, with lists that cannot be paged, with
// tokens in the wrong tenant's name, or with a clock of its own. Nothing is on
// by default.
//
// A [Set] holds the faults in force. Tests of the same process set them with
// its typed methods, other programs through the management API, see
// [Set.Handler]. The token service asks [Set.Plan] what is to happen to a
// request, and [Set.Alter] what is to be wrong with a token; the APIs are put
// behind [Set.Wrap]. Whatever a fault did is in the journal's entry of the
// request, by the fault's kind and id.
package fault

import (
	"time"
)

// Kind is what a fault does.
type Kind string

// The kinds. Those that end a request are Hang, Fail, Reset, Throttle, Portal
// and ExpandFails; Slow, Truncate, WrongLength, CutGzip, BadUTF8 and HugeBody
// spoil the answer's way; Shrink, Repeat, Loop and ForeignLink are traps in
// the pages of a list; the rest change what a token says.
const (
	// Slow delays the answer.
	Slow Kind = "slow"
	// Hang gives no answer until the client leaves, the fault is removed (then
	// the request is answered after all) or the sandbox closes.
	Hang Kind = "hang"
	// Fail answers 500, 502, 503 or 504.
	Fail Kind = "fail"
	// Reset ends the request without an answer: the connection is closed, or
	// over HTTP/2 the stream is reset.
	Reset Kind = "reset"
	// Truncate declares the whole length and sends a part.
	Truncate Kind = "truncate"
	// Throttle answers 429.
	Throttle Kind = "throttle"
	// Portal answers with the HTML page of a captive portal.
	Portal Kind = "portal"
	// WrongLength declares a Content-Length that is not the body's: a shorter
	// one ends the answer there, as if it were whole, a longer one lets the
	// client wait for bytes that do not come before the end of the stream.
	WrongLength Kind = "wrongLength"
	// CutGzip compresses the body and sends a part of it, as a whole answer.
	CutGzip Kind = "cutGzip"
	// BadUTF8 puts bytes that are no UTF-8 into every text of the body that
	// has a space in it: names and descriptions, but no id, enum or time.
	BadUTF8 Kind = "badUTF8"
	// HugeBody makes the body as long as asked for, with spaces before its
	// last byte: still JSON, streamed, and not announced by a Content-Length.
	HugeBody Kind = "hugeBody"
	// Shrink answers a page shorter than was asked for although more follow.
	// The next link, or the next $skip, goes on behind what was given.
	Shrink Kind = "shrink"
	// Repeat begins every page but the first with the last item of the page
	// before it, as lists do that grew at the front meanwhile.
	Repeat Kind = "repeat"
	// Loop answers a next link that leads to the page itself.
	Loop Kind = "loop"
	// ForeignLink answers a next link to another host, which must not get the
	// client's token.
	ForeignLink Kind = "foreignLink"
	// ExpandFails answers 500 to whatever has $expand, and the rest as usual.
	ExpandFails Kind = "expandFails"
	// WrongTenant puts a token of another tenant into the answer.
	WrongTenant Kind = "wrongTenant"
	// WrongAudience puts a token for another API into the answer.
	WrongAudience Kind = "wrongAudience"
	// RefreshIn adds refresh_in to the answer.
	RefreshIn Kind = "refreshIn"
	// LongLived gives tokens a long life, as Entra does for clients with
	// continuous access evaluation, and refresh_in with it.
	LongLived Kind = "longLived"
	// Clock sets the whole sandbox's clock ahead or back.
	Clock Kind = "clock"
)

// Kinds lists every kind, in the order of the documentation.
func Kinds() []Kind {
	return []Kind{
		Slow, Hang, Fail, Reset, Truncate, Throttle, Portal, WrongLength, CutGzip, BadUTF8, HugeBody,
		Shrink, Repeat, Loop, ForeignLink, ExpandFails,
		WrongTenant, WrongAudience, RefreshIn, LongLived, Clock,
	}
}

// alters says whether a fault changes the token rather than its transport.
func (k Kind) alters() bool {
	return k == WrongTenant || k == WrongAudience || k == RefreshIn || k == LongLived
}

// pages says whether a fault is a trap in the pages of a list.
func (k Kind) pages() bool {
	return k == Shrink || k == Repeat || k == Loop || k == ForeignLink
}

// spoils says whether a fault changes the answer on its way.
func (k Kind) spoils() bool {
	return k == Truncate || k == WrongLength || k == CutGzip || k == BadUTF8 || k == HugeBody || k.pages()
}

// ends says whether a request that the fault struck is answered by it.
func (k Kind) ends() bool {
	return k == Hang || k == Fail || k == Reset || k == Throttle || k == Portal || k == ExpandFails
}

// Body is the form of a failure's answer.
type Body string

// Bodies of [Fail].
const (
	BodyOwn   Body = "own"   // the error body that the service itself writes
	BodyESTS  Body = "ests"  // the same, by the name of the token service's
	BodyHTML  Body = "html"  // the page of a gateway before it
	BodyEmpty Body = "empty" // nothing
)

// RetryForm is how Retry-After is written (RFC 9110 §10.2.3).
type RetryForm string

// Forms of Retry-After.
const (
	RetrySeconds RetryForm = "seconds"
	RetryDate    RetryForm = "date"
	RetryNone    RetryForm = "none"
)

// Duration is a time.Duration that JSON writes like "1m30s".
type Duration time.Duration

// MarshalText implements encoding.TextMarshaler.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	*d = Duration(v)
	return err
}

// Scope says which requests a fault may strike, and how often. The zero Scope
// is every request of the token service (of the APIs, for a kind that only
// they can have), always, until the fault is removed.
type Scope struct {
	// Services are ServiceSTS, ServiceGraph, ServiceXDR and ServiceMDE. Empty
	// means those that have one of Operations; without Operations the token
	// service, or the APIs for traps in pages and ExpandFails.
	Services []string `json:"services,omitempty"`
	// Tenant is an id or a domain of the world; empty means all, including
	// requests to /common that name none. The APIs know it by the token.
	Tenant string `json:"tenant,omitempty"`
	// Operations are names as the journal has them: token, keys, discovery, …
	// of the token service, incidents.list, machines.isolate, … of the APIs;
	// empty means all. Faults that change tokens strike where a token is
	// issued, whatever the operation.
	Operations []string `json:"operations,omitempty"`
	// Probability is the share of the matching requests, above 0 up to 1; 0
	// means all.
	Probability float64 `json:"probability,omitempty"`
	// Seed makes the choices of Probability and of a range of delays
	// repeatable; 0 means a seed of the fault's own, the same in every run that
	// sets the same faults in the same order.
	Seed uint64 `json:"seed,omitempty"`
	// Count is after how many strikes the fault is spent; 0 means never.
	Count int `json:"count,omitempty"`
	// For is how long the fault is in force; 0 means until it is removed.
	For Duration `json:"for,omitempty"`
}

// Spec is one fault to be set. Fields of other kinds must be left zero.
type Spec struct {
	Kind Kind `json:"kind"`
	Scope

	// Delay of Slow. With DelayMax it is a random one from Delay to DelayMax.
	Delay    Duration `json:"delay,omitempty"`
	DelayMax Duration `json:"delayMax,omitempty"`

	// Status of Fail (500, 502, 503, 504; default 503) and of Portal (200 or
	// 511; default 200).
	Status int `json:"status,omitempty"`
	// Body of Fail; default BodyESTS for the token service alone, else BodyOwn.
	Body Body `json:"body,omitempty"`

	// Bytes of Truncate, and of CutGzip, is how many bytes are sent, of which
	// at least one is missing; of WrongLength the length declared; nil means
	// half. Of HugeBody it is how long the body gets; nil means 1 GiB.
	Bytes *int `json:"bytes,omitempty"`

	// Items of Shrink is how many items a page has at most; 0 means half of
	// what was asked for, or 5 where nothing was.
	Items int `json:"items,omitempty"`

	// Requests of Throttle is how many requests of a tenant pass in each
	// Window; 0 means none. A window begins with its first request.
	Requests int      `json:"requests,omitempty"`
	Window   Duration `json:"window,omitempty"`
	// RetryAfter of Throttle (default: what is left of the window, else a
	// minute) and of Fail (default: none is sent), in full seconds.
	RetryAfter Duration `json:"retryAfter,omitempty"`
	// RetryAfterAs is the form; default RetrySeconds.
	RetryAfterAs RetryForm `json:"retryAfterAs,omitempty"`

	// OtherTenant of WrongTenant is whose token is given; empty means any
	// other tenant that has the application.
	OtherTenant string `json:"otherTenant,omitempty"`
	// Audience of WrongAudience; empty means Microsoft Graph, or the Defender
	// API for tokens of Graph. One that is no API of the world is put into the
	// token as it is.
	Audience string `json:"audience,omitempty"`

	// RefreshIn of RefreshIn, and of LongLived (default: half the lifetime).
	RefreshIn Duration `json:"refreshIn,omitempty"`
	// Lifetime of LongLived; default 24 hours.
	Lifetime Duration `json:"lifetime,omitempty"`

	// Offset of Clock; negative means back.
	Offset Duration `json:"offset,omitempty"`
}

// States of a fault.
const (
	StateActive  = "active"
	StateSpent   = "spent"   // struck Count times
	StateExpired = "expired" // its time is over
)

// Fault is a fault that was set.
type Fault struct {
	ID string `json:"id"`
	Spec
	State   string     `json:"state"`
	Created time.Time  `json:"created"`
	Expires *time.Time `json:"expires,omitempty"`
	// Matched is how many requests were within its scope, Struck how many of
	// them it struck.
	Matched uint64 `json:"matched"`
	Struck  uint64 `json:"struck"`
}
