package entra

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// GraphCommandLineTools is Microsoft's own public client "Microsoft Graph
// Command Line Tools", which exists in every tenant and may ask for any Graph
// permission that an administrator consents to.
const GraphCommandLineTools = "14d82eec-204b-4c2f-b7e8-296a70dab67e"

// DeviceCode is what a person needs to sign in on any device.
type DeviceCode struct {
	UserCode        string
	VerificationURI string
	// Message is Microsoft's own sentence with both, in the user's language.
	Message string
	// Expires is by the local clock.
	Expires  time.Time
	Interval time.Duration
}

// DeviceConfig is what SignInWithDeviceCode needs.
type DeviceConfig struct {
	Cloud Cloud
	// Tenant is a tenant id or domain; "" means the organization of whoever
	// signs in.
	Tenant string
	// ClientID is a public client; "" means [GraphCommandLineTools].
	ClientID string
	// Scopes are delegated permissions; one without a slash, such as
	// "Application.ReadWrite.All", is taken as Microsoft Graph's.
	Scopes     []string
	HTTPClient *http.Client
	// Now is the clock, nil means time.Now; Sleep waits between polls and ends
	// early with the context, nil means a timer.
	Now   func() time.Time
	Sleep func(context.Context, time.Duration) error
}

// DeviceCodeError is a device sign-in that ended without a token.
type DeviceCodeError struct {
	// Reason is "expired", "declined" or "bad code".
	Reason string
	Err    error // the refusal; nil if the code expired by our own clock
}

func (e *DeviceCodeError) Error() string {
	return "device sign-in: " + e.Reason + "; " + e.Next()
}

// Unwrap returns the refusal.
func (e *DeviceCodeError) Unwrap() error { return e.Err }

// Next says what to do.
func (e *DeviceCodeError) Next() string {
	if e.Reason == "declined" {
		return "start again if declining was not meant"
	}
	return "start again and type the new code before it expires"
}

const (
	deviceGrant = "urn:ietf:params:oauth:grant-type:device_code"
	// defaultInterval and slowDown are those of RFC 8628 §3.5.
	defaultInterval = 5 * time.Second
	slowDown        = 5 * time.Second
	maxInterval     = time.Minute
	// maxDeviceLife bounds how long a server may make us poll.
	maxDeviceLife = time.Hour
)

// SignInWithDeviceCode signs a person in for Microsoft Graph (RFC 8628): show is
// called once with the code to display, then the token endpoint is polled until
// the person has finished. The token is not kept anywhere, and no refresh token
// is asked for. Errors: [*DeviceCodeError], and those of [Tokens.Token].
func SignInWithDeviceCode(ctx context.Context, c DeviceConfig, show func(DeviceCode)) (Token, error) {
	f, err := newDeviceFlow(c)
	if err != nil {
		return noToken(), err
	}
	code, secret, err := f.begin(ctx)
	if err != nil {
		return noToken(), err
	}
	if show != nil {
		show(code)
	}
	return f.poll(ctx, code, secret)
}

type deviceFlow struct {
	DeviceConfig
	base     string // {login}/{tenant}/oauth2/v2.0
	tenant   TenantID
	resource Resource
	scope    string
}

func newDeviceFlow(c DeviceConfig) (*deviceFlow, error) {
	if err := c.Cloud.validate(); err != nil {
		return nil, err
	}
	f := &deviceFlow{DeviceConfig: c, resource: c.Cloud.Resource(ResourceGraph)}
	name := "organizations"
	if c.Tenant != "" {
		if id, err := ParseTenantID(c.Tenant); err == nil {
			name, f.tenant = string(id), id
		} else if d, derr := ParseDomain(c.Tenant); derr == nil {
			name = d
		} else {
			return nil, err
		}
	}
	f.base = c.Cloud.Login + "/" + name + "/oauth2/v2.0"
	if f.ClientID == "" {
		f.ClientID = GraphCommandLineTools
	}
	id, err := parseClientID(f.ClientID)
	if err != nil {
		return nil, err
	}
	f.ClientID = id
	var scopes []string
	for _, s := range c.Scopes {
		switch {
		case s == "" || strings.ContainsAny(s, " \t\r\n"):
			return nil, &ConfigError{Field: "scope", Value: s, Problem: "is empty or has a space", Remedy: "give one permission per entry"}
		case s == "openid" || s == "profile" || s == "email" || strings.Contains(s, "/"):
			scopes = append(scopes, s)
		default:
			scopes = append(scopes, f.resource.URI+"/"+s)
		}
	}
	if len(scopes) == 0 {
		return nil, &ConfigError{Field: "scopes", Problem: "are missing", Remedy: "name the delegated permissions, such as Application.ReadWrite.All"}
	}
	f.scope = strings.Join(scopes, " ")
	f.HTTPClient = plainClient(c.HTTPClient)
	if f.Now == nil {
		f.Now = time.Now
	}
	if f.Sleep == nil {
		f.Sleep = sleep
	}
	return f, nil
}

func (f *deviceFlow) begin(ctx context.Context) (DeviceCode, Secret, error) {
	asked := f.Now()
	a, err := postForm(ctx, f.HTTPClient, f.base+"/devicecode", url.Values{"client_id": {f.ClientID}, "scope": {f.scope}})
	if err != nil {
		return DeviceCode{}, Secret{}, err
	}
	if a.status != http.StatusOK {
		return DeviceCode{}, Secret{}, parseError(a.status, a.header, a.body, f.Now())
	}
	var d struct {
		DeviceCode text   `json:"device_code"`
		UserCode   text   `json:"user_code"`
		URI        text   `json:"verification_uri"`
		URL        text   `json:"verification_url"` // the v1 spelling
		Message    text   `json:"message"`
		ExpiresIn  number `json:"expires_in"`
		Interval   number `json:"interval"`
	}
	if err := json.Unmarshal(a.body, &d); err != nil {
		if looksLikeHTML(a.header, a.body) {
			return DeviceCode{}, Secret{}, parseError(a.status, a.header, a.body, f.Now())
		}
		return DeviceCode{}, Secret{}, &AnswerError{Host: a.host, Problem: "it is not the JSON of a device code"}
	}
	address := string(firstOf(d.URI, d.URL))
	if d.DeviceCode == "" || d.UserCode == "" || !strings.HasPrefix(address, "https://") {
		return DeviceCode{}, Secret{}, &AnswerError{Host: a.host, Problem: "it has no device code, user code or https address"}
	}
	life := time.Duration(d.ExpiresIn.Value) * time.Second
	if life <= 0 {
		life = 15 * time.Minute
	}
	code := DeviceCode{
		UserCode: clip(string(d.UserCode), 40), VerificationURI: clip(address, 200), Message: clip(string(d.Message), 500),
		Expires:  asked.Add(min(life, maxDeviceLife)),
		Interval: defaultInterval,
	}
	if d.Interval.Set && d.Interval.Value > 0 {
		code.Interval = min(time.Duration(d.Interval.Value)*time.Second, maxInterval)
	}
	return code, NewSecret(string(d.DeviceCode)), nil
}

func (f *deviceFlow) poll(ctx context.Context, code DeviceCode, secret Secret) (Token, error) {
	form := url.Values{"grant_type": {deviceGrant}, "client_id": {f.ClientID}, "device_code": {secret.Reveal()}}
	interval := code.Interval
	for {
		if err := f.Sleep(ctx, interval); err != nil {
			return noToken(), fmt.Errorf("device sign-in: %w", err)
		}
		asked := f.Now()
		if !asked.Before(code.Expires) {
			return noToken(), &DeviceCodeError{Reason: "expired"}
		}
		a, err := postForm(ctx, f.HTTPClient, f.base+"/token", form)
		if err != nil {
			var conn *ConnectionError
			if errors.As(err, &conn) && ctx.Err() == nil {
				// RFC 8628 §3.5: back off on a lost connection, then go on.
				interval = min(interval*2, maxInterval)
				continue
			}
			return noToken(), err
		}
		answer, err := readTokenAnswer(a, f.Now())
		if err == nil {
			g, err := checkToken(answer, a.host, asked, f.tenant, f.resource)
			if err != nil {
				return noToken(), err
			}
			return Token{g}, nil
		}
		var e *Error
		if !errors.As(err, &e) {
			return noToken(), err
		}
		switch e.OAuth {
		case "authorization_pending":
		case "slow_down":
			interval = min(interval+slowDown, maxInterval)
		case "expired_token", "code_expired":
			return noToken(), &DeviceCodeError{Reason: "expired", Err: e}
		case "authorization_declined", "access_denied":
			return noToken(), &DeviceCodeError{Reason: "declined", Err: e}
		case "bad_verification_code":
			return noToken(), &DeviceCodeError{Reason: "bad code", Err: e}
		default:
			if e.Action != ActionWait {
				return noToken(), e
			}
			interval = max(min(interval*2, maxInterval), e.RetryAfter)
		}
	}
}

// sleep waits with a timer, or until the context ends.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
