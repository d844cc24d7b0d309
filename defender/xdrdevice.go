package defender

// Members that may tell a device's id: that of the documentation's sample, then
// those its prose has.
const (
	deviceIDSample = "mdatpDeviceId"
	deviceIDProse  = "deviceId"
	deviceIDTable  = "DeviceId"
)

// id is the place of the id that a member of this name tells.
func (x *xdrDevice) id(name string) *string {
	switch name {
	case deviceIDProse:
		return &x.DeviceID
	case deviceIDTable:
		return &x.CapitalDeviceID
	}
	return &x.MDATPDeviceID
}

// evidence takes what it has a property for out of x; the rest goes to Extra.
func (x *xdrDevice) evidence() Evidence {
	form := &xdrForm{told: x.told, kind: deviceIDSample}
	x.every = false
	for _, name := range []string{deviceIDSample, deviceIDProse, deviceIDTable} {
		if *x.id(name) != "" {
			form.kind = name
			break
		}
	}
	e := &DeviceEvidence{
		MDEDeviceID: take(x.id(form.kind)), AzureADDeviceID: take(&x.AADDeviceID), DeviceDNSName: take(&x.DeviceDNSName),
		OSPlatform: take(&x.OSPlatform), Version: take(&x.Version), OSBuild: take(&x.OSBuild),
		HealthStatus: take(&x.HealthStatus), RiskScore: take(&x.RiskScore),
		DefenderAVStatus: take(&x.DefenderAVStatus), OnboardingStatus: take(&x.OnboardingStatus),
		RBACGroupName: take(&x.RBACGroupName), RBACGroupID: take(&x.RBACGroupID),
		FirstSeenDateTime: take(&x.FirstSeen), LoggedOnUsers: take(&x.LoggedOnUsers),
	}
	e.Tags = take(&x.Tags)
	e.Extra = leftOver(x, &x.told, &x.Extra)
	e.xdr = form
	return e
}

// deviceOf is the device that tells e.
func deviceOf(e *DeviceEvidence) *xdrDevice {
	x := &xdrDevice{
		AADDeviceID: e.AzureADDeviceID, DeviceDNSName: e.DeviceDNSName,
		OSPlatform: e.OSPlatform, Version: e.Version, OSBuild: e.OSBuild, HealthStatus: e.HealthStatus, RiskScore: e.RiskScore,
		DefenderAVStatus: e.DefenderAVStatus, OnboardingStatus: e.OnboardingStatus,
		RBACGroupName: e.RBACGroupName, RBACGroupID: e.RBACGroupID, FirstSeen: e.FirstSeenDateTime, LoggedOnUsers: e.LoggedOnUsers,
		Tags: e.Tags, Extra: e.Extra, every: e.xdr == nil,
	}
	name := deviceIDSample
	if e.xdr != nil {
		x.told, name = e.xdr.told, e.xdr.kind
	}
	*x.id(name) = e.MDEDeviceID
	return x
}
