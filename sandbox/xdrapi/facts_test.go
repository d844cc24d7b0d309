package xdrapi_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

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
		xdr, graph := map[string]facts{}, map[string]facts{}
		for skip := 0; ; skip += 100 {
			page := f.get(f.xdr, f.app(tenant, xdrAudience, "Incident.Read.All"), list+"?$skip="+strconv.Itoa(skip)).value()
			for _, in := range page {
				x := xdrFacts(in)
				xdr[x.ID] = x
			}
			if len(page) < 100 {
				break
			}
		}
		for next := graphList + "?$expand=alerts"; next != ""; {
			a := f.get(f.graph, f.app(tenant, graphAudience, "SecurityIncident.Read.All"), next, "Prefer", "include-unknown-enum-members")
			for _, in := range a.value() {
				g := graphFacts(in)
				graph[g.ID] = g
			}
			next, _ = a.body["@odata.nextLink"].(string)
		}
		if want := len(f.world.Incidents(tenant)); want == 0 || len(xdr) != want || len(graph) != want {
			t.Fatalf("tenant %s: %d incidents in the world, %d on xdr, %d on graph", tenant, want, len(xdr), len(graph))
		}
		for id := range xdr {
			if d := cmp.Diff(graph[id], xdr[id]); d != "" {
				t.Fatalf("tenant %s, incident %s: graph (-) and xdr (+) differ: %s", tenant, id, d)
			}
		}
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
			af.Evidence = append(af.Evidence, graphEvidenceFact(e))
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
	case "registryValueEvidence", "registryKeyEvidence":
		return fmt.Sprint("registry", e["registryHive"], e["registryKey"])
	default:
		return "unknown evidence " + kind
	}
}
