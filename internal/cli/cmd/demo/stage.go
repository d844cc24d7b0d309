package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/tenantry/tenantry/entra"
	"github.com/tenantry/tenantry/fleet"
	"github.com/tenantry/tenantry/internal/cli/cmd/incidents"
	"github.com/tenantry/tenantry/internal/cli/each"
	"github.com/tenantry/tenantry/internal/cli/factory"
	"github.com/tenantry/tenantry/internal/cli/register"
	"github.com/tenantry/tenantry/internal/cli/visitor"
	"github.com/tenantry/tenantry/internal/cli/wirelog"
	"github.com/tenantry/tenantry/onboard"
	box "github.com/tenantry/tenantry/sandbox"
	"github.com/tenantry/tenantry/sandbox/journal"
	"github.com/tenantry/tenantry/sandbox/world"
	"github.com/tenantry/tenantry/secret"
)

// stage is a demo under way.
type stage struct {
	f         *factory.Factory
	dir       string
	narration io.Writer
	began     time.Time

	sandbox *box.Sandbox
	cloud   entra.Cloud
	hc      *http.Client
	store   factory.Store

	app     fleet.App
	tokens  *entra.Tokens
	former  *entra.Tokens // of the partner's former registration
	service *onboard.Service

	cast    []customer
	tenants []fleet.Tenant // in the order of cast
	report  each.Report[incidents.Item]
	items   []incidents.Item
	journal journal.Summary
}

// open starts the sandbox and an empty state.
func open(ctx context.Context, f *factory.Factory, dir string) (*stage, error) {
	s := &stage{f: f, dir: dir, narration: f.Streams.Out, began: f.Now(), cast: cast()}
	if f.Flags.Output != "" || f.Flags.Query != "" {
		s.narration = f.Streams.Err
	}
	var err error
	if s.cloud, err = entra.CloudByName("public"); err != nil {
		return nil, err
	}
	// What is new works at once here: with the sandbox's usual delays the play
	// would wait for the secret, then for each consent and each refusal.
	if s.sandbox, err = box.New(box.Config{Now: f.Now, Delays: &world.Delays{}}); err != nil {
		return nil, err
	}
	if err := s.sandbox.Start(); err != nil {
		return nil, errors.Join(err, s.sandbox.Close())
	}
	transport := s.sandbox.Client().Transport
	if w := f.TraceTo(); w != nil {
		transport = &wirelog.Transport{Base: transport, Log: w, Now: f.Now}
	}
	s.hc = &http.Client{Transport: transport, Timeout: time.Minute}
	if s.store, err = f.OpenStore(ctx, s.path(factory.StateFile)); err != nil {
		return nil, errors.Join(err, s.sandbox.Close())
	}
	s.say("sandbox", "", "Microsoft is played by this process, at %s; nothing leaves this machine", s.sandbox.Origin())
	return s, nil
}

// close ends the play; what signs in goes first, since it renews in the background.
func (s *stage) close() error {
	var errs []error
	for _, t := range []*entra.Tokens{s.tokens, s.former} {
		if t != nil {
			errs = append(errs, t.Close())
		}
	}
	return errors.Join(append(errs, s.store.Close(), s.sandbox.Close())...)
}

// callbackURI is the registered redirect URI of the admin consent links. The
// demo takes what comes back out of the browser's hand, as tenantry invite
// --callback takes it from the port.
const callbackURI = "http://localhost:8400/callback"

// visit opens a link as one person, in a browser of his own.
func (s *stage) visit(ctx context.Context, link, upn string, does person, userCode string) (visitor.Visit, error) {
	v, err := visitor.New(s.sandbox.Client().Transport, upn, password)
	if err != nil {
		return visitor.Visit{}, err
	}
	v.Tick, v.Decline, v.UserCode = does.tick, does.decline, userCode
	return v.Open(ctx, link, func(u *url.URL) bool { return strings.HasPrefix(u.String(), callbackURI) })
}

// register registers the app through Graph, signed in by device code.
func (s *stage) register(ctx context.Context) error {
	const upn = "admin@northwindsecurity.onmicrosoft.com"
	profile, err := fleet.ProfileByName(fleet.ProfileRead)
	if err != nil {
		return err
	}
	plan := register.Plan{
		Cloud: s.cloud, Name: "Northwind Managed Detection", Profile: profile,
		RedirectURIs: []string{factory.PortalRedirect, callbackURI}, SecretEnds: s.f.Now().Add(180 * 24 * time.Hour).UTC().Truncate(time.Second),
	}
	approved := make(chan error, 1)
	token, err := entra.SignInWithDeviceCode(ctx, entra.DeviceConfig{
		Cloud: s.cloud, Scopes: []string{"Application.ReadWrite.All"}, HTTPClient: s.hc, Now: s.f.Now,
		// The wait for the person is the wait for the play's own browser.
		Sleep: func(ctx context.Context, _ time.Duration) error {
			select {
			case err := <-approved:
				return err
			case <-ctx.Done():
				return ctx.Err()
			}
		},
	}, func(d entra.DeviceCode) {
		s.say("register", "Northwind Security", "you would open %s and enter %s", d.VerificationURI, d.UserCode)
		go func() {
			visit, err := s.visit(ctx, d.VerificationURI, upn, person{}, d.UserCode)
			if err == nil && visit.Problem != "" {
				err = fmt.Errorf("the sign-in page says: %s", visit.Problem)
			}
			approved <- err
			close(approved)
		}()
	})
	if err != nil {
		return err
	}
	ref, err := secret.Parse("file:" + s.path("app-secret"))
	if err != nil {
		return err
	}
	s.app, err = register.Run(ctx, plan, token, s.hc, s.f.Now,
		func(ctx context.Context, value entra.Secret) error { return s.f.Resolver().Store(ctx, ref, value) },
		func(ctx context.Context, a fleet.App) error {
			a.Credential.Ref = ref.String()
			return s.store.PutApp(ctx, a)
		})
	if err != nil {
		return err
	}
	s.say("register", "Northwind Security", "app %s registered through Graph as %s: %d application roles, a secret nobody sees", s.app.ClientID, upn, len(profile.Needs))
	value, err := s.f.Resolver().Resolve(ctx, ref)
	if err != nil {
		return err
	}
	if s.tokens, err = s.signIn(s.app.ClientID, value); err != nil {
		return err
	}
	s.service = s.onboarding(profile)
	return s.formerApp()
}

func (s *stage) signIn(clientID string, value entra.Secret) (*entra.Tokens, error) {
	return entra.NewTokens(entra.Config{Cloud: s.cloud, ClientID: clientID, Credential: entra.ClientSecret(value), HTTPClient: s.hc, Now: s.f.Now})
}

func (s *stage) onboarding(p fleet.Profile) *onboard.Service {
	return onboard.New(onboard.Config{Cloud: s.cloud, ClientID: s.app.ClientID, Profile: p, Store: s.store, Tokens: s.tokens, Now: s.f.Now})
}

// formerApp signs in as the registration that the default world has already,
// with the secret of it that has expired.
func (s *stage) formerApp() error {
	for _, a := range s.sandbox.World().Apps(string(s.app.HomeTenant)) {
		for _, old := range a.Secrets {
			if old.End.Before(s.f.Now()) {
				var err error
				s.former, err = s.signIn(a.AppID, entra.NewSecret(old.Value))
				return err
			}
		}
	}
	return errors.New("the default world has no app with an expired secret")
}

// upn completes a person's name with the domain of the customer.
func (c customer) upn(p person) string {
	if strings.Contains(p.name, "@") {
		return p.name
	}
	return p.name + "@" + c.domain
}
