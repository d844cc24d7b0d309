// Package register registers a partner's app through Microsoft Graph, whole or
// not at all.
package register

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/tenantry/tenantry/entra"
	"github.com/tenantry/tenantry/entra/directory"
	"github.com/tenantry/tenantry/fleet"
	"github.com/tenantry/tenantry/internal/cli/clierr"
)

// Plan is what to register.
type Plan struct {
	Cloud        entra.Cloud
	Name         string
	Profile      fleet.Profile
	RedirectURIs []string
	SecretEnds   time.Time
}

// SecretName is what the portal shows beside the secret.
const SecretName = "Made by tenantry app create"

// CheckRedirect refuses what Microsoft Entra ID does not accept as a redirect
// URI of platform Web.
func CheckRedirect(s string) error {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Fragment != "" || len(s) > 256 {
		return fmt.Errorf("%q is not an absolute URL of at most 256 characters without a fragment", s)
	}
	host := u.Hostname()
	if u.Scheme == "https" || (u.Scheme == "http" && (host == "localhost" || host == "127.0.0.1" || host == "::1")) {
		return nil
	}
	return fmt.Errorf("%q must begin with https:// (http:// is for localhost alone)", s)
}

// Application is the registration as it is sent; the roles whose ids Microsoft
// does not publish are looked up by roleID.
func (p Plan) Application(roleID func(entra.ResourceKind, string) (string, error)) (directory.NewApplication, error) {
	a := directory.NewApplication{DisplayName: p.Name, SignInAudience: directory.MultiTenant, RedirectURIs: p.RedirectURIs}
	for _, n := range p.Profile.Needs {
		id := n.RoleID
		if id == "" {
			var err error
			if id, err = roleID(n.Resource, n.Role); err != nil {
				return a, err
			}
		}
		appID := p.Cloud.Resource(n.Resource).AppID
		i := slices.IndexFunc(a.RequiredResources, func(r directory.RequiredResource) bool { return r.ResourceAppID == appID })
		if i < 0 {
			a.RequiredResources = append(a.RequiredResources, directory.RequiredResource{ResourceAppID: appID})
			i = len(a.RequiredResources) - 1
		}
		a.RequiredResources[i].Access = append(a.RequiredResources[i].Access, directory.ResourceAccess{ID: id, Type: directory.Role})
	}
	return a, nil
}

// Run registers the app as whoever token belongs to: the application, its
// service principal, and a secret, which keep puts in its place; record then
// remembers the app. When a step fails the application is deleted again, and
// the secret with it.
func Run(ctx context.Context, p Plan, token entra.Token, hc *http.Client, now func() time.Time,
	keep func(context.Context, entra.Secret) error, record func(context.Context, fleet.App) error,
) (fleet.App, error) {
	graph := directory.New(p.Cloud.Graph, func(context.Context) (string, error) { return token.Reveal(), nil }, hc)
	in, err := p.Application(func(kind entra.ResourceKind, role string) (string, error) {
		return lookUp(ctx, graph, p.Cloud.Resource(kind), role)
	})
	if err != nil {
		return fleet.App{}, err
	}
	created, err := graph.CreateApplication(ctx, in)
	if err != nil {
		return fleet.App{}, err
	}
	a := fleet.App{
		ClientID: created.AppID, ObjectID: created.ID, DisplayName: created.DisplayName, HomeTenant: token.Tenant,
		Cloud: p.Cloud.Name, RedirectURIs: p.RedirectURIs, Profile: p.Profile.Name, Created: now().UTC(),
		Credential: fleet.CredentialRef{Kind: fleet.CredentialSecret},
	}
	err = finish(ctx, graph, p, &a, keep, record)
	if err == nil {
		return a, nil
	}
	// Also after an interrupt: nothing half-made is left behind.
	undo, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	if uerr := graph.DeleteApplication(undo, created.ID); uerr != nil {
		return a, clierr.Failed("delete the app registration "+created.AppID+" in the portal, then try again",
			"%v; and the app registration %s could not be deleted again: %v", err, created.AppID, uerr).Because(errors.Join(err, uerr))
	}
	return a, err
}

func finish(ctx context.Context, graph *directory.Client, p Plan, a *fleet.App,
	keep func(context.Context, entra.Secret) error, record func(context.Context, fleet.App) error,
) error {
	if _, err := graph.CreateServicePrincipal(ctx, a.ClientID); err != nil {
		if e, ok := errors.AsType[*directory.Error](err); !ok || !e.AlreadyExists() {
			return err
		}
	}
	password, err := graph.AddPassword(ctx, a.ObjectID, SecretName, p.SecretEnds)
	if err != nil {
		return err
	}
	a.Credential.Expires = password.End
	if err := keep(ctx, password.Secret); err != nil {
		return err
	}
	if err := record(ctx, *a); err != nil {
		return fmt.Errorf("remember the app in the state: %w", err)
	}
	return nil
}

// lookUp finds a role's id by its value in the home tenant's copy of the
// resource.
func lookUp(ctx context.Context, graph *directory.Client, r entra.Resource, role string) (string, error) {
	sp, err := graph.ServicePrincipalByAppID(ctx, r.AppID)
	if e, ok := errors.AsType[*directory.Error](err); ok && e.NotFound() {
		return "", clierr.Failed("use a profile without roles of "+r.URI+", or get your own tenant a licence of it",
			"your tenant does not know %s, so the id of its role %s cannot be looked up", r.URI, role).Because(err)
	}
	if err != nil {
		return "", err
	}
	id, ok := sp.RoleID(role)
	if !ok {
		return "", clierr.Failed("choose another profile", "%s offers no application role %s", r.URI, role)
	}
	return id, nil
}
