package world

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// goodFiles and badFiles are found, not listed: a file without an entry in the
// table of messages fails.
func files(t *testing.T, pattern string) []string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join("testdata", pattern))
	if err != nil || len(all) == 0 {
		t.Fatalf("no file testdata/%s: %v", pattern, err)
	}
	return all
}

func TestGoodFiles(t *testing.T) {
	for _, path := range files(t, "*.good.yaml") {
		f, err := LoadFile(path)
		if err != nil {
			t.Errorf("%s is refused:\n%v", path, err)
			continue
		}
		if _, err := f.Build(testClock); err != nil {
			t.Errorf("%s does not build: %v", path, err)
		}
	}
}

func TestBadFiles(t *testing.T) {
	want := map[string][]string{
		"documents.bad.yaml": {
			`2:1: a second YAML document; put everything into one document`,
		},
		"empty.bad.yaml": {
			`1:1: the file is empty; declare at least one tenant`,
		},
		"keys.bad.yaml": {
			`1:1: tenant: unknown key "tenant"; did you mean "tenants"?`,
			`5:5: tenants[0].domain: unknown key "domain"; did you mean "domains"?`,
			`7:5: tenants[0].olderErors: unknown key "olderErors"; did you mean "olderErrors"?`,
			`10:9: tenants[0].users[0].role: unknown key "role"; did you mean "roles"?`,
			`11:5: tenants[0].name: key "name" is given twice, first in line 4; keep one of them`,
			`15:32: apps[0].secrets[0].ends: unknown key "ends"; did you mean "end"?`,
		},
		"kinds.bad.yaml": {
			`2:11: tenants[0].name: must be text, not a number; put it in quotes`,
			`3:14: tenants[0].domains: must be a list, not text; write one "- …" line per entry`,
			`4:18: tenants[0].olderErrors: must be true or false, not text; write true or false`,
			`5:12: tenants[0].users: anchors and aliases are not read; write the value out`,
			`8:24: tenants[0].incidents.count: must be a whole number, not text; write digits`,
			`8:36: tenants[0].incidents.seed: "-1" is not in range; write a number that is not negative and below 2^64`,
			`11:12: tenants[1].users: anchors and aliases are not read; write the value out`,
			`15:20: apps[0].tokenLifetime: "1 hour" is not a duration; write a number with a unit, such as "90s", "10m" or "1h"`,
			`17:28: apps[0].secrets[0].end: "tomorrow" is not a time; write an offset from the world's start such as "-24h" or "+180d", or an RFC 3339 time such as 2027-01-31T00:00:00Z`,
			`18:20: apps[0].requiredRoles: must be a list, not a mapping; write one "- …" line per entry`,
			`20:54: consents[0].roles: "everything" is not a set of roles; write all, none, or a mapping such as {xdr: [Incident.Read.All]}`,
			`21:5: consents[1]: must be a mapping, not text; its keys are tenant, app, roles, disabled`,
		},
		"list.bad.yaml": {
			`1:1: a world file is a mapping of tenants, apis, apps, consents, delays, limits, faults, rate; declare at least one tenant`,
		},
		"references.bad.yaml": {
			`3:32: tenants[1].domains[0]: domain "contoso.onmicrosoft.com" is declared twice (also of tenant "Contoso"); a domain belongs to one tenant`,
			`5:50: apis[0].identifierUris[0]: identifier URI "https://graph.microsoft.com/" is that of Microsoft Graph; an identifier URI belongs to one API`,
			`5:94: apis[0].roles[1]: permission "A" is declared twice; drop one of them`,
			`5:112: apis[0].tokenVersion: 3 is not a token version; write 1 or 2`,
			`8:17: apps[0].homeTenant: no tenant of this file has the id or domain "contosso.onmicrosoft.com"; did you mean "contoso.onmicrosoft.com"?`,
			`9:12: apps[0].appId: application id 00000003-0000-0000-c000-000000000000 is that of Microsoft's Microsoft Graph; give the application its own id`,
			`10:19: apps[1].displayName: the name "Task service" is declared twice (also at apis[0]); give every application its own name`,
			`11:33: apps[2].appId: application id de567d55-5fda-41a5-ba85-265bbb2dec93 is declared twice (also at apis[0]); give every application its own id`,
			`17:14: consents[0].tenant: no tenant of this file has the id or domain "fabrikan.onmicrosoft.com"; did you mean "fabrikam.onmicrosoft.com"?`,
			`17:45: consents[0].app: no application of this file is called "Insid"; did you mean "Inside"?`,
			`18:45: consents[1].app: Inside is single-tenant and cannot enter Fabrikam; give it audience AzureADMultipleOrgs`,
			`18:60: consents[1].roles: Fabrikam has no licence for Microsoft Threat Protection; give the tenant one of the licences defender-xdr`,
			`19:5: consents[2].roles: it is not said what is granted; write all, none, or a mapping such as {xdr: [Incident.Read.All]}`,
			`20:5: consents[3]: the consent of Contoso to Inside is declared twice; put everything into one entry`,
			`20:66: consents[3].roles.xdr[0]: Microsoft Threat Protection offers no application role "Incident.Read.Al"; did you mean "Incident.Read.All"?`,
			`20:91: consents[3].roles.mail: no API is called "mail"; use one of graph, xdr, mde, arm, keyvault, Task service`,
		},
		"machines.bad.yaml": {
			`4:15: tenants[0].machines: "few" is not what can be said of machines; use one of none`,
		},
		"sandbox.bad.yaml": {
			`4:23: tenants[0].standaloneAlerts: -1 is not a number of alerts; write a number from 0 to 20000`,
			`5:38: tenants[0].incidents.bigAlerts: 20001 is not a number of alerts; write a number from 0 to 20000`,
			`5:54: tenants[0].incidents.hostile: must be true or false, not a number; write true or false`,
			`6:19: delays.consent: -1s is not a delay; write one from 0s to 1h0m0s`,
			`6:36: delays.credential: 2h0m0s is not a delay; write one from 0s to 1h0m0s`,
			`6:40: delays.other: unknown key "other"; use one of consent, credential`,
			`8:16: limits.one.calls: 0 is not a number of calls; write 1 or more, or limits: off`,
			`9:3: limits.two.per: 0s is not the time of a limit; write one up to 24h, such as 1m`,
			`10:10: limits.three: must be a mapping, not a number; its keys are calls, per`,
			`11:29: limits.four.every: unknown key "every"; use one of calls, per`,
			`13:5: faults[0]: must be a mapping, not text; write one such as {kind: slow, delay: 2s}`,
			`14:5: faults[1]: the fault has no kind; write one such as kind: slow`,
			`15:5: faults[2]: anchors and aliases are not read; write the value out`,
			`16:25: faults[3].delay: anchors and aliases are not read; write the value out`,
			`16:36: faults[3].times: ".inf" is not in range; write a number such as 0.5`,
			`17:18: faults[4].kind: key "kind" is given twice, first in line 17; keep one of them`,
			`18:7: rate: must be a number, not text; write digits`,
		},
		"settings.bad.yaml": {
			`2:8: delays: must be a mapping, not nothing; its keys are consent, credential`,
			`3:9: limits: must be limits, not text; write off, or a mapping such as {graph.incidents/minute: {calls: 10, per: 1m}}`,
			`4:9: faults: must be a list, not a mapping; write one "- …" line per entry`,
			`5:7: rate: -1 is not a number of events per minute; write a number from 0 to 6000`,
		},
		"syntax.bad.yaml": {
			`2:1: did not find expected node content; the file must be valid YAML`,
		},
		"values.bad.yaml": {
			`2:9: tenants[0].id: "contoso" is not a tenant id; write a GUID such as 50d858e0-985e-4c7f-a041-8aaf0cc5ab58, or leave it out`,
			`4:15: tenants[0].domains[0]: "contoso" is not a domain name; write one such as contoso.onmicrosoft.com`,
			`4:49: tenants[0].domains[2]: domain "contoso.onmicrosoft.com" is declared twice (also of tenant "Contoso"); a domain belongs to one tenant`,
			`5:12: tenants[0].cloud: "publik" is not a cloud; did you mean "public"?`,
			`6:13: tenants[0].region: "EUR" is not a region; did you mean "EU"?`,
			`7:30: tenants[0].licences[1]: "defender" is not a licence; did you mean "defender-xdr"?`,
			`9:15: tenants[0].users[0].upn: "admin" is not a user principal name; write one such as admin@contoso.onmicrosoft.com`,
			`9:30: tenants[0].users[0].roles[0]: "Global Admin" is not a directory role; did you mean "Global Administrator"?`,
			`10:15: tenants[0].users[1].upn: domain "elsewhere.example" is not one of the tenant's; use one of contoso.onmicrosoft.com`,
			`12:15: tenants[0].users[3].upn: user "jo@contoso.onmicrosoft.com" is declared twice (also at tenants[0].users[2]); give every user a name of his own`,
			`13:9: tenants[0].users[4].upn: the user has no user principal name; write one such as admin@contoso.onmicrosoft.com`,
			`14:24: tenants[0].incidents.count: 10001 is not a number of incidents; write a number from 0 to 10000`,
			`14:39: tenants[0].incidents.files[0]: the file cannot be read: it does not exist; give the path of a JSON file, relative to the world file`,
			`14:50: tenants[0].incidents.files[1]: empty.jwks.json: incident 0 of the file: neither "id" (Graph) nor "incidentId" (Defender XDR) is there; give incidents as Graph /security/incidents or /api/incidents answer them`,
			`15:11: tenants[1].name: the tenant has no name; give the name that consent pages show`,
			`16:14: tenants[1].domains: the tenant has no domain; give at least one, such as contoso.onmicrosoft.com`,
			`19:12: apps[0].appId: "not-a-guid" is not an application id; write a GUID such as 50d858e0-985e-4c7f-a041-8aaf0cc5ab58, or leave it out`,
			`20:15: apps[0].audience: "AzureADMultipleOrg" is not a sign-in audience; did you mean "AzureADMultipleOrgs"?`,
			`21:20: apps[0].redirectUris[0]: "http://portal.example" is not a redirect URI; write an https URL without a fragment, or http on localhost`,
			`21:43: apps[0].redirectUris[1]: "portal" is not a redirect URI; write an https URL without a fragment, or http on localhost`,
			`23:57: apps[0].secrets[0].end: the secret ends at +1h0m0s, not after its start at +2h0m0s; let it end after its start`,
			`24:9: apps[0].secrets[1].value: the secret has no value; write what a client sends as client_secret`,
			`25:29: apps[0].secrets[2].value: another secret of the application has the same value; give every secret its own value`,
			`27:9: apps[0].certificates[0]: the certificate is neither in a file nor inline; give file or pem`,
			`28:46: apps[0].certificates[1].pem: both a file and an inline PEM are given; keep one of them`,
			`29:31: apps[0].certificates[2].file: the certificate cannot be read: it does not exist; give the path of a PEM file, relative to the world file`,
			`30:33: apps[0].certificates[3].pem: there is no certificate in the PEM text; give a PEM block BEGIN CERTIFICATE with an X.509 certificate`,
			`32:27: apps[0].federatedCredentials[0].issuer: "http://issuer.example" is not an issuer; write its https URL, exactly as the iss claim has it`,
			`32:59: apps[0].federatedCredentials[0].subject: the federated credential has no subject; write the sub claim of the assertions it trusts`,
			`33:16: apps[0].federatedCredentials[1].name: the federated credential "f" is declared twice; give every one its own name`,
			`33:73: apps[0].federatedCredentials[1].jwksFile: empty.jwks.json: the key set has no key; give a JSON Web Key Set: {"keys": [{"kty": "RSA", "kid": …, "n": …, "e": …}]}`,
			`35:33: apps[0].requiredRoles[0].roles[0]: Microsoft Threat Protection offers no application role "Incidents.Read.All"; did you mean "Incident.Read.All"?`,
			`36:20: apps[0].requiredRoles[1].resource: no API is called "graf"; did you mean "graph"?`,
			`37:36: apps[0].requiredRoles[2].scopes[0]: Microsoft Graph offers no delegated permission "user.red"; did you mean "User.Read"?`,
			`38:9: apps[0].requiredRoles[3]: nothing is asked of Microsoft Threat Protection; name roles or scopes, or drop the entry`,
			`38:20: apps[0].requiredRoles[3].resource: Microsoft Threat Protection is asked for twice; put all its permissions into one entry`,
			`39:20: apps[0].tokenLifetime: 25h0m0s is not a token's lifetime; write one from 1s to 24h`,
		},
	}
	for _, path := range files(t, "*.bad.yaml") {
		name := filepath.Base(path)
		f, err := LoadFile(path)
		var problems Problems
		if f != nil || !errors.As(err, &problems) {
			t.Errorf("%s: LoadFile = %v, %v; want Problems", name, f, err)
			continue
		}
		var got []string
		for _, p := range problems {
			got = append(got, strings.TrimPrefix(p.String(), path+":"))
			if p.Message == "" || p.Remedy == "" || p.Line < 1 || p.Column < 1 || p.File != path {
				t.Errorf("%s: a problem is not complete: %#v", name, p)
			}
		}
		if d := cmp.Diff(want[name], got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
		if strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: the error tells a secret's value", name)
		}
		delete(want, name)
	}
	for name := range want {
		t.Errorf("testdata/%s is in the table but not in the folder", name)
	}
}

func TestLoadFileMissing(t *testing.T) {
	_, err := LoadFile(filepath.Join(t.TempDir(), "none.yaml"))
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("LoadFile = %v, want fs.ErrNotExist", err)
	}
}

// TestOddPaths: a world file cannot make the parser read what never ends.
func TestOddPaths(t *testing.T) {
	text := "tenants: [{name: A, domains: [a.example], incidents: {files: [.]}}]"
	_, err := ParseFile([]byte(text), InDir(t.TempDir()), Named("w.yaml"))
	if want := "w.yaml:1:63: tenants[0].incidents.files[0]: the file cannot be read: it is not a file; give the path of a JSON file, relative to the world file"; err == nil || err.Error() != want {
		t.Errorf("ParseFile = %v, want %s", err, want)
	}
}

func TestParseWhen(t *testing.T) {
	good := map[string]string{
		"now": testEpoch.Format("2006-01-02T15:04:05"), "-24h": "2026-11-21T12:34:56", "+180d": "2027-05-21T12:34:56", "+1d12h": "2026-11-24T00:34:56",
		"-90s": "2026-11-22T12:33:26", "2027-01-31T01:00:00+01:00": "2027-01-31T00:00:00",
	}
	for in, want := range good {
		w, err := ParseWhen(in)
		if err != nil {
			t.Errorf("ParseWhen(%q): %v", in, err)
			continue
		}
		if got := w.At(testEpoch).Format("2006-01-02T15:04:05"); got != want {
			t.Errorf("%s is %s, want %s", in, got, want)
		}
	}
	for _, in := range []string{"", "24h", "+", "-h", "+1w", "+1.5h", "+99999d", "-9999999d", "tomorrow", "2027-01-31", "2027-13-01T00:00:00Z"} {
		if w, err := ParseWhen(in); err == nil {
			t.Errorf("ParseWhen(%q) = %v, want an error", in, w)
		}
	}
}

func TestSuggest(t *testing.T) {
	f := func(word string, allowed []string, want string) {
		t.Helper()
		if got := suggest(word, allowed); got != want {
			t.Errorf("suggest(%q) = %q, want %q", word, got, want)
		}
	}
	f("publci", clouds(), `did you mean "public"?`)
	f("usgov-hihg", clouds(), `did you mean "usgov-high"?`)
	f("moon", clouds(), "use one of public, usgov-gcc, usgov-high, usgov-dod")
	f("Security", DirectoryRoles(), `did you mean "Security Administrator"?`)
	f("x", nil, "")
}

func FuzzParseFile(f *testing.F) {
	for _, pattern := range []string{"*.good.yaml", "*.bad.yaml"} {
		paths, _ := filepath.Glob(filepath.Join("testdata", pattern))
		for _, p := range paths {
			if data, err := os.ReadFile(p); err == nil {
				f.Add(data)
			}
		}
	}
	f.Add(DefaultYAML())
	f.Fuzz(func(t *testing.T, data []byte) {
		spec, err := ParseFile(data, InDir("testdata"))
		if err != nil {
			var problems Problems
			if !errors.As(err, &problems) || len(problems) == 0 {
				t.Fatalf("error is no list of problems: %v", err)
			}
			return
		}
		for i, raw := range spec.Faults {
			if !json.Valid(raw) {
				t.Fatalf("faults[%d] is kept as %q", i, raw)
			}
		}
		if _, err := spec.Build(testClock); err != nil {
			// Only the order of a secret's times can wait for the clock.
			if !strings.Contains(err.Error(), "not after its start") {
				t.Fatalf("parsed but does not build: %v", err)
			}
		}
	})
}
