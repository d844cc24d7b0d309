package verify

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/tenantry/tenantry/entra"
)

// InspectOptions say what is known about how a token is meant to be used. The
// zero value is good: the public cloud, no keys, nothing in particular needed.
type InspectOptions struct {
	// Cloud is the cloud the token should be of; the zero Cloud is the public one.
	Cloud entra.Cloud
	// Keys judge the signature; nil leaves it unjudged. Inspect uses the
	// network only if these keys do.
	Keys Keys
	// Tenant, when not empty, is the tenant the token should be of.
	Tenant entra.TenantID
	// ClientID, when not empty, is the application it should be issued to.
	ClientID string
	// Resource, when not empty, is the API that is to be called. When it is
	// empty the resources that define Roles are taken.
	Resource entra.ResourceKind
	// Roles are the application roles that are needed. Roles of other
	// resources than the token's are reported as skipped, so that a profile
	// over several resources can be given whole.
	Roles []string
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Skew is the allowed difference of clocks; 0 means DefaultSkew, negative
	// means none.
	Skew time.Duration
}

// Line is one thing a token says, in words.
type Line struct {
	Label string `json:"label"`
	Text  string `json:"text"`
}

// Report is what [Inspect] found. It never holds the token. Words, Notes, Checks,
// Roles and Target are safe to print; Header and Claims hold values as whoever
// made the token wrote them, control characters included.
type Report struct {
	Kind   Kind         `json:"kind"`
	Target Target       `json:"resource"`
	Words  []Line       `json:"words"`            // the claims in words
	Notes  []string     `json:"notes,omitempty"`  // what was taken away around the token
	Checks []Check      `json:"checks"`           // in the order of the Check constants
	Roles  []RoleResult `json:"needed,omitempty"` // one per needed role
	Header Header       `json:"header"`
	Claims Claims       `json:"claims"` // as written in the token, proved only if the signature check passed
}

// OK reports whether no check failed. A report without a failure can still
// have a signature that was not judged.
func (r Report) OK() bool { return len(r.Failures()) == 0 }

// Failures returns the checks that failed.
func (r Report) Failures() []Check {
	var list []Check
	for _, c := range r.Checks {
		if c.Status == Failed {
			list = append(list, c)
		}
	}
	return list
}

// Check returns the check of that name; the zero Check if there is none.
func (r Report) Check(name string) Check {
	for _, c := range r.Checks {
		if c.Name == name {
			return c
		}
	}
	return Check{}
}

// Inspect explains a token: [InspectContext] without a deadline.
func Inspect(raw string, opts InspectOptions) (Report, error) {
	return InspectContext(context.Background(), raw, opts)
}

// InspectContext explains a token, and what is wrong with it, to a person. raw
// may be what people paste: the token with "Bearer ", quotes or line breaks
// around it, or the whole answer of the token endpoint. A text without a
// readable token gives a [*NotTokenError] that says what it is instead; a token
// that is refused gives no error but a report with failed checks.
func InspectContext(ctx context.Context, raw string, opts InspectOptions) (Report, error) {
	p, notToken := peel(raw)
	if notToken != nil {
		return Report{Notes: p.notes}, notToken
	}
	t, err := parse(p.token)
	if err != nil {
		return Report{Notes: p.notes}, &NotTokenError{Kind: "broken", Detail: "the token " + err.Error(), Remedy: "Copy it again, whole; writing it to a file instead of the screen avoids line breaks and cuts."}
	}
	if opts.Cloud.Name == "" && opts.Cloud.Login == "" {
		opts.Cloud = entra.Clouds()[0]
	}
	now := time.Now
	if opts.Now != nil {
		now = opts.Now
	}
	rules := newRules(opts.Cloud, opts.Skew, 0)
	rules.now = now()
	if opts.Tenant != "" {
		rules.tenants = tenantStrings([]entra.TenantID{opts.Tenant})
	}
	if opts.ClientID != "" {
		rules.clients = []string{strings.ToLower(opts.ClientID)}
	}
	r := Report{
		Kind:   t.claims.Kind(),
		Notes:  p.notes,
		Header: t.header,
		Claims: t.claims,
		Target: identify(t.claims.Audience, opts.Cloud),
	}
	r.Roles = judgeRoles(t.claims, r.Target, opts.Roles)
	r.Words = words(t, r.Target, rules.now)
	r.Checks = inspection{rules, t, opts, r.Target}.run(ctx, r.Roles)
	return r, nil
}

// inspection runs every check, those that depend on a failed one as skipped.
type inspection struct {
	rules  rules
	token  *token
	opts   InspectOptions
	target Target
}

func (i inspection) run(ctx context.Context, roles []RoleResult) []Check {
	r, t := i.rules, i.token
	header, algorithm := r.header(t), r.algorithm(t)
	tenant, version := r.tenant(t), r.version(t)
	checks := []Check{
		passed(CheckForm, "a signed token in its three parts, %d bytes", len(t.raw)),
		header, algorithm,
	}
	signature, key, keyed := i.signature(ctx, header.Status == Passed && algorithm.Status == Passed)
	checks = append(checks, signature, r.claims(t), tenant, version)
	switch {
	case !isGUID(t.claims.TenantID) || version.Status != Passed:
		checks = append(checks, skipped(CheckIssuer, "", "cannot be judged without a tenant and a version"))
	default:
		checks = append(checks, i.issuer())
	}
	if keyed {
		checks = append(checks, r.keyIssuer(t, key))
	}
	return append(checks,
		r.lifetime(t), i.kind(), i.application(),
		checkResource(i.target, i.wanted(), i.opts.Cloud),
		checkRoles(t.claims, roles),
	)
}

// signature judges the signature where a client may, and says why where not.
func (i inspection) signature(ctx context.Context, judgeable bool) (Check, Key, bool) {
	t := i.token
	switch _, nonce := t.headerMembers["nonce"]; {
	case nonce:
		why := "opaque to clients: the header has a nonce, which Microsoft Graph puts into its tokens and only Microsoft Graph can undo, so the signature cannot fit for anybody else"
		if i.target.Kind != entra.ResourceGraph {
			return failed(CheckSignature, remedyFresh, "the header has a nonce, which only tokens for Microsoft Graph have, and this token is for another audience"), Key{}, false
		}
		return skipped(CheckSignature, "Call Microsoft Graph to find out whether it takes the token.", "%s", why), Key{}, false
	case !judgeable:
		return skipped(CheckSignature, "", "not judged, because the header is refused already"), Key{}, false
	case i.opts.Keys == nil:
		keys := "the key set of the tenant's authority"
		if tid := t.claims.TenantID; isGUID(tid) {
			keys = i.opts.Cloud.Login + "/" + tid + "/discovery/v2.0/keys"
		}
		return skipped(CheckSignature, "Give the keys to judge it: "+keys+".", "not judged: no keys were given"), Key{}, false
	}
	c, key, err := i.rules.signature(ctx, t, i.opts.Keys)
	if err != nil {
		return skipped(CheckSignature, "Check that the authority can be reached, or give a saved key set.", "not judged: %s", plain(err.Error())), Key{}, false
	}
	return c, key, c.Status == Passed
}

// issuer adds to the rule which cloud a foreign issuer belongs to.
func (i inspection) issuer() Check {
	c := i.rules.issuerOf(i.token)
	if c.Status == Passed {
		return c
	}
	for _, cloud := range entra.Clouds() {
		other := newRules(cloud, 0, 0)
		if other.issuerOf(i.token).Status == Passed {
			c.Detail = "iss is " + printable(i.token.claims.Issuer) + ", an issuer of the cloud " + cloud.Name + " and not of " + i.opts.Cloud.Name
			c.Remedy = "Name the cloud of the tenant: " + cloud.Name + "."
			return c
		}
	}
	return c
}

func (i inspection) kind() Check {
	if i.token.claims.Kind() != KindID {
		return i.rules.accessKind(i.token, "")
	}
	if i.opts.Resource == "" && len(i.opts.Roles) == 0 {
		return Check{Name: CheckKind, Status: Info, Detail: "an id token: it says who signed in, and no API accepts it"}
	}
	return i.rules.accessKind(i.token, "")
}

func (i inspection) application() Check {
	if i.token.claims.Kind() == KindID {
		return Check{Name: CheckApplication, Status: Info, Detail: "an id token is for the application named by aud, " + plain(i.token.claims.Audience)}
	}
	return i.rules.application(i.token)
}

// wanted are the resources the token may be for: the one that was named, or
// else those that define the needed roles.
func (i inspection) wanted() []entra.ResourceKind {
	if i.opts.Resource != "" {
		return []entra.ResourceKind{i.opts.Resource}
	}
	var list []entra.ResourceKind
	for _, role := range i.opts.Roles {
		own := owners(role)
		if len(own) == 0 {
			if near, ok := NearMiss(role, documented("")); ok {
				own = owners(near)
			}
		}
		for _, kind := range own {
			if !slices.Contains(list, kind) {
				list = append(list, kind)
			}
		}
	}
	return list
}
