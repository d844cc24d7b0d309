package odata

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Options are the system query options of one request. Top and Skip are -1
// when the request does not name them.
type Options struct {
	Filter    string
	Top, Skip int
	Count     bool
	OrderBy   []Order
	Select    []string
	Expand    []string
	SkipToken string
}

// Order is one criterion of $orderby.
type Order struct {
	Property   string
	Descending bool
}

// Rules say which options an endpoint takes.
type Rules struct {
	Allowed []string // with the dollar sign: "$filter", "$top" and so on
	MinTop  int      // a smaller $top is refused
	MaxTop  int      // a larger $top is refused; 0 means no bound
	// BareNames accepts the options without the dollar sign too, as Microsoft
	// Graph does (learn.microsoft.com/graph/query-parameters).
	BareNames bool
}

var systemOptions = [...]string{"$filter", "$top", "$skip", "$count", "$orderby", "$select", "$expand", "$skiptoken", "$search", "$format", "$apply", "$compute", "$deltatoken"}

// Parse reads the options of a query string. Options without a dollar sign
// that are no system options are the caller's own and passed over, as OData
// prescribes. The error is an [*Error].
func (r Rules) Parse(rawQuery string) (Options, error) {
	o := Options{Top: -1, Skip: -1}
	values, err := url.ParseQuery(rawQuery)
	if err != nil {
		return o, &Error{Option: "query", Input: rawQuery, Pos: -1, Message: "the query string is not valid URL encoding"}
	}
	names := make([]string, 0, len(values))
	for name := range values {
		names = append(names, name)
	}
	slices.Sort(names) // so that the first error is always the same one
	seen := map[string]bool{}
	for _, name := range names {
		option := name
		if !strings.HasPrefix(option, "$") {
			if !r.BareNames || !slices.Contains(systemOptions[:], "$"+strings.ToLower(option)) {
				continue
			}
			option = "$" + option
		}
		option = strings.ToLower(option)
		if !slices.Contains(r.Allowed, option) {
			return o, &Error{Option: name, Input: values.Get(name), Pos: -1, Message: "query option '" + name + "' is not supported here"}
		}
		if seen[option] || len(values[name]) > 1 {
			return o, &Error{Option: option, Input: values.Get(name), Pos: -1, Message: "query option '" + option + "' was specified more than once, but it must be specified at most once"}
		}
		seen[option] = true
		if err := o.set(option, values.Get(name), r); err != nil {
			return o, err
		}
	}
	return o, nil
}

func (o *Options) set(option, value string, r Rules) error {
	fail := func(format string, args ...any) error {
		return &Error{Option: option, Input: value, Pos: -1, Message: fmt.Sprintf(format, args...)}
	}
	switch option {
	case "$filter":
		if strings.TrimSpace(value) == "" {
			return fail("the value of $filter is empty")
		}
		o.Filter = value
	case "$top", "$skip":
		// Microsoft's OData library reads the number with .NET's parser, which
		// passes over blanks around it.
		n, err := strconv.ParseInt(strings.TrimSpace(value), 10, 32)
		if err != nil || n < 0 {
			return fail("invalid value '%s' for %s query option found, it requires a non-negative integer", value, option)
		}
		if option == "$skip" {
			o.Skip = int(n)
			return nil
		}
		if int(n) < r.MinTop {
			return fail("invalid value '%d' for $top query option found, the minimum is %d", n, r.MinTop)
		}
		if r.MaxTop > 0 && int(n) > r.MaxTop {
			return fail("the limit of '%d' for Top query has been exceeded, the value from the incoming request is '%d'", r.MaxTop, n)
		}
		o.Top = int(n)
	case "$count":
		if value != "true" && value != "false" {
			return fail("invalid value '%s' for $count query option found, valid values are 'true' and 'false'", value)
		}
		o.Count = value == "true"
	case "$orderby":
		return o.order(value, fail)
	case "$select", "$expand":
		list, err := splitNames(value, fail)
		if err != nil {
			return err
		}
		if option == "$select" {
			o.Select = list
		} else {
			o.Expand = list
		}
	case "$skiptoken":
		o.SkipToken = value
	default:
		return fail("query option '%s' is not supported here", option)
	}
	return nil
}

func (o *Options) order(value string, fail func(string, ...any) error) error {
	for part := range strings.SplitSeq(value, ",") {
		words := strings.Fields(part)
		if len(words) == 0 || len(words) > 2 || !isName(words[0]) {
			return fail("'%s' is not a property with asc or desc", strings.TrimSpace(part))
		}
		ord := Order{Property: words[0]}
		if len(words) == 2 {
			switch strings.ToLower(words[1]) {
			case "asc":
			case "desc":
				ord.Descending = true
			default:
				return fail("'%s' is neither asc nor desc", words[1])
			}
		}
		o.OrderBy = append(o.OrderBy, ord)
	}
	return nil
}

func splitNames(value string, fail func(string, ...any) error) ([]string, error) {
	var list []string
	for part := range strings.SplitSeq(value, ",") {
		part = strings.TrimSpace(part)
		if part == "" {
			return nil, fail("a name is missing")
		}
		if part != "*" && !isName(part) {
			return nil, fail("'%s' is not the name of a property", part)
		}
		list = append(list, part)
	}
	return list, nil
}
