package entra

import (
	"fmt"
	"strings"
	"time"
)

// Action is what the caller of a refused request should do; programs branch
// on it.
type Action string

// The actions.
const (
	// ActionConsent: an administrator of the tenant has to (again) accept the
	// consent link.
	ActionConsent Action = "consent"
	// ActionFixCredential: the secret, certificate or assertion is wrong,
	// expired or not registered.
	ActionFixCredential Action = "fix-credential"
	// ActionFixRequest: tenant, cloud, resource, redirect URI or registration
	// is wrong.
	ActionFixRequest Action = "fix-request"
	// ActionWait: try again later, after Error.RetryAfter if it is set.
	ActionWait Action = "wait"
	// ActionAskCustomer: only the customer can change it (licence, disabled
	// application, Conditional Access).
	ActionAskCustomer Action = "ask-customer"
	// ActionSignIn: a person has to sign in (again).
	ActionSignIn Action = "sign-in"
	// ActionNetwork: the answer did not come from Microsoft Entra ID.
	ActionNetwork Action = "check-network"
	// ActionUnknown: the code is not in the table.
	ActionUnknown Action = "unknown"
)

// Error is a refusal of the login service. Microsoft asks programs to branch
// on OAuth and Suberror (here: on Action), and people need Code for diagnosis,
// so both are kept.
type Error struct {
	// Code is the AADSTS number that says most, 0 if there is none; Codes are
	// all of them in the order given.
	Code  int
	Codes []int
	// OAuth is the error member, such as "invalid_client".
	OAuth    string
	Suberror string
	// Message is the description without its trailer of ids, on one line.
	Message       string
	CorrelationID string
	TraceID       string
	// Time is the server's time of the refusal; zero if not given.
	Time       time.Time
	HTTPStatus int
	Action     Action
	// RetryAfter is how long the server asks to wait; 0 if it does not say.
	RetryAfter time.Duration
	// Claims is the claims challenge to send along at the next sign-in.
	Claims string
	// URI points to Microsoft's page about the code; often missing.
	URI string
	// ServerTime is the HTTP Date header, and ClockOffset how far the local
	// clock is ahead of it (negative: behind). Both are zero if not known.
	ServerTime  time.Time
	ClockOffset time.Duration

	// next overrides the table, for answers that are not from Entra.
	next string
}

// clockTolerance is the skew the login service accepts on assertions.
const clockTolerance = 2 * time.Minute

// Error describes the refusal, with the ids that Microsoft's support asks for
// and the next step. It contains no secret and no token.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Code != 0 {
		fmt.Fprintf(&b, "AADSTS%d", e.Code)
	} else {
		fmt.Fprintf(&b, "sign-in failed with HTTP status %d", e.HTTPStatus)
	}
	if e.OAuth != "" {
		fmt.Fprintf(&b, " (%s)", e.OAuth)
	}
	if e.Message != "" {
		b.WriteString(": " + e.Message)
	}
	var ids []string
	if e.CorrelationID != "" {
		ids = append(ids, "correlation id "+e.CorrelationID)
	}
	if e.TraceID != "" {
		ids = append(ids, "trace id "+e.TraceID)
	}
	if len(ids) > 0 {
		b.WriteString(" [" + strings.Join(ids, ", ") + "]")
	}
	if n := e.Next(); n != "" {
		if !strings.HasSuffix(b.String(), ".") && !strings.HasSuffix(b.String(), "]") {
			b.WriteString(".")
		}
		b.WriteString(" Next: " + n)
	}
	return b.String()
}

// Next says in one sentence what to do.
func (e *Error) Next() string {
	if e.next != "" {
		return e.next
	}
	if e.Code == 700024 {
		if s := e.clockSentence(); s != "" {
			return s
		}
	}
	if info, ok := LookupCode(e.Code); ok {
		if e.Action == ActionWait && e.RetryAfter > 0 {
			return fmt.Sprintf("Wait %s before the next request. %s", e.RetryAfter, info.Next)
		}
		return info.Next
	}
	switch e.Action {
	case ActionWait:
		if e.RetryAfter > 0 {
			return fmt.Sprintf("Wait %s and try again.", e.RetryAfter)
		}
		return "Wait a minute and try again."
	case ActionConsent:
		return "Send the customer's administrator the consent link."
	case ActionFixCredential:
		return "Check the application's credential."
	case ActionFixRequest:
		return "Check tenant, cloud, client id and resource."
	case ActionSignIn:
		return "Sign in again."
	}
	if e.Code != 0 {
		return fmt.Sprintf("Look the code up at https://login.microsoftonline.com/error?code=%d; Microsoft's support asks for the correlation id.", e.Code)
	}
	return "Try again; if it stays, Microsoft's support asks for the correlation id."
}

// clockSentence names a wrong local clock, the usual cause of an assertion
// outside its time range.
func (e *Error) clockSentence() string {
	off, side := e.ClockOffset.Round(time.Second), "ahead of"
	if off < 0 {
		off, side = -off, "behind"
	}
	if off < clockTolerance {
		return ""
	}
	return fmt.Sprintf("Set this computer's clock: it is %s %s the login service's.", off, side)
}
