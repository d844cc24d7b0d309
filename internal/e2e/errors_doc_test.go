package e2e

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/tenantry/tenantry/entra"
	"github.com/tenantry/tenantry/sandbox/sts"
)

var update = flag.Bool("update", false, "rewrite docs/errors.md from the tables")

// TestErrorsPage keeps docs/errors.md equal to the tables of both sides.
func TestErrorsPage(t *testing.T) {
	const page = "../../docs/errors.md"
	got := errorsPage()
	if *update {
		if err := os.WriteFile(page, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s is not what the tables say; run: go test ./internal/e2e -run ErrorsPage -update", page)
	}
}

func errorsPage() string {
	conditions := map[int][]string{}
	for _, row := range sts.Errors() {
		if !slices.Contains(conditions[row.Code], row.Condition) {
			conditions[row.Code] = append(conditions[row.Code], row.Condition)
		}
	}
	var b strings.Builder
	b.WriteString(`# Errors of Microsoft Entra ID, and what to do next

Every refusal of the token service carries an AADSTS number. Tenantry keeps it with the correlation id, the trace id and the
service's time, and says the next step in a sentence; in Go it is an ` + "`*entra.Error`" + ` with ` + "`Code`, `Action` and `Next()`" + `.
Numbers that are not listed are kept whole, with the service's own text.

Microsoft asks programs not to branch on these numbers but on the OAuth error (` + "`invalid_client`, `invalid_grant`" + ` …): they are
for people. *When* is filled in where the [sandbox](sandbox.md) answers the number for that condition.

This page is made from the tables in the code: ` + "`go test ./internal/e2e -run ErrorsPage -update`" + `.

| AADSTS | what to do next | action | when |
|---|---|---|---|
`)
	cell := func(s string) string { return strings.ReplaceAll(s, "|", `\|`) }
	for _, c := range entra.Codes() {
		fmt.Fprintf(&b, "| %d | %s | %s | %s |\n", c.Code, cell(c.Next), c.Action, cell(strings.Join(conditions[c.Code], "; ")))
	}
	return b.String()
}
