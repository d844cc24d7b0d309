package secret

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/tenantry/tenantry/entra"
)

// Store keeps value at ref. A file is made with mode 0600 and appears whole or
// not at all; one that exists is never overwritten. An entry of the keyring is
// not overwritten either. Environment variables cannot be stored. Every refusal
// is a [*ResolveError].
func (r Resolver) Store(ctx context.Context, ref Ref, value entra.Secret) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	refuse := func(text, remedy string, err error) error {
		return &ResolveError{Ref: ref, Text: text, Remedy: remedy, Err: err}
	}
	if strings.TrimSpace(value.Reveal()) == "" {
		return refuse("an empty secret cannot be stored", "give a value", nil)
	}
	switch ref.scheme {
	case SchemeFile:
		return storeFile(ref, value, refuse)
	case SchemeKeyring:
		ring := r.keyring()
		_, err := ring.Get(ref.place, ref.account)
		switch {
		case err == nil:
			return refuse("the keyring has such an entry already", "remove it first, or choose another name", ErrExists)
		case !errors.Is(err, ErrNotInKeyring):
			return refuse("the keyring cannot be used: "+err.Error(), "unlock it, or use file: on a machine without one", err)
		}
		if err := ring.Set(ref.place, ref.account, value.Reveal()); err != nil {
			return refuse("the keyring did not take it: "+err.Error(), "unlock it, or use file: on a machine without one", err)
		}
		return nil
	case SchemeEnv:
		return refuse("an environment variable cannot be stored by a program", "store it as file: or keyring:", nil)
	}
	return refuse("it refers to nothing", forms, nil)
}

// ErrExists says that something is kept at the reference already.
var ErrExists = errors.New("exists already")

// storeFile writes beside the target and links it into place: link, unlike
// rename, fails when the target exists, whoever made it and when.
func storeFile(ref Ref, value entra.Secret, refuse func(text, remedy string, err error) error) (err error) {
	dir := filepath.Dir(ref.place)
	tmp, err := os.CreateTemp(dir, ".secret-*") // mode 0600
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return refuse("its directory does not exist", "create "+dir+" first", err)
	case err != nil:
		return refuse("nothing can be written in its directory: "+cause(err), "choose a directory that may be written", err)
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.WriteString(value.Reveal() + "\n")
	if err == nil {
		err = tmp.Sync()
	}
	if closeErr := tmp.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return refuse("it cannot be written: "+cause(err), "check the space on the disk", err)
	}
	err = os.Link(tmp.Name(), ref.place)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		// Some file systems have no links. Exclusive creation is as safe against
		// overwriting; only a crash between the two writes could leave less.
		err = writeExclusive(ref.place, value)
	}
	switch {
	case errors.Is(err, fs.ErrExist):
		return refuse("the file exists already and is not overwritten", "remove it first, or choose another path", ErrExists)
	case err != nil:
		return refuse("it cannot be written: "+cause(err), "choose a directory that may be written", err)
	}
	return nil
}

func writeExclusive(path string, value entra.Secret) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(value.Reveal() + "\n")
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}
