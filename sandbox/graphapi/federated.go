package graphapi

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/tenantry/tenantry/sandbox/graphapi/graphwire"
	"github.com/tenantry/tenantry/sandbox/odata"
	"github.com/tenantry/tenantry/sandbox/world"
)

// Limits of "federatedIdentityCredential resource type".
const (
	maxFederated     = 20
	maxFederatedName = 120
	maxFederatedText = 600
)

func (c *call) federated(a *world.App, items ...object) listing {
	return listing{
		typeName: "microsoft.graph.federatedIdentityCredential",
		context:  "applications('" + a.ObjectID + "')/federatedIdentityCredentials",
		names:    propertyNames(federatedObject(&world.FederatedCredential{})),
		filters:  map[string]odata.Property{"id": filterText(), "name": filterText(), "issuer": filterText(), "subject": filterText()},
		items:    items,
	}
}

func federatedObject(f *world.FederatedCredential) object {
	return object{"id": f.ID, "name": f.Name, "issuer": f.Issuer, "subject": f.Subject, "audiences": orEmpty(f.Audiences), "description": orNull(f.Description)}
}

// federatedIndex finds a credential by id or name, as paths may name it.
func federatedIndex(a *world.App, raw string) (int, *graphwire.Error) {
	name, value, failure := key(raw, "name")
	if failure != nil {
		return 0, failure
	}
	i := slices.IndexFunc(a.FICs, func(f *world.FederatedCredential) bool {
		return name == "" && strings.EqualFold(f.ID, value) || f.Name == value
	})
	if i < 0 {
		return 0, graphwire.NotFound(value)
	}
	return i, nil
}

func (c *call) listFederated() (result, *graphwire.Error) {
	a, failure := c.applicationAt(c.keys[0])
	if failure != nil {
		return result{}, failure
	}
	var items []object
	for _, f := range a.FICs {
		items = append(items, federatedObject(f))
	}
	return c.answer(c.federated(a, items...))
}

func (c *call) getFederated() (result, *graphwire.Error) {
	a, failure := c.applicationAt(c.keys[0])
	if failure != nil {
		return result{}, failure
	}
	i, failure := federatedIndex(a, c.keys[1])
	if failure != nil {
		return result{}, failure
	}
	return c.one(c.federated(a), federatedObject(a.FICs[i]))
}

type federatedBody struct {
	Name, Issuer, Subject, Description *string
	Audiences                          *[]string
}

func (c *call) federatedBody() (federatedBody, *graphwire.Error) {
	var b federatedBody
	_, failure := c.body("FederatedIdentityCredential", fields{
		"name": {}, "issuer": {}, "subject": {}, "description": {}, "audiences": {kind: someStrings}, "id": {readOnly: true},
	}, false, &b)
	return b, failure
}

// apply writes what the body gives and holds the result against the limits and
// against the application's other credentials.
func (b federatedBody) apply(f *world.FederatedCredential, others []*world.FederatedCredential) *graphwire.Error {
	set := func(to *string, from *string) {
		if from != nil {
			*to = *from
		}
	}
	set(&f.Issuer, b.Issuer)
	set(&f.Subject, b.Subject)
	set(&f.Description, b.Description)
	if b.Audiences != nil {
		f.Audiences = *b.Audiences
	}
	invalid := func(property, why string) *graphwire.Error {
		return graphwire.BadRequest("Invalid value specified for property '%s' of resource 'FederatedIdentityCredential'. %s", property, why)
	}
	issuer, err := url.Parse(f.Issuer)
	switch {
	case f.Name == "" || len(f.Name) > maxFederatedName || strings.ContainsAny(f.Name, " /\\?#%&'\"()"):
		return invalid("name", "It must have 1 to 120 characters that need no escaping in a URL.")
	case err != nil || issuer.Scheme != "https" || issuer.Host == "" || len(f.Issuer) > maxFederatedText:
		return invalid("issuer", "It must be an https URL of at most 600 characters.")
	case f.Subject == "" || len(f.Subject) > maxFederatedText:
		return invalid("subject", "It must have 1 to 600 characters.")
	case len(f.Audiences) != 1 || f.Audiences[0] == "" || len(f.Audiences[0]) > maxFederatedText:
		return invalid("audiences", "It must hold exactly one value of at most 600 characters.")
	case len(f.Description) > maxFederatedText:
		return invalid("description", "It must have at most 600 characters.")
	}
	for _, o := range others {
		if strings.EqualFold(o.Name, f.Name) {
			return graphwire.Conflict(http.StatusConflict, "FederatedIdentityCredential with name %s already exists.", f.Name)
		}
		if o.Issuer == f.Issuer && o.Subject == f.Subject {
			return graphwire.Conflict(http.StatusConflict, "FederatedIdentityCredential with this issuer and subject already exists: %s.", o.Name)
		}
	}
	return nil
}

func (c *call) createFederated() (result, *graphwire.Error) {
	a, failure := c.managed()
	if failure != nil {
		return result{}, failure
	}
	b, failure := c.federatedBody()
	if failure != nil {
		return result{}, failure
	}
	f := &world.FederatedCredential{ID: world.NewGUID()}
	if b.Name != nil {
		f.Name = *b.Name
	}
	if _, failure := c.change(a, "app.federatedCredential.added", func(a *world.App) *graphwire.Error {
		if len(a.FICs) >= maxFederated {
			return graphwire.BadRequest("Limit of %d federated identity credentials per application is exceeded.", maxFederated)
		}
		if failure := b.apply(f, a.FICs); failure != nil {
			return failure
		}
		a.FICs = append(a.FICs, f)
		return nil
	}); failure != nil {
		return result{}, failure
	}
	return c.created(c.federated(a), federatedObject(f)), nil
}

func (c *call) updateFederated() (result, *graphwire.Error) {
	a, failure := c.managed()
	if failure != nil {
		return result{}, failure
	}
	b, failure := c.federatedBody()
	if failure != nil {
		return result{}, failure
	}
	return c.change(a, "app.federatedCredential.updated", func(a *world.App) *graphwire.Error {
		i, failure := federatedIndex(a, c.keys[1])
		if failure != nil {
			return failure
		}
		f := *a.FICs[i] // published values are never written to
		if b.Name != nil && *b.Name != f.Name {
			return graphwire.BadRequest("Property 'name' is read-only and cannot be set.")
		}
		others := slices.Delete(slices.Clone(a.FICs), i, i+1)
		if failure := b.apply(&f, others); failure != nil {
			return failure
		}
		a.FICs[i] = &f
		return nil
	})
}

func (c *call) deleteFederated() (result, *graphwire.Error) {
	a, failure := c.managed()
	if failure != nil {
		return result{}, failure
	}
	return c.change(a, "app.federatedCredential.removed", func(a *world.App) *graphwire.Error {
		i, failure := federatedIndex(a, c.keys[1])
		if failure != nil {
			return failure
		}
		a.FICs = slices.Delete(a.FICs, i, i+1)
		return nil
	})
}
