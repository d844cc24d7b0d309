package respond_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tenantry/tenantry/defender"
	"github.com/tenantry/tenantry/fleet"
	"github.com/tenantry/tenantry/respond"
	"github.com/tenantry/tenantry/store/sqlite"
)

// The variables that make this test program one that isolates the machine once
// it reads a line.
const (
	processStore   = "RESPOND_TEST_STORE"
	processService = "RESPOND_TEST_SERVICE"
)

// process is that program. It prints what became of it.
func process(path, origin string) string {
	ctx := context.Background()
	db, err := sqlite.Open(ctx, path, nil)
	if err != nil {
		return "store: " + err.Error()
	}
	defer db.Close()
	client, err := defender.New(defender.Config{MDE: origin, Retries: -1,
		Token: func(context.Context, defender.Surface) (string, error) { return "t", nil }})
	if err != nil {
		return "client: " + err.Error()
	}
	fmt.Println("ready")
	if _, err := bufio.NewReader(os.Stdin).ReadString('\n'); err != nil {
		return "stdin: " + err.Error()
	}
	_, _, err = (&respond.Runner{Store: db, Actor: "bob"}).Isolate(ctx, client, plan("why"), respond.IsolateOptions{})
	switch _, already := errors.AsType[*respond.AlreadyIsolatingError](err); {
	case err == nil:
		return "done"
	case already:
		return "already"
	}
	return err.Error()
}

// child is a process of the program above.
type child struct {
	*exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

// begin starts a process and waits until it is ready.
func begin(t *testing.T, path, origin string) *child {
	t.Helper()
	c := &child{Cmd: exec.Command(os.Args[0])}
	c.Env = append(os.Environ(), processStore+"="+path, processService+"="+origin)
	c.Stderr = os.Stderr
	var err error
	if c.in, err = c.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.out = bufio.NewReader(out)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	if line := c.line(); line != "ready" {
		t.Fatalf("a process says %q", line)
	}
	return c
}

func (c *child) line() string {
	line, _ := c.out.ReadString('\n') // what there is, when the process was ended
	return strings.TrimSpace(line)
}

// run lets the process go on and returns what became of it.
func (c *child) run() string {
	_, _ = io.WriteString(c.in, "go\n")
	line := c.line()
	_ = c.in.Close()
	_ = c.Wait()
	return line
}

func processRig(t *testing.T) (*service, string, string) {
	t.Helper()
	s := &service{clock: time.Now()}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return s, filepath.Join(t.TempDir(), "state.db"), server.URL
}

func auditOf(t *testing.T, path string) []fleet.AuditRecord {
	t.Helper()
	db, err := sqlite.Open(t.Context(), path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	all, err := db.Audit(t.Context(), fleet.AuditFilter{})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// Of eight processes that share a store and want the same, one does it.
func TestEightProcesses(t *testing.T) {
	s, path, origin := processRig(t)
	var all []*child
	for range 8 {
		all = append(all, begin(t, path, origin))
	}
	said := map[string]int{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for _, c := range all {
		wg.Go(func() {
			line := c.run()
			mu.Lock()
			defer mu.Unlock()
			said[line]++
		})
	}
	wg.Wait()
	if said["done"] != 1 || said["already"] != 7 || len(s.posted()) != 1 {
		t.Errorf("eight processes say %v, posted %v; want one done and seven already", said, s.posted())
	}
	done := 0
	for _, r := range auditOf(t, path) {
		switch r.Outcome {
		case fleet.AuditDone:
			done++
		case fleet.AuditRefused, fleet.AuditFailed:
		default:
			t.Errorf("record %d is left %q", r.ID, r.Outcome)
		}
	}
	if done != 1 {
		t.Errorf("%d records say done", done)
	}
}

// A process that is killed between its record and the service's answer leaves an
// open record behind, and the next one does not isolate on top of what it may
// have done.
func TestKilledBeforeTheAnswer(t *testing.T) {
	for _, c := range []struct {
		name    string
		did     bool // the service carried it out
		outcome fleet.AuditOutcome
	}{
		{"after the effect", true, fleet.AuditDone},
		{"before the effect", false, fleet.AuditOpen},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, path, origin := processRig(t)
			first := begin(t, path, origin)
			s.post = func(w http.ResponseWriter, r *http.Request, do func() action) {
				if c.did {
					do()
				}
				if err := first.Process.Kill(); err != nil {
					t.Error(err)
				}
				<-r.Context().Done()
			}
			if line := first.run(); line != "" {
				t.Errorf("the killed process says %q", line)
			}
			if all := auditOf(t, path); len(all) != 1 || all[0].Outcome != fleet.AuditOpen {
				t.Fatalf("it left %+v, want an open record", all)
			}
			if line := begin(t, path, origin).run(); line != "already" || len(s.posted()) != 1 {
				t.Errorf("the next process says %q, posted %v", line, s.posted())
			}
			if all := auditOf(t, path); all[len(all)-1].Outcome != c.outcome {
				t.Errorf("the record of the killed one is %q, want %q", all[len(all)-1].Outcome, c.outcome)
			}
		})
	}
}
