package e2e

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tenantry/tenantry/defender"
	"github.com/tenantry/tenantry/entra"
	"github.com/tenantry/tenantry/sandbox/fault"
	"github.com/tenantry/tenantry/sandbox/journal"
)

// faultCase is one thing that goes wrong for Acme, and what its client must come
// to: while it lasts, and when it passes after two strikes.
type faultCase struct {
	name string
	spec fault.Spec
	// lasting is the end under a fault that stays, by the service it strikes;
	// services that are not named are not struck.
	lasting map[string]outcome
	// passing is the end under one that strikes twice; nil means that it is not tried.
	passing map[string]outcome
	// waits is how long the passing fault makes the client wait at least.
	waits time.Duration
}

// apis is the same end for both APIs; with sts, for the token service too.
func apis(o outcome) map[string]outcome { return map[string]outcome{"graph": o, "xdr": o} }

func with(m map[string]outcome, service string, o outcome) map[string]outcome {
	m[service] = o
	return m
}

func bytesOf(n int) *int { return &n }

func faultCases() []faultCase {
	connection, refused, answer := as[*entra.ConnectionError](), as[*entra.Error](), as[*entra.AnswerError]()
	everywhere := func(o outcome) map[string]outcome { return with(apis(o), "sts", o) }
	all := []faultCase{
		{"slow", fault.Spec{Kind: fault.Slow, Delay: fault.Duration(5 * time.Millisecond)}, everywhere(rightData), nil, 0},
		{"hang", fault.Spec{Kind: fault.Hang}, with(apis(noAnswer), "sts", connection), apis(rightData), 0},
		{"reset", fault.Spec{Kind: fault.Reset}, with(apis(noAnswer), "sts", connection), apis(rightData), 0},
		{"truncate", fault.Spec{Kind: fault.Truncate}, with(apis(badBody(defender.BodyTruncated)), "sts", connection), apis(rightData), 0},
		{"truncate to a byte", fault.Spec{Kind: fault.Truncate, Bytes: bytesOf(1)}, with(apis(badBody(defender.BodyTruncated)), "sts", connection), apis(rightData), 0},
		{"throttle by seconds", fault.Spec{Kind: fault.Throttle, RetryAfter: fault.Duration(90 * time.Second)}, with(apis(refusedWith(429)), "sts", refused), apis(rightData), 180 * time.Second},
		{"throttle by date", fault.Spec{Kind: fault.Throttle, RetryAfter: fault.Duration(90 * time.Second), RetryAfterAs: fault.RetryDate}, with(apis(refusedWith(429)), "sts", refused), apis(rightData), 178 * time.Second},
		{"throttle without header", fault.Spec{Kind: fault.Throttle, RetryAfter: fault.Duration(90 * time.Second), RetryAfterAs: fault.RetryNone}, with(apis(refusedWith(429)), "sts", refused), apis(rightData), 120 * time.Second},
		{"throttle above three in a minute", fault.Spec{Kind: fault.Throttle, Requests: 3, Window: fault.Duration(time.Minute)}, apis(rightData), nil, 0},
		{"portal", fault.Spec{Kind: fault.Portal}, with(apis(badBody(defender.BodyHTML)), "sts", refused), nil, 0},
		{"portal 511", fault.Spec{Kind: fault.Portal, Status: 511}, with(apis(refusedWith(511)), "sts", refused), apis(rightData), 0},
		{"length too short", fault.Spec{Kind: fault.WrongLength}, with(apis(badBody(defender.BodyTruncated)), "sts", answer), apis(rightData), 0},
		{"length 0", fault.Spec{Kind: fault.WrongLength, Bytes: bytesOf(0)}, with(apis(badBody(defender.BodyEmpty)), "sts", answer), apis(rightData), 0},
		{"length too long", fault.Spec{Kind: fault.WrongLength, Bytes: bytesOf(1 << 20)}, with(apis(badBody(defender.BodyTruncated)), "sts", connection), apis(rightData), 0},
		{"gzip cut", fault.Spec{Kind: fault.CutGzip}, with(apis(badBody(defender.BodyTruncated)), "sts", connection), apis(rightData), 0},
		{"gzip of nothing", fault.Spec{Kind: fault.CutGzip, Bytes: bytesOf(0)}, with(apis(badBody(defender.BodyEmpty)), "sts", answer), apis(rightData), 0},
		{"bad UTF-8", fault.Spec{Kind: fault.BadUTF8}, with(apis(markedData), "sts", rightData), nil, 0},
		{"1 GiB", fault.Spec{Kind: fault.HugeBody}, with(apis(badBody(defender.BodyTooLarge)), "sts", answer), nil, 0},
		{"shrinking pages", fault.Spec{Kind: fault.Shrink}, apis(rightData), nil, 0},
		{"pages of three", fault.Spec{Kind: fault.Shrink, Items: 3}, apis(rightData), nil, 0},
		{"pages of one", fault.Spec{Kind: fault.Shrink, Items: 1}, apis(rightData), nil, 0},
		{"repeated items", fault.Spec{Kind: fault.Repeat}, apis(rightData), nil, 0},
		// On xdr there are no next links to follow: what stands there has no effect.
		{"next link to itself", fault.Spec{Kind: fault.Loop}, map[string]outcome{"graph": badPages(defender.PagingLoop), "xdr": rightData}, nil, 0},
		{"next link to another host", fault.Spec{Kind: fault.ForeignLink}, map[string]outcome{"graph": badPages(defender.PagingForeignLink), "xdr": rightData}, nil, 0},
		{"$expand fails", fault.Spec{Kind: fault.ExpandFails}, map[string]outcome{"graph": withoutAlerts}, map[string]outcome{"graph": rightData}, 0},
		{"another tenant's token", fault.Spec{Kind: fault.WrongTenant}, map[string]outcome{"sts": as[*entra.ForeignTokenError]()}, nil, 0},
		{"a token for another API", fault.Spec{Kind: fault.WrongAudience}, map[string]outcome{"sts": as[*entra.ForeignTokenError]()}, nil, 0},
		{"refresh_in", fault.Spec{Kind: fault.RefreshIn, RefreshIn: fault.Duration(20 * time.Minute)}, map[string]outcome{"sts": rightData}, nil, 0},
		{"a day's token", fault.Spec{Kind: fault.LongLived}, map[string]outcome{"sts": rightData}, nil, 0},
		{"clock ahead", fault.Spec{Kind: fault.Clock, Offset: fault.Duration(2 * time.Hour)}, map[string]outcome{"": rightData}, nil, 0},
		{"clock back", fault.Spec{Kind: fault.Clock, Offset: fault.Duration(-2 * time.Hour)}, map[string]outcome{"": rightData}, nil, 0},
	}
	for _, status := range []int{500, 502, 503, 504} {
		for _, body := range []fault.Body{fault.BodyOwn, fault.BodyHTML, fault.BodyEmpty} {
			all = append(all, faultCase{fmt.Sprintf("fail %d %s", status, body), fault.Spec{Kind: fault.Fail, Status: status, Body: body},
				with(apis(refusedWith(status)), "sts", refused), apis(rightData), 0})
		}
	}
	return append(all, faultCase{"fail until told", fault.Spec{Kind: fault.Fail, Status: 503, RetryAfter: fault.Duration(45 * time.Second)},
		with(apis(refusedWith(503)), "sts", refused), apis(rightData), 90 * time.Second})
}

// TestEveryFaultKindIsTried: a fault that the sandbox knows and these tests do
// not would be one whose end nobody knows.
func TestEveryFaultKindIsTried(t *testing.T) {
	for _, k := range fault.Kinds() {
		if !slices.ContainsFunc(faultCases(), func(c faultCase) bool { return c.spec.Kind == k }) {
			t.Errorf("no case for the fault %s", k)
		}
	}
}

// TestFaultsEndInDataOrError puts each fault in force for Acme, one service at a
// time, and reads Acme and Bolt at once through the same connections and tokens:
// Acme's client comes to the end that the table says, Bolt's to its data by not
// one call more than usual, and when the fault is over Acme's to its data too.
func TestFaultsEndInDataOrError(t *testing.T) {
	b := newBox(t)
	older := http1(b.Client())
	if resp, err := older.Get(xdrOrigin + "/api/incidents"); err != nil || resp.Body.Close() != nil || resp.ProtoMajor != 1 {
		t.Fatalf("not HTTP/1.1: %+v %v", resp, err)
	}
	for _, c := range faultCases() {
		for _, service := range []string{"", "graph", "xdr", "sts"} {
			for protocol, hc := range map[string]*http.Client{"HTTP/2": b.Client(), "HTTP/1.1": older} {
				if protocol == "HTTP/1.1" && !c.framed() {
					continue
				}
				name := strings.TrimSpace(c.name + " " + service)
				if end := c.lasting[service]; end != nil {
					t.Run(name+" "+protocol, func(t *testing.T) { b.strike(t, c, hc, service, 0, end) })
				}
				if end := c.passing[service]; end != nil {
					t.Run(name+", twice "+protocol, func(t *testing.T) { b.strike(t, c, hc, service, 2, end) })
				}
			}
		}
	}
}

// framed tells of faults that HTTP/1.1 and HTTP/2 show in different ways.
func (c faultCase) framed() bool {
	return slices.Contains([]fault.Kind{fault.Hang, fault.Reset, fault.Truncate, fault.WrongLength, fault.CutGzip, fault.HugeBody}, c.spec.Kind)
}

// http1 is a client that does not speak HTTP/2.
func http1(hc *http.Client) *http.Client {
	transport := hc.Transport.(*http.Transport).Clone()
	transport.ForceAttemptHTTP2, transport.TLSNextProto = false, map[string]func(string, *tls.Conn) http.RoundTripper{}
	transport.TLSClientConfig.NextProtos = nil
	return &http.Client{Transport: transport}
}

// strike runs one case; times 0 means that the fault stays.
func (b *box) strike(t *testing.T, c faultCase, hc *http.Client, service string, times int, end outcome) {
	on := defender.Surface(service)
	if service == "" || service == "sts" {
		on = defender.SurfaceXDR
	}
	b.clock.pass(2 * time.Hour) // limits, pauses and tokens of the case before
	spec := c.spec
	if spec.Kind != fault.Clock {
		spec.Tenant, spec.Count = acme, times
		if k := spec.Kind; k != fault.WrongTenant && k != fault.WrongAudience && k != fault.RefreshIn && k != fault.LongLived {
			spec.Services = []string{service}
		}
	}
	f, err := b.Faults().Add(spec)
	if err != nil {
		t.Fatal(err)
	}
	seq, begun, real := b.Journal().Seq(), b.clock.Now(), time.Now()

	if spec.Kind == fault.Hang {
		hc = &http.Client{Transport: impatient{b, hc.Transport}}
	}
	tokens := b.signIn(t, "not-a-secret", hc)
	read := map[string]reading{}
	var mu sync.Mutex
	var both sync.WaitGroup
	for _, tenant := range []string{acme, bolt} {
		both.Go(func() {
			client := b.clientOf(t, tokens, tenant, defender.Config{HTTPClient: hc, MaxBody: 4 << 20})
			r := readAll(t.Context(), client, on, 8)
			mu.Lock()
			defer mu.Unlock()
			read[tenant] = r
		})
	}
	both.Wait()
	if problem := end(b, read[acme]); problem != "" {
		t.Error(problem)
	}
	now, _ := b.Faults().Get(f.ID)
	if now.Struck == 0 && spec.Kind != fault.Clock || times > 0 && int(now.Struck) != times {
		t.Errorf("the fault struck %d times", now.Struck)
	}
	if waited := b.clock.Now().Sub(begun); times > 0 && waited < c.waits {
		t.Errorf("the client waited %s, it was told %s", waited, c.waits)
	}
	if took := time.Since(real); took > 2*time.Minute {
		t.Errorf("it took %s", took)
	}
	var held *entra.Error
	if service == "sts" && spec.Kind == fault.Throttle && errors.As(read[bolt].err, &held) && held.HTTPStatus == http.StatusTooManyRequests {
		// The login service's plain 429 names no tenant and is taken for the whole
		// application: who comes after it waits as told, and then has the data.
		if problem := ours(held); problem != "" || held.RetryAfter == 0 {
			t.Errorf("another tenant is held back without a word: %v", held)
		}
		b.clock.pass(held.RetryAfter)
		read[bolt] = readAll(t.Context(), b.clientOf(t, tokens, bolt, defender.Config{}), on, 8)
	}
	if read[bolt].err != nil {
		t.Errorf("another tenant: %v", read[bolt].err)
	} else if problem := read[bolt].wrong(b.World(), bolt, nil); problem != "" {
		t.Errorf("another tenant: %s", problem)
	}
	b.untouched(t, seq, spec.Kind)

	b.Faults().Remove(f.ID)
	again := b.clientOf(t, b.signIn(t, "not-a-secret", b.Client()), acme, defender.Config{})
	if problem := rightData(b, readAll(t.Context(), again, on, 8)); problem != "" {
		t.Errorf("when the fault is over: %s", problem)
	}
}

// untouched wants the journal to say that Bolt's calls were no others than
// without a fault, and that nobody asked a host that is not Microsoft's.
func (b *box) untouched(t *testing.T, seq uint64, kind fault.Kind) {
	t.Helper()
	calls := 0
	for _, e := range b.Journal().Since(seq) {
		switch {
		case e.Kind == journal.KindRefused:
			t.Errorf("somebody asked %s", e.Host)
		case e.Kind != journal.KindRequest || e.TenantID != bolt:
		case e.Status != http.StatusOK || e.Detail["faults"] != nil && kind != fault.Clock:
			t.Errorf("another tenant's call: %d %s %s %v", e.Status, e.Operation, e.Decision, e.Detail)
		case e.Service != "sts":
			calls++
		}
	}
	// 12 incidents in pages of 8: graph reads two pages and the head again; xdr,
	// whose pages overlap, two, the empty end and the head again.
	if calls > 4 {
		t.Errorf("another tenant's list took %d calls", calls)
	}
}

// TestHugeBodyIsGivenUp: with the cap that is the default, what streams on and
// on is given up there, by both sides, whatever is asked for.
func TestHugeBodyIsGivenUp(t *testing.T) {
	b := newBox(t)
	f, err := b.Faults().HugeBody(fault.Scope{Tenant: acme, Services: []string{"graph", "xdr"}, Operations: []string{"incidents.get"}}, -1)
	if err != nil {
		t.Fatal(err)
	}
	for _, on := range defender.Surfaces() {
		seq := b.Journal().Seq()
		id := b.aim(t).incidents[0]
		_, err := b.client(t, acme, defender.Config{}).Incidents(on).Get(t.Context(), id)
		var e *defender.BodyError
		if !errors.As(err, &e) || e.Problem != defender.BodyTooLarge || e.Limit != defender.DefaultMaxBody || e.Next() == "" {
			t.Fatalf("%s: %v", on, err)
		}
		sent := b.sent(t, seq, f.ID)
		if sent < defender.DefaultMaxBody || sent > defender.DefaultMaxBody+32<<20 {
			t.Errorf("%s: the service sent %d MiB of 1024 before it noticed that nobody reads", on, sent>>20)
		}
	}
}

// sent waits for the journal's entry of a huge answer that was given up.
func (b *box) sent(t *testing.T, seq uint64, id string) int {
	t.Helper()
	for {
		events := b.Journal().Wait(t.Context(), seq)
		if len(events) == 0 {
			t.Fatal("the test ended")
		}
		for _, e := range events {
			seq = e.Seq
			strikes, _ := e.Detail["faults"].([]any)
			for _, s := range strikes {
				if did, _ := s.(map[string]any); did["id"] == id && did["sent"] != nil {
					if e.Error != "aborted" || !strings.Contains(e.Decision, "the client left") {
						t.Errorf("journal: %s %s", cmp.Or(e.Error, "no error"), e.Decision)
					}
					return did["sent"].(int)
				}
			}
		}
	}
}
