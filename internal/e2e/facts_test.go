package e2e

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/defender"
	"github.com/tenantry/tenantry/sandbox/token"
	"github.com/tenantry/tenantry/sandbox/world"
	"github.com/tenantry/tenantry/sandbox/xdrapi"
)

// surfaces serves one world's incidents on both surfaces over TLS and reads
// them with the client of this module.
type surfaces struct {
	world  *world.World
	keys   *token.Keys
	server *httptest.Server
}

func serveSurfaces(t *testing.T, w *world.World) *surfaces {
	t.Helper()
	keys, err := token.Load("", w.Now)
	if err != nil {
		t.Fatal(err)
	}
	api := xdrapi.New(xdrapi.Config{World: w, Verifier: keys})
	mux := http.NewServeMux()
	mux.Handle("/api/", api.XDR())
	mux.Handle("/v1.0/", api.Graph())
	s := &surfaces{world: w, keys: keys, server: httptest.NewTLSServer(mux)}
	t.Cleanup(s.server.Close)
	return s
}

// read reads all incidents of a tenant through one surface, by id.
func (s *surfaces) read(t *testing.T, tenantID string, on defender.Surface) map[string]*defender.Incident {
	t.Helper()
	client, err := defender.New(defender.Config{
		Graph: s.server.URL, XDR: s.server.URL, HTTPClient: s.server.Client(), Now: s.world.Now,
		Token: func(_ context.Context, surface defender.Surface) (string, error) {
			audience, role := "https://graph.microsoft.com", defender.RoleGraphRead
			if surface == defender.SurfaceXDR {
				audience, role = "https://api.security.microsoft.com", defender.RoleXDRRead
			}
			now := s.world.Now()
			return s.keys.Sign(map[string]any{}, map[string]any{
				"aud": audience, "iss": "https://sts.windows.net/" + tenantID + "/", "tid": tenantID, "ver": "1.0", "uti": "u",
				"appid": "99999999-9999-4999-8999-999999999999", "oid": "sp", "sub": "sp", "roles": []string{role},
				"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(time.Hour).Unix(),
			})
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]*defender.Incident{}
	for inc, err := range client.Incidents(on).All(t.Context(), defender.ListOptions{ExpandAlerts: on == defender.SurfaceGraph}) {
		if err != nil {
			t.Fatalf("tenant %s on %s: %v", tenantID, on, err)
		}
		all[inc.ID] = inc
	}
	return all
}

// common is an incident with what only one surface tells taken out, and what
// xdr expresses by null brought to the word that Graph has for it.
//
// Graph alone tells: tenant, description, summary, page, system tags, score,
// who changed it last; of alerts provider, product, detector, recommended
// actions, categories, threat, pages and comments; of evidence verdict,
// remediation, role, tags and creation, and of its parts what is cleared below.
// xdr alone tells: detectionSource of an incident, investigationId, processor.
func common(in *defender.Incident) defender.Incident {
	out := *in
	out.Surface, out.TenantID, out.Description, out.Summary, out.WebURL, out.LastModifiedBy = "", "", "", "", "", ""
	out.ResolvingComment, out.DetectionSource, out.PriorityScore, out.SystemTags, out.Raw, out.Extra = "", "", nil, nil, nil, nil
	out.Tags = orNil(out.Tags)
	out.Comments = commonComments(in.Comments)
	out.Alerts = nil
	for _, a := range in.Alerts {
		out.Alerts = append(out.Alerts, commonAlert(a))
	}
	slices.SortFunc(out.Alerts, func(a, b defender.Alert) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

func commonComments(in []defender.Comment) []defender.Comment {
	var out []defender.Comment
	for _, c := range in {
		c.Extra = nil
		out = append(out, c)
	}
	return out
}

func commonAlert(a defender.Alert) defender.Alert {
	a.TenantID, a.ProviderID, a.ProductName, a.DetectorID, a.PolicyID, a.RecommendedActions = "", "", "", "", "", ""
	a.Categories, a.SystemTags, a.Comments, a.Threat, a.WebURL, a.IncidentWebURL, a.Raw, a.Extra = nil, nil, nil, "", "", "", nil, nil
	a.InvestigationID, a.AdditionalData, a.CustomDetails = "", nil, nil
	a.Techniques = orNil(a.Techniques)
	// An alert that nobody has judged yet: Graph writes unknown, xdr null.
	a.Classification = cmp.Or(a.Classification, defender.ClassificationUnknown)
	a.Determination = cmp.Or(a.Determination, defender.DeterminationUnknown)
	a.InvestigationState = cmp.Or(a.InvestigationState, "unknown")
	var evidence []defender.Evidence
	for _, e := range a.Evidence {
		if e.Type() == defender.EvidenceCloudApplication || e.Type() == defender.EvidenceOAuthApplication {
			continue // xdr has no keys for them
		}
		evidence = append(evidence, commonEvidence(e))
	}
	key := func(e defender.Evidence) string {
		b, err := json.Marshal(e)
		if err != nil {
			panic(err) // plain data
		}
		return string(b)
	}
	slices.SortFunc(evidence, func(a, b defender.Evidence) int { return cmp.Compare(key(a), key(b)) })
	a.Evidence = evidence
	return a
}

// commonEvidence keeps of evidence what xdr has keys for.
func commonEvidence(e defender.Evidence) defender.Evidence {
	switch e := e.(type) {
	case *defender.DeviceEvidence:
		return &defender.DeviceEvidence{
			MDEDeviceID: e.MDEDeviceID, AzureADDeviceID: e.AzureADDeviceID, DeviceDNSName: e.DeviceDNSName,
			OSPlatform: e.OSPlatform, Version: e.Version, OSBuild: e.OSBuild, HealthStatus: e.HealthStatus, RiskScore: e.RiskScore,
			RBACGroupName: e.RBACGroupName, RBACGroupID: e.RBACGroupID, FirstSeenDateTime: e.FirstSeenDateTime,
		}
	case *defender.UserEvidence:
		return &defender.UserEvidence{UserAccount: commonAccount(e.UserAccount)}
	case *defender.FileEvidence:
		return &defender.FileEvidence{FileDetails: commonFile(e.FileDetails), MDEDeviceID: e.MDEDeviceID}
	case *defender.ProcessEvidence:
		return &defender.ProcessEvidence{
			MDEDeviceID: e.MDEDeviceID, ProcessID: e.ProcessID, ProcessCommandLine: e.ProcessCommandLine,
			ProcessCreationDateTime: e.ProcessCreationDateTime, ParentProcessID: e.ParentProcessID,
			ParentProcessCreationDateTime: e.ParentProcessCreationDateTime,
			ImageFile:                     commonFile(e.ImageFile), UserAccount: commonAccount(e.UserAccount),
		}
	case *defender.IPEvidence:
		return &defender.IPEvidence{IPAddress: e.IPAddress}
	case *defender.MailboxEvidence:
		return &defender.MailboxEvidence{PrimaryAddress: e.PrimaryAddress, DisplayName: e.DisplayName, UPN: e.UPN, UserAccount: commonAccount(e.UserAccount)}
	case *defender.AnalyzedMessageEvidence:
		// xdr has one sender; Graph has the envelope's and the visible one.
		m := &defender.AnalyzedMessageEvidence{RecipientEmailAddress: e.RecipientEmailAddress, Subject: e.Subject, DeliveryAction: e.DeliveryAction}
		if e.P2Sender != nil {
			m.P2Sender = &defender.EmailSender{EmailAddress: e.P2Sender.EmailAddress}
		}
		return m
	case *defender.MailClusterEvidence:
		return &defender.MailClusterEvidence{ClusterBy: e.ClusterBy}
	case *defender.RegistryValueEvidence:
		return &defender.RegistryValueEvidence{
			MDEDeviceID: e.MDEDeviceID, RegistryHive: e.RegistryHive, RegistryKey: e.RegistryKey,
			RegistryValueType: e.RegistryValueType, RegistryValue: e.RegistryValue,
		}
	case *defender.RegistryKeyEvidence:
		return &defender.RegistryKeyEvidence{RegistryHive: e.RegistryHive, RegistryKey: e.RegistryKey}
	case *defender.SecurityGroupEvidence:
		return &defender.SecurityGroupEvidence{SecurityGroupID: e.SecurityGroupID, DisplayName: e.DisplayName}
	case *defender.URLEvidence:
		return &defender.URLEvidence{URL: e.URL}
	}
	return &defender.UnknownEvidence{Kind: e.Type()}
}

func commonAccount(a *defender.UserAccount) *defender.UserAccount {
	if a == nil {
		return nil
	}
	return &defender.UserAccount{
		AccountName: a.AccountName, DomainName: a.DomainName, UserSID: a.UserSID, AzureADUserID: a.AzureADUserID, UserPrincipalName: a.UserPrincipalName,
	}
}

func commonFile(f *defender.FileDetails) *defender.FileDetails {
	if f == nil {
		return nil
	}
	return &defender.FileDetails{FileName: f.FileName, FilePath: f.FilePath, SHA1: f.SHA1, SHA256: f.SHA256}
}

// notHowItWasTold leaves out what the client's types remember of how an answer
// was written.
func notHowItWasTold() gocmp.Option {
	return gocmp.FilterPath(func(p gocmp.Path) bool {
		f, ok := p.Last().(gocmp.StructField)
		return ok && strings.ToLower(f.Name()[:1]) == f.Name()[:1]
	}, gocmp.Ignore())
}

func orNil(s []string) []string {
	if len(s) == 0 {
		return nil
	}
	return s
}

// TestSurfacesTellTheSameFacts reads the incidents of many seeds through both
// surfaces: what both tell must be equal, word for word and to the tick.
func TestSurfacesTellTheSameFacts(t *testing.T) {
	const seeds, count = 60, 12
	now := time.Date(2026, 11, 16, 12, 0, 0, 0, time.UTC)
	w := world.New(func() time.Time { return now })
	var tenants []string
	for seed := uint64(1); seed <= seeds; seed++ {
		tn, err := w.AddTenant(world.Tenant{
			Name: fmt.Sprintf("Seed %d", seed), Domains: []string{fmt.Sprintf("seed%d.example", seed)}, Licences: []string{world.LicenceDefenderXDR},
			ID:        world.DeriveGUID("seed", fmt.Sprint(seed)),
			Users:     []*world.User{{ID: world.DeriveGUID("user", fmt.Sprint(seed)), UPN: fmt.Sprintf("ana@seed%d.example", seed), Name: "Ana Lyst"}},
			Incidents: world.IncidentSource{Count: count, Seed: seed},
		})
		if err != nil {
			t.Fatal(err)
		}
		tenants = append(tenants, tn.ID)
	}
	s := serveSurfaces(t, w)
	told := map[string]map[string]int{}
	tell := func(enum, value string) {
		if told[enum] == nil {
			told[enum] = map[string]int{}
		}
		told[enum][value]++
	}
	for _, id := range tenants {
		graph, xdr := s.read(t, id, defender.SurfaceGraph), s.read(t, id, defender.SurfaceXDR)
		if len(graph) != count || len(xdr) != count {
			t.Fatalf("tenant %s: %d incidents on graph, %d on xdr, want %d", id, len(graph), len(xdr), count)
		}
		for incident, g := range graph {
			x, ok := xdr[incident]
			if !ok {
				t.Fatalf("tenant %s: incident %s is on graph alone", id, incident)
			}
			if d := gocmp.Diff(common(g), common(x), notHowItWasTold()); d != "" {
				t.Fatalf("tenant %s, incident %s: graph (-) and xdr (+) differ: %s", id, incident, d)
			}
			if g.TenantID != id {
				t.Errorf("tenant %s, incident %s: Graph says tenant %s", id, incident, g.TenantID)
			}
			tell("status", string(g.Status))
			tell("severity", string(g.Severity))
			tell("classification", string(g.Classification))
			tell("determination", string(g.Determination))
			for _, a := range g.Alerts {
				tell("alert status", string(a.Status))
				tell("service source", a.ServiceSource)
				tell("detection source", a.DetectionSource)
				for _, e := range a.Evidence {
					tell("evidence", string(e.Type()))
				}
			}
		}
	}
	// Equal facts prove little about an enum of which one value was told.
	for enum, least := range map[string]int{
		"status": 3, "severity": 4, "classification": 4, "determination": 5, "alert status": 3, "service source": 3, "detection source": 4, "evidence": 7,
	} {
		if len(told[enum]) < least {
			t.Errorf("%d seeds told only %v of %s", seeds, told[enum], enum)
		}
	}
	t.Logf("%d incidents of %d seeds; told: %v", seeds*count, seeds, told)
}

// Members of the enums as the v1.0 metadata of Microsoft Graph has them, in
// the hands of neither side. unknownFutureValue is no value but a mark.
const (
	statusMembers         = "active resolved inProgress redirected awaitingAction"
	severityMembers       = "unknown informational low medium high"
	alertStatusMembers    = "new inProgress resolved"
	classificationMembers = "unknown falsePositive truePositive informationalExpectedActivity"
	determinationMembers  = "unknown apt malware securityPersonnel securityTesting unwantedSoftware other multiStagedAttack " +
		"compromisedAccount phishing maliciousUserActivity notMalicious notEnoughDataToValidate confirmedActivity lineOfBusinessApplication"
	serviceSourceMembers = "unknown microsoftDefenderForEndpoint microsoftDefenderForIdentity microsoftDefenderForCloudApps " +
		"microsoftDefenderForOffice365 microsoft365Defender azureAdIdentityProtection microsoftAppGovernance dataLossPrevention " +
		"microsoftDefenderForCloud microsoftSentinel microsoftInsiderRiskManagement microsoftThreatIntelligence microsoftSecurityForAI"
	detectionSourceMembers = "unknown microsoftDefenderForEndpoint antivirus smartScreen customTi microsoftDefenderForOffice365 " +
		"automatedInvestigation microsoftThreatExperts customDetection microsoftDefenderForIdentity cloudAppSecurity microsoft365Defender " +
		"azureAdIdentityProtection manual microsoftDataLossPrevention appGovernancePolicy appGovernanceDetection microsoftDefenderForCloud " +
		"microsoftDefenderForIoT microsoftDefenderForServers microsoftDefenderForStorage microsoftDefenderForDNS microsoftDefenderForDatabases " +
		"microsoftDefenderForContainers microsoftDefenderForNetwork microsoftDefenderForAppService microsoftDefenderForKeyVault " +
		"microsoftDefenderForResourceManager microsoftDefenderForApiManagement nrtAlerts scheduledAlerts " +
		"microsoftDefenderThreatIntelligenceAnalytics builtInMl microsoftInsiderRiskManagement microsoftThreatIntelligence " +
		"microsoftDefenderForAIServices securityCopilot microsoftSentinel"
	investigationMembers = "unknown terminated successfullyRemediated benign failed partiallyRemediated running pendingApproval " +
		"pendingResource queued innerFailure preexistingAlert unsupportedOs unsupportedAlertType suppressedAlert partiallyInvestigated " +
		"terminatedByUser terminatedBySystem"
)

// TestEverySpellingIsRead puts every member of every enum into an incident of
// its own, lets both surfaces write it in their own spelling, and wants the
// client to read the member itself from both.
func TestEverySpellingIsRead(t *testing.T) {
	now := time.Date(2026, 11, 16, 12, 0, 0, 0, time.UTC)
	type probe struct {
		enum, member string
		read         func(*defender.Incident) string
	}
	var recorded []*world.Incident
	probes := map[string]probe{}
	add := func(enum, members string, put func(*world.Incident, string), read func(*defender.Incident) string) {
		for member := range strings.FieldsSeq(members) {
			id := int64(len(recorded) + 1)
			at := now.Add(-time.Duration(id) * time.Minute)
			in := &world.Incident{
				ID: id, Name: enum + " " + member, Status: "active", Severity: "low", Classification: "unknown", Determination: "unknown", Created: at, LastUpdate: at,
				Alerts: []*world.Alert{{
					ID: fmt.Sprintf("da%d", id), Title: member, Status: "new", Severity: "low", Classification: "unknown", Determination: "unknown",
					ServiceSource: "microsoft365Defender", DetectionSource: "manual", InvestigationState: "unknown", Created: at, LastUpdate: at,
				}},
			}
			put(in, member)
			recorded = append(recorded, in)
			probes[fmt.Sprint(id)] = probe{enum, member, read}
		}
	}
	add("status", statusMembers, func(i *world.Incident, m string) { i.Status = m }, func(i *defender.Incident) string { return string(i.Status) })
	add("severity", severityMembers, func(i *world.Incident, m string) { i.Severity = m }, func(i *defender.Incident) string { return string(i.Severity) })
	add("classification", classificationMembers, func(i *world.Incident, m string) { i.Classification = m }, func(i *defender.Incident) string { return string(i.Classification) })
	add("determination", determinationMembers, func(i *world.Incident, m string) { i.Determination = m }, func(i *defender.Incident) string { return string(i.Determination) })

	first := func(i *defender.Incident) defender.Alert {
		if len(i.Alerts) != 1 {
			return defender.Alert{Title: "no alert"}
		}
		return i.Alerts[0]
	}
	add("alert status", alertStatusMembers, func(i *world.Incident, m string) { i.Alerts[0].Status = m }, func(i *defender.Incident) string { return string(first(i).Status) })
	add("alert severity", severityMembers, func(i *world.Incident, m string) { i.Alerts[0].Severity = m }, func(i *defender.Incident) string { return string(first(i).Severity) })
	add("alert classification", classificationMembers, func(i *world.Incident, m string) { i.Alerts[0].Classification = m }, func(i *defender.Incident) string {
		return string(cmp.Or(first(i).Classification, defender.ClassificationUnknown))
	})
	add("alert determination", determinationMembers, func(i *world.Incident, m string) { i.Alerts[0].Determination = m }, func(i *defender.Incident) string {
		return string(cmp.Or(first(i).Determination, defender.DeterminationUnknown))
	})
	add("service source", serviceSourceMembers, func(i *world.Incident, m string) { i.Alerts[0].ServiceSource = m }, func(i *defender.Incident) string { return first(i).ServiceSource })
	add("detection source", detectionSourceMembers, func(i *world.Incident, m string) { i.Alerts[0].DetectionSource = m }, func(i *defender.Incident) string { return first(i).DetectionSource })
	add("investigation state", investigationMembers, func(i *world.Incident, m string) { i.Alerts[0].InvestigationState = m }, func(i *defender.Incident) string { return first(i).InvestigationState })

	w := world.New(func() time.Time { return now })
	tn, err := w.AddTenant(world.Tenant{
		ID: "11111111-1111-4111-8111-111111111111", Name: "Enums", Domains: []string{"enums.example"},
		Licences: []string{world.LicenceDefenderXDR}, Incidents: world.IncidentSource{Recorded: recorded},
	})
	if err != nil {
		t.Fatal(err)
	}
	s := serveSurfaces(t, w)
	for _, on := range defender.Surfaces() {
		read := s.read(t, tn.ID, on)
		if len(read) != len(recorded) {
			t.Fatalf("%s told %d of %d incidents", on, len(read), len(recorded))
		}
		for id, in := range read {
			p := probes[id]
			if got := p.read(in); got != p.member {
				t.Errorf("%s, %s: the world has %q, the client read %q from %s", on, p.enum, p.member, got, in.Raw)
			}
		}
	}
}
