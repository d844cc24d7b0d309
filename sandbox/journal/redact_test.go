package journal

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const sampleJWT = "eyJhbGciOiJSUzI1NiJ9.eyJ0aWQiOiJhIn0.c2lnbmF0dXJl"

func TestSecretNames(t *testing.T) {
	for _, name := range []string{
		"client_secret", "Client-Secret", "clientSecret", "secretText", "client_assertion", "assertion", "code",
		"refresh_token", "password", "id_token", "access_token", "id_token_hint", "code_verifier", "device_code",
		"Authorization", "Cookie", "Set-Cookie", "passwd", "actortoken", "ctx", "canary",
	} {
		if !Secret(name) {
			t.Errorf("Secret(%q) = false", name)
		}
	}
	for _, name := range []string{
		"client_id", "client_assertion_type", "grant_type", "scope", "resource", "state", "tenant", "user_code",
		"code_challenge", "code_challenge_method", "response_type", "token_type", "requested_token_use", "prompt", "error_codes", "",
	} {
		if Secret(name) {
			t.Errorf("Secret(%q) = true", name)
		}
	}
}

func TestRedactQuery(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"empty", "", ""},
		{"nothing secret, order and spelling kept", "b=2&a=%7e1&c", "b=2&a=%7e1&c"},
		{"code", "code=0.ABC&state=x", "code=[redacted:5]&state=x"},
		{"length is of the decoded value", "client_secret=a%20b", "client_secret=[redacted:3]"},
		{"escaped name", "client%5Fsecret=abc", "client%5Fsecret=[redacted:3]"},
		{"empty secret is worth knowing", "client_secret=&a=1", "client_secret=&a=1"},
		{"twice", "code=a&code=bb", "code=[redacted:1]&code=[redacted:2]"},
		{"semicolon", "a=1;code=xyz", "a=1;code=[redacted:3]"},
		{"broken escape of a name", "co%zzde=abc", "[redacted:11]"},
		{"broken escape of a value", "x=%zz", "x=[redacted:3]"},
		{"token in an open parameter", "login_hint=" + sampleJWT, "login_hint=%5Bredacted%3A49%5D"},
		{"code in an address encoded twice", "ru=https%253A%252F%252Fx%252F%253Fcode%253Dabc", "ru=%5Bredacted%3A31%5D"},
		{"code in an address encoded thrice", "ru=x%25253Fcode%25253Dabc", "ru=%5Bredacted%3A18%5D"},
		{"nothing secret, encoded twice", "ru=x%253Fstate%253Dabc", "ru=x%253Fstate%253Dabc"},
		{"code inside a redirect address", "redirect_uri=https%3A%2F%2Fx%2F%3Fcode%3Dabc%26state%3D1", "redirect_uri=https%3A%2F%2Fx%2F%3Fcode%3D%5Bredacted%3A3%5D%26state%3D1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := RedactQuery(c.in); got != c.want {
				t.Errorf("RedactQuery(%q) = %q, want %q", c.in, got, c.want)
			}
			if again := RedactQuery(c.want); again != c.want {
				t.Errorf("a second pass makes %q of %q", again, c.want)
			}
		})
	}
}

func TestRedactText(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"plain", "AADSTS7000215: Invalid client secret provided.", "AADSTS7000215: Invalid client secret provided."},
		{"token in words", "Bearer " + sampleJWT + ", sorry", "Bearer [redacted:49], sorry"},
		{"encrypted token", "x eyJhbGciOiJSU0EifQ.a.b.c.d y", "x [redacted:26] y"},
		{"token with pretty-printed header", "ewogICJhbGciOiJub25lIn0.e30.", "[redacted:28]"},
		{"unsigned token", "eyJhbGciOiJub25lIn0.e30.", "[redacted:24]"},
		{"host name is no token", "eyes.example.com", "eyes.example.com"},
		{"pair in an address still encoded", "https%3A%2F%2Fx%2F%3Fclient_secret%3Dabc", "[redacted:40]"},
		{"percent sign in words", "100% of code", "100% of code"},
		{"fragment", "https://localhost/#access_token=abc&x=1", "https://localhost/#access_token=[redacted:3]&x=1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := RedactText(c.in); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestAppendScrubsWhatHandlersNoted(t *testing.T) {
	j := New(nil, nil)
	j.Append(Event{
		Kind: KindState, Decision: "refused " + sampleJWT, UserAgent: sampleJWT,
		Headers: map[string]string{"Authorization": "Bearer " + sampleJWT, "X-Client-Sku": "MSAL"},
		Form:    map[string][]string{"client_secret": {"hush"}, "scope": {"a"}},
		Detail:  map[string]any{"secretText": "hush", "names": []any{"a", sampleJWT}, "deep": map[string]any{"password": "hush", "n": 1}},
	})
	got := j.Since(0)[0]
	want := Event{
		Seq: 1, Time: got.Time, Kind: KindState, Decision: "refused [redacted:49]", UserAgent: "[redacted:49]",
		Headers: map[string]string{"Authorization": "Bearer [redacted:49]", "X-Client-Sku": "MSAL"},
		Form:    map[string][]string{"client_secret": {"[redacted:4]"}, "scope": {"a"}},
		Detail:  map[string]any{"secretText": "[redacted:4]", "names": []any{"a", "[redacted:49]"}, "deep": map[string]any{"password": "[redacted:4]", "n": 1}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("event (-want +got):\n%s", diff)
	}
}

func FuzzRedactQuery(f *testing.F) {
	for _, s := range []string{"", "a=1&b=2", "x=%zz;y", "redirect_uri=https%3A%2F%2Fx", "a=[redacted:3]", "=&=", "%5f=%5f"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, other string) {
		const secret = "S3cretValueNobodyMaySee"
		for _, q := range []string{
			other + "&client_secret=" + secret,
			"client_secret=" + secret + "&" + other,
			"x=" + sampleJWT + "&" + other,
		} {
			got := RedactQuery(q)
			if strings.Contains(got, secret) && !strings.Contains(other, secret) {
				t.Errorf("RedactQuery(%q) = %q", q, got)
			}
			if strings.Contains(got, sampleJWT) && !strings.Contains(other, sampleJWT) {
				t.Errorf("RedactQuery(%q) = %q", q, got)
			}
		}
	})
}
