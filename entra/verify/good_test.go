package verify

import (
	"context"
	"testing"

	"github.com/tenantry/tenantry/entra"
	"github.com/tenantry/tenantry/entra/verify/internal/rule"
)

// goodToken is a token that must be accepted, however unusual.
type goodToken struct {
	name   string
	forge  forge
	config func(*Config)
	keys   func() []jwk
	kind   Kind
}

func goods() []goodToken {
	var list []goodToken
	app := func(name string, f forge) {
		list = append(list, goodToken{name: name, forge: f, kind: KindApplication})
	}
	user := func(name string, f forge) { list = append(list, goodToken{name: name, forge: f, kind: KindUser}) }
	app("application, version 1.0, secret", appV1())
	app("application, version 1.0, idtyp, certificate", appV1().with(map[string]any{"idtyp": "app", "appidacr": "2"}))
	app("application, version 2.0", appV2())
	app("application without roles, as before consent", appV1().with(map[string]any{"roles": nil}))
	app("application with two hundred roles", appV1().with(map[string]any{"roles": make([]string, 200)}))
	user("user, version 1.0", userV1())
	user("user, version 2.0, idtyp", userV2())
	app("expired within the skew", appV1().with(map[string]any{"exp": noon.Unix() - 299}))
	app("not yet valid within the skew", appV1().with(map[string]any{"iat": noon.Unix() + 299, "nbf": noon.Unix() + 299}))
	app("long-lived, 28 hours", appV1().with(map[string]any{"exp": noon.Unix() + 28*3600 - 300}))
	app("unknown claims", appV1().with(map[string]any{"xms_cc": []string{"cp1"}, "xms_tdbr": "EU", "x": map[string]any{"y": []any{1.5, nil, true, "\u2028"}}}))
	app("unknown header members that choose nothing", appV1().head1("xms", "1").head1("x5t#S256", "abc"))
	app("escapes in names and values", text(func(s string) string {
		return `{"\u0061cct":0,"emoji":"\ud83d\ude00","slash":"\/",` + s[1:]
	})(appV1()))
	app("blanks in the JSON", text(func(s string) string { return " {\n\t" + s[1:] + "\r\n " })(appV1()))
	app("a hundred claims", text(last(hundred()))(appV1()))
	app("nested as deep as is allowed", text(last(`"x":[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]`))(appV1()))
	app("numbers of every form", text(last(`"x":[0,-0,1.5,-1e10,2E+3,4e-5]`))(appV1()))
	list = append(list,
		goodToken{name: "key of version 1.0, without issuer", forge: appV1(), kind: KindApplication, keys: func() []jwk { return []jwk{jwkOf(keyID, "", &signingKey().PublicKey)} }},
		goodToken{name: "key of the tenant alone", forge: appV2(), kind: KindApplication, keys: func() []jwk {
			return []jwk{jwkOf(keyID, "https://login.microsoftonline.com/"+tenantA+"/v2.0", &signingKey().PublicKey)}
		}},
		goodToken{name: "key of the tenant alone, token of version 1.0", forge: appV1(), kind: KindApplication, keys: func() []jwk {
			return []jwk{jwkOf(keyID, "https://login.microsoftonline.com/"+tenantA+"/v2.0", &signingKey().PublicKey)}
		}},
		goodToken{name: "key that names its operation and algorithm", forge: appV1(), kind: KindApplication, keys: func() []jwk {
			k := jwkOf(keyID, templateIssuer, &signingKey().PublicKey)
			k["key_ops"], k["alg"] = []string{"verify"}, "RS256"
			return []jwk{k}
		}},
		goodToken{name: "any tenant and any client", forge: appV1(), kind: KindApplication, config: func(c *Config) { c.Tenants, c.Clients = nil, nil }},
		goodToken{name: "tenant and client configured in capitals", forge: appV1(), kind: KindApplication, config: func(c *Config) {
			c.Tenants, c.Clients = []entra.TenantID{"1E6A0C4E-9F57-4D34-8D41-0D6A5F2B7C11"}, []string{"C0FFEE00-1234-4ABC-8DEF-001122334455"}
		}},
		goodToken{name: "another cloud", kind: KindApplication, forge: appV2().with(map[string]any{"iss": "https://login.microsoftonline.us/" + tenantA + "/v2.0"}), config: func(c *Config) {
			for _, cloud := range entra.Clouds() {
				if cloud.Name == "usgov-high" {
					c.Cloud = cloud
				}
			}
		}, keys: func() []jwk {
			return []jwk{jwkOf(keyID, "https://login.microsoftonline.us/{tenantid}/v2.0", &signingKey().PublicKey)}
		}},
		goodToken{name: "revocation asked, and not revoked", forge: appV1(), kind: KindApplication, config: func(c *Config) { c.Revoked = func(Claims) bool { return false } }},
	)
	return list
}

func TestVerifyAccepts(t *testing.T) {
	for _, tt := range goods() {
		t.Run(tt.name, func(t *testing.T) {
			c := vector{keys: tt.keys, config: tt.config}.setting(t, rule.Set{})
			claims, err := verifier(t, c).Verify(t.Context(), tt.forge.token())
			if err != nil {
				t.Fatal(err)
			}
			if got := claims.Kind(); got != tt.kind {
				t.Errorf("kind %q, want %q", got, tt.kind)
			}
			if claims.TenantID != tenantA || claims.AppID != clientID || claims.ObjectID != objectID || claims.Principal() != tenantA+"/"+objectID {
				t.Errorf("claims %+v", claims)
			}
		})
	}
}

// Who a token stands for is tenant and object together: the same object id, the
// same subject and the same mail address in another tenant are somebody else.
func TestPrincipalIsOfOneTenant(t *testing.T) {
	c := config(t)
	c.Tenants = nil
	v := verifier(t, c)
	a, err := v.Verify(t.Context(), userV1().token())
	if err != nil {
		t.Fatal(err)
	}
	b, err := v.Verify(t.Context(), ofTenant(tenantB)(userV1()).token())
	if err != nil {
		t.Fatal(err)
	}
	if a.ObjectID != b.ObjectID || a.Subject != b.Subject || a.Username != b.Username {
		t.Fatalf("the twins differ in more than the tenant: %+v, %+v", a, b)
	}
	if a.Principal() == b.Principal() || a.Principal() == "" {
		t.Errorf("principals %q and %q", a.Principal(), b.Principal())
	}
	if got := (Claims{TenantID: tenantA}).Principal(); got != "" {
		t.Errorf("principal without an object: %q", got)
	}
}

func onlyTenant(id entra.TenantID) func(context.Context, entra.TenantID) (bool, error) {
	return func(_ context.Context, asked entra.TenantID) (bool, error) { return asked == id, nil }
}
