package entra

import (
	"slices"
	"strings"
	"sync"
)

// interner keeps one copy of the strings that the tokens of all tenants have
// in common. What it holds is bounded: a full one starts afresh.
type interner struct {
	mu    sync.Mutex
	texts map[string]string
	lists map[string][]string
}

const (
	maxInterned       = 1024
	maxInternedLength = 512
)

func (in *interner) text(s string) string {
	if s == "" || len(s) > maxInternedLength {
		return s
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	if kept, ok := in.texts[s]; ok {
		return kept
	}
	if in.texts == nil || len(in.texts) >= maxInterned {
		in.texts = make(map[string]string)
	}
	in.texts[s] = s
	return s
}

func (in *interner) list(l []string) []string {
	if len(l) == 0 {
		return nil
	}
	key := strings.Join(l, "\x00")
	if len(key) > 8*maxInternedLength {
		return l
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	if kept, ok := in.lists[key]; ok && slices.Equal(kept, l) {
		return kept
	}
	if in.lists == nil || len(in.lists) >= maxInterned {
		in.lists = make(map[string][]string)
	}
	l = slices.Clip(slices.Clone(l))
	in.lists[key] = l
	return l
}

// compact makes a fresh grant share what others have too: the resource, the
// roles, the application's id; and within itself, the tenant and the object id.
func (in *interner) compact(g *Grant, sh *shelf, clientID string) {
	if g.Resource.URI == sh.resource.URI && slices.Equal(g.Resource.Audiences, sh.resource.Audiences) {
		g.Resource = sh.resource
	}
	c := &g.Claims
	if c.Audience == sh.resource.URI {
		c.Audience, c.Audiences = sh.resource.URI, sh.audiences
	} else {
		c.Audience, c.Audiences = in.text(c.Audience), in.list(c.Audiences)
	}
	if i := strings.Index(c.Issuer, c.TenantID); i >= 0 && c.TenantID != "" {
		c.TenantID = c.Issuer[i : i+len(c.TenantID)]
	}
	if c.TenantID == string(g.Tenant) {
		g.Tenant = TenantID(c.TenantID)
	}
	if c.Subject == c.ObjectID {
		c.Subject = c.ObjectID
	}
	if c.AppID == clientID {
		c.AppID = clientID
	}
	c.Version, c.IDType, c.Name = in.text(c.Version), in.text(c.IDType), in.text(c.Name)
	c.Roles = in.list(c.Roles)
	if len(c.Scopes) == 0 {
		c.Scopes = nil
	}
}
