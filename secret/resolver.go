package secret

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"strings"

	"github.com/tenantry/tenantry/entra"
)

// Keyring is the operating system's keyring. Get and Set return errors whose
// text holds no secret.
type Keyring interface {
	Get(service, name string) (string, error)
	Set(service, name, value string) error
}

// Resolver reads and stores secrets. Its zero value uses the process's
// environment, the file system and the system's keyring; tests replace them.
// It is safe for concurrent use if what it is given is.
type Resolver struct {
	Getenv   func(name string) (string, bool)                             // nil means os.LookupEnv
	ReadFile func(path string) (data []byte, mode fs.FileMode, err error) // nil means the file system
	Keyring  Keyring                                                      // nil means the system's
}

// Warning is something about a secret's place that does not stop its use but
// should be put right.
type Warning struct {
	Ref    Ref
	Text   string // what is wrong
	Remedy string // how to put it right
}

func (w Warning) String() string { return fmt.Sprintf("%s: %s; %s", w.Ref, w.Text, w.Remedy) }

// ResolveError says that a reference leads to no secret.
type ResolveError struct {
	Ref    Ref
	Text   string // what is wrong, without the secret
	Remedy string
	Err    error // cause, or nil
}

func (e *ResolveError) Error() string {
	return fmt.Sprintf("secret %s: %s; %s", e.Ref, e.Text, e.Remedy)
}

// Unwrap gives the cause.
func (e *ResolveError) Unwrap() error { return e.Err }

// Next says in one sentence what to do about it.
func (e *ResolveError) Next() string { return e.Remedy }

// maxSize bounds a secret: the largest kind is a certificate chain with key.
const maxSize = 1 << 20

// Resolve reads the secret that ref points to. A missing or empty secret is a
// [*ResolveError].
func (r Resolver) Resolve(ctx context.Context, ref Ref) (entra.Secret, error) {
	s, _, err := r.ResolveWarn(ctx, ref)
	return s, err
}

// ResolveWarn is Resolve with what should be put right about the place.
func (r Resolver) ResolveWarn(ctx context.Context, ref Ref) (entra.Secret, []Warning, error) {
	value, warnings, err := r.Read(ctx, ref)
	if err != nil {
		return entra.Secret{}, nil, err
	}
	text := string(value)
	if ref.scheme == SchemeFile { // editors and echo end a file with one
		text = strings.TrimSuffix(strings.TrimSuffix(text, "\n"), "\r")
	}
	return entra.NewSecret(text), warnings, nil
}

// Read returns the bytes that ref points to exactly as they are kept, for
// secrets that are not text, such as a PFX file.
func (r Resolver) Read(ctx context.Context, ref Ref) ([]byte, []Warning, error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	fail := func(text, remedy string, cause error) ([]byte, []Warning, error) {
		return nil, nil, &ResolveError{Ref: ref, Text: text, Remedy: remedy, Err: cause}
	}
	var value []byte
	var warnings []Warning
	switch ref.scheme {
	case SchemeEnv:
		getenv := r.Getenv
		if getenv == nil {
			getenv = os.LookupEnv
		}
		v, ok := getenv(ref.place)
		if !ok {
			return fail("the environment variable is not set", "set "+ref.place+" or refer to another place", nil)
		}
		value = []byte(v)
	case SchemeFile:
		read := r.ReadFile
		if read == nil {
			read = readFile
		}
		data, mode, err := read(ref.place)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return fail("there is no such file", "create it, or check the path and the working directory", err)
		case errors.Is(err, fs.ErrPermission):
			return fail("the file may not be read", "let the user that runs this read it", err)
		case err != nil:
			return fail("the file cannot be read: "+cause(err), "check the path", err)
		case len(data) > maxSize:
			return fail("the file is larger than 1 MiB", "refer to the file that holds nothing but the secret", nil)
		}
		// Windows keeps access lists and no modes; there the bits mean nothing.
		if mode.Perm()&0o077 != 0 && runtime.GOOS != "windows" {
			warnings = append(warnings, Warning{Ref: ref,
				Text:   fmt.Sprintf("other users of this machine may read it (mode %04o)", mode.Perm()),
				Remedy: "run chmod 600 " + ref.place})
		}
		value = data
	case SchemeKeyring:
		v, err := r.keyring().Get(ref.place, ref.account)
		switch {
		case errors.Is(err, ErrNotInKeyring):
			return fail("the keyring has no such entry", "store it first, or refer to another place", err)
		case err != nil:
			return fail("the keyring cannot be used: "+err.Error(), "unlock it, or use file: or env: on a machine without one", err)
		}
		value = []byte(v)
	default:
		return fail("it refers to nothing", forms, nil)
	}
	if len(strings.TrimSpace(string(value))) == 0 {
		return fail("it is empty", "put the secret there", nil)
	}
	return value, warnings, nil
}
