package defender

import (
	"encoding/json"
	"time"
)

// Incident is one security incident of a tenant, from either surface. A zero
// time, an empty string or a nil slice means that the surface did not tell.
type Incident struct {
	Surface  Surface `json:"surface"`            // where this was read
	ID       string  `json:"id"`                 // decimal digits, the same on both surfaces
	TenantID string  `json:"tenantId,omitempty"` // as told by Graph; the xdr surface does not tell

	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	Summary     string `json:"summary,omitempty"`

	Status         Status         `json:"status"`
	Severity       Severity       `json:"severity"`
	Classification Classification `json:"classification,omitempty"`
	Determination  Determination  `json:"determination,omitempty"`

	Created    time.Time `json:"created,omitzero"`
	LastUpdate time.Time `json:"lastUpdate,omitzero"`

	AssignedTo       string `json:"assignedTo,omitempty"`
	LastModifiedBy   string `json:"lastModifiedBy,omitempty"`
	ResolvingComment string `json:"resolvingComment,omitempty"`
	// RedirectTo is the id of the incident this one was merged into; then Status
	// is StatusRedirected and the other incident carries the alerts.
	RedirectTo      string   `json:"redirectTo,omitempty"`
	WebURL          string   `json:"webUrl,omitempty"` // of the incident's page in the Defender portal
	PriorityScore   int      `json:"priorityScore,omitempty"`
	DetectionSource string   `json:"detectionSource,omitempty"` // xdr only
	Tags            []string `json:"tags,omitempty"`            // set by people
	SystemTags      []string `json:"systemTags,omitempty"`      // set by Microsoft; graph only

	Comments []Comment `json:"comments,omitempty"`
	// Alerts are always told by xdr; graph tells them when asked (ListOptions.ExpandAlerts).
	Alerts []Alert `json:"alerts,omitempty"`

	// Extra holds every field of the answer that this type does not know (unless null or []), and
	// known fields whose value has an unexpected JSON type, under their own names.
	Extra map[string]json.RawMessage `json:"extra,omitempty"`
	// Raw is the incident exactly as the surface wrote it.
	Raw json.RawMessage `json:"-"`
}

// Comment is a remark on an incident or an alert.
type Comment struct {
	Text    string    `json:"comment"`
	By      string    `json:"createdBy,omitempty"`
	Created time.Time `json:"created,omitzero"`

	Extra map[string]json.RawMessage `json:"extra,omitempty"`
}

// Alert is one alert of an incident, from either surface.
type Alert struct {
	ID         string `json:"id"`
	ProviderID string `json:"providerAlertId,omitempty"`
	IncidentID string `json:"incidentId,omitempty"`
	TenantID   string `json:"tenantId,omitempty"`

	Title              string   `json:"title"`
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

	Created       time.Time `json:"created,omitzero"`
	LastUpdate    time.Time `json:"lastUpdate,omitzero"`
	FirstActivity time.Time `json:"firstActivity,omitzero"`
	LastActivity  time.Time `json:"lastActivity,omitzero"`
	Resolved      time.Time `json:"resolved,omitzero"` // zero while the alert is open

	InvestigationID    string   `json:"investigationId,omitempty"`
	InvestigationState string   `json:"investigationState,omitempty"`
	Actor              string   `json:"actor,omitempty"`
	Threat             string   `json:"threat,omitempty"`
	ThreatFamily       string   `json:"threatFamily,omitempty"`
	Techniques         []string `json:"mitreTechniques,omitempty"` // MITRE ATT&CK ids such as "T1059.001"
	SystemTags         []string `json:"systemTags,omitempty"`
	WebURL             string   `json:"webUrl,omitempty"`
	IncidentWebURL     string   `json:"incidentWebUrl,omitempty"`

	Comments []Comment `json:"comments,omitempty"`
	// Evidence holds Graph's evidence, or the devices (first) and entities of xdr.
	Evidence []Evidence `json:"evidence,omitempty"`

	Extra map[string]json.RawMessage `json:"extra,omitempty"` // see Incident.Extra
	Raw   json.RawMessage            `json:"-"`
}
