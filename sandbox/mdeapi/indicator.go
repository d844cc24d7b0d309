package mdeapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tenantry/tenantry/sandbox/graphapi/graphwire"
	"github.com/tenantry/tenantry/sandbox/journal"
	"github.com/tenantry/tenantry/sandbox/odata"
	"github.com/tenantry/tenantry/sandbox/world"
)

// indicator is an indicator of compromise on the wire ("Indicator resource
// type"). The samples call source what the table calls createdBySource, and
// the list can be filtered by createdByDisplayName: all three are told.
type indicator struct {
	ID                   string   `json:"id"`
	Value                string   `json:"indicatorValue"`
	Type                 string   `json:"indicatorType"`
	Action               string   `json:"action"`
	Application          *string  `json:"application"`
	Source               *string  `json:"source"`
	SourceType           *string  `json:"sourceType"`
	Title                string   `json:"title"`
	Created              *string  `json:"creationTimeDateTimeUtc"`
	CreatedBy            *string  `json:"createdBy"`
	CreatedByDisplayName *string  `json:"createdByDisplayName"`
	CreatedBySource      *string  `json:"createdBySource"`
	Expires              *string  `json:"expirationTime"`
	LastUpdate           *string  `json:"lastUpdateTime"`
	LastUpdatedBy        *string  `json:"lastUpdatedBy"`
	Severity             *string  `json:"severity"`
	Description          string   `json:"description"`
	RecommendedActions   *string  `json:"recommendedActions"`
	RBACGroupNames       []string `json:"rbacGroupNames"`
	RBACGroupIDs         []string `json:"rbacGroupIds"`
	GenerateAlert        bool     `json:"generateAlert"`
	ExternalID           *string  `json:"externalId"`
}

func wireIndicator(i *world.Indicator) indicator {
	return indicator{
		ID: i.ID, Value: i.Value, Type: i.Type, Action: i.Action, Application: text(i.Application), Source: text(i.Source), SourceType: text(i.SourceType),
		Title: i.Title, Created: stamp(i.Created), CreatedBy: text(i.CreatedBy), CreatedByDisplayName: text(i.Source), CreatedBySource: text(i.Source),
		Expires: stamp(i.Expires), LastUpdate: stamp(i.LastUpdate), LastUpdatedBy: text(i.LastUpdatedBy), Severity: text(i.Severity),
		Description: i.Description, RecommendedActions: text(i.RecommendedActions), RBACGroupNames: orEmpty(i.RBACGroupNames), RBACGroupIDs: []string{},
		GenerateAlert: i.GenerateAlert, ExternalID: text(i.ExternalID),
	}
}

// The values of the enums, in the pages' spelling.
var (
	indicatorTypes      = [...]string{"FileSha1", "FileMd5", "CertificateThumbprint", "FileSha256", "IpAddress", "DomainName", "Url"}
	indicatorActions    = [...]string{"Alert", "Warn", "Block", "Audit", "BlockAndRemediate", "AlertAndBlock", "Allowed"}
	indicatorSeverities = [...]string{"Informational", "Low", "Medium", "High"}
)

// indicatorFields are what "List Indicators" allows in $filter.
func indicatorFields() odata.Resource[*world.Indicator] {
	type one = *world.Indicator
	return odata.Resource[one]{TypeName: "Microsoft.WindowsDefenderATP.Indicator", AnyCase: true, Fields: map[string]odata.Field[one]{
		"application":             textField(func(i one) string { return i.Application }),
		"createdByDisplayName":    textField(func(i one) string { return i.Source }),
		"expirationTime":          timeField(func(i one) time.Time { return i.Expires }),
		"generateAlert":           {Property: odata.Property{Type: odata.Bool}, Bool: func(i one) (bool, bool) { return i.GenerateAlert, true }},
		"title":                   textField(func(i one) string { return i.Title }),
		"rbacGroupNames":          listField(func(i one) []string { return i.RBACGroupNames }),
		"rbacGroupIds":            listField(func(one) []string { return nil }), // none are known: see wireIndicator
		"indicatorValue":          textField(func(i one) string { return i.Value }),
		"indicatorType":           enumField(indicatorTypes[:], func(i one) string { return i.Type }),
		"creationTimeDateTimeUtc": timeField(func(i one) time.Time { return i.Created }),
		"createdBy":               textField(func(i one) string { return i.CreatedBy }),
		"action":                  enumField(indicatorActions[:], func(i one) string { return i.Action }),
		"severity":                enumField(indicatorSeverities[:], func(i one) string { return i.Severity }),
	}}
}

// sees: "If the Application has Ti.ReadWrite.All permission, it will be exposed
// to all Indicators. Otherwise, it will be exposed only to the Indicators it
// created." The page says so of applications alone; a user, who can hold no
// more than Ti.ReadWrite, sees all (ours).
func (c *call) sees(i *world.Indicator) bool {
	return !c.AppOnly || slices.Contains(c.Roles, "Ti.ReadWrite.All") || strings.EqualFold(i.CreatedBy, c.AppID)
}

func (a *API) listIndicators(c *call) (any, *apiError) {
	all := slices.DeleteFunc(a.world.Indicators(c.Tenant.ID), func(i *world.Indicator) bool { return !c.sees(i) })
	return list(c, "Indicators", all, indicatorFields(), wireIndicator)
}

func (a *API) deleteIndicator(c *call) (any, *apiError) {
	found, ok := a.world.Indicator(c.Tenant.ID, c.id)
	if !ok || !c.sees(found) {
		return nil, notFound("Indicator", c.id)
	}
	if err := a.world.DeleteIndicator(c.Tenant.ID, c.id); errors.Is(err, world.ErrNotFound) {
		return nil, notFound("Indicator", c.id) // another call was faster
	} else if err != nil {
		return nil, internal(err)
	}
	c.noteIndicator(found)
	return nil, nil
}

// submitIndicator adds an indicator or updates the one of the same type and
// value.
func (a *API) submitIndicator(c *call) (any, *apiError) {
	i, failure := c.readIndicator(a.now())
	if failure != nil {
		return nil, failure
	}
	if old, ok := a.world.FindIndicator(c.Tenant.ID, i.Type, i.Value); ok {
		if !c.sees(old) {
			// Nothing is documented of what an application may do to what it
			// may not see; ours.
			return nil, &apiError{status: http.StatusForbidden, code: "DisallowedOperation", message: "The indicator was created by another application; Ti.ReadWrite.All is required to update it.", reason: "indicator " + old.ID + " is another application's and the token lacks Ti.ReadWrite.All"}
		}
		i.Application = old.Application // "doesn't update the value on an existing indicator"
	}
	i.Source, i.SourceType, i.CreatedBy = a.who(c), "AadApp", c.AppID
	if c.User != nil {
		i.SourceType, i.CreatedBy = "User", c.User.UPN
	}
	i.LastUpdatedBy = i.Source
	put, _, err := a.world.PutIndicator(c.Tenant.ID, *i)
	var full *world.TooManyIndicatorsError
	switch {
	case errors.As(err, &full):
		// "There's a limit of 15,000 active indicators per tenant"; the answer
		// is ours.
		return nil, badRequest("BadRequest", fmt.Sprintf("The limit of %d active indicators per tenant is reached.", full.Limit))
	case err != nil:
		return nil, internal(err)
	}
	c.noteIndicator(put)
	return graphwire.Entity(c.context("Indicators/$entity"), wireIndicator(put)), nil
}

// noteIndicator ties the request to the indicator in the journal.
func (c *call) noteIndicator(i *world.Indicator) {
	journal.Note(c.r.Context(), func(e *journal.Event) {
		e.Add("indicator", map[string]any{"id": i.ID, "type": i.Type, "action": i.Action})
	})
}

// readIndicator reads and judges the body of a submission.
func (c *call) readIndicator(now time.Time) (*world.Indicator, *apiError) {
	p, failure := c.readBody("indicatorValue", "indicatorType", "action", "application", "title", "description", "expirationTime", "severity",
		"recommendedActions", "rbacGroupNames", "educateUrl", "generateAlert", "externalId")
	if failure != nil {
		return nil, failure
	}
	i := &world.Indicator{}
	read := []func() *apiError{
		p.into(&i.Value, "indicatorValue", true),
		func() (f *apiError) { i.Type, f = p.oneOf("indicatorType", "", indicatorTypes[:]...); return f },
		func() *apiError { return validValue(i.Type, i.Value) },
		func() (f *apiError) { i.Action, f = p.oneOf("action", "", indicatorActions[:]...); return f },
		p.into(&i.Title, "title", true),
		p.into(&i.Description, "description", true),
		p.into(&i.Application, "application", false),
		p.into(&i.RecommendedActions, "recommendedActions", false),
		p.into(&i.ExternalID, "externalId", false),
		func() (f *apiError) { i.Severity, f = p.optional("severity", indicatorSeverities[:]...); return f },
		func() (f *apiError) { i.Expires, f = p.expiration(now); return f },
		func() (f *apiError) { i.RBACGroupNames, f = p.groups(); return f },
		func() (f *apiError) { i.GenerateAlert, f = p.flag("generateAlert"); return f },
	}
	for _, next := range read {
		if failure := next(); failure != nil {
			return nil, failure
		}
	}
	if i.Action == "Audit" && !i.GenerateAlert {
		// "The GenerateAlert parameter must be set to TRUE when creating an
		// action with Audit"; the code is ours.
		return nil, badRequest("InvalidInput", "Invalid input Audit: generateAlert must be true with this action.")
	}
	return i, nil
}

func (p parameters) into(to *string, name string, needed bool) func() *apiError {
	return func() (failure *apiError) {
		if needed {
			*to, failure = p.required(name)
		} else {
			*to, failure = p.text(name)
		}
		return failure
	}
}

// optional is oneOf for what may be left out.
func (p parameters) optional(name string, values ...string) (string, *apiError) {
	if s, failure := p.text(name); failure != nil || strings.TrimSpace(s) == "" {
		return "", failure
	}
	return p.oneOf(name, "", values...)
}

// expiration reads expirationTime. One that has passed is refused, since what
// it makes could never be seen (ours; nothing is documented).
func (p parameters) expiration(now time.Time) (time.Time, *apiError) {
	s, failure := p.text("expirationTime")
	if failure != nil || s == "" {
		return time.Time{}, failure
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	switch {
	case err != nil:
		return time.Time{}, invalidBody("expirationTime is not a date and time with offset")
	case !t.After(now):
		return time.Time{}, badRequest("InvalidInput", "Invalid input "+s+": expirationTime is in the past.")
	}
	return t.UTC(), nil
}

// groups reads rbacGroupNames: the page's table calls it a text with commas,
// its example is a list.
func (p parameters) groups() ([]string, *apiError) {
	raw, ok := p["rbacGroupNames"]
	if !ok {
		return nil, nil
	}
	var all []string
	if json.Unmarshal(raw, &all) == nil {
		return all, nil
	}
	s, failure := p.text("rbacGroupNames")
	if failure != nil {
		return nil, invalidBody("rbacGroupNames is neither a list of strings nor a string")
	}
	for name := range strings.SplitSeq(s, ",") {
		if name = strings.TrimSpace(name); name != "" {
			all = append(all, name)
		}
	}
	return all, nil
}

// flag reads true and false, and the same in quotes: the page calls
// generateAlert an enum of True and False.
func (p parameters) flag(name string) (bool, *apiError) {
	raw, ok := p[name]
	if !ok || string(raw) == "null" {
		return false, nil
	}
	switch strings.ToLower(strings.Trim(string(raw), `"`)) {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, invalidBody("parameter '" + name + "' is neither true nor false")
}
