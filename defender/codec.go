package defender

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/go-faster/jx"
)

// DecodeError says that an answer, or a member of it that cannot be done
// without, cannot be read: an incident without an id, or with a time that is none.
type DecodeError struct {
	Surface Surface
	Field   string // path of the field, such as "value[3].lastUpdateDateTime"
	Problem string // what is wrong with it
}

func (e *DecodeError) Error() string {
	return fmt.Sprintf("answer of surface %s: field %s %s", e.Surface, e.Field, e.Problem)
}

// Next says in one sentence what to do about it.
func (e *DecodeError) Next() string {
	return "The service's answer has changed or was altered on its way: look at it with the wire log, and report it."
}

// EncodeError says that a value cannot be written in the shape of a surface.
type EncodeError struct {
	Surface Surface
	Field   string // path of the field, such as "alerts[0].evidence[2]"
	Problem string // what is wrong with it
}

func (e *EncodeError) Error() string {
	return fmt.Sprintf("shape of surface %s: field %s %s", e.Surface, e.Field, e.Problem)
}

// Next says in one sentence what to do about it.
func (e *EncodeError) Next() string {
	return "Write it in the shape of the other surface, or take the value out."
}

// DecodeIncident reads one incident as surface s writes it. Fields that are
// unknown or oddly typed are kept in Extra; an incident without an id, or with
// creation or update times that are none, is a [*DecodeError].
//
// The strings of the result share one copy of the incident's text: keeping one
// of them keeps that in memory; [strings.Clone] frees a few that are to outlive
// the rest. data is not kept.
func DecodeIncident(s Surface, data []byte) (*Incident, error) {
	d := &decoder{surface: s}
	raw, err := d.check(data)
	if err != nil {
		return nil, err
	}
	return d.incident(raw)
}

// DecodeAlert is [DecodeIncident] for an alert. The xdr surface writes alerts
// within incidents only.
func DecodeAlert(s Surface, data []byte) (*Alert, error) {
	d := &decoder{surface: s}
	raw, err := d.check(data)
	if err != nil {
		return nil, err
	}
	return d.alertAlone(raw)
}

// EncodeIncident writes an incident as surface s does. What was read from that
// surface comes out as it went in: the same members, the same nulls, equal
// times and values, though enum values in the surface's documented spelling. An
// incident read from the other surface, or made by hand, that holds what s has
// no place for is an [*EncodeError].
func EncodeIncident(s Surface, i *Incident) ([]byte, error) {
	if s == SurfaceXDR {
		return encode(s, xdrIncident{i})
	}
	return encode(s, graphIncident{i})
}

// EncodeAlert is [EncodeIncident] for an alert.
func EncodeAlert(s Surface, a *Alert) ([]byte, error) {
	if s == SurfaceXDR {
		return encode(s, xdrAlert{a})
	}
	return encode(s, graphAlert{a})
}

func encode(s Surface, r record) ([]byte, error) {
	w := writer{surface: s}
	w.object(r)
	if w.err != nil {
		return nil, w.err
	}
	return w.jx.Buf, nil
}

// marshal and unmarshal serve the types' MarshalJSON and UnmarshalJSON.

func marshal(r record) ([]byte, error) { return encode(SurfaceGraph, r) }

func unmarshal(data []byte, r record) error {
	d, err := open(SurfaceGraph, data)
	if err != nil {
		return err
	}
	d.record(r)
	return d.err
}

// MarshalJSON writes the shape of Microsoft Graph; the error is an [*EncodeError].
func (i Incident) MarshalJSON() ([]byte, error) { return EncodeIncident(SurfaceGraph, &i) }

// UnmarshalJSON reads the shape of Microsoft Graph; the error is a [*DecodeError].
func (i *Incident) UnmarshalJSON(data []byte) error {
	read, err := DecodeIncident(SurfaceGraph, data)
	if err == nil {
		*i = *read
	}
	return err
}

// MarshalJSON writes the shape of Microsoft Graph; the error is an [*EncodeError].
func (a Alert) MarshalJSON() ([]byte, error) { return EncodeAlert(SurfaceGraph, &a) }

// UnmarshalJSON reads the shape of Microsoft Graph; the error is a [*DecodeError].
func (a *Alert) UnmarshalJSON(data []byte) error {
	read, err := DecodeAlert(SurfaceGraph, data)
	if err == nil {
		*a = *read
	}
	return err
}

// MarshalJSON writes the shape of Microsoft Graph; the error is an [*EncodeError].
func (c Comment) MarshalJSON() ([]byte, error) { return marshal(&c) }

// UnmarshalJSON reads a comment of either surface; the error is a [*DecodeError].
func (c *Comment) UnmarshalJSON(data []byte) error {
	*c = Comment{from: SurfaceGraph}
	return unmarshal(data, c)
}

// incident reads an object that was checked.
func (d *decoder) incident(raw []byte) (*Incident, error) {
	d.open(raw)
	i := &Incident{Surface: d.surface, Raw: bytes.Clone(raw), from: d.surface}
	idName := "id"
	if d.surface == SurfaceXDR {
		d.record(xdrIncident{i})
		idName = "incidentId"
	} else {
		d.record(graphIncident{i})
	}
	if strings.TrimSpace(i.ID) == "" {
		d.fail(idName, "is missing or empty")
	}
	if d.err != nil {
		return nil, d.err
	}
	return i, nil
}

// alertAlone reads an alert, an object that was checked, outside of an incident.
func (d *decoder) alertAlone(raw []byte) (*Alert, error) {
	d.open(raw)
	a := &Alert{Raw: bytes.Clone(raw)}
	d.readAlert(a)
	if d.err != nil {
		return nil, d.err
	}
	return a, nil
}

func (d *decoder) readAlert(a *Alert) {
	a.from = d.surface
	idName, ok := "id", false
	if d.surface == SurfaceXDR {
		ok = d.record(xdrAlert{a})
		idName = "alertId"
	} else {
		ok = d.record(graphAlert{a})
	}
	switch {
	case !ok:
		d.fail("", "is not a JSON object")
	case strings.TrimSpace(a.ID) == "":
		d.fail(idName, "is missing or empty")
	}
}

// readAlerts reads the alerts of an incident; one that cannot be read fails the whole.
func (d *decoder) readAlerts(i *Incident) bool {
	i.Alerts = nil
	d.alerts = d.alerts[:0]
	at := 0
	ok := d.elements(&i.told, incidentAlerts, func() bool {
		d.alert = at
		at++
		if d.in.next() == jx.Null {
			return false
		}
		d.alerts = append(d.alerts, Alert{})
		d.readAlert(&d.alerts[len(d.alerts)-1])
		return true
	})
	switch {
	case len(d.alerts) > 0 && d.again:
		i.Alerts = slices.Clone(d.alerts)
	case len(d.alerts) > 0:
		i.Alerts, d.alerts = d.alerts, nil
	}
	if d.err == nil {
		d.alert = -1
	}
	return ok
}

// decodePage reads a page of a list of incidents: its items and the address of
// the next page, "" where there is none.
func decodePage(s Surface, body []byte) (items []*Incident, next string, err error) {
	return page(s, body, (*decoder).incident)
}

// decodeAlertPage is decodePage for Graph's alerts_v2.
func decodeAlertPage(body []byte) (items []*Alert, next string, err error) {
	return page(SurfaceGraph, body, (*decoder).alertAlone)
}

// pageDecoder goes over a page that was not checked; each item has a decoder of
// its own.
type pageDecoder struct {
	decoder
	jx jx.Decoder
}

// page reads the envelope of a list. The items are read with one, which must
// not keep the decoder's input.
func page[T any](s Surface, body []byte, one func(*decoder, []byte) (*T, error)) (items []*T, next string, err error) {
	p := &pageDecoder{decoder: decoder{surface: s}}
	p.jx.ResetBytes(body)
	if p.jx.Next() != jx.Object {
		return nil, "", p.whole("is not a JSON object")
	}
	d := &decoder{surface: s}
	iter, iterErr := p.jx.ObjIter()
	found := false
	for iterErr == nil && iter.Next() {
		switch string(iter.Key()) {
		case "value":
			found = true
			if p.jx.Next() != jx.Array {
				return nil, "", p.member("value", "is not a list")
			}
			if items, err = pageItems(p, d, one); err != nil {
				return nil, "", err
			}
		case "@odata.nextLink":
			if p.jx.Next() != jx.String {
				return nil, "", p.member("@odata.nextLink", "is no string")
			}
			next, iterErr = p.jx.Str()
		default:
			iterErr = p.jx.Skip()
		}
	}
	if iterErr == nil {
		iterErr = iter.Err()
	}
	switch {
	case iterErr != nil, !errors.Is(p.jx.Skip(), io.EOF):
		return nil, "", p.whole("is not JSON")
	case !found:
		return nil, "", p.member("value", "is missing")
	}
	return items, next, nil
}

func pageItems[T any](p *pageDecoder, d *decoder, one func(*decoder, []byte) (*T, error)) ([]*T, error) {
	items := []*T{}
	iter, err := p.jx.ArrIter()
	for err == nil && iter.Next() {
		prefix := fmt.Sprintf("value[%d]", len(items))
		if p.jx.Next() != jx.Object {
			return nil, p.member(prefix, "is not a JSON object")
		}
		var raw jx.Raw
		if raw, err = p.jx.Raw(); err != nil {
			break
		}
		*d = decoder{surface: d.surface, prefix: prefix, names: d.names[:0], gathered: d.gathered[:0], alerts: d.alerts[:0], again: true}
		item, err := one(d, raw)
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	if err == nil {
		err = iter.Err()
	}
	if err != nil {
		return nil, p.whole("is not JSON")
	}
	return items, nil
}

func (d *decoder) member(field, problem string) error {
	return &DecodeError{Surface: d.surface, Field: field, Problem: problem}
}

var (
	_ json.Marshaler   = Incident{}
	_ json.Unmarshaler = (*Incident)(nil)
)
