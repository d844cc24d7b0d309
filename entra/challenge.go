package entra

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// capabilityClaims says that the client can answer claims challenges
// (learn.microsoft.com: "Claims challenges, claims requests and client
// capabilities").
const capabilityClaims = `{"access_token":{"xms_cc":{"values":["cp1"]}}}`

const (
	maxChallengeHeader = 32 << 10
	maxChallengeClaims = 8 << 10
)

// ErrNoChallenge is the answer of an API that holds no claims challenge.
var ErrNoChallenge = errors.New("the answer holds no claims challenge")

// ChallengeError is a claims challenge that is not answered.
type ChallengeError struct {
	Problem string
	// Repeated: the refused token was itself the answer to a challenge.
	// Answering again would go round in circles.
	Repeated bool
}

func (e *ChallengeError) Error() string {
	return "claims challenge: " + e.Problem + ": " + e.Next()
}

// Next says what to do.
func (e *ChallengeError) Next() string {
	if e.Repeated {
		return "wait a minute, then ask the customer whether the application was disabled or is blocked by a policy"
	}
	return "check that the answer came from the API the token is for"
}

// ParseChallenge finds the claims challenge in the WWW-Authenticate headers of
// a 401 and returns its claims as JSON. Errors: [ErrNoChallenge] if there is
// none, [*ChallengeError] if it cannot be read. Addresses in the header are not
// looked at: a challenge never says where to ask.
func ParseChallenge(h http.Header) (claims string, err error) {
	total := 0
	for _, v := range h.Values("WWW-Authenticate") {
		if total += len(v); total > maxChallengeHeader {
			return "", &ChallengeError{Problem: fmt.Sprintf("it is longer than %d bytes", maxChallengeHeader)}
		}
		if raw, ok := bearerParameter(v, "claims"); ok && raw != "" {
			return decodeChallenge(raw)
		}
	}
	return "", ErrNoChallenge
}

// bearerParameter reads a parameter of the Bearer challenge in a header value
// (RFC 9110 §11.6.1), which may hold challenges of other schemes too.
func bearerParameter(v, name string) (string, bool) {
	bearer := false
	for v = strings.TrimLeft(v, " \t,"); v != ""; v = strings.TrimLeft(v, " \t,") {
		n := strings.IndexAny(v, " \t,=\"")
		if n <= 0 {
			if n < 0 {
				return "", false
			}
			if v[0] == '"' { // a value without a name
				_, v = headerValue(v)
			} else {
				v = v[1:]
			}
			continue
		}
		word, rest := v[:n], strings.TrimLeft(v[n:], " \t")
		if !strings.HasPrefix(rest, "=") {
			bearer = strings.EqualFold(word, "Bearer") // a scheme
			v = rest
			continue
		}
		var value string
		value, v = headerValue(strings.TrimLeft(rest[1:], " \t"))
		if bearer && strings.EqualFold(word, name) {
			return value, true
		}
	}
	return "", false
}

// headerValue reads a token or quoted string from the start of s.
func headerValue(s string) (value, rest string) {
	if !strings.HasPrefix(s, `"`) {
		n := strings.IndexAny(s, " \t,")
		if n < 0 {
			return s, ""
		}
		return s[:n], s[n:]
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '"':
			return b.String(), s[i+1:]
		case s[i] == '\\' && i+1 < len(s):
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String(), ""
}

// decodeChallenge accepts both alphabets of base64, padded or not.
func decodeChallenge(raw string) (string, error) {
	raw = strings.TrimRight(strings.NewReplacer("-", "+", "_", "/").Replace(raw), "=")
	b, err := base64.RawStdEncoding.DecodeString(raw)
	if err != nil {
		return "", &ChallengeError{Problem: "its claims are not base64"}
	}
	if _, err := claimsObject(string(b)); err != nil {
		return "", err
	}
	return string(b), nil
}

func claimsObject(s string) (map[string]json.RawMessage, error) {
	var o map[string]json.RawMessage
	switch {
	case len(s) > maxChallengeClaims:
		return nil, &ChallengeError{Problem: fmt.Sprintf("its claims are longer than %d bytes", maxChallengeClaims)}
	case json.Unmarshal([]byte(s), &o) != nil || len(o) == 0:
		return nil, &ChallengeError{Problem: "its claims are not a JSON object"}
	}
	return o, nil
}

// requestClaims is the claims parameter of a token request: the challenge, and
// beside it the client's capability if it has it; "" if neither.
func requestClaims(challenge string, capable bool) (string, error) {
	switch {
	case challenge == "" && capable:
		return capabilityClaims, nil
	case challenge == "" || !capable:
		return challenge, nil
	}
	all, err := claimsObject(challenge)
	if err != nil {
		return "", err
	}
	token := map[string]json.RawMessage{}
	if old, ok := all["access_token"]; ok {
		if json.Unmarshal(old, &token) != nil || token == nil {
			return "", &ChallengeError{Problem: "its access_token member is not a JSON object"}
		}
	}
	token["xms_cc"] = json.RawMessage(`{"values":["cp1"]}`)
	if all["access_token"], err = json.Marshal(token); err != nil {
		return "", err
	}
	merged, err := json.Marshal(all)
	return string(merged), err
}

// Challenge answers the claims challenge of an API that refused a token with
// 401: it drops the token and asks once for one that satisfies the claims in
// the headers, together with the client's capability if Config.LongLived says
// so. Callers who bring the same refused token share one request, or get the
// token that has replaced it.
//
// A token that came from answering a challenge is not answered for again
// within a minute, whatever the API says, so a loop of calls ends here:
// [*ChallengeError] with Repeated. Without a challenge in the headers the error
// is [ErrNoChallenge]; then call [Tokens.Drop]. Other errors are those of
// [Tokens.Token].
func (t *Tokens) Challenge(ctx context.Context, refused Token, h http.Header) (Token, error) {
	claims, err := ParseChallenge(h)
	if err != nil {
		return noToken(), err
	}
	g := refused.Grant
	if g == nil || g.Reveal() == "" {
		return noToken(), &ChallengeError{Problem: "there is no token that could have been refused"}
	}
	if age := t.clock.now() - g.asked; g.challenged && age >= 0 && age < int64(longestWait) {
		return noToken(), &ChallengeError{Problem: "the new token was challenged again", Repeated: true}
	}
	if _, err := requestClaims(claims, t.long); err != nil {
		return noToken(), err
	}
	if t.vault != nil {
		t.forgetStored(g.Tenant)
	}
	t.observe(Event{Kind: EventDropped, Tenant: g.Tenant, Resource: g.Resource.URI})
	return t.acquire(ctx, g.Tenant, g.Resource, wish{claims: claims, refuse: g})
}
