package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/tenantry/tenantry/entra"
	"github.com/tenantry/tenantry/internal/cli"
	"github.com/tenantry/tenantry/internal/cli/visitor"
	"github.com/tenantry/tenantry/sandbox"
	"github.com/tenantry/tenantry/sandbox/journal"
	"github.com/tenantry/tenantry/sandbox/world"
)

// TestMain makes this test binary the program tenantry on PATH, so that the
// shell of a page's blocks runs what is built here and now.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"tenantry": func() { os.Exit(cli.Main(os.Args[1:])) },
	})
}

const (
	samplesPage = "../../docs/from-microsofts-samples.md"
	fenwick     = "10000000-0000-4000-8000-000000000006"
	portalURL   = "https://portal.azure.com"
)

// reader follows a page, block by block, as a person at a terminal would.
type reader struct {
	t       *testing.T
	sandbox *sandbox.Sandbox
	dir     string // where commands run
	env     []string
	bodies  map[string]string // of the Go blocks
	called  map[string]bool
	waiting string // the person that acts next, from a stage direction
}

// TestSamples runs every block of the page and compares what it prints.
func TestSamples(t *testing.T) {
	needTools(t, "docs/from-microsofts-samples.md", "bash", "curl")
	text, err := os.ReadFile(samplesPage)
	if err != nil {
		t.Fatal(err)
	}
	all, err := blocks(string(text))
	if err != nil {
		t.Fatal(err)
	}
	// The samples use what they make at once.
	s, err := sandbox.New(sandbox.Config{Delays: &world.Delays{}})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	home := t.TempDir()
	r := &reader{t: t, sandbox: s, dir: filepath.Join(home, "work"), bodies: bodies(t, "samples_go_test.go"), called: map[string]bool{}}
	if err := os.Mkdir(r.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	r.env = append(s.Environ([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "TMPDIR=" + t.TempDir(), "LC_ALL=C",
		"TENANTRY_OUTPUT=table", // what a terminal gets
	}), "VARIABLES="+filepath.Join(home, "variables"))

	var sections []string
	page, grown := string(text), 0 // grown: lines that rewriting has added so far
	for i := 0; i < len(all) && !t.Failed(); i++ {
		b := all[i]
		where := fmt.Sprintf("%s:%d", filepath.Base(samplesPage), b.line)
		rewrite := func(old block, want string) {
			old.line += grown
			page = replaceBlock(page, old, want)
			grown += strings.Count(want, "\n") - strings.Count(old.text, "\n")
		}
		switch b.lang {
		case "person":
			r.waiting = b.text
		case "go":
			body, ok := r.bodies[b.name]
			switch {
			case !ok:
				t.Errorf("%s: no function %q in samples_go_test.go", where, b.name)
			case body != b.text && *update:
				rewrite(b, body)
			case body != b.text:
				t.Errorf("%s: not the body of %s: %s", where, b.name, gocmp.Diff(b.text, body))
			}
			if !t.Failed() {
				r.call(b.name)
			}
		case "console":
			list, err := sessions(b)
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			for _, c := range list {
				out := r.shell(where, c.command)
				if d := gocmp.Diff(normal(c.output), normal(out)); d != "" && !*update {
					t.Errorf("%s: $ %s\npage (-) and run (+) differ: %s", where, c.command, d)
				} else if d == "" {
					out = c.output // as it stands: only the ids differ
				}
				got += "$ " + c.command + "\n" + shown(out)
			}
			if *update {
				rewrite(b, got)
			}
		case "sh":
			out := r.shell(where, b.text)
			if i+1 == len(all) || !all[i+1].output {
				if strings.TrimSpace(out) != "" {
					t.Errorf("%s: the block prints what the page does not show: %s", where, out)
				}
				continue
			}
			i++
			if d := gocmp.Diff(normal(all[i].text), normal(out)); d != "" && !*update {
				t.Errorf("%s: page (-) and run (+) differ: %s", where, d)
			} else if d != "" {
				rewrite(all[i], shown(out))
			}
		default:
			t.Errorf("%s: a block of %q is run by nothing", where, b.lang)
		}
		sections = append(sections, b.lang)
	}
	if t.Failed() {
		return
	}
	if *update {
		if err := os.WriteFile(samplesPage, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for name := range r.bodies {
		if !r.called[name] {
			t.Errorf("%s is on no page", name)
		}
	}
	if n := len(slices.DeleteFunc(sections, func(s string) bool { return s != "sh" })); n < 7 {
		t.Errorf("only %d sh blocks", n)
	}
	for _, name := range []string{"app-secret.txt", "latest-token.txt", "csharp.json"} {
		if info, err := os.Stat(filepath.Join(r.dir, name)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s is not for its owner alone: %v, %v", name, info, err)
		}
	}
	r.judge()
}

// shell runs lines of a page. Variables and umask that a block sets stay set
// for the next one, as in one terminal. stdout and stderr come as a terminal mixes
// them; a line that fails and does not say so fails the test.
func (r *reader) shell(where, lines string) string {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), time.Minute)
	defer cancel()
	const around = "set -a; [ ! -e \"$VARIABLES\" ] || . \"$VARIABLES\"\n%s\nrc=$?; declare -p CLIENT_ID TENANT_ID TOKEN 2>/dev/null > \"$VARIABLES\"; echo umask $(umask) >> \"$VARIABLES\"; exit $rc"
	cmd := exec.CommandContext(ctx, "bash", "-c", fmt.Sprintf(around, lines))
	cmd.Dir, cmd.Env, cmd.WaitDelay = r.dir, r.env, time.Second
	out := &watched{}
	cmd.Stdout, cmd.Stderr = out, out
	if person := r.waiting; person != "" {
		r.waiting = ""
		does, upn, _ := strings.Cut(person, " ")
		switch does {
		case "consent":
			r.visit(upn, r.run("tenantry", "invite"), "")
		case "code":
			// The person acts while the command waits.
			code := regexp.MustCompile(`open (\S+) in a browser and enter the code (\S+)`)
			out.when(code, func(m []string) { r.visit(upn, m[1], m[2]) })
		default:
			r.t.Fatalf("%s: nobody knows how to %s", where, does)
		}
	}
	err := cmd.Run()
	out.wait()
	if err != nil {
		r.t.Fatalf("%s: %v\n%s\n%s", where, err, lines, out)
	}
	return out.String()
}

// run runs a program outside the page and returns what it prints to stdout.
func (r *reader) run(name string, args ...string) string {
	r.t.Helper()
	cmd := exec.CommandContext(r.t.Context(), name, args...)
	cmd.Dir, cmd.Env = r.dir, r.env
	out, err := cmd.Output()
	if err != nil {
		r.t.Fatalf("%s %q: %v", name, args, err)
	}
	return strings.TrimSpace(string(out))
}

// visit is a person with a browser.
func (r *reader) visit(upn, link, code string) {
	v, err := visitor.New(r.sandbox.Client().Transport, upn, "Sandbox-1")
	if err != nil {
		r.t.Error(err)
		return
	}
	v.UserCode, v.Tick = code, true
	visit, err := v.Open(r.t.Context(), link, nil)
	if err != nil || visit.Problem != "" || visit.Status != http.StatusOK {
		r.t.Errorf("%s at %s: %v, status %d, %q", upn, link, err, visit.Status, visit.Problem)
	}
}

// call calls the function whose body stands on the page, and looks at what it
// returns.
func (r *reader) call(name string) {
	t := r.t
	t.Helper()
	r.called[name] = true
	ctx, hc := t.Context(), r.sandbox.Client()
	clientID := strings.Trim(r.run("tenantry", "app", "show", "-o", "json", "--query", "clientId"), `"`)
	secretText, err := os.ReadFile(filepath.Join(r.dir, "app-secret.txt"))
	if err != nil {
		t.Fatal(err)
	}
	secret := entra.NewSecret(strings.TrimSpace(string(secretText)))
	tokens := r.tokens(clientID, secret)
	var out bytes.Buffer
	var token entra.Token
	audience := "https://api.security.microsoft.com"
	switch name {
	case "createApp":
		show := func(d entra.DeviceCode) {
			r.visit("admin@northwindsecurity.onmicrosoft.com", d.VerificationURI, d.UserCode)
		}
		id, made, err := createApp(ctx, hc, show, func(context.Context, time.Duration) error { return nil })
		if err != nil {
			t.Fatal(err)
		}
		// Not consented to, but the secret is right.
		_, err = r.tokens(id, made).Token(ctx, fenwick, tokens.Cloud().Resource(entra.ResourceDefender))
		if refusal, ok := errors.AsType[*entra.Error](err); !ok || refusal.Code != 7000229 {
			t.Errorf("the new app's sign-in to a tenant that does not know it: %v", err)
		}
		if app, ok := r.sandbox.World().App(id); !ok || !slices.Equal(app.RedirectURIs, []string{portalURL}) {
			t.Errorf("the app is %+v", app)
		}
		return
	case "consentLink":
		err = consentLink(clientID, &out)
		if link := r.run("tenantry", "invite"); strings.TrimSpace(out.String()) != link {
			t.Errorf("link %q, from the command %q", out.String(), link)
		}
	case "proveConsent":
		proof, perr := proveConsent(ctx, hc, clientID, secret)
		if err = perr; err == nil && (proof.Tenant != fenwick || !slices.Equal(proof.Roles[entra.ResourceDefender], []string{"Incident.Read.All"})) {
			t.Errorf("proof %+v", proof)
		}
	case "tokenV1":
		token, err = tokenV1(ctx, hc, clientID, secret, fenwick)
	case "tokenV2":
		token, err = tokenV2(ctx, hc, clientID, secret, fenwick)
	case "tokenForOldName":
		audience = "https://securitycenter.onmicrosoft.com/windowsatpservice"
		token, err = tokenForOldName(ctx, tokens, fenwick)
	case "explainRefusal":
		rerr := explainRefusal(ctx, r.tokens(clientID, entra.NewSecret("wrong")), fenwick, &out)
		if refusal, ok := errors.AsType[*entra.Error](rerr); !ok || !strings.HasPrefix(out.String(), "AADSTS7000215: ") || !strings.Contains(out.String(), refusal.CorrelationID) {
			t.Errorf("%v: %s", rerr, out.String())
		}
	case "validateToken":
		raw, rerr := os.ReadFile(filepath.Join(r.dir, "latest-token.txt"))
		if rerr != nil {
			t.Fatal(rerr)
		}
		report, verr := validateToken(ctx, hc, string(raw), &out)
		if err = verr; err == nil && (!report.OK() || report.Check("signature").Status != "passed" || out.String() != "the picture of the page means Incident.Read.All\n") {
			t.Errorf("%q, failures %v, signature %+v", out.String(), report.Failures(), report.Check("signature"))
		}
	case "readIncidents":
		err = readIncidents(ctx, hc, tokens, fenwick, &out)
		if n, want := strings.Count(out.String(), "\n"), len(r.sandbox.World().Incidents(fenwick)); n != want || want == 0 {
			t.Errorf("%d incidents, the tenant has %d:\n%s", n, want, out.String())
		}
	default:
		t.Errorf("nothing calls %s", name)
	}
	if err != nil {
		t.Errorf("%s: %v", name, err)
	}
	if strings.HasPrefix(name, "token") && (token.Claims.Audience != audience || token.Claims.TenantID != fenwick) {
		t.Errorf("%s: token for %q in tenant %q", name, token.Claims.Audience, token.Claims.TenantID)
	}
}

func (r *reader) tokens(clientID string, secret entra.Secret) *entra.Tokens {
	r.t.Helper()
	cloud, err := entra.CloudByName("public")
	if err != nil {
		r.t.Fatal(err)
	}
	tokens, err := entra.NewTokens(entra.Config{Cloud: cloud, ClientID: clientID, Credential: entra.ClientSecret(secret), HTTPClient: r.sandbox.Client()})
	if err != nil {
		r.t.Fatal(err)
	}
	return tokens
}

// judge asks the journal whether the requests that the page is about were
// made, by whom, and with what outcome.
func (r *reader) judge() {
	events := r.sandbox.Journal().Since(0)
	for _, want := range []struct {
		what, agent, host, path string
		status                  int
		decision                string
	}{
		{"registration by the command", "", "graph.microsoft.com", "/v1.0/applications", 201, ""},
		{"version 1 token by curl", "curl/", "login.windows.net", "/" + fenwick + "/oauth2/token", 200, ""},
		{"version 1 token, as Python sends it", "Python-urllib/", "login.windows.net", "/" + fenwick + "/oauth2/token", 200, ""},
		{"version 2 token by curl", "curl/", "login.microsoftonline.com", "/" + fenwick + "/oauth2/v2.0/token", 200, ""},
		{"version 2 token by Tenantry", "Go-http-client/", "login.microsoftonline.com", "/" + fenwick + "/oauth2/v2.0/token", 200, ""},
		{"incidents for the wrong audience, by curl", "curl/", "api.security.microsoft.com", "/api/incidents", 403, ""},
		{"incidents by curl", "curl/", "api.security.microsoft.com", "/api/incidents", 200, "allowed"},
		{"incidents by Tenantry", "tenantry", "api.security.microsoft.com", "/api/incidents", 200, "allowed"},
	} {
		if !slices.ContainsFunc(events, func(e journal.Event) bool {
			return strings.HasPrefix(e.UserAgent, want.agent) && e.Host == want.host && e.Path == want.path && e.Status == want.status && (want.decision == "" || e.Decision == want.decision)
		}) {
			r.t.Errorf("the journal has no %s", want.what)
		}
	}
	for _, e := range events {
		if e.Kind == "refused" {
			r.t.Errorf("something on the page asked for %s, which is nobody's", e.Host)
		}
	}
}

// watched is an output that somebody reads along. It is safe for concurrent
// use.
type watched struct {
	mu      sync.Mutex
	buf     bytes.Buffer
	pattern *regexp.Regexp
	act     func([]string)
	acting  sync.WaitGroup
}

var _ io.Writer = (*watched)(nil)

// when calls act, once and in a goroutine of its own, as soon as the output
// matches.
func (w *watched) when(pattern *regexp.Regexp, act func([]string)) { w.pattern, w.act = pattern, act }

func (w *watched) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n, err := w.buf.Write(p)
	if w.act != nil {
		if m := w.pattern.FindStringSubmatch(w.buf.String()); m != nil {
			act := w.act
			w.act = nil
			w.acting.Go(func() { act(m) })
		}
	}
	return n, err
}

func (w *watched) wait() { w.acting.Wait() }

func (w *watched) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.buf.String()
}
