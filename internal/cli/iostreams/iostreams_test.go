package iostreams_test

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/tenantry/tenantry/internal/cli/iostreams"
)

// Ctrl-C at a question is an answer: nobody has to press another key before the
// command ends.
func TestConfirmHearsTheInterrupt(t *testing.T) {
	in, keyboard := io.Pipe() // a person who types nothing
	defer keyboard.Close()
	s, _, errOut := iostreams.Test("")
	s.In = in
	ctx, interrupt := context.WithCancel(t.Context())
	type end struct {
		yes bool
		err error
	}
	ended := make(chan end, 1)
	go func() {
		yes, err := s.Confirm(ctx, "Isolate it?")
		ended <- end{yes, err}
	}()
	interrupt()
	select {
	case got := <-ended:
		if got.yes || !errors.Is(got.err, context.Canceled) || errOut.String() != "Isolate it? [y/N] \n" {
			t.Errorf("yes %v, error %v, said %q", got.yes, got.err, errOut)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the question is still open after the interrupt")
	}
}

// An answer that comes with the interrupt is not a yes.
func TestConfirmPrefersTheInterrupt(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	interrupt()
	for range 50 {
		s, _, _ := iostreams.Test("yes\n")
		if yes, err := s.Confirm(ctx, "Isolate it?"); yes || !errors.Is(err, context.Canceled) {
			t.Fatalf("yes %v, error %v", yes, err)
		}
	}
}
