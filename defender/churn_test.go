package defender_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tenantry/tenantry/defender"
)

// living is a tenant's list of incidents that changes between requests.
type living struct {
	list   []livingIncident // newest update first
	nextID int
	ticks  int
	limit  int           // most incidents per page, whatever $top says
	change func(*living) // before each request but the first
	asked  int
	maxTop int
}

type livingIncident struct {
	id      string
	updated time.Time
}

func (l *living) now() time.Time {
	l.ticks++
	return time.Date(2026, 11, 1, 0, 0, l.ticks, 0, time.UTC)
}

func (l *living) add() {
	l.nextID++
	l.list = slices.Insert(l.list, 0, livingIncident{strconv.Itoa(l.nextID), l.now()})
}

func (l *living) update(n int) {
	i := l.list[n]
	i.updated = l.now()
	l.list = slices.Insert(slices.Delete(l.list, n, n+1), 0, i)
}

func (l *living) remove(n int) { l.list = slices.Delete(l.list, n, n+1) }

func (l *living) ids() (ids []string) {
	for _, i := range l.list {
		ids = append(ids, i.id)
	}
	return ids
}

func (l *living) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if l.asked++; l.asked > 1 && l.change != nil {
		l.change(l)
	}
	q := r.URL.Query()
	top, err := strconv.Atoi(q.Get("$top"))
	if err != nil {
		http.Error(w, "$top is missing", http.StatusBadRequest)
		return
	}
	l.maxTop = max(l.maxTop, top)
	skip, _ := strconv.Atoi(q.Get("$skip"))
	type item struct {
		ID      string `json:"incidentId"`
		Updated string `json:"lastUpdateTime"`
	}
	page := []item{}
	for n := skip; n < len(l.list) && len(page) < min(top, l.limit); n++ {
		page = append(page, item{l.list[n].id, l.list[n].updated.Format(time.RFC3339Nano)})
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"value": page})
}

// RoundTrip answers without a network, so that many lists can be tried.
func (l *living) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	l.ServeHTTP(w, r)
	return w.Result(), nil
}

// read reads the whole list and fails when an incident comes twice.
func (l *living) read(t rapid.TB, opts defender.ListOptions) ([]string, error) {
	client, err := defender.New(defender.Config{XDR: "https://xdr.invalid", HTTPClient: &http.Client{Transport: l}, Token: bearer,
		Budget: defender.NewBudget(defender.BudgetConfig{Limits: []defender.Limit{}})})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for i, err := range client.Incidents(defender.SurfaceXDR).All(context.Background(), opts) {
		if err != nil {
			return got, err
		}
		if slices.Contains(got, i.ID) {
			t.Fatalf("incident %s came twice", i.ID)
		}
		got = append(got, i.ID)
		if l.asked > 2000 {
			t.Fatalf("%d requests for %d incidents", l.asked, len(l.list))
		}
	}
	return got, nil
}

func newLiving(size, limit int) *living {
	l := &living{limit: limit}
	for range size {
		l.add()
	}
	return l
}

func TestStillListIsReadInOrder(t *testing.T) {
	for _, c := range []struct{ size, limit, top, requests int }{
		{0, 100, 0, 1},    // nothing
		{1, 100, 0, 2},    // the end is asked for
		{5, 100, 0, 2},    // a short page may be a shrunk one
		{100, 100, 0, 2},  // exactly a page
		{101, 100, 0, 4},  // two pages, the end, the head again
		{250, 100, 0, 5},  // 100 + 99 + 51 + end + head again
		{250, 100, 50, 8}, // the page size asked for
		{250, 20, 0, 16},  // the service sends less than it was asked for
		{5, 100, 1, 7},    // a page of one cannot overlap: two are asked for
		{3, 1, 0, 8},      // the service sends one at a time: the list is read twice
	} {
		l := newLiving(c.size, c.limit)
		want := l.ids()
		got, err := l.read(t, defender.ListOptions{Top: c.top})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%+v: -want +got:\n%s", c, diff)
		}
		if l.asked > c.requests {
			t.Errorf("%+v: %d requests", c, l.asked)
		}
		if l.maxTop > 100 {
			t.Errorf("%+v: asked for pages of %d", c, l.maxTop)
		}
	}
}

func TestMovesBetweenPages(t *testing.T) {
	once := func(f func(*living)) func(*living) {
		done := false
		return func(l *living) {
			if !done {
				done = true
				f(l)
			}
		}
	}
	for name, change := range map[string]func(*living){
		"one before is removed":          once(func(l *living) { l.remove(3) }),
		"a whole page before is removed": once(func(l *living) { l.list = l.list[10:] }),
		"all that was read is removed":   once(func(l *living) { l.list = l.list[12:] }),
		"one is added":                   once(func(l *living) { l.add() }),
		"more than a page is added": once(func(l *living) {
			for range 13 {
				l.add()
			}
		}),
		"one not read yet moves to the head": once(func(l *living) { l.update(25) }),
		"the last moves to the head":         once(func(l *living) { l.update(len(l.list) - 1) }),
		"one read moves to the head":         once(func(l *living) { l.update(5) }),
		"one goes, one comes":                once(func(l *living) { l.remove(3); l.add() }),
		"one goes, an unread one moves up":   once(func(l *living) { l.remove(3); l.update(25) }),
		"pages shrink":                       once(func(l *living) { l.limit = 3 }),
		"the last page moves to the head": once(func(l *living) {
			for range 12 {
				l.update(len(l.list) - 1)
			}
		}),
	} {
		t.Run(name, func(t *testing.T) {
			l := newLiving(30, 10)
			before := l.ids()
			l.change = change
			got, err := l.read(t, defender.ListOptions{Top: 10})
			if err != nil {
				t.Fatal(err)
			}
			after := l.ids()
			for _, id := range before {
				if slices.Contains(after, id) && !slices.Contains(got, id) {
					t.Errorf("incident %s was there all the time and was not read", id)
				}
			}
		})
	}
}

// Whatever happens to the list between requests, what is in it from beginning
// to end is read, once; or the reader says that it could not keep up. The one
// exception is what All documents: an incident that was updated between the
// only two requests, while another one went, of a list that looked like one page.
func TestChurnLosesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := newLiving(rapid.IntRange(0, 40).Draw(t, "size"), rapid.IntRange(2, 8).Draw(t, "limit"))
		before, begun := l.ids(), time.Date(2026, 11, 1, 0, 0, l.ticks, 0, time.UTC)
		type change struct {
			Before int    // which request
			Kind   string // add, update or remove
			Which  int    // of the incidents then in the list
		}
		changes := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) change {
			return change{
				rapid.IntRange(2, 15).Draw(t, "before"),
				rapid.SampledFrom([]string{"add", "update", "remove"}).Draw(t, "kind"),
				rapid.IntRange(0, 60).Draw(t, "which"),
			}
		}), 0, 25).Draw(t, "changes")
		l.change = func(l *living) {
			for _, c := range changes {
				switch {
				case c.Before != l.asked:
				case c.Kind == "add" || len(l.list) == 0:
					l.add()
				case c.Kind == "update":
					l.update(c.Which % len(l.list))
				default:
					l.remove(c.Which % len(l.list))
				}
			}
		}
		got, err := l.read(t, defender.ListOptions{Top: rapid.IntRange(0, 10).Draw(t, "top")})
		var paging *defender.PagingError
		if errors.As(err, &paging) && paging.Problem == defender.PagingUnstable {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range before {
			n := slices.IndexFunc(l.list, func(i livingIncident) bool { return i.id == id })
			if n < 0 || slices.Contains(got, id) || l.asked == 2 && l.list[n].updated.After(begun) {
				continue
			}
			t.Fatalf("incident %s of %v was there all the time and was not read: %v", id, before, got)
		}
	})
}

func TestListsThatDoNotWork(t *testing.T) {
	for _, c := range []struct {
		name    string
		handler http.HandlerFunc
		want    defender.PagingProblem
	}{
		{"$skip is ignored", answer(200, `{"value":[{"incidentId":3},{"incidentId":2},{"incidentId":1}]}`), defender.PagingRepeated},
		{"$skip is ignored, one incident", answer(200, `{"value":[{"incidentId":3}]}`), defender.PagingRepeated},
		{"nothing beyond the first page", func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Get("$skip") != "" {
				fmt.Fprint(w, `{"value":[]}`)
				return
			}
			fmt.Fprint(w, `{"value":[{"incidentId":3},{"incidentId":2}]}`)
		}, defender.PagingUnstable},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := ids(t, newClient(t, c.handler), "xdr", defender.ListOptions{})
			var paging *defender.PagingError
			if !errors.As(err, &paging) || paging.Problem != c.want {
				t.Errorf("error %v, want PagingError %q", err, c.want)
			}
		})
	}
}
