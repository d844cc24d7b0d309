package directory

import (
	"time"
)

// The types in this file have the shape of Graph's JSON and stay inside.

type wireApplication struct {
	ID              string         `json:"id"`
	AppID           string         `json:"appId"`
	DisplayName     string         `json:"displayName"`
	SignInAudience  string         `json:"signInAudience"`
	PublisherDomain string         `json:"publisherDomain"`
	Created         time.Time      `json:"createdDateTime"`
	Web             wireRedirects  `json:"web"`
	PublicClient    wireRedirects  `json:"publicClient"`
	Required        []wireRequired `json:"requiredResourceAccess"`
	Passwords       []wirePassword `json:"passwordCredentials"`
	Keys            []wireKey      `json:"keyCredentials"`
}

type wireRedirects struct {
	RedirectURIs []string `json:"redirectUris"`
}

type wireRequired struct {
	ResourceAppID string       `json:"resourceAppId"`
	Access        []wireAccess `json:"resourceAccess"`
}

type wireAccess struct {
	ID   string `json:"id"`
	Type string `json:"type"`
}

type wirePassword struct {
	KeyID       string    `json:"keyId"`
	DisplayName string    `json:"displayName"`
	Hint        string    `json:"hint"`
	Start       time.Time `json:"startDateTime"`
	End         time.Time `json:"endDateTime"`
	SecretText  string    `json:"secretText"`
}

type wireKey struct {
	KeyID       string    `json:"keyId"`
	DisplayName string    `json:"displayName"`
	Type        string    `json:"type"`
	Usage       string    `json:"usage"`
	Thumbprint  string    `json:"customKeyIdentifier"`
	Key         *string   `json:"key"`
	Start       time.Time `json:"startDateTime"`
	End         time.Time `json:"endDateTime"`
}

// check refuses an answer that lacks what everything else needs.
func (w wireApplication) check(op string) error {
	if checkID("", w.ID) != nil || checkID("", w.AppID) != nil {
		return &Error{Op: op, Status: 200, Message: "the answer has no id and appId as Graph's have"}
	}
	return nil
}

func (w wireApplication) application() Application {
	a := Application{
		ID:                 w.ID,
		AppID:              w.AppID,
		DisplayName:        w.DisplayName,
		SignInAudience:     w.SignInAudience,
		PublisherDomain:    w.PublisherDomain,
		Created:            w.Created,
		RedirectURIs:       w.Web.RedirectURIs,
		PublicRedirectURIs: w.PublicClient.RedirectURIs,
	}
	for _, r := range w.Required {
		resource := RequiredResource{ResourceAppID: r.ResourceAppID}
		for _, p := range r.Access {
			resource.Access = append(resource.Access, ResourceAccess{ID: p.ID, Type: AccessType(p.Type)})
		}
		a.RequiredResources = append(a.RequiredResources, resource)
	}
	for _, p := range w.Passwords {
		a.PasswordCredentials = append(a.PasswordCredentials, p.credential())
	}
	for _, k := range w.Keys {
		a.KeyCredentials = append(a.KeyCredentials, k.credential())
	}
	return a
}

func toWireAccess(resources []RequiredResource) []wireRequired {
	list := make([]wireRequired, 0, len(resources))
	for _, r := range resources {
		w := wireRequired{ResourceAppID: r.ResourceAppID, Access: []wireAccess{}}
		for _, a := range r.Access {
			w.Access = append(w.Access, wireAccess{ID: a.ID, Type: string(a.Type)})
		}
		list = append(list, w)
	}
	return list
}

func (w wirePassword) credential() PasswordCredential {
	return PasswordCredential{KeyID: w.KeyID, DisplayName: w.DisplayName, Hint: w.Hint, Start: w.Start, End: w.End}
}

func (w wireKey) credential() KeyCredential {
	return KeyCredential{KeyID: w.KeyID, DisplayName: w.DisplayName, Thumbprint: w.Thumbprint, Type: w.Type, Usage: w.Usage, Start: w.Start, End: w.End}
}
