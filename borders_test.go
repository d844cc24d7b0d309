package tenantry_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/tenantry/tenantry"

// layers are the floors of the house, lowest first. A package may import
// packages of lower floors, and of its own folder, never sideways or up.
var layers = [][]string{
	{"entra", "defender", "kql"},
	{"fleet"},
	{"secret", "store", "lake", "sink"},
	{"onboard", "doctor", "rotate", "collect", "hunt", "respond"},
	{"server"},
	{"internal/cli", "internal/e2e", "cmd"},
}

// sideways lists the arrows between rooms of one floor that are meant.
var sideways = map[string]string{
	"internal/e2e -> internal/cli": "the whole is driven through its command line",
	"cmd -> internal/cli":          "main hands over its arguments",
}

type pkg struct {
	ImportPath   string
	Name         string
	Dir          string
	Doc          string
	GoFiles      []string
	CgoFiles     []string
	Imports      []string
	TestImports  []string
	XTestImports []string
}

func packages(t *testing.T) []pkg {
	t.Helper()
	out, err := exec.Command("go", "list", "-json", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []pkg
	for dec := json.NewDecoder(strings.NewReader(string(out))); dec.More(); {
		var p pkg
		if err := dec.Decode(&p); err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	if len(all) < 10 {
		t.Fatalf("go list found %d packages; the rules below would check next to nothing", len(all))
	}
	return all
}

// room is the part of an import path that the design names: "entra" for
// entra/verify, "sandbox" for sandbox/sts, "internal/cli" for its parts.
func room(importPath string) string {
	rel := strings.TrimPrefix(strings.TrimPrefix(importPath, module), "/")
	parts := strings.SplitN(rel, "/", 3)
	if parts[0] == "internal" && len(parts) > 1 {
		return parts[0] + "/" + parts[1]
	}
	return parts[0]
}

func floor(room string) int {
	return slices.IndexFunc(layers, func(l []string) bool { return slices.Contains(l, room) })
}

func ours(importPath string) bool {
	return importPath == module || strings.HasPrefix(importPath, module+"/")
}

// arrow says why a package of room from may not import one of room to, or "".
func arrow(from, to string) string {
	switch {
	case from == to, to == "":
		return ""
	case from == "": // the root holds documentation and these tests alone
		return "the root package holds documentation and no code"
	case from == "sandbox":
		if to == "kql" {
			return ""
		}
		return "the sandbox stands for Microsoft: sharing code with the client would let both make the same mistake"
	case to == "sandbox":
		if strings.HasPrefix(from, "internal/") {
			return ""
		}
		return "only the command line and the end-to-end tests run a sandbox"
	case floor(from) < 0:
		return fmt.Sprintf("room %q is not in the design; give it a floor in layers", from)
	case floor(to) < 0:
		return fmt.Sprintf("room %q is not in the design; give it a floor in layers", to)
	case floor(to) > floor(from):
		return "arrows point down only"
	case floor(to) == floor(from) && sideways[from+" -> "+to] == "":
		return "rooms of one floor do not import each other"
	}
	return ""
}

func TestArrowsPointDown(t *testing.T) {
	checked := 0
	for _, p := range packages(t) {
		for _, imp := range p.Imports {
			if !ours(imp) {
				continue
			}
			checked++
			if why := arrow(room(p.ImportPath), room(imp)); why != "" {
				t.Errorf("%s imports %s: %s", p.ImportPath, imp, why)
			}
		}
	}
	if checked < 20 {
		t.Errorf("only %d imports were checked; the house has more", checked)
	}
}

// A test of a library may not reach over a border either, or the library
// could not be used alone. Only the sandbox's and the libraries' tests are
// held to it: the product's own tests may start a sandbox.
func TestTestsKeepTheBorders(t *testing.T) {
	for _, p := range packages(t) {
		from := room(p.ImportPath)
		if from != "sandbox" && floor(from) != 0 {
			continue
		}
		for _, imp := range append(p.TestImports, p.XTestImports...) {
			if !ours(imp) {
				continue
			}
			if why := arrow(from, room(imp)); why != "" {
				t.Errorf("a test of %s imports %s: %s", p.ImportPath, imp, why)
			}
		}
	}
}

func TestArrowRules(t *testing.T) {
	for _, c := range []struct {
		from, to string
		ok       bool
	}{
		{"fleet", "entra", true},
		{"entra", "fleet", false},
		{"entra", "defender", false},
		{"sandbox", "entra", false},
		{"sandbox", "fleet", false},
		{"sandbox", "kql", true},
		{"onboard", "sandbox", false},
		{"internal/cli", "sandbox", true},
		{"internal/cli", "onboard", true},
		{"onboard", "internal/cli", false},
		{"store", "secret", false},
		{"helpers", "entra", false},
		{"cmd", "internal/cli", true},
	} {
		if got := arrow(c.from, c.to) == ""; got != c.ok {
			t.Errorf("arrow %s -> %s allowed: %v, want %v", c.from, c.to, got, c.ok)
		}
	}
}

func TestCgoOnlyInTheLake(t *testing.T) {
	for _, p := range packages(t) {
		if len(p.CgoFiles) > 0 && room(p.ImportPath) != "lake" {
			t.Errorf("%s uses cgo in %v; only lake/duckdb may", p.ImportPath, p.CgoFiles)
		}
	}
}

func TestEveryPackageIsDocumented(t *testing.T) {
	for _, p := range packages(t) {
		if len(p.GoFiles) == 0 {
			continue
		}
		name := "Package " + p.Name
		if p.Name == "main" {
			name = "Command " + filepath.Base(p.ImportPath)
		}
		comments := 0
		for _, f := range p.GoFiles {
			file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, f), nil, parser.PackageClauseOnly|parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			if file.Doc == nil {
				continue
			}
			comments++
			if text := file.Doc.Text(); !strings.HasPrefix(text, name+" ") {
				t.Errorf("%s: package comment starts %.40q, want %q", filepath.Join(p.Dir, f), text, name+" …")
			}
		}
		if comments != 1 {
			t.Errorf("%s has %d package comments, want exactly 1", p.ImportPath, comments)
		}
	}
}

func TestFolderNamesSayWhatIsInside(t *testing.T) {
	for _, p := range packages(t) {
		for _, part := range strings.Split(strings.TrimPrefix(p.ImportPath, module), "/") {
			switch part {
			case "pkg", "utils", "util", "common", "models", "helpers":
				t.Errorf("%s: a folder called %q says nothing of what is inside", p.ImportPath, part)
			}
		}
	}
}

// TestNoPackageState refuses init functions and package-level variables that
// are assigned to anywhere after their declaration.
func TestNoPackageState(t *testing.T) {
	for _, p := range packages(t) {
		fset := token.NewFileSet()
		var files []*ast.File
		for _, name := range p.GoFiles {
			f, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, f)
		}
		for _, problem := range packageState(fset, files) {
			t.Errorf("%s: %s", p.ImportPath, problem)
		}
	}
}

func packageState(fset *token.FileSet, files []*ast.File) (problems []string) {
	vars := map[string]bool{}
	specs := map[any]bool{}
	for _, f := range files {
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Name.Name == "init" && d.Recv == nil {
					problems = append(problems, fmt.Sprintf("%s: init function", fset.Position(d.Pos())))
				}
			case *ast.GenDecl:
				if d.Tok != token.VAR {
					continue
				}
				for _, s := range d.Specs {
					vs := s.(*ast.ValueSpec)
					specs[vs] = true
					for _, n := range vs.Names {
						vars[n.Name] = n.Name != "_"
					}
				}
			}
		}
	}
	written := func(e ast.Expr) {
		root := e
		for {
			switch x := root.(type) {
			case *ast.IndexExpr:
				root = x.X
				continue
			case *ast.SelectorExpr:
				root = x.X
				continue
			case *ast.StarExpr:
				root = x.X
				continue
			case *ast.ParenExpr:
				root = x.X
				continue
			}
			break
		}
		id, ok := root.(*ast.Ident)
		if !ok || !vars[id.Name] {
			return
		}
		// The parser resolves names inside a file; one of another file of the
		// package stays unresolved. A local name of the same spelling resolves
		// to something that is no package-level declaration.
		if id.Obj != nil && !specs[id.Obj.Decl] {
			return
		}
		problems = append(problems, fmt.Sprintf("%s: package-level variable %s is changed", fset.Position(id.Pos()), id.Name))
	}
	for _, f := range files {
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.AssignStmt:
				if n.Tok != token.DEFINE {
					for _, l := range n.Lhs {
						written(l)
					}
				}
			case *ast.IncDecStmt:
				written(n.X)
			}
			return true
		})
	}
	return problems
}

func TestPackageStateIsSeen(t *testing.T) {
	const bad = `package p
var count int
var table = map[string]int{}
var fixed = 3
func init() {}
func f() { count++; table["a"] = 1; fixed := 4; fixed = 5; _ = fixed }
`
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, "p.go", bad, 0)
	if err != nil {
		t.Fatal(err)
	}
	if got := packageState(fset, []*ast.File{f}); len(got) != 3 {
		t.Errorf("found %q, want the init function, count and table", got)
	}
}

var update = flag.Bool("update", false, "rewrite the committed lists of modules per binary")

// TestModulesOfTheBinary keeps the list of modules that are linked into the
// command in the repository, so that a new one shows up in review.
func TestModulesOfTheBinary(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{.Path}}{{end}}", "./cmd/tenantry").Output()
	if err != nil {
		t.Fatalf("go list -deps: %v", err)
	}
	mods := strings.Fields(string(out))
	slices.Sort(mods)
	mods = slices.DeleteFunc(slices.Compact(mods), func(m string) bool { return m == module })
	got := strings.Join(mods, "\n") + "\n"
	const list = "cmd/tenantry/modules.txt"
	if *update {
		if err := os.WriteFile(list, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(list)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("modules linked into cmd/tenantry changed; if meant, run: go test . -run ModulesOfTheBinary -update\ngot:\n%s\nwant:\n%s", got, want)
	}
	for _, m := range mods {
		if strings.Contains(m, "msgraph-sdk-go") || strings.Contains(m, "chromedp") || strings.Contains(m, "azure-sdk-for-go") {
			t.Errorf("%s must not be linked into the command", m)
		}
	}
}

func TestGoModHasNoReplace(t *testing.T) {
	out, err := exec.Command("go", "mod", "edit", "-json").Output()
	if err != nil {
		t.Fatal(err)
	}
	var mod struct {
		Replace []any
		Require []struct{ Path string }
	}
	if err := json.Unmarshal(out, &mod); err != nil {
		t.Fatal(err)
	}
	if len(mod.Replace) > 0 {
		t.Errorf("go.mod has %d replace directives; whoever imports the libraries would not get them", len(mod.Replace))
	}
	for _, r := range mod.Require {
		if strings.Contains(r.Path, "msgraph-sdk-go") {
			t.Errorf("go.mod requires %s: fifteen thousand generated files for a handful of calls", r.Path)
		}
	}
}

// TestMainIsThin holds main to what it is for: arguments in, exit code out.
func TestMainIsThin(t *testing.T) {
	err := filepath.WalkDir("cmd", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Base(path) != "main.go" {
			return err
		}
		data, err := os.ReadFile(path)
		if n := strings.Count(string(data), "\n"); n >= 25 {
			t.Errorf("%s has %d lines, want under 25", path, n)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
