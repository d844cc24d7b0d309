package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestKQLPage follows docs/kql.md.
func TestKQLPage(t *testing.T) {
	needTools(t, "docs/kql.md", "bash", "go")
	bin := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(bin, "tenantry"), "../../cmd/tenantry")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	follow(t, "../../docs/kql.md", "../../kql/syntax/print_example_test.go")
}
