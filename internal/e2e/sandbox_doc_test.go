package e2e

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/sandbox/journal"
)

// Pages are followed as a newcomer would: files are saved from the page,
// commands are typed into a terminal, and what they print is compared with what
// the page shows. "…" on a line of its own in a page's output stands for any
// number of lines. Stage directions before a block say what is not typed:
//
//	save NAME      the block is a file
//	leave running  the command runs in a terminal of its own until the page ends
//	build          the commands build the program from this source tree
//	terminal       the command opens a shell, which the following blocks are typed into
//	type           the block is one script, with continued lines
//	run            the commands are run; what they print is not on the page
//	skip           the block is not run, as the text around it says
const directions = "save, leave running, build, terminal, type, run, skip"

// TestSandboxPage follows docs/sandbox.md from a fresh clone to a program that
// reads and changes an incident.
func TestSandboxPage(t *testing.T) {
	needTools(t, "docs/sandbox.md", "bash", "curl", "python3", "go")
	f := follow(t, "../../docs/sandbox.md", "../../sandbox/example_test.go")

	program, err := os.ReadFile(filepath.Join(f.dir, "incidents.py"))
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(program), "\n"); n > 30 {
		t.Errorf("the page's program has %d lines, more than 30", n)
	}
	// The judge is what the sandbox wrote down, not what the program printed.
	text := string(f.journal(t))
	for _, want := range []string{
		`"operation":"token","status":200`,
		`"operation":"incidents.list","status":200`,
		`"what":"incident.updated"`, `"what":"incident.commented"`,
		`"operation":"incidents.update","status":429`,
		`"service":"xdr","operation":"incidents.list","status":200`,
	} {
		if !regexp.MustCompile(between(want)).MatchString(text) {
			t.Errorf("the journal has no line with %s", want)
		}
	}
	if strings.Contains(text, `"kind":"`+journal.KindRefused+`"`) {
		t.Error("something on the page asked for a host that is nobody's")
	}
}

// TestReadme follows the first minute of the README.
func TestReadme(t *testing.T) {
	needTools(t, "README.md", "bash", "curl", "go")
	f := follow(t, "../../README.md")
	for _, want := range []string{`"service":"xdr","operation":"incidents.get","status":200`, `"userAgent":"curl/`} {
		if !regexp.MustCompile(between(want)).Match(f.journal(t)) {
			t.Errorf("the journal has no line with %s", want)
		}
	}
}

// TestGuidePages follows the guides, in one directory, with the set-up of the first.
func TestGuidePages(t *testing.T) {
	needTools(t, "the guide pages", "bash")
	f := follow(t, "../../docs/incidents.md", "../../defender/update_example_test.go", "../../defender/example_test.go")
	f.page(t, "../../docs/response.md", "../../respond/example_test.go")
	text := string(f.journal(t))
	for _, want := range []string{
		`"service":"graph","operation":"incidents.update","status":200`,
		`"service":"mde","operation":"machines.isolate","status":201`,
		`"service":"mde","operation":"indicators.submit","status":200`,
	} {
		if !regexp.MustCompile(between(want)).MatchString(text) {
			t.Errorf("the journal has no line with %s", want)
		}
	}
}

// between lets other members stand between those given, on one line.
func between(members string) string {
	parts := strings.Split(members, `,"`)
	for i := range parts {
		if i > 0 {
			parts[i] = `"` + parts[i]
		}
		parts[i] = regexp.QuoteMeta(parts[i])
	}
	return strings.Join(parts, `[^\n]*`)
}

func needTools(t *testing.T, page string, tools ...string) {
	t.Helper()
	for _, need := range tools {
		if _, err := exec.LookPath(need); err != nil {
			why := need + " is not installed: the blocks of " + page + " were NOT run; install it, or let .ci/run do so"
			if os.Getenv("CI") != "" {
				t.Fatal(why)
			}
			t.Skip(why)
		}
	}
}

// follower is a newcomer with a directory, terminals and one page after the other.
type follower struct {
	dir, state string
	env        []string
	bodies     map[string]string
	shell      *shell
}

// follow begins with a page; sources hold the functions whose bodies its Go
// blocks are.
func follow(t *testing.T, page string, sources ...string) *follower {
	t.Helper()
	home := t.TempDir()
	f := &follower{dir: filepath.Join(home, "work"), state: filepath.Join(home, "state")}
	if err := os.Mkdir(f.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	f.env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "TMPDIR=" + t.TempDir(), "XDG_STATE_HOME=" + f.state, "LC_ALL=C.UTF-8",
		"TENANTRY_OUTPUT=table", // what a terminal gets
	}
	f.shell = f.open(t, "bash")
	f.page(t, page, sources...)
	return f
}

func (f *follower) journal(t *testing.T) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(f.state, "tenantry", "sandbox", "journal.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func (f *follower) page(t *testing.T, file string, sources ...string) {
	t.Helper()
	source, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	all, err := blocks(string(source))
	if err != nil {
		t.Fatal(err)
	}
	f.bodies = map[string]string{}
	for _, s := range sources {
		for name, body := range bodies(t, s) {
			f.bodies[name] = body
		}
	}
	page, grown, direction := string(source), 0, ""
	for _, b := range all {
		if t.Failed() {
			return
		}
		if b.lang == "person" {
			direction = b.text
			continue
		}
		where := fmt.Sprintf("%s:%d", filepath.Base(file), b.line)
		if want := f.block(t, where, b, direction); want != b.text && *update {
			b.line += grown
			page = replaceBlock(page, b, want)
			grown += strings.Count(want, "\n") - strings.Count(b.text, "\n")
		}
		direction = ""
	}
	if *update && !t.Failed() {
		if err := os.WriteFile(file, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// block does what a block says and returns what the block should be.
func (f *follower) block(t *testing.T, where string, b block, direction string) string {
	t.Helper()
	does, name, _ := strings.Cut(direction, " ")
	switch {
	case does == "save":
		if err := os.WriteFile(filepath.Join(f.dir, name), []byte(b.text), 0o600); err != nil {
			t.Fatal(err)
		}
		return b.text
	case direction == "skip":
		return b.text
	case b.lang == "go":
		body, ok := f.bodies[b.name]
		if !ok {
			t.Errorf("%s: no function %q is there to be shown", where, b.name)
			return b.text
		}
		body, _, _ = strings.Cut(body, "// Output:")
		if body = strings.TrimRight(body, " \n") + "\n"; body != b.text && !*update {
			t.Errorf("%s: not the body of %s: %s", where, b.name, gocmp.Diff(b.text, body))
		}
		return body
	case b.lang != "console" || !slices.Contains([]string{"", "build", "leave running", "terminal", "type", "run"}, direction):
		t.Errorf("%s: a block of %q is run by nothing; directions are %s", where, b.lang, directions)
		return b.text
	}
	list, err := sessions(b)
	if err != nil {
		t.Fatalf("%s: %v", where, err)
	}
	if direction == "type" {
		list = scripts(b)
	}
	want := ""
	for _, c := range list {
		var out string
		switch direction {
		case "build":
			out = f.build(t, where, c.command)
		case "leave running":
			f.leave(t, c.command)
		case "terminal":
			f.shell = f.open(t, c.command)
		default:
			if out, err = f.shell.run(c.command); err != nil {
				t.Fatalf("%s: $ %s\n%s%v", where, c.command, out, err)
			}
		}
		if direction == "run" {
			out = ""
		}
		if alike(c.output, out) {
			out = c.output // as it stands: only what differs from run to run differs
		} else if !*update {
			t.Errorf("%s: $ %s\npage (-) and run (+) differ: %s", where, c.command, gocmp.Diff(still(c.output), still(out)))
		}
		want += "$ " + c.command + "\n" + shown(out)
	}
	return want
}

// scripts reads commands that go on over lines ending in a backslash or a bar.
func scripts(b block) []session {
	var all []session
	open := false
	for line := range strings.Lines(b.text) {
		line = strings.TrimSuffix(line, "\n")
		command, begins := strings.CutPrefix(line, "$ ")
		switch {
		case begins:
			all = append(all, session{command: command})
		case open:
			all[len(all)-1].command += "\n" + line
		default:
			all[len(all)-1].output += line + "\n"
			continue
		}
		open = strings.HasSuffix(line, `\`) || strings.HasSuffix(line, "|")
	}
	return all
}

var (
	agoRE   = regexp.MustCompile(`\b\d+ (s|min|h|days?|weeks?) ago\b`)
	clockRE = regexp.MustCompile(`\b\d\d:\d\d(:\d\d(\.\d+)?)?\b`)
	dayRE   = regexp.MustCompile(`\b\d{1,2} [A-Z][a-z]+ 20\d\d\b`)
	alertRE = regexp.MustCompile(`\b(da|fa|ca|aa|ad)\d{16,}_-?\d+\b`)
	seqRE   = regexp.MustCompile(`(?m)^\d+ +TIME`)
	actorRE = regexp.MustCompile(`\bby \S+ \(audit record`) // who runs the test
	wireRE  = regexp.MustCompile(`\bstream ID \d+`)
	openRE  = regexp.MustCompile(`\b(Pending|InProgress)\b`) // by the clock
)

// still is normal without what else differs from run to run on these pages.
func still(s string) string {
	s = normal(s)
	for _, r := range []struct {
		re   *regexp.Regexp
		with string
	}{{agoRE, "SOME ago"}, {clockRE, "TIME"}, {dayRE, "DAY"}, {alertRE, "ALERT"}, {seqRE, "N TIME"}, {openRE, "OPEN"}, {actorRE, "by WHO (audit record"}, {wireRE, "stream ID N"}} {
		s = r.re.ReplaceAllString(s, r.with)
	}
	return s
}

// alike tells whether a run printed what a page shows.
func alike(page, run string) bool {
	var pattern strings.Builder
	for line := range strings.SplitSeq(still(page), "\n") {
		if line == "…" {
			pattern.WriteString(`(?:.*\n)*?`)
			continue
		}
		pattern.WriteString(regexp.QuoteMeta(line) + `\n`)
	}
	return regexp.MustCompile(`^` + pattern.String() + `$`).MatchString(still(run) + "\n")
}

// build runs a line in the source tree, but leaves the program with the reader.
func (f *follower) build(t *testing.T, where, line string) string {
	t.Helper()
	if strings.HasPrefix(line, "export ") {
		if out, err := f.shell.run(line); err != nil {
			t.Fatalf("%s: %s: %v", where, out, err)
		}
		return ""
	}
	cmd := exec.CommandContext(t.Context(), "bash", "-c", strings.Replace(line, " -o tenantry ", " -o "+filepath.Join(f.dir, "tenantry")+" ", 1))
	cmd.Dir = "../.."
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: $ %s: %v\n%s", where, line, err, out)
	}
	return string(out)
}

// leave runs a command in a terminal of its own; a sandbox is waited for.
func (f *follower) leave(t *testing.T, line string) {
	t.Helper()
	cmd := exec.Command("bash", "-c", "exec "+line)
	cmd.Dir, cmd.Env, cmd.WaitDelay = f.dir, f.shell.environ(t), 5*time.Second
	out := &watched{}
	ready := make(chan struct{})
	out.when(regexp.MustCompile(`Ctrl-C ends the sandbox`), func([]string) { close(ready) })
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGINT)
		if err := <-ended; err != nil {
			t.Errorf("$ %s: %v\n%s", line, err, out)
		}
	})
	select {
	case <-ready:
	case err := <-ended:
		ended <- err
		t.Fatalf("$ %s ended: %v\n%s", line, err, out)
	case <-time.After(time.Minute):
		t.Fatalf("$ %s is not ready after a minute:\n%s", line, out)
	}
}

// shell is a terminal with a shell in it.
type shell struct {
	in   io.WriteCloser
	out  *bufio.Reader
	stop context.CancelFunc
}

// mark ends the output of a command, before its exit code.
const mark = "\x04the command has ended: "

// open opens a terminal, from the one at hand if there is one.
func (f *follower) open(t *testing.T, line string) *shell {
	t.Helper()
	env := f.env
	if f.shell != nil {
		env = f.shell.environ(t)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cmd := exec.CommandContext(ctx, "bash", "-c", "exec "+line)
	cmd.Dir, cmd.Env, cmd.WaitDelay = f.dir, env, 5*time.Second
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	r, w, err := os.Pipe() // both streams, as a terminal mixes them
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = w, w
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	t.Cleanup(func() {
		in.Close()
		_ = cmd.Wait()
		cancel()
		r.Close()
	})
	return &shell{in: in, out: bufio.NewReader(r), stop: cancel}
}

// run types a command and returns what it prints. A command that fails and does
// not say so on the page fails the test, unless the page shows an error.
func (s *shell) run(line string) (string, error) {
	timer := time.AfterFunc(time.Minute, s.stop)
	defer timer.Stop()
	if _, err := fmt.Fprintf(s.in, "{ %s\n} </dev/null\nprintf '%s%%d\\n' $?\n", line, mark); err != nil {
		return "", err
	}
	var out strings.Builder
	for {
		got, err := s.out.ReadString('\n')
		text, code, ended := strings.Cut(got, mark)
		out.WriteString(text)
		if ended {
			code, err := strconv.Atoi(strings.TrimSpace(code))
			if err == nil && code != 0 && !strings.Contains(out.String(), "  next: ") {
				err = fmt.Errorf("exit code %d", code)
			}
			return out.String(), err
		}
		if err != nil {
			return out.String(), errors.Join(err, errors.New("the shell ended, or the command took more than a minute"))
		}
	}
}

// environ is what the shell exports.
func (s *shell) environ(t *testing.T) []string {
	t.Helper()
	out, err := s.run("env -0 | tr '\\0\\n' '\\n '")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(out, "\n"), "\n")
}
