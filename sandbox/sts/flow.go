package sts

import (
	"crypto/subtle"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tenantry/tenantry/sandbox/world"
)

const (
	sessionCookie   = "TENANTRYSANDBOXAUTH"
	sessionLifetime = 24 * time.Hour
	flowLifetime    = time.Hour
)

type flowKind int

const (
	kindAuthorize flowKind = iota
	kindAdminConsent
	kindDevice
)

// flow is one interactive sign-in, from the first page to the answer. It
// lives on the server: forms carry only its id and its anti-forgery value.
type flow struct {
	kind      flowKind
	v2        bool
	authority string // tenant segment
	appID     string
	callback  callback

	scope     string // v2
	resource  string // v1
	prompt    string
	hint      string
	nonce     string
	challenge string
	method    string

	deviceCode string

	session string // the browser it belongs to
	canary  string
	user    string // who signed in for it; "" until then
}

// session is a browser, and who signed in with it.
type session struct {
	users []string
}

// browser returns the browser's session, and starts one when there is none.
func (x *exchange) browser() (string, session) {
	if c, err := x.r.Cookie(sessionCookie); err == nil {
		if s, ok := x.sessions.get(c.Value, x.now); ok {
			return c.Value, s
		}
	}
	return x.newSession(session{}), session{}
}

func (x *exchange) newSession(s session) string {
	id := unguessable()
	x.sessions.put(id, s, x.now, x.now.Add(sessionLifetime))
	http.SetCookie(x.w, &http.Cookie{
		Name: sessionCookie, Value: id, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
	return id
}

// begin decides with what page a flow starts.
func (x *exchange) begin(f *flow, app *world.App) error {
	id, s := x.browser()
	f.session, f.canary = id, unguessable()
	key := unguessable()
	save := func() { x.flows.put(key, *f, x.now, x.now.Add(flowLifetime)) }
	switch {
	case f.prompt == "none":
		return x.silent(f, key, app, s)
	case len(s.users) == 0 || f.prompt == "login":
		save()
		return x.signInPage(f, key, app, "", f.hint)
	case f.prompt == "select_account" || f.prompt == "admin_consent" || f.kind == kindDevice || len(s.users) > 1:
		save()
		return x.accountsPage(f, key, app, s)
	}
	f.user = s.users[0]
	save()
	return x.proceed(f, key, app)
}

// silent is prompt=none: no page may be shown.
func (x *exchange) silent(f *flow, key string, app *world.App, s session) error {
	if len(s.users) != 1 {
		return refuse(silentNoUser)
	}
	f.user = s.users[0]
	t, user, err := x.directory(f, app)
	if err != nil {
		return err
	}
	w, err := x.wants(f, app, t, user)
	if err != nil {
		return err
	}
	if w.needsConsent() {
		return refuse(silentConsent, "app", app.AppID, "name", app.DisplayName)
	}
	return x.finish(f, key, app, t, user, w, false)
}

// resume finds the flow of a posted form. The form must come from the browser
// the flow began in and carry the value its page was given.
func (x *exchange) resume() (*flow, string, *world.App, error) {
	key := x.param("flow")
	f, ok := x.flows.get(key, x.now)
	c, err := x.r.Cookie(sessionCookie)
	if !ok || err != nil || c.Value != f.session || subtle.ConstantTimeCompare([]byte(f.canary), []byte(x.param("canary"))) != 1 {
		return nil, "", nil, refuse(flowMismatch)
	}
	x.v2, x.segment, x.note.AppID = f.v2, f.authority, f.appID
	if f.callback.uri != "" {
		x.callback = &f.callback
	}
	app, ok := x.world.App(f.appID)
	if !ok {
		return nil, "", nil, refuse(appUnknown, "app", f.appID, "directory", f.authority)
	}
	return &f, key, app, nil
}

// login takes the form of the sign-in page or of the account tiles.
func (x *exchange) login() error {
	f, key, app, err := x.resume()
	if err != nil {
		return err
	}
	s, _ := x.sessions.get(f.session, x.now)
	if x.form.Has("account") {
		upn := x.param("account")
		if !slices.Contains(s.users, upn) {
			return x.signInPage(f, key, app, "", "")
		}
		f.user = upn
		x.flows.put(key, *f, x.now, x.now.Add(flowLifetime))
		return x.proceed(f, key, app)
	}
	upn := strings.TrimSpace(x.param("upn"))
	user, err := x.checkPassword(upn, x.param("password"))
	if err != nil {
		return x.signInPage(f, key, app, x.wire(err).Text, upn)
	}
	// A new session id: one that was planted before sign-in is worth nothing.
	x.sessions.drop(f.session)
	if !slices.Contains(s.users, user.UPN) {
		s.users = append(slices.Clone(s.users), user.UPN)
	}
	f.session, f.user = x.newSession(s), user.UPN
	x.flows.put(key, *f, x.now, x.now.Add(flowLifetime))
	return x.proceed(f, key, app)
}

func (x *exchange) checkPassword(upn, password string) (*world.User, error) {
	t, user, ok := x.world.User(upn)
	if !ok {
		_, directory, _ := strings.Cut(upn, "@")
		return nil, refuse(userUnknown, "user", upn, "directory", directory)
	}
	x.note.TenantID = t.ID
	if subtle.ConstantTimeCompare([]byte(user.Password), []byte(password)) != 1 {
		return nil, refuse(userPassword)
	}
	if user.Disabled {
		return nil, refuse(userDisabled)
	}
	return user, nil
}

// directory finds the tenant that a flow's user signs in to: the one asked
// for, or his own when none was.
func (x *exchange) directory(f *flow, app *world.App) (*world.Tenant, *world.User, error) {
	home, user, ok := x.world.User(f.user)
	if !ok {
		return nil, nil, refuse(flowMismatch)
	}
	t := home
	if asked, ok := x.world.Tenant(f.authority); ok {
		t = asked
	}
	x.note.TenantID = t.ID
	if t.ID != home.ID {
		row := userElsewhere
		if f.kind == kindAdminConsent {
			row = userElsewhereConsent
		}
		return nil, nil, refuse(row, "user", user.UPN, "home", home.ID, "directory", t.Name, "app", app.AppID, "name", app.DisplayName)
	}
	if err := x.inCloud(t); err != nil {
		return nil, nil, err
	}
	if sp, ok := x.world.ServicePrincipal(t.ID, app.AppID); ok && !sp.Enabled {
		return nil, nil, refuse(appDisabled, "app", app.AppID, "name", app.DisplayName)
	}
	return t, user, nil
}

// proceed is reached with a signed-in user: consent page, approval page, or
// straight back to the client.
func (x *exchange) proceed(f *flow, key string, app *world.App) error {
	t, user, err := x.directory(f, app)
	if err != nil {
		return err
	}
	w, err := x.wants(f, app, t, user)
	if err != nil {
		return err
	}
	ask := f.kind == kindAdminConsent || f.prompt == "consent" || f.prompt == "admin_consent" || w.needsConsent()
	switch {
	case ask && !w.mayConsent(f.tenantWide()):
		return x.approvalPage(f, key, app, t, user, w)
	case ask:
		return x.consentPage(f, key, app, t, user, w)
	case f.kind == kindDevice:
		return x.confirmPage(f, key, app, t, user)
	}
	return x.finish(f, key, app, t, user, w, false)
}

// tenantWide says whether the flow itself is consent for everybody, without
// a tick box.
func (f *flow) tenantWide() bool { return f.kind == kindAdminConsent || f.prompt == "admin_consent" }

// consent takes the form of the consent page.
func (x *exchange) consent() error {
	f, key, app, err := x.resume()
	if err != nil {
		return err
	}
	if f.user == "" {
		return refuse(flowMismatch)
	}
	if x.param("decision") != "accept" {
		x.flows.drop(key)
		return x.decline(f)
	}
	t, user, err := x.directory(f, app)
	if err != nil {
		return err
	}
	w, err := x.wants(f, app, t, user)
	if err != nil {
		return err
	}
	// The pages offer this to nobody else; a form can be sent without a page.
	organization := f.tenantWide() || x.param("orgconsent") == "true"
	if !w.mayConsent(organization) {
		return x.approvalPage(f, key, app, t, user, w)
	}
	if err := x.grant(f, app, t, user, w, organization); err != nil {
		return err
	}
	return x.finish(f, key, app, t, user, w, organization)
}

func (x *exchange) decline(f *flow) error {
	switch {
	case f.kind == kindDevice:
		x.devices.change(f.deviceCode, x.now, func(d *device) { d.state = deviceRefused })
		x.note.Decision = "declined by the user"
		return x.show("done.html", pageData{Title: "Sign-in cancelled", Text: "You have cancelled the sign-in. You may now close this window."})
	case f.kind == kindAuthorize && !f.v2:
		return refuse(declinedV1)
	}
	return refuse(declined)
}

// finish ends a flow.
func (x *exchange) finish(f *flow, key string, app *world.App, t *world.Tenant, user *world.User, w wanted, organization bool) error {
	x.flows.drop(key)
	g := userGrant{tenantID: t.ID, upn: user.UPN, scope: f.scope, resource: f.resource, nonce: f.nonce}
	switch f.kind {
	case kindAdminConsent:
		pairs := []pair{{"admin_consent", "True"}, {"tenant", t.ID}}
		if f.v2 {
			pairs = append(pairs, pair{"scope", f.scope})
		}
		return x.answer(&f.callback, pairs)
	case kindDevice:
		x.devices.change(f.deviceCode, x.now, func(d *device) { d.state, d.userGrant = deviceApproved, g })
		return x.show("done.html", pageData{Title: app.DisplayName, Text: "You have signed in to the " + app.DisplayName + " application on your device. You may now close this window."})
	}
	code := x.newCode(grant{userGrant: g, appID: app.AppID, redirect: f.callback.uri, challenge: f.challenge, method: f.method, public: f.callback.public})
	pairs := []pair{{"code", code}}
	if organization && f.prompt == "admin_consent" {
		pairs = append(pairs, pair{"admin_consent", "True"})
	}
	return x.answer(&f.callback, append(pairs, pair{"session_state", world.DeriveGUID("session", f.session)}))
}

// logout forgets the browser's accounts. It sends the browser on only to a
// redirect URI that is registered for the client the hint was issued to.
func (x *exchange) logout() error {
	if c, err := x.r.Cookie(sessionCookie); err == nil {
		x.sessions.drop(c.Value)
	}
	http.SetCookie(x.w, &http.Cookie{Name: sessionCookie, Path: "/", Secure: true, HttpOnly: true, MaxAge: -1, SameSite: http.SameSiteLaxMode})
	target := x.param("post_logout_redirect_uri")
	client, _, err := x.keys.VerifyIDToken(x.param("id_token_hint"))
	if err != nil {
		client = x.param("client_id")
	}
	if app, ok := x.world.App(client); ok && target != "" {
		if cb, err := registered(app, target); err == nil {
			x.note.AppID = app.AppID
			cb.state, cb.hasState = x.param("state"), x.form.Has("state")
			if cb.hasState {
				return x.answer(&cb, nil)
			}
			x.redirect(cb.uri)
			return nil
		}
	}
	return x.show("done.html", pageData{Title: "Signed out", Text: "You signed out of your account. It's a good idea to close all browser windows."})
}
