package entra

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func encode(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

// holder has a secret and a token where fmt cannot call their methods.
type holder struct {
	Open   Secret
	hidden Secret
	Token  Token
	token  Token
	cred   Credential
}

func TestNothingPrintsASecret(t *testing.T) {
	const value = "hunter2-do-not-print"
	s := NewSecret(value)
	tok := Token{&Grant{Tenant: tenantA, Resource: xdr(), value: s}}
	h := holder{s, s, tok, tok, ClientSecret(s)}
	var log bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&log, nil))
	logger.Info("x", "secret", s, "token", tok, "holder", h, "pointer", &h)
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "secret", s, "token", tok, "holder", h)
	var out strings.Builder
	for _, v := range []any{s, &s, tok, &tok, h, &h, []Secret{s}, map[string]Token{"a": tok}, ClientSecret(s)} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(b)
	}
	out.Write(log.Bytes())
	for _, leak := range []string{value, fmt.Sprintf("%x", value), base64.StdEncoding.EncodeToString([]byte(value))} {
		if i := strings.Index(out.String(), leak); i >= 0 {
			t.Errorf("printed: …%s…", out.String()[max(0, i-80):i+len(leak)])
		}
	}
	if !strings.Contains(out.String(), "[secret]") {
		t.Error("a secret leaves no trace at all")
	}
	if s.Reveal() != value || tok.Reveal() != value || (Secret{}).Reveal() != "" {
		t.Error("Reveal is wrong")
	}
}
