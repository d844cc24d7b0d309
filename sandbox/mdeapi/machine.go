package mdeapi

import (
	"net/http"
	"time"

	"github.com/tenantry/tenantry/sandbox/graphapi/graphwire"
	"github.com/tenantry/tenantry/sandbox/odata"
	"github.com/tenantry/tenantry/sandbox/world"
)

// machine is a device on the wire ("Machine resource type" and the samples of
// "List machines" and "OData queries with Microsoft Defender for Endpoint").
type machine struct {
	ID             string      `json:"id"`
	DNSName        string      `json:"computerDnsName"`
	FirstSeen      *string     `json:"firstSeen"`
	LastSeen       *string     `json:"lastSeen"`
	OSPlatform     string      `json:"osPlatform"`
	Version        *string     `json:"version"`
	OSProcessor    *string     `json:"osProcessor"`
	OSArchitecture *string     `json:"osArchitecture"`
	OSBuild        *int64      `json:"osBuild"`
	LastIP         *string     `json:"lastIpAddress"`
	LastExternalIP *string     `json:"lastExternalIpAddress"`
	Health         string      `json:"healthStatus"`
	Value          *string     `json:"deviceValue"`
	Onboarding     *string     `json:"onboardingStatus"`
	RBACGroupID    *int32      `json:"rbacGroupId"`
	RBACGroup      *string     `json:"rbacGroupName"`
	Risk           *string     `json:"riskScore"`
	Exposure       *string     `json:"exposureLevel"`
	Joined         bool        `json:"isAadJoined"`
	EntraID        *string     `json:"aadDeviceId"`
	Tags           []string    `json:"machineTags"`
	Addresses      []ipAddress `json:"ipAddresses"`
}

type ipAddress struct {
	IP     string  `json:"ipAddress"`
	MAC    *string `json:"macAddress"` // null: the world knows none
	Status string  `json:"operationalStatus"`
}

func wireMachine(d *world.Device, now time.Time) machine {
	m := machine{
		ID: d.MDEID, DNSName: d.DNSName(), FirstSeen: stamp(d.FirstSeen), LastSeen: stamp(lastSeen(d, now)),
		OSPlatform: d.OSPlatform, Version: text(d.OSVersion), OSProcessor: text(d.OSProcessor), OSArchitecture: text(d.Architecture),
		LastIP: text(d.LastIP), LastExternalIP: text(d.ExternalIP), Health: health(d), Value: text(pascal(d.Value)),
		Onboarding: text(onboarding(d)), RBACGroup: text(d.RBACGroup), Risk: text(pascal(d.Risk)), Exposure: text(pascal(d.Exposure)),
		Joined: d.EntraID != "", EntraID: text(d.EntraID), Tags: orEmpty(d.Tags), Addresses: []ipAddress{},
	}
	if d.OSBuild != 0 {
		m.OSBuild = &d.OSBuild
	}
	if d.RBACGroup != "" {
		m.RBACGroupID = &d.RBACGroupID
	}
	if d.LastIP != "" {
		m.Addresses = append(m.Addresses, ipAddress{IP: d.LastIP, Status: "Up"})
	}
	return m
}

func lastSeen(d *world.Device, now time.Time) time.Time {
	if d.LastSeen.IsZero() {
		return now
	}
	return d.LastSeen
}

func health(d *world.Device) string {
	if d.Health == "" {
		return "Unknown"
	}
	return pascal(d.Health)
}

// onboarding: the resource's page writes onboarded small and the others not.
func onboarding(d *world.Device) string {
	if d.Onboarding == "onboarded" {
		return d.Onboarding
	}
	return pascal(d.Onboarding)
}

// managed says whether a sensor runs on the device.
func managed(d *world.Device) bool { return d.Onboarding == "" || d.Onboarding == "onboarded" }

// machineFields are what "List machines" allows in $filter. "OData queries
// with Microsoft Defender for Endpoint" writes some of the names with a
// capital (ComputerDnsName), so names are read without case. rbacGroupId is a
// string in the resource's table and a number in every sample: both are taken.
func machineFields(now time.Time) odata.Resource[*world.Device] {
	type device = *world.Device
	return odata.Resource[device]{TypeName: "Microsoft.WindowsDefenderATP.Machine", AnyCase: true, Fields: map[string]odata.Field[device]{
		"computerDnsName":  textField(device.DNSName, "startswith"), // the one function in the page's examples
		"id":               textField(func(d device) string { return d.MDEID }),
		"version":          textField(func(d device) string { return d.OSVersion }),
		"deviceValue":      enumField([]string{"Normal", "Low", "High"}, func(d device) string { return pascal(d.Value) }),
		"aadDeviceId":      guidField(func(d device) string { return d.EntraID }),
		"machineTags":      listField(func(d device) []string { return d.Tags }),
		"lastSeen":         timeField(func(d device) time.Time { return lastSeen(d, now) }),
		"exposureLevel":    enumField([]string{"None", "Low", "Medium", "High"}, func(d device) string { return pascal(d.Exposure) }),
		"onboardingStatus": textField(onboarding),
		"lastIpAddress":    textField(func(d device) string { return d.LastIP }),
		"healthStatus":     enumField([]string{"Active", "Inactive", "ImpairedCommunication", "NoSensorData", "NoSensorDataImpairedCommunication", "Unknown"}, health),
		"osPlatform":       textField(func(d device) string { return d.OSPlatform }),
		"riskScore":        enumField([]string{"None", "Informational", "Low", "Medium", "High"}, func(d device) string { return pascal(d.Risk) }),
		"rbacGroupId": {Property: odata.Property{Type: odata.Int, Quoted: true}, Int: func(d device) (int64, bool) {
			return int64(d.RBACGroupID), d.RBACGroup != ""
		}},
	}}
}

func (a *API) listMachines(c *call) (any, *apiError) {
	all, now := a.world.Machines(c.Tenant.ID), a.now()
	body, failure := list(c, "Machines", all, machineFields(now), func(d *world.Device) machine { return wireMachine(d, now) })
	if failure == nil && len(all) == 0 {
		// "If there are no recent machines, you see 404 Not Found." That a
		// filter which finds none is answered with an empty list is ours.
		return nil, &apiError{status: http.StatusNotFound, code: "NotFound", message: "No machines were found."}
	}
	return body, failure
}

func (a *API) getMachine(c *call) (any, *apiError) {
	d, failure := a.machine(c)
	if failure != nil {
		return nil, failure
	}
	// The page's sample has #Machine here, without $entity.
	return graphwire.Entity(c.context("Machine"), wireMachine(d, a.now())), nil
}

// machine finds the machine of the path, by its id or full name.
func (a *API) machine(c *call) (*world.Device, *apiError) {
	d, ok := a.world.Machine(c.Tenant.ID, c.id)
	if !ok {
		return nil, notFound("Machine", c.id)
	}
	return d, nil
}
