package kql

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"unicode/utf8"

	"github.com/tenantry/tenantry/internal/cli/clierr"
	"github.com/tenantry/tenantry/kql/syntax"
)

// stdin is the name of standard input where a file can be named.
const stdin = "-"

// A source is a text that holds a query.
type source struct {
	name string
	path string // what rewriting replaces: the file that links lead to
	mode fs.FileMode
	data []byte
}

// read reads one file, or stdin.
func read(in io.Reader, name string) (source, error) {
	s := source{name: name}
	if name == stdin {
		s.name = "stdin"
	} else {
		f, err := os.Open(name)
		if err != nil {
			return s, unreadable(name, err)
		}
		defer f.Close()
		info, err := f.Stat()
		switch {
		case err != nil:
			return s, unreadable(name, err)
		case info.IsDir():
			return s, clierr.Failed("name the files in it, such as "+filepath.Join(name, "*.kql"), "%s is a directory", name)
		}
		if s.path, err = filepath.EvalSymlinks(name); err != nil {
			return s, unreadable(name, err)
		}
		in, s.mode = f, info.Mode().Perm()
	}
	// One byte more than a query may have is enough to see that it is too long.
	data, err := io.ReadAll(io.LimitReader(in, syntax.MaxLength+1))
	if err != nil {
		return s, unreadable(s.name, err)
	}
	s.data = data
	return s, s.isText()
}

// isText refuses what is no UTF-8: layout would go wrong, and so would what is
// written back. Windows PowerShell 5 writes UTF-16 unless told otherwise.
func (s source) isText() error {
	switch {
	case bytes.HasPrefix(s.data, []byte{0xff, 0xfe}), bytes.HasPrefix(s.data, []byte{0xfe, 0xff}):
		return clierr.Failed("save it as UTF-8; in Windows PowerShell: Out-File -Encoding utf8", "%s is in UTF-16", s.name)
	case len(s.data) <= syntax.MaxLength && !utf8.Valid(s.data):
		return clierr.Failed("save it as UTF-8", "%s is not in UTF-8", s.name)
	}
	return nil
}

func unreadable(name string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return clierr.Failed("check the name; quote a pattern only where a shell is to leave it alone", "%s: there is no such file", name).Because(err)
	}
	return fmt.Errorf("read %s: %w", name, err)
}

// replace writes the file anew: whoever reads it sees the old text or the new
// one, and a failure leaves the old one.
func (s source) replace(data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(s.path), filepath.Base(s.path)+".*.new")
	if err != nil {
		return fmt.Errorf("rewrite %s: %w", s.name, err)
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Chmod(s.mode), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), s.path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return fmt.Errorf("rewrite %s: %w", s.name, err)
	}
	return nil
}
