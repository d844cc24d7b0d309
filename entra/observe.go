package entra

import "time"

// EventKind says what an [Event] tells of.
type EventKind string

// The kinds of event.
const (
	// EventRequest: a token request goes out. EventAnswer: it is over; Duration
	// and Err are set.
	EventRequest EventKind = "request"
	EventAnswer  EventKind = "answer"
	// EventRenewed: a token was replaced before anyone had to wait.
	EventRenewed EventKind = "renewed"
	// EventThrottled: the service said "too many requests"; Wait is what it
	// asked for, 0 if it did not say.
	EventThrottled EventKind = "throttled"
	// EventRefused: a refusal that asking again would not change; Wait is how
	// long it is answered from memory.
	EventRefused EventKind = "refused"
	// EventForeign is an alarm: an answer held a token of another tenant or
	// resource. Err is the [*ForeignTokenError]. The token was thrown away.
	EventForeign EventKind = "foreign"
	// EventDropped: Drop or Challenge threw tokens of the tenant away.
	EventDropped EventKind = "dropped"
	// EventEvicted: Count expired or unused entries were forgotten.
	EventEvicted EventKind = "evicted"
	// EventVaultRefused: a stored token was not used, Err says why; or the
	// vault failed. Work goes on without it.
	EventVaultRefused EventKind = "vault-refused"
	// EventClockPutBack: the local clock went back by Wait.
	EventClockPutBack EventKind = "clock-put-back"
)

// Event is something that happened in a [Tokens]. It holds no secret and no
// token. Fields that do not apply are zero.
type Event struct {
	Kind     EventKind
	Tenant   TenantID
	Resource string // its URI
	// Background tells renewals from requests that a caller waits for.
	Background bool
	Duration   time.Duration // of the request, without the wait for a place
	Wait       time.Duration
	Count      int
	Err        error
}

func (t *Tokens) observe(e Event) {
	if t.observer != nil {
		t.observer(e)
	}
}
