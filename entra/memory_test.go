package entra

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"unsafe"
)

// TestMemoryPerTenant fills a cache with tokens of the size and claims of real
// ones, each claim spelled out anew for every tenant as a decoder does.
func TestMemoryPerTenant(t *testing.T) {
	const n = 10_000
	var bytes int
	padding := base64.RawURLEncoding.EncodeToString(make([]byte, 256))
	tr := roundTrip(func(r *http.Request) (*http.Response, error) {
		tenant := tenantOf(r.URL.Path)
		jwt := fakeJWT(map[string]any{
			"aud": xdr().URI, "iss": "https://sts.windows.net/" + string(tenant) + "/", "tid": tenant, "iat": 1, "nbf": 1, "exp": 1 << 31,
			"aio": strings.Repeat("k", 60), "appid": clientID, "appidacr": "1", "idp": "https://sts.windows.net/" + string(tenant) + "/", "app_displayname": "Northwind MDR",
			"idtyp": "app", "oid": "44444444-" + string(tenant)[9:], "sub": "44444444-" + string(tenant)[9:], "rh": strings.Repeat("r", 60), "uti": "uti-" + string(tenant)[:18], "ver": "1.0",
			"roles": []string{"Incident.Read.All", "AdvancedHunting.Read.All", "Incident.ReadWrite.All"}, "wids": []string{"0997a1d0-0d1d-4acb-b408-d5ca73121e90"},
		}) + padding
		bytes += len(jwt)
		return respond(200, "application/json", fmt.Sprintf(`{"token_type":"Bearer","expires_in":3599,"access_token":%q}`, jwt)), nil
	})
	tokens, err := NewTokens(Config{Cloud: Clouds()[0], ClientID: clientID, Credential: ClientSecret(NewSecret(password)), HTTPClient: &http.Client{Transport: tr}})
	if err != nil {
		t.Fatal(err)
	}
	fill := func(from, to int) {
		for i := from; i < to; i++ {
			if _, err := tokens.Token(t.Context(), tenantNumber(i), xdr()); err != nil {
				t.Fatal(err)
			}
		}
	}
	heap := func() uint64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	fill(0, 10)
	before, bytesBefore := heap(), bytes
	fill(10, 10+n)
	after := heap()
	beside := (int(after) - int(before) - (bytes - bytesBefore)) / n
	t.Logf("%d bytes per tenant beside a token of %d", beside, (bytes-bytesBefore)/n)
	if beside > 1024 {
		t.Errorf("%d bytes per tenant beside the token's, want at most 1024", beside)
	}
	if beside < 100 {
		t.Errorf("%d bytes per tenant: nothing is held, or nothing was measured", beside)
	}
	tok := mustToken(t, tokens, tenantNumber(42))
	if tok.Tenant != tenantNumber(42) || tok.Claims.Issuer != "https://sts.windows.net/"+string(tenantNumber(42))+"/" || tok.Claims.ObjectID != tok.Claims.Subject || len(tok.Claims.Roles) != 3 {
		t.Errorf("claims got lost: %+v", tok.Claims)
	}
	if err := tokens.Close(); err != nil {
		t.Error(err)
	}
}

// TestASlotFillsTwoLines: neighbours in memory must not share a line that one
// of them writes, nor a bucket span two.
func TestASlotFillsTwoLines(t *testing.T) {
	if size := unsafe.Sizeof(slot{}); size != 128 {
		t.Errorf("a slot is %d bytes, want 128", size)
	}
	if size := unsafe.Sizeof(bucket{}); size != 64 {
		t.Errorf("a bucket is %d bytes, want 64", size)
	}
	if end := unsafe.Offsetof(slot{}.current) + 8; end > 64 {
		t.Errorf("what a hit reads ends at byte %d of a slot, want 64 at most", end)
	}
	if size := unsafe.Sizeof(Token{}); size != unsafe.Sizeof(uintptr(0)) {
		t.Errorf("a Token is %d bytes", size)
	}
}
