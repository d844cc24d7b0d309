package graphapi

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tenantry/tenantry/sandbox/graphapi/graphwire"
	"github.com/tenantry/tenantry/sandbox/world"
)

// maxBody bounds a request body, in bytes. Microsoft Graph takes 4 MB.
const maxBody = 4 << 20

type kind int

const (
	aString kind = iota
	aBool
	anInt
	aTime
	aGUID
	aBinary
	someStrings
	anObject
	objects
	anything
)

func (k kind) edm() string {
	return [...]string{"Edm.String", "Edm.Boolean", "Edm.Int32", "Edm.DateTimeOffset", "Edm.Guid", "Edm.Binary", "Collection(Edm.String)", "an object", "a collection of objects", "any value"}[k]
}

// field is one property that a body may hold.
type field struct {
	kind     kind
	fields   fields // of an object, or of each object of a collection
	readOnly bool
	extra    bool // kept as written, see world.App.Extra
}

type fields map[string]field

// body reads the request's JSON object, holds it against the schema and
// decodes it into v. resource names the type in messages. A missing body is an
// empty object when optional.
func (c *call) body(resource string, schema fields, optional bool, v any) (map[string]json.RawMessage, *graphwire.Error) {
	raw, err := io.ReadAll(http.MaxBytesReader(nil, c.R.Body, maxBody))
	if err != nil {
		return nil, &graphwire.Error{Status: http.StatusRequestEntityTooLarge, Code: "RequestEntityTooLarge", Message: "The request body is too large or was cut off."}
	}
	if len(bytes.TrimSpace(raw)) == 0 {
		if optional {
			return map[string]json.RawMessage{}, nil
		}
		return nil, &graphwire.Error{Status: http.StatusBadRequest, Code: graphwire.CodeODataBad, Message: "Empty Payload. JSON content expected."}
	}
	unreadable := &graphwire.Error{Status: http.StatusBadRequest, Code: graphwire.CodeODataBad, Message: "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format."}
	if mt, _, err := mime.ParseMediaType(c.R.Header.Get("Content-Type")); err != nil || mt != "application/json" {
		return nil, unreadable
	}
	var top map[string]json.RawMessage
	if json.Unmarshal(raw, &top) != nil || top == nil {
		return nil, unreadable
	}
	if failure := schema.check(resource, "", top); failure != nil {
		return nil, failure
	}
	if err := json.Unmarshal(raw, v); err != nil {
		return nil, unreadable
	}
	return top, nil
}

// check holds an object against the schema. Properties are looked at in
// alphabetical order, so that the first error is always the same one.
func (s fields) check(resource, path string, o map[string]json.RawMessage) *graphwire.Error {
	for _, name := range slices.Sorted(maps.Keys(o)) {
		if strings.Contains(name, "@odata.") {
			continue // an annotation
		}
		full := path + name
		f, ok := s[name]
		if !ok {
			return graphwire.BadRequest("Invalid property '%s'.", full)
		}
		if bytes.Equal(o[name], []byte("null")) {
			continue
		}
		if f.readOnly {
			return graphwire.BadRequest("Property '%s' is read-only and cannot be set.", full)
		}
		if failure := f.check(resource, full, o[name]); failure != nil {
			return failure
		}
	}
	return nil
}

func (f field) check(resource, path string, raw json.RawMessage) *graphwire.Error {
	mismatch := graphwire.BadRequest("Cannot convert the value of property '%s' of resource '%s' to the expected type '%s'.", path, resource, f.kind.edm())
	var s string
	switch f.kind {
	case aString:
		if json.Unmarshal(raw, &s) != nil {
			return mismatch
		}
	case aGUID:
		if json.Unmarshal(raw, &s) != nil || !world.IsGUID(s) {
			return mismatch
		}
	case aTime:
		if json.Unmarshal(raw, &s) != nil {
			return mismatch
		}
		if _, err := time.Parse(time.RFC3339Nano, s); err != nil {
			return mismatch
		}
	case aBinary:
		if json.Unmarshal(raw, &s) != nil {
			return mismatch
		}
		if _, err := base64.StdEncoding.DecodeString(s); err != nil {
			return mismatch
		}
	case aBool:
		var b bool
		if json.Unmarshal(raw, &b) != nil {
			return mismatch
		}
	case anInt:
		var n int32
		if json.Unmarshal(raw, &n) != nil {
			return mismatch
		}
	case someStrings:
		var list []*string
		if json.Unmarshal(raw, &list) != nil || slices.Contains(list, nil) {
			return mismatch
		}
	case anObject:
		var o map[string]json.RawMessage
		if json.Unmarshal(raw, &o) != nil {
			return mismatch
		}
		return f.fields.check(resource, path+"/", o)
	case objects:
		var list []map[string]json.RawMessage
		if json.Unmarshal(raw, &list) != nil {
			return mismatch
		}
		for _, o := range list {
			if o == nil {
				return mismatch
			}
			if failure := f.fields.check(resource, path+"/", o); failure != nil {
				return failure
			}
		}
	}
	return nil
}

// extras collects the values of properties that are kept as written, by path.
func (s fields) extras(path string, o map[string]json.RawMessage, into map[string]json.RawMessage) {
	for name, raw := range o {
		f, ok := s[name]
		switch {
		case !ok:
		case f.extra:
			into[path+name] = raw
		case f.kind == anObject:
			var inner map[string]json.RawMessage
			if json.Unmarshal(raw, &inner) == nil {
				f.fields.extras(path+name+".", inner, into)
			}
		}
	}
}
