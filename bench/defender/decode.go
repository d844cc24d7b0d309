package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"regexp"
	"runtime"
	"strings"
	"time"

	"github.com/tenantry/tenantry/bench/defender/plain"
	"github.com/tenantry/tenantry/bench/internal/table"
	"github.com/tenantry/tenantry/defender"
)

const (
	decodeIncidents = 50
	decodeFaster    = 3.0 // than encoding/json, or
	decodeBehind    = 1.3 // times the fastest library's time at most
	decodeSlices    = 7   // of a run
	decodeSlice     = 20 * time.Millisecond
)

// decode measures how fast a page of incidents becomes Go values.
func (b *bench) decode() error {
	for _, s := range defender.Surfaces() {
		if err := b.decodeOn(s); err != nil {
			return fmt.Errorf("%s: %w", s, err)
		}
	}
	b.table.Note("Decode: pages of the sandbox's generated stories, in memory. Processor time; median (lowest–highest) of %d runs, ratios run by run; a run is the median of %d slices of %s, readers in turn. Of bytes: DecodeIncident of each of the page's incidents, beside each library with the page. Of an answer: All, with a transport that answers from memory (on xdr it asks twice), so body read and checked, envelope, incidents, each once; beside net/http, io.ReadAll and the library. The libraries decode into defender's types without their methods, where nothing is kept of unknown members, of how values were told, and no raw text; evidence by looking for its kind, then into its type (sonic and json-iterator with their search for one member). On xdr they decode into the documented flat types, and convert.go makes defender's out of those, since ours makes the same types of both surfaces. All were checked to read the same: what EncodeIncident writes of ours, with Raw discarded, is for encoding/json what the page was.", b.repeats, decodeSlices, decodeSlice)
	return nil
}

func (b *bench) decodeOn(s defender.Surface) error {
	body, err := b.rig.page(s, "decode", decodeIncidents)
	if err != nil {
		return err
	}
	items, err := split(body)
	if err != nil {
		return err
	}
	if len(items) != decodeIncidents {
		return fmt.Errorf("the sandbox's page has %d incidents", len(items))
	}
	all, err := newPageReader(s, body)
	if err != nil {
		return err
	}
	for _, way := range []struct {
		name    string
		readers []*reader
	}{
		{"bytes", append([]*reader{{name: ours, read: func(s defender.Surface, _ []byte) (any, error) { return decodeEach(s, items) }}}, others()...)},
		{"answer", append([]*reader{{name: ours, read: func(defender.Surface, []byte) (any, error) { return all() }}}, fetching(others(), s, body)...)},
	} {
		if err := same(s, way.readers, body); err != nil {
			return err
		}
		for range b.repeats {
			if err := run(s, way.readers, body); err != nil {
				return err
			}
		}
		b.decodeRow(fmt.Sprintf("decode %s, page of %d (%.0f kB), %s", s, decodeIncidents, float64(len(body))/1e3, way.name), way.readers, body)
	}
	return nil
}

// fetching makes readers of bytes readers of answers: with net/http and the
// transport that All gets.
func fetching(readers []*reader, s defender.Surface, page []byte) []*reader {
	hc := &http.Client{Transport: fromMemory(page, page)}
	for _, r := range readers {
		decode := r.read
		r.read = func(surface defender.Surface, _ []byte) (any, error) {
			req, err := http.NewRequest(http.MethodGet, list("https://api.invalid", s, 0, ""), nil)
			if err != nil {
				return nil, err
			}
			body, err := fetch(hc, req)
			if err != nil {
				return nil, err
			}
			return decode(surface, body)
		}
	}
	return readers
}

// run adds a run of every reader: they take turns in slices of some
// milliseconds, so that what else the machine does meets them alike, and the
// run's figure is the median slice. Time is the processor's, garbage collection
// included.
func run(s defender.Surface, readers []*reader, page []byte) error {
	took := make([]table.Series, len(readers))
	var before, after runtime.MemStats
	for range decodeSlices {
		for i, r := range readers {
			runtime.GC()
			runtime.ReadMemStats(&before)
			at, began, n := processTime(), time.Now(), 0
			for n < 3 || time.Since(began) < decodeSlice {
				read, err := r.read(s, page)
				if err != nil {
					return err
				}
				if r.finish != nil {
					r.finish(read)
				}
				n++
			}
			took[i] = append(took[i], (processTime()-at)/float64(n))
			runtime.ReadMemStats(&after)
			r.allocs = append(r.allocs, float64(after.Mallocs-before.Mallocs)/float64(n))
			r.bytes = append(r.bytes, float64(after.TotalAlloc-before.TotalAlloc)/float64(n))
		}
	}
	for i, r := range readers {
		r.took = append(r.took, took[i].Median())
	}
	return nil
}

// decodeRow adds the row of readers, of which ours is the first and encoding/json
// the second.
func (b *bench) decodeRow(work string, readers []*reader, body []byte) {
	figure := func(r *reader) string {
		return fmt.Sprintf("%s, %.0f MB/s, %s, %s allocs", table.Seconds(r.took.Median()),
			float64(len(body))/1e6/r.took.Median(), kilobytes(r.bytes.Median()), table.Count(int(r.allocs.Median())))
	}
	us, fastest := readers[0], readers[1]
	var beside []string
	for _, r := range readers[1:] {
		beside = append(beside, r.name+" "+figure(r))
		if r.took.Median() < fastest.took.Median() {
			fastest = r
		}
	}
	ahead, behind := readers[1].took.Over(us.took), us.took.Over(fastest.took)
	b.table.Add(work, fmt.Sprintf("≥ %.0f × encoding/json or ≤ %.1f × the fastest's time", decodeFaster, decodeBehind),
		fmt.Sprintf("%s: %s encoding/json, %s the time of %s", figure(us), ahead.Show(table.Times), behind.Show(table.Times), fastest.name),
		beside, ahead.Median() >= decodeFaster || behind.Median() <= decodeBehind)
}

func kilobytes(n float64) string { return fmt.Sprintf("%.0f kB", n/1e3) }

// split takes the incidents out of a page.
func split(page []byte) ([]json.RawMessage, error) {
	var envelope struct {
		Value []json.RawMessage `json:"value"`
	}
	err := json.Unmarshal(page, &envelope)
	return envelope.Value, err
}

func decodeEach(s defender.Surface, items []json.RawMessage) ([]*defender.Incident, error) {
	out := make([]*defender.Incident, len(items))
	for n, item := range items {
		var err error
		if out[n], err = defender.DecodeIncident(s, item); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// newPageReader reads a page by way of All, from a transport without a network
// that has nothing after the page: on xdr that takes a second request.
func newPageReader(s defender.Surface, page []byte) (func() ([]*defender.Incident, error), error) {
	page, err := lastPage(page)
	if err != nil {
		return nil, err
	}
	items, err := split(page)
	if err != nil {
		return nil, err
	}
	rest, err := json.Marshal(map[string]any{"value": items[len(items)-1:]})
	if err != nil {
		return nil, err
	}
	client, err := defender.New(defender.Config{
		Graph: "https://graph.invalid", XDR: "https://xdr.invalid",
		HTTPClient: &http.Client{Transport: fromMemory(page, rest)},
		Token:      func(context.Context, defender.Surface) (string, error) { return "t", nil },
		Budget:     defender.NewBudget(defender.BudgetConfig{Limits: []defender.Limit{}}),
	})
	if err != nil {
		return nil, err
	}
	return func() ([]*defender.Incident, error) {
		out := make([]*defender.Incident, 0, decodeIncidents)
		for i, err := range client.Incidents(s).All(context.Background(), defender.ListOptions{ExpandAlerts: s == defender.SurfaceGraph}) {
			if err != nil {
				return nil, err
			}
			out = append(out, i)
		}
		return out, nil
	}, nil
}

// fromMemory answers with first, and with rest when something is to be skipped:
// xdr's pages overlap by one.
func fromMemory(first, rest []byte) http.RoundTripper {
	return roundTrip(func(r *http.Request) *http.Response {
		body := first
		if r.URL.Query().Get("$skip") != "" {
			body = rest
		}
		return &http.Response{
			Status: "200 OK", StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
			Header: http.Header{"Content-Type": {"application/json"}}, ContentLength: int64(len(body)), Body: io.NopCloser(bytes.NewReader(body)),
		}
	})
}

type roundTrip func(*http.Request) *http.Response

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r), nil }

// lastPage takes the link to a next page away.
func lastPage(page []byte) ([]byte, error) {
	var envelope map[string]json.RawMessage
	if err := json.Unmarshal(page, &envelope); err != nil {
		return nil, err
	}
	if _, more := envelope["@odata.nextLink"]; !more {
		return page, nil
	}
	return nil, errors.New("the page is not the last one")
}

// same makes sure that all readers read the same of a page. Ours is written
// anew for that, without the raw text, and read by encoding/json; on xdr it
// spells members of enumerations as documented, which the sandbox does not
// always, so that those are left to defender's own tests.
//
// What convert.go makes of the libraries' reading is compared by its evidence.
func same(s defender.Surface, readers []*reader, page []byte) error {
	if s == defender.SurfaceXDR { // the types have all there is
		strict := json.NewDecoder(bytes.NewReader(page))
		strict.DisallowUnknownFields()
		if err := strict.Decode(&plain.XDRPage[libStandard]{}); err != nil {
			return err
		}
	}
	var known []*defender.Incident // as ours reads them; it comes first
	reference := libraryReader[libStandard](standard)
	want, err := reference.text(s, page)
	if err != nil {
		return err
	}
	for _, r := range readers {
		read, err := r.read(s, page)
		if err != nil {
			return fmt.Errorf("%s: %w", r.name, err)
		}
		items, isOurs := read.([]*defender.Incident)
		if !isOurs {
			got, err := written(read)
			if err == nil {
				err = equal(r.name, got, want)
			}
			if err == nil && s == defender.SurfaceXDR {
				err = sameEvidence(r.finish(read), known)
			}
			if err != nil {
				return err
			}
			continue
		}
		known = items
		again, err := rewrite(s, items)
		if err != nil {
			return fmt.Errorf("%s: %w", r.name, err)
		}
		got, err := reference.text(s, again)
		if err == nil && s == defender.SurfaceXDR {
			err = equal(r.name, withoutEnums(got), withoutEnums(want))
		} else if err == nil {
			err = equal(r.name, got, want)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// sameEvidence compares what graph has properties for.
func sameEvidence(got, want []*defender.Incident) error {
	for n, i := range want {
		if got[n].ID != i.ID || len(got[n].Alerts) != len(i.Alerts) {
			return fmt.Errorf("converted: incident %s is not as ours", i.ID)
		}
		for m, a := range i.Alerts {
			other := got[n].Alerts[m].Evidence
			if len(other) != len(a.Evidence) {
				return fmt.Errorf("converted: incident %s has other evidence", i.ID)
			}
			for k, e := range a.Evidence {
				ours, err := json.Marshal(e)
				if err != nil {
					return err
				}
				theirs, err := json.Marshal(other[k])
				if err != nil {
					return err
				}
				if err := equalKnown(theirs, ours); err != nil {
					return fmt.Errorf("converted: incident %s, %T: %w", i.ID, e, err)
				}
			}
		}
	}
	return nil
}

// equalKnown compares two objects by the members that are there in both, and
// wants what the one lacks to be nothing in the other.
func equalKnown(got, want []byte) error {
	var objects [2]map[string]any
	for n, text := range [][]byte{got, want} {
		if err := json.Unmarshal(text, &objects[n]); err != nil {
			return err
		}
	}
	for n, o := range objects {
		for name, v := range o {
			other := objects[1-n][name]
			_, nested := v.(map[string]any)
			if v == nil || v == "" || nested && other != nil || reflect.DeepEqual(v, []any{}) {
				continue
			}
			a, aText := v.(string)
			b, bText := other.(string)
			if !(aText && bText && strings.EqualFold(a, b)) && !reflect.DeepEqual(v, other) {
				return fmt.Errorf("%s is %v, and %v", name, v, other)
			}
		}
	}
	return nil
}

// text is what a library reads of a page, written by encoding/json.
func (r *reader) text(s defender.Surface, page []byte) ([]byte, error) {
	read, err := r.read(s, page)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r.name, err)
	}
	return written(read)
}

// written is what was read as encoding/json writes it, without the envelope.
func written(read any) ([]byte, error) {
	text, err := json.Marshal(read)
	return contexts.ReplaceAll(text, nil), err
}

var contexts = regexp.MustCompile(`"@odata.context":"[^"]*",`)

func equal(name string, got, want []byte) error {
	if bytes.Equal(got, want) {
		return nil
	}
	at := 0
	for at < min(len(got), len(want)) && got[at] == want[at] {
		at++
	}
	around := func(text []byte) []byte { return text[max(0, at-60):min(len(text), at+60)] }
	return fmt.Errorf("%s reads …%s…, encoding/json …%s…", name, around(got), around(want))
}

var enums = regexp.MustCompile(`"(status|severity|classification|determination|detectionSource|serviceSource|investigationState|healthStatus|riskScore)":"\w*"`)

func withoutEnums(text []byte) []byte { return enums.ReplaceAll(text, []byte(`"$1":""`)) }

// rewrite writes a page of incidents anew.
func rewrite(s defender.Surface, items []*defender.Incident) ([]byte, error) {
	var page struct {
		Value []json.RawMessage `json:"value"`
	}
	for _, i := range items {
		i.Raw = nil
		text, err := defender.EncodeIncident(s, i)
		if err != nil {
			return nil, err
		}
		page.Value = append(page.Value, text)
	}
	return json.Marshal(page)
}
