package world

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
)

func compiledSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("world.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("world.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// plain is a YAML text as JSON has it: times are texts.
func plain(t *testing.T, data []byte) any {
	t.Helper()
	var v any
	if err := yaml.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	v = jsonable(v)
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	v, err = jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func jsonable(v any) any {
	switch v := v.(type) {
	case time.Time:
		return v.Format(time.RFC3339Nano)
	case map[string]any:
		for k := range v {
			v[k] = jsonable(v[k])
		}
	case []any:
		for i := range v {
			v[i] = jsonable(v[i])
		}
	}
	return v
}

func TestSchemaAcceptsGoodFiles(t *testing.T) {
	s := compiledSchema(t)
	if err := s.Validate(plain(t, DefaultYAML())); err != nil {
		t.Errorf("default.yaml: %v", err)
	}
	for _, path := range files(t, "*.good.yaml") {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Validate(plain(t, data)); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// TestSchemaRefuses: what a schema can see, an editor shows before the parser
// does.
func TestSchemaRefuses(t *testing.T) {
	s := compiledSchema(t)
	tenant := "tenants: [{name: A, domains: [a.example]}]\n"
	for name, text := range map[string]string{
		"no tenants":       "apps: []",
		"unknown key":      tenant + "tenant: []",
		"unknown cloud":    "tenants: [{name: A, domains: [a.example], cloud: publik}]",
		"bad domain":       "tenants: [{name: A, domains: [a b]}]",
		"bad id":           "tenants: [{id: a, name: A, domains: [a.example]}]",
		"unknown role":     "tenants: [{name: A, domains: [a.example], users: [{upn: a@a.example, roles: [King]}]}]",
		"too many":         "tenants: [{name: A, domains: [a.example], incidents: {count: 10001}}]",
		"secret by number": tenant + "apps: [{displayName: A, secrets: [{value: 12}]}]",
		"bad time":         tenant + "apps: [{displayName: A, secrets: [{value: x, end: tomorrow}]}]",
		"two certificates": tenant + "apps: [{displayName: A, certificates: [{file: a, pem: b}]}]",
		"no grant":         tenant + "consents: [{tenant: a.example, app: A}]",
		"negative alerts":  "tenants: [{name: A, domains: [a.example], standaloneAlerts: -1}]",
		"some machines":    "tenants: [{name: A, domains: [a.example], machines: few}]",
		"too big":          "tenants: [{name: A, domains: [a.example], incidents: {bigAlerts: 20001}}]",
		"bad delay":        tenant + "delays: {consent: soon}",
		"unknown delay":    tenant + "delays: {role: 1s}",
		"limits on":        tenant + "limits: on",
		"limit of nothing": tenant + "limits: {a: {calls: 0, per: 1m}}",
		"half a limit":     tenant + "limits: {a: {calls: 1}}",
		"no kind of fault": tenant + "faults: [{delay: 2s}]",
		"bad rate":         tenant + "rate: 6001",
		"bad grant":        tenant + "consents: [{tenant: a.example, app: A, roles: some}]",
	} {
		if s.Validate(plain(t, []byte(text))) == nil {
			t.Errorf("%s: the schema accepts it", name)
		}
		if _, err := ParseFile([]byte(text)); err == nil {
			t.Errorf("%s: the parser accepts it", name)
		}
	}
}

// TestSchemaHasTheParsersKeys compares the two lists of keys and of values.
func TestSchemaHasTheParsersKeys(t *testing.T) {
	var doc struct {
		Properties map[string]any
		Defs       map[string]struct {
			Properties map[string]struct {
				Enum  []any
				Items struct{ Enum []any }
			}
		} `json:"$defs"`
	}
	if err := json.Unmarshal(Schema(), &doc); err != nil {
		t.Fatal(err)
	}
	check := func(what string, typ reflect.Type, got []string) {
		t.Helper()
		slices.Sort(got)
		want := keys(typ)
		slices.Sort(want)
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("keys of %s (-parser +schema):\n%s", what, d)
		}
	}
	check("the file", reflect.TypeFor[Spec](), slices.Collect(maps.Keys(doc.Properties)))
	for name, typ := range map[string]reflect.Type{
		"tenant": reflect.TypeFor[TenantSpec](), "user": reflect.TypeFor[UserSpec](), "incidents": reflect.TypeFor[IncidentsSpec](),
		"app": reflect.TypeFor[AppSpec](), "secret": reflect.TypeFor[SecretSpec](), "certificate": reflect.TypeFor[CertificateSpec](),
		"federated": reflect.TypeFor[FederatedSpec](), "required": reflect.TypeFor[RequiredSpec](), "api": reflect.TypeFor[APISpec](),
		"consent": reflect.TypeFor[ConsentSpec](), "delays": reflect.TypeFor[Delays](), "limit": reflect.TypeFor[LimitSpec](),
	} {
		check(name, typ, slices.Collect(maps.Keys(doc.Defs[name].Properties)))
	}
	words := func(enum []any) string {
		var all []string
		for _, v := range enum {
			s, _ := v.(string)
			all = append(all, s)
		}
		return strings.Join(all, ",")
	}
	for what, pair := range map[string][2]string{
		"clouds":   {strings.Join(clouds(), ","), words(doc.Defs["tenant"].Properties["cloud"].Enum)},
		"regions":  {strings.Join(regions(), ","), words(doc.Defs["tenant"].Properties["region"].Enum)},
		"licences": {strings.Join(licences(), ","), words(doc.Defs["tenant"].Properties["licences"].Items.Enum)},
		"roles":    {strings.Join(DirectoryRoles(), ","), words(doc.Defs["user"].Properties["roles"].Items.Enum)},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: the parser has %s, the schema %s", what, pair[0], pair[1])
		}
	}
}
