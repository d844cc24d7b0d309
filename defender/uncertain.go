package defender

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
)

// TransportError says that a request got no answer: the service was not reached,
// the connection broke, time ran out, or the caller's context ended.
type TransportError struct {
	Surface   Surface
	Operation Operation
	Host      string
	// Sent tells that the request may have reached the service.
	Sent bool
	// Ended tells that the caller's context ended; Err is then its cause.
	Ended bool
	Err   error // never with the address, whose query can name persons
}

func (e *TransportError) Error() string {
	if e.Ended {
		return fmt.Sprintf("%s on surface %s: %v", e.Operation, e.Surface, e.Err)
	}
	return fmt.Sprintf("%s on surface %s: %s does not answer: %v", e.Operation, e.Surface, e.Host, e.Err)
}

// Unwrap gives the cause.
func (e *TransportError) Unwrap() error { return e.Err }

// Next says in one sentence what to do about it.
func (e *TransportError) Next() string {
	if e.Ended {
		return "Start it again, with more time if time ran out."
	}
	return "Check that this machine reaches " + e.Host + " (name, proxy, certificates), then ask again."
}

// UncertainError says that a write was sent and that nobody can tell from here
// whether the service carried it out. It is never sent again by this package.
type UncertainError struct {
	Surface   Surface
	Operation Operation
	Target    string // id of what was to be changed
	// Check says how to find out, as one sentence.
	Check string
	Err   error // what happened
}

func (e *UncertainError) Error() string {
	return fmt.Sprintf("%s %s on surface %s may or may not have been done: %v", e.Operation, e.Target, e.Surface, e.Err)
}

// Unwrap gives what happened.
func (e *UncertainError) Unwrap() error { return e.Err }

// Next says in one sentence what to do about it.
func (e *UncertainError) Next() string { return e.Check }

// unclear tells whether a write that failed with err may have been carried out
// all the same: the service failed on its side (5xx), claimed success with an
// answer that cannot be read, or did not answer a request that was sent.
func unclear(err error) bool {
	var refused *Error
	var lost *TransportError
	var body *BodyError
	switch {
	case errors.As(err, &refused):
		return refused.Status >= 500 || refused.Status == http.StatusRequestTimeout || refused.Status < 400
	case errors.As(err, &body):
		return true
	case errors.As(err, &lost):
		return lost.Sent
	}
	return false
}

// neverSent tells whether a request failed before a connection was there to send it on.
func neverSent(err error) bool {
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" {
		return true
	}
	var name *net.DNSError
	var untrusted *tls.CertificateVerificationError
	var unknown x509.UnknownAuthorityError
	var other tls.RecordHeaderError
	return errors.As(err, &name) || errors.As(err, &untrusted) || errors.As(err, &unknown) || errors.As(err, &other)
}
