package story

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/defender"
	"github.com/tenantry/tenantry/internal/cli/output"
)

var update = flag.Bool("update", false, "write the golden files anew")

func at(hhmm string) time.Time {
	t, err := time.Parse("2006-01-02 15:04", "2026-11-20 "+hhmm)
	if err != nil {
		panic(err)
	}
	return t
}

func ptr[T any](v T) *T { return &v }

func sample() *defender.Incident {
	device := func(verdict string) *defender.DeviceEvidence {
		return &defender.DeviceEvidence{EvidenceBase: defender.EvidenceBase{Verdict: verdict, Roles: []string{"attacked", "unknown"}}, MDEDeviceID: "d1", DeviceDNSName: "desk-07.contoso.example", OSPlatform: "Windows11", RiskScore: "high"}
	}
	anna := &defender.UserEvidence{UserAccount: &defender.UserAccount{UserPrincipalName: "anna@contoso.example", DisplayName: "Anna Ek", UserSID: "S-1"}}
	return &defender.Incident{
		ID: "29", Name: "Multi-stage incident involving Initial access and Lateral movement on one endpoint", Status: "inProgress", Severity: "high",
		Classification: "truePositive", Determination: "multiStagedAttack", AssignedTo: "soc@partner.example", LastModifiedBy: "soc@partner.example",
		Created: at("08:05"), LastUpdate: at("11:30"), Tags: []string{"vip", "gold"}, SystemTags: []string{"Defender Experts"},
		WebURL:  "https://security.microsoft.com/incidents/29?tid=20000000-0000-4000-8000-000000000001",
		Summary: "A message with a link was opened on desk-07. What it brought was run and asked the outside for more.\n\nIt was stopped before anything was copied.",
		Alerts: []defender.Alert{
			{ID: "da2", Title: "Suspicious PowerShell command line was run by a process that should not run any", Severity: "medium", Status: "new", ServiceSource: "microsoftDefenderForEndpoint", DetectionSource: "antivirus", Category: "Execution", Techniques: []string{"T1059.001", "t1566"}, FirstActivity: at("08:20"),
				Evidence: []defender.Evidence{device("malicious"), anna,
					&defender.ProcessEvidence{EvidenceBase: defender.EvidenceBase{Verdict: "malicious", Remediation: "blocked"}, ProcessID: ptr[int64](4242), ProcessCommandLine: "powershell.exe -enc " + strings.Repeat("QQBB", 60), ImageFile: &defender.FileDetails{FileName: "powershell.exe"}, MDEDeviceID: "d1"}}},
			{ID: "fa1", Title: "A link in a message was opened", Severity: "low", Status: "resolved", ProductName: "Microsoft Defender for Office 365", Categories: []string{"InitialAccess"}, Techniques: []string{"T1566"}, Created: at("08:05"), AssignedTo: "soc@partner.example",
				Evidence: []defender.Evidence{
					&defender.AnalyzedMessageEvidence{Subject: "Your parcel", P2Sender: &defender.EmailSender{EmailAddress: "evil@parcel.example"}, RecipientEmailAddress: "anna@contoso.example", NetworkMessageID: "n1"},
					&defender.URLEvidence{EvidenceBase: defender.EvidenceBase{Verdict: "suspicious"}, URL: "https://parcel.example/track"}, anna, device("")}},
		},
		Comments: []defender.Comment{{Text: "Called Anna.\nShe confirms.", By: "soc@partner.example", Created: at("11:30")}, {Text: "Automated: investigating", Created: at("08:06")}},
	}
}

func about() About {
	return About{Tenant: "Contoso", Customer: "Contoso Group", Through: defender.SurfaceGraph, Now: at("12:30")}
}

func render(t *testing.T, width int, color bool, f func(*output.Page)) string {
	t.Helper()
	var out bytes.Buffer
	p := output.NewPage(width, color)
	f(p)
	if _, err := p.WriteTo(&out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	file = "testdata/" + file
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s: -want +got:\n%s", file, diff)
	}
}

func TestIncident(t *testing.T) {
	for _, width := range []int{0, 80, 120} {
		golden(t, fmt.Sprintf("incident-%d.txt", width), render(t, width, false, func(p *output.Page) { Incident(p, about(), sample()) }))
	}
}

func TestAlert(t *testing.T) {
	a := sample().Alerts[0]
	a.IncidentID, a.Description, a.RecommendedActions = "29", "Something ran.", "1. Look at the command line.\n2. Isolate the device."
	a.LastActivity, a.LastUpdate, a.Created = at("08:40"), at("09:00"), at("08:21")
	golden(t, "alert-80.txt", render(t, 80, false, func(p *output.Page) { Alert(p, about(), &a) }))
}

// Colours only add: what is read is the same.
func TestColours(t *testing.T) {
	plain := render(t, 80, false, func(p *output.Page) { Incident(p, about(), sample()) })
	coloured := render(t, 80, true, func(p *output.Page) { Incident(p, about(), sample()) })
	if strings.Contains(plain, "\x1b") || !strings.Contains(coloured, "\x1b["+string(output.Red)+"mhigh severity\x1b[0m") {
		t.Errorf("got %q", coloured)
	}
}

// What was merged says so, and where to look.
func TestMerged(t *testing.T) {
	i := &defender.Incident{ID: "30", Status: "redirected", RedirectTo: "29"}
	got := render(t, 80, false, func(p *output.Page) { Incident(p, about(), i) })
	for _, want := range []string{"Incident 30 of Contoso: (no name)\n", "merged into   incident 29, which has the alerts now\n", "not assigned"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
	if strings.Contains(got, "Alerts") {
		t.Errorf("got\n%s", got)
	}
}

// A terminal is not flooded, and told that there is more; a file has all of it.
func TestThousandsOfAlerts(t *testing.T) {
	i := &defender.Incident{ID: "29"}
	for n := range 10_000 {
		i.Alerts = append(i.Alerts, defender.Alert{ID: fmt.Sprintf("a%05d", n), Title: "One of many", FirstActivity: at("00:00").Add(-time.Duration(n) * time.Minute),
			Evidence: []defender.Evidence{&defender.IPEvidence{IPAddress: fmt.Sprintf("192.0.2.%d", n%200)}}})
	}
	for range 100 {
		i.Comments = append(i.Comments, defender.Comment{Text: "again"})
	}
	got := render(t, 80, false, func(p *output.Page) { Incident(p, about(), i) })
	for _, want := range []string{"… and 9950 alerts more", "… and 185 more", "… 70 comments before these", "addresses (200)", " · 50 alerts\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing", want)
		}
	}
	if n := strings.Count(got, "\n"); n > 350 {
		t.Errorf("%d lines", n)
	}
	// The earliest come first, whatever order they were told in.
	if !strings.Contains(got, "a09999") || strings.Contains(got, "a00001") {
		t.Error("the alerts shown are not the earliest")
	}
	whole := render(t, 0, false, func(p *output.Page) { Incident(p, about(), i) })
	if n := strings.Count(whole, "One of many"); n != 10_000 {
		t.Errorf("a file has %d alerts", n)
	}
}

// Whatever an attacker names things, the terminal gets text.
func TestHostileText(t *testing.T) {
	const evil = "\x1b[2J\u009b31m\u202egpj.exe\r\n\x07\x00\u2028=cmd|' /C calc'!A0<script>"
	i := sample()
	i.Name, i.Summary, i.AssignedTo, i.WebURL, i.Severity, i.Status = evil, evil, evil, evil, evil, evil
	i.Tags, i.Comments = []string{evil}, []defender.Comment{{Text: evil, By: evil}}
	i.Alerts = []defender.Alert{{ID: evil, Title: evil, Severity: evil, Status: evil, Category: evil, ServiceSource: evil, Techniques: []string{evil}, Evidence: []defender.Evidence{
		&defender.DeviceEvidence{EvidenceBase: defender.EvidenceBase{Verdict: evil, Remediation: evil, Roles: []string{evil}}, DeviceDNSName: evil, OSPlatform: evil, RiskScore: evil},
		&defender.FileEvidence{FileDetails: &defender.FileDetails{FileName: evil, FilePath: evil}},
		&defender.UnknownEvidence{Kind: evil},
	}}}
	for _, width := range []int{0, 20, 80} {
		got := render(t, width, false, func(p *output.Page) {
			Incident(p, About{Tenant: evil, Customer: evil, Through: evil}, i)
			Alert(p, About{Tenant: evil}, &i.Alerts[0])
		})
		if n := strings.IndexFunc(got, func(r rune) bool { return r != '\n' && unicode.IsControl(r) || r == 0x202e || r == 0x2028 }); n >= 0 {
			t.Errorf("width %d: %q reaches the terminal", width, got[max(0, n-20):n+20])
		}
		if !strings.Contains(got, "gpj.exe") {
			t.Error("the text itself is lost")
		}
	}
}

// The same thing in several alerts is told once, with the gravest verdict.
func TestEntitiesAreToldOnce(t *testing.T) {
	found, alerts := gather(sample().Alerts)
	told := map[string]string{}
	for _, e := range found {
		told[e.one+" "+e.label] = fmt.Sprintf("%d %s", alerts[e], e.verdict)
	}
	want := map[string]string{
		"device desk-07.contoso.example":    "2 malicious",
		"user anna@contoso.example":         "2 ",
		"process powershell.exe":            "1 malicious",
		"message “Your parcel”":             "1 ",
		"link https://parcel.example/track": "1 suspicious",
	}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// Every kind of evidence is told under a heading there is, by what Microsoft
// names it with.
func TestEveryKindOfEvidence(t *testing.T) {
	kinds := append(kinds(), "")
	told := map[string]bool{}
	for _, tc := range evidenceOfEveryKind() {
		name, fields, _ := strings.Cut(tc, " ")
		text := fmt.Sprintf(`{"@odata.type":"#microsoft.graph.security.%sEvidence",%s}`, name, fields)
		a, err := defender.DecodeAlert(defender.SurfaceGraph, []byte(`{"id":"a","evidence":[`+text+`]}`))
		if err != nil {
			t.Fatal(err)
		}
		if len(a.Evidence) != 1 || string(a.Evidence[0].Type()) != name {
			t.Fatalf("%s: %v", name, a.Evidence)
		}
		e, ok := read(a.Evidence[0])
		if !ok || !strings.Contains(e.label, "NAME") || e.one == "" || !slices.Contains(kinds, e.kind) || e.kind == "" {
			t.Errorf("%s is told as %+v", name, e)
		}
		told[name] = true
		empty, err := defender.DecodeAlert(defender.SurfaceGraph, []byte(`{"id":"a","evidence":[{"@odata.type":"#microsoft.graph.security.`+name+`Evidence"}]}`))
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := read(empty.Evidence[0]); ok {
			t.Errorf("%s without anything is told as %+v", name, e)
		}
	}
	if len(told) != 50 {
		t.Errorf("%d kinds were tried", len(told))
	}
	if _, ok := read(nil); ok {
		t.Error("nothing is told as something")
	}
}

func evidenceOfEveryKind() []string {
	return []string{
		`activeDirectoryDomain "activeDirectoryDomainName":"NAME"`, `aiAgent "agentName":"NAME"`, `amazonResource "amazonResourceId":"NAME"`,
		`analyzedMessage "subject":"NAME"`, `azureResource "resourceId":"NAME"`, `blobContainer "name":"NAME"`, `blob "url":"NAME"`,
		`cloudApplication "displayName":"NAME"`, `cloudLogonRequest "requestId":"NAME"`,
		`cloudLogonSession "account":{"@odata.type":"#microsoft.graph.security.userEvidence","userAccount":{"userPrincipalName":"NAME"}}`,
		`container "containerId":"NAME"`, `containerImage "imageId":"NAME"`, `containerRegistry "registry":"NAME"`, `device "hostName":"NAME"`,
		`dns "domainName":"NAME"`, `file "fileDetails":{"filePath":"C:\\x\\NAME"}`, `fileHash "value":"NAME"`, `gitHubOrganization "login":"NAME"`,
		`gitHubRepo "repoId":"NAME"`, `gitHubUser "userId":"NAME"`, `googleCloudResource "fullResourceName":"NAME"`, `hostLogonSession "sessionId":"NAME"`,
		`ioTDevice "deviceName":"NAME"`, `ip "ipAddress":"NAME"`, `kubernetesCluster "name":"NAME"`, `kubernetesController "name":"NAME"`,
		`kubernetesNamespace "name":"NAME"`, `kubernetesPod "name":"NAME","namespace":{"name":"space"}`, `kubernetesSecret "name":"NAME"`,
		`kubernetesServiceAccount "name":"NAME"`, `kubernetesService "name":"NAME"`, `mailCluster "query":"NAME"`, `mailboxConfiguration "configurationId":"NAME"`,
		`mailbox "upn":"NAME"`, `malware "name":"NAME"`, `networkConnection "destinationAddress":{"ipAddress":"NAME"},"destinationPort":443`, `nic "macAddress":"NAME"`,
		`oauthApplication "appId":"NAME"`, `process "processCommandLine":"NAME -x"`, `registryKey "registryKey":"NAME"`, `registryValue "registryValueName":"NAME"`,
		`sasToken "signatureHash":"NAME"`, `securityGroup "sid":"NAME"`, `servicePrincipal "appId":"NAME"`, `submissionMail "networkMessageId":"NAME"`,
		`teamsMessage "messageId":"NAME"`, `url "url":"NAME"`, `user "userAccount":{"accountName":"NAME"}`, `brandNew "displayName":"NAME"`, `otherNew "id":"NAME"`,
	}
}

func TestWords(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "new": "new", "inProgress": "in progress", "noThreatsFound": "no threats found", "multiStagedAttack": "multi staged attack",
		"microsoftDefenderForEndpoint": "Microsoft Defender for Endpoint", "microsoft365Defender": "Microsoft 365 Defender",
		"microsoftDefenderForDNS": "Microsoft Defender for DNS", "microsoftDefenderForIoT": "Microsoft Defender for IoT",
		"azureAdIdentityProtection": "Azure Ad Identity Protection", "unsupportedOs": "unsupported os", "Already words": "Already words", "PascalCase": "pascal case",
	} {
		if got := words(in); got != want {
			t.Errorf("%q is told as %q, want %q", in, got, want)
		}
	}
}

func TestTimesInWords(t *testing.T) {
	now := at("12:00")
	for _, tc := range []struct {
		ago  time.Duration
		want string
	}{
		{-time.Minute, ""}, {30 * time.Second, " (just now)"}, {5 * time.Minute, " (5 min ago)"}, {25 * time.Hour, " (25 h ago)"}, {72 * time.Hour, " (3 days ago)"},
	} {
		if got := age(now.Add(-tc.ago), now); got != tc.want {
			t.Errorf("%s ago is %q, want %q", tc.ago, got, tc.want)
		}
	}
	for _, tc := range []struct {
		from, to time.Time
		want     string
	}{
		{time.Time{}, time.Time{}, ""}, {at("08:00"), time.Time{}, "2026-11-20 08:00 UTC"}, {time.Time{}, at("08:00"), "2026-11-20 08:00 UTC"},
		{at("08:00"), at("08:00"), "2026-11-20 08:00 UTC"}, {at("08:00"), at("09:30"), "2026-11-20 08:00 to 2026-11-20 09:30 UTC"},
	} {
		if got := span(tc.from, tc.to); got != tc.want {
			t.Errorf("got %q, want %q", got, tc.want)
		}
	}
}

func TestTechniqueURL(t *testing.T) {
	for id, want := range map[string]string{
		"T1566": "https://attack.mitre.org/techniques/T1566/", "T1059.001": "https://attack.mitre.org/techniques/T1059/001/",
		"": "", "T156": "", "T1566.1": "", "T1566.0011": "", "TA0001": "", "T1566/../x": "", "T15a6": "",
	} {
		if got := techniqueURL(id); got != want {
			t.Errorf("%q: got %q, want %q", id, got, want)
		}
	}
}
