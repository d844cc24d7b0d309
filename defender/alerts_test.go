package defender_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/defender"
)

func TestXDRHasNoAlertCalls(t *testing.T) {
	client := newClient(t, func(_ http.ResponseWriter, r *http.Request) { t.Errorf("sent %s", r.URL) })
	for s, option := range map[defender.Surface]string{"xdr": "alerts", "mde": "surface"} {
		alerts := client.Alerts(s)
		_, list := alerts.List(t.Context(), defender.AlertListOptions{})
		_, get := alerts.Get(t.Context(), "a1")
		_, update := alerts.Update(t.Context(), "a1", defender.AlertUpdate{Status: "resolved"}, defender.AlertUpdateOptions{})
		_, comment := alerts.Comment(t.Context(), "a1", "seen")
		errs := []error{list, get, update, comment}
		for _, err := range alerts.All(t.Context(), defender.AlertListOptions{}) {
			errs = append(errs, err)
		}
		if len(errs) != 5 {
			t.Errorf("%s: %d refusals", s, len(errs))
		}
		for _, err := range errs {
			refused, ok := errors.AsType[*defender.OptionError](err)
			if !ok || refused.Option != option || s == "xdr" && !strings.Contains(refused.Next(), "incidents") {
				t.Errorf("%s: error %v", s, err)
			}
		}
	}
	noGraph := newClient(t, func(_ http.ResponseWriter, r *http.Request) { t.Errorf("sent %s", r.URL) }, func(c *defender.Config) { c.Graph = "" })
	if _, err := noGraph.Alerts("graph").Get(t.Context(), "a1"); err == nil {
		t.Error("asked an origin that is not there")
	}
	for _, id := range []string{"", "a/../../users", "a?$expand=x", "..", strings.Repeat("a", 200)} {
		if refused, ok := errors.AsType[*defender.OptionError](func() error { _, err := client.Alerts("graph").Get(t.Context(), id); return err }()); !ok || refused.Option != "alert id" {
			t.Errorf("id %q: %v", id, refused)
		}
	}
}

// Standalone alerts, shifting pages and repeats: each alert once.
func TestAllAlerts(t *testing.T) {
	page := func(next string, ids ...string) string {
		var items []string
		for _, id := range ids {
			items = append(items, fmt.Sprintf(`{"id":%q,"incidentId":null,"lastUpdateDateTime":"2026-11-20T00:00:00Z"}`, id))
		}
		return `{"value":[` + strings.Join(items, ",") + `]` + next + `}`
	}
	for name, c := range map[string]struct {
		pages map[string]string // by $skiptoken
		want  []string
		err   defender.PagingProblem
	}{
		"three pages": {map[string]string{"": page("NEXT:a", "d5_-1", "d4"), "a": page("NEXT:b", "d4", "d3"), "b": page("", "d2")}, []string{"d5_-1", "d4", "d3", "d2"}, ""},
		"loop":        {map[string]string{"": page("NEXT:a", "d5"), "a": page("NEXT:a", "d4")}, []string{"d5", "d4"}, defender.PagingLoop},
		"repeat":      {map[string]string{"": page("NEXT:a", "d5", "d4"), "a": page("NEXT:b", "d5", "d4"), "b": page("")}, []string{"d5", "d4"}, defender.PagingRepeated},
		"elsewhere":   {map[string]string{"": page(`,"@odata.nextLink":"https://evil.example/v1.0/security/alerts_v2?$skiptoken=a"`, "d5")}, nil, defender.PagingForeignLink},
	} {
		t.Run(name, func(t *testing.T) {
			client := newClient(t, func(w http.ResponseWriter, r *http.Request) {
				body := c.pages[r.URL.Query().Get("$skiptoken")]
				if i := strings.Index(body, "NEXT:"); i >= 0 {
					body = body[:i] + fmt.Sprintf(`,"@odata.nextLink":"http://%s%s?$skiptoken=%s"}`, r.Host, r.URL.Path, body[i+5:i+6])
				}
				_, _ = io.WriteString(w, body)
			})
			var got []string
			var failed error
			for a, err := range client.Alerts("graph").All(t.Context(), defender.AlertListOptions{Cursor: "ignored"}) {
				if err != nil {
					failed = err
					continue
				}
				got = append(got, a.ID)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			paging, ok := errors.AsType[*defender.PagingError](failed)
			if ok != (c.err != "") || ok && (paging.Problem != c.err || paging.Operation != defender.OpListAlerts) {
				t.Errorf("error %v, want %q", failed, c.err)
			}
		})
	}
}

func TestAlertPages(t *testing.T) {
	client := newClient(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1.0/security/alerts_v2" || r.Header.Get("Prefer") == "" {
			t.Errorf("%s with %v", r.URL, r.Header)
		}
		skip, _ := strconv.Atoi(r.URL.Query().Get("$skip"))
		if skip == 0 {
			fmt.Fprintf(w, `{"value":[{"id":"a2"}],"@odata.nextLink":"http://%s%s?$skip=1"}`, r.Host, r.URL.Path)
			return
		}
		_, _ = io.WriteString(w, `{"value":[{"id":"a1"}]}`)
	})
	first, err := client.Alerts("graph").List(t.Context(), defender.AlertListOptions{})
	if err != nil || len(first.Items) != 1 || first.Next == "" {
		t.Fatalf("%+v, %v", first, err)
	}
	second, err := client.Alerts("graph").List(t.Context(), defender.AlertListOptions{Cursor: first.Next})
	if err != nil || len(second.Items) != 1 || second.Items[0].ID != "a1" || second.Next != "" {
		t.Errorf("%+v, %v", second, err)
	}
	for _, cursor := range []string{"https://evil.example/v1.0/security/alerts_v2", "/v1.0/security/incidents", "::"} {
		_, err := client.Alerts("graph").List(t.Context(), defender.AlertListOptions{Cursor: cursor})
		if paging, ok := errors.AsType[*defender.PagingError](err); !ok || paging.Problem != defender.PagingBadCursor {
			t.Errorf("cursor %q: %v", cursor, err)
		}
	}
}

func TestUpdateAlert(t *testing.T) {
	const patch, post = "PATCH /v1.0/security/alerts_v2/da1_-2 ", "POST /v1.0/security/alerts_v2/da1_-2/comments "
	for _, c := range []struct {
		name   string
		update defender.AlertUpdate
		writes []string
		option string
	}{
		{"everything", defender.AlertUpdate{Status: "Resolved", AssignedTo: ptr("bob@contoso.example"), Classification: "FalsePositive", Determination: "Clean", Comment: "done"},
			[]string{patch + `{"assignedTo":"bob@contoso.example","classification":"falsePositive","determination":"notMalicious","status":"resolved"}`,
				post + `{"@odata.type":"microsoft.graph.security.alertComment","comment":"done"}`}, ""},
		{"old state", defender.AlertUpdate{Status: "Active"}, []string{patch + `{"status":"inProgress"}`}, ""},
		{"nothing changes", defender.AlertUpdate{Status: "new", AssignedTo: ptr(""), Determination: "Malware"}, nil, ""},
		{"nothing", defender.AlertUpdate{}, nil, "AlertUpdate"},
		{"state", defender.AlertUpdate{Status: "unknown"}, nil, "Status"},
		{"does not go together", defender.AlertUpdate{Classification: "falsePositive"}, nil, "Determination"},
		{"comment", defender.AlertUpdate{Comment: "\t"}, nil, "Comment"},
		{"name", defender.AlertUpdate{AssignedTo: ptr("a\u0000")}, nil, "AssignedTo"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := graphDesk(t)
			alerts := newClient(t, d.ServeHTTP).Alerts("graph")
			if _, err := alerts.Update(t.Context(), "da1_-2", c.update, defender.AlertUpdateOptions{DryRun: true}); (err != nil) != (c.option != "") || len(d.wrote()) > 0 {
				t.Fatalf("dry run: error %v, wrote %v", err, d.wrote())
			}
			r, err := alerts.Update(t.Context(), "da1_-2", c.update, defender.AlertUpdateOptions{})
			if diff := cmp.Diff(c.writes, d.wrote()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if refused, ok := errors.AsType[*defender.OptionError](err); ok != (c.option != "") || ok && refused.Option != c.option {
				t.Fatalf("error %v", err)
			}
			if c.option != "" {
				return
			}
			now, err := alerts.Get(t.Context(), "da1_-2")
			if err != nil || r.After.Status != now.Status || !r.After.LastUpdate.Equal(now.LastUpdate) || len(r.After.Comments) != len(now.Comments) || len(r.Differs) > 0 {
				t.Errorf("told %+v, is %+v, %v", r.After, now, err)
			}
		})
	}
}

func TestAlertConflictAndFailures(t *testing.T) {
	d := graphDesk(t)
	alerts := newClient(t, d.ServeHTTP).Alerts("graph")
	seen, err := alerts.Get(t.Context(), "da1_-2")
	if err != nil {
		t.Fatal(err)
	}
	d.alert["incidentId"], d.alert["lastUpdateDateTime"] = "9", "2026-11-22T09:30:00Z"
	u := defender.AlertUpdate{Status: "resolved", Comment: "done"}
	_, err = alerts.Update(t.Context(), "da1_-2", u, defender.AlertUpdateOptions{Seen: seen})
	conflict, ok := errors.AsType[*defender.ConflictError](err)
	if !ok || conflict.What != "alert" || !cmp.Equal(conflict.Fields, []string{"incidentId"}) || len(d.wrote()) > 0 {
		t.Errorf("error %v, wrote %v", err, d.wrote())
	}
	if _, err = alerts.Update(t.Context(), "da1_-2", u, defender.AlertUpdateOptions{SeenAt: seen.LastUpdate}); err == nil || len(d.wrote()) > 0 {
		t.Errorf("error %v, wrote %v", err, d.wrote())
	}
	d.refuse = func(w http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "/comments") {
			panic(http.ErrAbortHandler)
		}
		return false
	}
	r, err := alerts.Update(t.Context(), "da1_-2", u, defender.AlertUpdateOptions{Seen: seen, Force: true})
	partial, isPartial := errors.AsType[*defender.PartialUpdateError](err)
	if _, unclear := errors.AsType[*defender.UncertainError](err); !isPartial || !unclear || partial.What != "alert" || r.After.Status != "resolved" || len(d.wrote()) != 2 {
		t.Errorf("result %+v, error %v, wrote %v", r, err, d.wrote())
	}
}
