package sts

import (
	"regexp"
	"slices"
	"strings"

	"github.com/tenantry/tenantry/sandbox/world"
)

// schemeRE is the grammar of a URI scheme.
var schemeRE = regexp.MustCompile(`^[a-z][a-z0-9+.-]*$`)

// challengeRE is the grammar of RFC 7636 for challenges and verifiers.
var challengeRE = regexp.MustCompile(`^[A-Za-z0-9._~-]{43,128}$`)

// authorize starts a sign-in, v1 or v2. Until the client and its redirect URI
// are known to be good, errors are pages; afterwards the client is told.
func (x *exchange) authorize() error {
	a, err := x.served()
	if err != nil {
		return err
	}
	app, err := x.client(x.param("client_id"), a)
	if err != nil {
		return err
	}
	cb, err := registered(app, x.param("redirect_uri"))
	if err != nil {
		return err
	}
	cb.state, cb.hasState = x.param("state"), x.form.Has("state")
	x.callback = &cb
	f := flow{kind: kindAuthorize, v2: x.v2, authority: a.segment(), appID: app.AppID, callback: cb}
	if err := x.readAuthorize(&f, app, a.tenant); err != nil {
		return err
	}
	return x.begin(&f, app)
}

// readAuthorize checks the parameters that the client may be told about.
func (x *exchange) readAuthorize(f *flow, app *world.App, t *world.Tenant) error {
	switch mode := x.param("response_mode"); mode {
	case "":
	case "query", "fragment", "form_post":
		x.callback.mode, f.callback.mode = mode, mode
	default:
		return refuse(responseMode, "mode", mode)
	}
	kind, err := x.need("response_type")
	if err != nil {
		return err
	}
	words := strings.Fields(kind)
	for _, w := range words {
		if !slices.Contains([]string{"code", "id_token", "token"}, w) {
			return refuse(responseType, "type", kind)
		}
	}
	// The world's registrations do not enable the implicit flow.
	if !slices.Equal(words, []string{"code"}) {
		return refuse(responseTypeDisabled, "type", kind)
	}
	if err := x.readPrompt(f); err != nil {
		return err
	}
	f.nonce, f.hint = x.param("nonce"), x.param("login_hint")
	f.challenge, f.method = x.param("code_challenge"), x.param("code_challenge_method")
	if f.challenge != "" || f.method != "" {
		if f.method == "" {
			f.method = "plain"
		}
		if !challengeRE.MatchString(f.challenge) || (f.method != "S256" && f.method != "plain") {
			return refuse(challengeInvalid)
		}
	}
	if !x.v2 {
		f.resource = x.param("resource")
		x.note.Resource = f.resource
		return x.listed(app, f.resource)
	}
	if x.form.Has("resource") {
		return refuse(scopeOnV2Resource)
	}
	if f.scope, err = x.need("scope"); err != nil {
		return err
	}
	_, err = parseScope(f.scope, t)
	return err
}

func (x *exchange) readPrompt(f *flow) error {
	f.prompt = strings.ToLower(x.param("prompt"))
	switch f.prompt {
	case "", "login", "none", "consent", "select_account":
		return nil
	case "admin_consent":
		if !x.v2 {
			return nil
		}
	}
	if x.v2 {
		return refuse(promptInvalidV2, "prompt", x.param("prompt"))
	}
	return refuse(promptInvalid, "prompt", x.param("prompt"))
}

// listed applies v1's rule that a resource must be among those that the
// registration asks for. Microsoft's own clients are exempt.
func (x *exchange) listed(app *world.App, resource string) error {
	if resource == "" || app.FirstParty {
		return nil
	}
	api, ok := x.world.Resource(resource)
	if !ok {
		return nil // found missing when the tenant is known
	}
	var listed []string
	for _, r := range app.Required {
		if strings.EqualFold(r.ResourceAppID, api.AppID) {
			return nil
		}
		listed = append(listed, r.ResourceAppID)
	}
	// Sign-in itself is Graph's, so Graph is always there; and an application
	// may ask for itself.
	if api.AppID == world.AppGraph || api.AppID == app.AppID {
		return nil
	}
	return refuse(resourceUnlisted, "app", app.AppID, "name", app.DisplayName, "resource", resource, "resourceApp", api.AppID, "listed", strings.Join(listed, ", "))
}

// adminConsent starts consent on behalf of the organization, v1 or v2.
func (x *exchange) adminConsent() error {
	a, err := x.served()
	if err != nil {
		return err
	}
	if x.v2 && a.word != "" && a.word != "organizations" {
		return refuse(tenantCommonRefused)
	}
	app, err := x.client(x.param("client_id"), a)
	if err != nil {
		return err
	}
	cb, err := registered(app, x.param("redirect_uri"))
	if err != nil {
		return err
	}
	cb.state, cb.hasState, cb.admin = x.param("state"), x.form.Has("state"), true
	x.callback = &cb
	f := flow{kind: kindAdminConsent, v2: x.v2, authority: a.segment(), appID: app.AppID, callback: cb, prompt: "select_account"}
	if x.v2 {
		if f.scope, err = x.need("scope"); err != nil {
			return err
		}
	}
	return x.begin(&f, app)
}
