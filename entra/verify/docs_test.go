package verify

import (
	"os"
	"strings"
	"testing"

	"github.com/tenantry/tenantry/entra/verify/internal/rule"
)

// The guide names every rule, so that what a log says can be looked up.
func TestGuideNamesEveryRule(t *testing.T) {
	guide, err := os.ReadFile("../../docs/verify.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range rule.All() {
		if !strings.Contains(string(guide), "`"+id.String()+"`") {
			t.Errorf("docs/verify.md does not name the rule %s", id)
		}
	}
}
