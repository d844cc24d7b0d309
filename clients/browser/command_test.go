package browser

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// partner is the person at the command line: his state, and the registered
// app in his environment.
type partner struct {
	s    *sandbox
	home string
	env  []string
	// callback is the redirect URI that invite --callback serves for him: a
	// free port of this machine, at the path that is registered.
	callback string
}

func newPartner(t *testing.T, s *sandbox) *partner {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	return &partner{
		s: s, home: home, callback: fmt.Sprintf("http://localhost:%d/callback", port),
		env: []string{"AZURE_CLIENT_ID=" + appID, "AZURE_CLIENT_SECRET=" + secret},
	}
}

// process is a run of tenantry.
type process struct {
	cmd    *exec.Cmd
	name   string
	out    bytes.Buffer
	cancel context.CancelFunc
	done   chan struct{} // closed when stderr is at its end
	line   chan string   // the lines of stderr
	mu     sync.Mutex
	notes  strings.Builder
	ended  bool
}

// run starts `tenantry sandbox exec --dir DIR -- tenantry ARGS…`.
func (p *partner) run(t *testing.T, args ...string) *process {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 90*time.Second)
	all := append([]string{"sandbox", "exec", "--dir", p.s.dir, "--", p.s.tenantry}, args...)
	r := &process{
		cmd: exec.CommandContext(ctx, p.s.tenantry, all...), name: "tenantry " + strings.Join(args, " "),
		cancel: cancel, done: make(chan struct{}), line: make(chan string, 1024),
	}
	r.cmd.Env = environ(p.home, p.env...)
	r.cmd.Dir = p.home
	r.cmd.Stdout = &r.out
	r.cmd.Cancel = func() error { return r.cmd.Process.Signal(syscall.SIGTERM) }
	r.cmd.WaitDelay = 5 * time.Second
	stderr, err := r.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(r.done)
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			r.mu.Lock()
			fmt.Fprintln(&r.notes, lines.Text())
			r.mu.Unlock()
			select {
			case r.line <- lines.Text():
			default:
			}
		}
	}()
	t.Cleanup(func() {
		cancel()
		if !r.ended {
			<-r.done
			_ = r.cmd.Wait()
		}
	})
	return r
}

func (r *process) stderr() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.notes.String()
}

// note waits for a line of stderr that matches and returns its first group.
func (r *process) note(t *testing.T, pattern string) []string {
	t.Helper()
	re := regexp.MustCompile(pattern)
	for {
		select {
		case line := <-r.line:
			if m := re.FindStringSubmatch(line); m != nil {
				return m
			}
		case <-r.done:
			for len(r.line) > 0 {
				if m := re.FindStringSubmatch(<-r.line); m != nil {
					return m
				}
			}
			t.Fatalf("%s ended without %q on stderr:\n%s", r.name, pattern, r.stderr())
		case <-time.After(30 * time.Second):
			t.Fatalf("%s does not print %q within 30 s:\n%s", r.name, pattern, r.stderr())
		}
	}
}

// link is the consent link that a waiting invitation prints.
func (r *process) link(t *testing.T) string {
	t.Helper()
	return r.note(t, `^https://\S+$`)[0]
}

// end waits for the process and returns its exit code and what it printed.
func (r *process) end(t *testing.T) (code int, stdout, stderr string) {
	t.Helper()
	<-r.done
	err := r.cmd.Wait()
	r.ended = true
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("%s: %v\n%s", r.name, err, r.stderr())
	}
	return r.cmd.ProcessState.ExitCode(), r.out.String(), r.stderr()
}

// interrupt presses Ctrl-C in a process that is still running.
func (r *process) interrupt(t *testing.T) {
	t.Helper()
	select {
	case <-r.done:
		t.Fatalf("%s has ended already:\n%s", r.name, r.stderr())
	default:
	}
	if err := r.cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if code, stdout, stderr := r.end(t); code != 130 || stdout != "" {
		t.Errorf("%s: exit code %d after Ctrl-C, stdout %q, stderr:\n%s", r.name, code, stdout, stderr)
	}
}

// ok is a run that must succeed; it returns stdout.
func (p *partner) ok(t *testing.T, args ...string) string {
	t.Helper()
	r := p.run(t, args...)
	code, stdout, stderr := r.end(t)
	if code != 0 {
		t.Fatalf("%s: exit code %d\n%s", r.name, code, stderr)
	}
	return stdout
}

// tenant is what the partner's state holds of one.
type tenant struct {
	ID, State, Detail, Surface string
	Roles                      map[string][]string
}

// state is what the partner's state holds.
func (p *partner) state(t *testing.T) map[string]tenant {
	t.Helper()
	var list []tenant
	out := p.ok(t, "tenants", "list", "--output", "json")
	if err := json.Unmarshal([]byte(out), &list); err != nil {
		t.Fatalf("tenants list: %v\n%s", err, out)
	}
	byID := map[string]tenant{}
	for _, x := range list {
		byID[x.ID] = x
	}
	return byID
}

// proved checks that the process ended with the proof of the customer's
// consent, and that world, state and journal agree.
func (p *partner) proved(t *testing.T, r *process, c customer) {
	t.Helper()
	code, stdout, stderr := r.end(t)
	if code != 0 {
		t.Fatalf("%s: exit code %d\n%s", r.name, code, stderr)
	}
	var outcome struct {
		Tenant tenant
		Status struct{ ID, Status string }
	}
	if err := json.Unmarshal([]byte(stdout), &outcome); err != nil {
		t.Fatalf("%s printed no outcome: %v\n%s", r.name, err, stdout)
	}
	if outcome.Status.Status != "ok" || outcome.Status.ID != c.id {
		t.Errorf("status %+v", outcome.Status)
	}
	for where, got := range map[string]tenant{"outcome": outcome.Tenant, "state": p.state(t)[c.id]} {
		if got.ID != c.id || got.State != "active" || strings.Join(got.Roles["xdr"], " ") != role {
			t.Errorf("%s: %+v", where, got)
		}
	}
	if roles, _ := p.s.granted(t, c.id); strings.Join(roles, " ") != role {
		t.Errorf("the world granted %v", roles)
	}
	last := event{}
	for _, e := range p.s.journal(t, 0, c.id) {
		if e.token() {
			last = e
		}
	}
	if last.Status != 200 || strings.Join(last.Roles, " ") != role || strings.Contains(last.UserAgent, "Chrome") {
		t.Errorf("the last token request of the journal: %+v", last)
	}
}

// unproved checks that the process ended with exit code 3 and said why, that
// the state does not call the tenant active, and that no token of it carried
// a role.
func (p *partner) unproved(t *testing.T, r *process, c customer, reasons ...string) {
	t.Helper()
	code, stdout, stderr := r.end(t)
	if code != 3 || stdout != "" {
		t.Errorf("%s: exit code %d, stdout %q, stderr:\n%s", r.name, code, stdout, stderr)
	}
	for _, want := range reasons {
		if !strings.Contains(stderr, want) {
			t.Errorf("stderr lacks %q:\n%s", want, stderr)
		}
	}
	p.nothing(t, c)
}

// nothing checks that the customer granted no role, that no token carried
// one, and that no tenant of the state is active.
func (p *partner) nothing(t *testing.T, c customer) {
	t.Helper()
	if roles, _ := p.s.granted(t, c.id); len(roles) > 0 {
		t.Errorf("the world granted %v", roles)
	}
	for _, e := range p.s.journal(t, 0, c.id) {
		if e.token() && len(e.Roles) > 0 {
			t.Errorf("a token with roles: %+v", e)
		}
	}
	for id, x := range p.state(t) {
		if x.State == "active" {
			t.Errorf("tenant %s is active: %+v", id, x)
		}
	}
}

// stateOf is the state parameter of a link.
func stateOf(t *testing.T, link string) string {
	t.Helper()
	u, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	state := u.Query().Get("state")
	if len(state) < 16 {
		t.Fatalf("state %q of %s can be guessed", state, link)
	}
	return state
}

// screenshotFile is where a picture of a page goes: a directory that is thrown
// away, unless go test was given -artifacts.
func screenshotFile(t *testing.T, name string) string {
	return filepath.Join(t.ArtifactDir(), name+".png")
}
