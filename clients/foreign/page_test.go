package foreign

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite docs/clients.md from the lists of clients")

// TestPage keeps docs/clients.md equal to what the suite runs and replays.
func TestPage(t *testing.T) {
	const page = "../../docs/clients.md"
	got := matrixPage()
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
		t.Errorf("%s is not what the suite runs; run: .ci/clients -run TestPage -update", page)
	}
}

func matrixPage() string {
	var b strings.Builder
	b.WriteString(`# Foreign clients

Unmodified clients of other makers judge the [sandbox](sandbox.md): ` + "`make clients`" + ` installs them and runs each through
` + "`tenantry sandbox exec`" + ` in every situation below. A cell passes only if the client's own outcome (a result, or an error of
the client's own type) and the sandbox's journal agree: a 200 counts when the API checked a role on the way, a refusal when the
token service recorded that number.

This page is made from the suite's lists: ` + "`.ci/clients -run TestPage -update`" + `.

| situation | what is done |
|---|---|
`)
	for _, s := range situations {
		fmt.Fprintf(&b, "| %s | %s |\n", s.name, s.explain())
	}
	b.WriteString("\n## Run\n\n")
	var reasons []string
	table(&b, "ok", func(row func(name string, cannot map[string]string)) {
		for _, c := range foreignClients {
			row(c.name, c.cannot)
		}
	}, &reasons)
	b.WriteString(`
## Readers

These read the 70 incidents of one tenant through Microsoft Graph, and are judged by what the other surface tells of the
same tenant, and by the journal.

| client | what it does |
|---|---|
`)
	for _, r := range readers {
		fmt.Fprintf(&b, "| %s | %s |\n", r.name, r.what)
	}
	b.WriteString(`
## Replayed, not run

These cannot be installed here. Their requests are written down from their documentation and source, sent by plain
HTTP and judged by the journal alone: this shows that the requests are understood, not how the clients read the answers.

`)
	table(&b, "replayed", func(row func(name string, cannot map[string]string)) {
		for _, c := range replayedClients {
			row(c.name, c.cannot)
		}
	}, &reasons)
	b.WriteString("\n## Why a cell is empty\n\n")
	for i, r := range reasons {
		fmt.Fprintf(&b, "%d. %s\n", i+1, r)
	}
	return b.String()
}

func table(b *strings.Builder, done string, rows func(func(string, map[string]string)), reasons *[]string) {
	b.WriteString("| client |")
	for _, s := range situations {
		fmt.Fprintf(b, " %s |", s.name)
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(situations)) + "\n")
	rows(func(name string, cannot map[string]string) {
		fmt.Fprintf(b, "| %s |", name)
		for _, s := range situations {
			reason, ok := cannot[s.name]
			if !ok {
				fmt.Fprintf(b, " %s |", done)
				continue
			}
			i := slices.Index(*reasons, reason)
			if i < 0 {
				*reasons = append(*reasons, reason)
				i = len(*reasons) - 1
			}
			fmt.Fprintf(b, " (%d) |", i+1)
		}
		b.WriteString("\n")
	})
}

func (s situation) explain() string {
	switch {
	case s.aadsts == 7000215:
		return "a wrong secret: refused with AADSTS7000215"
	case s.aadsts == 7000222:
		return "an expired secret: AADSTS7000222"
	case s.aadsts == 7000229:
		return "a tenant that never consented: AADSTS7000229"
	case s.aadsts == 700016:
		return "the same in a tenant with the older answer: AADSTS700016"
	case s.aadsts == 90002:
		return "a tenant that does not exist: AADSTS90002"
	case s.aadsts == 700027:
		return "a certificate that is not registered: AADSTS700027"
	case s.aadsts == 1002012:
		return "a scope without /.default: AADSTS1002012"
	case s.api == 401:
		return "a token with a changed signature: the API answers 401"
	case s.api == 403:
		return "a token without roles: the API answers 403"
	case s.cert != "":
		return "sign in by certificate, read incidents: 200"
	case s.fed:
		return "sign in by a foreign issuer's assertion, read incidents: 200"
	}
	return "sign in by secret, read incidents: 200"
}
