package mdeapi

import (
	"errors"
	"net/http"

	"github.com/tenantry/tenantry/sandbox/world"
)

const linux = "Linux"

// isolationTypes are the values of "Isolate machine".
var isolationTypes = [...]string{"Full", "Selective", "UnManagedDevice"}

// isolate reads IsolationType, which the page does not call required; that
// Full stands for it is ours.
func (a *API) isolate(c *call) (any, *apiError) {
	return a.act(c, world.ActionIsolate, "IsolationType", func(p parameters, d *world.Device) (string, *apiError) {
		kind, failure := p.oneOf("IsolationType", "Full", isolationTypes[:]...)
		switch {
		case failure != nil:
			return "", failure
		case (kind == "UnManagedDevice") == managed(d):
			// "UnManagedDevice: The isolation targets unmanaged devices only",
			// the others work for managed ones. The code is ours.
			return "", badRequest("InvalidInput", "Invalid input "+kind+": it does not fit a device with onboarding status "+onboarding(d)+".")
		case kind == "Selective" && d.OSPlatform == linux:
			// "Selective isolation is available for devices on Windows".
			return "", unsupported(d)
		}
		return kind, nil
	})
}

func (a *API) release(c *call) (any, *apiError) {
	return a.act(c, world.ActionUnisolate, "", func(parameters, *world.Device) (string, *apiError) { return "", nil })
}

func (a *API) scan(c *call) (any, *apiError) {
	return a.act(c, world.ActionScan, "ScanType", func(p parameters, d *world.Device) (string, *apiError) {
		kind, failure := p.oneOf("ScanType", "", "Quick", "Full")
		switch {
		case failure != nil:
			return "", failure
		case !managed(d):
			return "", unmanaged(d)
		case d.OSPlatform == linux:
			// "This action is available for devices on Windows 10 … and on
			// Windows 11."
			return "", unsupported(d)
		}
		return kind, nil
	})
}

func (a *API) collect(c *call) (any, *apiError) {
	return a.act(c, world.ActionCollect, "", func(_ parameters, d *world.Device) (string, *apiError) {
		if !managed(d) {
			return "", unmanaged(d)
		}
		return "", nil
	})
}

func unsupported(d *world.Device) *apiError {
	return badRequest("OsPlatformNotSupported", "OS Platform "+d.OSPlatform+" is not supported for this action.")
}

// unmanaged: no sensor, nobody to do it. The answer is ours.
func unmanaged(d *world.Device) *apiError {
	return badRequest("BadRequest", "The action is not possible on a device with onboarding status "+onboarding(d)+".")
}

// act asks something of the machine in the path. parameter is what the body
// may hold beside the comment, and scope judges it.
func (a *API) act(c *call, kind, parameter string, scope func(parameters, *world.Device) (string, *apiError)) (any, *apiError) {
	// An id for the customer's own correlation may be sent, says the resource's
	// page without spelling the parameter; the answers spell it externalId.
	known := []string{"Comment", "ExternalId"}
	if parameter != "" {
		known = append(known, parameter)
	}
	p, failure := c.readBody(known...)
	if failure != nil {
		return nil, failure
	}
	comment, failure := p.required("Comment")
	if failure != nil {
		return nil, failure
	}
	external, failure := p.text("ExternalId")
	if failure != nil {
		return nil, failure
	}
	d, failure := a.machine(c)
	if failure != nil {
		return nil, failure
	}
	wanted, failure := scope(p, d)
	if failure != nil {
		return nil, failure
	}
	added, err := a.world.AddAction(c.Tenant.ID, world.MachineAction{
		Type: kind, Scope: wanted, MachineID: d.MDEID, Requestor: a.who(c), RequestSource: "PublicApi", Comment: comment, ExternalID: external,
	})
	var active *world.ActiveActionError
	switch {
	case errors.As(err, &active):
		// "If you send multiple API calls …, it returns 'pending machine action'
		// or HTTP 400 with the message 'Action is already in progress'". The
		// code is the one that users of the API handle; that it is always the
		// 400, and never the pending action, is ours.
		c.noteAction(active.Action)
		return nil, &apiError{status: http.StatusBadRequest, code: "ActiveRequestAlreadyExists", message: "Action is already in progress", reason: "action " + active.Action.ID + " of the same type is " + active.Action.Status}
	case errors.Is(err, world.ErrNotFound):
		return nil, notFound("Machine", c.id)
	case err != nil:
		return nil, internal(err)
	}
	c.noteAction(added)
	return c.actionBody(added), nil
}
