package syntax

// OpKind is a unary or binary operator of expressions. Old spellings share a
// kind with the new ones; where both are equal in meaning the printer writes
// the new one.
type OpKind uint8

// The operators. See learn.microsoft.com/kusto/query/scalar-operators.
const (
	NoOp OpKind = iota

	Or
	And
	Eq  // ==
	Neq // != and <>
	Lt
	Gt
	Lte
	Gte
	Add
	Sub
	Mul
	Div
	Mod

	EqTilde  // =~
	NeqTilde // !~
	Colon    // :, as in search: column:"term"
	MatchesRegex

	Has
	NotHas
	HasCs
	NotHasCs
	HasPrefix
	NotHasPrefix
	HasPrefixCs
	NotHasPrefixCs
	HasSuffix
	NotHasSuffix
	HasSuffixCs
	NotHasSuffixCs
	Like
	NotLike
	LikeCs
	NotLikeCs
	Contains
	NotContains // also notcontains
	ContainsCs  // also containscs
	NotContainsCs
	StartsWith
	NotStartsWith
	StartsWithCs
	NotStartsWithCs
	EndsWith
	NotEndsWith
	EndsWithCs
	NotEndsWithCs

	In
	NotIn
	InTilde
	NotInTilde
	HasAny
	HasAll
	Between
	NotBetween
)

// String returns the operator as one writes it today.
func (k OpKind) String() string {
	switch k {
	case Or:
		return "or"
	case And:
		return "and"
	case Eq:
		return "=="
	case Neq:
		return "!="
	case Lt:
		return "<"
	case Gt:
		return ">"
	case Lte:
		return "<="
	case Gte:
		return ">="
	case Add:
		return "+"
	case Sub:
		return "-"
	case Mul:
		return "*"
	case Div:
		return "/"
	case Mod:
		return "%"
	case EqTilde:
		return "=~"
	case NeqTilde:
		return "!~"
	case Colon:
		return ":"
	case MatchesRegex:
		return "matches regex"
	}
	for _, w := range wordOps {
		if w.kind == k {
			return w.word
		}
	}
	return ""
}

// wordOps lists the operators that are words; the spelling of today stands
// before old ones of the same kind.
var wordOps = [...]struct {
	word string
	kind OpKind
}{
	{"has", Has},
	{"!has", NotHas},
	{"has_cs", HasCs},
	{"!has_cs", NotHasCs},
	{"hasprefix", HasPrefix},
	{"!hasprefix", NotHasPrefix},
	{"hasprefix_cs", HasPrefixCs},
	{"!hasprefix_cs", NotHasPrefixCs},
	{"hassuffix", HasSuffix},
	{"!hassuffix", NotHasSuffix},
	{"hassuffix_cs", HasSuffixCs},
	{"!hassuffix_cs", NotHasSuffixCs},
	{"like", Like},
	{"notlike", NotLike},
	{"likecs", LikeCs},
	{"notlikecs", NotLikeCs},
	{"contains", Contains},
	{"!contains", NotContains},
	{"notcontains", NotContains},
	{"contains_cs", ContainsCs},
	{"containscs", ContainsCs},
	{"!contains_cs", NotContainsCs},
	{"notcontainscs", NotContainsCs},
	{"startswith", StartsWith},
	{"!startswith", NotStartsWith},
	{"startswith_cs", StartsWithCs},
	{"!startswith_cs", NotStartsWithCs},
	{"endswith", EndsWith},
	{"!endswith", NotEndsWith},
	{"endswith_cs", EndsWithCs},
	{"!endswith_cs", NotEndsWithCs},
	{"in", In},
	{"!in", NotIn},
	{"in~", InTilde},
	{"!in~", NotInTilde},
	{"has_any", HasAny},
	{"has_all", HasAll},
	{"between", Between},
	{"!between", NotBetween},
}
