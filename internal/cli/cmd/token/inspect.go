package token

import (
	"context"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tenantry/tenantry/entra"
	"github.com/tenantry/tenantry/entra/verify"
	"github.com/tenantry/tenantry/internal/cli/clierr"
	"github.com/tenantry/tenantry/internal/cli/command"
	"github.com/tenantry/tenantry/internal/cli/factory"
	"github.com/tenantry/tenantry/internal/cli/output"
)

type inspectOptions struct {
	token    string
	jwks     string
	offline  bool
	profile  string
	resource string
	tenant   string
}

func newInspect(f *factory.Factory) *cobra.Command {
	var o inspectOptions
	cmd := &cobra.Command{
		Use:   "inspect [TOKEN]",
		Short: "Say what a token is, and what is wrong with it",
		Long: `Say in words what a token is: for which tenant, app and resource, until when,
and with which roles; check it; and say what to do about what is wrong. It
answers above all: is this the right token for the API, and are the roles of
the profile in it? Roles that are nearly right, such as Incidents.Read.All in
place of Incident.Read.All, are named.

The token comes from stdin, or as the argument (which other users of the machine
can see while the command runs). What is pasted along, such as "Bearer " or the
whole answer of the token endpoint, is taken off.

The signature is checked with the tenant's keys, fetched from the login host;
with --jwks from a saved key set, and with --offline not at all. A token for
Microsoft Graph is opaque to clients: its signature is made so that Graph alone
can check it, and that is no fault.

Exit codes: 0 nothing is wrong, 3 roles are missing, 1 anything else is wrong.`,
		Example: command.Examples(
			"a token just fetched", "tenantry token get --tenant contoso.com | tenantry token inspect",
			"against another profile", "tenantry token inspect --profile read < token.txt",
			"without the network", "tenantry token inspect --jwks keys.json < token.txt",
			"is it for Microsoft Graph?", "tenantry token inspect --resource graph < token.txt"),
		Args: command.Args(0, 1, "token"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				o.token = args[0]
			}
			return runInspect(cmd.Context(), f, o)
		},
	}
	cmd.Flags().StringVar(&o.jwks, "jwks", "", "key set `file` to check the signature with, in place of the login host's")
	cmd.Flags().BoolVar(&o.offline, "offline", false, "ask nobody; the signature stays unchecked without --jwks")
	cmd.Flags().StringVar(&o.profile, "profile", "", "`name` of the profile whose roles are needed (default: the app's)")
	cmd.Flags().StringVar(&o.resource, "resource", "", "API that is to be called: xdr, graph or mde")
	cmd.Flags().StringVar(&o.tenant, "tenant", "", "`tenant` the token must be of, by id, domain or name")
	return cmd
}

func runInspect(ctx context.Context, f *factory.Factory, o inspectOptions) error {
	opts, err := o.options(ctx, f)
	if err != nil {
		return err
	}
	raw, err := o.read(f)
	if err != nil {
		return err
	}
	if o.jwks == "" && !o.offline {
		if opts.Keys, err = remoteKeys(f, opts.Cloud, raw); err != nil {
			return err
		}
	}
	report, err := verify.InspectContext(ctx, raw, opts)
	if err != nil {
		return err
	}
	if err := f.Print(result(report)); err != nil {
		return err
	}
	return verdict(f, report)
}

func (o inspectOptions) options(ctx context.Context, f *factory.Factory) (verify.InspectOptions, error) {
	opts := verify.InspectOptions{Now: f.Now}
	var err error
	if opts.Cloud, err = f.Cloud(); err != nil {
		return opts, err
	}
	if o.jwks != "" {
		data, err := os.ReadFile(o.jwks)
		if err != nil {
			return opts, clierr.Usage("give a readable file", "--jwks: %v", err).Because(err)
		}
		if opts.Keys, err = verify.ParseJWKS(data); err != nil {
			return opts, clierr.Usage("save the JSON of the tenant's discovery/v2.0/keys", "--jwks: %s: %v", o.jwks, err).Because(err)
		}
	}
	if o.resource != "" {
		r, err := entra.ParseResource(opts.Cloud, o.resource)
		if err != nil {
			return opts, err
		}
		opts.Resource = r.Kind
	}
	if o.tenant != "" {
		t, err := f.Tenant(ctx, o.tenant)
		if err != nil {
			return opts, err
		}
		opts.Tenant = t.ID
	}
	opts.Roles, err = o.roles(ctx, f, opts.Resource)
	return opts, err
}

// roles are those of the profile; without one, of the app's profile when there
// is an app. With --resource only that resource's roles count.
func (o inspectOptions) roles(ctx context.Context, f *factory.Factory, resource entra.ResourceKind) ([]string, error) {
	name := o.profile
	if name == "" && resource == "" {
		app, err := f.App(ctx)
		if err != nil {
			return nil, nil // no app: the token is explained without needs
		}
		name = app.Profile
	}
	if name == "" {
		return nil, nil
	}
	p, err := f.ProfileNamed(name)
	if err != nil {
		return nil, err
	}
	var roles []string
	for _, n := range p.Needs {
		if resource == "" || n.Resource == resource {
			roles = append(roles, n.Role)
		}
	}
	return roles, nil
}

func (o inspectOptions) read(f *factory.Factory) (string, error) {
	if o.token != "" && o.token != "-" {
		return o.token, nil
	}
	if f.Streams.InTTY {
		return "", clierr.Usage("tenantry token get | tenantry token inspect", "there is no token: give it on stdin or as the argument")
	}
	const most = 1 << 20
	b, err := io.ReadAll(io.LimitReader(f.Streams.In, most+1))
	if err != nil {
		return "", clierr.Failed("", "cannot read stdin: %v", err).Because(err)
	}
	if len(b) > most {
		return "", clierr.Usage("give the token alone", "stdin holds more than 1 MiB, which is no token")
	}
	return string(b), nil
}

// remoteKeys are the keys of the token's own tenant. A token that does not say
// its tenant is explained without keys.
func remoteKeys(f *factory.Factory, cloud entra.Cloud, raw string) (verify.Keys, error) {
	first, err := verify.Inspect(raw, verify.InspectOptions{Cloud: cloud, Now: f.Now})
	if err != nil {
		return nil, err
	}
	tid, err := entra.ParseTenantID(first.Claims.TenantID)
	if err != nil {
		return nil, nil // the report says that the tenant is missing
	}
	hc, err := f.HTTPClient()
	if err != nil {
		return nil, err
	}
	return verify.NewRemoteKeys(cloud.Login+"/"+string(tid), hc, f.Now), nil
}

func result(r verify.Report) output.Result {
	var rows [][]string
	for _, w := range r.Words {
		rows = append(rows, []string{w.Label, "", w.Text})
	}
	for _, n := range r.Notes {
		rows = append(rows, []string{"note", "", n})
	}
	for _, c := range r.Checks {
		rows = append(rows, []string{c.Name, string(c.Status), c.Detail})
	}
	for _, x := range r.Roles {
		text := strings.TrimSpace(x.Role + " " + x.Detail)
		rows = append(rows, []string{"needed role", string(x.Status), text})
	}
	return output.Result{Doc: r, Lines: []any{r}, Columns: []string{"WHAT", "CHECK", "IN WORDS"}, Rows: rows}
}

func verdict(f *factory.Factory, r verify.Report) error {
	failures := r.Failures()
	if len(failures) == 0 {
		f.Streams.Notef("nothing is wrong with this token")
		return nil
	}
	code := clierr.CodeSignIn
	for _, c := range failures {
		if c.Name != verify.CheckRoles {
			code = clierr.CodeFailed
		}
		f.Streams.Notef("wrong: %s: %s", c.Name, output.Clean(c.Detail))
		if c.Remedy != "" {
			f.Streams.Notef("  next: %s", output.Clean(c.Remedy))
		}
	}
	return &clierr.Exit{Code: code}
}
