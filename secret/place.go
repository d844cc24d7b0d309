package secret

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/zalando/go-keyring"
)

// ErrNotInKeyring says that a keyring has no such entry. A [Keyring] returns it,
// wrapped or not.
var ErrNotInKeyring = errors.New("not in the keyring")

// systemKeyring is the keyring of the operating system.
type systemKeyring struct{}

func (systemKeyring) Get(service, name string) (string, error) {
	v, err := keyring.Get(service, name)
	if errors.Is(err, keyring.ErrNotFound) {
		return "", ErrNotInKeyring
	}
	return v, err
}

func (systemKeyring) Set(service, name, value string) error { return keyring.Set(service, name, value) }

func (r Resolver) keyring() Keyring {
	if r.Keyring != nil {
		return r.Keyring
	}
	return systemKeyring{}
}

// readFile reads at most one byte more than a secret may have, together with
// the mode of the very file that was read.
func readFile(path string) ([]byte, fs.FileMode, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, 0, err
	}
	if !info.Mode().IsRegular() && !info.Mode().IsDir() {
		// A pipe such as the shell's <(…) is fine to read; its mode says nothing.
		data, err := io.ReadAll(io.LimitReader(f, maxSize+1))
		return data, 0o600, err
	}
	data, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	return data, info.Mode(), err
}

// cause is an error's reason without the path that the message names anyway.
func cause(err error) string {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err.Error()
	}
	return fmt.Sprint(err)
}
