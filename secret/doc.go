// Package secret finds secrets by reference. A configuration, a database or a
// command line names where a secret is kept and never holds its value:
//
//	env:NAME               environment variable NAME
//	file:PATH              contents of a file, without a trailing newline
//	keyring:SERVICE/NAME   the operating system's keyring
//
// [Parse] reads a reference and refuses a bare value; a [Resolver] turns one
// into an [entra.Secret], whose value no printing shows, and stores new ones.
package secret
