package defender

import "github.com/go-faster/jx"

// The shape of Microsoft Graph: members of microsoft.graph.security.incident,
// alert and alertComment as the v1.0 metadata of 2026-08-20 has them.

// Fields of an Incident, as told counts them, on both surfaces.
const (
	incidentID = iota
	incidentTenantID
	incidentName
	incidentDescription
	incidentSummary
	incidentStatus
	incidentSeverity
	incidentClassification
	incidentDetermination
	incidentCreated
	incidentLastUpdate
	incidentAssignedTo
	incidentLastModifiedBy
	incidentResolvingComment
	incidentRedirectTo
	incidentWebURL
	incidentPriorityScore
	incidentDetectionSource
	incidentTags
	incidentSystemTags
	incidentComments
	incidentAlerts
)

// Fields of an Alert.
const (
	alertID = iota
	alertProviderID
	alertIncidentID
	alertTenantID
	alertTitle
	alertDescription
	alertRecommendedActions
	alertCategory
	alertCategories
	alertServiceSource
	alertDetectionSource
	alertDetectorID
	alertProductName
	alertPolicyID
	alertSeverity
	alertStatus
	alertClassification
	alertDetermination
	alertAssignedTo
	alertCreated
	alertLastUpdate
	alertFirstActivity
	alertLastActivity
	alertResolved
	alertInvestigationID
	alertInvestigationState
	alertActor
	alertThreat
	alertThreatFamily
	alertTechniques
	alertSystemTags
	alertWebURL
	alertIncidentWebURL
	alertComments
	alertEvidence
	alertDevices  // xdr
	alertEntities // xdr
	alertAdditionalData
	alertCustomDetails
)

// Fields of a Comment.
const (
	commentText = iota
	commentBy
	commentCreated
)

// graphIncident is an incident in Graph's shape.
type graphIncident struct{ *Incident }

func (g graphIncident) state(Surface) state {
	i := g.Incident
	s := state{told: &i.told, extra: &i.Extra}
	if i.from == SurfaceXDR {
		s.told = i.told.elsewhere()
	}
	return s
}

func (g graphIncident) member(d *decoder, key string) bool {
	i, t := g.Incident, &g.told
	switch key {
	case "id":
		return d.ident(t, incidentID, &i.ID, jx.String)
	case "tenantId":
		return d.text(t, incidentTenantID, &i.TenantID)
	case "displayName":
		return d.text(t, incidentName, &i.Name)
	case "description":
		return d.text(t, incidentDescription, &i.Description)
	case "summary":
		return d.text(t, incidentSummary, &i.Summary)
	case "status":
		return d.enum(t, incidentStatus, (*string)(&i.Status), enumIncidentStatus)
	case "severity":
		return d.enum(t, incidentSeverity, (*string)(&i.Severity), enumSeverity)
	case "classification":
		return d.enum(t, incidentClassification, (*string)(&i.Classification), enumClassification)
	case "determination":
		return d.enum(t, incidentDetermination, (*string)(&i.Determination), enumDetermination)
	case "createdDateTime":
		return d.must(t, incidentCreated, &i.Created, key)
	case "lastUpdateDateTime":
		return d.must(t, incidentLastUpdate, &i.LastUpdate, key)
	case "assignedTo":
		return d.text(t, incidentAssignedTo, &i.AssignedTo)
	case "lastModifiedBy":
		return d.text(t, incidentLastModifiedBy, &i.LastModifiedBy)
	case "resolvingComment":
		return d.text(t, incidentResolvingComment, &i.ResolvingComment)
	case "redirectIncidentId":
		return d.redirect(t, &i.RedirectTo, jx.String)
	case "incidentWebUrl":
		return d.text(t, incidentWebURL, &i.WebURL)
	case "priorityScore":
		return readInt(d, t, incidentPriorityScore, &i.PriorityScore)
	case "detectionSource":
		return d.enum(t, incidentDetectionSource, &i.DetectionSource, enumDetectionSource)
	case "customTags":
		return d.texts(t, incidentTags, &i.Tags)
	case "systemTags":
		return d.texts(t, incidentSystemTags, &i.SystemTags)
	case "comments":
		return readMany(d, t, incidentComments, &i.Comments)
	case "alerts":
		return d.readAlerts(i)
	}
	return false
}

func (g graphIncident) members(w *writer) {
	i := g.Incident
	w.ident("id", incidentID, i.ID, jx.String)
	w.text("tenantId", incidentTenantID, i.TenantID)
	w.text("displayName", incidentName, i.Name)
	w.text("description", incidentDescription, i.Description)
	w.text("summary", incidentSummary, i.Summary)
	w.enum("status", incidentStatus, string(i.Status), enumIncidentStatus)
	w.enum("severity", incidentSeverity, string(i.Severity), enumSeverity)
	w.enum("classification", incidentClassification, string(i.Classification), enumClassification)
	w.enum("determination", incidentDetermination, string(i.Determination), enumDetermination)
	w.time("createdDateTime", incidentCreated, i.Created)
	w.time("lastUpdateDateTime", incidentLastUpdate, i.LastUpdate)
	w.text("assignedTo", incidentAssignedTo, i.AssignedTo)
	w.text("lastModifiedBy", incidentLastModifiedBy, i.LastModifiedBy)
	w.text("resolvingComment", incidentResolvingComment, i.ResolvingComment)
	w.ident("redirectIncidentId", incidentRedirectTo, i.RedirectTo, jx.String)
	w.text("incidentWebUrl", incidentWebURL, i.WebURL)
	writeInt(w, "priorityScore", incidentPriorityScore, i.PriorityScore)
	w.enum("detectionSource", incidentDetectionSource, i.DetectionSource, enumDetectionSource)
	w.texts("customTags", incidentTags, i.Tags)
	w.texts("systemTags", incidentSystemTags, i.SystemTags)
	writeMany(w, "comments", incidentComments, i.Comments)
	w.alerts(incidentAlerts, i.Alerts, func(a *Alert) record { return graphAlert{a} })
}

// redirect reads a merged incident's target. Zero, which is no incident, is kept in Extra.
func (d *decoder) redirect(t *told, v *string, usual jx.Type) bool {
	number := d.in.next() == jx.Number
	if !d.ident(t, incidentRedirectTo, v, usual) {
		return false
	}
	if *v != "0" {
		return true
	}
	*v = ""
	t.forget(incidentRedirectTo)
	if number {
		return d.refuse([]byte(`0`))
	}
	return d.refuse([]byte(`"0"`))
}

func (w *writer) alerts(field uint, alerts []Alert, shape func(*Alert) record) {
	outer := w.path
	w.list("alerts", field, len(alerts), alerts == nil, func(i int) {
		w.path = outer + dot(indexed("alerts", i))
		w.object(shape(&alerts[i]))
	})
	w.path = outer
}

// graphAlert is an alert in Graph's shape.
type graphAlert struct{ *Alert }

func (g graphAlert) state(Surface) state {
	a := g.Alert
	s := state{told: &a.told, extra: &a.Extra}
	if a.from == SurfaceXDR {
		s.told = a.told.elsewhere()
	}
	return s
}

func (g graphAlert) member(d *decoder, key string) bool {
	a, t := g.Alert, &g.told
	switch key {
	case "id":
		return d.ident(t, alertID, &a.ID, jx.String)
	case "providerAlertId":
		return d.ident(t, alertProviderID, &a.ProviderID, jx.String)
	case "incidentId":
		return d.ident(t, alertIncidentID, &a.IncidentID, jx.String)
	case "tenantId":
		return d.text(t, alertTenantID, &a.TenantID)
	case "title":
		return d.text(t, alertTitle, &a.Title)
	case "description":
		return d.text(t, alertDescription, &a.Description)
	case "recommendedActions":
		return d.text(t, alertRecommendedActions, &a.RecommendedActions)
	case "category":
		return d.text(t, alertCategory, &a.Category)
	case "categories":
		return d.texts(t, alertCategories, &a.Categories)
	case "serviceSource":
		return d.enum(t, alertServiceSource, &a.ServiceSource, enumServiceSource)
	case "detectionSource":
		return d.enum(t, alertDetectionSource, &a.DetectionSource, enumDetectionSource)
	case "detectorId":
		return d.ident(t, alertDetectorID, &a.DetectorID, jx.String)
	case "productName":
		return d.text(t, alertProductName, &a.ProductName)
	case "alertPolicyId":
		return d.text(t, alertPolicyID, &a.PolicyID)
	case "severity":
		return d.enum(t, alertSeverity, (*string)(&a.Severity), enumSeverity)
	case "status":
		return d.enum(t, alertStatus, (*string)(&a.Status), enumAlertStatus)
	case "classification":
		return d.enum(t, alertClassification, (*string)(&a.Classification), enumClassification)
	case "determination":
		return d.enum(t, alertDetermination, (*string)(&a.Determination), enumDetermination)
	case "assignedTo":
		return d.text(t, alertAssignedTo, &a.AssignedTo)
	case "createdDateTime":
		return d.time(t, alertCreated, &a.Created)
	case "lastUpdateDateTime":
		return d.time(t, alertLastUpdate, &a.LastUpdate)
	case "firstActivityDateTime":
		return d.time(t, alertFirstActivity, &a.FirstActivity)
	case "lastActivityDateTime":
		return d.time(t, alertLastActivity, &a.LastActivity)
	case "resolvedDateTime":
		return d.time(t, alertResolved, &a.Resolved)
	case "investigationId":
		return d.ident(t, alertInvestigationID, &a.InvestigationID, jx.String)
	case "investigationState":
		return d.enum(t, alertInvestigationState, &a.InvestigationState, enumInvestigation)
	case "actorDisplayName":
		return d.text(t, alertActor, &a.Actor)
	case "threatDisplayName":
		return d.text(t, alertThreat, &a.Threat)
	case "threatFamilyName":
		return d.text(t, alertThreatFamily, &a.ThreatFamily)
	case "mitreTechniques":
		return d.texts(t, alertTechniques, &a.Techniques)
	case "systemTags":
		return d.texts(t, alertSystemTags, &a.SystemTags)
	case "alertWebUrl":
		return d.text(t, alertWebURL, &a.WebURL)
	case "incidentWebUrl":
		return d.text(t, alertIncidentWebURL, &a.IncidentWebURL)
	case "comments":
		return readMany(d, t, alertComments, &a.Comments)
	case "evidence":
		return readEvidences(d, t, alertEvidence, &a.Evidence)
	case "additionalData":
		return d.dictionary(t, alertAdditionalData, &a.AdditionalData)
	case "customDetails":
		return d.dictionary(t, alertCustomDetails, &a.CustomDetails)
	}
	return false
}

func (g graphAlert) members(w *writer) {
	a := g.Alert
	w.ident("id", alertID, a.ID, jx.String)
	w.ident("providerAlertId", alertProviderID, a.ProviderID, jx.String)
	w.ident("incidentId", alertIncidentID, a.IncidentID, jx.String)
	w.text("tenantId", alertTenantID, a.TenantID)
	w.text("title", alertTitle, a.Title)
	w.text("description", alertDescription, a.Description)
	w.text("recommendedActions", alertRecommendedActions, a.RecommendedActions)
	w.text("category", alertCategory, a.Category)
	w.texts("categories", alertCategories, a.Categories)
	w.enum("serviceSource", alertServiceSource, a.ServiceSource, enumServiceSource)
	w.enum("detectionSource", alertDetectionSource, a.DetectionSource, enumDetectionSource)
	w.ident("detectorId", alertDetectorID, a.DetectorID, jx.String)
	w.text("productName", alertProductName, a.ProductName)
	w.text("alertPolicyId", alertPolicyID, a.PolicyID)
	w.enum("severity", alertSeverity, string(a.Severity), enumSeverity)
	w.enum("status", alertStatus, string(a.Status), enumAlertStatus)
	w.enum("classification", alertClassification, string(a.Classification), enumClassification)
	w.enum("determination", alertDetermination, string(a.Determination), enumDetermination)
	w.text("assignedTo", alertAssignedTo, a.AssignedTo)
	w.time("createdDateTime", alertCreated, a.Created)
	w.time("lastUpdateDateTime", alertLastUpdate, a.LastUpdate)
	w.time("firstActivityDateTime", alertFirstActivity, a.FirstActivity)
	w.time("lastActivityDateTime", alertLastActivity, a.LastActivity)
	w.time("resolvedDateTime", alertResolved, a.Resolved)
	w.ident("investigationId", alertInvestigationID, a.InvestigationID, jx.String)
	w.enum("investigationState", alertInvestigationState, a.InvestigationState, enumInvestigation)
	w.text("actorDisplayName", alertActor, a.Actor)
	w.text("threatDisplayName", alertThreat, a.Threat)
	w.text("threatFamilyName", alertThreatFamily, a.ThreatFamily)
	w.texts("mitreTechniques", alertTechniques, a.Techniques)
	w.texts("systemTags", alertSystemTags, a.SystemTags)
	w.text("alertWebUrl", alertWebURL, a.WebURL)
	w.text("incidentWebUrl", alertIncidentWebURL, a.IncidentWebURL)
	writeMany(w, "comments", alertComments, a.Comments)
	writeEvidences(w, "evidence", alertEvidence, a.Evidence)
	w.dictionary("additionalData", alertAdditionalData, a.AdditionalData)
	w.dictionary("customDetails", alertCustomDetails, a.CustomDetails)
}
