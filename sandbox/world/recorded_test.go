package world

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func load(t *testing.T, path string) []*Incident {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	all, err := ParseIncidents(data)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func at(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t.UTC()
}

func TestParseIncidentsGraph(t *testing.T) {
	in := load(t, "testdata/graph.json")[0]
	alerts := in.Alerts
	head := *in
	head.Alerts, head.Extra = nil, nil
	want := Incident{
		ID: 2972395, Name: "Multi-stage incident on one endpoint", Description: "Told by hand", Summary: "Short",
		Created: at("2026-08-13T08:43:35.5533333Z"), LastUpdate: at("2026-09-30T09:35:45.1133333Z"), AssignedTo: "KaiC@contoso.example",
		Classification: "truePositive", Determination: "multiStagedAttack", Status: "active", Severity: "medium", ResolvingComment: "kept as it is",
		Tags: []string{"Demo"}, SystemTags: []string{}, PriorityScore: 70,
		Comments:     []Comment{{Text: "Demo incident", By: "DavidS@contoso.example", Created: at("2026-09-30T12:07:37.2756993Z")}},
		ExtraSurface: SurfaceGraph,
	}
	if d := cmp.Diff(want, head); d != "" {
		t.Errorf("incident (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"futureProperty"}, slices.Sorted(maps.Keys(in.Extra))); d != "" {
		t.Errorf("extra (-want +got):\n%s", d)
	}
	a := alerts[0]
	if a.ID != "da637551227677560813_-961444813" || a.Status != "new" || a.Classification != "unknown" || a.ServiceSource != "microsoftDefenderForEndpoint" || a.DetectionSource != "antivirus" || !a.Resolved.IsZero() || string(a.Extra["alertPolicyId"]) != `"policy-1"` {
		t.Errorf("alert = %+v", a)
	}
	if d := cmp.Diff([]EntityKind{EntityDevice, EntityFile, EntityProcess, EntityOther, EntityUser, EntityIP, EntityURL, EntityMailbox, EntityMail, EntityRegistry}, kinds(a)); d != "" {
		t.Fatalf("entities (-want +got):\n%s", d)
	}
	e := a.Entities
	if d := e[0].Device; d.DNSName() != "tempDns.contoso.local" || d.OSBuild != 22424 || d.RBACGroupID != 75 || e[0].Extra["vmMetadata"] == nil || e[0].Tags[0] != "Test Machine" {
		t.Errorf("device = %+v", e[0])
	}
	if f := e[1].File; f.Name != "MsSense.exe" || f.Size != 6136392 || f.DeviceMDEID != "73e7" {
		t.Errorf("file = %+v", f)
	}
	if p := e[2].Process; p.ID != 4780 || p.Parent.Name != "services.exe" || p.Account.SID != "S-1-5-18" || p.Started != at("2026-04-27T12:18:27.7211305Z") {
		t.Errorf("process = %+v", p)
	}
	if string(e[3].Extra["emailCount"]) != "3" || e[3].Extra["@odata.type"] == nil {
		t.Errorf("an entity of an unknown kind is not kept whole: %v", e[3].Extra)
	}
	if e[7].Mailbox.UPN != "jo@contoso.example" || e[8].Mail.Sender != "eve@bad.example" || e[8].Mail.SenderName != "Eve" || e[9].Registry.ValueName != "Run" {
		t.Errorf("mailbox %+v, mail %+v, registry %+v", e[7].Mailbox, e[8].Mail, e[9].Registry)
	}
}

func kinds(a *Alert) []EntityKind {
	var all []EntityKind
	for _, e := range a.Entities {
		all = append(all, e.Kind)
	}
	return all
}

func TestParseIncidentsXDR(t *testing.T) {
	all := load(t, "testdata/xdr.json")
	in := all[0]
	if in.ID != 924565 || in.Severity != "unknown" || in.Determination != "unknown" || in.Status != "active" || in.LastUpdate != at("2026-09-06T12:07:55Z") || in.Comments[0].Created != at("2026-09-06T12:07:55Z") || string(in.Extra["detectionSource"]) != `"MCAS"` {
		t.Errorf("incident = %+v", in)
	}
	a := in.Alerts[0]
	if a.ServiceSource != "microsoftDefenderForCloudApps" || a.DetectionSource != "cloudAppSecurity" || a.InvestigationID != 12 || a.InvestigationState != "pendingApproval" || a.Extra != nil {
		t.Errorf("alert = %+v", a)
	}
	if d := cmp.Diff([]EntityKind{EntityDevice, EntityUser, EntityIP, EntityProcess, EntityMailbox, EntityMail, EntityOther}, kinds(a)); d != "" {
		t.Fatalf("entities (-want +got):\n%s", d)
	}
	if d := a.Entities[0].Device; d.Host != "user5cx" || d.Domain != "middleeast.corp.example" || d.Health != "active" || d.Risk != "high" || d.FirstSeen != at("2026-02-06T14:16:01.9330135Z") {
		t.Errorf("device = %+v", d)
	}
	if p := a.Entities[3].Process; p.ID != 9 || p.Image.Name != "cmd.exe" || p.DeviceMDEID != a.Entities[0].Device.MDEID || p.Account != nil {
		t.Errorf("process = %+v", p)
	}
	merged := all[1]
	if merged.RedirectTo != 924565 || merged.Status != "redirected" || merged.Determination != "notEnoughDataToValidate" || merged.LastUpdate != merged.Created {
		t.Errorf("merged = %+v", merged)
	}
}

func TestParseIncidentsShapes(t *testing.T) {
	one := `{"incidentId": 1, "createdTime": "2026-01-01T00:00:00Z"}`
	for name, text := range map[string]string{"object": one, "array": "[" + one + "]", "answer": `{"value": [` + one + `]}`, "with a mark": "\ufeff" + one} {
		all, err := ParseIncidents([]byte(text))
		if err != nil || len(all) != 1 || all[0].ID != 1 {
			t.Errorf("%s: %v, %v", name, all, err)
		}
	}
	for _, text := range []string{"[]", `{"value": []}`} {
		if all, err := ParseIncidents([]byte(text)); err != nil || len(all) != 0 {
			t.Errorf("%s: %v, %v", text, all, err)
		}
	}
	for text, want := range map[string]string{
		"":              "line 1 is not JSON: unexpected end of JSON input",
		"{\n\"a\": x}":  "line 2 is not JSON: invalid character 'x' looking for beginning of value",
		`<html></html>`: "line 1 is not JSON: invalid character '<' looking for beginning of value",
		`{"value": 1}`:  "value: not an array",
		`[1]`:           "incident 0 of the file: not a JSON object",
		`[null]`:        "incident 0 of the file: not a JSON object",
		`{"name": "x"}`: `incident 0 of the file: neither "id" (Graph) nor "incidentId" (Defender XDR) is there`,
		`{"id": "abc"}`: "incident 0 of the file: id: must be a whole number",
		`{"id": "-1"}`:  "incident 0 of the file: id: an incident id is a positive number",
		`{"id": "1"}`:   "incident 0 of the file: createdDateTime: the time of creation is missing",
		`{"incidentId": 1, "createdTime": "yesterday"}`:                                        `incident 0 of the file: createdTime: "yesterday" is not a time`,
		`[` + one + `,` + one + `]`:                                                            "incident 1 of the file: id: incident 1 is in the file twice",
		`{"incidentId": 1, "createdTime": "2026-01-01T00:00:00Z", "alerts": [{}]}`:             "incident 0 of the file: alerts[0].alertId: the alert has no id",
		`{"incidentId": 1, "createdTime": "2026-01-01T00:00:00Z", "alerts": [null]}`:           "incident 0 of the file: alerts[0]: must be an object",
		`{"id": "1", "createdDateTime": "2026-01-01T00:00:00Z", "customTags": "x"}`:            "incident 0 of the file: customTags: must be a list of texts",
		`{"id": "1", "createdDateTime": "2026-01-01T00:00:00Z", "comments": [{"comment": 1}]}`: "incident 0 of the file: comments[0].comment: must be text",
	} {
		all, err := ParseIncidents([]byte(text))
		var recorded *RecordedError
		if !errors.As(err, &recorded) || err.Error() != want || all != nil {
			t.Errorf("%s:\n got %v\nwant %s", text, err, want)
		}
	}
}

// TestRecordedAnswer reads an answer recorded from Microsoft Graph by others,
// where such recordings are kept beside the repository.
func TestRecordedAnswer(t *testing.T) {
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	var data []byte
	for {
		path := filepath.Join(dir, "shared", "samples", "demisto-content", "graph_incidents_list_response.json")
		if data, err = os.ReadFile(path); err == nil {
			break
		}
		if parent := filepath.Dir(dir); parent != dir {
			dir = parent
			continue
		}
		t.Log("no folder shared/samples above this one: recordings of others are not read; testdata/graph.json is")
		data, err = os.ReadFile("testdata/graph.json")
		if err != nil {
			t.Fatal(err)
		}
		break
	}
	all, err := ParseIncidents(data)
	if err != nil {
		t.Fatal(err)
	}
	var raw struct {
		Value []map[string]any `json:"value"`
	}
	if err := json.Unmarshal(data, &raw); err != nil {
		t.Fatal(err)
	}
	if len(all) != len(raw.Value) || len(all) == 0 {
		t.Fatalf("%d of %d incidents", len(all), len(raw.Value))
	}
	for i, in := range all {
		if in.Name != raw.Value[i]["displayName"] || !strings.EqualFold(in.Status, raw.Value[i]["status"].(string)) || in.Created.IsZero() {
			t.Errorf("incident %d = %+v", i, in)
		}
	}
}

func FuzzParseIncidents(f *testing.F) {
	for _, name := range []string{"graph.json", "xdr.json"} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(`{"incidentId": "1", "createdTime": "2026-01-01T00:00:00", "alerts": [{"alertId": "a", "entities": [{"entityType": 1}]}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		all, err := ParseIncidents(bytes.Clone(data))
		if err != nil {
			var recorded *RecordedError
			if !errors.As(err, &recorded) {
				t.Fatalf("untyped error %v", err)
			}
			return
		}
		for _, in := range all {
			if in.ID <= 0 || in.Created.IsZero() || in.LastUpdate.IsZero() {
				t.Fatalf("incomplete incident %+v", in)
			}
		}
	})
}
