package defender

import (
	"encoding/json"
	"fmt"
	"strings"
)

// This file holds what both surfaces' decoders share; wiregraph.go and
// wirexdr.go hold the field names of one surface each.

// envelope reads the list that both surfaces answer with.
func envelope(s Surface, body []byte) (items []json.RawMessage, nextLink string, err error) {
	o, err := newObject(s, "", body)
	if err != nil {
		return nil, "", &DecodeError{Surface: s, Field: "(the whole)", Problem: "is not a JSON object"}
	}
	if _, ok := o.fields["value"]; !ok {
		return nil, "", &DecodeError{Surface: s, Field: "value", Problem: "is missing"}
	}
	var list *[]json.RawMessage
	if !o.take("value", &list) || list == nil {
		return nil, "", &DecodeError{Surface: s, Field: "value", Problem: "is not a list"}
	}
	if raw, ok := o.fields["@odata.nextLink"]; ok && json.Unmarshal(raw, &nextLink) != nil {
		return nil, "", &DecodeError{Surface: s, Field: "@odata.nextLink", Problem: "is no string"}
	}
	return *list, nextLink, nil
}

// decodeIncidents reads the elements of a list.
func decodeIncidents(s Surface, items []json.RawMessage) ([]*Incident, error) {
	out := make([]*Incident, 0, len(items))
	for i, raw := range items {
		incident, err := decodeIncident(s, fmt.Sprintf("value[%d]", i), raw)
		if err != nil {
			return nil, err
		}
		out = append(out, incident)
	}
	return out, nil
}

func decodeIncident(s Surface, path string, raw json.RawMessage) (*Incident, error) {
	o, err := newObject(s, path, raw)
	if err != nil {
		if path == "" {
			err = &DecodeError{Surface: s, Field: "(the whole)", Problem: "is not a JSON object"}
		}
		return nil, err
	}
	if s == SurfaceXDR {
		return xdrIncident(o, raw)
	}
	return graphIncident(o, raw)
}

// comments reads comments in either surface's shape: the metadata and the
// samples of Microsoft's documentation differ, and so do the surfaces.
func comments(o *object) []Comment {
	var out []Comment
	for _, raw := range o.list("comments") {
		c, err := newObject(o.surface, o.path+".comments", raw)
		if err != nil {
			continue // Raw still has it
		}
		out = append(out, Comment{
			Text:    c.text("comment"),
			By:      c.text("createdByDisplayName", "createdBy"),
			Created: c.time("createdDateTime", "createdTime", "createTime"),
			Extra:   c.extra(),
		})
	}
	return out
}

// redirect reads a merged incident's target; 0 and "" mean none.
func redirect(o *object) string {
	id := o.text("redirectIncidentId")
	if id == "0" {
		return ""
	}
	return id
}

// lowerFirst turns a PascalCase name into Graph's camelCase.
func lowerFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}
