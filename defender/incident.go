package defender

import (
	"encoding/json"
	"time"
)

// Incident is one security incident of a tenant, from either surface. A zero
// time, an empty string or a nil slice means that the surface did not tell.
//
// As JSON it is what Microsoft Graph writes
// (https://learn.microsoft.com/graph/api/resources/security-incident), whichever
// surface it was read from, with detectionSource besides, which xdr alone tells.
// What was null, empty or absent when it was read is so again when it is written.
type Incident struct {
	Surface  Surface `json:"-"`                  // where this was read
	ID       string  `json:"id"`                 // decimal digits, the same on both surfaces
	TenantID string  `json:"tenantId,omitempty"` // as told by Graph; the xdr surface does not tell

	Name        string `json:"displayName,omitempty"`
	Description string `json:"description,omitempty"`
	Summary     string `json:"summary,omitempty"`

	Status         Status         `json:"status,omitempty"`
	Severity       Severity       `json:"severity,omitempty"`
	Classification Classification `json:"classification,omitempty"`
	Determination  Determination  `json:"determination,omitempty"`

	Created    time.Time `json:"createdDateTime,omitzero"`
	LastUpdate time.Time `json:"lastUpdateDateTime,omitzero"`

	AssignedTo       string `json:"assignedTo,omitempty"`
	LastModifiedBy   string `json:"lastModifiedBy,omitempty"`
	ResolvingComment string `json:"resolvingComment,omitempty"`
	// RedirectTo is the id of the incident this one was merged into; then Status
	// is StatusRedirected and the other incident carries the alerts.
	RedirectTo      string   `json:"redirectIncidentId,omitempty"`
	WebURL          string   `json:"incidentWebUrl,omitempty"` // of the incident's page in the Defender portal
	PriorityScore   *int     `json:"priorityScore,omitempty"`
	DetectionSource string   `json:"detectionSource,omitempty"` // xdr only
	Tags            []string `json:"customTags,omitempty"`      // set by people
	SystemTags      []string `json:"systemTags,omitempty"`      // set by Microsoft; graph only

	Comments []Comment `json:"comments,omitempty"`
	// Alerts are always told by xdr; graph tells them when asked (ListOptions.ExpandAlerts).
	Alerts []Alert `json:"alerts,omitempty"`
	// AlertsMissing says why Alerts are not there although they were asked for; it is an
	// [*AlertsError]. Nil means that they are, or were not asked for.
	AlertsMissing error `json:"-"`

	// Extra holds every member of the answer that this type has no field for, the
	// protocol's own such as "@odata.context" included, and known members whose
	// value has an unexpected JSON type, under their own names. When the incident
	// is written, a field that is not zero replaces the entry of its name.
	Extra map[string]json.RawMessage `json:"-"`
	// Raw is the incident exactly as the surface wrote it.
	Raw json.RawMessage `json:"-"`

	told told
	from Surface // whose shape told is about; "" when made by hand
}

// Comment is a remark on an incident or an alert.
type Comment struct {
	Text    string    `json:"comment"`
	By      string    `json:"createdByDisplayName,omitempty"`
	Created time.Time `json:"createdDateTime,omitzero"`

	Extra map[string]json.RawMessage `json:"-"` // see Incident.Extra

	told told
	from Surface // see Incident
	// byName and createdName are the members By and Created were read from, since
	// answers differ in that; "" for those of the surface's documentation.
	byName, createdName string
}
