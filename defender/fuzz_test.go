package defender

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
)

// oneMeaning tells whether an input means one thing to every reader: no member
// twice, none that differs from a known one by letter case alone (encoding/json
// takes both for the same), no half of a surrogate pair.
func oneMeaning(in []byte, known map[string]bool) bool {
	if bytes.Contains(bytes.ToLower(in), []byte(`\ud`)) {
		return false
	}
	dec := json.NewDecoder(bytes.NewReader(in))
	var seen []map[string]bool // of the objects around; nil for a list
	wantKey := false
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return true
		}
		if err != nil {
			return false
		}
		if key, ok := token.(string); ok && wantKey {
			key = strings.ToLower(strings.ToValidUTF8(key, "\uFFFD"))
			if seen[len(seen)-1][key] || known[key] && !known["="+token.(string)] {
				return false
			}
			seen[len(seen)-1][key] = true
			wantKey = false
			continue
		}
		switch token {
		case json.Delim('{'):
			seen = append(seen, map[string]bool{})
		case json.Delim('['):
			seen = append(seen, nil)
		case json.Delim('}'), json.Delim(']'):
			seen = seen[:len(seen)-1]
		}
		wantKey = len(seen) > 0 && seen[len(seen)-1] != nil
	}
}

// knownMembers are the names in the schema: in lower case, and as they are after "=".
func knownMembers(t testing.TB) map[string]bool {
	c := readCorpus(t)
	known := map[string]bool{}
	add := func(names map[string]string) {
		for name := range names {
			known[strings.ToLower(name)], known["="+name] = true, true
		}
	}
	for _, typ := range c.Types {
		add(typ.Properties)
	}
	for _, typ := range c.XDR.Types {
		add(typ.Documented)
		add(typ.Seen)
	}
	add(map[string]string{"id": "", "investigationId": "", "@odata.type": "", "createdBy": "", "createdTime": "", "createTime": "", "alerts": ""})
	for name := range xdrIncidentMembers {
		add(map[string]string{name: ""})
	}
	for name := range xdrAlertMembers {
		add(map[string]string{name: ""})
	}
	return known
}

func FuzzDecodeIncident(f *testing.F) {
	for s, path := range map[Surface]string{SurfaceGraph: "testdata/graph_incidents.json", SurfaceXDR: "testdata/xdr_incidents.json"} {
		for _, i := range decodeFile(f, s, path) {
			f.Add(s == SurfaceXDR, []byte(i.Raw))
		}
	}
	c := readCorpus(f)
	for _, kind := range c.evidenceKinds() {
		f.Add(false, mustMarshal(f, object{"id": "1", "alerts": []any{object{"id": "2", "evidence": []any{c.full(kind, 2)}}}}))
	}
	f.Add(true, []byte(`{"incidentId":1,"alerts":[{"alertId":"a","entities":[{"entityType":"","registryValue":{}}],"devices":[null]}]}`))
	f.Add(true, []byte(`{"incidentId":"x","redirectIncidentId":"0","alerts":[{"alertId":7,"devices":[{"DeviceId":"d","tags":[null]}],"entities":[{"entityType":"mailbox","userPrincipalName":"u","accountName":"a"}]}]}`))
	known := knownMembers(f)
	f.Fuzz(func(t *testing.T, xdr bool, in []byte) {
		s := SurfaceGraph
		if xdr {
			s = SurfaceXDR
		}
		i, err := DecodeIncident(s, in)
		if err != nil {
			var refused *DecodeError
			if !errors.As(err, &refused) {
				t.Errorf("error %v is not a DecodeError", err)
			}
			return
		}
		if !json.Valid(in) {
			t.Fatal("took what is no JSON")
		}
		if strings.TrimSpace(i.ID) == "" {
			t.Error("an incident without an id was taken")
		}
		if _, err := json.Marshal(i); err != nil {
			t.Errorf("what was read cannot be written: %v", err)
		}
		if !oneMeaning(in, known) {
			return
		}
		survives(t, s, in)
		if plain, err := readPlainIncident(in); err == nil && !xdr {
			agree(t, in, reflect.ValueOf(i).Elem(), reflect.ValueOf(plain).Elem())
		}
	})
}

// agree wants what both readers understood to be equal. Where encoding/json
// reads something that this package keeps in Extra, or under another name, or
// leaves out of a list, there is nothing to compare.
func agree(t *testing.T, in []byte, ours, plain reflect.Value) {
	t.Helper()
	for _, own := range []string{`null`, `"createdBy"`, `"createdTime"`, `"createTime"`, `"redirectIncidentId"`, `-0`, `"000`, `.`} {
		if bytes.Contains(in, []byte(own)) {
			return
		}
	}
	for _, d := range differences("", ours, plain) {
		t.Errorf("%s\n%s", d, in)
	}
}

func FuzzDecodeAlert(f *testing.F) {
	c := readCorpus(f)
	alert := c.full("alert", 2)
	alert["id"] = "1"
	f.Add(false, mustMarshal(f, alert))
	f.Add(true, mustMarshal(f, c.xdrIncident()["alerts"].([]any)[0]))
	f.Add(false, []byte(`{"id":"1","status":"new","resolvedDateTime":null,"evidence":[{"@odata.type":"#microsoft.graph.security.ipEvidence","ipAddress":"203.0.113.7"}],"additionalData":{"a":1}}`))
	f.Add(true, []byte(`{"alertId":"1","devices":[{"mdatpDeviceId":"d"}],"entities":[{"entityType":"File","fileName":"x"}],"comments":[{"comment":"x","createdBy":"y"}]}`))
	known := knownMembers(f)
	f.Fuzz(func(t *testing.T, xdr bool, in []byte) {
		s := SurfaceGraph
		if xdr {
			s = SurfaceXDR
		}
		a, err := DecodeAlert(s, in)
		if err != nil {
			var refused *DecodeError
			if !errors.As(err, &refused) {
				t.Errorf("error %v is not a DecodeError", err)
			}
			return
		}
		if !oneMeaning(in, known) {
			return
		}
		a.Raw = nil
		out, err := EncodeAlert(s, a)
		if err != nil {
			t.Fatal(err)
		}
		if read, wrote := meaning(t, in), meaning(t, out); !reflect.DeepEqual(read, wrote) {
			t.Fatalf("read %v\nwrote %v", read, wrote)
		}
		again, err := DecodeAlert(s, out)
		if err != nil {
			t.Fatal(err)
		}
		if again.Raw = nil; !reflect.DeepEqual(a, again) {
			t.Fatalf("read again, it differs:\n%s\n%s", in, out)
		}
		var plain plainAlert
		if json.Unmarshal(in, &plain) == nil && !xdr {
			agree(t, in, reflect.ValueOf(a).Elem(), reflect.ValueOf(plain))
		}
	})
}

func FuzzDecodePage(f *testing.F) {
	f.Add([]byte(`{"value":[{"id":"1"}],"@odata.nextLink":"https://graph.microsoft.com/v1.0/security/incidents?$skiptoken=x"}`))
	f.Add([]byte(`{"value":null}`))
	f.Add([]byte(`{"value":[{"id":"1"},{"id":"2","alerts":[{}]}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		items, _, err := decodePage(SurfaceGraph, body)
		var refused *DecodeError
		if err != nil && !errors.As(err, &refused) {
			t.Errorf("error %v is not a DecodeError", err)
		}
		if err == nil && !json.Valid(body) {
			t.Errorf("took %d items of what is no JSON", len(items))
		}
	})
}
