package act_test

import (
	"strings"
	"testing"

	"github.com/tenantry/tenantry/internal/cli/act"
	"github.com/tenantry/tenantry/internal/cli/factory"
	"github.com/tenantry/tenantry/internal/cli/iostreams"
)

func at(t *testing.T, stdin string, terminal bool) (*factory.Factory, func() string) {
	t.Helper()
	streams, _, errOut := iostreams.Test(stdin)
	streams.InTTY, streams.ErrTTY = terminal, terminal
	f := factory.New(factory.Options{Streams: streams, Environ: []string{"HOME=" + t.TempDir()}})
	return f, errOut.String
}

func TestCheck(t *testing.T) {
	for _, c := range []struct {
		name     string
		flags    act.Flags
		terminal bool
		refused  string
	}{
		{"a person", act.Flags{Comment: "why"}, true, ""},
		{"a script", act.Flags{Comment: "why", Yes: true}, false, ""},
		{"a look", act.Flags{Comment: "why", DryRun: true}, false, ""},
		{"no comment", act.Flags{Yes: true}, true, "--comment is missing"},
		{"blanks", act.Flags{Comment: " \t", Yes: true}, true, "--comment is missing"},
		{"no comment for a look", act.Flags{DryRun: true}, true, "--comment is missing"},
		{"nobody there", act.Flags{Comment: "why"}, false, "nobody is there to confirm it"},
	} {
		f, _ := at(t, "", c.terminal)
		err := c.flags.Check(f)
		if (err == nil) != (c.refused == "") || err != nil && !strings.Contains(err.Error(), c.refused) {
			t.Errorf("%s: %v, want %q", c.name, err, c.refused)
		}
	}
}

func TestConfirm(t *testing.T) {
	for answer, goOn := range map[string]bool{"y\n": true, "YES\n": true, "n\n": false, "\n": false, "": false, "yep\n": false} {
		f, said := at(t, answer, true)
		err := (&act.Flags{Comment: "why"}).Confirm(t.Context(), f, "Isolate it?")
		if (err == nil) != goOn || !strings.Contains(said(), "Isolate it? [y/N]") {
			t.Errorf("%q: error %v, said %q", answer, err, said())
		}
	}
	f, said := at(t, "n\n", true)
	if err := (&act.Flags{Yes: true}).Confirm(t.Context(), f, "Isolate it?"); err != nil || said() != "" {
		t.Errorf("--yes: error %v, said %q", err, said())
	}
}
