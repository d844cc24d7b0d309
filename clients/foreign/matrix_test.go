package foreign

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// client is one foreign client: how it is started, and how its own errors look.
type client struct {
	name    string
	command func(s *sandbox) []string
	// errorTypes are the types that are the client's own for a refused token
	// and for a refused API call. A refusal that ends in anything else fails.
	tokenErrors, apiErrors []string
	// says overrides, per case, what the client's error text must contain
	// where the client hides the AADSTS code.
	says map[string]string
	// cannot lists the cases that the client cannot produce, with the reason.
	cannot map[string]string
	env    map[string]string
	// mayAsk lists hosts that the client asks for besides Microsoft's, and
	// lives without; the sandbox refuses them.
	mayAsk []string
}

func program(parts ...string) func(*sandbox) []string {
	return func(s *sandbox) []string {
		all := slices.Clone(parts)
		for i := range all {
			all[i] = strings.ReplaceAll(all[i], "HOME", s.home)
		}
		return all
	}
}

const (
	onlySecret = "the documented program knows only a client secret"
	usesV1     = "the request is version 1: it names a resource, not a scope"
)

var foreignClients = []client{
	{
		name:        "curl, version 1 on login.windows.net",
		command:     program("bash", "../programs/shell/curl.sh"),
		env:         map[string]string{"PROTOCOL": "v1"},
		tokenErrors: []string{"invalid_client", "unauthorized_client", "invalid_tenant", "invalid_resource"},
		apiErrors:   []string{"Unauthorized", "Forbidden"},
		cannot:      map[string]string{"1002012": usesV1},
	},
	{
		name:        "curl, version 2",
		command:     program("bash", "../programs/shell/curl.sh"),
		tokenErrors: []string{"invalid_client", "unauthorized_client", "invalid_tenant", "invalid_scope"},
		apiErrors:   []string{"Unauthorized", "Forbidden"},
	},
	{
		name:        "Python program of the partner page",
		command:     program("python3", "../programs/python/partner_page.py"),
		tokenErrors: []string{"urllib.error.HTTPError"},
		apiErrors:   []string{"urllib.error.HTTPError"},
		cannot:      map[string]string{"1002012": usesV1, "700027": onlySecret, "certificate": onlySecret, "federated": onlySecret},
	},
	{
		name:        "MSAL Go",
		command:     program("HOME/bin/msal-go"),
		tokenErrors: []string{"errors.CallErr"},
		apiErrors:   []string{"http.Response"},
	},
	{
		name:        "azidentity",
		command:     program("HOME/bin/azidentity"),
		tokenErrors: []string{"azidentity.AuthenticationFailedError"},
		apiErrors:   []string{"http.Response"},
	},
	{
		name:        "MSAL Python",
		command:     program("HOME/python/bin/python", "../programs/python/msal_client.py"),
		tokenErrors: []string{"invalid_client", "unauthorized_client", "invalid_scope", "invalid_tenant", "ValueError"},
		apiErrors:   []string{"requests.HTTPError"},
		says:        map[string]string{"90002": "Unable to get authority configuration"},
	},
	{
		name:        "MSAL Node",
		command:     program("node", "HOME/node/msal-node.mjs"),
		tokenErrors: []string{"ServerError", "ClientAuthError"},
		apiErrors:   []string{"Response"},
	},
	{
		name:        "@azure/identity",
		command:     program("node", "HOME/node/azure-identity.mjs"),
		tokenErrors: []string{"AuthenticationRequiredError", "AuthenticationError"},
		apiErrors:   []string{"Response"},
	},
	{
		name:        "openid-client",
		command:     program("node", "HOME/node/openid-client.mjs"),
		tokenErrors: []string{"ResponseBodyError", "ClientError"},
		apiErrors:   []string{"Response"},
		says:        map[string]string{"90002": "OAUTH_RESPONSE_IS_NOT_CONFORM"},
		cannot:      map[string]string{"federated": "its private_key_jwt signs with a key of its own; a foreign assertion cannot be handed over"},
	},
	{
		name:        "MSAL Java",
		command:     program("java", "-cp", "HOME/java/target/foreign-client.jar:HOME/java/target/dependency/*", "Client"),
		tokenErrors: []string{"com.microsoft.aad.msal4j.MsalServiceException", "com.microsoft.aad.msal4j.MsalClientException"},
		apiErrors:   []string{"java.net.HttpURLConnection"},
	},
	{
		name:        "Azure CLI",
		command:     program("bash", "../programs/shell/az.sh"),
		tokenErrors: []string{"az login", "az account get-access-token"},
		apiErrors:   []string{"az rest"},
		mayAsk:      []string{"raw.githubusercontent.com:443"}, // whether there is a newer version of it
		cannot:      map[string]string{"federated": "az login takes a federated token only on the command line, where every process could read it; not driven"},
	},
}

// situation is one thing that can happen to a client.
type situation struct {
	name string
	env  map[string]string
	cert string // certificate to authenticate with instead of the secret
	fed  bool   // federated assertion instead of the secret

	aadsts int // the refusal that the token service must have journalled
	api    int // the status that the API must have answered
}

var situations = []situation{
	{name: "secret", api: 200},
	{name: "certificate", cert: "registered", api: 200},
	{name: "federated", fed: true, api: 200},
	{name: "7000215", env: map[string]string{"CLIENT_SECRET": wrongSecret}, aadsts: 7000215},
	{name: "7000222", env: map[string]string{"CLIENT_SECRET": expiredSecret}, aadsts: 7000222},
	{name: "7000229", env: map[string]string{"TENANT": stranger}, aadsts: 7000229},
	{name: "700016", env: map[string]string{"TENANT": strangerOld}, aadsts: 700016},
	{name: "90002", env: map[string]string{"TENANT": nowhere}, aadsts: 90002},
	{name: "700027", cert: "unregistered", aadsts: 700027},
	{name: "1002012", env: map[string]string{"SCOPE": resource + "/Incident.Read.All"}, aadsts: 1002012},
	{name: "API 401", env: map[string]string{"SPOIL_TOKEN": "1"}, api: 401},
	{name: "API 403", env: map[string]string{"TENANT": bare}, api: 403},
}

func TestForeignClients(t *testing.T) {
	s := start(t)
	var table strings.Builder
	for _, c := range foreignClients {
		fmt.Fprintf(&table, "\n%-38s", c.name)
		t.Run(c.name, func(t *testing.T) {
			for _, sit := range situations {
				if reason, ok := c.cannot[sit.name]; ok {
					fmt.Fprintf(&table, " %s:cannot", sit.name)
					t.Logf("%s: cannot be produced: %s", sit.name, reason)
					continue
				}
				ok := t.Run(sit.name, func(t *testing.T) { s.judge(t, c, sit) })
				fmt.Fprintf(&table, " %s:%s", sit.name, map[bool]string{true: "ok", false: "FAILED"}[ok])
			}
		})
	}
	t.Logf("every cell that ran was judged by the journal:%s", table.String())
}

// judge runs a client in a situation and compares what it said with what the
// journal saw.
func (s *sandbox) judge(t *testing.T, c client, sit situation) {
	env := map[string]string{
		"TENANT": acme, "CLIENT_ID": app, "CLIENT_SECRET": goodSecret,
		"SCOPE": resource + "/.default", "RESOURCE": resource, "API_URL": apiURL,
	}
	maps.Copy(env, c.env)
	maps.Copy(env, sit.env)
	if sit.cert != "" {
		delete(env, "CLIENT_SECRET")
		maps.Copy(env, s.certificateEnv(t, sit.cert))
	}
	if sit.fed {
		delete(env, "CLIENT_SECRET")
		env["ASSERTION_FILE"] = s.file("assertion.jwt")
	}
	got, journal := s.run(t, c.command(s), env)

	for _, e := range journal {
		if e.Kind == "refused" && !slices.Contains(c.mayAsk, e.Host) {
			t.Errorf("the client asked for %s, which the sandbox does not stand in for", e.Host)
		}
	}
	if sit.aadsts != 0 {
		if got.Token {
			t.Errorf("the client says it got a token: %+v", got)
		}
		if !slices.ContainsFunc(journal, func(e event) bool { return e.Service == "sts" && e.AADSTS == sit.aadsts }) {
			t.Errorf("the journal has no AADSTS%d:\n%s", sit.aadsts, show(journal))
		}
		if !slices.Contains(c.tokenErrors, got.ErrorType) {
			t.Errorf("error of type %q, want one of %q; text: %s", got.ErrorType, c.tokenErrors, got.Error)
		}
		want := fmt.Sprintf("AADSTS%d", sit.aadsts)
		if own, ok := c.says[sit.name]; ok {
			want = own
		}
		if !strings.Contains(got.Error, want) {
			t.Errorf("the client's error does not contain %q: %s", want, got.Error)
		}
		return
	}

	if !got.Token || got.APIStatus != sit.api {
		t.Errorf("token %v, API status %d, want a token and %d; error: %s %s\n%s", got.Token, got.APIStatus, sit.api, got.ErrorType, got.Error, show(journal))
	}
	i := slices.IndexFunc(journal, func(e event) bool { return e.Service == "xdr" && e.Status == sit.api })
	if i < 0 {
		t.Fatalf("the journal has no call of the API with status %d:\n%s", sit.api, show(journal))
	}
	call := journal[i]
	switch sit.api {
	case 200:
		// A 200 counts only if the API checked a role on the way.
		if call.Decision != "allowed" || !slices.Contains(call.Required, "Incident.Read.All") || !slices.Contains(call.Roles, "Incident.Read.All") {
			t.Errorf("the API answered 200 without having checked the role: %+v", call)
		}
	case 403:
		if len(call.Roles) != 0 || !slices.Contains(call.Required, "Incident.Read.All") || call.Decision == "allowed" {
			t.Errorf("the API's refusal does not rest on the missing role: %+v", call)
		}
		fallthrough
	default:
		if !slices.Contains(c.apiErrors, got.ErrorType) {
			t.Errorf("error of type %q, want one of %q; text: %s", got.ErrorType, c.apiErrors, got.Error)
		}
	}
}

func show(journal []event) string {
	var b strings.Builder
	for _, e := range journal {
		fmt.Fprintf(&b, "  %d %s %s %s%s %d aadsts=%d decision=%q roles=%q\n", e.Seq, e.Service, e.Operation, e.Host, e.Path, e.Status, e.AADSTS, e.Decision, e.Roles)
	}
	return b.String()
}

// TestDocumentedOddAudiences sends what Microsoft's partner page shows for
// curl and C#: audiences of the other API. A token is issued, and the
// incidents API refuses it, as it does there.
func TestDocumentedOddAudiences(t *testing.T) {
	s := start(t)
	for name, scope := range map[string]string{
		"securitycenter audience": "https://api.securitycenter.microsoft.com/.default",
		"windowsatpservice scope": "https://securitycenter.onmicrosoft.com/windowsatpservice/.default",
	} {
		t.Run(name, func(t *testing.T) {
			got, journal := s.run(t, []string{"bash", "../programs/shell/curl.sh"}, map[string]string{
				"TENANT": acme, "CLIENT_ID": app, "CLIENT_SECRET": goodSecret, "SCOPE": scope, "API_URL": apiURL,
			})
			if !got.Token || got.APIStatus != 403 || got.ErrorType != "Forbidden" {
				t.Errorf("got %+v, want a token and 403 Forbidden\n%s", got, show(journal))
			}
		})
	}
}
