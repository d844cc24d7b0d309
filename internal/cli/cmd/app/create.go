package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tenantry/tenantry/entra"
	"github.com/tenantry/tenantry/fleet"
	"github.com/tenantry/tenantry/internal/cli/clierr"
	"github.com/tenantry/tenantry/internal/cli/command"
	"github.com/tenantry/tenantry/internal/cli/explain"
	"github.com/tenantry/tenantry/internal/cli/factory"
	"github.com/tenantry/tenantry/internal/cli/register"
	"github.com/tenantry/tenantry/secret"
)

type createOptions struct {
	name       string
	profile    string
	redirects  []string
	secretRef  string
	secretDays int
	tenant     string
	replace    bool
	dryRun     bool
}

func newCreate(f *factory.Factory) *cobra.Command {
	var profiles strings.Builder
	for _, p := range fleet.Profiles() {
		fmt.Fprintf(&profiles, "  %-9s %s\n", p.Name, p.Title)
	}
	var o createOptions
	cmd := &cobra.Command{
		Use:   "create",
		Short: "Register the app in your own tenant",
		Long: `Register a multi-tenant app in your own tenant through Microsoft Graph: the
registration, its service principal, and a client secret. You sign in with a
code in a browser, as an administrator who may register applications, through
Microsoft's own "Microsoft Graph Command Line Tools"; that sign-in is used for
this and not kept.

The secret's value goes to --secret-ref, a new file or an entry of the system's
keyring, and is never printed. The state remembers the app and the place.
When a step fails, what was created before it is deleted again. A new secret
takes a while until it works; the command waits for that, two minutes at most.

The profile decides which application roles consent is asked for:
` + profiles.String() + `
The default, partner, registers exactly what Microsoft's partner page says:
Incident.Read.All of Microsoft Threat Protection and the redirect URI
https://portal.azure.com. --redirect-uri adds more, such as
http://localhost:8400/callback for tenantry invite --callback.`,
		Example: command.Examples(
			"as Microsoft's partner page says", "tenantry app create --secret-ref file:app-secret.txt",
			"see the requests first", "tenantry app create --dry-run",
			"for both surfaces, with a callback on this machine, secret in the keyring", "tenantry app create --profile read --redirect-uri http://localhost:8400/callback --secret-ref keyring:tenantry/app"),
		Args: command.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runCreate(cmd.Context(), f, o) },
	}
	cmd.Flags().StringVar(&o.name, "name", "Tenantry", "`name` that consent pages show to your customers")
	cmd.Flags().StringVar(&o.profile, "profile", factory.DefaultProfile, "`name` of the profile of application roles")
	cmd.Flags().StringSliceVar(&o.redirects, "redirect-uri", nil, "redirect `URI` to register besides https://portal.azure.com; repeat it for several")
	cmd.Flags().StringVar(&o.secretRef, "secret-ref", "", "where to put the secret: file:PATH (must not exist) or keyring:SERVICE/NAME")
	cmd.Flags().IntVar(&o.secretDays, "secret-days", 180, "`days` until the secret expires, 1 to 730")
	cmd.Flags().StringVar(&o.tenant, "tenant", "", "your own `tenant` to sign in to, by id or domain (default: that of the account)")
	cmd.Flags().BoolVar(&o.replace, "replace", false, "register another app although the state has one; the old one stays in your tenant")
	cmd.Flags().BoolVar(&o.dryRun, "dry-run", false, "print the requests and send none")
	return cmd
}

func runCreate(ctx context.Context, f *factory.Factory, o createOptions) error {
	plan, err := o.plan(f)
	if err != nil {
		return err
	}
	if o.dryRun {
		f.Streams.Notef("these requests would be sent to %s, signed in as you; none was", plan.Cloud.Graph)
		return f.Print(requests(plan))
	}
	ref, err := o.destination()
	if err != nil {
		return err
	}
	if _, err := f.Printer(); err != nil {
		return err
	}
	st, err := f.Store(ctx)
	if err != nil {
		return err
	}
	if have, found, err := st.App(ctx); err != nil {
		return err
	} else if found && !o.replace {
		return clierr.Failed("tenantry app show, or add --replace to register another", "the state has an app already: %s (%s)", have.DisplayName, have.ClientID)
	}
	hc, err := f.HTTPClient()
	if err != nil {
		return err
	}
	token, err := entra.SignInWithDeviceCode(ctx, entra.DeviceConfig{
		Cloud: plan.Cloud, Tenant: o.tenant, Scopes: []string{"Application.ReadWrite.All"}, HTTPClient: hc, Now: f.Now,
	}, func(d entra.DeviceCode) {
		f.Streams.Notef("To sign in, open %s in a browser and enter the code %s", d.VerificationURI, d.UserCode)
	})
	if err != nil {
		return err
	}
	f.Streams.Progressf("signed in to tenant %s", token.Tenant)
	a, err := register.Run(ctx, plan, token, hc, f.Now, func(ctx context.Context, value entra.Secret) error {
		return f.Resolver().Store(ctx, ref, value)
	}, func(ctx context.Context, a fleet.App) error {
		a.Credential.Ref = ref.String()
		return st.PutApp(ctx, a)
	})
	if err != nil {
		return err
	}
	a.Credential.Ref = ref.String()
	f.Streams.Notef("registered %q in tenant %s; the secret is at %s", a.DisplayName, a.HomeTenant, ref)
	waited := await(ctx, f, plan.Cloud, a)
	switch {
	case ctx.Err() != nil:
		f.Streams.Notef("the app is registered; its secret may need another minute until it works")
	case waited != nil:
		f.Streams.Notef("note: the secret does not work yet: %s", explain.Error(waited).Message)
		f.Streams.Notef("  next: wait a few minutes, then tenantry token get --tenant %s; if it is refused still, look at the app in the portal", a.HomeTenant)
	default:
		f.Streams.Notef("  next: tenantry invite --tenant CUSTOMER-DOMAIN")
	}
	if err := f.Print(result(a, plan.Profile)); err != nil {
		return err
	}
	return context.Cause(ctx) // nil unless it was interrupted: the registration is complete
}

// await waits until the new secret works, so that the next command does not
// meet the refusal of one that is not known everywhere yet. What it returns is
// no failure of the registration, which is complete.
func await(ctx context.Context, f *factory.Factory, cloud entra.Cloud, a fleet.App) error {
	tokens, err := f.Tokens(ctx, a, factory.TokenOptions{})
	if err != nil {
		return err
	}
	told := false
	return register.Await(ctx, tokens, a.HomeTenant, cloud.Resource(entra.ResourceGraph), register.Waiting{Now: f.Now, On: func(time.Duration, error) {
		if !told {
			f.Streams.Progressf("waiting until the secret works; a new one can take a minute or two")
		}
		told = true
	}})
}

func (o createOptions) plan(f *factory.Factory) (register.Plan, error) {
	p := register.Plan{Name: strings.TrimSpace(o.name), RedirectURIs: []string{factory.PortalRedirect}}
	var err error
	if p.Cloud, err = f.Cloud(); err != nil {
		return p, err
	}
	if p.Profile, err = f.ProfileNamed(o.profile); err != nil {
		return p, err
	}
	if p.Name == "" {
		return p, clierr.Usage("such as --name 'Contoso Managed Defence'", "--name is empty")
	}
	if o.secretDays < 1 || o.secretDays > 730 {
		return p, clierr.Usage("Microsoft advises 180 or less", "--secret-days: %d is not from 1 to 730", o.secretDays)
	}
	p.SecretEnds = f.Now().Add(time.Duration(o.secretDays) * 24 * time.Hour).UTC().Truncate(time.Second)
	for _, r := range o.redirects {
		if err := register.CheckRedirect(r); err != nil {
			return p, clierr.Usage("such as --redirect-uri http://localhost:8400/callback", "--redirect-uri: %v", err)
		}
		if r != factory.PortalRedirect {
			p.RedirectURIs = append(p.RedirectURIs, r)
		}
	}
	return p, nil
}

// destination checks before anything is created that the secret can be put
// where it is to go.
func (o createOptions) destination() (secret.Ref, error) {
	const next = "such as --secret-ref file:app-secret.txt or --secret-ref keyring:tenantry/app"
	if o.secretRef == "" {
		return secret.Ref{}, clierr.Usage(next, "--secret-ref is missing: the secret is shown to nobody, so it needs a place")
	}
	ref, err := secret.Parse(o.secretRef)
	if err != nil {
		return ref, err
	}
	switch ref.Scheme() {
	case secret.SchemeKeyring:
		return ref, nil
	case secret.SchemeFile:
		wd, err := os.Getwd()
		if err != nil {
			return ref, err
		}
		ref = ref.In(wd) // the state is used from other directories, too
	default:
		return ref, clierr.Usage(next, "--secret-ref: a secret cannot be put into %s", ref)
	}
	if _, err := os.Lstat(ref.Place()); err == nil {
		return ref, clierr.Usage("name a new file; a secret never overwrites one", "--secret-ref: %s exists already", ref.Place())
	}
	dir := filepath.Dir(ref.Place())
	probe, err := os.CreateTemp(dir, ".tenantry-*")
	if err != nil {
		return ref, clierr.Usage("name a file in a directory that exists and can be written to", "--secret-ref: nothing can be written into %s", dir).Because(err)
	}
	return ref, errors.Join(probe.Close(), os.Remove(probe.Name()))
}
