package defender

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// corpus makes answers from the schema: objects in which every property, every
// enum value and every type occurs.
type corpus struct {
	Types map[string]struct {
		Base       string
		Open       bool
		Properties map[string]string
	}
	Enums map[string][]string
	XDR   struct {
		Types map[string]struct{ Documented, Seen map[string]string }
	}
	count int // so that no two values are equal
}

func readCorpus(t testing.TB) *corpus {
	t.Helper()
	var c corpus
	if err := json.Unmarshal(mustRead(t, "internal/evidencegen/schema.json"), &c); err != nil {
		t.Fatal(err)
	}
	return &c
}

type object = map[string]any

func (c *corpus) isEvidence(name string) bool { return c.Types[name].Base == "self.alertEvidence" }

// evidenceKinds are all evidence types of the schema.
func (c *corpus) evidenceKinds() []string {
	var out []string
	for name := range c.Types {
		if c.isEvidence(name) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// full makes an object of a type with all its properties, nested to a depth.
func (c *corpus) full(name string, depth int) object {
	o := object{}
	if c.isEvidence(name) {
		o["@odata.type"] = "#microsoft.graph.security." + name
		for _, p := range slices.Sorted(maps.Keys(c.Types["alertEvidence"].Properties)) {
			o[p] = c.value(c.Types["alertEvidence"].Properties[p], depth)
		}
	}
	for _, p := range slices.Sorted(maps.Keys(c.Types[name].Properties)) {
		if v := c.value(c.Types[name].Properties[p], depth-1); v != nil {
			o[p] = v
		}
	}
	return o
}

// value makes a value of a declared type; nil where objects would nest too deep.
func (c *corpus) value(declared string, depth int) any {
	c.count++
	if inner, list := strings.CutPrefix(declared, "Collection("); list {
		element := strings.TrimSuffix(inner, ")")
		if c.Types[element].Properties != nil && depth <= 0 {
			return nil
		}
		return []any{c.value(element, depth), c.value(element, depth)}
	}
	if values := c.Enums[declared]; values != nil {
		return values[c.count%len(values)]
	}
	if declared == "alertEvidence" {
		declared = "ipEvidence"
	}
	if t, ok := c.Types[declared]; ok {
		switch {
		case t.Open:
			return object{"@odata.type": "#microsoft.graph.security.dictionary", "a": c.count, "b": []any{"x", nil, object{}}}
		case depth <= 0:
			return nil
		}
		return c.full(declared, depth)
	}
	switch declared {
	case "DateTimeOffset":
		return fmt.Sprintf("2026-11-%02dT12:%02d:21.%0*dZ", 1+c.count%28, c.count%60, 1+c.count%7, 1+c.count%9)
	case "Int64", "Int32":
		return c.count
	case "Double":
		return float64(c.count) + 0.5
	case "Boolean":
		return c.count%2 == 0
	case "Guid":
		return fmt.Sprintf("00000000-0000-4000-8000-%012d", c.count)
	}
	return fmt.Sprintf("%s %d \"quoted\" \\ \n \u2603 <b>", declared, c.count)
}

// graphIncident is an incident of Graph with all there is, one alert for each
// evidence type.
func (c *corpus) graphIncident() object {
	i := c.full("incident", 3)
	i["id"] = "924565"
	var alerts []any
	for _, kind := range c.evidenceKinds() {
		a := c.full("alert", 1)
		a["id"] = fmt.Sprintf("da%d", c.count)
		a["evidence"] = []any{c.full(kind, 3)}
		a["comments"] = []any{c.full("alertComment", 1)}
		alerts = append(alerts, a)
	}
	i["comments"] = []any{c.full("alertComment", 1), c.full("alertComment", 1)}
	i["alerts"] = alerts
	return i
}

// Members of an incident and an alert of the xdr surface, beside lists of objects.
var (
	xdrIncidentMembers = object{
		"incidentId": "Int64", "redirectIncidentId": "Int64", "incidentName": "String", "createdTime": "DateTimeOffset",
		"lastUpdateTime": "DateTimeOffset", "assignedTo": "String", "classification": "alertClassification",
		"determination": "alertDetermination", "detectionSource": "detectionSource", "status": "incidentStatus",
		"severity": "alertSeverity", "tags": "Collection(String)",
	}
	xdrAlertMembers = object{
		"alertId": "String", "incidentId": "Int64", "serviceSource": "serviceSource", "creationTime": "DateTimeOffset",
		"lastUpdatedTime": "DateTimeOffset", "resolvedTime": "DateTimeOffset", "firstActivity": "DateTimeOffset",
		"lastActivity": "DateTimeOffset", "title": "String", "description": "String", "category": "String", "status": "alertStatus",
		"severity": "alertSeverity", "investigationId": "Int64", "investigationState": "investigationState",
		"classification": "alertClassification", "determination": "alertDetermination", "detectionSource": "detectionSource",
		"assignedTo": "String", "actorName": "String", "threatFamilyName": "String", "mitreTechniques": "Collection(String)",
	}
	xdrEntityKinds = []string{
		"User", "Ip", "Url", "File", "Process", "MailBox", "MailMessage", "MailCluster", "Registry", "SecurityGroup", "RegistryKey", "RegistryValue", "CloudThing", "",
	}
)

func (c *corpus) members(of map[string]string) object {
	o := object{}
	for _, p := range slices.Sorted(maps.Keys(of)) {
		v := c.value(of[p], 2)
		if _, isEnum := c.Enums[of[p]]; isEnum {
			s := v.(string)
			v = strings.ToUpper(s[:1]) + s[1:]
		}
		o[p] = v
	}
	return o
}

func (c *corpus) strings(of object) object {
	declared := map[string]string{}
	for p, t := range of {
		declared[p] = t.(string)
	}
	return c.members(declared)
}

// xdrIncident is an incident of xdr with all there is: an entity of each kind
// with only what the kind has, and one with every member.
func (c *corpus) xdrIncident() object {
	i, a := c.strings(xdrIncidentMembers), c.strings(xdrAlertMembers)
	comment := object{"comment": "Looking.", "createdBy": "Ada", "createdTime": "2026-11-20T13:00:00.5Z"}
	var entities []any
	for _, kind := range xdrEntityKinds {
		empty, full := object{}, c.members(c.XDR.Types["xdrEntity"].Documented)
		for p := range full {
			empty[p] = nil
		}
		maps.Copy(full, c.members(c.XDR.Types["xdrEntity"].Seen))
		empty["entityType"], full["entityType"] = kind, kind
		entities = append(entities, empty, full)
	}
	device := c.members(c.XDR.Types["xdrDevice"].Documented)
	rich := c.members(c.XDR.Types["xdrDevice"].Documented)
	maps.Copy(rich, c.members(c.XDR.Types["xdrDevice"].Seen))
	a["devices"], a["entities"] = []any{device, rich}, entities
	i["comments"], i["alerts"] = []any{comment}, []any{a}
	return i
}

func mustMarshal(t testing.TB, v any) []byte {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// everyObject calls f on each object within v.
func everyObject(v any, f func(object)) {
	switch v := v.(type) {
	case object:
		f(v)
		for _, name := range slices.Sorted(maps.Keys(v)) {
			everyObject(v[name], f)
		}
	case []any:
		for _, e := range v {
			everyObject(e, f)
		}
	}
}
