package proxy

import (
	"strings"
	"testing"
)

func TestHostTable(t *testing.T) {
	seen := map[string]bool{}
	table := NewHostTable()
	for _, h := range Hosts() {
		if h.Name != strings.ToLower(h.Name) || strings.Contains(h.Name, ":") || !strings.Contains(h.Name, ".") {
			t.Errorf("%q is not a host name in lower case", h.Name)
		}
		if seen[h.Name] {
			t.Errorf("%s is listed twice", h.Name)
		}
		seen[h.Name] = true
		if got := table[h.Name]; got != h {
			t.Errorf("the table has %v for %s", got, h.Name)
		}
	}
	for _, name := range []string{
		"", "localhost", "example.com", "graph.windows.net", "microsoft.com", "evil-login.microsoftonline.com",
		"login.microsoftonline.com.evil.example", "xlogin.windows.net",
	} {
		if h, ok := table[name]; ok {
			t.Errorf("the table has %v for %q", h, name)
		}
	}
}

func TestSplitHost(t *testing.T) {
	for _, c := range []struct{ in, name, port string }{
		{"login.windows.net", "login.windows.net", ""},
		{"LOGIN.windows.NET.:443", "login.windows.net", "443"},
		{"[::1]:8443", "::1", "8443"},
		{"[::1]", "::1", ""},
		{"127.0.0.1:1", "127.0.0.1", "1"},
		{"", "", ""},
	} {
		if name, port := SplitHost(c.in); name != c.name || port != c.port {
			t.Errorf("SplitHost(%q) = %q, %q", c.in, name, port)
		}
	}
}

func TestIsLoopback(t *testing.T) {
	for name, want := range map[string]bool{
		"localhost": true, "a.localhost": true, "127.0.0.1": true, "127.8.9.1": true, "::1": true, "::ffff:127.0.0.1": true,
		"": false, "0.0.0.0": false, "localhost.example": false, "10.0.0.1": false, "notlocalhost": false,
	} {
		if got := IsLoopback(name); got != want {
			t.Errorf("IsLoopback(%q) = %t", name, got)
		}
	}
}

func FuzzSplitHost(f *testing.F) {
	for _, s := range []string{"a:1", "[::1]:2", "::1", "a.", "[", "]:", ":", "login.windows.net:443"} {
		f.Add(s)
	}
	table := NewHostTable()
	f.Fuzz(func(t *testing.T, s string) {
		name, port := SplitHost(s)
		if len(name)+len(port) > 3*len(s) {
			t.Errorf("SplitHost(%q) = %q, %q", s, name, port)
		}
		if _, ok := table[name]; ok {
			// Whatever is let through must name the host, in any spelling.
			if IsLoopback(name) || !strings.Contains(strings.ToLower(s), name) {
				t.Errorf("SplitHost(%q) finds %q", s, name)
			}
		}
	})
}
