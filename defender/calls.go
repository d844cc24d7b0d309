package defender

import (
	"slices"
	"strings"
)

// Operation names a kind of call: what is done to what.
type Operation string

// Operations on incidents and alerts.
const (
	OpListIncidents   Operation = "list incidents"
	OpGetIncident     Operation = "get incident"
	OpUpdateIncident  Operation = "update incident"
	OpCommentIncident Operation = "comment on incident"
	OpListAlerts      Operation = "list alerts"
	OpGetAlert        Operation = "get alert"
	OpUpdateAlert     Operation = "update alert"
	OpCommentAlert    Operation = "comment on alert"
)

// noun is the last word of op, in the singular: what it is done to.
func (op Operation) noun() string {
	words := strings.Fields(string(op))
	if len(words) == 0 {
		return "thing"
	}
	return strings.TrimSuffix(words[len(words)-1], "s")
}

// Application roles for incidents and alerts, least privilege first.
const (
	RoleGraphRead           = "SecurityIncident.Read.All"
	RoleGraphReadWrite      = "SecurityIncident.ReadWrite.All"
	RoleGraphAlertRead      = "SecurityAlert.Read.All"
	RoleGraphAlertReadWrite = "SecurityAlert.ReadWrite.All"
	RoleXDRRead             = "Incident.Read.All"
	RoleXDRReadWrite        = "Incident.ReadWrite.All"
)

// call is what is published about one operation on one surface.
type call struct {
	op    Operation
	roles []string // any one of them will do, least privilege first
	page  string   // where Microsoft documents it
}

// calls is the table of one surface's operations. It is built anew each time,
// so that no caller can change it.
func calls(s Surface) []call {
	switch s {
	case SurfaceGraph:
		const page = "https://learn.microsoft.com/graph/api/"
		readIncident, writeIncident := []string{RoleGraphRead, RoleGraphReadWrite}, []string{RoleGraphReadWrite}
		readAlert, writeAlert := []string{RoleGraphAlertRead, RoleGraphAlertReadWrite}, []string{RoleGraphAlertReadWrite}
		return []call{
			{OpListIncidents, readIncident, page + "security-list-incidents"},
			{OpGetIncident, readIncident, page + "security-incident-get"},
			{OpUpdateIncident, writeIncident, page + "security-incident-update"},
			{OpCommentIncident, writeIncident, page + "security-incident-post-comments"},
			{OpListAlerts, readAlert, page + "security-list-alerts_v2"},
			{OpGetAlert, readAlert, page + "security-alert-get"},
			{OpUpdateAlert, writeAlert, page + "security-alert-update"},
			{OpCommentAlert, writeAlert, page + "security-alert-post-comments"},
		}
	case SurfaceXDR:
		const page = "https://learn.microsoft.com/defender-xdr/"
		read, write := []string{RoleXDRRead, RoleXDRReadWrite}, []string{RoleXDRReadWrite}
		return []call{
			{OpListIncidents, read, page + "api-list-incidents"},
			{OpGetIncident, read, page + "api-get-incident"},
			{OpUpdateIncident, write, page + "api-update-incidents"},
			{OpCommentIncident, write, page + "api-update-incidents"}, // a comment is part of an update here
		}
	case SurfaceMDE:
		return mdeCalls()
	}
	return nil
}

func findCall(s Surface, op Operation) call {
	table := calls(s)
	if i := slices.IndexFunc(table, func(c call) bool { return c.op == op }); i >= 0 {
		return table[i]
	}
	return call{}
}

// RequiredRoles lists the application roles of which any one lets a token do
// op on surface s, least privilege first. It is nil for what this package does
// not do there. Source: "Permissions" of the page that [Documentation] names.
func RequiredRoles(s Surface, op Operation) []string { return findCall(s, op).roles }

// Documentation is the address of Microsoft's page about op on surface s; empty
// for what this package does not do there.
func Documentation(s Surface, op Operation) string { return findCall(s, op).page }
