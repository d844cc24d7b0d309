package xdrapi

import (
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/tenantry/tenantry/sandbox/graphapi/graphwire"
)

// setter takes one property of a PATCH over into a change; ok is false when
// the value is not of the property's type. edm names that type in messages.
type setter struct {
	edm string
	set func(c *change, m member) (ok bool)
}

// incidentSetters are the properties of the table of "Update incident"
// (learn.microsoft.com/graph/api/security-incident-update, 2026).
func incidentSetters() map[string]setter {
	return map[string]setter{
		"assignedTo":       nullable(func(c *change) **string { return &c.assignedTo }),
		"classification":   oneOf("alertClassification", classifications(), func(c *change) **string { return &c.classification }),
		"customTags":       {"Collection(Edm.String)", setTags},
		"description":      nullable(func(c *change) **string { return &c.description }),
		"determination":    oneOf("alertDetermination", determinations(), func(c *change) **string { return &c.determination }),
		"displayName":      required(func(c *change) **string { return &c.name }),
		"resolvingComment": nullable(func(c *change) **string { return &c.resolving }),
		"severity":         oneOf("alertSeverity", severities(), func(c *change) **string { return &c.severity }),
		// An incident is redirected by merging it; that an update cannot do it
		// is ours, for the table lists the member.
		"status":  oneOf("incidentStatus", without(incidentStatuses(), "redirected"), func(c *change) **string { return &c.status }),
		"summary": nullable(func(c *change) **string { return &c.summary }),
	}
}

// alertSetters are the properties of the table of "Update alert".
func alertSetters() map[string]setter {
	return map[string]setter{
		"assignedTo":     nullable(func(c *change) **string { return &c.assignedTo }),
		"classification": oneOf("alertClassification", classifications(), func(c *change) **string { return &c.classification }),
		"determination":  oneOf("alertDetermination", determinations(), func(c *change) **string { return &c.determination }),
		"status":         oneOf("alertStatus", alertStatuses(), func(c *change) **string { return &c.status }),
	}
}

func without(all []string, member string) []string {
	return slices.DeleteFunc(all, func(m string) bool { return m == member })
}

// nullable is a text that null empties.
func nullable(field func(*change) **string) setter {
	return setter{"Edm.String", func(c *change, m member) bool {
		s, ok := m.text()
		if ok || m.null() {
			*field(c) = &s
		}
		return ok || m.null()
	}}
}

// required is a text that must not be empty.
func required(field func(*change) **string) setter {
	return setter{"Edm.String", func(c *change, m member) bool {
		s, ok := m.text()
		if ok = ok && strings.TrimSpace(s) != ""; ok {
			*field(c) = &s
		}
		return ok
	}}
}

func setTags(c *change, m member) bool {
	tags, ok := m.texts()
	if ok {
		c.tags = &tags
	}
	return ok
}

// oneOf is a member of an enum. It is read without case: the pages' own sample
// requests write "TruePositive" where their tables write "truePositive". The
// older names of determinations are read too, for the page "Update alert"
// lists them still. unknownFutureValue is told and never set.
func oneOf(enum string, members []string, field func(*change) **string) setter {
	return setter{"microsoft.graph.security." + enum, func(c *change, m member) bool {
		s, ok := m.text()
		if !ok {
			return false
		}
		if enum == "alertDetermination" {
			s = presentName(s)
		}
		i := slices.IndexFunc(members, func(have string) bool { return strings.EqualFold(have, s) })
		if i < 0 || members[i] == unknownFuture {
			return false
		}
		*field(c) = &members[i]
		return true
	}}
}

// presentName is what a determination is called today by both surfaces. The
// older names stand in api-incident (learn.microsoft.com/defender-xdr), in
// Defender for Endpoint's alerts and in earlier versions of Graph's pages.
func presentName(determination string) string {
	for _, n := range [...]struct{ older, present string }{
		{"compromisedUser", "compromisedAccount"},
		{"confirmedUserActivity", "confirmedActivity"},
		{"clean", "notMalicious"},
		{"insufficientData", "notEnoughDataToValidate"},
		{"noEnoughDataToValidate", "notEnoughDataToValidate"}, // the other surface's spelling
		{"notAvailable", "unknown"},                           // and its word for none
	} {
		if strings.EqualFold(n.older, determination) {
			return n.present
		}
	}
	return determination
}

func badBody(message string) *graphwire.Error {
	return &graphwire.Error{Status: http.StatusBadRequest, Code: graphwire.CodeODataBad, Message: message}
}

// readObject reads the body in Graph's words. Status and code of the first two
// refusals are HTTP's; the texts of the rest are those that Microsoft's OData
// library is known for.
func (c *graphCall) readObject() ([]member, *graphwire.Error) {
	all, err := readObject(c.W, c.R)
	switch {
	case err == nil:
		return all, nil
	case errors.Is(err, errTooLarge):
		return nil, &graphwire.Error{Status: http.StatusRequestEntityTooLarge, Code: "RequestEntityTooLarge", Message: "The request body is too large."}
	case errors.Is(err, errWrongType):
		return nil, &graphwire.Error{Status: http.StatusUnsupportedMediaType, Code: "UnsupportedMediaType", Message: "The Content-Type '" + c.R.Header.Get("Content-Type") + "' is not supported. Send application/json."}
	case errors.Is(err, errNoType):
		return nil, badBody("Write requests (excluding DELETE) must contain the Content-Type header declaration.")
	}
	return nil, badBody("Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.")
}

// readChange reads the body of a PATCH of type t.
func (c *graphCall) readChange(t entityType, setters map[string]setter, into *change) *graphwire.Error {
	all, failure := c.readObject()
	if failure != nil {
		return failure
	}
	seen := map[string]bool{}
	for _, m := range all {
		// Names of properties are not case-sensitive, see spelled.
		name, known := spelled(slices.Collect(maps.Keys(setters)), m.name)
		s := setters[name]
		_, property := spelled(t.properties, m.name)
		_, expanded := spelled(t.expands, m.name)
		if known && seen[name] {
			return badBody("The property '" + name + "' is specified more than once.")
		}
		seen[name] = true
		switch {
		case known && s.set(into, m):
		case known:
			return badBody("Cannot convert the value of property '" + m.name + "' to the expected type '" + s.edm + "'.")
		case property || expanded:
			return badBody("The property '" + m.name + "' of type '" + t.name + "' cannot be updated.")
		default:
			return badBody("The property '" + m.name + "' does not exist on type '" + t.name + "'. Make sure to only use property names that are defined by the type.")
		}
	}
	return nil
}

// readComment reads an alertComment: comment, with or without its type.
func (c *graphCall) readComment() (string, *graphwire.Error) {
	const typeName = "microsoft.graph.security.alertComment"
	all, failure := c.readObject()
	if failure != nil {
		return "", failure
	}
	remark, seen := "", false
	for _, m := range all {
		var ok bool
		switch strings.ToLower(m.name) {
		case "comment":
			if seen {
				return "", badBody("The property 'comment' is specified more than once.")
			}
			seen = true
			if remark, ok = m.text(); !ok {
				return "", badBody("Cannot convert the value of property 'comment' to the expected type 'Edm.String'.")
			}
		case "createdbydisplayname", "createddatetime":
			if !m.null() { // a serialised alertComment has them, empty
				return "", badBody("The property '" + m.name + "' of type '" + typeName + "' cannot be set.")
			}
		default:
			return "", badBody("The property '" + m.name + "' does not exist on type '" + typeName + "'. Make sure to only use property names that are defined by the type.")
		}
	}
	if strings.TrimSpace(remark) == "" {
		return "", badBody("The property 'comment' is required and must not be empty.")
	}
	return remark, nil
}
