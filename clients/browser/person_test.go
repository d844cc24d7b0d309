package browser

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// patience is how long a page may take.
const patience = 20 * time.Second

// chromium starts the browser, through the sandbox's proxy, with a profile of
// its own.
func chromium(t *testing.T, s *sandbox) context.Context {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.DisableGPU,
		chromedp.NoSandbox, // it runs as root in containers, and visits the sandbox alone
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-domain-reliability", true),
		// The proxy refuses what chromium asks of its maker; this keeps most of
		// it out of the journal.
		chromedp.Flag("disable-features", "Translate,AutofillServerCommunication,OptimizationHints,MediaRouter"),
		chromedp.ProxyServer(s.at.Proxy),
		chromedp.Flag("ignore-certificate-errors-spki-list", serverKey(t, s)),
	)
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx, chromedp.WithErrorf(t.Logf))
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("chromium does not start (apt-get install chromium): %v", err)
	}
	return ctx
}

// serverKey is the hash of the sandbox's server key, by which chromium knows
// it: Debian's chromium reads no CA file. The certificate is verified against
// the sandbox's CA here, so that no other is trusted.
func serverKey(t *testing.T, s *sandbox) string {
	t.Helper()
	ca, err := os.ReadFile(s.at.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(ca) {
		t.Fatalf("%s has no certificate", s.at.CAFile)
	}
	u, err := url.Parse(s.at.Origin)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := tls.Dial("tcp", u.Host, &tls.Config{RootCAs: pool, ServerName: "login.microsoftonline.com"})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	sum := sha256.Sum256(conn.ConnectionState().PeerCertificates[0].RawSubjectPublicKeyInfo)
	return base64.StdEncoding.EncodeToString(sum[:])
}

// person sits at a browser that has no cookies yet.
type person struct {
	t   *testing.T
	ctx context.Context
}

// visitor opens a new browser window for a person. What the browser complains
// of, such as a violated content security policy, fails the test.
func visitor(t *testing.T, browser context.Context) *person {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var complaints []string
	err := chromedp.Listen(ctx, func(ev any) {
		e, ok := ev.(*log.EventEntryAdded)
		if !ok || e.Entry.Source == "network" { // statuses are judged by the cases
			return
		}
		mu.Lock()
		defer mu.Unlock()
		complaints = append(complaints, e.Entry.Text)
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		mu.Lock()
		defer mu.Unlock()
		for _, c := range complaints {
			t.Errorf("the browser complained: %s", c)
		}
	})
	return &person{t: t, ctx: ctx}
}

// do runs steps that stay on the page.
func (p *person) do(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		p.t.Fatalf("%v\nat %s", err, p.where())
	}
}

// leads runs steps that lead to another page and returns its HTTP status.
func (p *person) leads(steps ...chromedp.Action[chromedp.Void]) int {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	resp, err := chromedp.RunResponse(ctx, steps...)
	if err != nil {
		p.t.Fatalf("%v\nat %s", err, p.where())
	}
	return int(resp.Status)
}

func (p *person) open(address string) int {
	p.t.Helper()
	return p.leads(chromedp.Navigate(address))
}

// refusedToConnect says whether nothing listens at the address.
func (p *person) refusedToConnect(address string) bool {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	err := chromedp.Do(ctx, chromedp.Navigate(address))
	return err != nil && strings.Contains(err.Error(), "ERR_CONNECTION_REFUSED")
}

// press clicks what leads to another page.
func (p *person) press(id string) int {
	p.t.Helper()
	return p.leads(chromedp.Click(chromedp.ID(id)))
}

// ready waits until the page has put the keyboard where it wants it, which is
// some time after it has loaded.
func (p *person) ready() {
	p.t.Helper()
	if ask[bool](p, `document.querySelector("[autofocus]") !== null`) {
		p.do(chromedp.WaitReady(chromedp.CSS("[autofocus]:focus")))
	}
}

// key presses keys that stay on the page; enter leaves it.
func (p *person) key(keys string) {
	p.t.Helper()
	p.do(chromedp.KeyEvent(keys))
}

func (p *person) enter() int {
	p.t.Helper()
	return p.leads(chromedp.KeyEvent(kb.Enter))
}

// signIn fills in the sign-in page.
func (p *person) signIn(upn string) int {
	p.t.Helper()
	p.do(chromedp.SendKeys(chromedp.ID("upn"), upn), chromedp.SendKeys(chromedp.ID("password"), password))
	return p.press("signin")
}

func ask[T any](p *person, expression string) T {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		p.t.Fatalf("%v\nat %s", err, p.where())
	}
	return v
}

// text is what the page shows.
func (p *person) text() string {
	p.t.Helper()
	return ask[string](p, `document.body.innerText`)
}

// has says whether the page has an element with this id.
func (p *person) has(id string) bool {
	p.t.Helper()
	return ask[bool](p, `document.getElementById("`+id+`") !== null`)
}

// focused is the id of the element that has the keyboard.
func (p *person) focused() string {
	p.t.Helper()
	return ask[string](p, `document.activeElement.id`)
}

// where describes the page for a failure; it never fails itself.
func (p *person) where() string {
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	s, err := chromedp.Run(ctx, chromedp.Evaluate[string](`location.href + "\n" + document.body.innerText`))
	if err != nil {
		return "a page that cannot be read: " + err.Error()
	}
	return s
}

// address is where the browser is.
func (p *person) address() *url.URL {
	p.t.Helper()
	u, err := url.Parse(ask[string](p, `location.href`))
	if err != nil {
		p.t.Fatal(err)
	}
	return u
}

// shows checks that the page has these words.
func (p *person) shows(words ...string) {
	p.t.Helper()
	text := p.text()
	for _, w := range words {
		if !strings.Contains(text, w) {
			p.t.Errorf("the page does not show %q:\n%s", w, text)
		}
	}
}

// withoutScript turns JavaScript off.
func (p *person) withoutScript() {
	p.t.Helper()
	if _, err := chromedp.Call(p.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		p.t.Fatal(err)
	}
}
