package graphapi

import (
	"crypto/rand"
	"net/http"
	"slices"
	"strings"

	"github.com/tenantry/tenantry/sandbox/graphapi/graphwire"
	"github.com/tenantry/tenantry/sandbox/world"
)

func passwordFields() fields {
	return fields{
		"displayName": {}, "startDateTime": {kind: aTime}, "endDateTime": {kind: aTime}, "customKeyIdentifier": {kind: aBinary},
		"keyId": {kind: aGUID}, "hint": {}, "secretText": {},
	}
}

// addPassword makes a secret and tells its value this once ("application:
// addPassword"). Without an end it lives for two years.
func (c *call) addPassword() (result, *graphwire.Error) {
	a, failure := c.managed()
	if failure != nil {
		return result{}, failure
	}
	var b struct {
		PasswordCredential struct {
			DisplayName                *string
			StartDateTime, EndDateTime *string
		}
	}
	if _, failure := c.body("Application", fields{"passwordCredential": {kind: anObject, fields: passwordFields()}}, true, &b); failure != nil {
		return result{}, failure
	}
	start := when(b.PasswordCredential.StartDateTime, c.Now)
	s := &world.Secret{
		KeyID: world.NewGUID(), Value: newSecret(), Created: c.Now,
		Start: start, End: when(b.PasswordCredential.EndDateTime, start.AddDate(2, 0, 0)),
	}
	if b.PasswordCredential.DisplayName != nil {
		s.Name = *b.PasswordCredential.DisplayName
	}
	if !s.End.After(s.Start) {
		return result{}, graphwire.BadRequest("Password credential's end date must be after its start date.")
	}
	if _, failure := c.change(a, "app.secret.added", func(a *world.App) *graphwire.Error {
		a.Secrets = append(a.Secrets, s)
		return nil
	}); failure != nil {
		return result{}, failure
	}
	out := password(s)
	out["secretText"] = s.Value
	out["@odata.context"] = c.context("microsoft.graph.passwordCredential")
	return result{http.StatusOK, out}, nil
}

// newSecret has the shape of Entra's: 40 characters, of which the fourth to
// sixth are a mark that secret scanners know.
func newSecret() string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"
	raw := make([]byte, 37)
	_, _ = rand.Read(raw) // never fails since Go 1.24
	for i := range raw {
		raw[i] = alphabet[raw[i]&63]
	}
	return string(raw[:3]) + "8Q~" + string(raw[3:])
}

func (c *call) removePassword() (result, *graphwire.Error) {
	a, failure := c.managed()
	if failure != nil {
		return result{}, failure
	}
	var b struct{ KeyID string }
	if _, failure := c.body("Application", fields{"keyId": {kind: aGUID}}, false, &b); failure != nil {
		return result{}, failure
	}
	if b.KeyID == "" {
		return result{}, graphwire.BadRequest("A value is required for parameter 'keyId'.")
	}
	return c.change(a, "app.secret.removed", func(a *world.App) *graphwire.Error {
		i := slices.IndexFunc(a.Secrets, func(s *world.Secret) bool { return strings.EqualFold(s.KeyID, b.KeyID) })
		if i < 0 {
			return &graphwire.Error{Status: http.StatusNotFound, Code: graphwire.CodeNotFound, Message: "No password credential found with keyId."}
		}
		a.Secrets = slices.Delete(a.Secrets, i, i+1)
		return nil
	})
}
