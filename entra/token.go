package entra

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"
)

// Token is an access token for one tenant and one resource. Printing, logging
// or encoding it shows neither its value nor its claims; only [Token.Reveal]
// and [Token.Authorize] use the value.
type Token struct {
	Tenant   TenantID
	Resource Resource
	// Expires is by the local clock: when it was asked for plus the lifetime
	// that came with it.
	Expires time.Time
	// Claims were read from the token, not verified.
	Claims Claims

	value Secret
}

// Reveal returns the token as it goes into an Authorization header.
func (t Token) Reveal() string { return t.value.Reveal() }

// Authorize sets the request's Authorization header.
func (t Token) Authorize(r *http.Request) { r.Header.Set("Authorization", "Bearer "+t.value.Reveal()) }

// String describes the token without its value.
func (t Token) String() string {
	return fmt.Sprintf("token for %s in tenant %s until %s", t.Resource.URI, t.Tenant, t.Expires.UTC().Format(time.RFC3339))
}

// GoString is String.
func (t Token) GoString() string { return t.String() }

// Format writes String for every verb.
func (t Token) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, t.String()) }

// LogValue groups tenant, resource and expiry.
func (t Token) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("tenant", string(t.Tenant)),
		slog.String("resource", t.Resource.URI),
		slog.Time("expires", t.Expires),
	)
}

// MarshalJSON encodes tenant, resource and expiry.
func (t Token) MarshalJSON() ([]byte, error) {
	return fmt.Appendf(nil, `{"tenant":%q,"resource":%q,"expires":%q}`, string(t.Tenant), t.Resource.URI, t.Expires.UTC().Format(time.RFC3339)), nil
}
