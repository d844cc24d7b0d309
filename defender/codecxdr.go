package defender

import "github.com/go-faster/jx"

// The shape of GET /api/incidents,
// https://learn.microsoft.com/defender-xdr/api-list-incidents. Writers write the
// documented members first, then those that answers carry besides.

// xdrIncident is an incident in the shape of the xdr surface.
type xdrIncident struct{ *Incident }

func (x xdrIncident) state(Surface) state {
	i := x.Incident
	if i.from == SurfaceXDR {
		return state{told: &i.told, extra: &i.Extra}
	}
	return state{told: &told{}, extra: &i.Extra, every: true}
}

func (x xdrIncident) member(d *decoder, key string) bool {
	i, t := x.Incident, &x.told
	switch key {
	case "incidentId":
		return d.ident(t, incidentID, &i.ID, jx.Number)
	case "redirectIncidentId":
		return d.redirect(t, &i.RedirectTo, jx.Number)
	case "incidentName":
		return d.text(t, incidentName, &i.Name)
	case "createdTime":
		return d.must(t, incidentCreated, &i.Created, key)
	case "lastUpdateTime":
		return d.must(t, incidentLastUpdate, &i.LastUpdate, key)
	case "assignedTo":
		return d.text(t, incidentAssignedTo, &i.AssignedTo)
	case "classification":
		return d.enum(t, incidentClassification, (*string)(&i.Classification), enumClassification)
	case "determination":
		return d.enum(t, incidentDetermination, (*string)(&i.Determination), enumDetermination)
	case "detectionSource":
		return d.enum(t, incidentDetectionSource, &i.DetectionSource, enumDetectionSource)
	case "status":
		return d.enum(t, incidentStatus, (*string)(&i.Status), enumIncidentStatus)
	case "severity":
		return d.enum(t, incidentSeverity, (*string)(&i.Severity), enumSeverity)
	case "tags":
		return d.texts(t, incidentTags, &i.Tags)
	case "comments":
		return readMany(d, t, incidentComments, &i.Comments)
	case "alerts":
		return d.readAlerts(i)

	case "tenantId":
		return d.text(t, incidentTenantID, &i.TenantID)
	case "description":
		return d.text(t, incidentDescription, &i.Description)
	case "summary":
		return d.text(t, incidentSummary, &i.Summary)
	case "lastModifiedBy":
		return d.text(t, incidentLastModifiedBy, &i.LastModifiedBy)
	case "incidentUri":
		return d.text(t, incidentWebURL, &i.WebURL)
	case "systemTags":
		return d.texts(t, incidentSystemTags, &i.SystemTags)
	}
	return false
}

func (x xdrIncident) members(w *writer) {
	i := x.Incident
	w.ident("incidentId", incidentID, i.ID, jx.Number)
	w.ident("redirectIncidentId", incidentRedirectTo, i.RedirectTo, jx.Number)
	w.text("incidentName", incidentName, i.Name)
	w.time("createdTime", incidentCreated, i.Created)
	w.time("lastUpdateTime", incidentLastUpdate, i.LastUpdate)
	w.text("assignedTo", incidentAssignedTo, i.AssignedTo)
	w.enum("classification", incidentClassification, string(i.Classification), enumClassification)
	w.enum("determination", incidentDetermination, string(i.Determination), enumDetermination)
	w.enum("detectionSource", incidentDetectionSource, i.DetectionSource, enumDetectionSource)
	w.enum("status", incidentStatus, string(i.Status), enumIncidentStatus)
	w.enum("severity", incidentSeverity, string(i.Severity), enumSeverity)
	w.texts("tags", incidentTags, i.Tags)
	writeMany(w, "comments", incidentComments, i.Comments)
	w.alerts(incidentAlerts, i.Alerts, func(a *Alert) record { return xdrAlert{a} })

	w.every = false
	w.text("tenantId", incidentTenantID, i.TenantID)
	w.text("description", incidentDescription, i.Description)
	w.text("summary", incidentSummary, i.Summary)
	w.text("lastModifiedBy", incidentLastModifiedBy, i.LastModifiedBy)
	w.text("incidentUri", incidentWebURL, i.WebURL)
	w.texts("systemTags", incidentSystemTags, i.SystemTags)

	w.cannot("resolvingComment", i.ResolvingComment != "")
	w.cannot("priorityScore", i.PriorityScore != nil)
}

// xdrAlert is an alert of an incident in the shape of the xdr surface.
type xdrAlert struct{ *Alert }

func (x xdrAlert) state(Surface) state {
	a := x.Alert
	if a.from == SurfaceXDR {
		return state{told: &a.told, extra: &a.Extra}
	}
	return state{told: &told{}, extra: &a.Extra, every: true}
}

func (x xdrAlert) member(d *decoder, key string) bool {
	a, t := x.Alert, &x.told
	switch key {
	case "alertId":
		return d.ident(t, alertID, &a.ID, jx.String)
	case "incidentId":
		return d.ident(t, alertIncidentID, &a.IncidentID, jx.Number)
	case "serviceSource":
		return d.enum(t, alertServiceSource, &a.ServiceSource, enumServiceSource)
	case "creationTime":
		return d.time(t, alertCreated, &a.Created)
	case "lastUpdatedTime":
		return d.time(t, alertLastUpdate, &a.LastUpdate)
	case "resolvedTime":
		return d.time(t, alertResolved, &a.Resolved)
	case "firstActivity":
		return d.time(t, alertFirstActivity, &a.FirstActivity)
	case "lastActivity":
		return d.time(t, alertLastActivity, &a.LastActivity)
	case "title":
		return d.text(t, alertTitle, &a.Title)
	case "description":
		return d.text(t, alertDescription, &a.Description)
	case "category":
		return d.text(t, alertCategory, &a.Category)
	case "status":
		return d.enum(t, alertStatus, (*string)(&a.Status), enumAlertStatus)
	case "severity":
		return d.enum(t, alertSeverity, (*string)(&a.Severity), enumSeverity)
	case "investigationId":
		return d.ident(t, alertInvestigationID, &a.InvestigationID, jx.Number)
	case "investigationState":
		return d.enum(t, alertInvestigationState, &a.InvestigationState, enumInvestigation)
	case "classification":
		return d.enum(t, alertClassification, (*string)(&a.Classification), enumClassification)
	case "determination":
		return d.enum(t, alertDetermination, (*string)(&a.Determination), enumDetermination)
	case "detectionSource":
		return d.enum(t, alertDetectionSource, &a.DetectionSource, enumDetectionSource)
	case "assignedTo":
		return d.text(t, alertAssignedTo, &a.AssignedTo)
	case "actorName":
		return d.text(t, alertActor, &a.Actor)
	case "threatFamilyName":
		return d.text(t, alertThreatFamily, &a.ThreatFamily)
	case "mitreTechniques":
		return d.texts(t, alertTechniques, &a.Techniques)
	case "devices":
		return d.devices(a)
	case "entities":
		return d.entities(a)

	case "providerAlertId":
		return d.ident(t, alertProviderID, &a.ProviderID, jx.String)
	case "detectorId":
		return d.ident(t, alertDetectorID, &a.DetectorID, jx.String)
	case "comments":
		return readMany(d, t, alertComments, &a.Comments)
	}
	return false
}

func (x xdrAlert) members(w *writer) {
	a := x.Alert
	w.ident("alertId", alertID, a.ID, jx.String)
	w.ident("incidentId", alertIncidentID, a.IncidentID, jx.Number)
	w.enum("serviceSource", alertServiceSource, a.ServiceSource, enumServiceSource)
	w.time("creationTime", alertCreated, a.Created)
	w.time("lastUpdatedTime", alertLastUpdate, a.LastUpdate)
	w.time("resolvedTime", alertResolved, a.Resolved)
	w.time("firstActivity", alertFirstActivity, a.FirstActivity)
	w.time("lastActivity", alertLastActivity, a.LastActivity)
	w.text("title", alertTitle, a.Title)
	w.text("description", alertDescription, a.Description)
	w.text("category", alertCategory, a.Category)
	w.enum("status", alertStatus, string(a.Status), enumAlertStatus)
	w.enum("severity", alertSeverity, string(a.Severity), enumSeverity)
	w.ident("investigationId", alertInvestigationID, a.InvestigationID, jx.Number)
	w.enum("investigationState", alertInvestigationState, a.InvestigationState, enumInvestigation)
	w.enum("classification", alertClassification, string(a.Classification), enumClassification)
	w.enum("determination", alertDetermination, string(a.Determination), enumDetermination)
	w.enum("detectionSource", alertDetectionSource, a.DetectionSource, enumDetectionSource)
	w.text("assignedTo", alertAssignedTo, a.AssignedTo)
	w.text("actorName", alertActor, a.Actor)
	w.text("threatFamilyName", alertThreatFamily, a.ThreatFamily)
	w.texts("mitreTechniques", alertTechniques, a.Techniques)
	w.devicesAndEntities(a)

	w.every = false
	w.ident("providerAlertId", alertProviderID, a.ProviderID, jx.String)
	w.ident("detectorId", alertDetectorID, a.DetectorID, jx.String)
	writeMany(w, "comments", alertComments, a.Comments)

	w.cannot("tenantId", a.TenantID != "")
	w.cannot("recommendedActions", a.RecommendedActions != "")
	w.cannot("categories", len(a.Categories) > 0)
	w.cannot("productName", a.ProductName != "")
	w.cannot("alertPolicyId", a.PolicyID != "")
	w.cannot("threatDisplayName", a.Threat != "")
	w.cannot("systemTags", len(a.SystemTags) > 0)
	w.cannot("alertWebUrl", a.WebURL != "")
	w.cannot("incidentWebUrl", a.IncidentWebURL != "")
	w.cannot("additionalData", len(a.AdditionalData) > 0)
	w.cannot("customDetails", len(a.CustomDetails) > 0)
}
