package defender

import (
	"bytes"
	"encoding/json"
	"time"
)

// MachineHealth is how a machine's sensor is doing, as Defender for Endpoint
// spells it; values unknown to this package are kept as they come.
type MachineHealth string

// Health of machines.
const (
	MachineActive        MachineHealth = "Active"
	MachineInactive      MachineHealth = "Inactive"
	MachineImpaired      MachineHealth = "ImpairedCommunication"
	MachineNoSensor      MachineHealth = "NoSensorData"
	MachineNoSensorEcho  MachineHealth = "NoSensorDataImpairedCommunication"
	MachineHealthUnknown MachineHealth = "Unknown"
)

// MachineHealths lists the states of health there are.
func MachineHealths() []MachineHealth {
	return []MachineHealth{MachineActive, MachineInactive, MachineImpaired, MachineNoSensor, MachineNoSensorEcho, MachineHealthUnknown}
}

// MachineLevel is a machine's risk score or exposure level.
type MachineLevel string

// Levels, the lowest first. Exposure knows no MachineInformational.
const (
	MachineNone          MachineLevel = "None"
	MachineInformational MachineLevel = "Informational"
	MachineLow           MachineLevel = "Low"
	MachineMedium        MachineLevel = "Medium"
	MachineHigh          MachineLevel = "High"
)

// MachineRisks lists the risk scores there are, the lowest first.
func MachineRisks() []MachineLevel {
	return []MachineLevel{MachineNone, MachineInformational, MachineLow, MachineMedium, MachineHigh}
}

// MachineExposures lists the exposure levels there are, the lowest first.
func MachineExposures() []MachineLevel {
	return []MachineLevel{MachineNone, MachineLow, MachineMedium, MachineHigh}
}

// MachineOnboarding is whether a machine is managed by Defender for Endpoint.
type MachineOnboarding string

// States of onboarding, spelled as the service spells them.
const (
	MachineOnboarded        MachineOnboarding = "onboarded"
	MachineCanBeOnboarded   MachineOnboarding = "CanBeOnboarded"
	MachineUnsupported      MachineOnboarding = "Unsupported"
	MachineInsufficientInfo MachineOnboarding = "InsufficientInfo"
)

// MachineOnboardings lists the states of onboarding there are.
func MachineOnboardings() []MachineOnboarding {
	return []MachineOnboarding{MachineOnboarded, MachineCanBeOnboarded, MachineUnsupported, MachineInsufficientInfo}
}

// Machine is a device that Defender for Endpoint knows of. A zero time, an
// empty string or a nil pointer means that the service did not tell. Its JSON is
// that of the service, Extra included, without nulls.
//
// Source: https://learn.microsoft.com/defender-endpoint/api/machine
type Machine struct {
	ID        string    `json:"id"` // 40 hexadecimal digits as a rule
	Name      string    `json:"computerDnsName,omitempty"`
	FirstSeen time.Time `json:"firstSeen,omitzero"`
	// LastSeen is when the last full report came, about once a day; the portal's
	// "last seen" is another, later time.
	LastSeen time.Time `json:"lastSeen,omitzero"`

	OSPlatform     string `json:"osPlatform,omitempty"`
	OSVersion      string `json:"version,omitempty"`
	OSProcessor    string `json:"osProcessor,omitempty"` // OSArchitecture replaces it
	OSBuild        *int64 `json:"osBuild,omitempty"`
	OSArchitecture string `json:"osArchitecture,omitempty"` // "32-bit" or "64-bit"

	LastIP         string      `json:"lastIpAddress,omitempty"`
	LastExternalIP string      `json:"lastExternalIpAddress,omitempty"`
	IPs            []MachineIP `json:"ipAddresses,omitempty"`

	Health     MachineHealth     `json:"healthStatus,omitempty"`
	Onboarding MachineOnboarding `json:"onboardingStatus,omitempty"`
	Risk       MachineLevel      `json:"riskScore,omitempty"`
	Exposure   MachineLevel      `json:"exposureLevel,omitempty"`
	Value      string            `json:"deviceValue,omitempty"` // Low, Normal or High

	GroupID     *int64   `json:"rbacGroupId,omitempty"`
	GroupName   string   `json:"rbacGroupName,omitempty"`
	AADDeviceID string   `json:"aadDeviceId,omitempty"`
	AADJoined   *bool    `json:"isAadJoined,omitempty"`
	Tags        []string `json:"machineTags,omitempty"`

	// Extra holds every field of the answer that this type does not know, and
	// known fields whose value has an unexpected JSON type, under their own names.
	Extra map[string]json.RawMessage `json:"-"`
	// Raw is the machine exactly as the service wrote it.
	Raw json.RawMessage `json:"-"`
}

// MachineIP is one address of a machine.
type MachineIP struct {
	IP     string `json:"ipAddress"`
	MAC    string `json:"macAddress,omitempty"`        // hexadecimal digits without separators
	Status string `json:"operationalStatus,omitempty"` // such as "Up"
}

// Label is what people call the machine: its name, else its id.
func (m *Machine) Label() string {
	if m.Name != "" {
		return m.Name
	}
	return m.ID
}

// UnmarshalJSON reads a machine as Defender for Endpoint writes it. One without
// an id is a [*DecodeError].
func (m *Machine) UnmarshalJSON(data []byte) error {
	type plain Machine
	var p plain
	extra, err := readMDE("", data, &p)
	if err != nil {
		return err
	}
	p.Extra, p.Raw = extra, bytes.Clone(data)
	*m = Machine(p)
	return needID("", m.ID)
}

// MarshalJSON writes the machine as Defender for Endpoint would, Extra included.
func (m Machine) MarshalJSON() ([]byte, error) {
	type plain Machine
	return writeMDE(plain(m), m.Extra)
}
