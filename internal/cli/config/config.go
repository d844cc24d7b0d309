// Package config reads tenantry.yaml and the TENANTRY_* variables that
// override it. It is strict: an unknown key is an error, and all problems are
// told at once, each with its line.
//
// Secrets never stand in the file. Keys that lead to one hold a reference:
// env:NAME, file:PATH or keyring:SERVICE/NAME.
package config

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tenantry/tenantry/secret"
)

// Config is the whole configuration. Every key is optional; an empty value
// means the default told in [Keys].
type Config struct {
	Path string // the file that was read; empty when there is none

	Cloud       string
	CustomCloud CustomCloud
	CAFile      string
	State       string
	Output      string
	Parallel    int // 0 means the default of the command
	Profile     string
	App         App

	at map[string]position // where each key of the file stands
}

type position struct{ line, column int }

// CustomCloud are the origins of a cloud that is not Microsoft's, such as a
// sandbox in authority mode. Name is what --cloud calls it.
type CustomCloud struct {
	Name, Login, Graph, Defender, DefenderEndpoint string
}

// App is the app registration to work with when none is in the state.
type App struct {
	ClientID    string
	HomeTenant  string
	RedirectURI string
	Credential  Credential
}

// Credential says where the app's credential is found.
type Credential struct {
	Kind        string // secret (default), certificate or federated
	Ref         string
	PasswordRef string // of a PFX file
}

// FileName is the configuration looked for in the current directory and then
// in the user's configuration directory.
const FileName = "tenantry.yaml"

// Options tells [Load] where to look. Getenv and Environ are the process
// environment in one or the other form; tests replace them.
type Options struct {
	// Path is the file asked for by --config; it must exist. Empty means to
	// look for [FileName].
	Path    string
	Environ []string // "NAME=value"
	// UserDir is the directory of the user's own file; empty means none.
	UserDir string
}

// Load reads the file, if there is one, and lays the environment over it. The
// error is Problems when the content is at fault.
func Load(o Options) (Config, error) {
	var c Config
	path, err := find(o)
	if err != nil {
		return c, err
	}
	var problems Problems
	if path != "" {
		text, err := os.ReadFile(path)
		if err != nil {
			return c, fmt.Errorf("read the configuration: %w", err)
		}
		c.Path = path
		problems = c.parse(path, text)
		c.rebase(filepath.Dir(path))
	}
	problems = append(problems, c.overlay(o.Environ)...)
	problems = append(problems, c.together(problems)...)
	if len(problems) > 0 {
		slices.SortStableFunc(problems, func(a, b Problem) int { return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column)) })
		return c, problems
	}
	return c, nil
}

// rebase makes the relative paths of a file in dir ones that are right from
// everywhere: what a file says is not to depend on where it is used.
func (c *Config) rebase(dir string) {
	if dir == "." {
		return
	}
	for _, p := range []*string{&c.CAFile, &c.State} {
		if *p != "" && !filepath.IsAbs(*p) {
			*p = filepath.Join(dir, *p)
		}
	}
	for _, p := range []*string{&c.App.Credential.Ref, &c.App.Credential.PasswordRef} {
		if ref, err := secret.Parse(*p); err == nil {
			*p = ref.In(dir).String()
		}
	}
}

func find(o Options) (string, error) {
	if o.Path != "" {
		return o.Path, nil
	}
	candidates := []string{FileName}
	if o.UserDir != "" {
		candidates = append(candidates, filepath.Join(o.UserDir, "tenantry", FileName))
	}
	for _, p := range candidates {
		_, err := os.Stat(p)
		if err == nil {
			return p, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("look for the configuration: %w", err)
		}
	}
	return "", nil
}

// Problem is one mistake in the configuration.
type Problem struct {
	Source  string // the file, or the name of the variable
	Line    int    // 0 when Source is a variable
	Column  int
	Field   string // such as app.client_id; empty for the file as a whole
	Message string
	Remedy  string
}

// String is "file:line:column: field: message (remedy)".
func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.Source)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", p.Line, p.Column)
	}
	b.WriteString(": ")
	if p.Field != "" {
		b.WriteString(p.Field + ": ")
	}
	b.WriteString(p.Message)
	if p.Remedy != "" {
		b.WriteString("; " + p.Remedy)
	}
	return b.String()
}

// Problems are all mistakes of one configuration, in the order of the file.
type Problems []Problem

// Error lists the problems, one per line.
func (ps Problems) Error() string {
	if len(ps) == 1 {
		return ps[0].String()
	}
	lines := make([]string, 0, len(ps)+1)
	lines = append(lines, fmt.Sprintf("the configuration has %d problems", len(ps)))
	for _, p := range ps {
		lines = append(lines, "  "+p.String())
	}
	return strings.Join(lines, "\n")
}

// together checks what no single key can tell. A key that was told of already,
// because its value is wrong, is not said to be missing as well.
func (c *Config) together(told Problems) Problems {
	wrong := func(field string) bool {
		return slices.ContainsFunc(told, func(p Problem) bool { return p.Field == field })
	}
	var ps Problems
	add := func(field, message, remedy string) {
		p := Problem{Source: c.Path, Field: field, Message: message, Remedy: remedy}
		for name := field; ; { // the key itself, or the group it is missing from
			if at, ok := c.at[name]; ok {
				p.Line, p.Column = at.line, at.column
				break
			}
			i := strings.LastIndexByte(name, '.')
			if i < 0 {
				break
			}
			name = name[:i]
		}
		if p.Line == 0 {
			p.Source = EnvName(field)
		}
		ps = append(ps, p)
	}
	cc := c.CustomCloud
	if cc != (CustomCloud{}) {
		for _, f := range []struct{ key, value string }{
			{"name", cc.Name}, {"login", cc.Login}, {"graph", cc.Graph}, {"defender", cc.Defender},
		} {
			if _, given := c.at["custom_cloud."+f.key]; f.value == "" && !given { // a wrong one has been told of
				add("custom_cloud."+f.key, "is missing", "a custom cloud needs name, login, graph and defender")
			}
		}
	}
	if c.Cloud != "" && c.Cloud != cc.Name {
		if err := checkCloudName(c.Cloud); err != nil {
			add("cloud", err.Error(), "")
		}
	}
	cr := c.App.Credential
	if cr.PasswordRef != "" && cr.Kind != "certificate" {
		add("app.credential.password_ref", "only a certificate has a password", "set app.credential.kind to certificate")
	}
	if c.App.ClientID == "" && (c.App != App{}) && !wrong("app.client_id") {
		add("app.client_id", "is missing", "give the Application (client) ID of the registration")
	}
	if c.App.ClientID != "" && cr.Ref == "" && !wrong("app.credential.ref") {
		add("app.credential.ref", "is missing", "say where the credential is: env:NAME, file:PATH or keyring:SERVICE/NAME")
	}
	return ps
}

// closest returns the candidate nearest to s when it is near enough to be
// what was meant.
func closest(s string, candidates []string) (string, bool) {
	best, bestD := "", 3
	for _, c := range candidates {
		if d := distance(s, c); d < bestD {
			best, bestD = c, d
		}
	}
	return best, best != ""
}

// distance is the Levenshtein distance of two short words.
func distance(a, b string) int {
	prev := make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := range len(a) {
		cur := slices.Clone(prev)
		cur[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			cur[j+1] = min(prev[j+1]+1, cur[j]+1, prev[j]+cost)
		}
		prev = cur
	}
	return prev[len(b)]
}
