package graphapi

import (
	"encoding/base64"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tenantry/tenantry/sandbox/graphapi/graphwire"
	"github.com/tenantry/tenantry/sandbox/odata"
)

// Page sizes of directory objects ("Paging Microsoft Graph data").
const (
	pageDefault = 100
	pageMax     = 999
)

// listing is a collection before the query options are applied.
type listing struct {
	typeName string // such as "microsoft.graph.application"
	context  string // such as "applications"
	filters  map[string]odata.Property
	names    []string // every property there is, for $select
	orderBy  []string // properties $orderby may use
	hidden   []string // told only when selected
	items    []object
}

// text properties of the directory take eq, in and startswith; endswith is an
// advanced query (see refuseAdvanced).
func filterText() odata.Property {
	return odata.Property{Type: odata.String, Functions: []string{"startswith", "endswith"}, EqualityOnly: true}
}

// answer applies $filter, $orderby, paging and $select.
func (c *call) answer(l listing) (result, *graphwire.Error) {
	rules := odata.Rules{Allowed: []string{"$filter", "$top", "$count", "$orderby", "$select", "$skiptoken"}, BareNames: true}
	opts, err := rules.Parse(c.R.URL.RawQuery)
	if err != nil {
		return result{}, graphwire.Query(err)
	}
	if opts.Top == 0 || opts.Top > pageMax {
		return result{}, graphwire.BadRequest("Invalid page size specified: '%d'. Must be between 1 and %d inclusive.", opts.Top, pageMax)
	}
	if failure := c.refuseAdvanced(opts); failure != nil {
		return result{}, failure
	}
	if failure := l.checkSelect(opts.Select); failure != nil {
		return result{}, failure
	}
	keep, err := odata.Schema{TypeName: l.typeName, Properties: l.filters}.Filter(opts.Filter)
	if err != nil {
		return result{}, graphwire.Query(err)
	}
	var found []object
	for _, item := range l.items {
		if keep(func(name string) any { return filterValue(item, name, l.filters[name].Type) }) {
			found = append(found, item)
		}
	}
	if failure := l.order(found, opts.OrderBy); failure != nil {
		return result{}, failure
	}
	start, failure := startAfter(found, opts.SkipToken)
	if failure != nil {
		return result{}, failure
	}
	top := opts.Top
	if top < 0 {
		top = pageDefault
	}
	end := min(start+top, len(found))
	value := make([]object, 0, end-start)
	for _, item := range found[start:end] {
		value = append(value, l.project(item, opts.Select))
	}
	out := object{"@odata.context": c.context(l.context + projection(opts.Select)), "value": value}
	if opts.Count {
		out["@odata.count"] = len(found)
	}
	if end < len(found) {
		out["@odata.nextLink"] = c.NextLink(map[string]string{"$skiptoken": skipToken(found[end-1])})
	}
	return result{http.StatusOK, out}, nil
}

// one answers with a single object of the listing's type.
func (c *call) one(l listing, item object) (result, *graphwire.Error) {
	opts, err := odata.Rules{Allowed: []string{"$select"}, BareNames: true}.Parse(c.R.URL.RawQuery)
	if err != nil {
		return result{}, graphwire.Query(err)
	}
	if failure := l.checkSelect(opts.Select); failure != nil {
		return result{}, failure
	}
	out := l.project(item, opts.Select)
	out["@odata.context"] = c.context(l.context + projection(opts.Select) + "/$entity")
	return result{http.StatusOK, out}, nil
}

// created answers a POST with the whole new object.
func (c *call) created(l listing, item object) result {
	out := l.project(item, nil)
	out["@odata.context"] = c.context(l.context + "/$entity")
	c.W.Header().Set("Location", c.Origin()+strings.TrimSuffix(c.R.URL.Path, "/")+"/"+asString(item["id"]))
	return result{http.StatusCreated, out}
}

func asString(v any) string {
	s, _ := v.(string)
	return s
}

// refuseAdvanced refuses what the directory only does with the header
// ConsistencyLevel: eventual ("Advanced query capabilities on Microsoft Entra
// ID objects").
func (c *call) refuseAdvanced(o odata.Options) *graphwire.Error {
	eventual := strings.EqualFold(c.R.Header.Get("ConsistencyLevel"), "eventual")
	if o.Count && !eventual {
		return graphwire.BadRequest("$count is not currently supported. To use it, set the request header ConsistencyLevel to eventual.")
	}
	unsupported := func(what string) *graphwire.Error {
		return &graphwire.Error{Status: http.StatusBadRequest, Code: graphwire.CodeUnsupported, Message: what + " requires the request header ConsistencyLevel: eventual and the query option $count=true."}
	}
	if eventual && o.Count || o.Filter == "" {
		return nil
	}
	if len(o.OrderBy) > 0 {
		return unsupported("$orderby together with $filter")
	}
	// A filter that cannot be read is reported by whoever applies it.
	if e, err := odata.ParseFilter(o.Filter); err == nil && advanced(e) {
		return unsupported("The filter clause")
	}
	return nil
}

func advanced(e odata.Expr) bool {
	switch e := e.(type) {
	case *odata.And:
		return advanced(e.L) || advanced(e.R)
	case *odata.Or:
		return advanced(e.L) || advanced(e.R)
	case *odata.Not:
		return true
	case *odata.Compare:
		return e.Op == "ne"
	case *odata.Call:
		return e.Name != "startswith"
	case *odata.Lambda:
		return advanced(e.Body)
	}
	return false
}

func (l listing) checkSelect(names []string) *graphwire.Error {
	for _, name := range names {
		if name != "*" && !slices.Contains(l.names, name) {
			return &graphwire.Error{Status: http.StatusBadRequest, Code: graphwire.CodeODataBad, Message: "Parsing OData Select and Expand failed: Could not find a property named '" + name + "' on type '" + l.typeName + "'."}
		}
	}
	return nil
}

func (l listing) project(item object, names []string) object {
	out := maps.Clone(item)
	if len(names) == 0 || slices.Contains(names, "*") {
		for _, name := range l.hidden {
			delete(out, name)
		}
		return out
	}
	maps.DeleteFunc(out, func(name string, _ any) bool { return !slices.Contains(names, name) })
	return out
}

func (l listing) order(items []object, by []odata.Order) *graphwire.Error {
	for _, o := range by {
		if !slices.Contains(l.orderBy, o.Property) {
			return &graphwire.Error{Status: http.StatusBadRequest, Code: graphwire.CodeUnsupported, Message: "Unsupported sort property '" + o.Property + "' for '" + l.typeName + "'."}
		}
	}
	slices.SortStableFunc(items, func(a, b object) int {
		for _, o := range by {
			c := strings.Compare(strings.ToLower(asString(a[o.Property])), strings.ToLower(asString(b[o.Property])))
			if o.Descending {
				c = -c
			}
			if c != 0 {
				return c
			}
		}
		return 0
	})
	return nil
}

// filterValue is a property's value as filters compare it.
func filterValue(item object, name string, t odata.Type) any {
	v := item[name]
	if s, ok := v.(*string); ok {
		if s == nil {
			return nil
		}
		v = *s
	}
	if s, ok := v.(string); ok && t == odata.DateTime {
		when, err := time.Parse(time.RFC3339Nano, s)
		if err != nil {
			return nil
		}
		return when
	}
	return v
}

// skipToken names where the next page starts: after the object it carries, so
// that objects which come or go before it move nothing.
func skipToken(last object) string {
	return base64.RawURLEncoding.EncodeToString([]byte("after:" + asString(last["id"])))
}

// startAfter finds the page's start. When the object before it is gone, the
// token has expired.
func startAfter(items []object, token string) (int, *graphwire.Error) {
	if token == "" {
		return 0, nil
	}
	expired := &graphwire.Error{Status: http.StatusBadRequest, Code: graphwire.CodeExpiredPage, Message: "The specified page token value has expired and can no longer be included in your request."}
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return 0, expired
	}
	id := strings.TrimPrefix(string(raw), "after:")
	i := slices.IndexFunc(items, func(o object) bool { return asString(o["id"]) == id })
	if i < 0 {
		return 0, expired
	}
	return i + 1, nil
}

func projection(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return "(" + strings.Join(names, ",") + ")"
}
