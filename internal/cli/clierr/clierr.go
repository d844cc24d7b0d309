// Package clierr has the errors a command returns to the edge of the command
// line: each carries an exit code, a sentence and the next step.
package clierr

import (
	"fmt"
)

// Exit codes. They are part of the command line's contract and do not change.
const (
	CodeDone        = 0   // everything asked for was done
	CodeFailed      = 1   // it was not
	CodeUsage       = 2   // the command line or the configuration is wrong
	CodeSignIn      = 3   // sign-in or consent is needed first
	CodePartial     = 4   // done for some tenants, not for others
	CodeInterrupted = 130 // Ctrl-C
)

// Error is an error with an exit code and the next step to take. Message and
// Next are safe to show: no secret, no token.
type Error struct {
	Code    int
	Message string
	Next    string // one sentence or a command to type; empty when there is none
	Cause   error  // for errors.Is and errors.As; its text is not shown
}

// Error returns the message without the next step.
func (e *Error) Error() string { return e.Message }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Usage is a mistake on the command line.
func Usage(next, format string, args ...any) *Error {
	return &Error{Code: CodeUsage, Message: fmt.Sprintf(format, args...), Next: next}
}

// Failed is any other failure.
func Failed(next, format string, args ...any) *Error {
	return &Error{Code: CodeFailed, Message: fmt.Sprintf(format, args...), Next: next}
}

// SignIn is a failure that a person has to resolve by signing in, by giving
// consent or by providing a credential.
func SignIn(next, format string, args ...any) *Error {
	return &Error{Code: CodeSignIn, Message: fmt.Sprintf(format, args...), Next: next}
}

// NotBegun is the end of one of several changes that Ctrl-C came before:
// nothing was sent for it.
func NotBegun() *Error {
	return &Error{Code: CodeInterrupted, Message: "not begun when the command was interrupted; nothing was sent", Next: "run it again for what was not begun"}
}

// Because adds a cause to an error that was just made.
func (e *Error) Because(cause error) *Error {
	e.Cause = cause
	return e
}

// Exit ends the run with a code and prints nothing: everything there was to
// say has been said by the command, or by the program it ran.
type Exit struct{ Code int }

// Error names the code.
func (e *Exit) Error() string { return fmt.Sprintf("exit status %d", e.Code) }

// Partial is the end of a run over several tenants of which some failed. The
// command has printed a status per tenant already.
func Partial() error { return &Exit{Code: CodePartial} }
