package xdrapi

import (
	"strconv"

	"github.com/tenantry/tenantry/sandbox/graphapi/graphwire"
	"github.com/tenantry/tenantry/sandbox/odata"
	"github.com/tenantry/tenantry/sandbox/world"
)

// graphPageMax is the largest page of incidents and the size of one that was
// not asked for otherwise. No page of the documentation names it; collectors
// that asked for more than 50 were refused (wazuh/wazuh issue 27579).
const graphPageMax = 50

// graphPageMin is the least that $top may ask for
// (learn.microsoft.com/graph/query-parameters: the minimum value is 1).
const graphPageMin = 1

func enumProperty(name string, members []string) odata.Property {
	return odata.Property{Type: odata.Enum, Members: members, EnumName: "microsoft.graph.security." + name}
}

// incidentFilter are the properties that the page "List incidents" of Graph
// allows in $filter.
var incidentFilter = odata.Schema{TypeName: incidentType.name, AnyCase: true, Properties: map[string]odata.Property{
	"assignedTo":         {Type: odata.String},
	"classification":     enumProperty("alertClassification", classifications()),
	"createdDateTime":    {Type: odata.DateTime},
	"determination":      enumProperty("alertDetermination", determinations()),
	"lastUpdateDateTime": {Type: odata.DateTime},
	"severity":           enumProperty("alertSeverity", severities()),
	"status":             enumProperty("incidentStatus", incidentStatuses()),
}}

// incidentValue is what filters and orders see of an incident.
func incidentValue(in *world.Incident, name string) any {
	switch name {
	case "assignedTo":
		return orNull(in.AssignedTo)
	case "classification":
		return orUnknown(in.Classification)
	case "createdDateTime":
		return clip(in.Created)
	case "determination":
		return orUnknown(in.Determination)
	case "lastUpdateDateTime":
		return clip(in.LastUpdate)
	case "severity":
		return orUnknown(in.Severity)
	case "status":
		return in.Status
	}
	return nil
}

func (c *graphCall) listIncidents() (answer, *graphwire.Error) {
	opts, err := odata.Rules{
		Allowed: []string{"$filter", "$top", "$skip", "$count", "$orderby", "$select", "$expand"},
		MinTop:  graphPageMin, MaxTop: graphPageMax, BareNames: true,
	}.Parse(c.R.URL.RawQuery)
	if err != nil {
		return nil, graphwire.Query(err)
	}
	keep, err := incidentFilter.Filter(opts.Filter)
	if err != nil {
		return nil, graphwire.Query(err)
	}
	sel, failure := incidentType.selection(opts)
	if failure != nil {
		return nil, failure
	}
	order, failure := ordering(opts.OrderBy, latestUpdate, incidentValue)
	if failure != nil {
		return nil, failure
	}
	w := windowOf(opts, graphPageMax)
	cutOut, found, more := cut(w, sorted(c.api.world.Incidents(c.tell.tenantID), order), keep, incidentValue)
	items := make([][]byte, len(cutOut))
	for i, in := range cutOut {
		if items[i], failure = c.incident(in, sel); failure != nil {
			return nil, failure
		}
	}
	return c.page("incidents", sel, w, items, found, more), nil
}

// incident is an incident as this caller asked for it.
func (c *graphCall) incident(in *world.Incident, s selection) ([]byte, *graphwire.Error) {
	b, err := c.api.graphIncident(c.tell, in, s.expanded)
	if err == nil {
		b, err = s.project(incidentType, b)
	}
	if err != nil {
		return nil, broken(err)
	}
	return b, nil
}

func (c *graphCall) getIncident() (answer, *graphwire.Error) {
	opts, err := odata.Rules{Allowed: []string{"$select", "$expand"}, BareNames: true}.Parse(c.R.URL.RawQuery)
	if err != nil {
		return nil, graphwire.Query(err)
	}
	sel, failure := incidentType.selection(opts)
	if failure != nil {
		return nil, failure
	}
	in, failure := c.findIncident()
	if failure != nil {
		return nil, failure
	}
	return c.oneIncident(in, sel)
}

func (c *graphCall) oneIncident(in *world.Incident, s selection) (answer, *graphwire.Error) {
	b, failure := c.incident(in, s)
	if failure != nil {
		return nil, failure
	}
	return entity(c.context("incidents"+s.String()+"/$entity"), b), nil
}

// findIncident is the incident that the path names.
func (c *graphCall) findIncident() (*world.Incident, *graphwire.Error) {
	id, err := strconv.ParseInt(c.keys[0], 10, 64)
	if err != nil || strconv.FormatInt(id, 10) != c.keys[0] { // ids are texts: 007 is not 7
		return nil, notFound("Incident", c.keys[0])
	}
	in, ok := c.api.world.Incident(c.tell.tenantID, id)
	if !ok {
		return nil, notFound("Incident", c.keys[0])
	}
	return in, nil
}

// updateIncident is "Update incident": the properties of its table, as of the
// page of 2026.
func (c *graphCall) updateIncident() (answer, *graphwire.Error) {
	in, failure := c.findIncident()
	if failure != nil {
		return nil, failure
	}
	var ch change
	if failure := c.readChange(incidentType, incidentSetters(), &ch); failure != nil {
		return nil, failure
	}
	if in, failure = c.api.changeIncident(c.caller, in.ID, "incident.updated", ch); failure != nil {
		return nil, failure
	}
	return c.oneIncident(in, selection{})
}

// commentIncident is "Create comment for incident": 200 and all comments.
func (c *graphCall) commentIncident() (answer, *graphwire.Error) {
	in, failure := c.findIncident()
	if failure != nil {
		return nil, failure
	}
	remark, failure := c.readComment()
	if failure != nil {
		return nil, failure
	}
	if in, failure = c.api.changeIncident(c.caller, in.ID, "incident.commented", change{comment: &remark}); failure != nil {
		return nil, failure
	}
	return c.allComments("incidents", in.Comments)
}

// allComments is the answer to a new comment. The page of incidents shows the
// context of an alert's comments in its sample; that is taken for a slip.
func (c *graphCall) allComments(of string, all []world.Comment) (answer, *graphwire.Error) {
	b, err := encode(comments(all))
	if err != nil {
		return nil, broken(err)
	}
	context := quoted(c.context(of + "('" + c.keys[0] + "')/comments"))
	return answer{[]byte(`{"@odata.context":`), context, []byte(`,"value":`), b, []byte{'}'}}, nil
}
