package fleet

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tenantry/tenantry/entra"
)

// Profile is a named least-privilege set of application roles.
type Profile struct {
	Name  string `json:"name"`
	Title string `json:"title"` // what it is for, in a few words
	Needs []Need `json:"needs"`
}

// Need is one application role with the reason for asking for it.
type Need struct {
	Resource entra.ResourceKind `json:"resource"`
	Role     string             `json:"role"`
	// RoleID is the role's id in the resource's application, a GUID. It is empty
	// where Microsoft publishes none (WindowsDefenderATP): look the role up by
	// name among the appRoles of the resource's service principal.
	RoleID string `json:"roleId,omitempty"`
	Reason string `json:"reason"` // for the customer's administrator
	// Purpose groups needs that can stand in for each other: see Profile.Satisfied.
	Purpose Purpose `json:"purpose"`
}

// Purpose is what a role is for. Roles of different resources with one purpose
// are different ways to the same data: one resource that grants all its roles
// of that purpose is enough.
type Purpose string

// Purposes of roles.
const (
	PurposeReadIncidents   Purpose = "read incidents"
	PurposeHunt            Purpose = "hunt"
	PurposeManageIncidents Purpose = "manage incidents"
	PurposeReadDevices     Purpose = "read devices"
	PurposeRespond         Purpose = "respond on devices"
	PurposeIndicators      Purpose = "manage indicators"
)

// Names of the profiles.
const (
	ProfilePartner = "partner"
	ProfileRead    = "read"
	ProfileHunt    = "hunt"
	ProfileManage  = "manage"
	ProfileRespond = "respond"
)

// Ids of the application roles, as Microsoft Graph's permissions reference
// (https://learn.microsoft.com/graph/permissions-reference) and the role list of
// Microsoft Threat Protection give them.
const (
	roleSecurityIncidentRead      = "45cc0394-e837-488b-a098-1918f48d186c"
	roleSecurityIncidentReadWrite = "34bf0e97-1971-4929-b999-9e2442d941d7"
	roleSecurityAlertRead         = "472e4a4d-bb4a-4026-98d1-0b0d74cb74a5"
	roleSecurityAlertReadWrite    = "ed4fca05-be46-441f-9803-1873825f8fdb"
	roleThreatHuntingRead         = "dd98c7f5-2d42-42d3-a0e4-633161547251"
	roleIncidentRead              = "a9790345-4595-42e4-971a-ccdc79f19b7c"
	roleIncidentReadWrite         = "8d90f441-09cf-4fdc-ab45-e874fa3a28e8"
	roleAdvancedHuntingRead       = "7734e8e5-8dde-42fc-b5ae-6eafea078693"
)

// Profiles lists all profiles, the smallest first. The slices are the caller's own.
func Profiles() []Profile {
	read := []Need{
		{Resource: entra.ResourceGraph, Role: "SecurityIncident.Read.All", RoleID: roleSecurityIncidentRead,
			Purpose: PurposeReadIncidents, Reason: "read security incidents through Microsoft Graph"},
		{Resource: entra.ResourceGraph, Role: "SecurityAlert.Read.All", RoleID: roleSecurityAlertRead,
			Purpose: PurposeReadIncidents, Reason: "read the alerts of those incidents and their evidence"},
		{Resource: entra.ResourceDefender, Role: "Incident.Read.All", RoleID: roleIncidentRead,
			Purpose: PurposeReadIncidents, Reason: "read security incidents through the Defender XDR API where Microsoft Graph cannot be used"},
	}
	hunt := []Need{
		{Resource: entra.ResourceGraph, Role: "ThreatHunting.Read.All", RoleID: roleThreatHuntingRead,
			Purpose: PurposeHunt, Reason: "run hunting queries over Defender data; they read and change nothing"},
		{Resource: entra.ResourceDefender, Role: "AdvancedHunting.Read.All", RoleID: roleAdvancedHuntingRead,
			Purpose: PurposeHunt, Reason: "run hunting queries where Microsoft Graph cannot be used; this API is being retired"},
	}
	manage := []Need{
		{Resource: entra.ResourceGraph, Role: "SecurityIncident.ReadWrite.All", RoleID: roleSecurityIncidentReadWrite,
			Purpose: PurposeManageIncidents, Reason: "set status, assignment and classification of incidents, and comment on them"},
		{Resource: entra.ResourceGraph, Role: "SecurityAlert.ReadWrite.All", RoleID: roleSecurityAlertReadWrite,
			Purpose: PurposeManageIncidents, Reason: "set status, assignment and classification of single alerts"},
		{Resource: entra.ResourceDefender, Role: "Incident.ReadWrite.All", RoleID: roleIncidentReadWrite,
			Purpose: PurposeManageIncidents, Reason: "the same through the Defender XDR API where Microsoft Graph cannot be used"},
	}
	respond := []Need{
		{Resource: entra.ResourceEndpoint, Role: "Machine.Read.All",
			Purpose: PurposeReadDevices, Reason: "find the device that an incident is about"},
		{Resource: entra.ResourceEndpoint, Role: "Machine.Isolate",
			Purpose: PurposeRespond, Reason: "isolate a device during an attack, and release it"},
		{Resource: entra.ResourceEndpoint, Role: "Machine.Scan",
			Purpose: PurposeRespond, Reason: "start an antivirus scan on a device"},
		{Resource: entra.ResourceEndpoint, Role: "Machine.CollectForensics",
			Purpose: PurposeRespond, Reason: "collect an investigation package from a device"},
		// Ti.ReadWrite.All would open the customer's own indicators, too.
		{Resource: entra.ResourceEndpoint, Role: "Ti.ReadWrite",
			Purpose: PurposeIndicators, Reason: "block files, addresses and domains by indicators of our own, and remove those again"},
	}
	return []Profile{
		{Name: ProfilePartner, Title: "what Microsoft's partner page asks for: read incidents through the Defender XDR API",
			Needs: []Need{{Resource: entra.ResourceDefender, Role: "Incident.Read.All", RoleID: roleIncidentRead,
				Purpose: PurposeReadIncidents, Reason: "read security incidents through the Defender XDR API"}}},
		{Name: ProfileRead, Title: "read incidents and alerts", Needs: read},
		{Name: ProfileHunt, Title: "read, and run hunting queries", Needs: slices.Concat(read, hunt)},
		{Name: ProfileManage, Title: "read, and update incidents and alerts", Needs: slices.Concat(read, manage)},
		{Name: ProfileRespond, Title: "read and update incidents, act on devices, and block by indicators", Needs: slices.Concat(read, manage, respond)},
	}
}

// ProfileError says that there is no profile of a name.
type ProfileError struct{ Name string }

func (e *ProfileError) Error() string {
	return fmt.Sprintf("profile %q does not exist; %s", e.Name, e.Next())
}

// Next says in one sentence what to do about it: it lists the names there are.
func (e *ProfileError) Next() string {
	var names []string
	for _, p := range Profiles() {
		names = append(names, p.Name)
	}
	return "use one of " + strings.Join(names, ", ")
}

// ProfileByName finds a profile. The error for an unknown name is a
// [*ProfileError].
func ProfileByName(name string) (Profile, error) {
	for _, p := range Profiles() {
		if p.Name == name {
			return p, nil
		}
	}
	return Profile{}, &ProfileError{Name: name}
}

// Resources lists the resources the profile asks for, in the order of its needs.
func (p Profile) Resources() []entra.ResourceKind {
	var kinds []entra.ResourceKind
	for _, n := range p.Needs {
		if !slices.Contains(kinds, n.Resource) {
			kinds = append(kinds, n.Resource)
		}
	}
	return kinds
}

// Satisfied returns the needs that granted, the roles per resource that a
// tenant's tokens carry, leaves open; none means that the profile works there.
//
// Needs of one purpose on different resources stand in for each other: incidents
// can be read through Microsoft Graph or through the Defender XDR API, so that
// either one that grants all its roles of that purpose is enough, and a customer
// without one of them can still be served. When none does, the open needs of the
// resource that granted some of them are returned, or, when nothing was granted
// at all, those of every resource. A ReadWrite role does the work of its Read role.
func (p Profile) Satisfied(granted map[entra.ResourceKind][]string) (missing []Need) {
	var done []Purpose
	for _, first := range p.Needs {
		if slices.Contains(done, first.Purpose) {
			continue
		}
		done = append(done, first.Purpose)
		missing = append(missing, p.open(first.Purpose, granted)...)
	}
	return missing
}

func (p Profile) open(purpose Purpose, granted map[entra.ResourceKind][]string) []Need {
	var started, all []Need
	for _, kind := range p.Resources() {
		asked := 0
		var lacking []Need
		for _, n := range p.Needs {
			if n.Purpose != purpose || n.Resource != kind {
				continue
			}
			asked++
			if !covers(granted[kind], n.Role) {
				lacking = append(lacking, n)
			}
		}
		if asked == 0 {
			continue
		}
		if len(lacking) == 0 {
			return nil
		}
		all = append(all, lacking...)
		if len(lacking) < asked && started == nil {
			started = lacking
		}
	}
	if started != nil {
		return started
	}
	return all
}

// covers tells whether a granted role is want, or one that does its work: the
// ReadWrite form of it, or the form for everything of one for the app's own.
func covers(granted []string, want string) bool {
	return slices.Contains(granted, want) ||
		slices.Contains(granted, strings.Replace(want, ".Read.", ".ReadWrite.", 1)) ||
		want == "Ti.ReadWrite" && slices.Contains(granted, "Ti.ReadWrite.All")
}
