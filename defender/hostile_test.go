package defender

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestInvalidUTF8IsReplaced(t *testing.T) {
	in := []byte("{\"id\":\"1\",\"displayName\":\"a\xff\xfeb\\ud800c\",\"futureField\":\"\xc3\",\"alerts\":[{\"id\":\"2\",\"additionalData\":{\"k\xff\":\"v\xff\"}}]}")
	i, err := DecodeIncident(SurfaceGraph, in)
	if err != nil {
		t.Fatal(err)
	}
	if want := "a\uFFFD\uFFFDb\uFFFDc"; i.Name != want || string(i.Extra["futureField"]) != "\"\uFFFD\"" || string(i.Alerts[0].AdditionalData["k\uFFFD"]) != "\"v\uFFFD\"" {
		t.Errorf("read as %q, %q, %q", i.Name, i.Extra, i.Alerts[0].AdditionalData)
	}
	if !bytes.Equal(i.Raw, in) {
		t.Error("Raw is not the original")
	}
	survives(t, SurfaceGraph, in)
	// A caller can put such bytes into a field as well.
	i.Name = "x\xff"
	if out, err := json.Marshal(i); err != nil || !bytes.Contains(out, []byte("\"x\uFFFD\"")) {
		t.Errorf("written as %s (%v)", out, err)
	}
}

func TestHostileStringsSurvive(t *testing.T) {
	for _, s := range []string{
		"\x1b[31mred\x1b[0m", "=HYPERLINK(\"x\")", "<script>&</script>", "\u202egpj.exe", "\x00\x01\x1f\x7f", "\u2028\u2029", `\`, `"`, "\U0001F600", strings.Repeat("x", 1<<20),
	} {
		data := mustMarshal(t, object{"id": "1", "displayName": s, s: s, "alerts": []any{object{"id": s + "a", "evidence": []any{object{"@odata.type": "#microsoft.graph.security." + s, s: s}}}}})
		if i := survives(t, SurfaceGraph, data); i.Name != s {
			t.Errorf("%.40q is read as %.40q", s, i.Name)
		}
	}
}

func TestNestingIsBounded(t *testing.T) {
	nested := func(open, inner, shut string, depth int) []byte {
		return []byte(`{"id":"1","alerts":[{"id":"2","evidence":[` + strings.Repeat(open, depth) + inner + strings.Repeat(shut, depth) + `]}]}`)
	}
	domain := `{"@odata.type":"#microsoft.graph.security.activeDirectoryDomainEvidence","trustedDomains":[`
	for _, in := range [][]byte{nested(domain, "", `]}`, 2000), nested(`[`, "", `]`, 5000), nested(`{"a":`, "1", `}`, 5000)} {
		survives(t, SurfaceGraph, in)
	}
	for _, in := range [][]byte{nested(domain, "", `]}`, 20000), nested(`[`, "", `]`, 20000), nested(`{"a":`, "1", `}`, 1e6), bytes.Repeat([]byte(`{"id":`), 1e6)} {
		var refused *DecodeError
		if _, err := DecodeIncident(SurfaceGraph, in); !errors.As(err, &refused) {
			t.Errorf("%.80s…: error %v, want a DecodeError", in, err)
		}
	}
}

func TestTenThousandAlerts(t *testing.T) {
	var b bytes.Buffer
	b.WriteString(`{"value":[{"id":"1","alerts":[`)
	for n := range 10_000 {
		if n > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"id":"a%d","evidence":[{"@odata.type":"#microsoft.graph.security.ipEvidence","ipAddress":"203.0.113.7"}],"comments":[null,null]}`, n)
	}
	b.WriteString(`]}],"@odata.nextLink":"https://graph.microsoft.com/next"}`)
	items, next, err := decodePage(SurfaceGraph, b.Bytes())
	if err != nil || len(items) != 1 || next != "https://graph.microsoft.com/next" {
		t.Fatalf("%d items, next %q, %v", len(items), next, err)
	}
	if alerts := items[0].Alerts; len(alerts) != 10_000 || alerts[9999].ID != "a9999" || alerts[9999].Evidence[0].(*IPEvidence).IPAddress != "203.0.113.7" {
		t.Errorf("%d alerts", len(alerts))
	}
}

// What a caller does to raw values changes nothing else.
func TestRawValuesAreTheCallers(t *testing.T) {
	in := []byte(`{"id":"1","displayName":"name","a":"aaaa","b":"bbbb","alerts":[{"id":"2","title":"title","additionalData":{"c":"cccc"}}]}`)
	i, err := DecodeIncident(SurfaceGraph, in)
	if err != nil {
		t.Fatal(err)
	}
	for n := range in {
		in[n] = 'X'
	}
	for n := range i.Raw {
		i.Raw[n] = 'Y'
	}
	for n := range i.Extra["a"] {
		i.Extra["a"][n] = 'Z'
	}
	_ = append(i.Extra["a"], "zzzzzzzzzzzzzzzzz"...)
	if i.Name != "name" || string(i.Extra["b"]) != `"bbbb"` || string(i.Alerts[0].AdditionalData["c"]) != `"cccc"` || i.Alerts[0].Title != "title" {
		t.Errorf("read as %q, %s, %+v", i.Name, i.Extra, i.Alerts[0])
	}
}

func TestPagesThatCannotBeRead(t *testing.T) {
	for in, field := range map[string]string{
		``: "(the whole)", `[]`: "(the whole)", `{"value":[`: "(the whole)", `{"value":[]} x`: "(the whole)", `{"value":[{"id":"1"}`: "(the whole)",
		`{}`: "value", `{"value":null}`: "value", `{"value":{}}`: "value", `{"value":[],"@odata.nextLink":7}`: "@odata.nextLink",
		`{"value":[{"id":"1"},7]}`: "value[1]", `{"value":[{"id":"1"},{"id":"2"},{"id":"3","lastUpdateDateTime":"x"}]}`: "value[2].lastUpdateDateTime",
		`{"value":[{"id":"1"},{"id":"2"},{}]}`: "value[2].id",
	} {
		var refused *DecodeError
		if items, _, err := decodePage(SurfaceGraph, []byte(in)); !errors.As(err, &refused) || refused.Field != field || items != nil {
			t.Errorf("%s: %d items, error %v, want a DecodeError about %s", in, len(items), err, field)
		}
	}
	if items, next, err := decodeAlertPage([]byte(`{"@odata.count":1,"value":[{"id":"a"}]}`)); err != nil || next != "" || len(items) != 1 || string(items[0].Raw) != `{"id":"a"}` {
		t.Errorf("%v, %q, %v", items, next, err)
	}
}
