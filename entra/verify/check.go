package verify

import "fmt"

// Status is the outcome of one check.
type Status string

const (
	Passed  Status = "passed"
	Failed  Status = "failed"
	Skipped Status = "skipped" // could not be judged here; the detail says why
	Info    Status = "info"    // nothing to judge, worth knowing
)

// Names of the checks. [Inspect] reports them in this order, and an [*Error]
// of a [Verifier] names the one that failed.
const (
	CheckForm        = "form"        // compact JWS in strict base64url and JSON
	CheckHeader      = "header"      // typ, no member that names a key or must be understood
	CheckAlgorithm   = "algorithm"   // RS256 and nothing else
	CheckSignature   = "signature"   // under a key of the authority
	CheckClaims      = "claims"      // every claim has its documented JSON type
	CheckTenant      = "tenant"      // tid is a tenant id, and an allowed one
	CheckVersion     = "version"     // ver
	CheckIssuer      = "issuer"      // iss is the authority's for this tid and ver
	CheckKeyIssuer   = "key issuer"  // the key may sign for this issuer
	CheckAudience    = "audience"    // aud
	CheckLifetime    = "lifetime"    // iat, nbf, exp
	CheckKind        = "kind"        // application, user or id token
	CheckApplication = "application" // appid or azp
	CheckNonce       = "nonce"       // of an id token
	CheckRevoked     = "revoked"     // the caller's own list of sessions and tokens that ended
	CheckResource    = "resource"    // only Inspect: is it for the API that is to be called
	CheckRoles       = "roles"       // only Inspect and Handler: against the roles needed
	CheckScopes      = "scopes"      // only Handler: against the scopes needed
)

// Check is the outcome of one check, in words.
type Check struct {
	Name   string `json:"name"`
	Status Status `json:"status"`
	Detail string `json:"detail"`
	Remedy string `json:"remedy,omitempty"` // what to do next; empty unless it failed or was skipped
}

func passed(name, format string, args ...any) Check {
	return Check{Name: name, Status: Passed, Detail: fmt.Sprintf(format, args...)}
}

func failed(name, remedy, format string, args ...any) Check {
	return Check{Name: name, Status: Failed, Detail: fmt.Sprintf(format, args...), Remedy: remedy}
}

func skipped(name, remedy, format string, args ...any) Check {
	return Check{Name: name, Status: Skipped, Detail: fmt.Sprintf(format, args...), Remedy: remedy}
}

// judged turns what a rule says into a check.
func judged(err *Error, name, format string, args ...any) Check {
	if err != nil {
		return Check{Name: err.Check, Status: Failed, Detail: err.Detail, Remedy: err.Remedy}
	}
	return passed(name, format, args...)
}

// Error says why a [Verifier] refused a token. It holds claim values, made
// safe to show, and never the token.
type Error struct {
	Check  string // name of the check that failed, see CheckForm and the others
	Rule   string // which rule of the check, such as "form.duplicate"; for logs and metrics
	Detail string // what is wrong
	Remedy string // what to do next
}

func (e *Error) Error() string {
	return "token refused: " + e.Check + ": " + e.Detail
}

// Next says what to do about it.
func (e *Error) Next() string { return e.Remedy }
