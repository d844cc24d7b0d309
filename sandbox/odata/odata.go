// Package odata reads the system query options of the OData URLs that
// Microsoft's security APIs answer: $filter as a tree that is checked against
// the properties of a resource before it is evaluated, $orderby, and the plain
// options.
//
// It is a small part of OData 4.01 (docs.oasis-open.org, "URL Conventions"):
// and, or, not, parentheses, the comparison operators, in, the string
// functions startswith, endswith and contains, any and all over collections,
// and literals of the types the APIs use. What it does not know it refuses
// with the place, it never guesses.
package odata

import "fmt"

// Error is a query option that cannot be honored. Pos is the byte offset in
// Input where reading stopped; it is -1 when the trouble has no place.
type Error struct {
	Option  string // such as "$filter"
	Input   string
	Pos     int
	Message string
}

// Error tells the message with option and place.
func (e *Error) Error() string {
	if e.Pos < 0 {
		return fmt.Sprintf("%s: %s", e.Option, e.Message)
	}
	return fmt.Sprintf("%s at position %d in '%s': %s", e.Option, e.Pos, e.Input, e.Message)
}

// Type is the type of a property, named as in Microsoft's metadata.
type Type int

// Types of properties.
const (
	String Type = iota
	Bool
	Int
	DateTime
	GUID
	Enum
	Strings // a collection of strings, for any and all
)

// String is the type's name in the Entity Data Model.
func (t Type) String() string {
	switch t {
	case String:
		return "Edm.String"
	case Bool:
		return "Edm.Boolean"
	case Int:
		return "Edm.Int64"
	case DateTime:
		return "Edm.DateTimeOffset"
	case GUID:
		return "Edm.Guid"
	case Enum:
		return "Enum"
	case Strings:
		return "Collection(Edm.String)"
	}
	return "Edm.Untyped"
}

// Property describes one property that a filter may name.
type Property struct {
	Type    Type
	Members []string // of an Enum, in their proper spelling
	// EnumName is the qualified name an enum literal may be prefixed with, as
	// in microsoft.graph.security.incidentStatus'active'. Empty allows none.
	EnumName string
	// Functions lists which of startswith, endswith and contains may be used.
	Functions []string
	// EqualityOnly restricts a property to eq, ne and in.
	EqualityOnly bool
	// Quoted lets an Int be compared with a number in quotes too, for
	// properties that the pages call a string and show as a number.
	Quoted bool
}

// Schema is what a filter may speak of: properties by name. Names are compared
// with case, as OData does.
type Schema struct {
	TypeName   string // for messages, such as "microsoft.graph.application"
	Properties map[string]Property
	AnyCase    bool // as [Resource] has it
}
