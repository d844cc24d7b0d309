package defender_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/defender"
)

func ids(t *testing.T, c *defender.Client, s defender.Surface, opts defender.ListOptions) (got []string, err error) {
	t.Helper()
	for i, e := range c.Incidents(s).All(t.Context(), opts) {
		if e != nil {
			if i != nil || err != nil {
				t.Error("an error must come alone and once")
			}
			err = e
			continue
		}
		got = append(got, i.ID)
	}
	return got, err
}

func graphPage(next string, ids ...string) string {
	var items []string
	for _, id := range ids {
		items = append(items, fmt.Sprintf(`{"id":%q,"lastUpdateDateTime":"2026-11-20T00:00:00Z"}`, id))
	}
	link := ""
	if next != "" {
		link = fmt.Sprintf(`,"@odata.nextLink":%q`, next)
	}
	return `{"value":[` + strings.Join(items, ",") + `]` + link + `}`
}

func TestGraphPaging(t *testing.T) {
	const start = "/v1.0/security/incidents"
	for _, c := range []struct {
		name  string
		pages map[string]string // by $skiptoken; the link is filled in for LINK:token
		want  []string
		err   defender.PagingProblem
	}{
		{"one page", map[string]string{"": graphPage("", "3", "2", "1")}, []string{"3", "2", "1"}, ""},
		{"none", map[string]string{"": graphPage("")}, nil, ""},
		{"three pages, one empty", map[string]string{"": graphPage("LINK:a", "5", "4"), "a": graphPage("LINK:b"), "b": graphPage("", "3")}, []string{"5", "4", "3"}, ""},
		{"one comes again", map[string]string{"": graphPage("LINK:a", "5", "4"), "a": graphPage("", "4", "3")}, []string{"5", "4", "3"}, ""},
		{"relative link", map[string]string{"": graphPage(start+"?$skiptoken=a", "5"), "a": graphPage("", "4")}, []string{"5", "4"}, ""},
		{"link to itself", map[string]string{"": graphPage("LINK:a", "5"), "a": graphPage("LINK:a", "4")}, []string{"5", "4"}, defender.PagingLoop},
		{"link in a circle", map[string]string{"": graphPage("LINK:a", "5"), "a": graphPage("LINK:b", "4"), "b": graphPage("LINK:a", "3")}, []string{"5", "4", "3"}, defender.PagingLoop},
		{"same page twice", map[string]string{"": graphPage("LINK:a", "5", "4"), "a": graphPage("LINK:b", "5", "4"), "b": graphPage("", "3")}, []string{"5", "4"}, defender.PagingRepeated},
		{"other host", map[string]string{"": graphPage("https://evil.example"+start+"?$skiptoken=a", "5")}, nil, defender.PagingForeignLink},
		{"other scheme", map[string]string{"": graphPage("FTP:a", "5")}, nil, defender.PagingForeignLink},
		{"user in the link", map[string]string{"": graphPage("USER:a", "5")}, nil, defender.PagingForeignLink},
		{"broken link", map[string]string{"": graphPage("https://%zz", "5")}, nil, defender.PagingForeignLink},
	} {
		t.Run(c.name, func(t *testing.T) {
			client := newClient(t, func(w http.ResponseWriter, r *http.Request) {
				body, ok := c.pages[r.URL.Query().Get("$skiptoken")]
				if !ok {
					t.Errorf("asked for %s", r.URL)
				}
				for mark, prefix := range map[string]string{"LINK:": "http://" + r.Host, "FTP:": "ftp://" + r.Host, "USER:": "http://u:p@" + r.Host} {
					body = strings.ReplaceAll(body, mark, prefix+start+"?$skiptoken=")
				}
				_, _ = io.WriteString(w, body)
			})
			got, err := ids(t, client, "graph", defender.ListOptions{})
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			var paging *defender.PagingError
			if c.err == "" && err != nil || c.err != "" && (!errors.As(err, &paging) || paging.Problem != c.err || paging.Next() == "") {
				t.Errorf("error %v, want PagingError %q", err, c.err)
			}
			if err != nil && strings.Contains(err.Error(), "skiptoken") {
				t.Errorf("error %v shows the query", err)
			}
		})
	}
}

func TestEndlessEmptyPagesEnd(t *testing.T) {
	n := 0
	client := newClient(t, func(w http.ResponseWriter, r *http.Request) {
		n++
		_, _ = io.WriteString(w, graphPage(fmt.Sprintf("http://%s/v1.0/security/incidents?$skiptoken=%d", r.Host, n)))
	})
	_, err := ids(t, client, "graph", defender.ListOptions{})
	var paging *defender.PagingError
	if !errors.As(err, &paging) || paging.Problem != defender.PagingRepeated {
		t.Errorf("error %v after %d pages", err, n)
	}
}

func TestListWithCursors(t *testing.T) {
	client := newClient(t, func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		switch {
		case q.Get("$skiptoken") == "a":
			_, _ = io.WriteString(w, graphPage("", "1"))
		case strings.HasPrefix(r.URL.Path, "/v1.0"):
			_, _ = io.WriteString(w, graphPage("http://"+r.Host+r.URL.Path+"?$skiptoken=a", "2"))
		case q.Get("$skip") == "":
			_, _ = io.WriteString(w, `{"value":[{"incidentId":2}]}`)
		case q.Get("$skip") == "1":
			_, _ = io.WriteString(w, `{"value":[{"incidentId":1}]}`)
		default:
			_, _ = io.WriteString(w, `{"value":[]}`)
		}
	})
	for _, s := range defender.Surfaces() {
		var got []string
		opts := defender.ListOptions{}
		for range 5 {
			page, err := client.Incidents(s).List(t.Context(), opts)
			if err != nil {
				t.Fatal(err)
			}
			for _, i := range page.Items {
				got = append(got, i.ID)
			}
			if opts.Cursor = page.Next; opts.Cursor == "" {
				break
			}
		}
		if diff := cmp.Diff([]string{"2", "1"}, got); diff != "" || opts.Cursor != "" {
			t.Errorf("%s: -want +got, cursor %q:\n%s", s, opts.Cursor, diff)
		}
	}
	for s, cursors := range map[defender.Surface][]string{
		"graph": {"https://evil.example/v1.0/security/incidents?$skiptoken=a", "skip:3", "/v1.0/users", "::"},
		"xdr":   {"skip:-1", "skip:x", "3", "https://api.security.microsoft.com/api/incidents"},
	} {
		for _, cursor := range cursors {
			_, err := client.Incidents(s).List(t.Context(), defender.ListOptions{Cursor: cursor})
			var paging *defender.PagingError
			if !errors.As(err, &paging) || paging.Problem != defender.PagingBadCursor {
				t.Errorf("%s, cursor %q: error %v", s, cursor, err)
			}
		}
	}
}

func TestEarlyStopReadsNoFurther(t *testing.T) {
	asked := 0
	client := newClient(t, func(w http.ResponseWriter, r *http.Request) {
		asked++
		if strings.HasPrefix(r.URL.Path, "/api") {
			_, _ = io.WriteString(w, `{"value":[{"incidentId":2},{"incidentId":1}]}`)
			return
		}
		_, _ = io.WriteString(w, graphPage("http://"+r.Host+r.URL.Path+"?"+url.Values{"$skiptoken": {"a"}}.Encode(), "2", "1"))
	})
	for _, s := range defender.Surfaces() {
		asked = 0
		for i, err := range client.Incidents(s).All(t.Context(), defender.ListOptions{}) {
			if err != nil || i.ID != "2" {
				t.Errorf("%s: %v, %v", s, i, err)
			}
			break
		}
		if asked != 1 {
			t.Errorf("%s: %d requests for one incident", s, asked)
		}
	}
}
