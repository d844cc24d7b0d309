package entra

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"
)

// Token is an access token for one tenant and one resource. It is as small as
// a pointer; the fields of its [Grant] are its own (tok.Claims.Roles). Printing,
// logging or encoding it shows neither its value nor its claims; only Reveal
// and Authorize use the value.
//
// The zero Token has no Grant: its methods work, its fields must not be read.
// A Token returned beside an error has an empty Grant.
type Token struct{ *Grant }

// Grant is what a [Token] stands for. All callers who get the same cached token
// share one Grant: it must not be changed.
type Grant struct {
	Tenant   TenantID
	Resource Resource
	// Expires is by the local clock: when it was asked for plus the lifetime
	// that came with it.
	Expires time.Time
	// Claims were read from the token, not verified.
	Claims Claims

	value Secret
	// asked is when it was asked for, in nanoseconds since 1970 by the local
	// clock.
	asked int64
	// renewIn is refresh_in, in seconds; 0 if the answer did not say.
	renewIn int32
	// challenged says that the token answered a claims challenge.
	challenged bool
}

// noToken goes beside an error: callers who read its fields find nothing.
func noToken() Token { return Token{Grant: &Grant{}} }

// Reveal returns the token as it goes into an Authorization header.
func (g *Grant) Reveal() string {
	if g == nil {
		return ""
	}
	return g.value.Reveal()
}

// Authorize sets the request's Authorization header.
func (g *Grant) Authorize(r *http.Request) { r.Header.Set("Authorization", "Bearer "+g.Reveal()) }

// String describes the token without its value.
func (g *Grant) String() string {
	if g == nil {
		return "no token"
	}
	return fmt.Sprintf("token for %s in tenant %s until %s", g.Resource.URI, g.Tenant, g.Expires.UTC().Format(time.RFC3339))
}

// GoString is String.
func (g *Grant) GoString() string { return g.String() }

// Format writes String for every verb.
func (g *Grant) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, g.String()) }

// LogValue groups tenant, resource and expiry.
func (g *Grant) LogValue() slog.Value {
	if g == nil {
		return slog.StringValue("no token")
	}
	return slog.GroupValue(
		slog.String("tenant", string(g.Tenant)),
		slog.String("resource", g.Resource.URI),
		slog.Time("expires", g.Expires),
	)
}

// MarshalJSON encodes tenant, resource and expiry.
func (g *Grant) MarshalJSON() ([]byte, error) {
	if g == nil {
		return []byte("null"), nil
	}
	return fmt.Appendf(nil, `{"tenant":%q,"resource":%q,"expires":%q}`, string(g.Tenant), g.Resource.URI, g.Expires.UTC().Format(time.RFC3339)), nil
}

// life is how long the token was good for when it was asked for.
func (g *Grant) life() time.Duration { return time.Duration(g.Expires.UnixNano() - g.asked) }

// moved is the grant after the local clock was put back.
func (g *Grant) moved(back time.Duration) *Grant {
	m := *g
	m.Expires = m.Expires.Add(-back)
	m.asked -= int64(back)
	return &m
}
