package defender

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/go-faster/jx"
)

//go:generate go run ./internal/evidencegen

// EvidenceType names a kind of evidence as Microsoft Graph does, without the
// namespace and the word "Evidence": "#microsoft.graph.security.deviceEvidence"
// is "device". Kinds that no constant names occur; see [UnknownEvidence].
type EvidenceType string

// Evidence is one thing an alert is about: one of the pointer types
// [*DeviceEvidence], [*UserEvidence], [*FileEvidence] and so on, or
// [*UnknownEvidence]. A type switch tells which.
//
// An entity or device of the xdr surface is the evidence of Graph that says the
// same; what Graph has no property for is in Extra under its xdr name.
type Evidence interface {
	// Base is what all kinds of evidence have.
	Base() *EvidenceBase
	// Type is the kind.
	Type() EvidenceType

	record
}

// EvidenceBase is what all kinds of evidence have
// (https://learn.microsoft.com/graph/api/resources/security-alertevidence).
type EvidenceBase struct {
	Created            time.Time `json:"createdDateTime,omitzero"`
	Verdict            string    `json:"verdict,omitempty"`           // unknown, suspicious, malicious, noThreatsFound
	Remediation        string    `json:"remediationStatus,omitempty"` // none, remediated, prevented, blocked, …
	RemediationDetails string    `json:"remediationStatusDetails,omitempty"`
	Roles              []string  `json:"roles,omitempty"` // attacker, compromised, …
	DetailedRoles      []string  `json:"detailedRoles,omitempty"`
	Tags               []string  `json:"tags,omitempty"`

	Extra map[string]json.RawMessage `json:"-"` // see Incident.Extra

	told    told
	untyped bool     // was read without the @odata.type that its Go type has
	xdr     *xdrForm // how it was told as an entity or device of xdr
}

// Base is the receiver.
func (b *EvidenceBase) Base() *EvidenceBase { return b }

func (b *EvidenceBase) state(Surface) state {
	return state{told: &b.told, extra: &b.Extra, base: b}
}

// The fields below 8 are the base's; those of the generated types come after.
func (b *EvidenceBase) member(d *decoder, key string) bool {
	switch key {
	case "createdDateTime":
		return d.time(&b.told, 0, &b.Created)
	case "verdict":
		return d.enum(&b.told, 1, &b.Verdict, membersEvidenceVerdict)
	case "remediationStatus":
		return d.enum(&b.told, 2, &b.Remediation, membersEvidenceRemediationStatus)
	case "remediationStatusDetails":
		return d.text(&b.told, 3, &b.RemediationDetails)
	case "roles":
		return d.enums(&b.told, 4, &b.Roles, membersEvidenceRole)
	case "detailedRoles":
		return d.texts(&b.told, 5, &b.DetailedRoles)
	case "tags":
		return d.texts(&b.told, 6, &b.Tags)
	}
	return false
}

func (b *EvidenceBase) members(w *writer) {
	w.time("createdDateTime", 0, b.Created)
	w.enum("verdict", 1, b.Verdict, membersEvidenceVerdict)
	w.enum("remediationStatus", 2, b.Remediation, membersEvidenceRemediationStatus)
	w.text("remediationStatusDetails", 3, b.RemediationDetails)
	w.enums("roles", 4, b.Roles, membersEvidenceRole)
	w.texts("detailedRoles", 5, b.DetailedRoles)
	w.texts("tags", 6, b.Tags)
}

// UnknownEvidence is evidence of a kind that nobody knew when this package was
// written. Extra holds all it carries beside what all evidence has.
type UnknownEvidence struct {
	// Kind is the name by the rule of EvidenceType; "" when the surface told none.
	Kind EvidenceType `json:"-"`
	EvidenceBase
}

// Type is Kind, or "unknown" where there is none.
func (x *UnknownEvidence) Type() EvidenceType {
	if x.Kind == "" {
		return "unknown"
	}
	return x.Kind
}

func (x *UnknownEvidence) member(d *decoder, key string) bool {
	if key == odataType {
		name := "" // one without a kind in it is kept in Extra
		if x.Kind != "" {
			name = odataName(x.Kind)
		}
		return d.odataType(&x.EvidenceBase, name)
	}
	return x.EvidenceBase.member(d, key)
}

func (x *UnknownEvidence) members(w *writer) {
	if x.Kind != "" {
		w.odataType(&x.EvidenceBase, odataName(x.Kind))
	}
	x.EvidenceBase.members(w)
}

// MarshalJSON writes the shape of Microsoft Graph.
func (x UnknownEvidence) MarshalJSON() ([]byte, error) { return marshal(&x) }

// UnmarshalJSON reads the shape of Microsoft Graph, whatever the kind. The
// error is a [*DecodeError].
func (x *UnknownEvidence) UnmarshalJSON(data []byte) error {
	d, err := open(SurfaceGraph, data)
	if err != nil {
		return err
	}
	*x = UnknownEvidence{Kind: evidenceType(d.odataTypeAhead())}
	d.record(x)
	return d.err
}

// DecodeEvidence reads evidence in the shape of Microsoft Graph into the Go
// type of its @odata.type. The error is a [*DecodeError].
func DecodeEvidence(data []byte) (Evidence, error) {
	d, err := open(SurfaceGraph, data)
	if err != nil {
		return nil, err
	}
	var e Evidence
	d.evidence(&e)
	if d.err != nil {
		return nil, d.err
	}
	return e, nil
}

// odataType is the annotation by which Graph tells the kind of an object.
const odataType = "@odata.type"

const odataNamespace = "#microsoft.graph.security."

// evidenceType is the short name of an @odata.type.
func evidenceType(odata string) EvidenceType {
	name := odata[strings.LastIndexAny(odata, ".#")+1:]
	return EvidenceType(strings.TrimSuffix(name, "Evidence"))
}

// odataName is the @odata.type of a kind.
func odataName(kind EvidenceType) string { return odataNamespace + string(kind) + "Evidence" }

// evidence reads evidence of any kind.
func (d *decoder) evidence(v *Evidence) bool {
	if d.in.next() != jx.Object {
		return false
	}
	kind := evidenceType(d.odataTypeAhead())
	e := newEvidence(kind)
	if e == nil {
		e = &UnknownEvidence{Kind: kind}
	}
	*v = e
	return d.record(e)
}

// odataTypeAhead looks for the @odata.type of the object that comes next. Graph
// writes it first, so that the look is short.
func (d *decoder) odataTypeAhead() (found string) {
	here := d.in.at
	for d.in.enter(); d.err == nil && d.in.more(); {
		if d.key() == odataType && d.in.next() == jx.String {
			found = d.str()
			break
		}
		d.in.skip()
	}
	d.in.at = here
	return found
}

// odataType reads the @odata.type of evidence whose Go type has this name ("" for
// none); any other name is kept in Extra.
func (d *decoder) odataType(b *EvidenceBase, name string) bool {
	if d.in.next() != jx.String {
		return false
	}
	raw := d.raw()
	if _, odd := b.Extra[odataType]; odd || !b.untyped {
		return true // comes a second time: the first has chosen the Go type
	}
	if name == "" || unquote(raw) != name {
		return d.refuse(raw)
	}
	b.untyped = false
	return true
}

func (w *writer) odataType(b *EvidenceBase, name string) {
	if _, odd := w.extra[odataType]; odd || b.untyped && !w.plain {
		return
	}
	w.name(odataType)
	w.str(name)
}

// readEvidence reads one evidence of any kind: a value of Graph's abstract type.
func readEvidence(d *decoder, t *told, field uint, v *Evidence) bool {
	*v = nil
	switch d.in.next() {
	case jx.Object:
		t.value(field, false)
		return d.evidence(v)
	case jx.Null:
		t.value(field, false)
		return d.null()
	}
	t.forget(field)
	return false
}

func writeEvidence(w *writer, name string, field uint, v Evidence) {
	if v == nil {
		w.zero(name, field, "null", "null")
		return
	}
	w.value(name)
	w.object(v)
}

// readEvidences reads a list of evidence of any kind.
func readEvidences(d *decoder, t *told, field uint, v *[]Evidence) bool {
	*v = nil
	first := len(d.gathered) // evidence may hold evidence
	ok := d.elements(t, field, func() bool {
		var e Evidence
		if !d.evidence(&e) {
			return false
		}
		d.gathered = append(d.gathered, e)
		return true
	})
	if gathered := d.gathered[first:]; len(gathered) > 0 {
		*v = slices.Clone(gathered)
	}
	d.gathered = d.gathered[:first]
	return ok
}

func writeEvidences(w *writer, name string, field uint, v []Evidence) {
	w.list(name, field, len(v), v == nil, func(i int) {
		if v[i] == nil {
			w.fail(indexed(name, i), "is nil")
			w.jx.Null()
			return
		}
		w.object(v[i])
	})
}
