package e2e

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/tenantry/tenantry/defender"
	"github.com/tenantry/tenantry/internal/cli"
	"github.com/tenantry/tenantry/internal/cli/factory"
	"github.com/tenantry/tenantry/internal/cli/iostreams"
	"github.com/tenantry/tenantry/sandbox"
	"github.com/tenantry/tenantry/sandbox/fault"
	"github.com/tenantry/tenantry/sandbox/limit"
	"github.com/tenantry/tenantry/sandbox/world"
	"github.com/tenantry/tenantry/store/sqlite"
)

// shownWorld has a tenant whose incidents an attacker named, and one incident of
// 10,000 alerts.
const shownWorld = `
tenants:
  - {name: Partner, domains: [partner.example]}
  - {name: Hostile, id: 90000000-0000-4000-8000-000000000011, domains: [hostile.example], incidents: {count: 44, seed: 3, hostile: true}}
  - {name: Large, id: 90000000-0000-4000-8000-000000000012, domains: [large.example], incidents: {count: 3, seed: 4, bigAlerts: 10000}}
apps:
  - displayName: Outside
    appId: 99999999-0000-4000-8000-000000000000
    secrets: [{name: one, value: not-a-secret}]
    requiredRoles:
      - {resource: graph, roles: [SecurityIncident.ReadWrite.All, SecurityAlert.ReadWrite.All]}
      - {resource: xdr, roles: [Incident.ReadWrite.All]}
consents:
  - {tenant: hostile.example, app: Outside, roles: all}
  - {tenant: large.example, app: Outside, roles: all}
`

const (
	hostile = "90000000-0000-4000-8000-000000000011"
	large   = "90000000-0000-4000-8000-000000000012"
)

// terminal runs the command line before a sandbox.
type terminal struct {
	*sandbox.Sandbox
	environ []string
}

func newTerminal(t *testing.T) *terminal {
	t.Helper()
	spec, err := world.ParseFile([]byte(shownWorld), sandbox.WorldOptions()...)
	if err != nil {
		t.Fatal(err)
	}
	w, err := spec.Build(time.Now)
	if err != nil {
		t.Fatal(err)
	}
	s, err := sandbox.New(sandbox.Config{World: w, Limits: []limit.Rule{}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	// A cloud at the sandbox's own address: the variables for its proxy would be
	// those of the test's process.
	dir := t.TempDir()
	config := fmt.Sprintf("cloud: box\ncustom_cloud: {name: box, login: %q, graph: %[1]q, defender: %[1]q}\nca_file: %q\n", s.Origin(), s.CAFile())
	if err := os.WriteFile(filepath.Join(dir, "tenantry.yaml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	return &terminal{s, []string{"HOME=" + dir, "XDG_STATE_HOME=" + dir, "TENANTRY_CONFIG=" + filepath.Join(dir, "tenantry.yaml"), "AZURE_CLIENT_ID=" + boxApp, "AZURE_CLIENT_SECRET=not-a-secret"}}
}

// look is who looks at the output: a file when the width is 0.
type look struct {
	width int
	color bool
}

// run runs one command, which must succeed.
func (c *terminal) run(t *testing.T, l look, args ...string) (stdout, stderr string) {
	t.Helper()
	streams, out, errOut := iostreams.Test("")
	streams.OutTTY, streams.Width = l.width > 0, l.width
	environ := c.environ
	if !l.color {
		environ = append(environ[:len(environ):len(environ)], "NO_COLOR=1")
	}
	code := cli.Run(t.Context(), args, factory.Options{
		Streams: streams, Environ: environ, Now: time.Now, Version: "test",
		OpenStore: func(ctx context.Context, path string, now func() time.Time) (factory.Store, error) {
			return sqlite.Open(ctx, path, now)
		},
	})
	if code != 0 {
		t.Fatalf("tenantry %s: exit %d: %s", strings.Join(args, " "), code, errOut)
	}
	return out.String(), errOut.String()
}

// own are the colours of this program.
var own = regexp.MustCompile("\x1b\\[(0|1|2|1;31|33|32|36)m")

// inert says what in a text a terminal would obey, or could show as something
// else; "" when there is nothing.
func inert(text string, color bool) string {
	if color {
		text = own.ReplaceAllString(text, "")
	}
	if !utf8.ValidString(text) {
		return "bytes that are no UTF-8"
	}
	for at, r := range text {
		bad := r != '\n' && unicode.IsControl(r)
		switch {
		case r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0x200e, r == 0x200f, r == 0x061c, r == 0x2028, r == 0x2029:
			bad = true
		}
		if bad {
			return fmt.Sprintf("%U in %q", r, text[max(0, at-40):min(len(text), at+40)])
		}
	}
	return ""
}

// formula says which cell a spreadsheet would take for a formula.
func formula(t *testing.T, text string) string {
	t.Helper()
	r := csv.NewReader(strings.NewReader(text))
	rows, err := r.ReadAll()
	if err != nil {
		return err.Error()
	}
	if len(rows) < 2 {
		return "no rows"
	}
	for _, row := range rows {
		for _, cell := range row {
			begin := strings.TrimLeft(cell, " \u3000\u00a0")
			if first, _ := utf8.DecodeRuneInString(begin); begin == "" || !strings.ContainsRune("=+-@＝＋－＠\t\r|", first) {
				continue
			}
			if _, err := strconv.ParseFloat(begin, 64); err != nil {
				return fmt.Sprintf("%q", cell)
			}
		}
	}
	return ""
}

// TestHostileTextsAreShownInert: what an attacker can write into an incident
// is in the list and in the incident itself, in every format and on both
// surfaces, as text and as nothing else; JSON gives it back as it was.
func TestHostileTextsAreShownInert(t *testing.T) {
	c := newTerminal(t)
	names := map[string]string{}
	for _, i := range c.World().Incidents(hostile) {
		names[strconv.FormatInt(i.ID, 10)] = i.Name
	}
	raw := strings.Builder{}
	for _, name := range names {
		raw.WriteString(name + "\n")
	}
	for _, harm := range []string{"\x1b[2J", "\x1b]8;;", "\u009b", "\u202e", "\u2066", "=HYPERLINK(", "@SUM(", "\n＝1+1", "\n＠SUM(", "\x00", "\r\n"} {
		if !strings.Contains(raw.String(), harm) {
			t.Fatalf("the world does not have %q; this test would prove less", harm)
		}
	}
	check := func(t *testing.T, l look, args ...string) string {
		t.Helper()
		out, errOut := c.run(t, l, args...)
		for where, text := range map[string]string{"stdout": out, "stderr": errOut} {
			if problem := inert(text, l.color); problem != "" {
				t.Errorf("%s, %s: %s", strings.Join(args, " "), where, problem)
			}
		}
		if out == "" {
			t.Errorf("%s printed nothing", strings.Join(args, " "))
		}
		return out
	}
	for _, surface := range defender.Surfaces() {
		t.Run("list "+string(surface), func(t *testing.T) {
			list := []string{"incidents", "list", "--tenant", hostile, "--surface", string(surface), "-o"}
			for _, l := range []look{{}, {width: 80}, {width: 200, color: true}} {
				out := check(t, l, append(list, "table")...)
				if lines := strings.Count(out, "\n"); lines != len(names)+1 {
					t.Errorf("%d lines for %d incidents", lines, len(names))
				}
			}
			if problem := formula(t, check(t, look{}, append(list, "csv")...)); problem != "" {
				t.Errorf("csv: %s", problem)
			}
			check(t, look{}, append(list, "yaml")...)
			check(t, look{}, append(list, "ndjson")...)
			var doc struct {
				Items []struct{ ID, DisplayName string }
			}
			if err := json.Unmarshal([]byte(check(t, look{}, append(list, "json")...)), &doc); err != nil {
				t.Fatal(err)
			}
			if len(doc.Items) != len(names) {
				t.Errorf("%d incidents in JSON", len(doc.Items))
			}
			for _, i := range doc.Items {
				if i.DisplayName != names[i.ID] {
					t.Errorf("incident %s is %q in JSON, want %q", i.ID, i.DisplayName, names[i.ID])
				}
			}
			// What a query leaves over goes through a table of its own.
			if problem := formula(t, check(t, look{}, append(list, "csv", "--query", "items[].{name: displayName, tags: customTags}")...)); problem != "" {
				t.Errorf("csv of a query: %s", problem)
			}
			check(t, look{width: 80}, append(list, "table", "--query", "items[].displayName")...)
		})
		t.Run("show "+string(surface), func(t *testing.T) {
			for id, name := range names {
				show := []string{"incidents", "show", id, "--tenant", hostile, "--surface", string(surface), "-o"}
				check(t, look{width: 100, color: true}, append(show, "table")...)
				if out := check(t, look{}, append(show, "table")...); !strings.Contains(out, harmless(name)) {
					t.Errorf("incident %s: the name is not in %q", id, out[:min(len(out), 200)])
				}
				if problem := formula(t, check(t, look{}, append(show, "csv")...)); problem != "" {
					t.Errorf("incident %s, csv: %s", id, problem)
				}
				var doc struct{ ID, DisplayName string }
				if err := json.Unmarshal([]byte(check(t, look{}, append(show, "json")...)), &doc); err != nil {
					t.Fatal(err)
				}
				if doc.DisplayName != name {
					t.Errorf("incident %s is %q in JSON, want %q", id, doc.DisplayName, name)
				}
			}
		})
	}
	t.Run("bytes that are no UTF-8", func(t *testing.T) {
		f, err := c.Faults().BadUTF8(fault.Scope{Services: []string{"graph", "xdr"}})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Faults().Remove(f.ID)
		for _, surface := range defender.Surfaces() {
			for _, format := range []string{"table", "csv", "json", "ndjson", "yaml"} {
				check(t, look{}, "incidents", "list", "--tenant", hostile, "--surface", string(surface), "-o", format)
			}
		}
	})
}

// harmless is the longest run of letters, digits and spaces of a text.
func harmless(s string) string {
	longest := ""
	for _, part := range strings.FieldsFunc(s, func(r rune) bool { return !(r < 128 && (unicode.IsLetter(r) || unicode.IsDigit(r) || r == ' ')) }) {
		if len(part) > len(longest) {
			longest = part
		}
	}
	return strings.TrimSpace(longest)
}

// TestLargeIncidentIsShown: an incident of 10,000 alerts is read whole on both
// surfaces and shown: to a person in a terminal in a page that says what it
// leaves out, in a file and to programs with every alert.
func TestLargeIncidentIsShown(t *testing.T) {
	c := newTerminal(t)
	var big *world.Incident
	for _, i := range c.World().Incidents(large) {
		if len(i.Alerts) == 10_000 {
			big = i
		}
	}
	if big == nil {
		t.Fatal("the world has no incident of 10,000 alerts")
	}
	id := strconv.FormatInt(big.ID, 10)
	for _, surface := range defender.Surfaces() {
		t.Run(string(surface), func(t *testing.T) {
			begun := time.Now()
			show := []string{"incidents", "show", id, "--tenant", large, "--surface", string(surface), "-o"}
			out, errOut := c.run(t, look{}, append(show, "json")...)
			var doc struct{ Alerts []struct{ ID, Title string } }
			if err := json.Unmarshal([]byte(out), &doc); err != nil {
				t.Fatal(err)
			}
			titles := map[string]string{}
			for _, a := range doc.Alerts {
				titles[a.ID] = a.Title
			}
			if len(doc.Alerts) != len(big.Alerts) || strings.Contains(errOut, "missing") {
				t.Errorf("%d alerts in JSON: %s", len(doc.Alerts), errOut)
			}
			for _, a := range big.Alerts {
				if titles[a.ID] != a.Title {
					t.Fatalf("alert %s is %q, want %q", a.ID, titles[a.ID], a.Title)
				}
			}
			page, _ := c.run(t, look{width: 100}, append(show, "table")...)
			if lines := strings.Count(page, "\n"); lines > 600 || !regexp.MustCompile(`and 9\d\d\d alerts more`).MatchString(page) {
				t.Errorf("%d lines in a terminal, which do not say what is left out:\n%.2000s", lines, page)
			}
			file, _ := c.run(t, look{}, append(show, "csv")...)
			if n := strings.Count(file, "\nalert "); n != len(big.Alerts) {
				t.Errorf("%d alerts in CSV", n)
			}
			whole, _ := c.run(t, look{}, append(show, "table")...)
			if n := bytes.Count([]byte(whole), []byte("\n")); n < len(big.Alerts) {
				t.Errorf("%d lines in a file for %d alerts", n, len(big.Alerts))
			}
			list, _ := c.run(t, look{}, "incidents", "list", "--tenant", large, "--surface", string(surface), "-o", "csv")
			if strings.Count(list, "\n") != 5 || !strings.Contains(list, ","+id+",") {
				t.Errorf("list: %s", list)
			}
			t.Logf("%s in all", time.Since(begun).Round(time.Millisecond))
		})
	}
}
