package secret

import (
	"fmt"
	"path/filepath"
	"strings"
)

// Scheme is the kind of place a reference points to.
type Scheme string

// Schemes of references.
const (
	SchemeEnv     Scheme = "env"
	SchemeFile    Scheme = "file"
	SchemeKeyring Scheme = "keyring"
)

// Ref is a reference to a secret. It is no secret itself and may be printed.
// The zero value refers to nothing.
type Ref struct {
	scheme  Scheme
	place   string // variable, path, or service
	account string // keyring: name within the service
}

// RefError says what is wrong with a reference. It never shows more of the text
// than its scheme, because what was written may be the secret itself.
type RefError struct {
	Problem string // what is wrong
	Remedy  string // what to write instead
}

func (e *RefError) Error() string { return "secret reference: " + e.Problem + "; " + e.Remedy }

// Next says in one sentence what to do about it.
func (e *RefError) Next() string { return e.Remedy }

const forms = "write env:NAME, file:PATH or keyring:SERVICE/NAME"

// Parse reads a reference. Text that is no reference, such as the secret itself,
// is refused with a [*RefError] that does not repeat it.
func Parse(s string) (Ref, error) {
	if strings.TrimSpace(s) == "" {
		return Ref{}, &RefError{Problem: "it is empty", Remedy: forms}
	}
	scheme, rest, found := strings.Cut(s, ":")
	if !found {
		return Ref{}, &RefError{
			Problem: "this is a value, not a reference (a secret must not be written here)",
			Remedy:  "put the value into an environment variable or a file and " + forms,
		}
	}
	switch Scheme(scheme) {
	case SchemeEnv:
		if !validVariable(rest) {
			return Ref{}, &RefError{Problem: "after env: comes no name of an environment variable", Remedy: "write env:NAME with letters, digits and underscores"}
		}
		return Ref{scheme: SchemeEnv, place: rest}, nil
	case SchemeFile:
		if rest == "" || strings.ContainsAny(rest, "\x00\n\r") {
			return Ref{}, &RefError{Problem: "after file: comes no path", Remedy: "write file:PATH"}
		}
		return Ref{scheme: SchemeFile, place: rest}, nil
	case SchemeKeyring:
		service, account, ok := strings.Cut(rest, "/")
		if !ok || service == "" || account == "" || strings.ContainsAny(rest, "\x00\n\r") {
			return Ref{}, &RefError{Problem: "after keyring: come no service and name", Remedy: "write keyring:SERVICE/NAME"}
		}
		return Ref{scheme: SchemeKeyring, place: service, account: account}, nil
	}
	return Ref{}, &RefError{
		Problem: "it begins with no known scheme (a secret must not be written here)",
		Remedy:  forms,
	}
}

// validVariable accepts the names that every shell can set.
func validVariable(name string) bool {
	for i, r := range name {
		letter := r == '_' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return name != ""
}

// Scheme is the kind of place; empty for the zero Ref.
func (r Ref) Scheme() Scheme { return r.scheme }

// Place is the variable, the path or the keyring's service.
func (r Ref) Place() string { return r.place }

// IsZero tells whether the reference refers to nothing.
func (r Ref) IsZero() bool { return r == Ref{} }

// In is the reference as seen from dir: a relative path of a file is one below
// dir. References of other kinds, and absolute paths, stay as they are.
func (r Ref) In(dir string) Ref {
	if r.scheme == SchemeFile && !filepath.IsAbs(r.place) {
		r.place = filepath.Join(dir, r.place)
	}
	return r
}

// String writes the reference as Parse reads it.
func (r Ref) String() string {
	switch {
	case r.IsZero():
		return ""
	case r.scheme == SchemeKeyring:
		return fmt.Sprintf("%s:%s/%s", r.scheme, r.place, r.account)
	}
	return fmt.Sprintf("%s:%s", r.scheme, r.place)
}

// MarshalText writes the reference for JSON and YAML.
func (r Ref) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads a reference as Parse does; empty text is the zero Ref.
func (r *Ref) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*r = Ref{}
		return nil
	}
	parsed, err := Parse(string(text))
	if err != nil {
		return err
	}
	*r = parsed
	return nil
}
