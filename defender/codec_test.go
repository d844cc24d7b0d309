package defender

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// allEnums are the tables by which values are spelled.
var allEnums = []enum{
	enumIncidentStatus, enumAlertStatus, enumSeverity, enumClassification, enumDetermination, enumInvestigation, enumServiceSource,
	enumDetectionSource, membersEvidenceVerdict, membersEvidenceRemediationStatus, membersEvidenceRole, membersDetectionStatus,
	membersDeviceHealthStatus, membersDeviceRiskScore, membersDefenderAvStatus, membersOnboardingStatus,
	membersAiAgentPlatform, membersAlertClassification, membersAlertDetermination, membersAlertSeverity,
	membersAlertStatus, membersAntispamTeamsDirection, membersContainerPortProtocol, membersCorrelationReason,
	membersDetectionSource, membersFileHashAlgorithm, membersGoogleCloudLocationType, membersIncidentStatus,
	membersInvestigationState, membersIoTDeviceImportanceType, membersKubernetesPlatform, membersKubernetesServiceType,
	membersMailboxConfigurationType, membersProtocolType, membersServicePrincipalType, membersServiceSource,
	membersTeamsDeliveryLocation, membersTeamsMessageDeliveryAction, membersVmCloudProvider,
}

// meaning brings JSON to a form in which equal values are equal: numbers by
// value, times as instants, enum values in one spelling. Strings that merely
// look like times or enum values may be confused with others that do, which a
// codec that loses something does not profit from.
func meaning(t testing.TB, data []byte) any {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		t.Fatalf("what was written is no JSON: %v\n%s", err, data)
	}
	return meant(v)
}

func meant(v any) any {
	switch v := v.(type) {
	case object:
		for name := range v {
			v[name] = meant(v[name])
		}
	case []any:
		for i := range v {
			v[i] = meant(v[i])
		}
	case string:
		if at, err := parseTime(v); err == nil {
			return at.Format(time.RFC3339Nano)
		}
		return canonicalSomewhere(v)
	case json.Number:
		if n, err := strconv.ParseFloat(string(v), 64); err == nil && math.Abs(n) < 1<<53 {
			return n + 0 // -0 is 0
		}
		return string(v)
	}
	return v
}

// survives checks that an incident comes out as it went in, Raw discarded.
func survives(t testing.TB, s Surface, data []byte) *Incident {
	t.Helper()
	first, err := DecodeIncident(s, data)
	if err != nil {
		t.Fatalf("%v\n%s", err, data)
	}
	first.Raw = nil
	written, err := EncodeIncident(s, first)
	if err != nil {
		t.Fatalf("%v\n%s", err, data)
	}
	if read, wrote := meaning(t, data), meaning(t, written); !reflect.DeepEqual(read, wrote) {
		t.Fatalf("%s: -read +written:\n%s", s, cmp.Diff(read, wrote))
	}
	second, err := DecodeIncident(s, written)
	if err != nil {
		t.Fatal(err)
	}
	second.Raw = nil
	if !reflect.DeepEqual(first, second) {
		t.Fatalf("%s: read again, it differs:\n%s\n%s", s, data, written)
	}
	return first
}

func (c *corpus) both() map[Surface]object {
	return map[Surface]object{SurfaceGraph: c.graphIncident(), SurfaceXDR: c.xdrIncident()}
}

func TestNothingIsLost(t *testing.T) {
	c := readCorpus(t)
	for s, answer := range c.both() {
		data := mustMarshal(t, answer)
		read := survives(t, s, data)
		if len(read.Extra) > 0 || len(read.Alerts) == 0 || len(read.Alerts[0].Extra) > 0 {
			t.Errorf("%s: documented members were not read: %v", s, read.Extra)
		}
		t.Logf("%s: %d bytes, %d alerts", s, len(data), len(read.Alerts))
	}
}

// What the schema declares is read into fields, none of it into Extra.
func TestEveryPropertyHasAField(t *testing.T) {
	c := readCorpus(t)
	for _, kind := range c.evidenceKinds() {
		data := mustMarshal(t, c.full(kind, 3))
		e, err := DecodeEvidence(data)
		if err != nil {
			t.Fatal(err)
		}
		if _, unknown := e.(*UnknownEvidence); unknown || string(e.Type())+"Evidence" != kind {
			t.Errorf("%s is read as %T, %s", kind, e, e.Type())
		}
		var plain plainEvidence
		if err := json.Unmarshal(data, &plain); err != nil {
			t.Fatal(err)
		}
		for _, d := range differences(kind, reflect.ValueOf(&e).Elem(), reflect.ValueOf(plain)) {
			t.Error(d)
		}
		noExtra(t, kind, reflect.ValueOf(e))
	}
	i, err := DecodeIncident(SurfaceGraph, mustMarshal(t, c.graphIncident()))
	if err != nil {
		t.Fatal(err)
	}
	noExtra(t, "incident", reflect.ValueOf(i))
}

// noExtra wants every Extra below v empty, and every other field not zero.
func noExtra(t *testing.T, path string, v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			noExtra(t, path, v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			noExtra(t, fmt.Sprintf("%s[%d]", path, i), v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Type().Field(i)
			switch {
			case f.Name == "Extra" && v.Field(i).Len() > 0:
				t.Errorf("%s.Extra is %v", path, v.Field(i))
			case f.IsExported() && f.Type != reflect.TypeFor[time.Time]():
				noExtra(t, path+"."+f.Name, v.Field(i))
			}
		}
	}
}

// Every enum value of the schema is read as itself, wherever its enum is used.
func TestEveryEnumValueSurvives(t *testing.T) {
	c := readCorpus(t)
	tried := map[string]bool{}
	for name, typ := range c.Types {
		for p, declared := range typ.Properties {
			element := strings.TrimSuffix(strings.TrimPrefix(declared, "Collection("), ")")
			for _, value := range c.Enums[element] {
				var v any = value
				if element != declared {
					v = []any{value, value}
				}
				o := object{"@odata.type": "#microsoft.graph.security." + name, p: v}
				var data []byte
				switch {
				case name == "incident":
					o["id"] = "1"
					data = mustMarshal(t, o)
				case name == "alert":
					o["id"] = "1"
					data = mustMarshal(t, object{"id": "1", "alerts": []any{o}})
				case c.isEvidence(name):
					data = mustMarshal(t, object{"id": "1", "alerts": []any{object{"id": "2", "evidence": []any{o}}}})
				default:
					continue // plain types are parts of the above; see TestNothingIsLost
				}
				survives(t, SurfaceGraph, data)
				tried[element] = true
			}
		}
	}
	if len(tried) < 25 {
		t.Errorf("only %d enums were tried: %v", len(tried), tried)
	}
}

// oddities are values of every JSON type, some of them like those expected.
var oddities = []string{
	`null`, `true`, `false`, `0`, `7`, `-0`, `1.5`, `1e300`, `12345678901234567890123`, `""`, `"x"`, `"7"`, `"007"`, `"1.50"`, `"NaN"`, `"true"`,
	`"2026-11-20T12:07:21.7266667Z"`, `"2026-11-20T12:07:21+01:00"`, `"0001-01-01T00:00:00Z"`, `"0001-05-05T00:00:00"`, `"\u0041"`, `[]`, `[null]`,
	`[1,null,"x",{},[]]`, `["a","b"]`, `[{}]`, `{}`, `{"a":1}`, `{"@odata.type":"#microsoft.graph.security.userEvidence"}`, `{"@odata.type":7}`,
}

// Whatever stands where a known member is expected is written again as it was.
// Each round puts odd values into the n-th member of every object, each object's
// another one, so that all meet all readers though not all members.
func TestOddValuesSurvive(t *testing.T) {
	c := readCorpus(t)
	put := func(s Surface, answer object) {
		var objects []object
		everyObject(answer, func(o object) { objects = append(objects, o) })
		for shift := 0; shift < len(oddities); shift += 5 {
			for n, more := 0, true; more; n++ {
				more = false
				before := make([]any, len(objects))
				names := make([]string, len(objects))
				for at, o := range objects {
					all := slices.Sorted(maps.Keys(o))
					if n >= len(all) || slices.Contains([]string{"id", "incidentId", "alertId", "alerts", "@odata.type"}, all[n]) ||
						slices.Contains([]string{"createdDateTime", "lastUpdateDateTime", "createdTime", "lastUpdateTime"}, all[n]) && at == 0 {
						more = more || n < len(all)
						continue
					}
					more = true
					names[at], before[at] = all[n], o[all[n]]
				}
				for at, name := range names {
					if name != "" {
						objects[at][name] = json.RawMessage(oddities[(n+at+shift)%len(oddities)])
					}
				}
				survives(t, s, mustMarshal(t, answer))
				for at, name := range names {
					if name != "" {
						objects[at][name] = before[at]
					}
				}
			}
		}
	}
	graph := c.full("incident", 3)
	graph["id"], graph["comments"] = "1", []any{c.full("alertComment", 1)}
	alert := c.full("alert", 1)
	alert["id"], alert["evidence"] = "2", []any{c.full("deviceEvidence", 2), c.full("processEvidence", 2), c.full("kubernetesPodEvidence", 2), c.full("dnsEvidence", 2), object{"@odata.type": "#microsoft.graph.security.newEvidence", "x": 1}}
	graph["alerts"] = []any{alert}
	put(SurfaceGraph, graph)
	xdr := c.xdrIncident()
	first := xdr["alerts"].([]any)[0].(object)
	first["devices"] = first["devices"].([]any)[1:]
	all := first["entities"].([]any) // of each kind an empty one and one with every member
	first["entities"] = []any{all[1], all[9], all[11], all[17], all[25]}
	put(SurfaceXDR, xdr)
}

func TestAbsentNullAndEmptyAreToldApart(t *testing.T) {
	for _, in := range []string{
		`{"id":"1"}`,
		`{"id":"1","assignedTo":null,"customTags":null,"alerts":null,"priorityScore":null,"summary":""}`,
		`{"id":"1","assignedTo":"","customTags":[],"alerts":[],"comments":[],"lastUpdateDateTime":"0001-01-01T00:00:00Z","createdDateTime":null}`,
		`{"id":"1","lastUpdateDateTime":"","createdDateTime":""}`,
		`{"id":1,"redirectIncidentId":0,"priorityScore":"87","customTags":[null,"a",null,7,{}]}`,
		`{"id":"1","redirectIncidentId":"0","alerts":[null,{"id":"2","evidence":[null,{},7],"additionalData":{},"customDetails":null}]}`,
		`{"id":"1","comments":[1,null,{"comment":null,"createdBy":null,"createdByDisplayName":"Ada","createTime":"","createdTime":"2026-11-20T13:00:00Z"},"x"]}`,
		`{"id":"1","@odata.context":"https://graph.microsoft.com/v1.0/$metadata#x","@odata.type":"#microsoft.graph.security.incident","alerts@odata.context":"y"}`,
	} {
		survives(t, SurfaceGraph, []byte(in))
	}
	for _, in := range []string{
		`{"incidentId":1}`,
		`{"incidentId":"1","redirectIncidentId":0,"tags":null,"alerts":[]}`,
		`{"incidentId":1,"alerts":[{"alertId":"a","devices":null,"entities":[],"investigationId":"42"}]}`,
		`{"incidentId":1,"alerts":[{"alertId":"a","entities":[null,{"entityType":"File"},{"entityType":"registry","registryValue":""},{"entityType":"Process","processId":"12"}],"devices":[{"deviceId":"a"},{"DeviceId":"b","mdatpDeviceId":null},{"deviceId":"a","DeviceId":"b"},7]}]}`,
		`{"incidentId":1,"comments":[{"comment":"x","createdBy":"Ada","createTime":"2026-11-20T13:00:00Z"}]}`,
	} {
		survives(t, SurfaceXDR, []byte(in))
	}
}

func TestDecoderAgreesWithEncodingJSON(t *testing.T) {
	data := mustMarshal(t, readCorpus(t).graphIncident())
	ours, err := DecodeIncident(SurfaceGraph, data)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := readPlainIncident(data)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range differences("", reflect.ValueOf(ours).Elem(), reflect.ValueOf(plain).Elem()) {
		t.Error(d)
	}
}

// What Graph told can be written for xdr as far as xdr has places for it.
func TestShapeOfTheOtherSurface(t *testing.T) {
	var refused *EncodeError
	for name, in := range map[string]string{
		"resolvingComment":      `{"id":"1","resolvingComment":"x"}`,
		"priorityScore":         `{"id":"1","priorityScore":1}`,
		"alerts[0].tenantId":    `{"id":"1","alerts":[{"id":"a","tenantId":"t"}]}`,
		"alerts[1].evidence[1]": `{"id":"1","alerts":[{"id":"a"},{"id":"b","evidence":[{"@odata.type":"#microsoft.graph.security.userEvidence"},{"@odata.type":"#microsoft.graph.security.kubernetesPodEvidence"}]}]}`,
		"alerts[0].evidence[0]": `{"id":"1","alerts":[{"id":"a","evidence":[{"@odata.type":"#microsoft.graph.security.fileEvidence","fileDetails":{"fileSize":7}}]}]}`,
		"incidentId":            `{"id":"not a number"}`,
	} {
		i, err := DecodeIncident(SurfaceGraph, []byte(in))
		if err != nil {
			t.Fatal(err)
		}
		_, err = EncodeIncident(SurfaceXDR, i)
		if !errors.As(err, &refused) || refused.Field != name || refused.Next() == "" {
			t.Errorf("%s for xdr: error %v, want an EncodeError about %s", in, err, name)
		}
	}
	i, err := DecodeIncident(SurfaceGraph, []byte(`{"id":"7","displayName":"x","status":"inProgress","severity":"high","alerts":[{"id":"a","incidentId":"7",
		"evidence":[{"@odata.type":"#microsoft.graph.security.ipEvidence","ipAddress":"203.0.113.7"},{"@odata.type":"#microsoft.graph.security.deviceEvidence","mdeDeviceId":"d"}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	got, err := EncodeIncident(SurfaceXDR, i)
	if err != nil {
		t.Fatal(err)
	}
	var whole struct {
		IncidentID         int
		RedirectIncidentID any
		Status             string
		Alerts             []struct{ Devices, Entities []object }
	}
	if err := json.Unmarshal(got, &whole); err != nil {
		t.Fatal(err)
	}
	if whole.IncidentID != 7 || whole.Status != "InProgress" || len(whole.Alerts[0].Devices) != 1 {
		t.Errorf("written as %s", got)
	}
	// Every documented key is there, null where it does not apply.
	c := readCorpus(t)
	for key := range c.XDR.Types["xdrEntity"].Documented {
		v, there := whole.Alerts[0].Entities[0][key]
		if !there || v != nil && key != "entityType" && key != "ipAddress" {
			t.Errorf("entity has %s: %v, %v", key, there, v)
		}
	}
	for key := range c.XDR.Types["xdrDevice"].Documented {
		if _, there := whole.Alerts[0].Devices[0][key]; !there {
			t.Errorf("device lacks %s", key)
		}
	}
}

// Values that are no JSON are refused, not written.
func TestWhatCannotBeWritten(t *testing.T) {
	for name, i := range map[string]*Incident{
		"displayName":                {ID: "1", Extra: raws("displayName", "{")},
		"createdDateTime":            {ID: "1", Created: time.Date(12026, 1, 1, 0, 0, 0, 0, time.UTC)},
		"alerts[0].additionalData.x": {ID: "1", Alerts: []Alert{{ID: "2", AdditionalData: raws("x", "nul")}}},
		"alerts[0].evidence[0]":      {ID: "1", Alerts: []Alert{{ID: "2", Evidence: []Evidence{nil}}}},
	} {
		_, err := EncodeIncident(SurfaceGraph, i)
		var refused *EncodeError
		if !errors.As(err, &refused) || refused.Field != name {
			t.Errorf("error %v, want an EncodeError about %s", err, name)
		}
	}
}
