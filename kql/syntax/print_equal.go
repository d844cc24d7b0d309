package syntax

import (
	"reflect"
	"slices"
	"strings"
	"unicode"
)

// Equal reports whether two queries are the same but for places and layout:
// the same statements, operators, names, literals as they are written, and
// comments, in the same order. Commas and semicolons that need not be there
// make no difference, and neither do old spellings of comparisons.
func Equal(a, b *Query) bool {
	if a == nil || b == nil {
		return a == b
	}
	same := func(a, b Comment) bool {
		return strings.TrimRightFunc(a.Text, unicode.IsSpace) == strings.TrimRightFunc(b.Text, unicode.IsSpace)
	}
	return slices.EqualFunc(a.Comments, b.Comments, same) &&
		slices.EqualFunc(a.Directives, b.Directives, func(a, b *Directive) bool {
			return strings.TrimRightFunc(a.Text, unicode.IsSpace) == strings.TrimRightFunc(b.Text, unicode.IsSpace)
		}) &&
		equalTree(reflect.ValueOf(a.Statements), reflect.ValueOf(b.Statements))
}

// equalTree compares two parts of a tree. It goes by the types of the fields:
// a node that is added to the language is compared without a word here.
func equalTree(a, b reflect.Value) bool {
	if a.Kind() == reflect.Interface || a.Kind() == reflect.Pointer {
		if a.IsNil() || b.IsNil() {
			return a.IsNil() == b.IsNil()
		}
		a, b = a.Elem(), b.Elem()
		if a.Type() != b.Type() {
			return false
		}
		return equalTree(a, b)
	}
	switch a.Kind() {
	case reflect.Slice:
		if a.Len() != b.Len() || a.IsNil() != b.IsNil() {
			return false
		}
		for i := range a.Len() {
			if !equalTree(a.Index(i), b.Index(i)) {
				return false
			}
		}
		return true
	case reflect.Struct:
		if a.Type() == reflect.TypeFor[Span]() {
			return true
		}
		head := a.Type() == reflect.TypeFor[OpHead]()
		for i := range a.NumField() {
			if head && a.Type().Field(i).Name == "KeyEnd" { // a place
				continue
			}
			if !equalTree(a.Field(i), b.Field(i)) {
				return false
			}
		}
		return true
	}
	return a.Equal(b)
}
