package xdrapi_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/sandbox/journal"
	"github.com/tenantry/tenantry/sandbox/token"
	"github.com/tenantry/tenantry/sandbox/world"
	"github.com/tenantry/tenantry/sandbox/xdrapi"
)

const alertList = "https://graph.microsoft.com/v1.0/security/alerts_v2"

// facts are what both surfaces tell of an incident, in neutral words.
type facts struct {
	ID, Name, Status, Severity, Classification, Determination string
	Created, Updated, Assigned, Redirect                      any
	Tags, Comments                                            []string
	Alerts                                                    []alertFacts
}

type alertFacts struct {
	ID, Title, Description, Category, Status, Severity, Classification, Determination, Investigation string
	Created, Updated, Resolved, First, Last, Assigned, Actor, Family                                 any
	Techniques                                                                                       []string
	Evidence                                                                                         []string
}

// TestSameFacts reads every incident of a generated and of a hand-made tenant
// through both surfaces and compares what they tell.
func TestSameFacts(t *testing.T) {
	f := newFixture(t)
	for _, tenant := range []string{tenantID, seedTenant} {
		f.compare(tenant, f.app(tenant, xdrAudience, "Incident.Read.All"), f.app(tenant, graphAudience, "SecurityIncident.Read.All", "SecurityAlert.Read.All"))
	}
}

// compare reads a tenant through both surfaces, page by page, and holds what
// they tell against each other; and each alert of alerts_v2 against the same
// one under its incident.
func (f *fixture) compare(tenant, xdrBearer, graphBearer string) {
	f.t.Helper()
	xdr, graph := map[string]facts{}, map[string]facts{}
	for skip := 0; ; skip += 100 {
		page := f.get(f.xdr, xdrBearer, list+"?$skip="+strconv.Itoa(skip)).value()
		for _, in := range page {
			x := xdrFacts(in)
			xdr[x.ID] = x
		}
		if len(page) < 100 {
			break
		}
	}
	expanded := map[string]map[string]any{}
	for next := graphList + "?$expand=alerts"; next != ""; {
		a := f.get(f.graph, graphBearer, next, "Prefer", "include-unknown-enum-members")
		for _, in := range a.value() {
			g := graphFacts(in)
			graph[g.ID] = g
			for _, al := range objects(in["alerts"]) {
				expanded[al["id"].(string)] = al
			}
		}
		next, _ = a.body["@odata.nextLink"].(string)
	}
	if want := len(f.world.Incidents(tenant)); want == 0 || len(xdr) != want || len(graph) != want {
		f.t.Fatalf("tenant %s: %d incidents in the world, %d on xdr, %d on graph", tenant, want, len(xdr), len(graph))
	}
	for id := range xdr {
		if d := cmp.Diff(graph[id], xdr[id]); d != "" {
			f.t.Fatalf("tenant %s, incident %s: graph (-) and xdr (+) differ: %s", tenant, id, d)
		}
	}
	told := 0
	for next := alertList; next != ""; {
		a := f.get(f.graph, graphBearer, next, "Prefer", "include-unknown-enum-members")
		for _, al := range a.value() {
			told++
			under, ok := expanded[al["id"].(string)]
			if ok != (al["incidentId"] != nil) {
				f.t.Fatalf("tenant %s, alert %v: incident %v, under one: %v", tenant, al["id"], al["incidentId"], ok)
			}
			if d := cmp.Diff(under, al); ok && d != "" {
				f.t.Fatalf("tenant %s, alert %v: under its incident (-) and alone (+): %s", tenant, al["id"], d)
			}
		}
		next, _ = a.body["@odata.nextLink"].(string)
	}
	if want := len(f.world.Alerts(tenant)); told != want || told < len(expanded) {
		f.t.Fatalf("tenant %s: %d alerts in the world, %d under incidents, %d told", tenant, want, len(expanded), told)
	}
}

// anyone takes every token as it says: the tenant's id is the token.
type anyone string

func (audience anyone) Verify(raw string) (*token.Claims, error) {
	return &token.Claims{
		Audience: string(audience), TenantID: raw, AppID: appID, AppOnly: true,
		Roles: []string{"Incident.Read.All", "SecurityIncident.Read.All", "SecurityAlert.Read.All"},
	}, nil
}

// TestSameFactsOfManySeeds does the same for 1,000 small tenants, some of
// them with equal times, hostile texts and alerts of no incident.
func TestSameFactsOfManySeeds(t *testing.T) {
	now := func() time.Time { return noon }
	f := &fixture{t: t, world: world.New(now), journal: journal.New(nil, now)}
	f.xdr = xdrapi.New(xdrapi.Config{World: f.world, Verifier: anyone(xdrAudience)}).XDR()
	f.graph = xdrapi.New(xdrapi.Config{World: f.world, Verifier: anyone(graphAudience)}).Graph()
	kinds := map[string]bool{}
	for i := range 1000 {
		id := world.DeriveGUID("seed", strconv.Itoa(i))
		_, err := f.world.AddTenant(world.Tenant{
			ID: id, Name: "Seed", Domains: []string{fmt.Sprintf("s%d.example", i)}, Licences: []string{world.LicenceDefenderXDR},
			Incidents: world.IncidentSource{Count: 1 + i%3, Seed: uint64(i), EqualTimes: i%5 == 0, Hostile: i%7 == 0, Standalone: i % 2},
		})
		if err != nil {
			t.Fatal(err)
		}
		f.compare(id, id, id)
		for _, in := range f.world.Incidents(id) {
			for _, a := range in.Alerts {
				for _, e := range a.Entities {
					kinds[string(e.Kind)] = true
				}
			}
		}
	}
	if len(kinds) < 9 {
		t.Errorf("1,000 seeds told of %d kinds of evidence: %v", len(kinds), kinds)
	}
}

// neutral brings the spellings of both surfaces to one.
func neutral(v any) string {
	s := strings.ToLower(fmt.Sprint(v))
	switch s {
	case "unspecified", "notavailable", "<nil>", "":
		return "unknown"
	case "clean":
		return "notmalicious"
	case "noenoughdatatovalidate":
		return "notenoughdatatovalidate"
	}
	return s
}

func texts(v any) []string {
	out := []string{}
	list, _ := v.([]any)
	for _, s := range list {
		out = append(out, fmt.Sprint(s))
	}
	return out
}

func objects(v any) []map[string]any {
	var out []map[string]any
	list, _ := v.([]any)
	for _, o := range list {
		out = append(out, o.(map[string]any))
	}
	return out
}

func inner(m map[string]any, key string) map[string]any {
	o, _ := m[key].(map[string]any)
	return o
}

func xdrFacts(in map[string]any) facts {
	whole := func(v any) any {
		if n, ok := v.(float64); ok {
			return strconv.FormatInt(int64(n), 10)
		}
		return nil
	}
	f := facts{
		ID: fmt.Sprint(whole(in["incidentId"])), Name: in["incidentName"].(string), Status: neutral(in["status"]), Severity: neutral(in["severity"]),
		Classification: neutral(in["classification"]), Determination: neutral(in["determination"]), Created: in["createdTime"], Updated: in["lastUpdateTime"],
		Assigned: in["assignedTo"], Redirect: whole(in["redirectIncidentId"]), Tags: texts(in["tags"]),
	}
	for _, c := range objects(in["comments"]) {
		f.Comments = append(f.Comments, fmt.Sprint(c["comment"], c["createdBy"], c["createdTime"]))
	}
	for _, a := range objects(in["alerts"]) {
		af := alertFacts{
			ID: a["alertId"].(string), Title: a["title"].(string), Description: a["description"].(string), Category: a["category"].(string),
			Status: neutral(a["status"]), Severity: neutral(a["severity"]), Classification: neutral(a["classification"]), Determination: neutral(a["determination"]),
			Investigation: neutral(a["investigationState"]), Created: a["creationTime"], Updated: a["lastUpdatedTime"], Resolved: a["resolvedTime"],
			First: a["firstActivity"], Last: a["lastActivity"], Assigned: a["assignedTo"], Actor: a["actorName"], Family: a["threatFamilyName"], Techniques: texts(a["mitreTechniques"]),
		}
		for _, d := range objects(a["devices"]) {
			af.Evidence = append(af.Evidence, fmt.Sprint("device", d["mdatpDeviceId"], d["aadDeviceId"], d["deviceDnsName"], d["osPlatform"], d["version"], d["osBuild"], neutral(d["healthStatus"]), neutral(d["riskScore"]), d["firstSeen"]))
		}
		for _, e := range objects(a["entities"]) {
			af.Evidence = append(af.Evidence, xdrEntityFact(e))
		}
		slices.Sort(af.Evidence)
		f.Alerts = append(f.Alerts, af)
	}
	return f
}

func xdrEntityFact(e map[string]any) string {
	account := fmt.Sprint(e["accountName"], e["domainName"], e["userSid"], e["aadUserId"], e["userPrincipalName"])
	file := fmt.Sprint(e["sha1"], e["sha256"], e["fileName"], e["filePath"], e["deviceId"])
	switch e["entityType"] {
	case "User":
		return "user" + account
	case "File":
		return "file" + file
	case "Process":
		return fmt.Sprint("process", file, account, e["processId"], e["processCommandLine"], e["processCreationTime"], e["parentProcessId"], e["parentProcessCreationTime"])
	case "Ip":
		return fmt.Sprint("ip", e["ipAddress"])
	case "Url":
		return fmt.Sprint("url", e["url"])
	case "MailBox":
		return fmt.Sprint("mailbox", e["mailboxAddress"], e["mailboxDisplayName"])
	case "MailMessage":
		return fmt.Sprint("mail", e["sender"], e["recipient"], e["subject"], e["deliveryAction"])
	case "MailCluster":
		return fmt.Sprint("cluster", e["clusterBy"])
	case "SecurityGroup":
		return fmt.Sprint("group", e["securityGroupId"], e["securityGroupName"])
	case "Registry":
		return fmt.Sprint("registry", e["registryHive"], e["registryKey"])
	}
	return fmt.Sprint("unknown entity ", e["entityType"])
}

func graphFacts(in map[string]any) facts {
	f := facts{
		ID: in["id"].(string), Name: in["displayName"].(string), Status: neutral(in["status"]), Severity: neutral(in["severity"]),
		Classification: neutral(in["classification"]), Determination: neutral(in["determination"]), Created: in["createdDateTime"], Updated: in["lastUpdateDateTime"],
		Assigned: in["assignedTo"], Redirect: in["redirectIncidentId"], Tags: texts(in["customTags"]),
	}
	for _, c := range objects(in["comments"]) {
		f.Comments = append(f.Comments, fmt.Sprint(c["comment"], c["createdByDisplayName"], c["createdDateTime"]))
	}
	for _, a := range objects(in["alerts"]) {
		af := alertFacts{
			ID: a["id"].(string), Title: a["title"].(string), Description: a["description"].(string), Category: a["category"].(string),
			Status: neutral(a["status"]), Severity: neutral(a["severity"]), Classification: neutral(a["classification"]), Determination: neutral(a["determination"]),
			Investigation: neutral(a["investigationState"]), Created: a["createdDateTime"], Updated: a["lastUpdateDateTime"], Resolved: a["resolvedDateTime"],
			First: a["firstActivityDateTime"], Last: a["lastActivityDateTime"], Assigned: a["assignedTo"], Actor: a["actorDisplayName"], Family: a["threatFamilyName"], Techniques: texts(a["mitreTechniques"]),
		}
		for _, e := range objects(a["evidence"]) {
			if fact := graphEvidenceFact(e); fact != "" {
				af.Evidence = append(af.Evidence, fact)
			}
		}
		slices.Sort(af.Evidence)
		f.Alerts = append(f.Alerts, af)
	}
	return f
}

func graphEvidenceFact(e map[string]any) string {
	account := func(u map[string]any) string {
		return fmt.Sprint(u["accountName"], u["domainName"], u["userSid"], u["azureAdUserId"], u["userPrincipalName"])
	}
	file := func(d map[string]any) string {
		return fmt.Sprint(d["sha1"], d["sha256"], d["fileName"], d["filePath"], e["mdeDeviceId"])
	}
	switch kind := strings.TrimPrefix(fmt.Sprint(e["@odata.type"]), "#microsoft.graph.security."); kind {
	case "deviceEvidence":
		return fmt.Sprint("device", e["mdeDeviceId"], e["azureAdDeviceId"], e["deviceDnsName"], e["osPlatform"], e["version"], e["osBuild"], neutral(e["healthStatus"]), neutral(e["riskScore"]), e["firstSeenDateTime"])
	case "userEvidence":
		return "user" + account(inner(e, "userAccount"))
	case "fileEvidence":
		return "file" + file(inner(e, "fileDetails"))
	case "processEvidence":
		return fmt.Sprint("process", file(inner(e, "imageFile")), account(inner(e, "userAccount")), e["processId"], e["processCommandLine"], e["processCreationDateTime"], e["parentProcessId"], e["parentProcessCreationDateTime"])
	case "ipEvidence":
		return fmt.Sprint("ip", e["ipAddress"])
	case "urlEvidence":
		return fmt.Sprint("url", e["url"])
	case "mailboxEvidence":
		return fmt.Sprint("mailbox", e["primaryAddress"], e["displayName"])
	case "analyzedMessageEvidence":
		sender := inner(e, "p1Sender")
		return fmt.Sprint("mail", sender["emailAddress"], e["recipientEmailAddress"], e["subject"], e["deliveryAction"])
	case "mailClusterEvidence":
		return fmt.Sprint("cluster", e["clusterBy"])
	case "securityGroupEvidence":
		return fmt.Sprint("group", e["securityGroupId"], e["displayName"])
	case "cloudApplicationEvidence", "oauthApplicationEvidence":
		return "" // the other surface has no keys for them
	case "registryValueEvidence", "registryKeyEvidence":
		return fmt.Sprint("registry", e["registryHive"], e["registryKey"])
	default:
		return "unknown evidence " + kind
	}
}
