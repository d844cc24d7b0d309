package verify

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/entra"
)

func TestVerifyReturnsClaims(t *testing.T) {
	got, err := verifier(t, config(t)).Verify(t.Context(), appV1().token())
	if err != nil {
		t.Fatal(err)
	}
	want := Claims{
		Audience: xdr, Issuer: "https://sts.windows.net/" + tenantA + "/", TenantID: tenantA, Version: "1.0",
		AppID: clientID, AppAuth: "1", ObjectID: objectID, Subject: objectID, TokenID: "u0",
		Roles:  []string{"Incident.Read.All"},
		Issued: noon.Add(-5 * time.Minute), NotBefore: noon.Add(-5 * time.Minute), Expires: noon.Add(55 * time.Minute),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// strayBits sets the bits of the last character that no byte uses; lenient
// decoders take both spellings for the same signature.
func strayBits(s string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(alphabet, s[len(s)-1])
	return s[:len(s)-1] + string(alphabet[last|1])
}

// leaks looks for a piece of the token's payload or signature.
func leaks(text, token string) bool {
	for i := 0; i+24 <= len(token); i++ {
		piece := token[i : i+24]
		if !strings.ContainsAny(piece, ". ") && strings.Contains(text, piece) {
			return true
		}
	}
	return false
}

func TestVerifyByConfig(t *testing.T) {
	for _, tt := range []struct {
		name   string
		forge  forge
		change func(*Config)
		check  string
	}{
		{"no tenant is allowed", appV1(), func(c *Config) { c.Tenants = []entra.TenantID{} }, CheckTenant},
		{"no client is allowed", appV1(), func(c *Config) { c.Clients = []string{} }, CheckApplication},
		{"user where an application is needed", userV1(), func(c *Config) { c.Kind = KindApplication }, CheckKind},
		{"application where a user is needed", appV1(), func(c *Config) { c.Kind = KindUser }, CheckKind},
		{"no skew", appV1().with(map[string]any{"exp": noon.Unix() - 1}), func(c *Config) { c.Skew = -1 }, CheckLifetime},
		{"shorter lifetime", appV1(), func(c *Config) { c.MaxLifetime = 30 * time.Minute }, CheckLifetime},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := config(t)
			if _, err := verifier(t, c).Verify(t.Context(), tt.forge.token()); err != nil {
				t.Fatalf("the good twin is refused: %v", err)
			}
			tt.change(&c)
			_, err := verifier(t, c).Verify(t.Context(), tt.forge.token())
			var refused *Error
			if !errors.As(err, &refused) || refused.Check != tt.check {
				t.Fatalf("error %v, want the check %q to fail", err, tt.check)
			}
		})
	}
}

func TestVerifyID(t *testing.T) {
	c := config(t)
	c.Audiences = []string{clientID}
	v := verifier(t, c)
	claims, err := v.VerifyID(t.Context(), idV2().token(), "n-1")
	if err != nil {
		t.Fatal(err)
	}
	if claims.Kind() != KindID || claims.Username != "ada@contoso.example" {
		t.Errorf("claims %+v", claims)
	}
	idV1 := appV1().with(map[string]any{"aud": clientID, "appid": nil, "appidacr": nil, "roles": nil, "nonce": "n-1", "upn": "ada@contoso.example"})
	if _, err := v.VerifyID(t.Context(), idV1.token(), "n-1"); err != nil {
		t.Errorf("id token of version 1.0: %v", err)
	}
	for _, tt := range []struct {
		name, nonce, check string
		forge              forge
	}{
		{"nonce of another sign-in", "n-2", CheckNonce, idV2()},
		{"nonce not asked for", "", CheckNonce, idV2().with(map[string]any{"nonce": nil})},
		{"nonce missing", "n-1", CheckNonce, idV2().with(map[string]any{"nonce": nil})},
		{"access token of version 2.0", "n-1", CheckKind, idV2().with(map[string]any{"azp": clientID})},
		{"access token of version 1.0", "n-1", CheckKind, idV1.with(map[string]any{"appid": clientID})},
		{"token with scopes", "n-1", CheckKind, idV2().with(map[string]any{"scp": "User.Read"})},
		{"for another application", "n-1", CheckAudience, idV2().with(map[string]any{"aud": otherApp})},
		{"of another tenant", "n-1", CheckTenant, idV2().with(map[string]any{"tid": tenantB})},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := v.VerifyID(t.Context(), tt.forge.token(), tt.nonce)
			var refused *Error
			if !errors.As(err, &refused) || refused.Check != tt.check {
				t.Fatalf("error %v, want the check %q to fail", err, tt.check)
			}
		})
	}
}

func TestNewRefusesOmissions(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"Cloud":       func(c *Config) { c.Cloud = entra.Cloud{} },
		"Audiences":   func(c *Config) { c.Audiences = nil },
		"Audiences:":  func(c *Config) { c.Audiences = []string{xdr, ""} },
		"Keys":        func(c *Config) { c.Keys = nil },
		"Kind":        func(c *Config) { c.Kind = KindID },
		"MaxLifetime": func(c *Config) { c.MaxLifetime = -1 },
	} {
		c := config(t)
		change(&c)
		if _, err := New(c); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestVerifyPassesKeyTroubleOn(t *testing.T) {
	c := config(t)
	c.Keys = brokenKeys{}
	_, err := verifier(t, c).Verify(t.Context(), appV1().token())
	var source *KeySourceError
	if !errors.As(err, &source) || errors.As(err, new(*Error)) {
		t.Fatalf("error %v, want a *KeySourceError: nothing is known about the token", err)
	}
}

type brokenKeys struct{}

func (brokenKeys) Key(context.Context, string) (Key, error) {
	return Key{}, &KeySourceError{Source: "https://login.example/keys", Err: errors.New("no route to host")}
}

// A clock that jumps neither lets an old token live again for longer than it
// says, nor breaks the verifier for good.
func TestVerifyClockJumps(t *testing.T) {
	now := noon
	c := config(t)
	c.Now = func() time.Time { return now }
	v := verifier(t, c)
	token := appV1().token()
	for _, jump := range []struct {
		by    time.Duration
		check string
	}{
		{0, ""}, {40 * 24 * time.Hour, CheckLifetime}, {-40 * 24 * time.Hour, ""}, {-time.Hour, CheckLifetime}, {time.Hour, ""},
		{-60 * 365 * 24 * time.Hour, CheckLifetime}, {60 * 365 * 24 * time.Hour, ""}, {200 * 365 * 24 * time.Hour, CheckLifetime},
	} {
		now = now.Add(jump.by)
		_, err := v.Verify(t.Context(), token)
		var refused *Error
		if errors.As(err, &refused); (err == nil) != (jump.check == "") || refused != nil && refused.Check != jump.check {
			t.Errorf("at %s: error %v, want the check %q", now, err, jump.check)
		}
	}
}
