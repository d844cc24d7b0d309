package entra

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

const deviceAnswer = `{"device_code":"DC","user_code":"ABCD-EFGH","verification_uri":"https://microsoft.com/devicelogin","expires_in":%s,"interval":%s,"message":"To sign in, open the page."}`

func oauthError(name string) string {
	return fmt.Sprintf(`{"error":%q,"error_description":"AADSTS70016: x","error_codes":[70016]}`, name)
}

func graphToken(tenant TenantID) string {
	return fmt.Sprintf(`{"token_type":"Bearer","expires_in":3599,"access_token":%q}`, appToken(tenant, "https://graph.microsoft.com"))
}

// TestDeviceCode runs in a bubble with a clock of its own: it waits for minutes
// without taking any time.
func TestDeviceCode(t *testing.T) {
	for _, tt := range []struct {
		name, tenant string
		device       string
		polls        []string // answers; the last one repeats
		waited       time.Duration
		count        int // polls made
		reason       string
		says         string
	}{
		{"at once", "", fmt.Sprintf(deviceAnswer, "900", "5"), []string{graphToken(tenantA)}, 5 * time.Second, 1, "", ""},
		{"pending twice, numbers as strings", string(tenantA), fmt.Sprintf(deviceAnswer, `"900"`, `"7"`), []string{oauthError("authorization_pending"), oauthError("authorization_pending"), graphToken(tenantA)}, 21 * time.Second, 3, "", ""},
		{"slow down", "contoso.com", fmt.Sprintf(deviceAnswer, "900", "5"), []string{oauthError("slow_down"), oauthError("authorization_pending"), graphToken(tenantA)}, 25 * time.Second, 3, "", ""},
		{"lost connection", "", fmt.Sprintf(deviceAnswer, "900", "5"), []string{"lost", graphToken(tenantA)}, 15 * time.Second, 2, "", ""},
		{"expired here", "", fmt.Sprintf(deviceAnswer, "60", "5"), []string{oauthError("authorization_pending")}, 60 * time.Second, 11, "expired", ""},
		{"expired there", "", fmt.Sprintf(deviceAnswer, "900", "5"), []string{oauthError("expired_token")}, 5 * time.Second, 1, "expired", ""},
		{"declined", "", fmt.Sprintf(deviceAnswer, "900", "5"), []string{oauthError("authorization_declined")}, 5 * time.Second, 1, "declined", ""},
		{"bad code", "", fmt.Sprintf(deviceAnswer, "900", "5"), []string{oauthError("bad_verification_code")}, 5 * time.Second, 1, "bad code", ""},
		{"refused", "", fmt.Sprintf(deviceAnswer, "900", "5"), []string{`{"error":"invalid_client","error_codes":[7000218]}`}, 5 * time.Second, 1, "", "AADSTS7000218"},
		{"another tenant's token", string(tenantA), fmt.Sprintf(deviceAnswer, "900", "5"), []string{graphToken(tenantB)}, 5 * time.Second, 1, "", "token refused"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				polls := 0
				place := tt.tenant
				if place == "" {
					place = "organizations"
				}
				tr := roundTrip(func(r *http.Request) (*http.Response, error) {
					if err := r.ParseForm(); err != nil {
						t.Error(err)
					}
					switch r.URL.Path {
					case "/" + place + "/oauth2/v2.0/devicecode":
						want := url.Values{"client_id": {GraphCommandLineTools}, "scope": {"https://graph.microsoft.com/Application.ReadWrite.All openid"}}
						if d := cmp.Diff(want, r.PostForm); d != "" {
							t.Error(d)
						}
						return respond(200, "application/json", tt.device), nil
					case "/" + place + "/oauth2/v2.0/token":
						want := url.Values{"client_id": {GraphCommandLineTools}, "grant_type": {deviceGrant}, "device_code": {"DC"}}
						if d := cmp.Diff(want, r.PostForm); d != "" {
							t.Error(d)
						}
						body := tt.polls[min(polls, len(tt.polls)-1)]
						polls++
						if body == "lost" {
							return nil, errors.New("connection reset")
						}
						status := 400
						if strings.Contains(body, "access_token") {
							status = 200
						}
						return respond(status, "application/json", body), nil
					}
					t.Errorf("asked %s", r.URL)
					return respond(404, "", ""), nil
				})
				began := time.Now()
				var shown []DeviceCode
				tok, err := SignInWithDeviceCode(t.Context(), DeviceConfig{
					Cloud: Clouds()[0], Tenant: tt.tenant, Scopes: []string{"Application.ReadWrite.All", "openid"}, HTTPClient: &http.Client{Transport: tr},
				}, func(c DeviceCode) { shown = append(shown, c) })
				if got := time.Since(began); got != tt.waited {
					t.Errorf("waited %s, want %s", got, tt.waited)
				}
				if polls != tt.count {
					t.Errorf("%d polls, want %d", polls, tt.count)
				}
				if len(shown) != 1 || shown[0].UserCode != "ABCD-EFGH" || shown[0].VerificationURI != "https://microsoft.com/devicelogin" {
					t.Errorf("shown %+v", shown)
				}
				var de *DeviceCodeError
				switch {
				case tt.reason != "":
					if !errors.As(err, &de) || de.Reason != tt.reason || de.Next() == "" {
						t.Errorf("error %v, want reason %q", err, tt.reason)
					}
				case tt.says != "":
					if err == nil || !strings.Contains(err.Error(), tt.says) {
						t.Errorf("error %v, want %q", err, tt.says)
					}
				case err != nil || tok.Tenant != tenantA || tok.Reveal() == "":
					t.Errorf("token %v, error %v", tok, err)
				}
			})
		})
	}
}

func TestDeviceCodeStopsWithItsContext(t *testing.T) {
	l := newLogin(t, func(w http.ResponseWriter, path string, _ url.Values) {
		if strings.HasSuffix(path, "/devicecode") {
			fmt.Fprintf(w, deviceAnswer, "900", "5")
			return
		}
		w.WriteHeader(400)
		fmt.Fprint(w, oauthError("authorization_pending"))
	})
	ctx, cancel := context.WithCancel(t.Context())
	c := &clock{t: start()}
	slept := 0
	_, err := SignInWithDeviceCode(ctx, DeviceConfig{
		Cloud: l.cloud(), Scopes: []string{"User.Read"}, HTTPClient: l.srv.Client(), Now: c.now,
		Sleep: func(ctx context.Context, d time.Duration) error {
			if slept++; slept == 3 {
				cancel()
			}
			return c.sleep(ctx, d)
		},
	}, nil)
	if !errors.Is(err, context.Canceled) || l.count() != 3 {
		t.Errorf("error %v after %d requests", err, l.count())
	}
}

func TestDeviceCodeRefusesBadConfigurationAndAnswers(t *testing.T) {
	l := newLogin(t, nil)
	ask := func(change func(*DeviceConfig)) error {
		c := DeviceConfig{Cloud: l.cloud(), Scopes: []string{"User.Read"}, HTTPClient: l.srv.Client()}
		change(&c)
		_, err := SignInWithDeviceCode(t.Context(), c, func(DeviceCode) { t.Error("something was shown") })
		return err
	}
	for name, change := range map[string]func(*DeviceConfig){
		"tenant":    func(c *DeviceConfig) { c.Tenant = "../evil" },
		"client id": func(c *DeviceConfig) { c.ClientID = "x" },
		"no scopes": func(c *DeviceConfig) { c.Scopes = nil },
		"scope":     func(c *DeviceConfig) { c.Scopes = []string{"a b"} },
		"cloud":     func(c *DeviceConfig) { c.Cloud = Cloud{} },
	} {
		var ce *ConfigError
		if err := ask(change); !errors.As(err, &ce) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if l.count() != 0 {
		t.Errorf("%d requests", l.count())
	}
	for _, body := range []string{"", "{", "{}", "<html><title>x</title>", `{"device_code":"a","user_code":"b","verification_uri":"http://evil.example"}`} {
		l.answer = func(w http.ResponseWriter, _ string, _ url.Values) { fmt.Fprint(w, body) }
		if err := ask(func(*DeviceConfig) {}); err == nil {
			t.Errorf("%q accepted", body)
		}
	}
}
