package sandbox

import (
	"github.com/tenantry/tenantry/sandbox/arm"
	"github.com/tenantry/tenantry/sandbox/fault"
	"github.com/tenantry/tenantry/sandbox/graphapi"
	"github.com/tenantry/tenantry/sandbox/mdeapi"
	"github.com/tenantry/tenantry/sandbox/sts"
	"github.com/tenantry/tenantry/sandbox/xdrapi"
)

// wire makes the services over one world and one set of keys. What they
// remember beside the world, such as sessions and codes, begins empty.
func (s *Sandbox) wire() *services {
	xdr := xdrapi.New(xdrapi.Config{World: s.world, Verifier: s.keys, Now: s.now, Limits: s.limits})
	mde := mdeapi.New(mdeapi.Config{World: s.world, Verifier: s.keys, Now: s.now, Limits: s.limits})
	graph := graphapi.New(graphapi.Config{World: s.world, Verifier: s.keys, Now: s.now, Limits: s.limits})
	return &services{
		sts:    sts.New(sts.Config{World: s.world, Keys: s.keys, Now: s.now, HTTPClient: s.issuers, Faults: s.faults}),
		graph:  s.faults.Wrap(graph, s.describe(fault.ServiceGraph, graphapi.Operation)),
		xdr:    s.faults.Wrap(xdr.XDR(), s.describe(fault.ServiceXDR, xdrapi.Operation)),
		mde:    s.faults.Wrap(mde.Handler(), s.describe(fault.ServiceMDE, mdeapi.Operation)),
		arm:    arm.New(arm.Config{World: s.world, Verifier: s.keys, Now: s.now}),
		portal: newLanding(),
	}
}
