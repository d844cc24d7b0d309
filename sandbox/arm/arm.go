// Package arm answers the little of Azure Resource Manager that clients touch
// at sign-in: the tenants and subscriptions a token can see, and the endpoints
// of the cloud. Everything else is not found.
package arm

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/tenantry/tenantry/sandbox/journal"
	"github.com/tenantry/tenantry/sandbox/token"
	"github.com/tenantry/tenantry/sandbox/world"
)

// Config is what the handler needs.
type Config struct {
	World    *world.World
	Verifier token.Verifier
	// Subscriptions lists a tenant's Azure subscriptions that any token of
	// the tenant sees. nil means there are none, which is what a partner's
	// application without Azure roles sees in a customer's tenant; Azure CLI
	// then needs --allow-no-subscriptions.
	Subscriptions func(tenantID string) []Subscription
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Subscription is one Azure subscription.
type Subscription struct {
	ID   string // GUID
	Name string
}

// versionRE also takes "latest" and "1.0", which clients ask the endpoints with.
var versionRE = regexp.MustCompile(`(?i)^(\d{4}-\d{2}-\d{2}(-preview)?|latest|1\.0)$`)

type handler struct{ cfg Config }

// New returns the handler for the hosts of Azure Resource Manager.
func New(cfg Config) http.Handler {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &handler{cfg}
}

// ServeHTTP routes without regard to case, as the service does.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.standardHeaders(w)
	path := strings.Trim(strings.ToLower(r.URL.Path), "/")
	switch path {
	case "metadata/endpoints":
		note(r, func(e *journal.Event) { e.Operation = "metadata.endpoints" })
		if h.ready(w, r) {
			h.endpoints(w, r)
		}
	case "tenants", "subscriptions":
		note(r, func(e *journal.Event) { e.Operation = path + ".list" })
		if !h.ready(w, r) {
			return
		}
		claims, ok := h.authenticate(w, r)
		if !ok {
			return
		}
		if path == "tenants" {
			h.tenants(w, claims)
		} else {
			h.subscriptions(w, claims)
		}
	case "":
		note(r, func(e *journal.Event) { e.Operation = "root" })
		h.fail(w, r, http.StatusNotFound, "NotFound", "The sandbox answers /tenants, /subscriptions and /metadata/endpoints of Azure Resource Manager.")
	default:
		note(r, func(e *journal.Event) { e.Operation = "unknown" })
		if _, ok := h.authenticate(w, r); ok {
			h.fail(w, r, http.StatusNotFound, "NotFound", "No resource was found at this path. The sandbox answers /tenants, /subscriptions and /metadata/endpoints of Azure Resource Manager.")
		}
	}
}

func (h *handler) standardHeaders(w http.ResponseWriter) {
	id := world.NewGUID()
	w.Header().Set("x-ms-request-id", id)
	w.Header().Set("x-ms-correlation-request-id", id)
	w.Header().Set("x-ms-routing-request-id", "SANDBOX:"+h.cfg.Now().UTC().Format("20060102T150405Z")+":"+id)
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("Pragma", "no-cache")
	w.Header().Set("Expires", "-1")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
}

// ready checks what every call needs: GET, and an api-version.
func (h *handler) ready(w http.ResponseWriter, r *http.Request) bool {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET")
		h.fail(w, r, http.StatusMethodNotAllowed, "HttpMethodNotSupported", "The HTTP method '"+r.Method+"' is not supported at this path.")
		return false
	}
	version := r.URL.Query().Get("api-version")
	if version == "" {
		h.fail(w, r, http.StatusBadRequest, "MissingApiVersionParameter", "The api-version query parameter (?api-version=) is required for all requests.")
		return false
	}
	if !versionRE.MatchString(version) {
		h.fail(w, r, http.StatusBadRequest, "InvalidApiVersionParameter", "The api-version '"+version+"' is invalid. It is a date such as '2022-12-01'.")
		return false
	}
	return true
}

func (h *handler) authenticate(w http.ResponseWriter, r *http.Request) (*token.Claims, bool) {
	scheme, raw, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || raw == "" {
		h.unauthorized(w, r, "AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing.", "The authentication failed because of missing 'Authorization' header.")
		return nil, false
	}
	claims, err := h.cfg.Verifier.Verify(strings.TrimSpace(raw))
	if err != nil {
		h.unauthorized(w, r, "InvalidAuthenticationToken", "The access token is invalid.", "Could not validate the access token.")
		return nil, false
	}
	note(r, func(e *journal.Event) {
		e.TenantID, e.AppID, e.Resource, e.Roles = claims.TenantID, claims.AppID, claims.Audience, claims.Roles
	})
	if api, ok := h.cfg.World.Resource(claims.Audience); !ok || !strings.EqualFold(api.AppID, world.AppARM) {
		h.unauthorized(w, r, "InvalidAuthenticationTokenAudience",
			"The access token has been obtained for wrong audience or resource '"+claims.Audience+"'. It should exactly match with one of the allowed audiences 'https://management.core.windows.net/','https://management.azure.com/'.",
			"The access token has been obtained for wrong audience or resource.")
		return nil, false
	}
	note(r, func(e *journal.Event) { e.Decision = "allowed" })
	return claims, true
}

func (h *handler) unauthorized(w http.ResponseWriter, r *http.Request, code, message, challenge string) {
	w.Header().Set("WWW-Authenticate", `Bearer authorization_uri="https://login.windows.net/", error="invalid_token", error_description="`+challenge+`"`)
	h.fail(w, r, http.StatusUnauthorized, code, message)
}

func (h *handler) fail(w http.ResponseWriter, r *http.Request, status int, code, message string) {
	note(r, func(e *journal.Event) { e.Error, e.Decision = code, code })
	answer(w, status, map[string]any{"error": map[string]string{"code": code, "message": message}})
}

// tenants lists the tenant of the token: the sandbox's users belong to one.
func (h *handler) tenants(w http.ResponseWriter, c *token.Claims) {
	value := []map[string]any{}
	if t, ok := h.cfg.World.Tenant(c.TenantID); ok {
		domains := t.Domains
		if domains == nil {
			domains = []string{}
		}
		value = append(value, map[string]any{
			"id":             "/tenants/" + t.ID,
			"tenantId":       t.ID,
			"displayName":    t.Name,
			"defaultDomain":  t.DefaultDomain(),
			"domains":        domains,
			"tenantCategory": "Home",
			"tenantType":     "AAD",
		})
	}
	answer(w, http.StatusOK, map[string]any{"value": value})
}

func (h *handler) subscriptions(w http.ResponseWriter, c *token.Claims) {
	value := []map[string]any{}
	if h.cfg.Subscriptions != nil {
		for _, s := range h.cfg.Subscriptions(c.TenantID) {
			value = append(value, map[string]any{
				"id":                   "/subscriptions/" + s.ID,
				"authorizationSource":  "RoleBased",
				"managedByTenants":     []any{},
				"subscriptionId":       s.ID,
				"tenantId":             c.TenantID,
				"displayName":          s.Name,
				"state":                "Enabled",
				"subscriptionPolicies": map[string]string{"locationPlacementId": "Public_2014-09-01", "quotaId": "PayAsYouGo_2014-09-01", "spendingLimit": "Off"},
			})
		}
	}
	answer(w, http.StatusOK, map[string]any{"value": value, "count": map[string]any{"type": "Total", "value": len(value)}})
}

func note(r *http.Request, add func(*journal.Event)) { journal.Note(r.Context(), add) }

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(body)
}
