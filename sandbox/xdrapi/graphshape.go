package xdrapi

import (
	"strconv"

	"github.com/tenantry/tenantry/sandbox/world"
)

// The wire types of microsoft.graph.security, every declared property in each.

type graphIncident struct {
	ODataType          string         `json:"@odata.type,omitempty"`
	ID                 string         `json:"id"`
	TenantID           string         `json:"tenantId"`
	Status             string         `json:"status"`
	IncidentWebURL     string         `json:"incidentWebUrl"`
	RedirectIncidentID *string        `json:"redirectIncidentId"`
	DisplayName        string         `json:"displayName"`
	CreatedDateTime    *string        `json:"createdDateTime"`
	LastUpdateDateTime *string        `json:"lastUpdateDateTime"`
	AssignedTo         *string        `json:"assignedTo"`
	Classification     string         `json:"classification"`
	Determination      string         `json:"determination"`
	Severity           string         `json:"severity"`
	CustomTags         []string       `json:"customTags"`
	SystemTags         []string       `json:"systemTags"`
	Description        *string        `json:"description"`
	LastModifiedBy     *string        `json:"lastModifiedBy"`
	ResolvingComment   *string        `json:"resolvingComment"`
	Summary            *string        `json:"summary"`
	PriorityScore      *int           `json:"priorityScore"`
	Comments           []graphComment `json:"comments"`
	Alerts             *[]any         `json:"alerts,omitempty"`
}

// graphComment has the keys of the metadata (alertComment); some samples of
// the documentation show createdBy and createdTime instead.
type graphComment struct {
	Comment              string  `json:"comment"`
	CreatedByDisplayName string  `json:"createdByDisplayName"`
	CreatedDateTime      *string `json:"createdDateTime"`
}

type graphAlert struct {
	ODataType             string         `json:"@odata.type"`
	ID                    string         `json:"id"`
	ProviderAlertID       string         `json:"providerAlertId"`
	IncidentID            *string        `json:"incidentId"`
	Status                string         `json:"status"`
	Severity              string         `json:"severity"`
	Classification        string         `json:"classification"`
	Determination         string         `json:"determination"`
	ServiceSource         string         `json:"serviceSource"`
	DetectionSource       string         `json:"detectionSource"`
	ProductName           *string        `json:"productName"`
	DetectorID            *string        `json:"detectorId"`
	TenantID              string         `json:"tenantId"`
	Title                 string         `json:"title"`
	Description           string         `json:"description"`
	RecommendedActions    string         `json:"recommendedActions"`
	Category              string         `json:"category"`
	Categories            []string       `json:"categories"`
	AssignedTo            *string        `json:"assignedTo"`
	AlertWebURL           string         `json:"alertWebUrl"`
	IncidentWebURL        *string        `json:"incidentWebUrl"`
	ActorDisplayName      *string        `json:"actorDisplayName"`
	ThreatDisplayName     *string        `json:"threatDisplayName"`
	ThreatFamilyName      *string        `json:"threatFamilyName"`
	MitreTechniques       []string       `json:"mitreTechniques"`
	CreatedDateTime       *string        `json:"createdDateTime"`
	LastUpdateDateTime    *string        `json:"lastUpdateDateTime"`
	ResolvedDateTime      *string        `json:"resolvedDateTime"`
	FirstActivityDateTime *string        `json:"firstActivityDateTime"`
	LastActivityDateTime  *string        `json:"lastActivityDateTime"`
	InvestigationState    string         `json:"investigationState"`
	AlertPolicyID         *string        `json:"alertPolicyId"`
	AdditionalData        map[string]any `json:"additionalData"`
	CustomDetails         map[string]any `json:"customDetails"`
	SystemTags            []string       `json:"systemTags"`
	Comments              []graphComment `json:"comments"`
	Evidence              []any          `json:"evidence"`
}

// incident turns an incident into Graph's words; alerts only when they were
// asked for by $expand.
func (t teller) incident(in *world.Incident, alerts bool) graphIncident {
	id := strconv.FormatInt(in.ID, 10)
	out := graphIncident{
		ID:                 id,
		TenantID:           t.tenantID,
		Status:             t.enum(in.Status, laterIncidentStatuses()),
		IncidentWebURL:     t.incidentURL(in.ID),
		DisplayName:        in.Name,
		CreatedDateTime:    stamp(in.Created),
		LastUpdateDateTime: stamp(in.LastUpdate),
		AssignedTo:         text(in.AssignedTo),
		Classification:     t.enum(in.Classification, nil),
		Determination:      t.enum(in.Determination, nil),
		Severity:           t.enum(in.Severity, nil),
		CustomTags:         list(in.Tags),
		SystemTags:         list(in.SystemTags),
		Description:        text(in.Description),
		LastModifiedBy:     text(in.LastModifiedBy),
		ResolvingComment:   text(in.ResolvingComment),
		Summary:            text(in.Summary),
		Comments:           comments(in.Comments),
	}
	if in.RedirectTo != 0 {
		to := strconv.FormatInt(in.RedirectTo, 10)
		out.RedirectIncidentID = &to
	}
	if in.PriorityScore != 0 {
		out.PriorityScore = &in.PriorityScore
	}
	if alerts {
		told := make([]any, 0, len(in.Alerts))
		for _, a := range in.Alerts {
			told = append(told, withExtra(t.alert(in.ID, a), a.Extra, a.ExtraSurface, world.SurfaceGraph))
		}
		out.Alerts = &told
	}
	return out
}

func (t teller) alert(incident int64, a *world.Alert) graphAlert {
	out := graphAlert{
		ODataType:             "#microsoft.graph.security.alert",
		ID:                    a.ID,
		ProviderAlertID:       a.ProviderAlertID,
		Status:                t.enum(a.Status, nil),
		Severity:              t.enum(a.Severity, nil),
		Classification:        t.enum(a.Classification, nil),
		Determination:         t.enum(a.Determination, nil),
		ServiceSource:         t.enum(a.ServiceSource, laterServiceSources()),
		DetectionSource:       t.enum(a.DetectionSource, laterDetectionSources()),
		ProductName:           text(a.ProductName),
		DetectorID:            text(a.DetectorID),
		TenantID:              t.tenantID,
		Title:                 a.Title,
		Description:           a.Description,
		RecommendedActions:    a.RecommendedActions,
		Category:              a.Category,
		Categories:            []string{},
		AssignedTo:            text(a.AssignedTo),
		AlertWebURL:           t.portal + "/alerts/" + a.ID + "?tid=" + t.tenantID,
		ActorDisplayName:      text(a.Actor),
		ThreatDisplayName:     text(a.Threat),
		ThreatFamilyName:      text(a.ThreatFamily),
		MitreTechniques:       list(a.Techniques),
		CreatedDateTime:       stamp(a.Created),
		LastUpdateDateTime:    stamp(a.LastUpdate),
		ResolvedDateTime:      stamp(a.Resolved),
		FirstActivityDateTime: stamp(a.FirstActivity),
		LastActivityDateTime:  stamp(a.LastActivity),
		InvestigationState:    t.enum(a.InvestigationState, nil),
		SystemTags:            []string{},
		Comments:              comments(a.Comments),
		Evidence:              make([]any, 0, len(a.Entities)),
	}
	if incident != 0 { // else it belongs to none
		out.IncidentID = text(strconv.FormatInt(incident, 10))
		out.IncidentWebURL = text(t.incidentURL(incident))
	}
	if a.Category != "" {
		out.Categories = append(out.Categories, a.Category)
	}
	for _, e := range a.Entities {
		if e.Kind == world.EntityOther { // a recording's own, which only its surface can tell
			if a.ExtraSurface == world.SurfaceGraph {
				out.Evidence = append(out.Evidence, e.Extra)
			}
			continue
		}
		if ev := t.evidence(e); ev != nil {
			out.Evidence = append(out.Evidence, withExtra(ev, e.Extra, a.ExtraSurface, world.SurfaceGraph))
		}
	}
	return out
}

func (t teller) incidentURL(id int64) string {
	return t.portal + "/incidents/" + strconv.FormatInt(id, 10) + "?tid=" + t.tenantID
}

func comments(in []world.Comment) []graphComment {
	out := make([]graphComment, 0, len(in))
	for _, c := range in {
		out = append(out, graphComment{c.Text, c.By, stamp(c.Created)})
	}
	return out
}

// portalOf is the origin of the Defender portal of a cloud
// (learn.microsoft.com/defender-xdr/usgov).
func portalOf(cloud string) string {
	switch cloud {
	case world.CloudHigh:
		return "https://security.microsoft.us"
	case world.CloudDoD:
		return "https://security.apps.mil"
	}
	return "https://security.microsoft.com"
}
