// Package fault makes the sandbox's token service misbehave on demand: slow,
// hanging, failing, throttled, cut off, in the wrong tenant's name, or with a
// clock of its own. Nothing is on by default.
//
// A [Set] holds the faults in force. Tests of the same process set them with
// its typed methods, other programs through the management API, see
// [Set.Handler]. The service asks [Set.Plan] what is to happen to a request,
// and [Set.Alter] what is to be wrong with a token. Whatever a fault did is in
// the journal's entry of the request, by the fault's kind and id.
package fault

import (
	"time"
)

// Kind is what a fault does.
type Kind string

// The kinds. Those that end a request are Hang, Fail, Reset, Throttle and
// Portal; Slow and Truncate spoil the answer's way; the rest change what it
// says.
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

// kinds in the order of the documentation.
func kinds() []Kind {
	return []Kind{Slow, Hang, Fail, Reset, Truncate, Throttle, Portal, WrongTenant, WrongAudience, RefreshIn, LongLived, Clock}
}

// alters says whether a fault changes the token rather than its transport.
func (k Kind) alters() bool {
	return k == WrongTenant || k == WrongAudience || k == RefreshIn || k == LongLived
}

// ends says whether a request that the fault struck is answered by it.
func (k Kind) ends() bool {
	return k == Hang || k == Fail || k == Reset || k == Throttle || k == Portal
}

// Body is the form of a failure's answer.
type Body string

// Bodies of [Fail].
const (
	BodyESTS  Body = "ests"  // the token service's own JSON error
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
// is every request of the token service, always, until the fault is removed.
type Scope struct {
	// Tenant is an id or a domain of the world; empty means all, including
	// requests to /common that name none.
	Tenant string `json:"tenant,omitempty"`
	// Operations are names as the journal has them: token, keys, discovery,
	// instance, authorize, …; empty means all of the token service. Faults that
	// change tokens strike where a token is issued, whatever the operation.
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
	// Body of Fail; default BodyESTS.
	Body Body `json:"body,omitempty"`

	// Bytes of Truncate is how many bytes of the body are sent; nil means half.
	// At least one is missing.
	Bytes *int `json:"bytes,omitempty"`

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
