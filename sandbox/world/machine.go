package world

import (
	"slices"
	"strings"
)

// Machines returns the devices of a tenant, those that alerts speak of and
// some that were not seen lately; nil for an unknown tenant, and for one of
// which [Tenant].NoMachines says so. They are shared and never change: whether
// one is isolated is told by [World.Isolated].
func (w *World) Machines(tenantID string) []*Device {
	c := w.told(tenantID)
	if c == nil || c.tenant.NoMachines {
		return nil
	}
	return slices.Clone(c.inventory.Devices)
}

// Machine finds a device by its id in Defender for Endpoint or by its full
// name, without regard to case, as the page "Get machine by ID" says
// (learn.microsoft.com/defender-endpoint/api/get-machine-by-id).
func (w *World) Machine(tenantID, idOrName string) (*Device, bool) {
	c := w.told(tenantID)
	if c == nil || c.tenant.NoMachines || idOrName == "" {
		return nil, false
	}
	devices := c.inventory.Devices
	i := slices.IndexFunc(devices, func(d *Device) bool {
		return strings.EqualFold(d.MDEID, idOrName) || strings.EqualFold(d.DNSName(), idOrName)
	})
	if i < 0 {
		return nil, false
	}
	return devices[i], true
}

// Online says whether the device answers: an action on one that does not waits.
func (d *Device) Online() bool { return d.Health == "active" || d.Health == "" }
