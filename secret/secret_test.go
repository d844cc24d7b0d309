package secret_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/tenantry/tenantry/entra"
	"github.com/tenantry/tenantry/secret"
)

const hidden = "hunter2~Q8Q~fake-value"

func TestParse(t *testing.T) {
	for _, in := range []string{"env:APP_SECRET", "env:_x9", "file:app.pem", "file:/run/secrets/app", `file:C:\keys\app.pfx`, "keyring:tenantry/app", "keyring:tenantry/a/b"} {
		ref, err := secret.Parse(in)
		if err != nil {
			t.Errorf("%q: %v", in, err)
			continue
		}
		if ref.String() != in || ref.IsZero() || ref.Place() == "" {
			t.Errorf("%q is written %q", in, ref)
		}
	}
	for _, in := range []string{
		"", " ", hidden, "value:" + hidden, "ENV:APP", "env:", "env:9x", "env:a-b", "env:" + hidden, "env:A=B", "file:", "file:a\nb",
		"keyring:", "keyring:x", "keyring:/x", "keyring:x/", "https://vault.example/" + hidden, hidden + ":x",
	} {
		_, err := secret.Parse(in)
		var ref *secret.RefError
		if !errors.As(err, &ref) || ref.Next() == "" {
			t.Errorf("%q: error %v, want a RefError", in, err)
		} else if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: the error shows the value: %v", in, err)
		}
	}
	if _, err := secret.Parse(hidden); err == nil || !strings.Contains(err.Error(), "value, not a reference") || !strings.Contains(err.Error(), "env:NAME") {
		t.Errorf("a bare value is refused with %v, want the reason and the remedy", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("env:APP_SECRET")
	f.Add("keyring:a/b")
	f.Add(hidden)
	f.Fuzz(func(t *testing.T, in string) {
		ref, err := secret.Parse(in)
		if err != nil {
			return
		}
		again, err := secret.Parse(ref.String())
		if err != nil || again != ref || ref.String() != in {
			t.Errorf("%q is written %q and read again %v, %v", in, ref, again, err)
		}
	})
}

func TestRefAsText(t *testing.T) {
	var ref secret.Ref
	if err := ref.UnmarshalText([]byte("file:x")); err != nil || ref.Scheme() != secret.SchemeFile {
		t.Errorf("%v, %v", ref, err)
	}
	if err := ref.UnmarshalText(nil); err != nil || !ref.IsZero() || ref.String() != "" {
		t.Errorf("%v, %v", ref, err)
	}
	if err := ref.UnmarshalText([]byte(hidden)); err == nil {
		t.Error("a bare value was taken")
	}
}

// ring is a keyring in memory.
type ring struct {
	mu      sync.Mutex
	entries map[string]string
	err     error
}

func (r *ring) Get(service, name string) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil {
		return "", r.err
	}
	v, ok := r.entries[service+"\x00"+name]
	if !ok {
		return "", fmt.Errorf("ring: %w", secret.ErrNotInKeyring)
	}
	return v, nil
}

func (r *ring) Set(service, name, value string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.entries[service+"\x00"+name] = value
	return nil
}

func mustParse(t *testing.T, s string) secret.Ref {
	t.Helper()
	ref, err := secret.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

func TestResolve(t *testing.T) {
	file := func(data string, mode fs.FileMode, err error) func(string) ([]byte, fs.FileMode, error) {
		return func(string) ([]byte, fs.FileMode, error) { return []byte(data), mode, err }
	}
	env := func(name string) (string, bool) {
		v, ok := map[string]string{"APP": hidden, "EMPTY": "", "BLANK": " \n"}[name]
		return v, ok
	}
	for _, c := range []struct {
		name, ref, want string
		resolver        secret.Resolver
		says            string // of the error
		warns           bool
	}{
		{"environment", "env:APP", hidden, secret.Resolver{Getenv: env}, "", false},
		{"environment, not set", "env:OTHER", "", secret.Resolver{Getenv: env}, "not set", false},
		{"environment, empty", "env:EMPTY", "", secret.Resolver{Getenv: env}, "is empty", false},
		{"environment, blank", "env:BLANK", "", secret.Resolver{Getenv: env}, "is empty", false},
		{"file", "file:s", hidden, secret.Resolver{ReadFile: file(hidden+"\n", 0o600, nil)}, "", false},
		{"file of Windows", "file:s", hidden, secret.Resolver{ReadFile: file(hidden+"\r\n", 0o400, nil)}, "", false},
		{"file, only one newline goes", "file:s", hidden + "\n", secret.Resolver{ReadFile: file(hidden+"\n\n", 0o600, nil)}, "", false},
		{"file, spaces stay", "file:s", " " + hidden + " ", secret.Resolver{ReadFile: file(" "+hidden+" ", 0o600, nil)}, "", false},
		{"file, readable by all", "file:s", hidden, secret.Resolver{ReadFile: file(hidden, 0o644, nil)}, "", runtime.GOOS != "windows"},
		{"file, readable by the group", "file:s", hidden, secret.Resolver{ReadFile: file(hidden, 0o640, nil)}, "", runtime.GOOS != "windows"},
		{"file, none", "file:s", "", secret.Resolver{ReadFile: file("", 0, fs.ErrNotExist)}, "no such file", false},
		{"file, not allowed", "file:s", "", secret.Resolver{ReadFile: file("", 0, fs.ErrPermission)}, "may not be read", false},
		{"file, broken", "file:s", "", secret.Resolver{ReadFile: file("", 0, errors.New("bad sector"))}, "bad sector", false},
		{"file, empty", "file:s", "", secret.Resolver{ReadFile: file("\n", 0o600, nil)}, "is empty", false},
		{"file, too large", "file:s", "", secret.Resolver{ReadFile: file(strings.Repeat("x", 1<<20+1), 0o600, nil)}, "larger than 1 MiB", false},
		{"keyring", "keyring:tenantry/app", hidden, secret.Resolver{Keyring: &ring{entries: map[string]string{"tenantry\x00app": hidden}}}, "", false},
		{"keyring, no entry", "keyring:tenantry/other", "", secret.Resolver{Keyring: &ring{}}, "no such entry", false},
		{"keyring, locked", "keyring:tenantry/app", "", secret.Resolver{Keyring: &ring{err: errors.New("locked")}}, "locked", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, warnings, err := c.resolver.ResolveWarn(t.Context(), mustParse(t, c.ref))
			if c.says != "" {
				var resolve *secret.ResolveError
				if !errors.As(err, &resolve) || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), c.ref) || resolve.Next() == "" {
					t.Errorf("error %v, want a ResolveError that says %q and names %s", err, c.says, c.ref)
				}
				return
			}
			if err != nil || got.Reveal() != c.want {
				t.Errorf("got %q, %v; want %q", got.Reveal(), err, c.want)
			}
			if (len(warnings) > 0) != c.warns {
				t.Errorf("warnings %v", warnings)
			}
			for _, w := range warnings {
				if !strings.Contains(w.String(), "chmod 600 s") || strings.Contains(w.String(), "hunter2") {
					t.Errorf("warning %q", w)
				}
			}
		})
	}
	if _, err := (secret.Resolver{}).Resolve(t.Context(), secret.Ref{}); err == nil {
		t.Error("nothing was resolved to something")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := (secret.Resolver{Getenv: env}).Resolve(ctx, mustParse(t, "env:APP")); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v after the context ended", err)
	}
}

// A PFX file may end with the byte of a newline.
func TestReadChangesNothing(t *testing.T) {
	data := "\x30\x82\x00\r\n"
	r := secret.Resolver{ReadFile: func(string) ([]byte, fs.FileMode, error) { return []byte(data), 0o600, nil }}
	got, _, err := r.Read(t.Context(), mustParse(t, "file:app.pfx"))
	if err != nil || string(got) != data {
		t.Errorf("%q, %v", got, err)
	}
}

func TestStoreFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "app.secret")
	ref := mustParse(t, "file:"+path)
	r := secret.Resolver{}
	if err := r.Store(t.Context(), ref, entra.NewSecret(hidden)); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("mode %04o", info.Mode().Perm())
	}
	got, warnings, err := r.ResolveWarn(t.Context(), ref)
	if err != nil || got.Reveal() != hidden || len(warnings) != 0 {
		t.Errorf("%q, %v, %v", got.Reveal(), warnings, err)
	}
	err = r.Store(t.Context(), ref, entra.NewSecret("other"))
	if !errors.Is(err, secret.ErrExists) || !strings.Contains(err.Error(), "not overwritten") {
		t.Errorf("error %v, want ErrExists", err)
	}
	if got, err := r.Resolve(t.Context(), ref); err != nil || got.Reveal() != hidden {
		t.Errorf("the file was overwritten: %q, %v", got.Reveal(), err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

func TestStoreRefuses(t *testing.T) {
	dir := t.TempDir()
	locked := &ring{err: errors.New("locked")}
	taken := &ring{entries: map[string]string{"s\x00n": "old"}}
	for _, c := range []struct {
		name, ref, value, says string
		resolver               secret.Resolver
	}{
		{"environment", "env:APP", hidden, "cannot be stored by a program", secret.Resolver{}},
		{"empty", "file:" + filepath.Join(dir, "x"), " ", "empty", secret.Resolver{}},
		{"no directory", "file:" + filepath.Join(dir, "none", "x"), hidden, "directory does not exist", secret.Resolver{}},
		{"a directory", "file:" + dir, hidden, "exists already", secret.Resolver{}},
		{"keyring taken", "keyring:s/n", hidden, "such an entry already", secret.Resolver{Keyring: taken}},
		{"keyring locked", "keyring:s/n", hidden, "locked", secret.Resolver{Keyring: locked}},
	} {
		err := c.resolver.Store(t.Context(), mustParse(t, c.ref), entra.NewSecret(c.value))
		var resolve *secret.ResolveError
		if !errors.As(err, &resolve) || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: error %v, want a ResolveError that says %q", c.name, err, c.says)
		}
	}
	if taken.entries["s\x00n"] != "old" {
		t.Error("the keyring's entry was overwritten")
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
	if err := (secret.Resolver{}).Store(t.Context(), secret.Ref{}, entra.NewSecret(hidden)); err == nil {
		t.Error("something was stored nowhere")
	}
}

func TestStoreKeyring(t *testing.T) {
	r := secret.Resolver{Keyring: &ring{entries: map[string]string{}}}
	ref := mustParse(t, "keyring:tenantry/app")
	if err := r.Store(t.Context(), ref, entra.NewSecret(hidden)); err != nil {
		t.Fatal(err)
	}
	if got, err := r.Resolve(t.Context(), ref); err != nil || got.Reveal() != hidden {
		t.Errorf("%q, %v", got.Reveal(), err)
	}
}

// Only one of many that store at one place wins, and its value is whole.
func TestStoreRace(t *testing.T) {
	ref := mustParse(t, "file:"+filepath.Join(t.TempDir(), "s"))
	won := make([]bool, 8)
	var wg sync.WaitGroup
	for i := range won {
		wg.Go(func() {
			won[i] = secret.Resolver{}.Store(t.Context(), ref, entra.NewSecret(fmt.Sprintf("value-%d", i))) == nil
		})
	}
	wg.Wait()
	got, err := secret.Resolver{}.Resolve(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	winners := 0
	for i, w := range won {
		if w {
			winners++
			if got.Reveal() != fmt.Sprintf("value-%d", i) {
				t.Errorf("%q is there, %d won", got.Reveal(), i)
			}
		}
	}
	if winners != 1 {
		t.Errorf("%d of %d won", winners, len(won))
	}
}

func ExampleResolver_Resolve() {
	ref, err := secret.Parse("env:TENANTRY_APP_SECRET")
	if err != nil {
		fmt.Println(err)
		return
	}
	r := secret.Resolver{Getenv: func(string) (string, bool) { return "a fake secret", true }}
	value, err := r.Resolve(context.Background(), ref)
	fmt.Println(ref, value, len(value.Reveal()), err)
	// Output: env:TENANTRY_APP_SECRET [secret] 13 <nil>
}
