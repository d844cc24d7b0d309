package xdrapi

import (
	"github.com/tenantry/tenantry/sandbox/graphapi/graphwire"
	"github.com/tenantry/tenantry/sandbox/odata"
	"github.com/tenantry/tenantry/sandbox/world"
)

// alertPageMax is the largest page of alerts ("Microsoft Graph Security API
// error responses", Constraints: $top has a limit of 1000 alerts). A larger
// $top gets a page of this size: learn.microsoft.com/graph/paging allows both
// that and an error, and collectors that asked for 2,000 were answered
// (elastic/integrations#20234).
const alertPageMax = 1000

// alertPage is the size of a page that was not asked for otherwise; ours, the
// size in the sample of the page "List alerts_v2".
const alertPage = 100

// alertFilter are the properties that the page "List alerts_v2" allows in
// $filter.
var alertFilter = odata.Schema{TypeName: alertType.name, AnyCase: true, Properties: map[string]odata.Property{
	"assignedTo":         {Type: odata.String},
	"classification":     enumProperty("alertClassification", classifications()),
	"createdDateTime":    {Type: odata.DateTime},
	"determination":      enumProperty("alertDetermination", determinations()),
	"lastUpdateDateTime": {Type: odata.DateTime},
	"serviceSource":      enumProperty("serviceSource", serviceSources()),
	"severity":           enumProperty("alertSeverity", severities()),
	"status":             enumProperty("alertStatus", alertStatuses()),
}}

// alertValue is what filters and orders see of an alert.
func alertValue(a *world.Alert, name string) any {
	switch name {
	case "assignedTo":
		return orNull(a.AssignedTo)
	case "classification":
		return orUnknown(a.Classification)
	case "createdDateTime":
		return clip(a.Created)
	case "determination":
		return orUnknown(a.Determination)
	case "lastUpdateDateTime":
		return clip(a.LastUpdate)
	case "serviceSource":
		return orUnknown(a.ServiceSource)
	case "severity":
		return orUnknown(a.Severity)
	case "status":
		return orUnknown(a.Status)
	}
	return nil
}

// listAlerts takes the options of the page and, beyond it, $orderby and
// $select, which collectors use (elastic/integrations#20348,
// microsoft/zerotrustassessment#1414).
func (c *graphCall) listAlerts() (answer, *graphwire.Error) {
	opts, err := odata.Rules{
		Allowed: []string{"$filter", "$top", "$skip", "$count", "$orderby", "$select"}, MinTop: graphPageMin, BareNames: true,
	}.Parse(c.R.URL.RawQuery)
	if err != nil {
		return nil, graphwire.Query(err)
	}
	keep, err := alertFilter.Filter(opts.Filter)
	if err != nil {
		return nil, graphwire.Query(err)
	}
	sel, failure := alertType.selection(opts)
	if failure != nil {
		return nil, failure
	}
	order, failure := ordering(opts.OrderBy, latestCreated, alertValue)
	if failure != nil {
		return nil, failure
	}
	w := windowOf(opts, alertPage)
	w.top = min(w.top, alertPageMax)
	cutOut, found, more := cut(w, sorted(c.api.world.Alerts(c.tell.tenantID), order), keep, alertValue)
	items := make([][]byte, len(cutOut))
	for i, al := range cutOut {
		if items[i], failure = c.alert(al, sel); failure != nil {
			return nil, failure
		}
	}
	return c.page("alerts_v2", sel, w, items, found, more), nil
}

// alert is an alert as this caller asked for it.
func (c *graphCall) alert(al *world.Alert, s selection) ([]byte, *graphwire.Error) {
	b, err := c.api.graphAlert(c.tell, al)
	if err == nil {
		b, err = s.project(alertType, b)
	}
	if err != nil {
		return nil, broken(err)
	}
	return b, nil
}

func (c *graphCall) getAlert() (answer, *graphwire.Error) {
	opts, err := odata.Rules{Allowed: []string{"$select"}, BareNames: true}.Parse(c.R.URL.RawQuery)
	if err != nil {
		return nil, graphwire.Query(err)
	}
	sel, failure := alertType.selection(opts)
	if failure != nil {
		return nil, failure
	}
	al, failure := c.findAlert()
	if failure != nil {
		return nil, failure
	}
	return c.oneAlert(al, sel)
}

func (c *graphCall) oneAlert(al *world.Alert, s selection) (answer, *graphwire.Error) {
	b, failure := c.alert(al, s)
	if failure != nil {
		return nil, failure
	}
	return entity(c.context("alerts_v2"+s.String()+"/$entity"), b), nil
}

// findAlert is the alert that the path names.
func (c *graphCall) findAlert() (*world.Alert, *graphwire.Error) {
	al, ok := c.api.world.Alert(c.tell.tenantID, c.keys[0])
	if !ok {
		return nil, notFound("Alert", c.keys[0])
	}
	return al, nil
}

// updateAlert is "Update alert": the properties of its table.
func (c *graphCall) updateAlert() (answer, *graphwire.Error) {
	al, failure := c.findAlert()
	if failure != nil {
		return nil, failure
	}
	var ch change
	if failure := c.readChange(alertType, alertSetters(), &ch); failure != nil {
		return nil, failure
	}
	if al, failure = c.api.changeAlert(c.caller, al.ID, "alert.updated", ch); failure != nil {
		return nil, failure
	}
	return c.oneAlert(al, selection{})
}

// commentAlert is "Create comment for alert": 200 and all comments.
func (c *graphCall) commentAlert() (answer, *graphwire.Error) {
	al, failure := c.findAlert()
	if failure != nil {
		return nil, failure
	}
	remark, failure := c.readComment()
	if failure != nil {
		return nil, failure
	}
	if al, failure = c.api.changeAlert(c.caller, al.ID, "alert.commented", change{comment: &remark}); failure != nil {
		return nil, failure
	}
	return c.allComments("alerts_v2", al.Comments)
}
