package defender

import (
	"bytes"
	"encoding/json"
	"time"
)

// IndicatorType is what an indicator matches.
type IndicatorType string

// Types of indicator.
const (
	IndicatorFileSHA1    IndicatorType = "FileSha1"
	IndicatorFileSHA256  IndicatorType = "FileSha256"
	IndicatorFileMD5     IndicatorType = "FileMd5"
	IndicatorCertificate IndicatorType = "CertificateThumbprint"
	IndicatorIP          IndicatorType = "IpAddress"
	IndicatorDomain      IndicatorType = "DomainName"
	IndicatorURL         IndicatorType = "Url"
)

// IndicatorTypes lists the types there are.
func IndicatorTypes() []IndicatorType {
	return []IndicatorType{IndicatorFileSHA1, IndicatorFileSHA256, IndicatorFileMD5, IndicatorCertificate, IndicatorIP, IndicatorDomain, IndicatorURL}
}

// IndicatorAction is what is done about what an indicator matches.
type IndicatorAction string

// Actions of indicators.
const (
	IndicatorAllowed IndicatorAction = "Allowed"
	IndicatorAudit   IndicatorAction = "Audit" // needs GenerateAlert
	IndicatorWarn    IndicatorAction = "Warn"
	IndicatorBlock   IndicatorAction = "Block"
	// IndicatorRemediate is "block and remediate", for files.
	IndicatorRemediate IndicatorAction = "BlockAndRemediate"
	// IndicatorAlert and IndicatorAlertAndBlock were supported until January 2022:
	// they are read, and found by lists, but no longer submitted.
	IndicatorAlert         IndicatorAction = "Alert"
	IndicatorAlertAndBlock IndicatorAction = "AlertAndBlock"
)

// IndicatorActions lists the actions that can be submitted.
func IndicatorActions() []IndicatorAction {
	return []IndicatorAction{IndicatorAllowed, IndicatorAudit, IndicatorWarn, IndicatorBlock, IndicatorRemediate}
}

// allIndicatorActions are those, and the two of before.
func allIndicatorActions() []IndicatorAction {
	return append(IndicatorActions(), IndicatorAlert, IndicatorAlertAndBlock)
}

// IndicatorSeverities lists the severities of an indicator's alerts, the lowest first.
func IndicatorSeverities() []string { return []string{"Informational", "Low", "Medium", "High"} }

// Indicator is something that Defender for Endpoint looks for on the machines
// of a tenant. Its JSON is that of the service, Extra included, without nulls.
//
// Source: https://learn.microsoft.com/defender-endpoint/api/ti-indicator
type Indicator struct {
	ID       string          `json:"id,omitempty"` // given by the service
	Value    string          `json:"indicatorValue"`
	Type     IndicatorType   `json:"indicatorType"`
	Action   IndicatorAction `json:"action,omitempty"`
	Title    string          `json:"title,omitempty"` // of the alert
	Severity string          `json:"severity,omitempty"`

	Description        string `json:"description,omitempty"`
	RecommendedActions string `json:"recommendedActions,omitempty"`
	Application        string `json:"application,omitempty"`
	ExternalID         string `json:"externalID,omitempty"`
	EducateURL         string `json:"educateUrl,omitempty"`
	// GenerateAlert asks for an alert on a match.
	GenerateAlert *bool `json:"generateAlert,omitempty"`
	// Groups are the names of the device groups it is for; none means all.
	Groups   []string `json:"rbacGroupNames,omitempty"`
	GroupIDs []string `json:"rbacGroupIds,omitempty"`

	Expires    time.Time `json:"expirationTime,omitzero"` // zero means never
	Created    time.Time `json:"creationTimeDateTimeUtc,omitzero"`
	LastUpdate time.Time `json:"lastUpdateTime,omitzero"`

	Source      string `json:"source,omitempty"` // name of the person or app that made it
	SourceType  string `json:"sourceType,omitempty"`
	CreatedBy   string `json:"createdBy,omitempty"`
	CreatedName string `json:"createdByDisplayName,omitempty"`
	UpdatedBy   string `json:"lastUpdatedBy,omitempty"`

	Extra map[string]json.RawMessage `json:"-"` // see Machine.Extra
	Raw   json.RawMessage            `json:"-"`
}

// UnmarshalJSON reads an indicator as Defender for Endpoint writes it. One
// without an id is a [*DecodeError].
func (i *Indicator) UnmarshalJSON(data []byte) error {
	type plain Indicator
	var p plain
	extra, err := readMDE("", data, &p)
	if err != nil {
		return err
	}
	p.Type = canonicalOf(IndicatorTypes(), p.Type)
	p.Action = canonicalOf(allIndicatorActions(), p.Action)
	p.Extra, p.Raw = extra, bytes.Clone(data)
	*i = Indicator(p)
	return needID("", i.ID)
}

// MarshalJSON writes the indicator as Defender for Endpoint would, Extra included.
func (i Indicator) MarshalJSON() ([]byte, error) {
	type plain Indicator
	return writeMDE(plain(i), i.Extra)
}
