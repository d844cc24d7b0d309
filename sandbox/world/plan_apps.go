package world

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// register checks what apps and APIs have in common, and enters the app under
// its id and name. It reports false when nothing should refer to it.
func (p *planner) register(a *App, name, appID, home, at string) bool {
	ok := true
	if name == "" {
		p.problem(at+".displayName", "the application has no name", "give the name that consent pages show")
		ok = false
	}
	if appID == "" {
		appID = DeriveGUID("app", name)
	} else if !IsGUID(appID) {
		p.problem(at+".appId", strconv.Quote(appID)+" is not an application id", "write a GUID such as "+DeriveGUID("example")+", or leave it out")
		ok = false
	}
	a.AppID, a.DisplayName = strings.ToLower(appID), name
	a.ObjectID = DeriveGUID("object", a.AppID)
	if other, dup := p.names[strings.ToLower(name)]; dup && name != "" {
		p.problem(at+".displayName", fmt.Sprintf("the name %q is declared twice (also at %s)", name, other), "give every application its own name")
		ok = false
	} else if other, dup := p.names[a.AppID]; dup {
		p.problem(at+".appId", fmt.Sprintf("application id %s is declared twice (also at %s)", a.AppID, other), "give every application its own id")
		ok = false
	} else if first, dup := p.resources[a.AppID]; dup {
		p.problem(at+".appId", fmt.Sprintf("application id %s is that of Microsoft's %s", a.AppID, first.DisplayName), "give the application its own id")
		ok = false
	}
	if len(p.plan.tenants) > 0 {
		a.HomeTenant = p.plan.tenants[0].ID
	}
	if home != "" {
		if i, found := p.tenantRef(at+".homeTenant", home); found {
			a.HomeTenant = p.plan.tenants[i].ID
		} else {
			ok = false
		}
	}
	if ok {
		p.names[a.AppID], p.names[strings.ToLower(name)] = at, at
	}
	return ok
}

// tenantRef finds the tenant that a field names by id or domain.
func (p *planner) tenantRef(field, word string) (int, bool) {
	if i, ok := p.tenantByWord[strings.ToLower(word)]; ok && i < len(p.plan.tenants) {
		return i, true
	}
	if word == "" {
		p.problem(field, "no tenant is named", "write a tenant's id or one of its domains")
		return 0, false
	}
	var words []string
	for i := range p.plan.tenants {
		words = append(words, p.plan.tenants[i].Domains...)
	}
	remedy := "write the id or a domain of a tenant of this file"
	if best, ok := nearest(word, words); ok {
		remedy = fmt.Sprintf("did you mean %q?", best)
	}
	p.problem(field, fmt.Sprintf("no tenant of this file has the id or domain %q", word), remedy)
	return 0, false
}

func (p *planner) api(s *APISpec, at string) {
	a := App{SignInAudience: AudienceMultiple, TokenVersion: s.TokenVersion}
	ok := p.register(&a, s.DisplayName, s.AppID, s.HomeTenant, at)
	for i, u := range s.IdentifierURIs {
		field := fmt.Sprintf("%s.identifierUris[%d]", at, i)
		parsed, err := url.Parse(u)
		if err != nil || parsed.Scheme == "" || (parsed.Host == "" && parsed.Opaque == "") {
			p.problem(field, strconv.Quote(u)+" is not an identifier URI", "write one such as api://"+a.AppID+" or https://api.contoso.com")
			continue
		}
		for _, other := range p.resources {
			if slices.ContainsFunc(other.IdentifierURIs, func(o string) bool { return sameURI(o, u) }) {
				p.problem(field, fmt.Sprintf("identifier URI %q is that of %s", u, other.DisplayName), "an identifier URI belongs to one API")
			}
		}
		a.IdentifierURIs = append(a.IdentifierURIs, u)
	}
	if len(s.IdentifierURIs) == 0 {
		a.IdentifierURIs = []string{"api://" + a.AppID}
	}
	if s.TokenVersion < 0 || s.TokenVersion > 2 {
		p.problem(at+".tokenVersion", fmt.Sprintf("%d is not a token version", s.TokenVersion), "write 1 or 2")
	}
	for i, r := range s.Roles {
		if p.permission(fmt.Sprintf("%s.roles[%d]", at, i), r, s.Roles[:i]) {
			a.Roles = append(a.Roles, AppRole{ID: DeriveGUID("role", a.AppID, r), Value: r, DisplayName: r, Description: r})
		}
	}
	for i, r := range s.Scopes {
		if p.permission(fmt.Sprintf("%s.scopes[%d]", at, i), r, s.Scopes[:i]) {
			a.Scopes = append(a.Scopes, Scope{ID: DeriveGUID("scope", a.AppID, r), Value: r, DisplayName: r, Description: r, AdminConsent: true})
		}
	}
	if ok {
		p.resources[a.AppID] = &a
		p.resources[strings.ToLower(a.DisplayName)] = &a
	}
	p.plan.apps = append(p.plan.apps, plannedApp{app: a, api: true, assignmentRequired: s.AssignmentRequired})
}

func sameURI(a, b string) bool {
	return strings.EqualFold(strings.TrimRight(a, "/"), strings.TrimRight(b, "/"))
}

var permissionRE = regexp.MustCompile(`^[A-Za-z0-9!#$%&'()*+,./:;<=>?@^_{|}~-]{1,120}$`)

func (p *planner) permission(field, value string, before []string) bool {
	if !permissionRE.MatchString(value) {
		p.problem(field, strconv.Quote(value)+" is not a permission's value", "write a word without spaces, such as Task.Read.All")
		return false
	}
	if slices.Contains(before, value) {
		p.problem(field, fmt.Sprintf("permission %q is declared twice", value), "drop one of them")
		return false
	}
	return true
}

// Bounds of an access token's lifetime. Microsoft's are 10 minutes and a day;
// shorter ones let a test see a token expire.
const (
	minTokenLifetime = time.Second
	maxTokenLifetime = 24 * time.Hour
)

func (p *planner) application(s *AppSpec, at string) {
	a := App{SignInAudience: s.Audience, PublicClient: s.PublicClient, TokenLifetime: s.TokenLifetime}
	ok := p.register(&a, s.DisplayName, s.AppID, s.HomeTenant, at)
	if s.Audience == "" {
		a.SignInAudience = AudienceMultiple
	} else {
		p.oneOf(at+".audience", s.Audience, "a sign-in audience", []string{AudienceMyOrg, AudienceMultiple})
	}
	a.RedirectURIs = p.redirects(s.RedirectURIs, at+".redirectUris", false)
	a.PublicRedirectURIs = p.redirects(s.PublicRedirectURIs, at+".publicRedirectUris", true)
	if s.TokenLifetime != 0 && (s.TokenLifetime < minTokenLifetime || s.TokenLifetime > maxTokenLifetime) {
		p.problem(at+".tokenLifetime", fmt.Sprintf("%s is not a token's lifetime", s.TokenLifetime), "write one from 1s to 24h")
	}
	for i := range s.Secrets {
		p.secret(s.Secrets, i, fmt.Sprintf("%s.secrets[%d]", at, i))
	}
	for i := range s.Certificates {
		p.certificate(&a, &s.Certificates[i], fmt.Sprintf("%s.certificates[%d]", at, i))
	}
	for i := range s.FederatedCreds {
		p.federated(&a, &s.FederatedCreds[i], fmt.Sprintf("%s.federatedCredentials[%d]", at, i))
	}
	for i := range s.RequiredRoles {
		p.required(&a, &s.RequiredRoles[i], fmt.Sprintf("%s.requiredRoles[%d]", at, i))
	}
	if ok {
		p.appByWord[a.AppID] = len(p.plan.apps)
		p.appByWord[strings.ToLower(a.DisplayName)] = len(p.plan.apps)
	}
	p.plan.apps = append(p.plan.apps, plannedApp{app: a, spec: s})
}

// redirects checks redirect URIs: https, http on the local machine alone, and
// for public clients the schemes of installed applications too.
func (p *planner) redirects(uris []string, at string, public bool) []string {
	for i, u := range uris {
		parsed, err := url.Parse(u)
		good := err == nil && parsed.Scheme != "" && parsed.Fragment == "" && len(u) <= 256
		if good && parsed.Scheme == "http" {
			good = parsed.Hostname() == "localhost" || parsed.Hostname() == "127.0.0.1" || parsed.Hostname() == "::1"
		}
		if good && (parsed.Scheme == "http" || parsed.Scheme == "https") {
			good = parsed.Host != ""
		} else if !public {
			good = false
		}
		if !good {
			p.problem(fmt.Sprintf("%s[%d]", at, i), strconv.Quote(u)+" is not a redirect URI", "write an https URL without a fragment, or http on localhost")
		}
	}
	return slices.Clone(uris)
}

// resourceRef finds the API that a field names.
func (p *planner) resourceRef(field, word string) (*App, bool) {
	key := strings.ToLower(word)
	if id := resourceByWord(key); id != "" {
		key = id
	}
	if a, ok := p.resources[key]; ok {
		return a, true
	}
	words := slices.Clone(resourceWords)
	for i := range p.f.APIs {
		words = append(words, p.f.APIs[i].DisplayName)
	}
	p.problem(field, fmt.Sprintf("no API is called %q", word), suggest(word, words))
	return nil, false
}

func (p *planner) required(a *App, s *RequiredSpec, at string) {
	api, ok := p.resourceRef(at+".resource", s.Resource)
	if !ok {
		return
	}
	if slices.ContainsFunc(a.Required, func(r RequiredResource) bool { return r.ResourceAppID == api.AppID }) {
		p.problem(at+".resource", fmt.Sprintf("%s is asked for twice", api.DisplayName), "put all its permissions into one entry")
	}
	if len(s.Roles)+len(s.Scopes) == 0 {
		p.problem(at, fmt.Sprintf("nothing is asked of %s", api.DisplayName), "name roles or scopes, or drop the entry")
	}
	req := RequiredResource{ResourceAppID: api.AppID}
	for i, value := range s.Roles {
		if r, ok := p.role(fmt.Sprintf("%s.roles[%d]", at, i), api, value); ok {
			req.Access = append(req.Access, Access{ID: r.ID, Type: "Role"})
		}
	}
	for i, value := range s.Scopes {
		if sc, ok := api.ScopeByValue(value); ok {
			req.Access = append(req.Access, Access{ID: sc.ID, Type: "Scope"})
			continue
		}
		var all []string
		for _, sc := range api.Scopes {
			all = append(all, sc.Value)
		}
		p.problem(fmt.Sprintf("%s.scopes[%d]", at, i), fmt.Sprintf("%s offers no delegated permission %q", api.DisplayName, value), suggest(value, all))
	}
	a.Required = append(a.Required, req)
}

func (p *planner) role(field string, api *App, value string) (AppRole, bool) {
	if r, ok := api.RoleByValue(value); ok {
		return r, true
	}
	var all []string
	for _, r := range api.Roles {
		all = append(all, r.Value)
	}
	p.problem(field, fmt.Sprintf("%s offers no application role %q", api.DisplayName, value), suggest(value, all))
	return AppRole{}, false
}

func (p *planner) consent(s *ConsentSpec, at string, seen map[[2]string]bool) {
	ti, okTenant := p.tenantRef(at+".tenant", s.Tenant)
	ai, okApp := p.appByWord[strings.ToLower(s.App)]
	if !okApp {
		var names []string
		for i := range p.f.Apps {
			names = append(names, p.f.Apps[i].DisplayName)
		}
		p.problem(at+".app", fmt.Sprintf("no application of this file is called %q", s.App), suggest(s.App, names))
	}
	if !s.Roles.All && !s.Roles.None && len(s.Roles.Listed) == 0 {
		p.problem(at+".roles", "it is not said what is granted", `write all, none, or a mapping such as {xdr: [Incident.Read.All]}`)
	}
	if !okTenant || !okApp {
		return
	}
	t, a := &p.plan.tenants[ti], &p.plan.apps[ai].app
	c := plannedConsent{tenantID: t.ID, appID: a.AppID, all: s.Roles.All, disabled: s.Disabled}
	if seen[[2]string{t.ID, a.AppID}] {
		p.problem(at, fmt.Sprintf("the consent of %s to %s is declared twice", t.Name, a.DisplayName), "put everything into one entry")
	}
	seen[[2]string{t.ID, a.AppID}] = true
	if a.SignInAudience == AudienceMyOrg && a.HomeTenant != t.ID {
		p.problem(at+".app", fmt.Sprintf("%s is single-tenant and cannot enter %s", a.DisplayName, t.Name), "give it audience "+AudienceMultiple)
	}
	need := func(field string, api *App) bool {
		if t.licensed(api) {
			return true
		}
		p.problem(field, fmt.Sprintf("%s has no licence for %s", t.Name, api.DisplayName), "give the tenant one of the licences "+strings.Join(api.NeedsLicence, ", "))
		return false
	}
	if s.Roles.All {
		for _, r := range a.Required {
			if api := p.resources[r.ResourceAppID]; api != nil {
				need(at+".roles", api)
			}
		}
	}
	for _, l := range s.Roles.Listed {
		field := at + ".roles." + l.Resource
		api, ok := p.resourceRef(field, l.Resource)
		if !ok || !need(field, api) {
			continue
		}
		for i, value := range l.Roles {
			same := func(o Assignment) bool {
				r, _ := api.RoleByValue(value)
				return o.ResourceAppID == api.AppID && o.RoleID == r.ID
			}
			if slices.ContainsFunc(c.roles, same) {
				p.problem(fmt.Sprintf("%s[%d]", field, i), fmt.Sprintf("role %q of %s is granted twice", value, api.DisplayName), "drop one of them")
			} else if r, ok := p.role(fmt.Sprintf("%s[%d]", field, i), api, value); ok {
				c.roles = append(c.roles, Assignment{ResourceAppID: api.AppID, RoleID: r.ID})
			}
		}
	}
	p.plan.consents = append(p.plan.consents, c)
}
