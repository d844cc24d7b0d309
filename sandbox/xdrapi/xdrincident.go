package xdrapi

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/tenantry/tenantry/sandbox/graphapi/graphwire"
	"github.com/tenantry/tenantry/sandbox/odata"
	"github.com/tenantry/tenantry/sandbox/world"
)

// xdrPageMax is the largest page, and the size of one that was not asked for
// otherwise ("List incidents": maximum page size is 100 incidents).
const xdrPageMax = 100

// xdrFilter are the properties the page allows in $filter.
var xdrFilter = odata.Schema{TypeName: "Microsoft.Defender.Incident", Properties: map[string]odata.Property{
	"lastUpdateTime": {Type: odata.DateTime},
	"createdTime":    {Type: odata.DateTime},
	"status":         {Type: odata.Enum, Members: []string{"Active", "InProgress", "Resolved", "Redirected"}},
	"assignedTo":     {Type: odata.String},
}}

// xdrValue is what filters see of an incident.
func xdrValue(in *world.Incident, name string) any {
	switch name {
	case "lastUpdateTime":
		return clip(in.LastUpdate)
	case "createdTime":
		return clip(in.Created)
	case "status":
		return pascal(in.Status)
	case "assignedTo":
		return orNull(in.AssignedTo)
	}
	return nil
}

func (c *xdrCall) listIncidents() (answer, *graphwire.Error) {
	// $count, $orderby, $select and $expand are on no page of this API; that
	// they are refused, and not passed over in silence, is ours.
	opts, err := odata.Rules{Allowed: []string{"$filter", "$top", "$skip"}, MaxTop: xdrPageMax}.Parse(c.r.URL.RawQuery)
	if err != nil {
		return nil, odataError(err)
	}
	keep, err := xdrFilter.Filter(opts.Filter)
	if err != nil {
		return nil, odataError(err)
	}
	all := sorted(c.api.world.Incidents(c.caller.Tenant.ID), latestUpdate)
	cutOut, _, _ := cut(windowOf(opts, xdrPageMax), all, keep, xdrValue)
	items := make([][]byte, len(cutOut))
	for i, in := range cutOut {
		if items[i], err = c.api.xdrIncident(in); err != nil {
			return nil, broken(err)
		}
	}
	return collection(items, []byte(`"@odata.context"`), quoted(c.context())), nil
}

func (c *xdrCall) getIncident() (answer, *graphwire.Error) {
	in, failure := c.findIncident()
	if failure != nil {
		return nil, failure
	}
	return c.oneIncident(in)
}

func (c *xdrCall) oneIncident(in *world.Incident) (answer, *graphwire.Error) {
	b, err := c.api.xdrIncident(in)
	if err != nil {
		return nil, broken(err)
	}
	return entity(c.context()+"/$entity", b), nil
}

// findIncident is the incident that the path names.
func (c *xdrCall) findIncident() (*world.Incident, *graphwire.Error) {
	id, err := strconv.ParseInt(c.keys[0], 10, 64)
	if err != nil || id <= 0 {
		return nil, &graphwire.Error{Status: http.StatusBadRequest, Code: codeInvalidInput, Message: "The incident id '" + c.keys[0] + "' is not a positive number."}
	}
	in, ok := c.api.world.Incident(c.caller.Tenant.ID, id)
	if !ok {
		return nil, resourceNotFound(id)
	}
	return in, nil
}

func resourceNotFound(id int64) *graphwire.Error {
	return &graphwire.Error{Status: http.StatusNotFound, Code: codeResourceNotFound, Message: fmt.Sprintf("Incident %d was not found.", id)}
}

func odataError(err error) *graphwire.Error {
	return &graphwire.Error{Status: http.StatusBadRequest, Code: codeODataError, Message: "The query specified in the URI is not valid. " + err.Error()}
}

func invalidBody(format string, args ...any) *graphwire.Error {
	return &graphwire.Error{Status: http.StatusBadRequest, Code: codeInvalidBody, Message: fmt.Sprintf(format, args...)}
}

// updateIncident is "Update incidents": 200 and the incident as it is now.
func (c *xdrCall) updateIncident() (answer, *graphwire.Error) {
	in, failure := c.findIncident()
	if failure != nil {
		return nil, failure
	}
	ch, failure := c.readChange()
	if failure != nil {
		return nil, failure
	}
	if failure := ch.fits(in); failure != nil {
		return nil, failure
	}
	in, failure = c.api.changeIncident(c.caller, in.ID, "incident.updated", ch)
	if failure != nil {
		if failure.Status == http.StatusNotFound {
			failure.Code = codeResourceNotFound
		}
		return nil, failure
	}
	return c.oneIncident(in)
}

// readChange reads the body. "Body parameters are case-sensitive" (Common REST
// API error codes): a name in other case is no parameter, and that what is no
// parameter is refused is ours. Values are read without case, for the API is
// seen to answer in either.
func (c *xdrCall) readChange() (change, *graphwire.Error) {
	var ch change
	all, err := readObject(c.w, c.r)
	switch {
	case errors.Is(err, errTooLarge): // status and code are ours, as of the next
		return ch, &graphwire.Error{Status: http.StatusRequestEntityTooLarge, Code: codeInvalidBody, Message: "The request body is too large."}
	case errors.Is(err, errNoType), errors.Is(err, errWrongType):
		return ch, &graphwire.Error{Status: http.StatusUnsupportedMediaType, Code: codeInvalidBody, Message: "The request must have the header Content-Type: application/json."}
	case err != nil:
		return ch, invalidBody("The request body is not a JSON object.")
	}
	for _, m := range all {
		if failure := ch.readXDR(m); failure != nil {
			return ch, failure
		}
	}
	return ch, nil
}

// readXDR takes over one parameter of the page "Update incidents".
func (c *change) readXDR(m member) *graphwire.Error {
	s, isText := m.text()
	switch m.name {
	case "assignedTo":
		if !isText && !m.null() {
			return invalidBody("The parameter assignedTo is not a string.")
		}
		c.assignedTo = &s
	case "comment":
		if !isText || strings.TrimSpace(s) == "" {
			return invalidBody("The parameter comment is not a string with text in it.")
		}
		c.comment = &s
	case "tags":
		tags, ok := m.texts()
		if !ok {
			return invalidBody("The parameter tags is not a list of strings.")
		}
		c.tags = &tags
	case "status":
		return c.member(&c.status, m, s, isText, []string{"active", "inProgress", "resolved"})
	case "classification":
		return c.member(&c.classification, m, s, isText, []string{"truePositive", "informationalExpectedActivity", "falsePositive"})
	case "determination":
		return c.member(&c.determination, m, presentName(s), isText, determinations())
	default:
		return invalidBody("'%s' is not a parameter of this request. Parameters are case-sensitive: status, assignedTo, classification, determination, tags, comment.", m.name)
	}
	return nil
}

// member reads an enum. That an update cannot set Redirected is ours, for the
// page lists it: an incident is redirected by merging it.
func (c *change) member(field **string, m member, value string, isText bool, members []string) *graphwire.Error {
	i := slices.IndexFunc(members, func(have string) bool { return strings.EqualFold(have, value) })
	if !isText || i < 0 || members[i] == unknownFuture {
		return &graphwire.Error{Status: http.StatusBadRequest, Code: codeInvalidInput, Message: "The value of the parameter " + m.name + " is not one that an update can set."}
	}
	*field = &members[i]
	return nil
}

// fits holds the determination against the classification that the incident
// will have, by the table of the page. (A remark on the same page, that a
// determination can only be set if the classification is TruePositive,
// contradicts the table.)
func (c *change) fits(in *world.Incident) *graphwire.Error {
	if c.determination == nil {
		return nil
	}
	classification := in.Classification
	set(&classification, c.classification)
	allowed := map[string][]string{
		"truePositive":                  {"multiStagedAttack", "maliciousUserActivity", "compromisedAccount", "malware", "phishing", "unwantedSoftware", "other"},
		"informationalExpectedActivity": {"securityTesting", "lineOfBusinessApplication", "confirmedActivity", "other"},
		"falsePositive":                 {"notMalicious", "notEnoughDataToValidate", "other"},
	}[classification]
	if slices.Contains(allowed, *c.determination) {
		return nil
	}
	return &graphwire.Error{
		Status: http.StatusBadRequest, Code: codeInvalidInput,
		Message: "The determination " + xdrDetermination(*c.determination) + " cannot be set with the classification " + xdrClassification(classification) + ".",
	}
}
