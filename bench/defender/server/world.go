package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/tenantry/tenantry/sandbox"
	"github.com/tenantry/tenantry/sandbox/world"
)

const (
	appID = "aaaaaaaa-1111-4222-8333-444444444444"

	// The tenants of the fleet follow those of purposes.
	fleetSize      = 1000
	fleetIncidents = 10 // of each of its tenants, generated

	decodeIncidents = 50 // of the tenant to decode, generated
)

// purposes are what the first tenants are for, in the order of their numbers:
// generated stories to decode; alike incidents to serve; short and long lists
// of those.
var purposes = []string{"decode", "serve", "short", "long"}

// alike is how many incidents of three alerts with four entities a tenant has.
var alike = map[string]int{"serve": 600, "short": 200, "long": 20_000}

// tenantID is the id of tenant number i.
func tenantID(i int) string {
	return fmt.Sprintf("%08x-0000-4000-8000-%012x", uint32(i)*2654435761, i)
}

func makeWorld() (*world.World, error) {
	now := time.Now()
	w := world.New(nil)
	for i := range len(purposes) + fleetSize {
		t := world.Tenant{
			ID: tenantID(i), Name: fmt.Sprint("Customer ", i), Domains: []string{fmt.Sprintf("customer%d.example", i)},
			Licences: []string{world.LicenceDefenderXDR}, Incidents: world.IncidentSource{Count: fleetIncidents, Seed: uint64(i)},
		}
		if i < len(purposes) && purposes[i] == "decode" {
			t.Incidents.Count = decodeIncidents
		}
		if i < len(purposes) && alike[purposes[i]] > 0 {
			t.Incidents = world.IncidentSource{Recorded: manyIncidents(alike[purposes[i]], now)}
		}
		if _, err := w.AddTenant(t); err != nil {
			return nil, err
		}
	}
	_, err := w.CreateApp(world.App{AppID: appID, DisplayName: "Bench", HomeTenant: tenantID(0)})
	return w, err
}

// makeTokens signs application tokens for all tenants, as the sandbox's token
// service would after consent.
func makeTokens(s *sandbox.Sandbox, now time.Time) (map[string]Tokens, error) {
	tokens := map[string]Tokens{}
	sign := func(tenant, audience, role string) (string, error) {
		return s.Keys().Sign(map[string]any{}, map[string]any{
			"aud": audience, "iss": "https://sts.windows.net/" + tenant + "/", "appid": appID, "ver": "1.0", "uti": "u",
			"tid": tenant, "oid": "sp", "sub": "sp", "roles": []string{role},
			"nbf": now.Unix(), "iat": now.Unix(), "exp": now.Add(6 * time.Hour).Unix(),
		})
	}
	for i := range len(purposes) + fleetSize {
		var t Tokens
		var err error
		if t.Graph, err = sign(tenantID(i), "https://graph.microsoft.com", "SecurityIncident.Read.All"); err != nil {
			return nil, err
		}
		if t.XDR, err = sign(tenantID(i), "https://api.security.microsoft.com", "Incident.Read.All"); err != nil {
			return nil, err
		}
		tokens[tenantID(i)] = t
	}
	return tokens, nil
}

// manyIncidents are n incidents with three alerts of four entities each, a
// second apart, the newest now.
func manyIncidents(n int, now time.Time) []*world.Incident {
	out := make([]*world.Incident, n)
	for i := range out {
		at := now.Add(-time.Duration(i) * time.Second)
		in := &world.Incident{
			ID: int64(1000 + n - i), Name: fmt.Sprintf("Multi-stage incident %d on several endpoints", i), Created: at, LastUpdate: at,
			Status: "active", Severity: "medium", Classification: "unknown", Determination: "unknown",
		}
		for j := range 3 {
			in.Alerts = append(in.Alerts, &world.Alert{
				ID: fmt.Sprintf("da%018d_%d", i, j), IncidentID: in.ID, ProviderAlertID: fmt.Sprintf("%018d_%d", i, j), Title: "Suspicious process", Description: "A process behaved as attackers' tools do.",
				Category: "Execution", ServiceSource: "microsoftDefenderForEndpoint", DetectionSource: "antivirus", Severity: "medium", Status: "new",
				Created: at, LastUpdate: at, FirstActivity: at, LastActivity: at, Techniques: []string{"T1059.001"}, Entities: entities(at),
			})
		}
		out[i] = in
	}
	return out
}

// entities are a device, a user, a file and a process.
func entities(at time.Time) []world.Entity {
	account := &world.Account{Name: "ana", Domain: "CONTOSO", SID: "S-1-5-21-1085031214-1563985344-725345543-1104", EntraID: "44444444-4444-4444-8444-444444444444", UPN: "ana@contoso.example", Display: "Ana Lyst"}
	device := &world.Device{
		MDEID: strings.Repeat("ab", 20), EntraID: "77777777-7777-4777-8777-777777777777", Host: "pc1", Domain: "contoso.example",
		OSPlatform: "Windows11", OSVersion: "23H2", OSBuild: 22631, Health: "active", Risk: "high", Onboarding: "onboarded", AVStatus: "updated",
		FirstSeen: at, LastIP: "10.0.0.5", LoggedOnUser: account,
	}
	file := world.File{Name: "loader.exe", Path: `C:\ProgramData\cache`, SHA1: strings.Repeat("1a", 20), SHA256: strings.Repeat("2b", 32), Size: 512, DeviceMDEID: device.MDEID}
	return []world.Entity{
		{Kind: world.EntityDevice, Device: device, Verdict: "suspicious", Remediation: "none", Created: at},
		{Kind: world.EntityUser, Account: account, Verdict: "suspicious", Remediation: "active", Created: at},
		{Kind: world.EntityFile, File: &file, Verdict: "malicious", Remediation: "prevented", Created: at},
		{Kind: world.EntityProcess, Process: &world.Process{ID: 4242, CommandLine: "loader.exe -q -w hidden", Started: at, Image: file, ParentID: 17, Account: account, DeviceMDEID: device.MDEID}, Verdict: "malicious", Created: at},
	}
}
