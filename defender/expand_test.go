package defender_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/defender"
)

// heavy is a Graph whose $expand=alerts fails for some incidents, alone or in a
// page with others, while all else works.
type heavy struct {
	ids      []string
	pageSize int
	poison   func(id string) bool
	status   int // of the failure; 0 cuts the answer short, 200 has no body
	down     bool
	expanded int
	plain    int
	between  func(n int) // before each request
}

func (h *heavy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h.between != nil {
		h.between(h.expanded + h.plain)
	}
	q := r.URL.Query()
	expand := q.Get("$expand") == "alerts"
	if expand {
		h.expanded++
	} else {
		h.plain++
	}
	incident := func(id string) string {
		alerts := ""
		if expand {
			alerts = `,"alerts":[{"id":"a` + id + `"}]`
		}
		return fmt.Sprintf(`{"id":%q,"lastUpdateDateTime":"2026-11-20T00:00:00Z"%s}`, id, alerts)
	}
	refuse := func(ids ...string) bool {
		if !h.down && (!expand || !slices.ContainsFunc(ids, h.poison)) {
			return false
		}
		if h.status == 0 {
			_, _ = io.WriteString(w, `{"value":[{"id":`)
			return true
		}
		w.WriteHeader(h.status)
		if h.status == 200 {
			return true
		}
		_, _ = io.WriteString(w, `{"error":{"code":"UnknownError","message":""}}`)
		return true
	}
	if one, ok := strings.CutPrefix(r.URL.Path, "/v1.0/security/incidents/"); ok {
		switch {
		case refuse(one):
		case !slices.Contains(h.ids, one):
			w.WriteHeader(404)
			_, _ = io.WriteString(w, `{"error":{"code":"ResourceNotFound","message":"gone"}}`)
		default:
			_, _ = io.WriteString(w, incident(one))
		}
		return
	}
	top, skip := h.pageSize, 0
	if q.Has("$top") {
		top, _ = strconv.Atoi(q.Get("$top"))
		top = min(top, h.pageSize)
	}
	if q.Has("$skip") {
		skip, _ = strconv.Atoi(q.Get("$skip"))
	}
	page := h.ids[min(skip, len(h.ids)):min(skip+top, len(h.ids))]
	if refuse(page...) {
		return
	}
	var items []string
	for _, id := range page {
		items = append(items, incident(id))
	}
	link := ""
	if skip+top < len(h.ids) {
		next := url.Values{"$skip": {strconv.Itoa(skip + top)}, "$top": {strconv.Itoa(top)}}
		for _, k := range []string{"$expand", "$filter"} {
			if q.Has(k) {
				next.Set(k, q.Get(k))
			}
		}
		link = fmt.Sprintf(`,"@odata.nextLink":"http://%s%s?%s"`, r.Host, r.URL.Path, next.Encode())
	}
	_, _ = io.WriteString(w, `{"value":[`+strings.Join(items, ",")+`]`+link+`}`)
}

func newHeavy(size, pageSize int, poison ...string) *heavy {
	h := &heavy{pageSize: pageSize, status: 500, poison: func(id string) bool { return slices.Contains(poison, id) }}
	for n := range size {
		h.ids = append(h.ids, strconv.Itoa(1000-n))
	}
	return h
}

// read reads all incidents with their alerts, and tells which lack them.
func (h *heavy) read(t *testing.T) (ids, missing []string, untried int, err error) {
	t.Helper()
	for i, e := range newClient(t, h.ServeHTTP).Incidents("graph").All(t.Context(), defender.ListOptions{ExpandAlerts: true}) {
		if e != nil {
			return ids, missing, untried, e
		}
		ids = append(ids, i.ID)
		switch {
		case i.AlertsMissing == nil && (len(i.Alerts) != 1 || i.Alerts[0].ID != "a"+i.ID):
			t.Errorf("incident %s came with alerts %v and says nothing", i.ID, i.Alerts)
		case i.AlertsMissing != nil:
			missing = append(missing, i.ID)
			why, ok := errors.AsType[*defender.AlertsError](i.AlertsMissing)
			if !ok || why.ID != i.ID || why.Err == nil || why.Next() == "" || len(i.Alerts) > 0 {
				t.Errorf("incident %s: %v", i.ID, i.AlertsMissing)
			} else if !why.Tried {
				untried++
			}
		}
	}
	return ids, missing, untried, nil
}

func TestExpandThatFails(t *testing.T) {
	for _, c := range []struct {
		name     string
		heavy    *heavy
		missing  []string
		expanded int // requests with $expand, at most
	}{
		{"nothing fails", newHeavy(120, 50), nil, 6},
		{"one of one page", newHeavy(20, 50, "990"), []string{"990"}, 12},
		{"one of many pages", newHeavy(120, 50, "940"), []string{"940"}, 24},
		{"the first", newHeavy(20, 50, "1000"), []string{"1000"}, 12},
		{"three apart", newHeavy(50, 50, "999", "980", "955"), []string{"999", "980", "955"}, 34},
		{"every other", newHeavy(20, 50, "1000", "998", "996", "994", "992", "990", "988", "986", "984", "982"),
			[]string{"1000", "998", "996", "994", "992", "990", "988", "986", "984", "982"}, 60},
		{"only one there is", newHeavy(1, 50, "1000"), []string{"1000"}, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			ids, missing, untried, err := c.heavy.read(t)
			if err != nil || untried > 0 {
				t.Fatalf("error %v, %d not tried", err, untried)
			}
			if diff := cmp.Diff(c.heavy.ids, ids); diff != "" {
				t.Errorf("incidents: -want +got:\n%s", diff)
			}
			if diff := cmp.Diff(c.missing, missing); diff != "" {
				t.Errorf("without alerts: -want +got:\n%s", diff)
			}
			if c.heavy.expanded > c.expanded {
				t.Errorf("%d requests with $expand, want %d at most", c.heavy.expanded, c.expanded)
			}
		})
	}
}

// A large tenant where no expanded request works at all costs few requests and
// loses no incident.
func TestExpandThatAlwaysFails(t *testing.T) {
	for _, status := range []int{500, 504, 200, 0} {
		h := newHeavy(500, 50)
		h.status, h.poison = status, func(string) bool { return true }
		ids, missing, untried, err := h.read(t)
		if err != nil || !cmp.Equal(h.ids, ids) || len(missing) != 500 || untried != 495 {
			t.Errorf("%d: %d incidents, %d without alerts, %d not tried, error %v", status, len(ids), len(missing), untried, err)
		}
		if h.expanded > 25 || h.plain > 25 {
			t.Errorf("%d: %d expanded and %d plain requests", status, h.expanded, h.plain)
		}
	}
}

// The list moves while alerts are put in: they go to the right incidents.
func TestExpandFallbackOfAMovingList(t *testing.T) {
	h := newHeavy(40, 20, "990", "970")
	next := 1000
	h.between = func(n int) {
		if n > 1 && n < 30 {
			next++
			h.ids = slices.Insert(h.ids, 0, strconv.Itoa(next))
		}
		if n == 9 {
			h.ids = slices.DeleteFunc(h.ids, func(id string) bool { return id == "985" || id == "990" })
		}
	}
	before := slices.Clone(h.ids)
	ids, missing, _, err := h.read(t)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, id := range ids {
		if seen[id] {
			t.Errorf("incident %s came twice", id)
		}
		seen[id] = true
	}
	for _, id := range before {
		if !seen[id] && slices.Contains(h.ids, id) {
			t.Errorf("incident %s was there all the time and was not read", id)
		}
	}
	for _, id := range missing {
		if id != "970" && slices.Contains(h.ids, id) {
			t.Errorf("incident %s lacks alerts", id)
		}
	}
}

// One page is not read again: what was read must not be lost to what came before it.
func TestExpandFallbackOfOneMovingPage(t *testing.T) {
	h := newHeavy(20, 50, "990")
	h.between = func(n int) {
		if n == 2 { // after the page without alerts, before the first with them
			h.ids = slices.Insert(h.ids, 0, "1001")
		}
	}
	want := slices.Clone(h.ids)
	ids, missing, _, err := h.read(t)
	if diff := cmp.Diff(want, ids); err != nil || diff != "" || !cmp.Equal(missing, []string{"990"}) {
		t.Errorf("without alerts %v, error %v: -want +got:\n%s", missing, err, diff)
	}
}

func TestFallbackIsNoWayAroundRefusals(t *testing.T) {
	for _, status := range []int{400, 401, 403, 429} {
		h := newHeavy(20, 50)
		h.status, h.poison = status, func(string) bool { return true }
		_, _, _, err := h.read(t)
		if refused, ok := errors.AsType[*defender.Error](err); !ok || refused.Status != status || h.plain > 0 {
			t.Errorf("%d: error %v after %d plain requests", status, err, h.plain)
		}
	}
	h := newHeavy(1, 50, "1000") // the token expires when the last step is taken
	h.between = func(n int) {
		if n == 2 {
			h.down, h.status = true, 401
		}
	}
	ids, _, _, err := h.read(t)
	if refused, ok := errors.AsType[*defender.Error](err); !ok || refused.Status != 401 || len(ids) > 0 {
		t.Errorf("incidents %v, error %v", ids, err)
	}
	h = newHeavy(20, 50)
	h.down = true
	if _, _, _, err := h.read(t); err == nil || h.expanded+h.plain > 2 {
		t.Errorf("everything fails: error %v after %d requests", err, h.expanded+h.plain)
	}
}

func TestGetWithAlertsFallsBack(t *testing.T) {
	h := newHeavy(3, 50, "999")
	incidents := newClient(t, h.ServeHTTP).Incidents("graph")
	i, err := incidents.GetWithAlerts(t.Context(), "999")
	if why, ok := errors.AsType[*defender.AlertsError](i.AlertsMissing); err != nil || !ok || !why.Tried || !strings.Contains(why.Error(), "999") {
		t.Errorf("incident %+v, error %v", i, err)
	}
	if i, err = incidents.GetWithAlerts(t.Context(), "1000"); err != nil || i.AlertsMissing != nil || len(i.Alerts) != 1 {
		t.Errorf("incident %+v, error %v", i, err)
	}
	h.down = true
	if i, err = incidents.GetWithAlerts(t.Context(), "1000"); err == nil {
		t.Errorf("incident %+v although the service is down", i)
	}
}

// xdr cannot leave out alerts; a page too much for it is read in smaller ones.
func TestXDRPagesGetSmaller(t *testing.T) {
	l := newLiving(60, 100)
	want := l.ids()
	tops := map[int]int{}
	client := newClient(t, func(w http.ResponseWriter, r *http.Request) {
		top, _ := strconv.Atoi(r.URL.Query().Get("$top"))
		if tops[top]++; top > 20 {
			w.WriteHeader(504)
			return
		}
		l.ServeHTTP(w, r)
	})
	got, err := ids(t, client, "xdr", defender.ListOptions{})
	if err != nil || !cmp.Equal(want, got) {
		t.Errorf("error %v: -want +got:\n%s", err, cmp.Diff(want, got))
	}
	if tops[100] != 1 {
		t.Errorf("pages asked for by size: %v", tops)
	}
	client = newClient(t, answer(504, ""))
	if _, err := ids(t, client, "xdr", defender.ListOptions{}); err == nil {
		t.Error("a service that always fails gives no error")
	}
}
