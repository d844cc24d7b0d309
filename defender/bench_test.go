package defender

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"
)

// benchPage is a page of 50 incidents with 3 alerts of 4 pieces of evidence
// each, as Graph writes them.
func benchPage(b *testing.B) []byte {
	c := readCorpus(b)
	kinds := []string{"deviceEvidence", "userEvidence", "fileEvidence", "processEvidence", "ipEvidence", "urlEvidence", "mailboxEvidence", "analyzedMessageEvidence"}
	var incidents []any
	for n := range 50 {
		i := c.full("incident", 1)
		i["id"] = fmt.Sprint(n)
		var alerts []any
		for m := range 3 {
			a := c.full("alert", 1)
			var evidence []any
			for e := range 4 {
				evidence = append(evidence, c.full(kinds[(n+m+e)%len(kinds)], 2))
			}
			a["id"], a["evidence"], a["comments"] = fmt.Sprint("da", n, m), evidence, []any{}
			alerts = append(alerts, a)
		}
		i["alerts"] = alerts
		incidents = append(incidents, i)
	}
	page, err := json.Marshal(object{"value": incidents})
	if err != nil {
		b.Fatal(err)
	}
	// Half of the members tell nothing in answers; strings are mostly plain.
	page = bytes.ReplaceAll(page, []byte(`\"quoted\" \\ \n \u2603 \u003cb\u003e`), []byte(`plain`))
	return bytes.ReplaceAll(page, []byte(` \"quoted\" \\ \n ☃ \u003cb\u003e`), []byte(` and plain`))
}

func BenchmarkDecodePage(b *testing.B) {
	page := benchPage(b)
	b.Run("defender", func(b *testing.B) {
		b.SetBytes(int64(len(page)))
		b.ReportAllocs()
		for b.Loop() {
			if items, _, err := decodePage(SurfaceGraph, page); err != nil || len(items) != 50 {
				b.Fatal(err)
			}
		}
	})
	b.Run("encoding-json", func(b *testing.B) {
		b.SetBytes(int64(len(page)))
		b.ReportAllocs()
		for b.Loop() {
			var p struct{ Value []*plainIncident }
			if err := json.Unmarshal(page, &p); err != nil || len(p.Value) != 50 {
				b.Fatal(err)
			}
		}
	})
}
