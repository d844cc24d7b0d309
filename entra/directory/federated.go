package directory

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// FederatedCredential lets an application sign in with a token of another
// issuer instead of a secret. Issuer, Subject and Audience are compared exactly,
// case included.
type FederatedCredential struct {
	ID          string // set by Graph
	Name        string // cannot be changed later; at most 120 characters
	Issuer      string // https URL
	Subject     string
	Audience    string // the only one; api://AzureADTokenExchange is recommended
	Description string
}

type wireFederated struct {
	ID          string   `json:"id,omitempty"`
	Name        string   `json:"name"`
	Issuer      string   `json:"issuer"`
	Subject     string   `json:"subject"`
	Audiences   []string `json:"audiences"`
	Description string   `json:"description,omitempty"`
}

func (w wireFederated) credential() FederatedCredential {
	f := FederatedCredential{ID: w.ID, Name: w.Name, Issuer: w.Issuer, Subject: w.Subject, Description: w.Description}
	if len(w.Audiences) > 0 {
		f.Audience = w.Audiences[0]
	}
	return f
}

// Limits of the federatedIdentityCredential resource type.
const (
	longestFederatedName  = 120
	longestFederatedField = 600
)

// AddFederatedCredential adds a federated credential to an application. Entra
// may need some minutes before it accepts tokens by it.
func (c *Client) AddFederatedCredential(ctx context.Context, objectID string, f FederatedCredential) (FederatedCredential, error) {
	if err := checkID("object id", objectID); err != nil {
		return FederatedCredential{}, err
	}
	if err := f.check(); err != nil {
		return FederatedCredential{}, err
	}
	var w wireFederated
	k := call{
		op: "add federated credential", method: http.MethodPost, path: "/applications/" + objectID + "/federatedIdentityCredentials",
		body:  wireFederated{Name: f.Name, Issuer: f.Issuer, Subject: f.Subject, Audiences: []string{f.Audience}, Description: f.Description},
		about: []string{objectID},
	}
	if err := c.do(ctx, k, &w); err != nil {
		return FederatedCredential{}, err
	}
	return w.credential(), nil
}

// FederatedCredentials lists the federated credentials of an application.
func (c *Client) FederatedCredentials(ctx context.Context, objectID string) ([]FederatedCredential, error) {
	if err := checkID("object id", objectID); err != nil {
		return nil, err
	}
	k := call{
		op: "list federated credentials", method: http.MethodGet,
		path: "/applications/" + objectID + "/federatedIdentityCredentials", about: []string{objectID},
	}
	wires, err := collect(list[wireFederated](ctx, c, k))
	if err != nil {
		return nil, err
	}
	var all []FederatedCredential
	for _, w := range wires {
		all = append(all, w.credential())
	}
	return all, nil
}

// RemoveFederatedCredential removes a federated credential by its id.
func (c *Client) RemoveFederatedCredential(ctx context.Context, objectID, credentialID string) error {
	if err := checkID("object id", objectID); err != nil {
		return err
	}
	if err := checkID("federated credential id", credentialID); err != nil {
		return err
	}
	return c.do(ctx, call{
		op: "remove federated credential", method: http.MethodDelete,
		path: "/applications/" + objectID + "/federatedIdentityCredentials/" + credentialID, about: []string{objectID},
	}, nil)
}

func (f FederatedCredential) check() error {
	for _, field := range []struct {
		name, value string
		longest     int
	}{
		{"name", f.Name, longestFederatedName},
		{"issuer", f.Issuer, longestFederatedField},
		{"subject", f.Subject, longestFederatedField},
		{"audience", f.Audience, longestFederatedField},
	} {
		switch {
		case strings.TrimSpace(field.value) == "":
			return &InputError{Field: field.name, Problem: "is empty", Remedy: "Give it as the foreign token has it."}
		case field.value != strings.TrimSpace(field.value):
			return &InputError{Field: field.name, Value: field.value, Problem: "has blanks around it", Remedy: "Remove them: the values are compared exactly."}
		case len(field.value) > field.longest:
			return &InputError{Field: field.name, Problem: "is longer than the limit of " + strconv.Itoa(field.longest) + " characters", Remedy: "Shorten it."}
		}
	}
	if u, err := url.Parse(f.Issuer); err != nil || u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		return &InputError{Field: "issuer", Value: f.Issuer, Problem: "is not an https URL without query and fragment", Remedy: "Give the iss of the foreign token."}
	}
	return nil
}
