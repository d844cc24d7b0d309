package directory

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// MultiTenant is the sign-in audience of an application that organizations
// other than its own can consent to.
const MultiTenant = "AzureADMultipleOrgs"

// SingleTenant is the sign-in audience of an application for its own tenant.
const SingleTenant = "AzureADMyOrg"

// Application is a registration, the part of it that a partner's application
// needs.
type Application struct {
	ID                  string // object id, the one in URLs of Graph
	AppID               string // application (client) id
	DisplayName         string
	SignInAudience      string
	PublisherDomain     string
	Created             time.Time
	RedirectURIs        []string // of platform Web
	PublicRedirectURIs  []string // of platform "mobile and desktop"
	RequiredResources   []RequiredResource
	PasswordCredentials []PasswordCredential
	KeyCredentials      []KeyCredential
}

// RequiredResource lists what an application asks for of one resource. Consent
// grants what is listed at that moment.
type RequiredResource struct {
	ResourceAppID string
	Access        []ResourceAccess
}

// ResourceAccess is one permission: an application role or a delegated scope.
type ResourceAccess struct {
	ID   string // of the app role or the scope in the resource's registration
	Type AccessType
}

// AccessType tells application roles from delegated permissions.
type AccessType string

const (
	Role  AccessType = "Role"  // application permission
	Scope AccessType = "Scope" // delegated permission
)

// NewApplication says how to register an application. SignInAudience empty
// means [MultiTenant].
type NewApplication struct {
	DisplayName        string
	SignInAudience     string
	RedirectURIs       []string
	PublicRedirectURIs []string
	RequiredResources  []RequiredResource
}

// ApplicationUpdate says what to change; nil members stay as they are, and a
// list that is given replaces the old one whole.
type ApplicationUpdate struct {
	DisplayName        *string
	SignInAudience     *string
	RedirectURIs       *[]string
	PublicRedirectURIs *[]string
	RequiredResources  *[]RequiredResource
}

// CreateApplication registers an application (POST /applications). Graph
// creates no service principal with it and takes no password; see
// [Client.CreateServicePrincipal] and [Client.AddPassword].
func (c *Client) CreateApplication(ctx context.Context, in NewApplication) (Application, error) {
	if strings.TrimSpace(in.DisplayName) == "" {
		return Application{}, &InputError{Field: "displayName", Problem: "is empty", Remedy: "Name the application; customers read the name when they consent."}
	}
	if err := checkAccess(in.RequiredResources); err != nil {
		return Application{}, err
	}
	audience := in.SignInAudience
	if audience == "" {
		audience = MultiTenant
	}
	body := map[string]any{"displayName": in.DisplayName, "signInAudience": audience}
	if len(in.RedirectURIs) > 0 {
		body["web"] = map[string]any{"redirectUris": in.RedirectURIs}
	}
	if len(in.PublicRedirectURIs) > 0 {
		body["publicClient"] = map[string]any{"redirectUris": in.PublicRedirectURIs}
	}
	if len(in.RequiredResources) > 0 {
		body["requiredResourceAccess"] = toWireAccess(in.RequiredResources)
	}
	var w wireApplication
	if err := c.do(ctx, call{op: "create application", method: http.MethodPost, path: "/applications", body: body}, &w); err != nil {
		return Application{}, err
	}
	if err := w.check("create application"); err != nil {
		return Application{}, err
	}
	c.Expect(w.ID)
	c.Expect(w.AppID)
	return w.application(), nil
}

// GetApplication reads a registration by its object id.
func (c *Client) GetApplication(ctx context.Context, objectID string) (Application, error) {
	if err := checkID("object id", objectID); err != nil {
		return Application{}, err
	}
	return c.getApplication(ctx, "/applications/"+objectID, objectID)
}

// GetApplicationByAppID reads a registration by its application (client) id.
func (c *Client) GetApplicationByAppID(ctx context.Context, appID string) (Application, error) {
	if err := checkID("application id", appID); err != nil {
		return Application{}, err
	}
	return c.getApplication(ctx, "/applications(appId='"+appID+"')", appID)
}

func (c *Client) getApplication(ctx context.Context, path, id string) (Application, error) {
	var w wireApplication
	k := call{op: "read application", method: http.MethodGet, path: path, about: []string{id}}
	if err := c.do(ctx, k, &w); err != nil {
		return Application{}, err
	}
	if err := w.check(k.op); err != nil {
		return Application{}, err
	}
	return w.application(), nil
}

// ListOptions narrow a listing of applications.
type ListOptions struct {
	DisplayName string // exactly this name; empty for all
	PageSize    int    // 1 to 999; 0 leaves it to Graph (100)
}

// Applications lists registrations page by page. It stops after the first
// error.
func (c *Client) Applications(ctx context.Context, opts ListOptions) iter.Seq2[Application, error] {
	return func(yield func(Application, error) bool) {
		query := url.Values{}
		if opts.DisplayName != "" {
			query.Set("$filter", "displayName eq '"+strings.ReplaceAll(opts.DisplayName, "'", "''")+"'")
		}
		if opts.PageSize != 0 {
			if opts.PageSize < 1 || opts.PageSize > 999 {
				yield(Application{}, &InputError{Field: "page size", Value: strconv.Itoa(opts.PageSize), Problem: "is not between 1 and 999", Remedy: "Choose another, or 0."})
				return
			}
			query.Set("$top", strconv.Itoa(opts.PageSize))
		}
		k := call{op: "list applications", method: http.MethodGet, path: "/applications", query: query}
		for w, err := range list[wireApplication](ctx, c, k) {
			if err == nil {
				err = w.check(k.op)
			}
			if err != nil {
				yield(Application{}, err)
				return
			}
			if !yield(w.application(), nil) {
				return
			}
		}
	}
}

// ListApplications is [Client.Applications] collected.
func (c *Client) ListApplications(ctx context.Context, opts ListOptions) ([]Application, error) {
	return collect(c.Applications(ctx, opts))
}

// UpdateApplication changes a registration (PATCH).
func (c *Client) UpdateApplication(ctx context.Context, objectID string, u ApplicationUpdate) error {
	if err := checkID("object id", objectID); err != nil {
		return err
	}
	body := map[string]any{}
	if u.DisplayName != nil {
		if strings.TrimSpace(*u.DisplayName) == "" {
			return &InputError{Field: "displayName", Problem: "is empty", Remedy: "Name the application."}
		}
		body["displayName"] = *u.DisplayName
	}
	if u.SignInAudience != nil {
		body["signInAudience"] = *u.SignInAudience
	}
	if u.RedirectURIs != nil {
		body["web"] = map[string]any{"redirectUris": notNil(*u.RedirectURIs)}
	}
	if u.PublicRedirectURIs != nil {
		body["publicClient"] = map[string]any{"redirectUris": notNil(*u.PublicRedirectURIs)}
	}
	if u.RequiredResources != nil {
		if err := checkAccess(*u.RequiredResources); err != nil {
			return err
		}
		body["requiredResourceAccess"] = toWireAccess(*u.RequiredResources)
	}
	if len(body) == 0 {
		return &InputError{Field: "update", Problem: "changes nothing", Remedy: "Set at least one member."}
	}
	return c.do(ctx, call{op: "update application", method: http.MethodPatch, path: "/applications/" + objectID, body: body, about: []string{objectID}}, nil)
}

// DeleteApplication deletes a registration by its object id. Graph keeps it
// among the deleted items for 30 days.
func (c *Client) DeleteApplication(ctx context.Context, objectID string) error {
	if err := checkID("object id", objectID); err != nil {
		return err
	}
	err := c.do(ctx, call{op: "delete application", method: http.MethodDelete, path: "/applications/" + objectID, about: []string{objectID}}, nil)
	if err == nil {
		c.forget(objectID)
	}
	return err
}

func checkAccess(resources []RequiredResource) error {
	for _, r := range resources {
		if err := checkID("requiredResourceAccess: resource application id", r.ResourceAppID); err != nil {
			return err
		}
		for _, a := range r.Access {
			if err := checkID("requiredResourceAccess: permission id", a.ID); err != nil {
				return err
			}
			if a.Type != Role && a.Type != Scope {
				return &InputError{Field: "requiredResourceAccess: type", Value: string(a.Type), Problem: "is neither Role nor Scope", Remedy: "Role for application permissions, Scope for delegated ones."}
			}
		}
	}
	return nil
}

func notNil(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

func collect[T any](seq iter.Seq2[T, error]) ([]T, error) {
	var all []T
	for item, err := range seq {
		if err != nil {
			return nil, err
		}
		all = append(all, item)
	}
	return all, nil
}
