package cli_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/tenantry/tenantry/internal/cli"
	"github.com/tenantry/tenantry/internal/cli/visitor"
)

// TestMain lets the scripts run tenantry and a person with a browser as
// programs; both are this test binary.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"tenantry":  func() { os.Exit(cli.Main(os.Args[1:])) },
		"person":    func() { os.Exit(person(os.Args[1:])) },
		"get":       func() { os.Exit(get(os.Args[1:])) },
		"makecreds": func() { os.Exit(makecreds()) },
	})
}

var update = flag.Bool("update", false, "write the scripts' expected files anew")

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:           "testdata/script",
		UpdateScripts: *update,
		Setup: func(e *testscript.Env) error {
			e.Setenv("HOME", e.WorkDir)
			e.Setenv("XDG_STATE_HOME", e.WorkDir+"/state")
			// The default world's app, registered as Microsoft's partner page says.
			e.Setenv("PARTNER_APP", "11111111-2222-4333-8444-555555555555")
			e.Setenv("PARTNER_SECRET", "Nwd8Q~FakeSecretOfTheSandbox-NotReal.123")
			e.Setenv("EXPIRED_SECRET", "Old8Q~FakeSecretOfTheSandbox-NotReal.000")
			// Ports that were free a moment ago, for redirect URIs.
			for _, name := range []string{"PORT_A", "PORT_B", "PORT_C"} {
				l, err := net.Listen("tcp", "127.0.0.1:0")
				if err != nil {
					return err
				}
				defer l.Close() // all three differ
				_, port, err := net.SplitHostPort(l.Addr().String())
				if err != nil {
					return err
				}
				e.Setenv(name, port)
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":    exits,
			"waitline": waitline,
		},
	})
}

// exits runs a program that must end with the given exit code: exits CODE PROGRAM [ARG...].
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM [ARG...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// waitline waits until a line of a file, written by a program in the
// background, matches, and puts the first group into a variable:
// waitline FILE PATTERN [VARIABLE].
func waitline(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: waitline FILE PATTERN [VARIABLE]")
	}
	re, err := regexp.Compile(args[1])
	ts.Check(err)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(30 * time.Second)
	for {
		text, err := os.ReadFile(ts.MkAbs(args[0]))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			ts.Fatalf("%v", err)
		}
		if m := re.FindSubmatch(text); m != nil {
			if len(args) > 2 {
				ts.Setenv(args[2], string(m[len(m)-1]))
			}
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			ts.Fatalf("%s never matched %q; it holds:\n%s", args[0], args[1], bytes.TrimSpace(text))
		}
	}
}

// get prints the body of an address to stdout and its status to stderr; any
// status but 200 is exit code 22, as with curl -f: get URL.
func get(args []string) int {
	if len(args) != 1 {
		fmt.Fprintln(os.Stderr, "usage: get URL")
		return 2
	}
	resp, err := http.Get(args[0])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer resp.Body.Close()
	fmt.Fprintln(os.Stderr, "status", resp.StatusCode)
	if _, err := io.Copy(os.Stdout, resp.Body); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if resp.StatusCode != http.StatusOK {
		return 22
	}
	return 0
}

// person opens a link as a user of the default world and prints where that
// ended: person [-tick] [-decline] [-code CODE] UPN LINK.
func person(args []string) int {
	fs := flag.NewFlagSet("person", flag.ContinueOnError)
	tick := fs.Bool("tick", false, "tick the organization box")
	decline := fs.Bool("decline", false, "press cancel")
	code := fs.String("code", "", "code of a device sign-in")
	if err := fs.Parse(args); err != nil || fs.NArg() != 2 {
		fmt.Fprintln(os.Stderr, "usage: person [-tick] [-decline] [-code CODE] UPN LINK")
		return 2
	}
	// The environment of sandbox exec leads the browser to the sandbox.
	v, err := visitor.New(http.DefaultTransport, fs.Arg(0), "Sandbox-1")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	v.Tick, v.Decline, v.UserCode = *tick, *decline, *code
	visit, err := v.Open(context.Background(), fs.Arg(1), nil)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Printf("at %s\nstatus %d\ntitle %s\n", visit.URL, visit.Status, visit.Title)
	for _, p := range visit.Permissions {
		fmt.Println("permission", p)
	}
	if visit.Problem != "" {
		fmt.Println("problem", visit.Problem)
	}
	if visit.Offered {
		fmt.Println("the box was offered")
	}
	return 0
}
