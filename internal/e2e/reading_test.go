package e2e

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/tenantry/tenantry/defender"
	"github.com/tenantry/tenantry/sandbox/world"
)

// reading is what a client made of a tenant's whole list of incidents.
type reading struct {
	items []*defender.Incident
	err   error
}

// readAll reads the list with its alerts, in pages of a few.
func readAll(ctx context.Context, c *defender.Client, on defender.Surface, top int) (out reading) {
	for i, err := range c.Incidents(on).All(ctx, defender.ListOptions{Top: top, ExpandAlerts: on == defender.SurfaceGraph}) {
		if err != nil {
			out.err = err
			break
		}
		out.items = append(out.items, i)
	}
	return out
}

// wrong compares what was read with the world: every incident once, with its
// facts and alerts. written is how a text of the world arrives; nil means as it
// is. It says what is lost, doubled or different, and "" when nothing is.
func (r reading) wrong(w *world.World, tenant string, written func(string) string) string {
	if problem := r.wrongPart(w, tenant, written); problem != "" {
		return problem
	}
	if want := w.Incidents(tenant); len(r.items) != len(want) {
		return fmt.Sprintf("%d incidents were read, there are %d", len(r.items), len(want))
	}
	for _, i := range r.items {
		if i.AlertsMissing != nil {
			return fmt.Sprintf("incident %s came without alerts: %v", i.ID, i.AlertsMissing)
		}
	}
	return ""
}

// wrongPart is wrong for what was read before an error: it may be part of the
// list, and alerts may be said to be missing.
func (r reading) wrongPart(w *world.World, tenant string, written func(string) string) string {
	if written == nil {
		written = func(s string) string { return s }
	}
	seen := map[string]bool{}
	for _, i := range r.items {
		if seen[i.ID] {
			return "incident " + i.ID + " came twice"
		}
		seen[i.ID] = true
		id, err := strconv.ParseInt(i.ID, 10, 64)
		if err != nil {
			return err.Error()
		}
		want, ok := w.Incident(tenant, id)
		if !ok {
			return "there is no incident " + i.ID
		}
		if i.Name != written(want.Name) || string(i.Status) != want.Status || string(i.Severity) != want.Severity || !i.LastUpdate.Equal(want.LastUpdate) {
			return fmt.Sprintf("incident %s is %q %s %s %s, want %q %s %s %s", i.ID, i.Name, i.Status, i.Severity, i.LastUpdate, written(want.Name), want.Status, want.Severity, want.LastUpdate)
		}
		if i.AlertsMissing != nil {
			if typed(i.AlertsMissing) == "" {
				return fmt.Sprintf("incident %s: %v says no next step", i.ID, i.AlertsMissing)
			}
			continue
		}
		titles := map[string]string{}
		for _, a := range i.Alerts {
			titles[a.ID] = a.Title
		}
		if len(i.Alerts) != len(want.Alerts) || len(titles) != len(want.Alerts) {
			return fmt.Sprintf("incident %s has %d alerts, want %d", i.ID, len(i.Alerts), len(want.Alerts))
		}
		for _, a := range want.Alerts {
			if title, ok := titles[a.ID]; !ok || title != written(a.Title) {
				return fmt.Sprintf("incident %s: alert %s is %q, want %q", i.ID, a.ID, title, written(a.Title))
			}
		}
	}
	return ""
}

// An outcome judges a reading under a fault; "" means that it is as expected.
type outcome func(b *box, r reading) string

// rightData wants all incidents of Acme, as they are.
func rightData(b *box, r reading) string {
	if r.err != nil {
		return "want the data: " + r.err.Error()
	}
	return r.wrong(b.World(), acme, nil)
}

// markedData wants all of them, with what is no UTF-8 replaced.
func markedData(b *box, r reading) string {
	if r.err != nil {
		return "want the data: " + r.err.Error()
	}
	return r.wrong(b.World(), acme, func(s string) string {
		if at := strings.IndexByte(s, ' '); at >= 0 {
			return s[:at] + "\uFFFD(\uFFFD" + s[at:]
		}
		return s
	})
}

// withoutAlerts wants all incidents, each of which says why it has no alerts.
func withoutAlerts(b *box, r reading) string {
	if r.err != nil {
		return "want the data: " + r.err.Error()
	}
	for _, i := range r.items {
		if i.AlertsMissing == nil || len(i.Alerts) > 0 {
			return fmt.Sprintf("incident %s has %d alerts and says %v", i.ID, len(i.Alerts), i.AlertsMissing)
		}
	}
	if len(r.items) != len(b.World().Incidents(acme)) {
		return fmt.Sprintf("%d incidents", len(r.items))
	}
	return r.wrongPart(b.World(), acme, nil)
}

// failed wants an error of the packages entra or defender that says what to do,
// that is what is asked for, and before it nothing but right incidents.
func failed(is func(error) bool) outcome {
	return func(b *box, r reading) string {
		if r.err == nil {
			return fmt.Sprintf("%d incidents and no error", len(r.items))
		}
		if problem := ours(r.err); problem != "" {
			return problem
		}
		if !is(r.err) {
			return fmt.Sprintf("another error: %T %v", r.err, r.err)
		}
		return r.wrongPart(b.World(), acme, nil)
	}
}

// ours says why an error is none that a caller can act on; "" when it is one.
func ours(err error) string {
	var next interface {
		error
		Next() string
	}
	if !errors.As(err, &next) || next.Next() == "" {
		return fmt.Sprintf("the error says no next step: %v", err)
	}
	from := reflect.TypeOf(next)
	if from.Kind() == reflect.Pointer {
		from = from.Elem()
	}
	if p := from.PkgPath(); !strings.HasSuffix(p, "/defender") && !strings.HasSuffix(p, "/entra") {
		return fmt.Sprintf("%s.%s is no error of defender or entra", p, from.Name())
	}
	return ""
}

// refusedWith wants a refusal with a status.
func refusedWith(status int) outcome {
	return failed(func(err error) bool {
		var e *defender.Error
		return errors.As(err, &e) && e.Status == status
	})
}

func badBody(p defender.BodyProblem) outcome {
	return failed(func(err error) bool {
		var e *defender.BodyError
		return errors.As(err, &e) && e.Problem == p
	})
}

func badPages(p defender.PagingProblem) outcome {
	return failed(func(err error) bool {
		var e *defender.PagingError
		return errors.As(err, &e) && e.Problem == p
	})
}

// noAnswer wants to be told that a request was sent and nothing came back.
func noAnswer(b *box, r reading) string {
	return failed(func(err error) bool {
		var e *defender.TransportError
		return errors.As(err, &e) && e.Sent && !e.Ended
	})(b, r)
}

// as wants an error of a type, as it stands in package entra.
func as[E error]() outcome {
	return failed(func(err error) bool {
		var e E
		return errors.As(err, &e)
	})
}

// impatient gives Acme's requests up as soon as the journal says that one of
// them hangs: a client's time limit, without the time.
type impatient struct {
	box  *box
	next http.RoundTripper
}

func (i impatient) RoundTrip(r *http.Request) (*http.Response, error) {
	if !strings.Contains(r.URL.Path, acme) && !strings.Contains(claims(r), acme) {
		return i.next.RoundTrip(r)
	}
	ctx, leave := context.WithCancel(r.Context())
	answered := make(chan struct{})
	seq := i.box.Journal().Seq()
	go func() {
		watch, stop := context.WithCancel(ctx)
		defer stop()
		go func() {
			select {
			case <-answered:
				stop()
			case <-watch.Done():
			}
		}()
		for {
			events := i.box.Journal().Wait(watch, seq)
			if len(events) == 0 {
				return
			}
			for _, e := range events {
				seq = e.Seq
				if e.What == "fault.hanging" && e.TenantID == acme {
					leave()
					return
				}
			}
		}
	}()
	resp, err := i.next.RoundTrip(r.WithContext(ctx))
	close(answered)
	if err != nil {
		leave()
		if r.Context().Err() == nil && ctx.Err() != nil {
			return nil, errImpatient
		}
		return nil, err
	}
	context.AfterFunc(r.Context(), leave)
	return resp, nil
}

// claims are those of a request's token, unread.
func claims(r *http.Request) string {
	parts := strings.Split(r.Header.Get("Authorization"), ".")
	if len(parts) != 3 {
		return ""
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return ""
	}
	return string(text)
}

var errImpatient = errors.New("time limit of the client reached")
