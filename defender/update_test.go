package defender_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/defender"
)

// desk serves one incident and one alert as a service would: a PATCH is seen by
// the next GET and moves the last update.
type desk struct {
	t        *testing.T
	mu       sync.Mutex
	incident map[string]any
	alert    map[string]any
	writes   []string // method, path and body of each
	reads    int
	minutes  int
	// refuse, if set, answers a write instead; it returns whether it did.
	refuse func(w http.ResponseWriter, r *http.Request) bool
	silent bool // answer writes with 204 and nothing else
}

func graphDesk(t *testing.T) *desk {
	return &desk{t: t, incident: map[string]any{"id": "7", "displayName": "Ransomware", "status": "active", "assignedTo": "ann@contoso.example",
		"classification": "unknown", "determination": "unknown", "customTags": []string{"vip"}, "lastUpdateDateTime": "2026-11-22T09:00:00.1234567Z",
		"lastModifiedBy": "ann@contoso.example", "redirectIncidentId": nil, "comments": []any{}},
		alert: map[string]any{"id": "da1_-2", "title": "Files encrypted", "status": "new", "assignedTo": nil, "classification": "truePositive",
			"determination": "malware", "lastUpdateDateTime": "2026-11-22T09:00:00Z", "incidentId": "7"}}
}

func xdrDesk(t *testing.T) *desk {
	return &desk{t: t, incident: map[string]any{"incidentId": 7, "incidentName": "Ransomware", "status": "Active", "assignedTo": "ann@contoso.example",
		"classification": "FalsePositive", "determination": "Clean", "tags": []string{"vip"}, "lastUpdateTime": "2026-11-22T09:00:00.1234567Z",
		"redirectIncidentId": nil, "comments": []any{}, "alerts": []any{map[string]any{"alertId": "da1"}}}}
}

func (d *desk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock() // a broken connection is no edge between the service and the test
	defer d.mu.Unlock()
	thing, stamp := d.incident, "lastUpdateDateTime"
	switch {
	case strings.Contains(r.URL.Path, "alerts_v2/da1_-2"):
		thing = d.alert
	case strings.HasPrefix(r.URL.Path, "/api"):
		stamp = "lastUpdateTime"
	}
	if r.Method == http.MethodGet {
		d.reads++
		_ = json.NewEncoder(w).Encode(thing)
		return
	}
	content, _ := io.ReadAll(r.Body)
	d.writes = append(d.writes, r.Method+" "+r.URL.Path+" "+string(content))
	if got := r.Header.Get("Content-Type"); got != "application/json" {
		d.t.Errorf("Content-Type %q", got)
	}
	if d.refuse != nil && d.refuse(w, r) {
		return
	}
	var change map[string]any
	if err := json.Unmarshal(content, &change); err != nil {
		d.t.Errorf("body %s: %v", content, err)
	}
	d.minutes++
	thing[stamp] = fmt.Sprintf("2026-11-22T10:%02d:00Z", d.minutes)
	text, commented := change["comment"]
	if commented {
		old, _ := thing["comments"].([]any)
		thing["comments"] = append(old, map[string]any{"comment": text, "createdByDisplayName": "app", "createdDateTime": thing[stamp]})
	}
	for k, v := range change {
		if k != "comment" && k != "@odata.type" {
			thing[k] = v
		}
	}
	switch {
	case d.silent:
		w.WriteHeader(http.StatusNoContent)
	case strings.HasSuffix(r.URL.Path, "/comments"):
		_ = json.NewEncoder(w).Encode(map[string]any{"value": thing["comments"]})
	default:
		_ = json.NewEncoder(w).Encode(thing)
	}
}

// wrote tells the writes so far.
func (d *desk) wrote() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.writes)
}

func ptr[T any](v T) *T { return &v }

func TestUpdateIncident(t *testing.T) {
	type change = defender.FieldChange
	for _, c := range []struct {
		name    string
		surface defender.Surface
		update  defender.IncidentUpdate
		writes  []string
		changes []change
	}{
		{"graph, everything", "graph", defender.IncidentUpdate{Status: "Resolved", AssignedTo: ptr("bob@contoso.example"), Classification: "TruePositive",
			Determination: "CompromisedUser", Tags: &[]string{"vip", "q4"}, ResolvingComment: "reimaged", Comment: "done"},
			[]string{`PATCH /v1.0/security/incidents/7 {"assignedTo":"bob@contoso.example","classification":"truePositive","customTags":["vip","q4"],` +
				`"determination":"compromisedAccount","resolvingComment":"reimaged","status":"resolved"}`,
				`POST /v1.0/security/incidents/7/comments {"@odata.type":"microsoft.graph.security.alertComment","comment":"done"}`},
			[]change{{"status", "active", "resolved"}, {"assignedTo", "ann@contoso.example", "bob@contoso.example"}, {"classification", "unknown", "truePositive"},
				{"determination", "unknown", "compromisedAccount"}, {"customTags", "vip", "vip, q4"}, {"resolvingComment", "", "reimaged"}, {"comment", "", "done"}}},
		{"xdr, everything", "xdr", defender.IncidentUpdate{Status: "inProgress", AssignedTo: ptr("bob@contoso.example"), Classification: "informationalExpectedActivity",
			Determination: "confirmedActivity", Tags: &[]string{}, Comment: "done"},
			[]string{`PATCH /api/incidents/7 {"assignedTo":"bob@contoso.example","classification":"InformationalExpectedActivity","comment":"done",` +
				`"determination":"ConfirmedActivity","status":"InProgress","tags":[]}`},
			[]change{{"status", "active", "inProgress"}, {"assignedTo", "ann@contoso.example", "bob@contoso.example"}, {"classification", "falsePositive", "informationalExpectedActivity"},
				{"determination", "notMalicious", "confirmedActivity"}, {"customTags", "vip", ""}, {"comment", "", "done"}}},
		{"graph, unassign", "graph", defender.IncidentUpdate{AssignedTo: ptr("")}, []string{`PATCH /v1.0/security/incidents/7 {"assignedTo":null}`},
			[]change{{"assignedTo", "ann@contoso.example", ""}}},
		{"no tags is an empty list", "graph", defender.IncidentUpdate{Tags: new([]string)}, []string{`PATCH /v1.0/security/incidents/7 {"customTags":[]}`},
			[]change{{"customTags", "vip", ""}}},
		{"xdr, unassign", "xdr", defender.IncidentUpdate{AssignedTo: ptr("")}, []string{`PATCH /api/incidents/7 {"assignedTo":""}`},
			[]change{{"assignedTo", "ann@contoso.example", ""}}},
		{"graph, comment only", "graph", defender.IncidentUpdate{Comment: "seen"},
			[]string{`POST /v1.0/security/incidents/7/comments {"@odata.type":"microsoft.graph.security.alertComment","comment":"seen"}`}, []change{{"comment", "", "seen"}}},
		{"only what changes", "graph", defender.IncidentUpdate{Status: "ACTIVE", AssignedTo: ptr("ann@contoso.example"), Classification: "truePositive", Tags: &[]string{"vip"}},
			[]string{`PATCH /v1.0/security/incidents/7 {"classification":"truePositive"}`}, []change{{"classification", "unknown", "truePositive"}}},
		{"nothing changes", "xdr", defender.IncidentUpdate{Status: "active", Classification: "falsePositive", Determination: "notMalicious", Tags: &[]string{"vip"}}, nil, nil},
		{"both old names", "xdr", defender.IncidentUpdate{Determination: "InsufficientData"},
			[]string{`PATCH /api/incidents/7 {"determination":"NoEnoughDataToValidate"}`}, []change{{"determination", "notMalicious", "notEnoughDataToValidate"}}},
		{"reset on graph", "graph", defender.IncidentUpdate{Classification: "unknown"}, nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := graphDesk(t)
			if c.surface == "xdr" {
				d = xdrDesk(t)
			}
			incidents := newClient(t, d.ServeHTTP).Incidents(c.surface)
			seen, err := incidents.Get(t.Context(), "7")
			if err != nil {
				t.Fatal(err)
			}
			dry, err := incidents.Update(t.Context(), "7", c.update, defender.UpdateOptions{Seen: seen, DryRun: true})
			if err != nil || len(d.wrote()) > 0 || !dry.DryRun {
				t.Fatalf("dry run: %v, wrote %v", err, d.wrote())
			}
			if diff := cmp.Diff(c.changes, dry.Changes); diff != "" {
				t.Errorf("dry run: -want +got:\n%s", diff)
			}
			r, err := incidents.Update(t.Context(), "7", c.update, defender.UpdateOptions{Seen: seen})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.writes, d.wrote()); diff != "" {
				t.Errorf("writes: -want +got:\n%s", diff)
			}
			if diff := cmp.Diff(c.changes, r.Changes); diff != "" {
				t.Errorf("changes: -want +got:\n%s", diff)
			}
			// What was foretold has come true, and what is told afterwards is what is.
			now, err := incidents.Get(t.Context(), "7")
			if err != nil {
				t.Fatal(err)
			}
			for what, pair := range map[string][2]*defender.Incident{"foretold": {now, dry.After}, "told": {now, r.After}} {
				want, got := pair[0], pair[1]
				if want.Status != got.Status || want.AssignedTo != got.AssignedTo || want.Classification != got.Classification ||
					want.Determination != got.Determination || !slices.Equal(want.Tags, got.Tags) || len(want.Comments) != len(got.Comments) {
					t.Errorf("%s: %+v, is: %+v", what, got, want)
				}
			}
			if !r.After.LastUpdate.Equal(now.LastUpdate) || len(r.Differs) > 0 || r.Before.LastUpdate.Equal(r.After.LastUpdate) != (c.writes == nil) {
				t.Errorf("last update %s, is %s; differs %v", r.After.LastUpdate, now.LastUpdate, r.Differs)
			}
			// The answer to an update can be held against the next one.
			if _, err := incidents.Update(t.Context(), "7", defender.IncidentUpdate{Comment: "more"}, defender.UpdateOptions{SeenAt: r.After.LastUpdate}); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestUpdateRefusesWhatCannotBe(t *testing.T) {
	long := strings.Repeat("ü", 1001)
	for _, c := range []struct {
		surface defender.Surface
		update  defender.IncidentUpdate
		option  string
	}{
		{"graph", defender.IncidentUpdate{}, "IncidentUpdate"},
		{"graph", defender.IncidentUpdate{Status: "closed"}, "Status"},
		{"graph", defender.IncidentUpdate{Status: "redirected"}, "Status"},
		{"graph", defender.IncidentUpdate{Status: "unknownFutureValue"}, "Status"},
		{"xdr", defender.IncidentUpdate{Status: "Redirected"}, "Status"},
		{"xdr", defender.IncidentUpdate{Status: "awaitingAction"}, "Status"},
		{"graph", defender.IncidentUpdate{Classification: "benign"}, "Classification"},
		{"xdr", defender.IncidentUpdate{Classification: "unknown"}, "Classification"},
		{"graph", defender.IncidentUpdate{Determination: "apt"}, "Determination"},
		{"graph", defender.IncidentUpdate{Determination: "nonsense"}, "Determination"},
		{"graph", defender.IncidentUpdate{Classification: "truePositive", Determination: "notMalicious"}, "Determination"},
		{"graph", defender.IncidentUpdate{Classification: "falsePositive", Determination: "malware"}, "Determination"},
		{"xdr", defender.IncidentUpdate{Classification: "informationalExpectedActivity", Determination: "Phishing"}, "Determination"},
		{"xdr", defender.IncidentUpdate{Determination: "malware"}, "Determination"},                        // it is a false positive
		{"graph", defender.IncidentUpdate{Determination: "malware"}, "Determination"},                      // it is not classified
		{"xdr", defender.IncidentUpdate{Classification: "truePositive"}, "Determination"},                  // what it has does not go with that
		{"graph", defender.IncidentUpdate{AssignedTo: ptr("a\x1b[31mb")}, "AssignedTo"},                    // terminal escape
		{"graph", defender.IncidentUpdate{AssignedTo: ptr(" ann@contoso.example")}, "AssignedTo"},          //
		{"graph", defender.IncidentUpdate{AssignedTo: ptr("\xff")}, "AssignedTo"},                          //
		{"graph", defender.IncidentUpdate{Tags: &[]string{"a", "b\n"}}, "Tags[1]"},                         //
		{"graph", defender.IncidentUpdate{Tags: &[]string{" "}}, "Tags[0]"},                                //
		{"graph", defender.IncidentUpdate{Tags: &[]string{"a", "a"}}, "Tags[1]"},                           //
		{"graph", defender.IncidentUpdate{Comment: " \n"}, "Comment"},                                      //
		{"xdr", defender.IncidentUpdate{Comment: long}, "Comment"},                                         //
		{"graph", defender.IncidentUpdate{Comment: "\xff"}, "Comment"},                                     //
		{"xdr", defender.IncidentUpdate{ResolvingComment: "reimaged"}, "ResolvingComment"},                 //
		{"graph", defender.IncidentUpdate{Status: "resolved", ResolvingComment: long}, "ResolvingComment"}, //
	} {
		d := graphDesk(t)
		if c.surface == "xdr" {
			d = xdrDesk(t)
		}
		_, err := newClient(t, d.ServeHTTP).Incidents(c.surface).Update(t.Context(), "7", c.update, defender.UpdateOptions{Force: true})
		refused, ok := errors.AsType[*defender.OptionError](err)
		if !ok || refused.Option != c.option || refused.Next() == "" || len(d.wrote()) > 0 {
			t.Errorf("%s %+v: error %v, wrote %v", c.surface, c.update, err, d.wrote())
		}
		if err != nil && strings.Contains(err.Error(), long) {
			t.Error("the error repeats a comment")
		}
	}
	d := graphDesk(t)
	if _, err := newClient(t, d.ServeHTTP).Incidents("graph").Update(t.Context(), "../users", defender.IncidentUpdate{Status: "active"}, defender.UpdateOptions{}); err == nil || d.reads > 0 {
		t.Errorf("error %v after %d reads", err, d.reads)
	}
	exact := strings.Repeat("ü", 1000)
	if _, err := newClient(t, d.ServeHTTP).Incidents("graph").Comment(t.Context(), "7", exact); err != nil {
		t.Errorf("1,000 characters are refused: %v", err)
	}
}

func TestUpdateDoesNotOverwriteAColleague(t *testing.T) {
	d := graphDesk(t)
	incidents := newClient(t, d.ServeHTTP).Incidents("graph")
	seen, err := incidents.Get(t.Context(), "7")
	if err != nil {
		t.Fatal(err)
	}
	d.incident["assignedTo"], d.incident["status"] = "carl@contoso.example", "inProgress"
	d.incident["lastUpdateDateTime"], d.incident["lastModifiedBy"] = "2026-11-22T09:00:00.1234568Z", "carl@contoso.example"
	u := defender.IncidentUpdate{Status: "resolved"}
	for name, o := range map[string]defender.UpdateOptions{
		"incident": {Seen: seen}, "time": {SeenAt: seen.LastUpdate}, "dry run": {Seen: seen, DryRun: true},
	} {
		_, err = incidents.Update(t.Context(), "7", u, o)
		conflict, ok := errors.AsType[*defender.ConflictError](err)
		if !ok || len(d.wrote()) > 0 {
			t.Fatalf("%s: error %v, wrote %v", name, err, d.wrote())
		}
		want := &defender.ConflictError{Surface: "graph", What: "incident", ID: "7", Seen: seen.LastUpdate,
			Now: seen.LastUpdate.Add(100 * time.Nanosecond), By: "carl@contoso.example"}
		if o.Seen != nil {
			want.Fields = []string{"status", "assignedTo"}
		}
		if diff := cmp.Diff(want, conflict); diff != "" || conflict.Next() == "" || !strings.Contains(err.Error(), "carl@") {
			t.Errorf("%s: %v: -want +got:\n%s", name, err, diff)
		}
	}
	if _, err := incidents.Update(t.Context(), "7", u, defender.UpdateOptions{Seen: seen, Force: true}); err != nil || len(d.wrote()) != 1 {
		t.Errorf("forced: error %v, wrote %v", err, d.wrote())
	}
	if _, err := incidents.Update(t.Context(), "7", defender.IncidentUpdate{Status: "active"}, defender.UpdateOptions{}); err != nil || len(d.wrote()) != 2 {
		t.Errorf("nothing to compare with: error %v, wrote %v", err, d.wrote())
	}
}

func TestMergedIncidentsAreLeftAlone(t *testing.T) {
	for name, merge := range map[string]func(*desk){
		"graph":                 func(d *desk) { d.incident["status"], d.incident["redirectIncidentId"] = "redirected", "9" },
		"graph, only the state": func(d *desk) { d.incident["status"] = "Redirected" },
		"xdr":                   func(d *desk) { d.incident["status"], d.incident["redirectIncidentId"] = "Redirected", 9 },
	} {
		surface, d := defender.SurfaceGraph, graphDesk(t)
		if name == "xdr" {
			surface, d = defender.SurfaceXDR, xdrDesk(t)
		}
		merge(d)
		incidents := newClient(t, d.ServeHTTP).Incidents(surface)
		_, updateErr := incidents.Update(t.Context(), "7", defender.IncidentUpdate{Status: "resolved"}, defender.UpdateOptions{Force: true})
		_, commentErr := incidents.Comment(t.Context(), "7", "seen")
		for _, err := range []error{updateErr, commentErr} {
			merged, ok := errors.AsType[*defender.MergedError](err)
			if !ok || len(d.wrote()) > 0 || merged.Next() == "" {
				t.Errorf("%s: error %v, wrote %v", name, err, d.wrote())
			} else if want := name != "graph, only the state"; want != (merged.Target == "9") || want != strings.Contains(err.Error()+merged.Next(), "9") {
				t.Errorf("%s: target %q, %v", name, merged.Target, err)
			}
		}
	}
}

func TestUnclearAndPartialUpdates(t *testing.T) {
	failing := func(status int, suffix string) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, r *http.Request) bool {
			if !strings.HasSuffix(r.URL.Path, suffix) {
				return false
			}
			if status == 0 {
				panic(http.ErrAbortHandler)
			}
			w.WriteHeader(status)
			_, _ = io.WriteString(w, `{"error":{"code":"x","message":"no"}}`)
			return true
		}
	}
	u := defender.IncidentUpdate{Status: "resolved", Comment: "done"}
	for _, c := range []struct {
		name             string
		refuse           func(http.ResponseWriter, *http.Request) bool
		writes           int
		partial, unclear bool
	}{
		{"PATCH refused", failing(403, "/7"), 1, false, false},
		{"PATCH failed", failing(500, "/7"), 1, false, true},
		{"PATCH without an answer", failing(0, "/7"), 1, false, true},
		{"PATCH answered with a web page", func(w http.ResponseWriter, r *http.Request) bool {
			_, _ = io.WriteString(w, "<html>")
			return true
		}, 1, false, true},
		{"comment refused", failing(400, "/comments"), 2, true, false},
		{"comment failed", failing(502, "/comments"), 2, true, true},
		{"comment without an answer", failing(0, "/comments"), 2, true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := graphDesk(t)
			d.refuse = c.refuse
			client := newClient(t, d.ServeHTTP, func(cfg *defender.Config) { cfg.Retries = 3 })
			r, err := client.Incidents("graph").Update(t.Context(), "7", u, defender.UpdateOptions{})
			partial, isPartial := errors.AsType[*defender.PartialUpdateError](err)
			unclear, isUnclear := errors.AsType[*defender.UncertainError](err)
			if err == nil || isPartial != c.partial || isUnclear != c.unclear || len(d.wrote()) != c.writes {
				t.Fatalf("error %v, wrote %v", err, d.wrote())
			}
			if c.unclear && (unclear.Target != "7" || !strings.Contains(unclear.Next(), "7")) {
				t.Errorf("%+v", unclear)
			}
			if c.partial && (r == nil || r.After.Status != "resolved" || !cmp.Equal(partial.Done, []string{"status"}) || partial.Missing != "the comment" || partial.Next() == "") {
				t.Errorf("result %+v, error %+v", r, partial)
			}
			if strings.Contains(err.Error(), "done") && strings.Contains(err.Error(), u.Comment+"\"") {
				t.Errorf("error %v repeats the comment", err)
			}
		})
	}
}

func TestAnswersToUpdatesNobodyPromised(t *testing.T) {
	t.Run("nothing", func(t *testing.T) {
		d := graphDesk(t)
		d.silent = true
		r, err := newClient(t, d.ServeHTTP).Incidents("graph").Update(t.Context(), "7", defender.IncidentUpdate{Status: "resolved", Comment: "done"}, defender.UpdateOptions{})
		if err != nil || r.After.Status != "resolved" || len(r.After.Comments) != 1 || r.After.LastUpdate.Minute() != 2 {
			t.Errorf("result %+v, error %v", r, err)
		}
	})
	t.Run("another incident", func(t *testing.T) {
		d := xdrDesk(t)
		d.refuse = func(w http.ResponseWriter, _ *http.Request) bool {
			d.incident["status"] = "Resolved"
			_, _ = io.WriteString(w, `{"incidentId":8}`)
			return true
		}
		r, err := newClient(t, d.ServeHTTP).Incidents("xdr").Update(t.Context(), "7", defender.IncidentUpdate{Status: "resolved"}, defender.UpdateOptions{})
		if err != nil || r.After.ID != "7" || r.After.Status != "resolved" {
			t.Errorf("result %+v, error %v", r, err)
		}
	})
	t.Run("success without effect", func(t *testing.T) {
		d := graphDesk(t)
		d.refuse = func(w http.ResponseWriter, _ *http.Request) bool {
			_ = json.NewEncoder(w).Encode(d.incident)
			return true
		}
		r, err := newClient(t, d.ServeHTTP).Incidents("graph").Update(t.Context(), "7", defender.IncidentUpdate{Status: "resolved", Tags: &[]string{"b", "a"}}, defender.UpdateOptions{})
		want := []defender.FieldChange{{Field: "status", Old: "active", New: "resolved"}, {Field: "customTags", Old: "vip", New: "a, b"}}
		if err != nil || !cmp.Equal(r.Differs, want) {
			t.Errorf("result %+v, error %v", r, err)
		}
	})
}

func TestCommentIncident(t *testing.T) {
	for s, d := range map[defender.Surface]*desk{"graph": graphDesk(t), "xdr": xdrDesk(t)} {
		incidents := newClient(t, d.ServeHTTP).Incidents(s)
		for range 2 { // the same text twice is two comments
			c, err := incidents.Comment(t.Context(), "7", "seen\non line two")
			if err != nil || c.Text != "seen\non line two" || c.By != "app" || c.Created.Minute() != d.minutes {
				t.Errorf("%s: comment %+v, error %v", s, c, err)
			}
		}
		if len(d.wrote()) != 2 {
			t.Errorf("%s: wrote %v", s, d.wrote())
		}
		if _, err := incidents.Comment(t.Context(), "7", " "); err == nil || len(d.wrote()) != 2 {
			t.Errorf("%s: an empty comment: error %v, wrote %v", s, err, d.wrote())
		}
	}
}
