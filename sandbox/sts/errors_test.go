package sts

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/tenantry/tenantry/sandbox/world"
)

// TestEveryRow makes the condition of every row true and looks at what came
// back. A row that nothing reaches does not belong in the table.
func TestEveryRow(t *testing.T) {
	cases := rowCases()
	for _, row := range Errors() {
		run, ok := cases[row.ID]
		if !ok {
			t.Errorf("no case reaches row %s (%d: %s)", row.ID, row.Code, row.Condition)
			continue
		}
		delete(cases, row.ID)
		t.Run(row.ID, func(t *testing.T) {
			h := newHarness(t)
			got := run(h)
			if len(h.rows) == 0 || h.rows[len(h.rows)-1] != row.ID {
				t.Fatalf("rows %v, want %s; status %d, location %q, body %s", h.rows, row.ID, got.status, got.location, got.body)
			}
			checkShape(t, h, row, got)
		})
	}
	for id := range cases {
		t.Errorf("case %s has no row", id)
	}
}

// checkShape judges the answer from outside, by what the row says of it.
func checkShape(t *testing.T, h *harness, row ErrorRow, got answer) {
	t.Helper()
	code := strconv.Itoa(row.Code)
	switch {
	case got.location != "":
		q := got.query(t)
		if row.Shape != ShapeRedirect && row.Shape != ShapeRedirectOld && row.Shape != ShapeJSON {
			t.Errorf("redirected, the row says %s", row.Shape)
		}
		if q.Get("error") != row.OAuth {
			t.Errorf("error %q, want %q", q.Get("error"), row.OAuth)
		}
		if row.Shape == ShapeRedirectOld {
			if q.Get("error_subcode") != "cancel" || q.Has("error_description") {
				t.Errorf("parameters %v", q)
			}
			return
		}
		if !strings.HasPrefix(q.Get("error_description"), "AADSTS"+code+": ") || !strings.HasSuffix(q.Get("error_uri"), "/error?code="+code) {
			t.Errorf("parameters %v", q)
		}
	case strings.HasPrefix(got.header.Get("Content-Type"), "text/html"):
		if got.status != row.Status || !strings.Contains(got.body, "AADSTS"+code) {
			t.Errorf("page: status %d, want %d with AADSTS%s: %s", got.status, row.Status, code, got.body)
		}
	default:
		m := got.json(t)
		text, _ := m["error_description"].(string)
		sep := "\r\n"
		if row.Shape != ShapeJSON {
			sep = " "
		}
		trailer := sep + strings.Join([]string{"Trace ID: " + m["trace_id"].(string), "Correlation ID: " + m["correlation_id"].(string), "Timestamp: " + h.clock().Format("2006-01-02 15:04:05Z")}, sep)
		if got.status != row.Status || m["error"] != row.OAuth || !strings.HasPrefix(text, "AADSTS"+code+": ") || !strings.HasSuffix(text, trailer) {
			t.Errorf("status %d, body %s", got.status, got.body)
		}
		if codes, ok := m["error_codes"].([]any); !ok || len(codes) != 1 || codes[0] != float64(row.Code) {
			t.Errorf("error_codes %v", m["error_codes"])
		}
		if _, has := m["error_uri"]; has == (row.Shape == ShapeJSONNoURI) {
			t.Errorf("error_uri present: %v, shape %s", has, row.Shape)
		}
		if sub, _ := m["suberror"].(string); sub != row.Suberror {
			t.Errorf("suberror %q, want %q", sub, row.Suberror)
		}
	}
	all := got.body + got.location
	if strings.Contains(all, "{") && strings.Contains(row.Message, "{") {
		for _, part := range strings.Split(row.Message, "{")[1:] {
			if name, _, ok := strings.Cut(part, "}"); ok && strings.Contains(all, "{"+name+"}") {
				t.Errorf("the text still holds {%s}: %s", name, all)
			}
		}
	}
	if strings.Contains(all, goodSecret) {
		t.Error("the answer holds the secret")
	}
}

type rowCase func(*harness) answer

func tokenAt(tenant string, pairs ...string) rowCase {
	return func(h *harness) answer { return h.post("/"+tenant+v2Token, appForm(pairs...)) }
}

func authorizeAt(tenant, endpoint string, pairs ...string) rowCase {
	return func(h *harness) answer { return h.get("/"+tenant+endpoint, authorizeQuery(pairs...)) }
}

func signInAs(upn, password string) rowCase {
	return func(h *harness) answer {
		return h.submit(h.http, h.get("/"+customerTenant+v2Authorize, authorizeQuery()), "upn", upn, "password", password)
	}
}

func assertionCase(alg string, header func(*harness) map[string]any, claims ...any) rowCase {
	return func(h *harness) answer {
		return h.byAssertion(makeAssertion(h.t, base64.RawURLEncoding, alg, header(h), h.ownClaims(claims...)))
	}
}

func firstCert(h *harness) map[string]any { return h.x5t(0) }

func fixedHeader(pairs ...string) func(*harness) map[string]any {
	return func(*harness) map[string]any {
		m := map[string]any{}
		for i := 0; i+1 < len(pairs); i += 2 {
			m[pairs[i]] = pairs[i+1]
		}
		return m
	}
}

// foreign federates the certificate's application with an issuer that signs
// with the client key, and sends an assertion of the given claims.
func foreign(issuer, subject, audience string, break_ func(*world.FederatedCredential)) rowCase {
	return func(h *harness) answer {
		fic := &world.FederatedCredential{Issuer: "https://issuer.example", Subject: "repo:a", Audiences: []string{"api://AzureADTokenExchange"}, JWKS: keySetOf(clientJWKS())}
		if break_ != nil {
			break_(fic)
		}
		must(h.world.UpdateApp(certApp, "fic", func(a *world.App) error { a.FICs = append(a.FICs, fic); return nil }))
		return h.byAssertion(makeAssertion(h.t, base64.RawURLEncoding, "RS256", map[string]any{"kid": "k"}, h.ownClaims("iss", issuer, "sub", subject, "aud", audience)))
	}
}

func clientJWKS() []byte {
	return must(jose.JSONWebKey{Key: clientKey().Public(), KeyID: "k", Use: "sig"}.MarshalJSON())
}

func keySetOf(keys ...[]byte) []byte {
	var s []string
	for _, k := range keys {
		s = append(s, string(k))
	}
	return []byte(`{"keys":[` + strings.Join(s, ",") + `]}`)
}

func (h *harness) startDevice(app string) (code, user string) {
	m := h.post("/organizations/oauth2/v2.0/devicecode", values("client_id", app, "scope", "openid User.Read")).json(h.t)
	return m["device_code"].(string), m["user_code"].(string)
}

func (h *harness) poll(app, code string) answer {
	return h.post("/organizations"+v2Token, values("grant_type", grantDevice, "client_id", app, "device_code", code))
}

func rowCases() map[string]rowCase {
	v1Form := func(pairs ...string) url.Values {
		return appForm(append([]string{"scope", "", "resource", secURI}, pairs...)...)
	}
	customer := "/" + customerTenant
	return map[string]rowCase{
		tenantUnknown:   tokenAt("nobody.example"),
		tenantEmpty:     tokenAt(emptyGUID),
		tenantMalformed: tokenAt("no_tenant"),
		tenantWrongCloud: func(h *harness) answer {
			return h.do(h.http, http.MethodPost, "/"+govTenant+v2Token, "login.microsoftonline.com", appForm())
		},
		tenantMissing:       tokenAt("common"),
		tenantConsumers:     authorizeAt("consumers", v2Authorize),
		tenantCommonRefused: func(h *harness) answer { return h.get("/common/v2.0/adminconsent", authorizeQuery()) },
		instanceUnknown: func(h *harness) answer {
			return h.get("/common/discovery/instance", values("api-version", "1.1", "authorization_endpoint", "https://evil.example/common/oauth2/authorize"))
		},
		requestMissing: tokenAt(customerTenant, "scope", ""),
		requestMalformed: func(h *harness) answer {
			return h.post(customer+v2Token, codeForm("never-issued"))
		},
		requestDuplicate: func(h *harness) answer {
			form := appForm()
			form.Add("scope", secURI+"/.default")
			return h.post(customer+v2Token, form)
		},
		requestMethod:      func(h *harness) answer { return h.get(customer+v2Token, appForm()) },
		requestGrant:       tokenAt(customerTenant, "grant_type", "password"),
		scopeOnV2Resource:  tokenAt(customerTenant, "resource", secURI),
		scopeNotDefault:    tokenAt(customerTenant, "scope", secURI+"/Incident.Read.All"),
		scopeTwoResources:  tokenAt(customerTenant, "scope", secURI+"/.default "+graphAPI+"/.default"),
		scopeMixed:         authorizeAt(customerTenant, v2Authorize, "scope", graphAPI+"/.default "+graphAPI+"/User.Read"),
		appUnknown:         tokenAt(customerTenant, "client_id", world.DeriveGUID("nobody")),
		appNotInTenantOld:  tokenAt(olderTenant),
		appNoPrincipal:     tokenAt(customerTenant),
		appSingleTenant:    authorizeAt("common", v2Authorize, "client_id", singleApp),
		credentialNone:     tokenAt(customerTenant, "client_secret", ""),
		credentialOnPublic: tokenAt(customerTenant, "client_id", world.AppAzureCLI),
		secretInvalid:      tokenAt(customerTenant, "client_secret", world.DeriveGUID("secret")),
		secretExpired:      tokenAt(customerTenant, "client_secret", expiredSecret),
		appDisabled: func(h *harness) answer {
			h.consentAll(customerTenant, partnerApp)
			must(h.world.UpdateServicePrincipal(customerTenant, partnerApp, "disabled", func(sp *world.ServicePrincipal) error { sp.Enabled = false; return nil }))
			return h.post(customer+v2Token, appForm())
		},
		credentialNoneUser: func(h *harness) answer {
			return h.post(customer+v2Token, codeForm(h.code(), "client_secret", ""))
		},

		assertionMalformed:  func(h *harness) answer { return h.byAssertion("not.a.token") },
		assertionAlgorithm:  assertionCase("RS256", fixedHeader("alg", "none", "x5t", "AAAA")),
		assertionNoKey:      assertionCase("RS256", fixedHeader()),
		assertionKeyUnknown: assertionCase("RS256", fixedHeader("x5t", "AAAA")),
		assertionKeyExpired: assertionCase("RS256", func(h *harness) map[string]any { return h.x5t(1) }),
		assertionSignature: func(h *harness) answer {
			raw := makeAssertion(h.t, base64.RawURLEncoding, "PS256", h.x5t(0), h.ownClaims())
			head, rest, _ := strings.Cut(raw, ".")
			body, _, _ := strings.Cut(rest, ".")
			return h.byAssertion(head + "." + body + "." + base64.RawURLEncoding.EncodeToString([]byte("forged")))
		},
		assertionTime:     assertionCase("RS256", firstCert, "exp", 1),
		assertionAudience: assertionCase("RS256", firstCert, "aud", "https://login.microsoftonline.com/"+plainTenant+"/v2.0"),
		assertionIssuer:   assertionCase("RS256", firstCert, "sub", partnerApp),

		federatedNone:    assertionCase("RS256", fixedHeader("kid", "k"), "iss", "https://issuer.example"),
		federatedIssuer:  foreign("https://ISSUER.example", "repo:a", "api://AzureADTokenExchange", nil),
		federatedSubject: foreign("https://issuer.example", "repo:b", "api://AzureADTokenExchange", nil),
		federatedCase:    foreign("https://issuer.example", "repo:A", "api://AzureADTokenExchange", nil),
		federatedUser: func(h *harness) answer {
			const issuer = "https://sts.windows.net/" + partnerTenant + "/"
			fic := &world.FederatedCredential{Issuer: issuer, Subject: "s", Audiences: []string{"api://AzureADTokenExchange"}, JWKS: keySetOf(clientJWKS())}
			must(h.world.UpdateApp(certApp, "fic", func(a *world.App) error { a.FICs = append(a.FICs, fic); return nil }))
			return h.byAssertion(makeAssertion(h.t, base64.RawURLEncoding, "RS256", map[string]any{"kid": "k"}, h.ownClaims("iss", issuer, "sub", "s", "aud", "api://AzureADTokenExchange", "scp", "User.Read")))
		},
		federatedAudience: foreign("https://issuer.example", "repo:a", "api://azureadtokenexchange", nil),
		federatedSignature: foreign("https://issuer.example", "repo:a", "api://AzureADTokenExchange", func(f *world.FederatedCredential) {
			f.JWKS = keySetOf()
		}),
		federatedUnreachable: foreign("http://issuer.example", "repo:a", "api://AzureADTokenExchange", func(f *world.FederatedCredential) {
			f.Issuer, f.JWKS = "http://issuer.example", nil // neither https nor loopback
		}),

		resourceUnknown: func(h *harness) answer {
			must(h.world.CreateServicePrincipal(plainTenant, partnerApp))
			return h.post("/"+plainTenant+v1Token, v1Form())
		},
		resourceDisabled: func(h *harness) answer {
			h.consentAll(customerTenant, partnerApp)
			must(h.world.UpdateServicePrincipal(customerTenant, world.AppDefenderXDR, "disabled", func(sp *world.ServicePrincipal) error { sp.Enabled = false; return nil }))
			return h.post(customer+v1Token, v1Form())
		},
		resourceAssignment: func(h *harness) answer {
			must(h.world.UpdateServicePrincipal(customerTenant, apiApp, "required", func(sp *world.ServicePrincipal) error { sp.AssignmentRequired = true; return nil }))
			return h.post(customer+v2Token, appForm("client_id", singleApp, "scope", "api://things/.default"))
		},
		resourceUnlisted: authorizeAt(customerTenant, v1Authorize, "resource", "https://vault.azure.net"),
		resourceScope: func(h *harness) answer {
			return h.signIn(customer+v2Authorize, authorizeQuery("scope", "Users.Eat"), "user@customer.example")
		},
		resourceGone: func(h *harness) answer {
			gone := world.RequiredResource{ResourceAppID: world.DeriveGUID("gone"), Access: []world.Access{{ID: world.DeriveGUID("role"), Type: "Role"}}}
			must(h.world.UpdateApp(partnerApp, "required", func(a *world.App) error { a.Required = append(a.Required, gone); return nil }))
			return h.signIn("/common/adminconsent", authorizeQuery(), "admin@customer.example")
		},
		resourceNoLicence: func(h *harness) answer {
			return h.signIn("/common/adminconsent", authorizeQuery(), "admin@plain.example")
		},

		grantRedeemed: func(h *harness) answer {
			code := h.code()
			if a := h.post(customer+v2Token, codeForm(code)); a.status != 200 {
				h.t.Fatalf("first redemption: %s", a.body)
			}
			return h.post(customer+v2Token, codeForm(code))
		},
		grantExpired: func(h *harness) answer {
			code := h.code()
			h.pass(codeLifetime + time.Second)
			return h.post(customer+v2Token, codeForm(code))
		},
		grantForeign: func(h *harness) answer { return h.post(customer+v2Token, codeForm(h.code(), "client_id", defendApp)) },
		grantTenant:  func(h *harness) answer { return h.post("/"+plainTenant+v2Token, codeForm(h.code())) },
		grantRedirect: func(h *harness) answer {
			return h.post(customer+v2Token, codeForm(h.code(), "redirect_uri", "https://portal.azure.com"))
		},
		grantVerifier: func(h *harness) answer {
			code := h.code("code_challenge", strings.Repeat("a", 43), "code_challenge_method", "S256")
			return h.post(customer+v2Token, codeForm(code, "code_verifier", strings.Repeat("b", 43)))
		},
		grantIdle: func(h *harness) answer {
			m := h.post(customer+v2Token, codeForm(h.code())).json(h.t)
			h.pass(refreshLifetime + time.Second)
			return h.post(customer+v2Token, codeForm("", "code", "", "grant_type", "refresh_token", "refresh_token", m["refresh_token"].(string)))
		},
		grantConsent: func(h *harness) answer {
			return h.post(customer+v2Token, codeForm(h.code(), "scope", graphAPI+"/Directory.Read.All"))
		},

		challengeInvalid:     authorizeAt(customerTenant, v2Authorize, "code_challenge", "short"),
		redirectMismatch:     authorizeAt(customerTenant, v2Authorize, "redirect_uri", redirectURI+"/x"),
		redirectNone:         authorizeAt(customerTenant, v2Authorize, "client_id", singleApp, "redirect_uri", ""),
		responseType:         authorizeAt(customerTenant, v2Authorize, "response_type", "cheese"),
		responseTypeDisabled: authorizeAt(customerTenant, v2Authorize, "response_type", "id_token"),
		responseMode:         authorizeAt(customerTenant, v2Authorize, "response_mode", "carrier_pigeon"),
		promptInvalid:        authorizeAt(customerTenant, v1Authorize, "prompt", "please"),
		promptInvalidV2:      authorizeAt(customerTenant, v2Authorize, "prompt", "admin_consent"),
		silentNoUser:         authorizeAt(customerTenant, v2Authorize, "prompt", "none"),
		silentConsent: func(h *harness) answer {
			h.signIn(customer+v2Authorize, authorizeQuery(), "user@customer.example")
			return h.get(customer+v2Authorize, authorizeQuery("prompt", "none"))
		},
		declined: func(h *harness) answer {
			return h.submit(h.http, h.signIn(customer+"/adminconsent", authorizeQuery(), "admin@customer.example"), "decision", "cancel")
		},
		declinedV1: func(h *harness) answer {
			return h.submit(h.http, h.signIn(customer+v1Authorize, authorizeQuery("prompt", "consent"), "admin@customer.example"), "decision", "cancel")
		},
		approvalNeeded: func(h *harness) answer {
			return h.signIn(customer+v1Authorize, authorizeQuery("prompt", "consent"), "user@customer.example")
		},
		userElsewhere: func(h *harness) answer {
			return h.signIn(customer+v2Authorize, authorizeQuery(), "boss@partner.example")
		},
		userElsewhereConsent: func(h *harness) answer {
			return h.signIn(customer+"/adminconsent", authorizeQuery(), "boss@partner.example")
		},
		userUnknown:  signInAs("nobody@customer.example", "pw"),
		userPassword: signInAs("user@customer.example", "wrong"),
		userDisabled: signInAs("gone@customer.example", "pw"),
		flowMismatch: func(h *harness) answer {
			page := h.get(customer+v2Authorize, authorizeQuery())
			return h.submit(h.browser(), page, "upn", "admin@customer.example", "password", "pw") // another browser
		},

		devicePending: func(h *harness) answer {
			code, _ := h.startDevice(world.AppGraphCommands)
			return h.poll(world.AppGraphCommands, code)
		},
		deviceExpired: func(h *harness) answer {
			code, _ := h.startDevice(world.AppGraphCommands)
			h.pass(deviceLifetime + time.Second)
			return h.poll(world.AppGraphCommands, code)
		},
		deviceUnknown: func(h *harness) answer {
			code, _ := h.startDevice(world.AppGraphCommands)
			return h.poll(world.AppAzureCLI, code)
		},
		deviceDeclined: func(h *harness) answer {
			code, user := h.startDevice(world.AppGraphCommands)
			page := h.post("/common/oauth2/deviceauth", values("otc", user))
			page = h.submit(h.http, page, "upn", "user@customer.example", "password", "pw")
			h.submit(h.http, page, "decision", "cancel")
			return h.poll(world.AppGraphCommands, code)
		},
		userCodeWrong: func(h *harness) answer { return h.post("/common/oauth2/deviceauth", values("otc", "WRONGCODE")) },
		userCodeExpired: func(h *harness) answer {
			_, user := h.startDevice(world.AppGraphCommands)
			h.pass(deviceLifetime + time.Second)
			return h.post("/common/oauth2/deviceauth", values("otc", user))
		},
	}
}

// More conditions that lead to rows which TestEveryRow reaches another way.
func TestRowsByOtherWays(t *testing.T) {
	customer := "/" + customerTenant
	for name, c := range map[string]struct {
		row string
		run rowCase
	}{
		"JSON instead of a form": {requestMissing, func(h *harness) answer {
			req := must(http.NewRequest(http.MethodPost, h.srv.URL+customer+v2Token, strings.NewReader(`{"grant_type":"client_credentials"}`)))
			req.Header.Set("Content-Type", "application/json")
			return h.send(h.http, req)
		}},
		"parameter twice in a link is a page": {requestDuplicate, func(h *harness) answer {
			q := authorizeQuery()
			q.Add("prompt", "login")
			q.Add("prompt", "consent")
			return h.get(customer+v2Authorize, q)
		}},
		"secret not valid yet":               {secretInvalid, tokenAt(customerTenant, "client_secret", futureSecret)},
		"only expired secrets":               {secretExpired, tokenAt(customerTenant, "client_secret", "anything", "client_id", pastApp)},
		"single-tenant elsewhere":            {appUnknown, tokenAt(plainTenant, "client_id", singleApp)},
		"public client, no secret":           {credentialNone, tokenAt(customerTenant, "client_secret", "", "client_id", world.AppAzureCLI)},
		"assertion without type":             {requestMissing, tokenAt(customerTenant, "client_secret", "", "client_assertion", "a.b.c")},
		"assertion of another type":          {requestMalformed, tokenAt(customerTenant, "client_secret", "", "client_assertion", "a.b.c", "client_assertion_type", "saml")},
		"v1 without resource":                {requestMissing, func(h *harness) answer { return h.post(customer+v1Token, appForm()) }},
		"token on organizations":             {tenantMissing, tokenAt("organizations")},
		"discovery of nobody":                {tenantUnknown, func(h *harness) answer { return h.get("/nobody.example/v2.0/.well-known/openid-configuration", nil) }},
		"authorize by a wrong app is a page": {appUnknown, authorizeAt(customerTenant, v2Authorize, "client_id", "x")},
		"code without redirect_uri":          {grantRedirect, func(h *harness) answer { return h.post(customer+v2Token, codeForm(h.code(), "redirect_uri", "")) }},
		"code without its verifier": {grantVerifier, func(h *harness) answer {
			return h.post(customer+v2Token, codeForm(h.code("code_challenge", strings.Repeat("a", 43))))
		}},
		"forged canary": {flowMismatch, func(h *harness) answer {
			page := h.get(customer+v2Authorize, authorizeQuery())
			page.body = strings.Replace(page.body, `name="canary" value="`, `name="canary" value="x`, 1)
			return h.submit(h.http, page, "upn", "admin@customer.example", "password", "pw")
		}},
		"admin consent by an application administrator to Graph roles": {approvalNeeded, func(h *harness) answer {
			return h.signIn(customer+"/adminconsent", authorizeQuery(), "apps@customer.example")
		}},
		"v2 admin consent to a resource without licence": {resourceNoLicence, func(h *harness) answer {
			return h.signIn("/"+plainTenant+"/v2.0/adminconsent", authorizeQuery("scope", secURI+"/.default"), "admin@plain.example")
		}},
		"v2 admin consent to an unknown resource": {resourceUnknown, func(h *harness) answer {
			return h.signIn(customer+"/v2.0/adminconsent", authorizeQuery("scope", "https://nothing.example/.default"), "admin@customer.example")
		}},
		"v2 admin consent without scope": {requestMissing, func(h *harness) answer {
			return h.get(customer+"/v2.0/adminconsent", authorizeQuery("scope", ""))
		}},
		"foreign issuer that answers badly": {federatedUnreachable, func(h *harness) answer {
			bad := httptest.NewServer(http.NotFoundHandler())
			h.t.Cleanup(bad.Close)
			return foreign(bad.URL, "repo:a", "api://AzureADTokenExchange", func(f *world.FederatedCredential) { f.Issuer, f.JWKS = bad.URL, nil })(h)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t)
			got := c.run(h)
			if len(h.rows) == 0 || h.rows[len(h.rows)-1] != c.row {
				t.Fatalf("rows %v, want %s: status %d %s %s", h.rows, c.row, got.status, got.location, got.body)
			}
		})
	}
}

func TestTableIsSound(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range Errors() {
		if seen[r.ID] {
			t.Errorf("row %s is there twice", r.ID)
		}
		seen[r.ID] = true
		if r.Code == 0 || r.Condition == "" || r.OAuth == "" || r.Status == 0 || r.Message == "" || r.Shape == "" || !strings.Contains("TCDIM", string(r.Evidence)) {
			t.Errorf("row %s is incomplete: %+v", r.ID, r)
		}
	}
}
