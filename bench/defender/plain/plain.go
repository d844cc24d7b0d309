// Package plain has the types of package defender without their methods, for
// libraries that decode by reflection, and what answers of the xdr surface are
// documented to hold. They are defender's own but for what only its decoder
// keeps: unknown members, how values were told, the raw text.
package plain

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/tenantry/tenantry/defender"
)

//go:generate go run ./gen

// Library is one that decodes. Its zero value is ready.
type Library interface {
	Unmarshal(data []byte, v any) error
	// Kind is the member "@odata.type" of an object.
	Kind(data []byte) (string, error)
}

// Kind decodes the member "@odata.type" by itself, for libraries that have no
// quicker way.
func Kind[L Library](data []byte) (string, error) {
	var library L
	var probe struct {
		Type string `json:"@odata.type"`
	}
	err := library.Unmarshal(data, &probe)
	return probe.Type, err
}

// Page is an answer of Graph.
type Page[L Library] struct {
	Value []*Incident[L] `json:"value"`
	Next  string         `json:"@odata.nextLink"`
}

// Evidence holds a pointer to one of the types of evidence, by its kind.
type Evidence[L Library] struct {
	Kind  string
	Value any
}

// UnmarshalJSON looks for the kind first and then decodes into its type, as
// programs do that read one of several types with such a library.
func (e *Evidence[L]) UnmarshalJSON(data []byte) (err error) {
	var library L
	if e.Kind, err = library.Kind(data); err != nil {
		return err
	}
	e.Kind = strings.TrimSuffix(strings.TrimPrefix(e.Kind, "#microsoft.graph.security."), "Evidence")
	if e.Value = newEvidence[L](defender.EvidenceType(e.Kind)); e.Value == nil {
		e.Value = &UnknownEvidence[L]{}
	}
	return library.Unmarshal(data, e.Value)
}

// MarshalJSON is for comparing what was read.
func (e Evidence[L]) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Kind  string
		Value any
	}{e.Kind, e.Value})
}

// XDRPage is an answer of the xdr surface.
type XDRPage[L Library] struct {
	Context string            `json:"@odata.context"`
	Value   []*XDRIncident[L] `json:"value"`
}

// XDRIncident is an incident of the xdr surface, as
// https://learn.microsoft.com/defender-xdr/api-list-incidents has it.
type XDRIncident[L Library] struct {
	ID              int64         `json:"incidentId"`
	RedirectTo      *int64        `json:"redirectIncidentId"`
	Name            string        `json:"incidentName"`
	Created         time.Time     `json:"createdTime"`
	LastUpdate      time.Time     `json:"lastUpdateTime"`
	AssignedTo      string        `json:"assignedTo"`
	Classification  string        `json:"classification"`
	Determination   string        `json:"determination"`
	DetectionSource string        `json:"detectionSource"`
	Status          string        `json:"status"`
	Severity        string        `json:"severity"`
	Tags            []string      `json:"tags"`
	Comments        []XDRComment  `json:"comments"`
	Alerts          []XDRAlert[L] `json:"alerts"`
}

// XDRComment is a comment of an incident.
type XDRComment struct {
	Text    string    `json:"comment"`
	By      string    `json:"createdBy"`
	Created time.Time `json:"createdTime"`
}

// XDRAlert is an alert of an incident.
type XDRAlert[L Library] struct {
	ID                 string         `json:"alertId"`
	IncidentID         int64          `json:"incidentId"`
	ServiceSource      string         `json:"serviceSource"`
	Created            time.Time      `json:"creationTime"`
	LastUpdate         time.Time      `json:"lastUpdatedTime"`
	Resolved           time.Time      `json:"resolvedTime"`
	FirstActivity      time.Time      `json:"firstActivity"`
	LastActivity       time.Time      `json:"lastActivity"`
	Title              string         `json:"title"`
	Description        string         `json:"description"`
	Category           string         `json:"category"`
	Status             string         `json:"status"`
	Severity           string         `json:"severity"`
	InvestigationID    *int64         `json:"investigationId"`
	InvestigationState string         `json:"investigationState"`
	Classification     string         `json:"classification"`
	Determination      string         `json:"determination"`
	DetectionSource    string         `json:"detectionSource"`
	AssignedTo         string         `json:"assignedTo"`
	Actor              string         `json:"actorName"`
	ThreatFamily       string         `json:"threatFamilyName"`
	Techniques         []string       `json:"mitreTechniques"`
	Devices            []XDRDevice[L] `json:"devices"`
	Entities           []XDREntity[L] `json:"entities"`
}
