package defender

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func mustRead(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func decodeFile(t testing.TB, s Surface, path string) []*Incident {
	t.Helper()
	incidents, _, err := decodePage(s, mustRead(t, path))
	if err != nil {
		t.Fatal(err)
	}
	return incidents
}

func at(s string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		panic(err)
	}
	return t
}

func raws(pairs ...string) map[string]json.RawMessage {
	m := map[string]json.RawMessage{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = json.RawMessage(pairs[i+1])
	}
	return m
}

// sameJSON compares raw JSON by meaning, and leaves out what has tests of its
// own: Raw, and how values were told.
func sameJSON() cmp.Options {
	return cmp.Options{
		cmpopts.IgnoreFields(Incident{}, "Raw"), cmpopts.IgnoreFields(Alert{}, "Raw"),
		cmp.FilterPath(func(p cmp.Path) bool {
			f, ok := p.Last().(cmp.StructField)
			return ok && strings.ToLower(f.Name()[:1]) == f.Name()[:1]
		}, cmp.Ignore()),
		cmp.Transformer("JSON", func(raw json.RawMessage) any {
			var v any
			if err := json.Unmarshal(raw, &v); err != nil {
				return string(raw)
			}
			return v
		}),
	}
}

const deviceID = "24c222b0b60fe148eeece49ac83910cc6a7ef491"

func TestGraphIncidentIsReadWhole(t *testing.T) {
	want := []*Incident{{
		Surface: SurfaceGraph, ID: "924565", TenantID: "b3c1b5fc-828c-45fa-a1e1-10d74f6d6e9c",
		Name: "Multi-stage incident involving Execution on one endpoint", Description: "PowerShell ran an encoded command.",
		Status: StatusInProgress, Severity: SeverityHigh, Classification: ClassificationTruePositive, Determination: DeterminationCompromisedAccount,
		Created: at("2026-11-20T12:07:21.7266667Z"), LastUpdate: at("2026-11-21T08:00:00Z"), AssignedTo: "soc@contoso.example",
		PriorityScore: new(87), WebURL: "https://security.microsoft.com/incidents/924565?tid=b3c1b5fc-828c-45fa-a1e1-10d74f6d6e9c",
		Tags: []string{"Demo"},
		Comments: []Comment{
			{Text: "Looking.", By: "Ada", Created: at("2026-11-20T13:00:00.5Z")},
			{Text: "Still looking.", By: "Ben", Created: at("2026-11-20T14:00:00.0000001Z"), Extra: raws("pinned", "true")},
		},
		Extra: raws("@odata.type", `"#microsoft.graph.security.incident"`, "futureField", `{"a":[1,2]}`),
		Alerts: []Alert{{
			ID: "da637551227677560813_-961444813", ProviderID: "da637551227677560813_-961444813", IncidentID: "924565",
			Title: "Suspicious PowerShell command line", Category: "Execution", Categories: []string{"Execution"},
			ServiceSource: "microsoftDefenderForEndpoint", DetectionSource: "antivirus", Severity: SeverityMedium, Status: AlertNew,
			Created: at("2026-11-20T12:07:20.123456Z"), FirstActivity: at("2026-11-20T11:00:00Z"), InvestigationState: "pendingApproval",
			Techniques:     []string{"T1059.001"},
			AdditionalData: raws("Intent", "8193", "Intent@odata.type", `"#Int64"`),
			Extra:          raws("@odata.type", `"#microsoft.graph.security.alert"`),
			Evidence: []Evidence{
				&DeviceEvidence{
					EvidenceBase: EvidenceBase{Created: at("2026-11-20T12:07:22Z"), Verdict: "suspicious", Remediation: "active",
						Roles: []string{"compromised", "somethingNew"}, Tags: []string{"Test Machine"}},
					MDEDeviceID: deviceID, DeviceDNSName: "user5cx.middleeast.corp.contoso.com", OSPlatform: "WindowsServer2016", Version: "1607", OSBuild: new(int64(14393)),
					HealthStatus: "active", RiskScore: "high", OnboardingStatus: "onboarded", RBACGroupName: "UnassignedGroup", RBACGroupID: new(int32(75)),
					LoggedOnUsers: []LoggedOnUser{{AccountName: "ada", DomainName: "CONTOSO"}},
					VMMetadata:    &VMMetadata{VMID: "1", CloudProvider: "azure"},
				},
				&ProcessEvidence{
					DetectionStatus: "detected", MDEDeviceID: deviceID,
					ProcessID: new(int64(4780)), ParentProcessID: new(int64(668)), ProcessCommandLine: "powershell -enc SQBFAFgA",
					ProcessCreationDateTime: at("2026-11-20T11:00:00.1234567Z"),
					ImageFile:               &FileDetails{SHA1: "cbb1", FileName: "powershell.exe", FilePath: `C:\Windows`, FileSize: new(int64(4096)), SHA256AC: "00ff"},
					UserAccount:             &UserAccount{AccountName: "ada", UserPrincipalName: "ada@contoso.example"},
				},
				&AnalyzedMessageEvidence{
					NetworkMessageID: "6a9e", P2Sender: &EmailSender{EmailAddress: "eve@evil.example", DisplayName: "Eve", DomainName: "evil.example"},
					RecipientEmailAddress: "ada@contoso.example", Subject: "Invoice",
					URLs: []string{"http://evil.example"}, ReceivedDateTime: at("2026-11-20T10:00:00Z"),
				},
				&RegistryValueEvidence{RegistryHive: "HKEY_LOCAL_MACHINE", RegistryKey: `SOFTWARE\Run`, RegistryValueName: "x", RegistryValue: "y"},
				&KubernetesPodEvidence{Name: "pod-1", Labels: raws("app", `"web"`)},
				&IPEvidence{IPAddress: "203.0.113.7", CountryLetterCode: "NL", Location: &GeoLocation{City: "Delft"}},
			},
		}},
	}, {
		Surface: SurfaceGraph, ID: "924564", Status: StatusRedirected, RedirectTo: "924565", Severity: "unknownFutureValue", Determination: "brandNew",
		Created: at("2026-11-19T00:00:00Z"), LastUpdate: at("2026-11-20T00:00:00Z"),
	}}
	if diff := cmp.Diff(want, decodeFile(t, SurfaceGraph, "testdata/graph_incidents.json"), sameJSON()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestXDRIncidentIsReadWhole(t *testing.T) {
	want := []*Incident{{
		Surface: SurfaceXDR, ID: "924565", Name: "Multi-stage incident involving Execution on one endpoint",
		Status: StatusInProgress, Severity: SeverityHigh, Classification: ClassificationTruePositive, Determination: DeterminationCompromisedAccount,
		Created: at("2026-11-20T12:07:21.7266667Z"), LastUpdate: at("2026-11-21T08:00:00Z"), AssignedTo: "soc@contoso.example", Tags: []string{"Demo"},
		Comments: []Comment{{Text: "Looking.", By: "Ada", Created: at("2026-11-20T13:00:00.5Z")}},
		Extra:    raws("futureField", "1"),
		Alerts: []Alert{{
			ID: "da637551227677560813_-961444813", IncidentID: "924565", Title: "Suspicious PowerShell command line",
			Description: "PowerShell ran an encoded command.", Category: "Execution",
			ServiceSource: "microsoftDefenderForEndpoint", DetectionSource: "antivirus", Severity: SeverityMedium, Status: AlertInProgress,
			Created: at("2026-11-20T12:07:20.123456Z"), LastUpdate: at("2026-11-21T07:59:59.11Z"),
			FirstActivity: at("2026-11-20T11:00:00Z"), LastActivity: at("2026-11-20T11:05:00Z"),
			InvestigationID: "42", InvestigationState: "pendingApproval", ThreatFamily: "Powemet", Techniques: []string{"T1059.001"},
			Evidence: []Evidence{
				&DeviceEvidence{
					EvidenceBase: EvidenceBase{Extra: raws("osProcessor", `"x64"`)}, // Graph does not tell it
					MDEDeviceID:  deviceID, DeviceDNSName: "user5cx.middleeast.corp.contoso.com", OSPlatform: "WindowsServer2016", Version: "1607",
					OSBuild: new(int64(14393)), HealthStatus: "active", RiskScore: "high", RBACGroupName: "UnassignedGroup", RBACGroupID: new(int32(75)),
					FirstSeenDateTime: at("2020-02-06T14:16:01.9330135Z"),
				},
				&ProcessEvidence{
					MDEDeviceID: deviceID, ProcessID: new(int64(4780)), ParentProcessID: new(int64(668)), ProcessCommandLine: "powershell -enc SQBFAFgA",
					ProcessCreationDateTime: at("2026-11-20T11:00:00.1234567Z"),
					ImageFile:               &FileDetails{SHA1: "cbb1", FileName: "powershell.exe", FilePath: `C:\Windows`},
					UserAccount:             &UserAccount{AccountName: "ada", DomainName: "CONTOSO"},
				},
				&MailboxEvidence{PrimaryAddress: "ada@contoso.example", DisplayName: "Ada", UPN: "ada@contoso.example"},
				&AnalyzedMessageEvidence{P2Sender: &EmailSender{EmailAddress: "eve@evil.example"}, RecipientEmailAddress: "ada@contoso.example", Subject: "Invoice", DeliveryAction: "Delivered"},
				&RegistryValueEvidence{RegistryHive: "HKEY_LOCAL_MACHINE", RegistryKey: `SOFTWARE\Run`, RegistryValueType: "String", RegistryValue: "y"},
				&RegistryKeyEvidence{RegistryHive: "HKEY_LOCAL_MACHINE", RegistryKey: `SOFTWARE\Run`},
				&SecurityGroupEvidence{SecurityGroupID: "g1", DisplayName: "Admins"},
				&UnknownEvidence{Kind: "cloudThing", EvidenceBase: EvidenceBase{Extra: raws("cloudThingId", `"c1"`)}},
			},
		}},
	}, {
		Surface: SurfaceXDR, ID: "924564", Name: "merged", RedirectTo: "924565", Status: StatusRedirected, Severity: SeverityUnknown,
		Classification: ClassificationUnknown, Determination: DeterminationUnknown,
		Created: at("2026-11-19T00:00:00Z"), LastUpdate: at("2026-11-20T00:00:00Z"),
	}}
	if diff := cmp.Diff(want, decodeFile(t, SurfaceXDR, "testdata/xdr_incidents.json"), sameJSON()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// Both files tell of the same incidents: what both surfaces can say must come out equal.
func TestSurfacesAgree(t *testing.T) {
	graph := decodeFile(t, SurfaceGraph, "testdata/graph_incidents.json")[0]
	xdr := decodeFile(t, SurfaceXDR, "testdata/xdr_incidents.json")[0]
	type common struct {
		ID, Name, AssignedTo string
		Status               Status
		Severity             Severity
		Classification       Classification
		Determination        Determination
		Created, LastUpdate  time.Time
		Alert, Service       string
		CommandLine, Image   string
		ProcessID            int64
		Started              time.Time
	}
	of := func(i *Incident) common {
		p := i.Alerts[0].Evidence[1].(*ProcessEvidence)
		return common{i.ID, i.Name, i.AssignedTo, i.Status, i.Severity, i.Classification, i.Determination, i.Created, i.LastUpdate,
			i.Alerts[0].ID, i.Alerts[0].ServiceSource, p.ProcessCommandLine, p.ImageFile.FileName, *p.ProcessID, p.ProcessCreationDateTime}
	}
	if diff := cmp.Diff(of(graph), of(xdr)); diff != "" {
		t.Errorf("-graph +xdr:\n%s", diff)
	}
}

func TestRawIsTheOriginal(t *testing.T) {
	for s, path := range map[Surface]string{SurfaceGraph: "testdata/graph_incidents.json", SurfaceXDR: "testdata/xdr_incidents.json"} {
		var file struct{ Value []json.RawMessage }
		if err := json.Unmarshal(mustRead(t, path), &file); err != nil {
			t.Fatal(err)
		}
		for n, i := range decodeFile(t, s, path) {
			if string(i.Raw) != string(file.Value[n]) {
				t.Errorf("%s: Raw of incident %d is not what the file holds", path, n)
			}
		}
	}
}

// The output of one program is the input of the next: the type survives JSON,
// though what was read from xdr comes back as if Graph had told it.
func TestIncidentSurvivesJSON(t *testing.T) {
	for s, path := range map[Surface]string{SurfaceGraph: "testdata/graph_incidents.json", SurfaceXDR: "testdata/xdr_incidents.json"} {
		for _, i := range decodeFile(t, s, path) {
			data, err := json.Marshal(i)
			if err != nil {
				t.Fatal(err)
			}
			var back Incident
			if err := json.Unmarshal(data, &back); err != nil {
				t.Fatal(err)
			}
			back.Surface = i.Surface
			if diff := cmp.Diff(i, &back, sameJSON()); diff != "" {
				t.Errorf("%s: -before +after:\n%s", path, diff)
			}
		}
	}
}

// samples finds the folder of recorded answers that may lie beside the
// repository; they are other projects' data and no part of it.
func samples(t *testing.T) (string, bool) {
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		path := filepath.Join(dir, "shared", "samples")
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			return path, true
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", false
		}
		dir = parent
	}
}

func TestRecordedAnswers(t *testing.T) {
	// Written by hand after the same shape, so that the test checks something everywhere.
	answers := map[string][]byte{"hand-written": []byte(`{"value":[{"id":"12345","tenantId":"","status":"active","classification":"unknown",
		"severity":"medium","createdDateTime":"2024-03-26T13:34:15.0433333Z","lastUpdateDateTime":"2024-03-26T13:35:45.23Z",
		"lastModifiedBy":"Microsoft 365 Defender-IncidentCreation","customTags":[],"comments":[]}]}`)}
	if dir, ok := samples(t); ok {
		answers["recorded"] = mustRead(t, filepath.Join(dir, "demisto-content", "graph_incidents_list_response.json"))
	} else {
		t.Log("There is no folder shared/samples beside the repository, so that only the hand-written answer is read.")
	}
	for name, body := range answers {
		incidents, _, err := decodePage(SurfaceGraph, body)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		first := incidents[0]
		if first.ID != "12345" || first.Status != StatusActive || first.Severity != SeverityMedium ||
			!first.Created.Equal(at("2024-03-26T13:34:15.0433333Z")) || first.LastModifiedBy == "" {
			t.Errorf("%s: read as %+v", name, first)
		}
		for _, i := range incidents {
			if len(i.Extra) > 0 {
				t.Errorf("%s: fields not known: %v", name, i.Extra)
			}
			survives(t, SurfaceGraph, i.Raw)
		}
	}
}
