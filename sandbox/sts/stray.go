package sts

import (
	"strings"

	"github.com/tenantry/tenantry/sandbox/fault"
	"github.com/tenantry/tenantry/sandbox/journal"
	"github.com/tenantry/tenantry/sandbox/world"
)

// misbehave carries out the faults that strike the request before it is
// answered. over means that they answered it; else finish must be called when
// the answer is complete.
func (x *exchange) misbehave() (finish func(), over bool) {
	if !x.faults.Any() {
		return func() {}, false
	}
	q := x.faultRequest("")
	if t, ok := x.world.Tenant(strings.ToLower(x.segment)); ok {
		q.Tenant = t.ID
	}
	plan := x.faults.Plan(q)
	if plan == nil {
		return func() {}, false
	}
	// A request that gets no further is in the journal by what is known of it.
	journal.Note(x.r.Context(), func(e *journal.Event) {
		e.Service, e.Operation, e.TenantID = x.note.Service, x.note.Operation, q.Tenant
	})
	if plan.Begin(x.w, x.r) {
		return nil, true
	}
	x.w, finish = plan.Writer(x.w, x.r)
	x.now = x.server.now().UTC() // it may have waited
	return finish, false
}

func (x *exchange) faultRequest(tenantID string) fault.Request {
	return fault.Request{Service: fault.ServiceSTS, Operation: x.route.operation, Tenant: tenantID, Correlation: x.correlation}
}

// stray changes a token that is about to be issued as the faults in force
// say: somebody else's tenant or API, as a client would get it whose answer
// was mixed up with another's.
func (x *exchange) stray(i issue) (issue, fault.Alteration) {
	a := x.faults.Alter(x.r.Context(), x.faultRequest(i.tenant.ID))
	if a.WrongTenant {
		i.tenant = x.otherTenant(i, a.OtherTenant)
	}
	if a.WrongAudience {
		x.otherAudience(&i, a.Audience)
	}
	if (a.WrongTenant || a.WrongAudience) && i.user == nil {
		if sp, ok := x.world.ServicePrincipal(i.tenant.ID, i.client.AppID); ok {
			i.objectID, i.roles = sp.ID, x.rolesOf(sp, i.api)
		} else {
			i.objectID = world.DeriveGUID("sp", i.tenant.ID, strings.ToLower(i.client.AppID))
		}
	}
	return i, a
}

// otherTenant is the one named, else one of the same cloud that has the
// application too, else any. A world of one tenant gets one from elsewhere.
func (x *exchange) otherTenant(i issue, id string) *world.Tenant {
	if t, ok := x.world.Tenant(id); ok {
		return t
	}
	var any *world.Tenant
	for _, t := range x.world.Tenants() {
		if t.ID == i.tenant.ID || t.Cloud != i.tenant.Cloud {
			continue
		}
		if _, ok := x.world.ServicePrincipal(t.ID, i.client.AppID); ok {
			return t
		}
		if any == nil {
			any = t
		}
	}
	if any != nil {
		return any
	}
	return &world.Tenant{ID: world.DeriveGUID("elsewhere", i.tenant.ID), Name: "Elsewhere", Cloud: i.tenant.Cloud}
}

// otherAudience makes the token one for the API named, or for Graph, or when
// it was for Graph for the Defender API.
func (x *exchange) otherAudience(i *issue, audience string) {
	if audience == "" {
		audience = graphURI(i.tenant)
		if i.api.AppID == world.AppGraph {
			audience = world.AppDefenderXDR
			if xdr, ok := x.world.App(audience); ok && len(xdr.IdentifierURIs) > 0 {
				audience = xdr.IdentifierURIs[0]
			}
		}
	}
	api, ok := x.world.Resource(audience)
	if !ok {
		i.strayAudience = audience
		return
	}
	i.api, i.audience = api, audience
}
