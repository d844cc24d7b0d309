// Package invite is the command "invite".
package invite

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tenantry/tenantry/entra/consent"
	"github.com/tenantry/tenantry/fleet"
	"github.com/tenantry/tenantry/internal/cli/clierr"
	"github.com/tenantry/tenantry/internal/cli/command"
	"github.com/tenantry/tenantry/internal/cli/explain"
	"github.com/tenantry/tenantry/internal/cli/factory"
	"github.com/tenantry/tenantry/internal/cli/output"
	"github.com/tenantry/tenantry/onboard"
)

type options struct {
	tenant   string
	admin    string
	redirect string
	profile  string
	wait     bool
	callback bool
	timeout  time.Duration
	interval time.Duration
}

// New makes the command.
func New(f *factory.Factory) *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use:   "invite",
		Short: "Ask a customer's administrator for consent, and prove it",
		Long: `Print a consent link for a customer's administrator. Which one:

  (default)           the link of Microsoft's partner page. The administrator has
                      to tick "Consent on behalf of your organization".
  --admin-consent v1  consent for the whole organization to all that the app's
                      registration lists.
  --admin-consent v2  the same for the resources of the profile alone: for a
                      customer without a licence for one of the others.

What a consent page sends back is a claim that anybody can forge. Consent counts
as proved when a token of the tenant carries the roles of the profile:

  --wait      ask for fresh tokens until they do, or until --timeout. It needs no
              callback: send the link by mail and keep this running, or run
              it again later.
  --callback  serve the app's redirect URI on this machine (such as
              http://localhost:8400/callback), for an administrator who sits at
              it. State, expiry and tenant of what comes back are checked, and
              then it is proved as by --wait.

Without --wait and --callback stdout is the link; with them it is the tenant as
proved. Exit code 3 means that consent was declined or not proved in time.`,
		Example: command.Examples(
			"the link to send", "tenantry invite",
			"the link for one customer, and wait for the consent", "tenantry invite --tenant contoso.com --wait --timeout 1h",
			"for the whole organization", "tenantry invite --tenant contoso.com --admin-consent v2",
			"an administrator at this machine", "tenantry invite --callback"),
		Args: command.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return run(cmd.Context(), f, o) },
	}
	cmd.Flags().StringVar(&o.tenant, "tenant", "", "the customer's `tenant` by id, domain or name")
	cmd.Flags().StringVar(&o.admin, "admin-consent", "", "`version` of the admin consent link: v1 or v2")
	cmd.Flags().StringVar(&o.redirect, "redirect-uri", "", "redirect `URI` of the admin consent link (default: the app's)")
	cmd.Flags().StringVar(&o.profile, "profile", "", "`name` of the profile whose roles must be there (default: the app's)")
	cmd.Flags().BoolVar(&o.wait, "wait", false, "prove the consent: ask for tokens until the roles are there")
	cmd.Flags().BoolVar(&o.callback, "callback", false, "receive the consent page's answer on this machine, then prove it")
	cmd.Flags().DurationVar(&o.timeout, "timeout", 10*time.Minute, "how long to wait with --wait or --callback")
	cmd.Flags().DurationVar(&o.interval, "interval", 5*time.Second, "pause between two rounds of tokens")
	return cmd
}

func (o options) check() error {
	switch {
	case o.admin != "" && o.admin != "v1" && o.admin != "v2":
		return clierr.Usage("use v1 or v2", "--admin-consent: %q is not a version", o.admin)
	case o.redirect != "" && o.admin == "" && !o.callback:
		return clierr.Usage("add --admin-consent v1 or v2, or leave --redirect-uri out", "--redirect-uri: the link of Microsoft's partner page has none")
	case o.wait && o.tenant == "" && !o.callback:
		return clierr.Usage("add --tenant with the customer's id or domain", "--wait: which tenant is to be proved?")
	case o.timeout <= 0 || o.interval <= 0:
		return clierr.Usage("such as --timeout 10m --interval 5s", "--timeout and --interval must be more than 0")
	}
	return nil
}

// Outcome is what the command prints after --wait or --callback.
type Outcome struct {
	Invitation onboard.Invited    `json:"invitation"`
	Tenant     fleet.Tenant       `json:"tenant"`
	Status     fleet.TenantStatus `json:"status"`
}

func run(ctx context.Context, f *factory.Factory, o options) error {
	if err := o.check(); err != nil {
		return err
	}
	if _, err := f.Printer(); err != nil {
		return err
	}
	s, app, err := newService(ctx, f, o)
	if err != nil {
		return err
	}
	request, err := o.request(ctx, f, app)
	if err != nil {
		return err
	}
	if o.callback {
		return o.receive(ctx, f, s, request)
	}
	invited, err := s.Invite(ctx, request)
	if err != nil {
		return err
	}
	if !o.wait {
		return printLink(f, invited, o.tenant)
	}
	f.Streams.Notef("send this link to an administrator of %s (%s or higher):\n%s", request.Tenant.Label(), invited.DirectoryRole, invited.Link)
	return o.prove(ctx, f, s, invited, request.Tenant)
}

func newService(ctx context.Context, f *factory.Factory, o options) (*onboard.Service, fleet.App, error) {
	app, err := f.App(ctx)
	if err != nil {
		return nil, app, err
	}
	if o.profile != "" {
		app.Profile = o.profile
	}
	profile, err := f.ProfileNamed(app.Profile)
	if err != nil {
		return nil, app, err
	}
	cloud, err := f.Cloud()
	if err != nil {
		return nil, app, err
	}
	st, err := f.Store(ctx)
	if err != nil {
		return nil, app, err
	}
	c := onboard.Config{Cloud: cloud, ClientID: app.ClientID, Profile: profile, Store: st, Now: f.Now}
	if o.wait || o.callback { // a link alone needs no credential
		if c.Tokens, err = f.Tokens(ctx, app, factory.TokenOptions{}); err != nil {
			return nil, app, err
		}
	}
	return onboard.New(c), app, nil
}

func (o options) request(ctx context.Context, f *factory.Factory, app fleet.App) (onboard.Request, error) {
	r := onboard.Request{Kind: onboard.Documented, RedirectURI: o.redirect, Lifetime: o.timeout}
	if o.admin != "" {
		r.Kind = onboard.Kind(o.admin)
	} else if o.callback {
		r.Kind = onboard.AdminV2 // the documented link names no redirect URI
	}
	if o.tenant != "" {
		t, err := f.Tenant(ctx, o.tenant)
		if err != nil {
			return r, err
		}
		r.Tenant = t
	}
	if r.RedirectURI == "" && r.Kind != onboard.Documented {
		r.RedirectURI = app.RedirectURIs[0]
	}
	if o.callback && o.redirect == "" {
		local, ok := localRedirect(app.RedirectURIs)
		if !ok {
			return r, clierr.Usage("register http://localhost:8400/callback (tenantry app create --redirect-uri …, or in the portal under Authentication, platform Web) and name it with --redirect-uri",
				"--callback: the app has no redirect URI on this machine, only %s", strings.Join(app.RedirectURIs, " "))
		}
		r.RedirectURI = local
	}
	return r, nil
}

func localRedirect(uris []string) (string, bool) {
	for _, s := range uris {
		u, err := url.Parse(s)
		if err != nil || u.Scheme != "http" || u.Port() == "" {
			continue
		}
		if h := u.Hostname(); h == "localhost" || h == "127.0.0.1" || h == "::1" {
			return s, true
		}
	}
	return "", false
}

func printLink(f *factory.Factory, i onboard.Invited, tenant string) error {
	f.Streams.Notef("for an administrator of the customer: %s or higher", i.DirectoryRole)
	if i.Kind == onboard.Documented {
		f.Streams.Notef(`the box "Consent on behalf of your organization" must be ticked; ask for the tenant id or domain, too`)
	}
	if tenant == "" {
		tenant = "DOMAIN"
	}
	f.Streams.Notef("  next: tenantry invite --tenant %s --wait proves the consent", command.Quote(tenant))
	if f.Flags.Output == "" && f.Flags.Query == "" {
		_, err := fmt.Fprintln(f.Streams.Out, i.Link) // to be copied and piped as it is
		return err
	}
	return f.Print(output.Result{Doc: i, Lines: []any{i}, Columns: []string{"KIND", "LINK"}, Rows: [][]string{{string(i.Kind), i.Link}}})
}

// receive serves the redirect URI until a consent came back, then proves it.
func (o options) receive(ctx context.Context, f *factory.Factory, s *onboard.Service, r onboard.Request) (err error) {
	problems := make(chan error, 16)
	l, err := s.Listen(r.RedirectURI, func(err error) {
		select {
		case problems <- err:
		default: // a flood is not worth reporting whole
		}
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	invited, err := s.Invite(ctx, r)
	if err != nil {
		return err
	}
	f.Streams.Notef("open this link on this machine, as an administrator (%s or higher):\n%s", invited.DirectoryRole, invited.Link)
	waiting, cancel := context.WithTimeoutCause(ctx, o.timeout, clierr.SignIn("run the command again for a new link", "no consent came back within %s", o.timeout))
	defer cancel()
	tell := func(err error) {
		f.Streams.Notef("a callback was not accepted: %s", output.Clean(explain.Error(err).Message))
	}
	// What comes while the consent is proved is told after it: Streams are for
	// one goroutine at a time.
	defer func() {
		for len(problems) > 0 {
			tell(<-problems)
		}
	}()
	claim, err := await(waiting, l, problems, tell)
	if err != nil {
		return err
	}
	f.Streams.Notef("consent came back for tenant %s; now it is proved", claim.Tenant)
	t := r.Tenant
	t.ID = claim.Tenant
	return o.prove(ctx, f, s, invited, t)
}

// await waits for a consent to come back, and tells of every callback that was
// not accepted when it comes: who opened an old link should not wait in vain.
func await(ctx context.Context, l *onboard.Listener, problems <-chan error, tell func(error)) (onboard.Claim, error) {
	type arrival struct {
		claim onboard.Claim
		err   error
	}
	arrived := make(chan arrival, 1)
	go func() {
		claim, err := l.Wait(ctx)
		arrived <- arrival{claim, err}
	}()
	for {
		select {
		case err := <-problems:
			tell(err)
		case a := <-arrived:
			return a.claim, a.err
		}
	}
}

func (o options) prove(ctx context.Context, f *factory.Factory, s *onboard.Service, invited onboard.Invited, t fleet.Tenant) error {
	proved, err := s.Prove(ctx, t, onboard.ProveOptions{
		Interval: o.interval, Deadline: o.timeout,
		OnAttempt: func(a consent.Attempt) {
			switch {
			case a.Err != nil:
				f.Streams.Progressf("round %d, %s: %s", a.Round, a.Resource.Kind, explain.Error(a.Err).Code)
			default:
				f.Streams.Progressf("round %d, %s: roles %s", a.Round, a.Resource.Kind, strings.Join(a.Roles, ", "))
			}
		},
	})
	if err != nil {
		return err
	}
	var roles []string
	for _, list := range proved.Roles {
		roles = append(roles, list...)
	}
	status := fleet.TenantStatus{ID: proved.ID, Name: proved.Label(), Status: fleet.StatusOK, Detail: "consent is proved", Items: len(roles)}
	f.Streams.Notef("consent of %s is proved\n  next: tenantry incidents list --tenant %s", proved.Label(), proved.ID)
	out := Outcome{Invitation: invited, Tenant: proved, Status: status}
	return f.Print(output.Result{
		Doc: out, Lines: []any{out},
		Columns: []string{"TENANT", "NAME", "STATE", "SURFACE", "ROLES"},
		Rows:    [][]string{{string(proved.ID), proved.Label(), string(proved.State), string(proved.Surface), strings.Join(roles, ",")}},
	})
}
