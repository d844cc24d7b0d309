package sts

import (
	"regexp"
	"slices"
	"strings"

	"github.com/tenantry/tenantry/sandbox/world"
)

// consumersTenant is the tenant of personal Microsoft accounts. The world has
// none, but every document about it can be asked for.
const consumersTenant = "9188040d-6c67-4c5b-b112-36a304b66dad"

const emptyGUID = "00000000-0000-0000-0000-000000000000"

var domainRE = regexp.MustCompile(`^(?i)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}$`)

// authority is the tenant part of a path: one tenant, or one of the words
// that stand for several.
type authority struct {
	word   string // "common", "organizations", "consumers", or "" for one tenant
	tenant *world.Tenant
}

// segment is the authority as it stands in the URLs of documents.
func (a authority) segment() string {
	if a.tenant != nil {
		return a.tenant.ID
	}
	return a.word
}

// authority resolves the tenant part of the path.
func (x *exchange) authority() (authority, error) {
	seg := strings.ToLower(x.segment)
	switch seg {
	case "common", "organizations", "consumers":
		return authority{word: seg}, nil
	case consumersTenant:
		return authority{word: "consumers"}, nil
	case emptyGUID:
		return authority{}, refuse(tenantEmpty, "tenant", x.segment)
	}
	t, ok := x.world.Tenant(seg)
	switch {
	case ok:
		x.note.TenantID = t.ID
		return authority{tenant: t}, nil
	case world.IsGUID(seg) || domainRE.MatchString(seg):
		return authority{}, refuse(tenantUnknown, "tenant", x.segment)
	}
	return authority{}, refuse(tenantMalformed, "tenant", x.segment)
}

// served is authority for the endpoints that act: a tenant must live in the
// cloud of the host. Discovery does not mind, and points to the right host.
func (x *exchange) served() (authority, error) {
	a, err := x.authority()
	if err != nil {
		return a, err
	}
	return a, x.inCloud(a.tenant)
}

func (x *exchange) inCloud(t *world.Tenant) error {
	in, real := instanceOfHost(x.host)
	if t == nil || !real || slices.Contains(in.clouds, t.Cloud) {
		return nil
	}
	return refuse(tenantWrongCloud, "tenant", t.ID, "cloud", instanceOfCloud(t.Cloud).name, "host", in.name)
}

// client finds the application of a request and refuses what the authority
// does not serve.
func (x *exchange) client(id string, a authority) (*world.App, error) {
	if id == "" {
		return nil, refuse(requestMissing, "parameter", "client_id")
	}
	x.note.AppID = id
	app, ok := x.world.App(id)
	directory := x.segment
	if a.tenant != nil {
		directory = a.tenant.Name
	}
	if !ok {
		return nil, refuse(appUnknown, "app", id, "directory", directory)
	}
	x.note.AppID = app.AppID
	single := app.SignInAudience == world.AudienceMyOrg && !app.FirstParty
	switch {
	case a.word == "consumers":
		return nil, refuse(tenantConsumers, "app", app.AppID, "name", app.DisplayName)
	case single && a.tenant == nil:
		return nil, refuse(appSingleTenant, "app", app.AppID, "name", app.DisplayName)
	case single && !strings.EqualFold(app.HomeTenant, a.tenant.ID):
		return nil, refuse(appUnknown, "app", app.AppID, "directory", directory)
	}
	return app, nil
}
