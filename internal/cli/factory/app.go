package factory

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/tenantry/tenantry/entra"
	"github.com/tenantry/tenantry/fleet"
	"github.com/tenantry/tenantry/internal/cli/clierr"
	"github.com/tenantry/tenantry/internal/cli/config"
	"github.com/tenantry/tenantry/secret"
)

// PortalRedirect is the redirect URI that Microsoft's partner page registers.
const PortalRedirect = "https://portal.azure.com"

// DefaultProfile is the profile of an app registered as Microsoft's partner
// page says.
const DefaultProfile = "partner"

// App is the app registration to work with: the one in the state, else the
// configuration's, else the one that AZURE_* variables describe.
func (f *Factory) App(ctx context.Context) (fleet.App, error) {
	cfg, err := f.Config()
	if err != nil {
		return fleet.App{}, err
	}
	app, found, err := f.storedApp(ctx)
	if err != nil {
		return fleet.App{}, err
	}
	if !found && cfg.App.ClientID != "" {
		app, found = fleet.App{
			ClientID:   strings.ToLower(cfg.App.ClientID),
			HomeTenant: entra.TenantID(strings.ToLower(cfg.App.HomeTenant)),
			Credential: fleet.CredentialRef{Kind: cfg.App.Credential.Kind, Ref: cfg.App.Credential.Ref, PasswordRef: cfg.App.Credential.PasswordRef},
		}, true
		if cfg.App.RedirectURI != "" {
			app.RedirectURIs = []string{cfg.App.RedirectURI}
		}
	}
	if !found {
		if app, found, err = f.environmentApp(); err != nil {
			return fleet.App{}, err
		}
	}
	if !found {
		return fleet.App{}, clierr.SignIn("tenantry app create --secret-ref file:PATH, or set AZURE_CLIENT_ID with AZURE_CLIENT_SECRET, AZURE_CLIENT_CERTIFICATE_PATH or AZURE_FEDERATED_TOKEN_FILE", "no app registration is known")
	}
	if cfg.Profile != "" {
		app.Profile = cfg.Profile
	}
	if app.Profile == "" {
		app.Profile = DefaultProfile
	}
	if app.Credential.Kind == "" {
		app.Credential.Kind = "secret"
	}
	if len(app.RedirectURIs) == 0 {
		app.RedirectURIs = []string{PortalRedirect}
	}
	return app, nil
}

func (f *Factory) storedApp(ctx context.Context) (fleet.App, bool, error) {
	s, ok, err := f.ExistingStore(ctx)
	if err != nil || !ok {
		return fleet.App{}, false, err
	}
	return s.App(ctx)
}

// environmentApp reads the variables that Azure's own SDKs read
// (EnvironmentCredential and WorkloadIdentityCredential on
// learn.microsoft.com).
func (f *Factory) environmentApp() (fleet.App, bool, error) {
	id := f.Getenv("AZURE_CLIENT_ID")
	if id == "" {
		return fleet.App{}, false, nil
	}
	if err := checkClientID(id); err != nil {
		return fleet.App{}, false, clierr.Usage("set it to the Application (client) ID of the registration", "AZURE_CLIENT_ID: %v", err)
	}
	app := fleet.App{ClientID: strings.ToLower(id)}
	switch {
	case f.Getenv("AZURE_CLIENT_SECRET") != "":
		app.Credential = fleet.CredentialRef{Kind: "secret", Ref: "env:AZURE_CLIENT_SECRET"}
	case f.Getenv("AZURE_CLIENT_CERTIFICATE_PATH") != "":
		app.Credential = fleet.CredentialRef{Kind: "certificate", Ref: "file:" + f.Getenv("AZURE_CLIENT_CERTIFICATE_PATH")}
		if f.Getenv("AZURE_CLIENT_CERTIFICATE_PASSWORD") != "" {
			app.Credential.PasswordRef = "env:AZURE_CLIENT_CERTIFICATE_PASSWORD"
		}
	case f.Getenv("AZURE_FEDERATED_TOKEN_FILE") != "":
		app.Credential = fleet.CredentialRef{Kind: "federated", Ref: "file:" + f.Getenv("AZURE_FEDERATED_TOKEN_FILE")}
	default:
		return fleet.App{}, false, clierr.SignIn("set AZURE_CLIENT_SECRET, AZURE_CLIENT_CERTIFICATE_PATH or AZURE_FEDERATED_TOKEN_FILE", "AZURE_CLIENT_ID is set, and no credential for it")
	}
	return app, true, nil
}

func checkClientID(id string) error {
	if _, err := entra.ParseTenantID(id); err != nil {
		return fmt.Errorf("%q is not a GUID", id)
	}
	return nil
}

// Credential resolves the app's credential. A secret is read here, on use,
// and kept nowhere.
func (f *Factory) Credential(ctx context.Context, app fleet.App) (entra.Credential, error) {
	ref, err := secret.Parse(app.Credential.Ref)
	if err != nil {
		return nil, err
	}
	if path, ok := strings.CutPrefix(app.Credential.Ref, "file:"); ok && app.Credential.Kind == "federated" {
		return entra.FederatedAssertionFile(path), nil
	}
	switch app.Credential.Kind {
	case "secret":
		value, err := f.resolve(ctx, ref)
		if err != nil {
			return nil, err
		}
		return entra.ClientSecret(value), nil
	case "federated":
		if _, err := f.resolve(ctx, ref); err != nil {
			return nil, err // told now, not with the first token
		}
		return entra.FederatedAssertion(func(ctx context.Context, _ string) (string, error) {
			v, err := f.resolve(ctx, ref) // again each time: assertions are short-lived
			return v.Reveal(), err
		}), nil
	case "certificate":
		return f.certificate(ctx, app, ref)
	}
	return nil, clierr.Usage("use secret, certificate or federated", "%q is not a kind of credential", app.Credential.Kind)
}

func (f *Factory) certificate(ctx context.Context, app fleet.App, ref secret.Ref) (entra.Credential, error) {
	// Byte for byte: a PFX may end with what looks like a line break.
	file, warnings, err := f.Resolver().Read(ctx, ref)
	if err != nil {
		return nil, err
	}
	f.warn(warnings)
	// The chain is sent along, so that subject-name issuer authentication
	// works; Entra ignores it otherwise.
	opts := entra.CertificateOptions{SendChain: true}
	cred, err := f.parseCertificate(ctx, app, file, opts)
	return cred, placed(app, err)
}

// placed adds to an error about the app's certificate where that is.
func placed(app fleet.App, err error) error {
	e, ok := errors.AsType[*entra.CertificateError](err)
	if !ok {
		return err
	}
	next := e.Next()
	if e.Problem == entra.CertificatePassword && app.Credential.PasswordRef == "" {
		next = "say where its password is: app.credential.password_ref in " + config.FileName + ", or AZURE_CLIENT_CERTIFICATE_PASSWORD"
	}
	return clierr.Usage(next, "certificate %s: %s", app.Credential.Ref, e.Detail).Because(err)
}

func (f *Factory) parseCertificate(ctx context.Context, app fleet.App, file []byte, opts entra.CertificateOptions) (entra.Credential, error) {
	if bytes.Contains(file, []byte("-----BEGIN ")) {
		return entra.ParseCertificatePEM(file, opts)
	}
	var password entra.Secret
	if app.Credential.PasswordRef != "" {
		ref, err := secret.Parse(app.Credential.PasswordRef)
		if err != nil {
			return nil, err
		}
		if password, err = f.resolve(ctx, ref); err != nil {
			return nil, err
		}
	}
	return entra.ParseCertificatePFX(file, password, opts)
}

// TokenOptions are per-command wishes for [Factory.Tokens].
type TokenOptions struct{ V1 bool }

// Tokens signs in as the app. [Factory.Close] closes what it returns.
func (f *Factory) Tokens(ctx context.Context, app fleet.App, o TokenOptions) (*entra.Tokens, error) {
	cloud, err := f.Cloud()
	if err != nil {
		return nil, err
	}
	hc, err := f.HTTPClient()
	if err != nil {
		return nil, err
	}
	cred, err := f.Credential(ctx, app)
	if err != nil {
		return nil, err
	}
	cfg := entra.Config{Cloud: cloud, ClientID: app.ClientID, Credential: cred, HTTPClient: hc, Now: f.Now}
	if o.V1 {
		cfg.Protocol = entra.V1
	}
	if err := entra.CheckCertificate(cred, f.Now()); err != nil {
		return nil, placed(app, err)
	}
	tokens, err := entra.NewTokens(cfg)
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tokens = append(f.tokens, tokens)
	return tokens, nil
}

// ProfileNamed finds a profile.
func (f *Factory) ProfileNamed(name string) (fleet.Profile, error) {
	p, err := fleet.ProfileByName(name)
	if err != nil {
		return p, clierr.Usage("use one of partner, read, hunt, manage, respond; tenantry app create --help tells what each is for", "--profile: %q is not a profile", name).Because(err)
	}
	return p, nil
}

// unlisted is a tenant that is not in the state: it was named on the command
// line.
func unlisted(id entra.TenantID, word string) fleet.Tenant {
	t := fleet.Tenant{ID: id, State: fleet.StateAdded}
	if !strings.EqualFold(word, string(id)) {
		t.Domain = strings.ToLower(word)
	}
	return t
}

// Tenant finds one tenant by what the user called it: an id, a domain or a
// name of the state; or an id or domain that is not in the state yet, the
// domain resolved by public discovery. An empty word means AZURE_TENANT_ID,
// else the only tenant of the state.
func (f *Factory) Tenant(ctx context.Context, word string) (fleet.Tenant, error) {
	if word == "" {
		word = f.Getenv("AZURE_TENANT_ID")
	}
	known, err := f.Known(ctx)
	if err != nil {
		return fleet.Tenant{}, err
	}
	if word == "" {
		if len(known) == 1 {
			return known[0], nil
		}
		return fleet.Tenant{}, clierr.Usage("give --tenant with an id, a domain or a name, or set AZURE_TENANT_ID", "which tenant? %d are in the state", len(known))
	}
	found, err := fleet.Selector{Tenants: []string{word}}.Select(known)
	if err == nil && len(found) == 1 {
		return found[0], nil
	}
	id, rerr := f.Resolve(ctx, word)
	if rerr != nil {
		if errors.Is(rerr, errNeitherIDNorDomain) && err != nil && len(known) > 0 {
			return fleet.Tenant{}, err // the selector names what is near
		}
		return fleet.Tenant{}, rerr
	}
	for _, t := range known {
		if t.ID == id {
			return t, nil
		}
	}
	return unlisted(id, word), nil
}

// Known are the tenants of the state; none when there is no state.
func (f *Factory) Known(ctx context.Context) ([]fleet.Tenant, error) {
	s, ok, err := f.ExistingStore(ctx)
	if err != nil || !ok {
		return nil, err
	}
	return s.Tenants(ctx)
}

var errNeitherIDNorDomain = errors.New("neither a tenant id nor a domain")

// Resolve turns a tenant id or a domain into an id; a domain by the public
// discovery document of its tenant, without signing in.
func (f *Factory) Resolve(ctx context.Context, word string) (entra.TenantID, error) {
	if id, err := entra.ParseTenantID(word); err == nil {
		return id, nil
	}
	if _, err := entra.ParseDomain(word); err != nil {
		return "", clierr.Usage("give a GUID such as 11111111-2222-4333-8444-555555555555 or a domain such as contoso.com", "%q is neither a tenant id nor a domain", word).Because(errNeitherIDNorDomain)
	}
	cloud, err := f.Cloud()
	if err != nil {
		return "", err
	}
	hc, err := f.HTTPClient()
	if err != nil {
		return "", err
	}
	return entra.ResolveTenant(ctx, hc, cloud, word)
}

// resolve reads a secret and tells of a place that others can read.
func (f *Factory) resolve(ctx context.Context, ref secret.Ref) (entra.Secret, error) {
	value, warnings, err := f.Resolver().ResolveWarn(ctx, ref)
	f.warn(warnings)
	return value, err
}

func (f *Factory) warn(warnings []secret.Warning) {
	for _, w := range warnings {
		f.Streams.Notef("warning: %s", w)
	}
}
