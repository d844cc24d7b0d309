package verify

import (
	"context"
	"slices"
	"time"

	"github.com/tenantry/tenantry/entra"
	"github.com/tenantry/tenantry/entra/verify/internal/rule"
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
	return inspectToken(ctx, p, opts, rule.Set{})
}

// inspectToken is InspectContext after the token was taken out of its wrapping. off
// is empty but in tests.
func inspectToken(ctx context.Context, p peeled, opts InspectOptions, off rule.Set) (Report, error) {
	s := new(scratch)
	defer s.wipe()
	t := &token{raw: p.token, off: off, names: true}
	err := t.open(s)
	if err == nil {
		err = t.read(s)
	}
	if err != nil {
		return Report{Notes: p.notes}, &NotTokenError{Kind: "broken", Detail: err.Detail, Remedy: "Copy it again, whole; writing it to a file instead of the screen avoids line breaks and cuts."}
	}
	if opts.Cloud.Name == "" && opts.Cloud.Login == "" {
		opts.Cloud = entra.Clouds()[0]
	}
	now := time.Now
	if opts.Now != nil {
		now = opts.Now
	}
	rules := newRules(opts.Cloud, opts.Skew, 0)
	rules.off = off
	at := now()
	if opts.Tenant != "" {
		rules.tenants = setOf([]entra.TenantID{opts.Tenant})
	}
	if opts.ClientID != "" {
		rules.clients = setOf([]string{opts.ClientID})
	}
	r := Report{
		Kind:   t.claims.Kind(),
		Notes:  p.notes,
		Header: t.header,
		Claims: t.claims,
		Target: identify(t.claims.Audience, opts.Cloud),
	}
	r.Roles = judgeRoles(t.claims, r.Target, opts.Roles)
	r.Words = words(t, r.Target, at)
	r.Checks = inspection{&rules, t, s, opts, r.Target, at}.run(ctx, r.Roles)
	return r, nil
}

// inspection runs every check, those that depend on a failed one as skipped.
type inspection struct {
	rules   *rules
	token   *token
	scratch *scratch
	opts    InspectOptions
	target  Target
	now     time.Time
}

func (i inspection) run(ctx context.Context, roles []RoleResult) []Check {
	r, t := i.rules, i.token
	c := t.claims
	refused := r.header(t)
	if refused == nil {
		refused = r.typ(t)
	}
	header := judged(refused, CheckHeader, "typ JWT, and nothing in it that chooses a key by itself")
	algorithm := judged(r.algorithm(t), CheckAlgorithm, "RS256")
	tenant := judged(r.tenant(t), CheckTenant, "%s", plain(c.TenantID))
	version := judged(r.version(t), CheckVersion, "%s (the resource decides the version, not the endpoint that was asked)", plain(c.Version))
	checks := []Check{
		passed(CheckForm, "a signed token in its three parts, %d bytes", len(t.raw)),
		header, algorithm,
	}
	signature, key, keyed := i.signature(ctx, header.Status == Passed && algorithm.Status == Passed)
	checks = append(checks, signature, judged(r.wellTyped(t), CheckClaims, "%d claims, each of its documented type", t.count), tenant, version)
	switch {
	case r.on(rule.TenantForm) && !isGUID(c.TenantID) || version.Status != Passed:
		checks = append(checks, skipped(CheckIssuer, "", "cannot be judged without a tenant and a version"))
	default:
		checks = append(checks, i.issuer())
	}
	switch {
	case keyed && key.Issuer == "":
		checks = append(checks, passed(CheckKeyIssuer, "the key names no issuer (keys of version 1.0 do not)"))
	case keyed:
		checks = append(checks, judged(r.keyIssuer(t, key), CheckKeyIssuer, "the key may sign for this issuer"))
	}
	return append(checks,
		i.lifetime(), i.kind(), i.application(),
		checkResource(i.target, i.wanted(), i.opts.Cloud),
		checkRoles(t.claims, roles),
	)
}

// signature judges the signature where a client may, and says why where not.
func (i inspection) signature(ctx context.Context, judgeable bool) (Check, Key, bool) {
	t := i.token
	switch {
	case t.nonce && i.rules.on(rule.SignatureNonce):
		if i.target.Kind != entra.ResourceGraph {
			return failed(CheckSignature, remedyFresh, "the header has a nonce, which only tokens for Microsoft Graph have, and this token is for another audience"), Key{}, false
		}
		return skipped(CheckSignature, "Call Microsoft Graph to find out whether it takes the token.",
			"opaque to clients: the header has a nonce, which Microsoft Graph puts into its tokens and only Microsoft Graph can undo, so the signature cannot fit for anybody else"), Key{}, false
	case !judgeable:
		return skipped(CheckSignature, "", "not judged, because the header is refused already"), Key{}, false
	case i.opts.Keys == nil:
		keys := "the key set of the tenant's authority"
		if tid := t.claims.TenantID; isGUID(tid) {
			keys = i.opts.Cloud.Login + "/" + tid + "/discovery/v2.0/keys"
		}
		return skipped(CheckSignature, "Give the keys to judge it: "+keys+".", "not judged: no keys were given"), Key{}, false
	}
	key, refused, err := i.rules.signature(ctx, t, i.scratch, i.opts.Keys)
	if err != nil {
		return skipped(CheckSignature, "Check that the authority can be reached, or give a saved key set.", "not judged: %s", plain(err.Error())), Key{}, false
	}
	return judged(refused, CheckSignature, "valid under key %s", printable(t.header.KeyID)), key, refused == nil
}

// issuer adds to the rule which cloud a foreign issuer belongs to.
func (i inspection) issuer() Check {
	c := judged(i.rules.issuerOf(i.token), CheckIssuer, "%s", plain(i.token.claims.Issuer))
	if c.Status == Passed {
		return c
	}
	for _, cloud := range entra.Clouds() {
		other := newRules(cloud, 0, 0)
		if other.issuerOf(i.token) == nil {
			c.Detail = "iss is " + printable(i.token.claims.Issuer) + ", an issuer of the cloud " + cloud.Name + " and not of " + i.opts.Cloud.Name
			c.Remedy = "Name the cloud of the tenant: " + cloud.Name + "."
			return c
		}
	}
	return c
}

func (i inspection) lifetime() Check {
	expires := i.token.claims.Expires
	if err := i.rules.lifetime(i.token, i.now); err != nil {
		return judged(err, CheckLifetime, "")
	}
	if !i.now.Before(expires) {
		return passed(CheckLifetime, "expired %s ago, which the allowed clock difference of %s still covers", span(i.now.Sub(expires)), span(i.rules.skew))
	}
	return passed(CheckLifetime, "until %s, %s from now", stamp(expires), span(expires.Sub(i.now)))
}

func (i inspection) kind() Check {
	kind := i.token.claims.Kind()
	if kind == KindID && i.opts.Resource == "" && len(i.opts.Roles) == 0 {
		return Check{Name: CheckKind, Status: Info, Detail: "an id token: it says who signed in, and no API accepts it"}
	}
	return judged(i.rules.accessKind(i.token, ""), CheckKind, "%s token", kind)
}

func (i inspection) application() Check {
	if i.token.claims.Kind() == KindID {
		return Check{Name: CheckApplication, Status: Info, Detail: "an id token is for the application named by aud, " + plain(i.token.claims.Audience)}
	}
	return judged(i.rules.application(i.token), CheckApplication, "%s", plain(i.token.claims.AppID))
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
