package e2e

import (
	"cmp"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tenantry/tenantry/defender"
	"github.com/tenantry/tenantry/sandbox/limit"
)

const limitsPage = "../../docs/limits.md"

// TestLimitsPage keeps the tables of docs/limits.md equal to those of both
// sides, and runs its commands.
func TestLimitsPage(t *testing.T) {
	text, err := os.ReadFile(limitsPage)
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	for name, table := range map[string]string{"limits": limitsTable(), "retirements": retirementsTable()} {
		re := regexp.MustCompile(`(?s)(<!-- table: ` + name + ` -->\n).*?(<!-- end -->)`)
		if !re.MatchString(page) {
			t.Errorf("the page has no place for the table of %s", name)
		}
		page = re.ReplaceAllStringFunc(page, func(s string) string {
			m := re.FindStringSubmatch(s)
			return m[1] + table + m[2]
		})
	}
	if page != string(text) {
		if !*update {
			t.Fatalf("%s is not what the tables say; run: go test ./internal/e2e -run LimitsPage -update", limitsPage)
		}
		if err := os.WriteFile(limitsPage, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	needTools(t, "docs/limits.md", "bash", "curl")
	follow(t, limitsPage)
}

// limitsTable has a row for the calls of each page; that the client keeps what
// the sandbox enforces is a test of its own.
func limitsTable() string {
	type row struct {
		service, calls, per, source, ours string
		operations                        []string
	}
	var rows []row
	for _, r := range limit.Published() {
		ours := ""
		if r.Ours {
			ours = "ours"
		}
		new := row{r.Service, fmt.Sprint(r.Calls), window(r.Per), r.Source, ours, r.Operations}
		if i := slices.IndexFunc(rows, func(o row) bool { return o.source == new.source && slices.Equal(o.operations, new.operations) }); i >= 0 {
			rows[i].calls += ", " + new.calls
			rows[i].per += ", " + new.per
			continue
		}
		rows = append(rows, new)
	}
	var b strings.Builder
	b.WriteString("| surface | calls | at most | published at |\n|---|---|---|---|\n")
	for _, r := range rows {
		calls, per := strings.Split(r.calls, ", "), strings.Split(r.per, ", ")
		most := make([]string, len(calls))
		for i := range calls {
			most[i] = calls[i] + " per " + per[i]
		}
		source := "[" + strings.TrimPrefix(r.source, "https://learn.microsoft.com/") + "](" + r.source + ")"
		if r.ours != "" {
			source = "**ours**; " + source + " does not name these calls"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", r.service, "`"+strings.Join(r.operations, "`, `")+"`", strings.Join(most, ", "), source)
	}
	return b.String()
}

func window(d time.Duration) string {
	switch d {
	case time.Minute:
		return "minute"
	case time.Hour:
		return "hour"
	}
	return d.String()
}

func retirementsTable() string {
	all := defender.Retirements()
	slices.SortStableFunc(all, func(a, b defender.Retirement) int { return cmp.Compare(a.Ends.Unix(), b.Ends.Unix()) })
	var b strings.Builder
	b.WriteString("| API | ends | announced | successor |\n|---|---|---|---|\n")
	for _, r := range all {
		fmt.Fprintf(&b, "| %s: `%s %s` | %s | %s ([page](%s)) | %s |\n", r.What, r.Method, r.Path, r.Ends.Format(time.DateOnly), r.Announcement, r.Source, r.Successor)
	}
	return b.String()
}
