package consent

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/tenantry/tenantry/entra"
)

// Outcome is what a callback says happened.
type Outcome string

// The outcomes.
const (
	// Granted: the callback says that an administrator accepted. A claim.
	Granted Outcome = "granted"
	// SignedIn: the callback has an authorization code and nothing else; see
	// RedeemCode.
	SignedIn Outcome = "signed in"
	// Declined: the administrator pressed cancel.
	Declined Outcome = "declined"
	// Refused: Microsoft Entra ID refused, for the reason in AADSTS and Next.
	Refused Outcome = "refused"
)

// Result is a callback, read and unproved.
type Result struct {
	Kind Outcome
	// Tenant is what the callback claims; "" if it names none, as refusals do.
	Tenant entra.TenantID
	State  string
	Code   string // authorization code; a secret until it is redeemed
	Scope  string // v2 admin consent: what was granted, separated by spaces
	// Error, Description (without its trailer of ids) and Subcode are as
	// given; AADSTS is the number in the description, 0 if none.
	Error       string
	Description string
	Subcode     string
	AADSTS      int
	// CorrelationID and TraceID are for Microsoft's support.
	CorrelationID string
	TraceID       string
	// Next says what to do, in one sentence.
	Next string
}

// String describes the result without its state and code.
func (r Result) String() string {
	s := "consent " + string(r.Kind)
	if r.Tenant != "" {
		s += " (claimed tenant " + string(r.Tenant) + ")"
	}
	if r.Error != "" {
		s += ": " + r.Error
	}
	return s
}

// GoString is String.
func (r Result) GoString() string { return r.String() }

// CallbackError is a request that is no consent callback, or one that was
// tampered with.
type CallbackError struct {
	Parameter string // "" if it is about the whole
	Problem   string
}

func (e *CallbackError) Error() string {
	if e.Parameter == "" {
		return "consent callback: " + e.Problem + ": " + e.Next()
	}
	return fmt.Sprintf("consent callback: parameter %s %s: %s", e.Parameter, e.Problem, e.Next())
}

// Next says what to do.
func (e *CallbackError) Next() string {
	return "open the invitation's link again and do not edit the address"
}

// maxParameter bounds what is kept of one parameter. Real codes are below 3 kB.
const maxParameter = 16 << 10

// ParseCallback reads the parameters of a consent or sign-in callback, from a
// query or a form post. All shapes that the service is known to send are
// understood:
//
//   - v1 consent: admin_consent=True, tenant, state, in any order;
//   - v2 consent: the same with scope;
//   - sign-in: code, state, session_state;
//   - refusals, as error with error_description (and AADSTS number), as error
//     with error_subcode only, and as the two texts of Microsoft's pages
//     (permission_denied, consent_required); admin_consent=True beside an error
//     means nothing.
//
// The error is a [*CallbackError]. Sources: learn.microsoft.com "Admin consent
// on the Microsoft identity platform" (v2-admin-consent) and reports of real
// redirects.
func ParseCallback(v url.Values) (Result, error) {
	get := func(name string) (string, error) {
		all := v[name]
		switch {
		case len(all) > 1:
			return "", &CallbackError{Parameter: name, Problem: "is there more than once"}
		case len(all) == 0:
			return "", nil
		case len(all[0]) > maxParameter:
			return "", &CallbackError{Parameter: name, Problem: "is too long"}
		}
		return all[0], nil
	}
	var r Result
	var description, adminConsent, tenant string
	for _, p := range []struct {
		name string
		to   *string
	}{
		{"state", &r.State}, {"code", &r.Code}, {"scope", &r.Scope}, {"error", &r.Error},
		{"error_description", &description}, {"error_subcode", &r.Subcode},
		{"admin_consent", &adminConsent}, {"tenant", &tenant},
	} {
		s, err := get(p.name)
		if err != nil {
			return Result{}, err
		}
		*p.to = s
	}
	if tenant != "" {
		id, err := entra.ParseTenantID(tenant)
		if err != nil {
			return Result{}, &CallbackError{Parameter: "tenant", Problem: "is not a tenant id"}
		}
		r.Tenant = id
	}
	if r.Error != "" || description != "" || r.Subcode != "" {
		r.refuse(description)
		return r, nil
	}
	switch {
	case strings.EqualFold(adminConsent, "true"):
		r.Kind = Granted
		r.Next = "Prove the consent by asking for a token of the tenant; the callback alone proves nothing."
	case adminConsent != "":
		return Result{}, &CallbackError{Parameter: "admin_consent", Problem: "is not True"}
	case r.Code != "":
		r.Kind = SignedIn
		r.Next = "Redeem the code to learn the tenant."
	default:
		return Result{}, &CallbackError{Problem: "it has neither a consent, a code nor an error"}
	}
	return r, nil
}

// ParseCallbackURL is [ParseCallback] for the whole address, as copied from a
// browser's address bar; a trailing "#" or fragment is ignored.
func ParseCallbackURL(address string) (Result, error) {
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil {
		return Result{}, &CallbackError{Problem: "it is not a URL"}
	}
	v, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return Result{}, &CallbackError{Problem: "its query is malformed"}
	}
	return ParseCallback(v)
}

// refuse fills in a refusal. Cancelling is told by code 65004, by the subcode,
// or by the one text that Microsoft's page gives for it.
func (r *Result) refuse(description string) {
	r.Code, r.Scope = "", "" // an error makes everything beside it meaningless
	e := entra.ParseErrorDescription(r.Error, description)
	r.Error, r.Description, r.AADSTS = e.OAuth, e.Message, e.Code
	r.CorrelationID, r.TraceID = e.CorrelationID, e.TraceID
	r.Subcode = printable(r.Subcode)
	r.Next = e.Next()
	r.Kind = Refused
	cancelled := r.AADSTS == 65004 || strings.EqualFold(r.Subcode, "cancel") ||
		(r.AADSTS == 0 && r.Error == "permission_denied") ||
		(r.AADSTS == 0 && r.Error == "access_denied" && r.Description == "")
	if cancelled {
		r.Kind = Declined
		if r.AADSTS == 0 {
			r.Next = "Ask the administrator whether the refusal was meant, and send the consent link again."
		}
	}
}

// printable keeps a short value of a stranger fit for a terminal.
func printable(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '\uFFFD' {
			return -1
		}
		return r
	}, s)
	return s[:min(len(s), 80)]
}
