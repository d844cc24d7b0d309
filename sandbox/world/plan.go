package world

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Words that a world file may use where Microsoft's are long.
var resourceWords = []string{"graph", "xdr", "mde", "arm", "keyvault"}

func resourceByWord(word string) string {
	switch word {
	case "graph":
		return AppGraph
	case "xdr":
		return AppDefenderXDR
	case "mde":
		return AppDefenderMDE
	case "arm":
		return AppARM
	case "keyvault":
		return AppKeyVault
	}
	return ""
}

// clouds lists the clouds a tenant can live in.
func clouds() []string { return []string{CloudPublic, CloudGCC, CloudHigh, CloudDoD} }

func licences() []string { return []string{LicenceDefenderXDR, LicenceDefenderEndpoint} }

// regions are values of tenant_region_scope.
func regions() []string { return []string{"NA", "EU", "AS", "OC", "SA", "AF", "USG"} }

// DirectoryRoles lists the directory roles that a user of a world file may
// hold, by the display names of Microsoft's "Microsoft Entra built-in roles"
// page. Those that can consent for an organization come first.
func DirectoryRoles() []string {
	return []string{
		"Global Administrator", "Privileged Role Administrator", "Cloud Application Administrator", "Application Administrator",
		"Application Developer", "Security Administrator", "Security Operator", "Security Reader", "Global Reader",
		"Directory Readers", "User Administrator", "Helpdesk Administrator", "Exchange Administrator", "Compliance Administrator",
		"Conditional Access Administrator", "Intune Administrator", "Billing Administrator", "Reports Reader",
	}
}

// plan is a checked file: what Build adds, in order.
type plan struct {
	tenants  []Tenant
	apps     []plannedApp
	consents []plannedConsent
}

type plannedApp struct {
	app                App // without secrets, whose times need the world's clock
	spec               *AppSpec
	api                bool
	assignmentRequired bool
}

type plannedConsent struct {
	tenantID, appID string
	all, disabled   bool
	roles           []Assignment // resource and role alone
}

// planner checks a file and makes the plan of it.
type planner struct {
	f        *Spec
	place    func(*Problem) bool // false: do not tell
	problems Problems
	plan     plan

	tenantByWord map[string]int // id or domain → index in plan.tenants
	users        map[string]string
	resources    map[string]*App // app id or lower-case name → what it offers
	appByWord    map[string]int  // client id or name → index in plan.apps
	names        map[string]string
}

// plan checks everything; place fills in where a problem stands and may veto it.
func (f *Spec) plan(place func(*Problem) bool) (plan, Problems) {
	p := &planner{
		f: f, place: place,
		tenantByWord: map[string]int{}, users: map[string]string{},
		resources: map[string]*App{}, appByWord: map[string]int{}, names: map[string]string{},
	}
	for _, a := range firstParty() {
		p.resources[strings.ToLower(a.AppID)] = a
	}
	if len(f.Tenants) == 0 {
		p.problem("tenants", "no tenant is declared", "declare at least one tenant")
	}
	for i := range f.Tenants {
		p.tenant(&f.Tenants[i], fmt.Sprintf("tenants[%d]", i))
	}
	for i := range f.APIs {
		p.api(&f.APIs[i], fmt.Sprintf("apis[%d]", i))
	}
	for i := range f.Apps {
		p.application(&f.Apps[i], fmt.Sprintf("apps[%d]", i))
	}
	seen := map[[2]string]bool{}
	for i := range f.Consents {
		p.consent(&f.Consents[i], fmt.Sprintf("consents[%d]", i), seen)
	}
	p.sandbox()
	return p.plan, p.problems
}

func (p *planner) problem(field, message, remedy string) {
	pr := Problem{File: p.f.name, Field: field, Message: message, Remedy: remedy}
	if p.place == nil || p.place(&pr) {
		p.problems = append(p.problems, pr)
	}
}

func (p *planner) oneOf(field, value, what string, allowed []string) bool {
	if slices.Contains(allowed, value) {
		return true
	}
	p.problem(field, strconv.Quote(value)+" is not "+what, suggest(value, allowed))
	return false
}

var (
	domainRE = regexp.MustCompile(`^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])$`)
	localRE  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._'+-]{0,63}$`)
)

func (p *planner) tenant(s *TenantSpec, at string) {
	t := Tenant{ID: strings.ToLower(s.ID), Name: s.Name, Cloud: s.Cloud, Region: s.Region, Licences: s.Licences, OlderErrors: s.OlderErrors}
	if s.Name == "" {
		p.problem(at+".name", "the tenant has no name", "give the name that consent pages show")
	}
	if len(s.Domains) == 0 {
		p.problem(at+".domains", "the tenant has no domain", "give at least one, such as contoso.onmicrosoft.com")
	}
	index := len(p.plan.tenants)
	for i, d := range s.Domains {
		field := fmt.Sprintf("%s.domains[%d]", at, i)
		d = strings.ToLower(d)
		if len(d) > 253 || !domainRE.MatchString(d) {
			p.problem(field, strconv.Quote(s.Domains[i])+" is not a domain name", "write one such as contoso.onmicrosoft.com")
			continue
		}
		if other, ok := p.tenantByWord[d]; ok {
			p.problem(field, fmt.Sprintf("domain %q is declared twice (also of tenant %q)", d, p.nameOf(other, s)), "a domain belongs to one tenant")
			continue
		}
		p.tenantByWord[d] = index
		t.Domains = append(t.Domains, d)
	}
	switch {
	case s.ID == "" && len(t.Domains) > 0:
		t.ID = DeriveGUID("tenant", t.Domains[0])
	case s.ID == "":
		t.ID = DeriveGUID("tenant", at)
	case !IsGUID(s.ID):
		p.problem(at+".id", strconv.Quote(s.ID)+" is not a tenant id", "write a GUID such as "+DeriveGUID("example")+", or leave it out")
	}
	if other, ok := p.tenantByWord[t.ID]; ok && other != index {
		p.problem(at+".id", fmt.Sprintf("tenant id %s is declared twice (also of tenant %q)", t.ID, p.nameOf(other, s)), "give every tenant its own id")
	} else {
		p.tenantByWord[t.ID] = index
	}
	if s.Cloud == "" {
		t.Cloud = CloudPublic
	} else {
		p.oneOf(at+".cloud", s.Cloud, "a cloud", clouds())
	}
	if s.Region != "" {
		p.oneOf(at+".region", s.Region, "a region", regions())
	} else if t.Region = "EU"; t.Cloud != CloudPublic {
		t.Region = "USG"
	}
	if s.Licences == nil {
		t.Licences = []string{LicenceDefenderXDR}
	}
	for i, l := range s.Licences {
		p.oneOf(fmt.Sprintf("%s.licences[%d]", at, i), l, "a licence", licences())
	}
	for i := range s.Users {
		p.user(&t, &s.Users[i], fmt.Sprintf("%s.users[%d]", at, i))
	}
	p.incidents(&t, &s.Incidents, at+".incidents")
	if s.StandaloneAlerts < 0 || s.StandaloneAlerts > MaxAlerts {
		p.problem(at+".standaloneAlerts", fmt.Sprintf("%d is not a number of alerts", s.StandaloneAlerts), fmt.Sprintf("write a number from 0 to %d", MaxAlerts))
	} else {
		t.Incidents.Standalone = s.StandaloneAlerts
	}
	if s.Machines != "" {
		t.NoMachines = p.oneOf(at+".machines", s.Machines, "what can be said of machines", []string{"none"})
	}
	p.plan.tenants = append(p.plan.tenants, t)
}

func (p *planner) nameOf(i int, now *TenantSpec) string {
	if i < len(p.plan.tenants) {
		return p.plan.tenants[i].Name
	}
	return now.Name
}

func (p *planner) user(t *Tenant, s *UserSpec, at string) {
	upn := strings.ToLower(s.UPN)
	local, domain, ok := strings.Cut(upn, "@")
	switch {
	case s.UPN == "":
		p.problem(at+".upn", "the user has no user principal name", "write one such as admin@contoso.onmicrosoft.com")
		return
	case !ok || !localRE.MatchString(local):
		p.problem(at+".upn", strconv.Quote(s.UPN)+" is not a user principal name", "write one such as admin@contoso.onmicrosoft.com")
	case !slices.Contains(t.Domains, domain):
		p.problem(at+".upn", fmt.Sprintf("domain %q is not one of the tenant's", domain), suggest(domain, t.Domains))
	case p.users[upn] != "":
		p.problem(at+".upn", fmt.Sprintf("user %q is declared twice (also at %s)", upn, p.users[upn]), "give every user a name of his own")
	default:
		p.users[upn] = at
	}
	for i, r := range s.Roles {
		p.oneOf(fmt.Sprintf("%s.roles[%d]", at, i), r, "a directory role", DirectoryRoles())
	}
	u := &User{ID: userID(t.ID, upn), UPN: upn, Name: s.Name, Password: s.Password, Roles: slices.Clone(s.Roles), Disabled: s.Disabled}
	if u.Name == "" {
		u.Name = displayName(local)
	}
	if u.Password == "" {
		u.Password = DefaultPassword
	}
	t.Users = append(t.Users, u)
}

func userID(tenantID, upn string) string { return DeriveGUID("user", tenantID, strings.ToLower(upn)) }

// displayName makes "Jo Doe" of "jo.doe".
func displayName(local string) string {
	words := strings.FieldsFunc(local, func(r rune) bool { return r == '.' || r == '_' || r == '-' })
	for i, w := range words {
		words[i] = strings.ToUpper(w[:1]) + w[1:]
	}
	return strings.Join(words, " ")
}

func (p *planner) incidents(t *Tenant, s *IncidentsSpec, at string) {
	if s.Count < 0 || s.Count > MaxIncidents {
		p.problem(at+".count", fmt.Sprintf("%d is not a number of incidents", s.Count), fmt.Sprintf("write a number from 0 to %d", MaxIncidents))
	}
	if s.BigAlerts < 0 || s.BigAlerts > MaxAlerts {
		p.problem(at+".bigAlerts", fmt.Sprintf("%d is not a number of alerts", s.BigAlerts), fmt.Sprintf("write a number from 0 to %d", MaxAlerts))
	}
	t.Incidents = IncidentSource{Count: s.Count, Seed: s.Seed, EqualTimes: s.EqualTimestamps, Hostile: s.Hostile, BigAlerts: s.BigAlerts}
	seen := map[int64]string{}
	for i, name := range s.Files {
		field := fmt.Sprintf("%s.files[%d]", at, i)
		data, err := p.f.readFile(name)
		if err != nil {
			p.problem(field, "the file cannot be read: "+readFailure(err), "give the path of a JSON file, relative to the world file")
			continue
		}
		recorded, err := ParseIncidents(data)
		if err != nil {
			p.problem(field, name+": "+err.Error(), "give incidents as Graph /security/incidents or /api/incidents answer them")
			continue
		}
		for _, in := range recorded {
			if other := seen[in.ID]; other != "" {
				p.problem(field, fmt.Sprintf("%s: incident %d is also in %s", name, in.ID, other), "an incident id is unique in its tenant")
				continue
			}
			seen[in.ID] = name
			t.Incidents.Recorded = append(t.Incidents.Recorded, in)
		}
	}
}
