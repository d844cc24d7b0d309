package odata

import "time"

// Predicate says whether a record passes. get returns the value of a property:
// nil for null, else string, bool, int64, time.Time or []string by its type.
type Predicate func(get func(name string) any) bool

// Check holds a filter against the schema and returns what evaluates it. The
// error is an [*Error]. input is the text the filter was read from, for the
// message. Where the records are values of one type, [Resource] is faster.
func (s Schema) Check(e Expr, input string) (Predicate, error) {
	p, err := s.resource().Compile(e, input)
	return Predicate(p), err
}

// Filter reads and checks a $filter in one step. An empty text passes all.
func (s Schema) Filter(input string) (Predicate, error) {
	p, err := s.resource().Filter(input)
	return Predicate(p), err
}

type getter = func(name string) any

func (s Schema) resource() Resource[getter] {
	fields := make(map[string]Field[getter], len(s.Properties))
	for name, p := range s.Properties {
		fields[name] = Field[getter]{
			Property: p,
			Text:     func(get getter) (string, bool) { return value[string](get, name) },
			Bool:     func(get getter) (bool, bool) { return value[bool](get, name) },
			Int:      func(get getter) (int64, bool) { return value[int64](get, name) },
			Time:     func(get getter) (time.Time, bool) { return value[time.Time](get, name) },
			List:     func(get getter) []string { list, _ := value[[]string](get, name); return list },
		}
	}
	return Resource[getter]{TypeName: s.TypeName, Fields: fields, AnyCase: s.AnyCase}
}

func value[V any](get getter, name string) (V, bool) {
	v, ok := get(name).(V)
	return v, ok
}
