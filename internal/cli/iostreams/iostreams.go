// Package iostreams is the command line's view of its terminal: where data
// goes, where notes go, and whether a person is looking at either.
package iostreams

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"golang.org/x/term"

	"github.com/tenantry/tenantry/internal/cli/output"
)

// Streams are the three standard streams of one run. Data goes to Out; notes,
// progress and questions go to Err. Notes and progress may come from several
// goroutines; what goes to Out and Err directly may not.
type Streams struct {
	In  io.Reader
	Out io.Writer
	Err io.Writer

	// InTTY, OutTTY and ErrTTY say whether the stream is a terminal.
	InTTY, OutTTY, ErrTTY bool
	// Width is the terminal's width in columns; 0 means unlimited.
	Width int

	mu sync.Mutex // notes, a whole one at a time
}

// System returns the streams of the process.
func System() *Streams {
	s := &Streams{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr,
		InTTY:  term.IsTerminal(int(os.Stdin.Fd())),
		OutTTY: term.IsTerminal(int(os.Stdout.Fd())),
		ErrTTY: term.IsTerminal(int(os.Stderr.Fd())),
	}
	if s.OutTTY {
		if w, _, err := term.GetSize(int(os.Stdout.Fd())); err == nil {
			s.Width = w
		}
	}
	return s
}

// Test returns streams backed by buffers, none of them a terminal.
func Test(stdin string) (s *Streams, out, errOut *bytes.Buffer) {
	out, errOut = &bytes.Buffer{}, &bytes.Buffer{}
	return &Streams{In: strings.NewReader(stdin), Out: out, Err: errOut}, out, errOut
}

// Notef writes one line for the person at the terminal. It is always written,
// terminal or not: a note belongs to the result.
func (s *Streams) Notef(format string, args ...any) {
	s.note(format, args...)
}

// note writes lines that are safe for a terminal whatever names they carry.
func (s *Streams) note(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for line := range strings.SplitSeq(fmt.Sprintf(format, args...), "\n") {
		fmt.Fprintln(s.Err, output.Clean(line))
	}
}

// Progressf writes one line of progress, and only when Err is a terminal:
// a log file has no use for it.
func (s *Streams) Progressf(format string, args ...any) {
	if s.ErrTTY {
		s.note(format, args...)
	}
}

// CanAsk says whether a person is there to answer a question.
func (s *Streams) CanAsk() bool { return s.InTTY && s.ErrTTY }

// Confirm asks a yes-or-no question on Err and reads the answer. Anything but
// "y" or "yes" is no. It ends with ctx, since Ctrl-C is an answer, too: the read
// that nobody waits for any more ends with the process. Call it only when
// [Streams.CanAsk] is true.
func (s *Streams) Confirm(ctx context.Context, question string) (bool, error) {
	fmt.Fprintf(s.Err, "%s [y/N] ", output.Clean(question))
	type answer struct {
		line string
		err  error
	}
	read := make(chan answer, 1)
	go func() {
		line, err := bufio.NewReader(s.In).ReadString('\n')
		read <- answer{line, err}
	}()
	var line string
	var err error
	select {
	case <-ctx.Done():
		fmt.Fprintln(s.Err) // no Enter ended the line
		return false, context.Cause(ctx)
	case a := <-read:
		line, err = a.line, a.err
	}
	if ctx.Err() != nil { // both at once: it is not a yes
		return false, context.Cause(ctx)
	}
	if err != nil && line == "" {
		if err == io.EOF {
			fmt.Fprintln(s.Err) // no Enter ended the line
			return false, nil
		}
		return false, fmt.Errorf("read the answer: %w", err)
	}
	switch strings.ToLower(strings.TrimSpace(line)) {
	case "y", "yes":
		return true, nil
	}
	return false, nil
}
