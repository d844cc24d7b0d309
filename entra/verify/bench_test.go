package verify

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"testing"
)

// BenchmarkVerify is a whole verification of an application's token, every
// check included, keys known. Compare it with BenchmarkBareRSA.
func BenchmarkVerify(b *testing.B) {
	v := verifier(b, config(b))
	raw := realistic().token()
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.Verify(context.Background(), raw); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerifyParallel(b *testing.B) {
	v := verifier(b, config(b))
	raw := realistic().token()
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := v.Verify(context.Background(), raw); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkBareRSA is the least that any verification of the same token must
// do: hash what is signed and verify the signature, both decoded beforehand.
func BenchmarkBareRSA(b *testing.B) {
	raw := realistic().token()
	dot := strings.LastIndexByte(raw, '.')
	input := []byte(raw[:dot])
	sig, err := base64.RawURLEncoding.DecodeString(raw[dot+1:])
	if err != nil {
		b.Fatal(err)
	}
	public := &signingKey().PublicKey
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		digest := sha256.Sum256(input)
		if err := rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], sig); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkReadOnly is all of Verify but the RSA.
func BenchmarkReadOnly(b *testing.B) {
	raw, s := realistic().token(), new(scratch)
	b.ReportAllocs()
	for b.Loop() {
		t := token{raw: raw}
		if t.open(s) != nil || t.read(s) != nil {
			b.Fatal("not read")
		}
		s.wipe()
	}
}

// realistic is an application's token of the size and with the claims that
// Entra writes for a Defender API.
func realistic() forge {
	return appV1().with(map[string]any{
		"aio": "k2RgYLj65u/0Q2bxVVYv1" + strings.Repeat("Z", 40), "rh": "1.ATEA" + strings.Repeat("b", 40) + ".",
		"xms_tdbr": "EU", "xms_ftd": strings.Repeat("q", 60), "xms_idrel": "7 24", "idtyp": "app", "uti": "Zc1ZvDVRAkOlqbYOYmFvAA",
		"roles":       []string{"AdvancedHunting.Read.All", "Incident.Read.All", "Incident.ReadWrite.All", "CustomDetections.ReadWrite.All"},
		"xms_act_fct": "3 9", "xms_sub_fct": "3 9", "wids": []string{"0997a1d0-0d1d-4acb-b408-d5ca73121e90"}, "app_displayname": "Partner monitor",
	})
}
