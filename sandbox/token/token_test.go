package token

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func fixed() time.Time { return start }

func memory(t *testing.T) *Keys {
	t.Helper()
	k, err := Load("", fixed)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func appClaims() map[string]any {
	return map[string]any{
		"aud": "https://api.example", "iss": "https://sts.windows.net/t/", "tid": "t", "appid": "a", "oid": "o", "sub": "o",
		"ver": "1.0", "roles": []string{"Incident.Read.All"}, "nbf": start.Unix() - 300, "exp": start.Unix() + 3600, "uti": "u",
	}
}

func sign(t *testing.T, k *Keys, header, claims map[string]any) string {
	t.Helper()
	raw, err := k.Sign(header, claims)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestVerifyReturnsWhatWasSigned(t *testing.T) {
	k := memory(t)
	user := appClaims()
	delete(user, "roles")
	delete(user, "appid")
	user["azp"], user["scp"], user["preferred_username"], user["ver"] = "a", "User.Read openid", "ada@contoso.example", "2.0"
	want := Claims{
		Audience: "https://api.example", Issuer: "https://sts.windows.net/t/", TenantID: "t", AppID: "a", ObjectID: "o", Subject: "o",
		Version: "1.0", AppOnly: true, Roles: []string{"Incident.Read.All"}, NotBefore: start.Add(-5 * time.Minute), Expires: start.Add(time.Hour), ID: "u",
	}
	wantUser := want
	wantUser.Version, wantUser.AppOnly, wantUser.Roles = "2.0", false, nil
	wantUser.Scopes, wantUser.UPN = []string{"User.Read", "openid"}, "ada@contoso.example"
	for name, c := range map[string]struct {
		header, claims map[string]any
		want           Claims
	}{
		"application":           {nil, appClaims(), want},
		"application for Graph": {map[string]any{"nonce": "n-1"}, appClaims(), want},
		"user, version 2":       {map[string]any{"x5t": nil}, user, wantUser},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := k.Verify(sign(t, k, c.header, c.claims))
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(&c.want, got); d != "" {
				t.Errorf("claims (-want +got):\n%s", d)
			}
		})
	}
}

// plainVerify is what a client library does: the key of the published set
// that kid names, and no knowledge of nonces.
func plainVerify(t *testing.T, jwks []byte, raw string) error {
	t.Helper()
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(jwks, &set); err != nil {
		t.Fatal(err)
	}
	sig, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		t.Fatal(err)
	}
	_, err = sig.Verify(set.Key(sig.Signatures[0].Header.KeyID)[0])
	return err
}

func TestPlainVerificationFailsOnlyWithNonce(t *testing.T) {
	k := memory(t)
	if err := plainVerify(t, k.JWKS(""), sign(t, k, nil, appClaims())); err != nil {
		t.Errorf("token without nonce: %v", err)
	}
	if err := plainVerify(t, k.JWKS(""), sign(t, k, map[string]any{"nonce": `a"b`}, appClaims())); err == nil {
		t.Error("token with nonce verified as it is, want a failure")
	}
	if _, err := k.Verify(sign(t, k, map[string]any{"nonce": `a"b`}, appClaims())); err != nil {
		t.Errorf("token with nonce and hashing: %v", err)
	}
}

func TestHeaderMembers(t *testing.T) {
	k := memory(t)
	id := k.list[current].id
	for name, c := range map[string]struct {
		header map[string]any
		want   string
	}{
		"v1":    {nil, `{"typ":"JWT","alg":"RS256","x5t":"` + id + `","kid":"` + id + `"}`},
		"v2":    {map[string]any{"x5t": nil}, `{"typ":"JWT","alg":"RS256","kid":"` + id + `"}`},
		"graph": {map[string]any{"nonce": "n"}, `{"typ":"JWT","nonce":"n","alg":"RS256","x5t":"` + id + `","kid":"` + id + `"}`},
		"more":  {map[string]any{"z": 1, "b": "x"}, `{"typ":"JWT","alg":"RS256","x5t":"` + id + `","kid":"` + id + `","b":"x","z":1}`},
	} {
		raw := sign(t, k, c.header, appClaims())
		got, err := base64.RawURLEncoding.DecodeString(raw[:strings.IndexByte(raw, '.')])
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != c.want {
			t.Errorf("%s: header %s, want %s", name, got, c.want)
		}
	}
}

func TestVerifyRefuses(t *testing.T) {
	k, other := memory(t), memory(t)
	with := func(name string, v any) map[string]any {
		c := appClaims()
		if v == nil {
			delete(c, name)
		} else {
			c[name] = v
		}
		return c
	}
	good := sign(t, k, nil, appClaims())
	parts := strings.Split(good, ".")
	enc := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	id := k.list[current].id
	for name, c := range map[string]struct {
		raw  string
		want error
	}{
		"empty":            {"", ErrMalformed},
		"two parts":        {parts[0] + "." + parts[1], ErrMalformed},
		"huge":             {strings.Repeat("a", maxToken+1), ErrMalformed},
		"header not b64":   {"%." + parts[1] + "." + parts[2], ErrMalformed},
		"alg none":         {enc(`{"alg":"none","kid":"`+id+`"}`) + "." + parts[1] + ".", ErrMalformed},
		"alg HS256":        {enc(`{"alg":"HS256","kid":"`+id+`"}`) + "." + parts[1] + "." + parts[2], ErrMalformed},
		"foreign key":      {sign(t, other, nil, appClaims()), ErrUnknownKey},
		"foreign, our kid": {sign(t, other, map[string]any{"kid": id}, appClaims()), ErrSignature},
		"claims changed":   {parts[0] + "." + enc(`{"tid":"other"}`) + "." + parts[2], ErrSignature},
		"nonce added":      {enc(`{"typ":"JWT","nonce":"n","alg":"RS256","kid":"`+id+`"}`) + "." + parts[1] + "." + parts[2], ErrSignature},
		"id token":         {sign(t, k, nil, with("appid", nil)), ErrNotAccessToken},
		"claim of a type":  {sign(t, k, nil, with("roles", 7)), ErrMalformed},
		"expired":          {sign(t, k, nil, with("exp", start.Add(-Skew-time.Second).Unix())), ErrExpired},
		"no exp":           {sign(t, k, nil, with("exp", nil)), ErrExpired},
		"of the future":    {sign(t, k, nil, with("nbf", start.Add(Skew+time.Second).Unix())), ErrNotYetValid},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := k.Verify(c.raw)
			if !errors.Is(err, c.want) {
				t.Errorf("Verify = %+v, %v, want %v", got, err, c.want)
			}
		})
	}
	// The edge of the skew is inside.
	for _, c := range []map[string]any{with("exp", start.Add(-Skew).Unix()), with("nbf", start.Add(Skew).Unix())} {
		if _, err := k.Verify(sign(t, k, nil, c)); err != nil {
			t.Errorf("at the edge of the skew: %v", err)
		}
	}
}

func TestJWKS(t *testing.T) {
	k := memory(t)
	var doc struct{ Keys []map[string]any }
	if err := json.Unmarshal(k.JWKS("https://login.microsoftonline.com/{tenantid}/v2.0"), &doc); err != nil {
		t.Fatal(err)
	}
	if len(doc.Keys) != 3 {
		t.Fatalf("%d keys, want 3", len(doc.Keys))
	}
	for _, key := range doc.Keys {
		if key["kid"] != key["x5t"] || key["issuer"] != "https://login.microsoftonline.com/{tenantid}/v2.0" || key["e"] != "AQAB" {
			t.Errorf("key %v", key)
		}
		if _, has := key["alg"]; has {
			t.Errorf("key has alg, Entra's have none")
		}
	}
	if strings.Contains(string(k.JWKS("")), "issuer") {
		t.Error("v1 document has issuer")
	}
}

func TestKeysAreKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "sandbox")
	k, err := Load(dir, fixed)
	if err != nil {
		t.Fatal(err)
	}
	raw := sign(t, k, nil, appClaims())
	info, err := os.Stat(filepath.Join(dir, keyFile))
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, want 0600", info.Mode().Perm())
	}
	again, err := Load(dir, fixed)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := again.Verify(raw); err != nil {
		t.Errorf("token of the first run: %v", err)
	}

	// One rotation keeps the token verifying, the second withdraws its key.
	if err := again.Rotate(); err != nil {
		t.Fatal(err)
	}
	if _, err := again.Verify(raw); err != nil {
		t.Errorf("after one rotation: %v", err)
	}
	if fresh := sign(t, again, nil, appClaims()); fresh[:strings.IndexByte(fresh, '.')] == raw[:strings.IndexByte(raw, '.')] {
		t.Error("rotation did not change the signing key")
	}
	if err := again.Rotate(); err != nil {
		t.Fatal(err)
	}
	if _, err := again.Verify(raw); !errors.Is(err, ErrUnknownKey) {
		t.Errorf("after two rotations: %v, want ErrUnknownKey", err)
	}
	third, err := Load(dir, fixed)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(again.JWKS("")), string(third.JWKS(""))); d != "" {
		t.Errorf("rotation was not kept:\n%s", d)
	}
}

func TestLoadNamesTheFileAndTheRemedy(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, keyFile)
	if err := os.WriteFile(path, []byte("not PEM"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Load(dir, fixed)
	var kf *KeyFileError
	if !errors.As(err, &kf) || kf.Path != path || kf.Remedy == "" {
		t.Fatalf("Load = %v, want a *KeyFileError for %s", err, path)
	}
	_, err = Load(path, fixed) // a file where the directory should be
	if !errors.As(err, &kf) {
		t.Fatalf("Load on a file = %v, want a *KeyFileError", err)
	}
}

func TestVerifyIDToken(t *testing.T) {
	k := memory(t)
	raw := sign(t, k, nil, map[string]any{"aud": "client", "tid": "t", "exp": start.Add(-24 * time.Hour).Unix()})
	if client, tenant, err := k.VerifyIDToken(raw); err != nil || client != "client" || tenant != "t" {
		t.Errorf("VerifyIDToken = %q, %q, %v", client, tenant, err)
	}
	if _, _, err := k.VerifyIDToken(raw + "x"); err == nil {
		t.Error("a changed id token was accepted")
	}
}

func FuzzVerify(f *testing.F) {
	k, err := Load("", fixed)
	if err != nil {
		f.Fatal(err)
	}
	for _, h := range []map[string]any{nil, {"nonce": "n"}, {"x5t": nil}} {
		raw, err := k.Sign(h, appClaims())
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Add("a.b.c")
	f.Fuzz(func(t *testing.T, raw string) {
		c, err := k.Verify(raw)
		if (c == nil) == (err == nil) {
			t.Fatalf("Verify = %v, %v", c, err)
		}
		if err == nil && c.TenantID != "t" {
			t.Fatalf("a token that was never signed was accepted: %+v", c)
		}
	})
}
