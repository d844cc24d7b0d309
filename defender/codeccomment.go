package defender

import "encoding/json"

// Comments in either surface's shape. The metadata and the samples of
// Microsoft's documentation differ, so that on both surfaces the author may be
// createdByDisplayName or createdBy, and the time createdDateTime, createdTime
// or createTime.

func (c *Comment) state(s Surface) state {
	st := state{told: &c.told, extra: &c.Extra}
	if c.from != "" && c.from != s {
		st.told = c.told.elsewhere()
	}
	return st
}

func (c *Comment) member(d *decoder, key string) bool {
	c.from = d.surface
	switch key {
	case "comment":
		return d.text(&c.told, commentText, &c.Text)
	case "createdByDisplayName", "createdBy":
		return c.readAs(&c.byName, key, commentBy, c.By == "") && d.text(&c.told, commentBy, &c.By)
	case "createdDateTime", "createdTime", "createTime":
		return c.readAs(&c.createdName, key, commentCreated, c.Created.IsZero()) && d.time(&c.told, commentCreated, &c.Created)
	}
	return false
}

// readAs says whether a field is to be read from member key. Of several members
// that could tell it, the first with a value does; the others are kept in Extra.
func (c *Comment) readAs(name *string, key string, field uint, zero bool) bool {
	before := *name
	switch {
	case before == key || before == "":
	case !zero:
		return false
	case c.told.isThere(field):
		if c.Extra == nil {
			c.Extra = map[string]json.RawMessage{}
		}
		switch {
		case c.told.isEmpty(field) && (field == commentBy || c.told.isOther(field)):
			c.Extra[before] = json.RawMessage(`""`)
		case c.told.isEmpty(field):
			c.Extra[before] = json.RawMessage(yearOne)
		default:
			c.Extra[before] = json.RawMessage(`null`)
		}
	}
	*name = key
	return true
}

func (c *Comment) members(w *writer) {
	by, created := "createdByDisplayName", "createdDateTime"
	if w.surface == SurfaceXDR {
		by, created = "createdBy", "createdTime"
	}
	if c.from == w.surface && c.byName != "" {
		by = c.byName
	}
	if c.from == w.surface && c.createdName != "" {
		created = c.createdName
	}
	w.text("comment", commentText, c.Text)
	w.text(by, commentBy, c.By)
	w.time(created, commentCreated, c.Created)
}
