package sandbox

import (
	"github.com/tenantry/tenantry/sandbox/arm"
	"github.com/tenantry/tenantry/sandbox/graphapi"
	"github.com/tenantry/tenantry/sandbox/sts"
	"github.com/tenantry/tenantry/sandbox/xdrapi"
)

// wire makes the services over one world and one set of keys.
func (s *Sandbox) wire() services {
	issuers := s.issuerClient()
	xdr := xdrapi.New(xdrapi.Config{World: s.world, Verifier: s.keys, Now: s.now}).XDR()
	return services{
		sts:     sts.New(sts.Config{World: s.world, Keys: s.keys, Now: s.now, HTTPClient: issuers, Faults: s.faults}),
		graph:   graphapi.New(graphapi.Config{World: s.world, Verifier: s.keys, Now: s.now}),
		xdr:     xdr,
		mde:     xdr,
		arm:     arm.New(arm.Config{World: s.world, Verifier: s.keys, Now: s.now}),
		portal:  newLanding(),
		issuers: issuers,
	}
}
