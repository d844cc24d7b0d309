package defender

import (
	"encoding/json"
	"time"
)

// Alert is one alert, from either surface. Its JSON is that of Microsoft Graph
// (https://learn.microsoft.com/graph/api/resources/security-alert), with
// investigationId besides, which xdr alone tells.
type Alert struct {
	ID         string `json:"id"`
	ProviderID string `json:"providerAlertId,omitempty"`
	IncidentID string `json:"incidentId,omitempty"`
	TenantID   string `json:"tenantId,omitempty"`

	Title              string   `json:"title,omitempty"`
	Description        string   `json:"description,omitempty"`
	RecommendedActions string   `json:"recommendedActions,omitempty"`
	Category           string   `json:"category,omitempty"`
	Categories         []string `json:"categories,omitempty"` // what replaces Category on graph
	ServiceSource      string   `json:"serviceSource,omitempty"`
	DetectionSource    string   `json:"detectionSource,omitempty"`
	DetectorID         string   `json:"detectorId,omitempty"`
	ProductName        string   `json:"productName,omitempty"`
	PolicyID           string   `json:"alertPolicyId,omitempty"`

	Severity       Severity       `json:"severity,omitempty"`
	Status         AlertStatus    `json:"status,omitempty"`
	Classification Classification `json:"classification,omitempty"`
	Determination  Determination  `json:"determination,omitempty"`
	AssignedTo     string         `json:"assignedTo,omitempty"`

	Created       time.Time `json:"createdDateTime,omitzero"`
	LastUpdate    time.Time `json:"lastUpdateDateTime,omitzero"`
	FirstActivity time.Time `json:"firstActivityDateTime,omitzero"`
	LastActivity  time.Time `json:"lastActivityDateTime,omitzero"`
	Resolved      time.Time `json:"resolvedDateTime,omitzero"` // zero while the alert is open

	InvestigationID    string   `json:"investigationId,omitempty"` // xdr only
	InvestigationState string   `json:"investigationState,omitempty"`
	Actor              string   `json:"actorDisplayName,omitempty"`
	Threat             string   `json:"threatDisplayName,omitempty"`
	ThreatFamily       string   `json:"threatFamilyName,omitempty"`
	Techniques         []string `json:"mitreTechniques,omitempty"` // MITRE ATT&CK ids such as "T1059.001"
	SystemTags         []string `json:"systemTags,omitempty"`
	WebURL             string   `json:"alertWebUrl,omitempty"`
	IncidentWebURL     string   `json:"incidentWebUrl,omitempty"`

	Comments []Comment `json:"comments,omitempty"`
	// Evidence holds Graph's evidence, or the devices (first) and entities of xdr.
	Evidence []Evidence `json:"evidence,omitempty"`

	AdditionalData map[string]json.RawMessage `json:"additionalData,omitempty"` // whatever the detector adds
	CustomDetails  map[string]json.RawMessage `json:"customDetails,omitempty"`  // named by who wrote the detection rule

	Extra map[string]json.RawMessage `json:"-"` // see Incident.Extra
	// Raw is an alert that was read by itself exactly as the surface wrote it; nil
	// for the alerts of an incident, whose Raw has them.
	Raw json.RawMessage `json:"-"`

	told told
	from Surface // see Incident
}
