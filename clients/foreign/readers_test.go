package foreign

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// reader is a foreign client that reads incidents and not only a token: its
// pages, its parser and its writes are what is judged.
type reader struct {
	name    string
	what    string // for docs/clients.md
	command func(*sandbox) []string
	path    string // put before PATH, below what make clients installed
	onePage bool   // follows no next link
	alerts  bool   // counts the alerts it read
	refused string // what its own error says about the call that must be refused
	retired bool   // that call is one to an API that has ended
	writes  bool   // updates the newest incident, and remarks on it
	lists   bool   // lists alerts through alerts_v2
}

var readers = []reader{
	{
		name:    "microsoft-graph-client (npm)",
		what:    "four pages of 20 with their alerts by its PageIterator; a PATCH, a comment and the incident read again; a filter that must be refused",
		command: program("node", "HOME/node/graph-client.mjs"),
		alerts:  true, writes: true,
		refused: "GraphError 400",
	},
	{
		name:    "CLI for Microsoft 365",
		what:    "two pages of 40 with their alerts by m365 request; its own command for alerts, which calls the API that has ended, is refused",
		command: program("bash", "../programs/shell/m365.sh"), path: "m365/node_modules/.bin",
		alerts: true, retired: true,
		refused: "Resource not found",
	},
	{
		name:    "Telegraf, HTTP input with OAuth2",
		what:    "one page of 50: a metric per incident (the input follows no next link)",
		command: program("bash", "../programs/shell/telegraf.sh"), path: "bin",
		onePage: true,
	},
	{
		name:    "msticpy, SecurityGraph provider",
		what:    "two pages of 40 with their alerts by query strings, since it has no query for incidents; a page of alerts by its query list_alerts, told of alerts_v2",
		command: program("HOME/msticpy/bin/python", "../programs/python/msticpy_client.py"),
		alerts:  true, lists: true,
	},
}

// readersWorld is a tenant with more incidents than fit on a page of Graph.
const readersWorld = `tenants:
  - {name: Partner, id: f0000000-0000-4000-8000-00000000000f, domains: [partner.onmicrosoft.com]}
  - name: Acme
    id: ` + acme + `
    domains: [acme.onmicrosoft.com]
    licences: [defender-xdr]
    incidents: {count: 70, seed: 7}
apps:
  - displayName: Readers
    appId: ` + app + `
    homeTenant: partner.onmicrosoft.com
    audience: AzureADMultipleOrgs
    redirectUris: [https://portal.azure.com]
    secrets:
      - {name: good, value: "` + goodSecret + `", start: -24h, end: +4320h}
    requiredRoles:
      - {resource: graph, roles: [SecurityIncident.ReadWrite.All, SecurityAlert.Read.All]}
      - {resource: xdr, roles: [Incident.Read.All]}
consents:
  - {tenant: acme.onmicrosoft.com, app: Readers, roles: all}
`

// read is what every reader prints.
type read struct {
	IDs     []string
	Alerts  int
	Listed  int
	Refused string
	Error   string
	Updated struct {
		Status, AssignedTo, Comment string
		Tags                        []string
	}
}

func TestReaders(t *testing.T) {
	s := startWorld(t, readersWorld)
	env := map[string]string{"TENANT": acme, "CLIENT_ID": app, "CLIENT_SECRET": goodSecret}
	all := s.incidentsByCurl(t, env)
	if len(all) != 70 {
		t.Fatalf("the other surface tells of %d incidents, want 70", len(all))
	}
	for _, r := range readers {
		t.Run(r.name, func(t *testing.T) {
			mine := map[string]string{"PATH": filepath.Join(s.home, r.path) + ":" + os.Getenv("PATH")}
			for k, v := range env {
				mine[k] = v
			}
			var got read
			journal := s.exec(t, r.command(s), mine, &got)
			if got.Error != "" {
				t.Fatalf("the client failed: %s\n%s", got.Error, show(journal))
			}
			r.judgeIDs(t, got, all)
			r.judgeCalls(t, got, journal)
		})
	}
}

// judgeIDs compares what the client read with what the other surface tells.
func (r reader) judgeIDs(t *testing.T, got read, all []string) {
	want := all
	if r.onePage {
		for _, id := range got.IDs {
			if !slices.Contains(all, id) {
				t.Errorf("incident %s is none of the tenant's", id)
			}
		}
		if unique := slices.Compact(slices.Sorted(slices.Values(got.IDs))); len(unique) != 50 {
			t.Errorf("%d incidents on one page, want 50", len(unique))
		}
		return
	}
	if mine := slices.Sorted(slices.Values(got.IDs)); !slices.Equal(mine, want) {
		t.Errorf("read %d incidents, want the %d of the tenant, each once", len(mine), len(want))
	}
	if r.alerts && got.Alerts < len(want) {
		t.Errorf("%d alerts with %d incidents", got.Alerts, len(want))
	}
}

// judgeCalls lets the journal say what the client really did.
func (r reader) judgeCalls(t *testing.T, got read, journal []event) {
	has := func(operation string, status int) bool {
		return slices.ContainsFunc(journal, func(e event) bool {
			return e.Service == "graph" && e.Operation == operation && e.Status == status && (status >= 300 || e.Decision == "allowed")
		})
	}
	if !has("incidents.list", 200) {
		t.Errorf("no list of incidents was allowed:\n%s", show(journal))
	}
	if !strings.Contains(got.Refused, r.refused) {
		t.Errorf("refused with %q, want %q", got.Refused, r.refused)
	}
	if r.retired && !slices.ContainsFunc(journal, func(e event) bool { return e.Path == "/v1.0/security/alerts" && e.Detail["retiring"] != nil }) {
		t.Errorf("the call to the API that has ended is not marked:\n%s", show(journal))
	}
	if r.lists && (got.Listed == 0 || !has("alerts.list", 200)) {
		t.Errorf("%d alerts listed:\n%s", got.Listed, show(journal))
	}
	if !r.writes {
		return
	}
	if !has("incidents.update", 200) || !has("incidents.comment", 200) && !has("incidents.comment", 201) {
		t.Errorf("no update and comment were allowed:\n%s", show(journal))
	}
	if want := "inProgress analyst@partner.example [graph-client] Taken by the Graph client"; fmt.Sprint(got.Updated.Status, " ", got.Updated.AssignedTo, " ", got.Updated.Tags, " ", got.Updated.Comment) != want {
		t.Errorf("after its own writes the client reads %+v, want %s", got.Updated, want)
	}
}

// incidentsByCurl asks the other surface, api.security.microsoft.com, for the
// ids of all incidents.
func (s *sandbox) incidentsByCurl(t *testing.T, env map[string]string) []string {
	t.Helper()
	var got struct{ IDs []string }
	s.exec(t, []string{"bash", "-c", `
token=$(curl -sS -d client_id="$CLIENT_ID" --data-urlencode client_secret="$CLIENT_SECRET" -d grant_type=client_credentials \
  --data-urlencode scope=https://api.security.microsoft.com/.default "https://login.microsoftonline.com/$TENANT/oauth2/v2.0/token" |
  python3 -c 'import json,sys; print(json.load(sys.stdin)["access_token"])')
curl -sS -H "Authorization: Bearer $token" 'https://api.security.microsoft.com/api/incidents' |
  python3 -c 'import json,sys; print(json.dumps({"ids": [str(i["incidentId"]) for i in json.load(sys.stdin)["value"]]}))'`}, env, &got)
	return slices.Sorted(slices.Values(got.IDs))
}
