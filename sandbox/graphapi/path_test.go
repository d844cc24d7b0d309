package graphapi

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// FuzzPath holds the reading of paths to its rules: no panic, keys only where
// the pattern has them, and a quoted key that reads back as it was written.
func FuzzPath(f *testing.F) {
	for _, p := range []string{"/applications", "/applications(appId='x')/addPassword", "/applications(('", "/a('b''c')", "//", "/servicePrincipals(appId='x')/appRoleAssignments/y"} {
		f.Add(p)
	}
	all := routes()
	f.Fuzz(func(t *testing.T, path string) {
		segments := split(path)
		for _, rt := range all {
			keys, ok := rt.match(segments)
			stars := 0
			for _, p := range rt.pattern {
				if p == "*" {
					stars++
				}
			}
			if ok && len(keys) != stars {
				t.Fatalf("%q matches %v with keys %q", path, rt.pattern, keys)
			}
		}
		quoted := "(appId='" + strings.ReplaceAll(path, "'", "''") + "')"
		if strings.Contains(path, "=") {
			return // only names are cut at the first equals sign
		}
		if name, value, failure := key(quoted, "appId"); failure != nil || name != "appId" || value != path {
			t.Fatalf("key %q reads as %q %q %v", quoted, name, value, failure)
		}
	})
}

// FuzzBody holds the strict reading of bodies to one thing: what it accepts
// has only properties that the schema knows.
func FuzzBody(f *testing.F) {
	for _, b := range []string{`{"displayName":"x"}`, `{"web":{"redirectUris":["a"]}}`, `{"web":null}`, `{"keyCredentials":[null]}`, `{"x@odata.bind":1}`, `{"appRoles":[{}]}`} {
		f.Add(b)
	}
	schema := applicationFields()
	f.Fuzz(func(t *testing.T, raw string) {
		var top map[string]json.RawMessage
		if json.Unmarshal([]byte(raw), &top) != nil {
			return
		}
		if schema.check("Application", "", top) != nil {
			return
		}
		for name := range top {
			if _, known := schema[name]; !known && !strings.Contains(name, "@odata.") {
				t.Fatalf("property %q was accepted", name)
			}
		}
		// What was accepted must decode. It is written anew, for a repeated
		// key's first value was never looked at.
		once, err := json.Marshal(top)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(once, &applicationBody{}); err != nil {
			t.Fatalf("accepted, yet it does not decode: %v", err)
		}
	})
}

// TestRoutesAreDistinct: a method and pattern must not be listed twice.
func TestRoutesAreDistinct(t *testing.T) {
	var seen []string
	for _, rt := range routes() {
		id := rt.method + " " + strings.Join(rt.pattern, "/")
		if slices.Contains(seen, id) {
			t.Errorf("%s is listed twice", id)
		}
		seen = append(seen, id)
	}
}
