package wycheproof

import (
	"encoding/json"
	"errors"
	"io/fs"
	"testing"
	"time"

	vectors "github.com/c2sp/wycheproof"

	"github.com/tenantry/tenantry/entra"
	"github.com/tenantry/tenantry/entra/verify"
)

type file struct {
	NumberOfTests int
	TestGroups    []group
}

type group struct {
	Comment         string
	Public, Private json.RawMessage
	Tests           []struct {
		TcID    int
		Comment string
		JWS     string
		Result  string
		Flags   []string
	}
}

func load(t *testing.T, name string) file {
	t.Helper()
	raw, err := fs.ReadFile(vectors.TestVectors, name)
	if err != nil {
		t.Fatal(err)
	}
	var f file
	if err := json.Unmarshal(raw, &f); err != nil {
		t.Fatal(err)
	}
	return f
}

// keySet wraps a single key, or passes a set on. Private members beside the
// public ones make no difference, and secrets are no keys for verify.
func (g group) keySet(t *testing.T) (verify.KeySet, []map[string]any) {
	t.Helper()
	raw := g.Public
	if len(raw) == 0 {
		raw = g.Private
	}
	var set struct{ Keys []map[string]any }
	if err := json.Unmarshal(raw, &set); err != nil {
		t.Fatal(err)
	}
	if set.Keys == nil {
		var one map[string]any
		if err := json.Unmarshal(raw, &one); err != nil {
			t.Fatal(err)
		}
		set.Keys = []map[string]any{one}
	}
	doc, err := json.Marshal(map[string]any{"keys": set.Keys})
	if err != nil {
		t.Fatal(err)
	}
	// A set without a usable key stays empty: nothing verifies under it.
	keys, err := verify.ParseJWKS(doc)
	if err != nil && !errors.As(err, new(*verify.DocumentError)) {
		t.Fatal(err)
	}
	return keys, set.Keys
}

// signatureHolds reports whether the signature of a token was found sound. No
// vector is a token of Entra, so Verify refuses all of them; the first rule
// behind the signature is the one about typ, which no vector has.
func signatureHolds(t *testing.T, keys verify.Keys, raw string) (holds bool, rule string) {
	t.Helper()
	v, err := verify.New(verify.Config{Cloud: entra.Clouds()[0], Audiences: []string{"x"}, Keys: keys, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	_, err = v.Verify(t.Context(), raw)
	var refused *verify.Error
	if !errors.As(err, &refused) {
		t.Fatalf("error %v, want *verify.Error", err)
	}
	return refused.Rule == "header.typ", refused.Rule
}

// outside are vectors whose expectation is not this package's.
func outside() map[string]string {
	return map[string]string{
		"rejectsKeyWithRocaVulnerability": "how the authority made its keys is not judged: its key set is what is trusted",
	}
}

func TestSignatures(t *testing.T) { run(t, "json_web_signature_test.json", 8) }

func TestKeys(t *testing.T) { run(t, "json_web_key_test.json", 1) }

// run expects every sound RS256 signature to hold, and nothing else: no
// invalid vector, and no valid one of an algorithm that is not allowed.
func run(t *testing.T, name string, accept int) {
	f := load(t, name)
	ran, held := 0, 0
	flags := map[string]int{}
	for _, g := range f.TestGroups {
		keys, list := g.keySet(t)
		for _, tt := range g.Tests {
			ran++
			for _, flag := range tt.Flags {
				flags[flag]++
			}
			allowed := false
			for _, k := range list {
				allowed = allowed || k["kty"] == "RSA" && (k["alg"] == "RS256" || k["alg"] == nil)
			}
			want := tt.Result == "valid" && allowed
			holds, rule := signatureHolds(t, keys, tt.JWS)
			if reason := outside()[tt.Comment]; reason != "" {
				t.Logf("test %d, %s: held %v; %s", tt.TcID, tt.Comment, holds, reason)
				continue
			}
			if holds != want {
				t.Errorf("test %d, %s, %s %v: signature held %v (%s), want %v", tt.TcID, g.Comment, tt.Comment, tt.Flags, holds, rule, want)
			}
			if holds {
				held++
			}
		}
	}
	if ran != f.NumberOfTests || held != accept {
		t.Errorf("%d of %d vectors ran and %d signatures held, want %d", ran, f.NumberOfTests, held, accept)
	}
	t.Logf("%d vectors, %d sound RS256 signatures, flags %v", ran, held, flags)
}
