package sandbox

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
)

// ConfigError says which field of [Config] is wrong and what to do about it.
type ConfigError struct {
	Field   string // name of the field
	Value   string // its value
	Problem string
	Remedy  string
	Err     error // cause, may be nil
}

func (e *ConfigError) Error() string {
	s := fmt.Sprintf("%s %q %s", e.Field, e.Value, e.Problem)
	if e.Value == "" {
		s = e.Field + " " + e.Problem
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s + " (" + e.Remedy + ")"
}

// Unwrap returns the cause.
func (e *ConfigError) Unwrap() error { return e.Err }

// Next says in one sentence what to do about it.
func (e *ConfigError) Next() string { return e.Remedy }

// ListenError says which address could not be listened on.
type ListenError struct {
	Field  string // field of [Config]
	Addr   string
	Remedy string
	Err    error
}

func newListenError(field, addr string, err error) *ListenError {
	e := &ListenError{Field: field, Addr: addr, Err: err, Remedy: "give an address of this machine as host:port"}
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		e.Remedy = "another program uses this port: stop it, choose another port, or take any free one with port 0"
	case errors.Is(err, fs.ErrPermission):
		e.Remedy = "ports below 1024 need a privilege: choose a higher one, or grant it"
	}
	return e
}

func (e *ListenError) Error() string {
	return fmt.Sprintf("%s: cannot listen on %s: %v (%s)", e.Field, e.Addr, e.Err, e.Remedy)
}

// Unwrap returns the cause.
func (e *ListenError) Unwrap() error { return e.Err }

// Next says in one sentence what to do about it.
func (e *ListenError) Next() string { return e.Remedy }

// AlreadyRunningError says that a sandbox runs in the directory already.
type AlreadyRunningError struct {
	Dir       string
	Endpoints Endpoints // of the one that runs
}

func (e *AlreadyRunningError) Error() string {
	return fmt.Sprintf("a sandbox (process %d) already runs in %s (%s)", e.Endpoints.PID, e.Dir, e.Next())
}

// Next says in one sentence what to do about it.
func (e *AlreadyRunningError) Next() string { return "use it, stop it, or choose another directory" }

// EndpointsError says why the endpoints of a running sandbox could not be
// learned from its directory.
type EndpointsError struct {
	File    string
	Field   string // empty when the file as a whole is meant
	Problem string
	Remedy  string
	Err     error // cause, may be nil
}

func (e *EndpointsError) Error() string {
	s := e.File + ": "
	if e.Field != "" {
		s += e.Field + " "
	}
	s += e.Problem
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s + " (" + e.Remedy + ")"
}

// Unwrap returns the cause.
func (e *EndpointsError) Unwrap() error { return e.Err }

// Next says in one sentence what to do about it.
func (e *EndpointsError) Next() string { return e.Remedy }
