package proxy

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tenantry/tenantry/sandbox/journal"
)

type fixture struct {
	*Server
	authority *Authority
	journal   *journal.Journal
	client    *http.Client
	proxyURL  *url.URL
}

func start(t *testing.T, h http.Handler) *fixture {
	t.Helper()
	a := openAuthority(t, "", nil)
	leaf, err := NewLeaf(a)
	if err != nil {
		t.Fatal(err)
	}
	listen := func() net.Listener {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	f := &fixture{authority: a, journal: journal.New(nil, nil)}
	f.Server = New(Config{TLSListener: listen(), ProxyListener: listen(), Certificate: leaf.Get, Handler: h, Journal: f.journal})
	f.Start()
	f.proxyURL = &url.URL{Scheme: "http", Host: f.cfg.ProxyListener.Addr().String()}
	transport := &http.Transport{
		Proxy: http.ProxyURL(f.proxyURL), TLSClientConfig: &tls.Config{RootCAs: a.Pool()}, ForceAttemptHTTP2: true,
	}
	f.client = &http.Client{Transport: transport}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		if err := f.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return f
}

func echo(w http.ResponseWriter, r *http.Request) {
	_, _ = fmt.Fprintf(w, "%s %s %s %s", r.Method, r.Host, r.URL.Path, r.Proto)
}

func read(t *testing.T, resp *http.Response, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestEveryHostIsServedThroughTheProxy(t *testing.T) {
	f := start(t, http.HandlerFunc(echo))
	for _, h := range Hosts() {
		resp, err := f.client.Get("https://" + h.Name + "/x")
		if got, want := read(t, resp, err), "GET "+h.Name+" /x HTTP/2.0"; got != want {
			t.Errorf("%s: %q, want %q", h.Name, got, want)
		}
		f.client.CloseIdleConnections()
	}
	if n := f.journal.Seq(); n != 0 {
		t.Errorf("%d refusals: %+v", n, f.journal.Since(0))
	}
}

func TestHTTP1ThroughTheProxy(t *testing.T) {
	f := start(t, http.HandlerFunc(echo))
	tr := &http.Transport{Proxy: http.ProxyURL(f.proxyURL), TLSClientConfig: &tls.Config{RootCAs: f.authority.Pool(), NextProtos: []string{"http/1.1"}}}
	defer tr.CloseIdleConnections()
	c := &http.Client{Transport: tr}
	for range 3 { // kept alive
		resp, err := c.Get("https://login.windows.net/a")
		if got := read(t, resp, err); got != "GET login.windows.net /a HTTP/1.1" {
			t.Errorf("got %q", got)
		}
	}
}

func TestServedDirectlyWhenNamesResolveToIt(t *testing.T) {
	f := start(t, http.HandlerFunc(echo))
	tr := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: f.authority.Pool()}, ForceAttemptHTTP2: true,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, f.cfg.TLSListener.Addr().String())
		},
	}
	defer tr.CloseIdleConnections()
	resp, err := (&http.Client{Transport: tr}).Get("https://graph.microsoft.com/v1.0/me")
	if got := read(t, resp, err); got != "GET graph.microsoft.com /v1.0/me HTTP/2.0" {
		t.Errorf("got %q", got)
	}
}

func TestLongAddressIsRefused(t *testing.T) {
	f := start(t, http.HandlerFunc(echo))
	f.client.Transport.(*http.Transport).ForceAttemptHTTP2 = false // an HTTP/2 client does not even send it
	for n, want := range map[int]int{maxHeader / 2: http.StatusOK, 2 * maxHeader: http.StatusRequestHeaderFieldsTooLarge} {
		resp, err := f.client.Get("https://graph.microsoft.com/?" + strings.Repeat("a", n))
		if read(t, resp, err); resp.StatusCode != want {
			t.Errorf("%d bytes: status %d, want %d", n, resp.StatusCode, want)
		}
	}
}

func TestUntrustingClientFails(t *testing.T) {
	f := start(t, http.HandlerFunc(echo))
	tr := &http.Transport{Proxy: http.ProxyURL(f.proxyURL)}
	defer tr.CloseIdleConnections()
	_, err := (&http.Client{Transport: tr}).Get("https://login.microsoftonline.com/")
	var unknown *tls.CertificateVerificationError
	if !errors.As(err, &unknown) {
		t.Errorf("error is %v", err)
	}
}

// raw sends one request to the proxy as written and returns the answer.
func (f *fixture) raw(t *testing.T, request string) (status int, body string) {
	t.Helper()
	conn, err := net.Dial("tcp", f.proxyURL.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusOK {
		return resp.StatusCode, "" // a tunnel: what follows is TLS
	}
	b, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(b)
}

func TestProxyRefuses(t *testing.T) {
	f := start(t, http.HandlerFunc(echo))
	connect := func(target string) string {
		return "CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\nUser-Agent: probe\r\n\r\n"
	}
	for _, c := range []struct{ name, request, target, reason string }{
		{"other host", connect("example.com:443"), "example.com:443", "lets nothing out"},
		{"look-alike", connect("login.microsoftonline.com.example.com:443"), "login.microsoftonline.com.example.com:443", "lets nothing out"},
		{"retired host", connect("graph.windows.net:443"), "graph.windows.net:443", "lets nothing out"},
		{"other port", connect("login.microsoftonline.com:8443"), "login.microsoftonline.com:8443", "only port 443"},
		{"address", connect("10.0.0.1:443"), "10.0.0.1:443", "lets nothing out"},
		{"loopback name", connect("localhost:443"), "localhost:443", "NO_PROXY"},
		{"loopback address", connect("127.0.0.1:22"), "127.0.0.1:22", "NO_PROXY"},
		{"loopback IPv6", connect("[::1]:443"), "[::1]:443", "NO_PROXY"},
		{"plain http to others", "GET http://example.com/a?code=x HTTP/1.1\r\nHost: example.com\r\n\r\n", "http://example.com", "plain http:// to other hosts"},
		{"plain http to Microsoft", "GET http://login.microsoftonline.com/ HTTP/1.1\r\nHost: login.microsoftonline.com\r\n\r\n", "http://login.microsoftonline.com", "over https://"},
		{"taken for a web server", "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", "127.0.0.1", "set HTTPS_PROXY"},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := f.journal.Seq()
			status, body := f.raw(t, c.request)
			if status != http.StatusForbidden || !strings.Contains(body, c.reason) || !strings.Contains(body, "Tenantry sandbox") {
				t.Errorf("answer is %d %q", status, body)
			}
			events := f.journal.Since(before)
			if len(events) != 1 || events[0].Kind != journal.KindRefused || events[0].Host != c.target || !strings.Contains(events[0].Decision, c.reason) {
				t.Errorf("journal has %+v", events)
			}
		})
	}
}

func TestTargetIsReadLeniently(t *testing.T) {
	f := start(t, http.HandlerFunc(echo))
	for _, target := range []string{"LOGIN.MicrosoftOnline.com:443", "login.microsoftonline.com.:443"} {
		if status, body := f.raw(t, "CONNECT "+target+" HTTP/1.1\r\nHost: "+target+"\r\n\r\n"); status != http.StatusOK {
			t.Errorf("%s: %d %s", target, status, body)
		}
	}
}

func TestClientThatSpeaksTLSBeforeTheAnswer(t *testing.T) {
	f := start(t, http.HandlerFunc(echo))
	conn, err := net.Dial("tcp", f.proxyURL.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	// The first flight leaves together with CONNECT.
	early := &eagerConn{Conn: conn, prefix: []byte("CONNECT login.windows.net:443 HTTP/1.1\r\nHost: login.windows.net:443\r\n\r\n")}
	tc := tls.Client(early, &tls.Config{RootCAs: f.authority.Pool(), ServerName: "login.windows.net"})
	if err := tc.Handshake(); err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(tc, "GET /early HTTP/1.1\r\nHost: login.windows.net\r\nConnection: close\r\n\r\n")
	resp, err := http.ReadResponse(bufio.NewReader(tc), nil)
	if got := read(t, resp, err); got != "GET login.windows.net /early HTTP/1.1" {
		t.Errorf("got %q", got)
	}
}

// eagerConn puts prefix before the first write and takes the proxy's answer
// off before the first read.
type eagerConn struct {
	net.Conn
	prefix []byte
	reader *bufio.Reader
}

func (c *eagerConn) Write(p []byte) (int, error) {
	if c.prefix != nil {
		all := append(c.prefix, p...)
		c.prefix = nil
		if _, err := c.Conn.Write(all); err != nil {
			return 0, err
		}
		return len(p), nil
	}
	return c.Conn.Write(p)
}

func (c *eagerConn) Read(p []byte) (int, error) {
	if c.reader == nil {
		c.reader = bufio.NewReader(c.Conn)
		for {
			line, err := c.reader.ReadString('\n')
			if err != nil {
				return 0, err
			}
			if line == "\r\n" {
				break
			}
		}
	}
	return c.reader.Read(p)
}

func TestCloseEndsWhatIsUnderWay(t *testing.T) {
	entered := make(chan struct{})
	left := make(chan struct{})
	f := start(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(entered)
		<-r.Context().Done()
		close(left)
	}))
	failed := make(chan error, 1)
	go func() {
		resp, err := f.client.Get("https://graph.microsoft.com/slow")
		if err == nil {
			resp.Body.Close()
		}
		failed <- err
	}()
	<-entered
	// One more that never finishes its handshake, and one that was let
	// through and says nothing.
	silent, err := net.Dial("tcp", f.cfg.TLSListener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	begun := time.Now()
	if err := f.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if took := time.Since(begun); took > 10*closeGrace {
		t.Errorf("Close took %v", took)
	}
	<-left
	if err := <-failed; err == nil {
		t.Error("the request under way was answered")
	}
	if err := f.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
	if conn, err := net.Dial("tcp", f.proxyURL.Host); err == nil {
		conn.Close()
		t.Error("the proxy still listens")
	}
}

func TestFeedClosesWhatNobodyTakes(t *testing.T) {
	f := newFeed(&net.TCPAddr{})
	_ = f.Close()
	ours, theirs := net.Pipe()
	defer theirs.Close()
	f.put(ours)
	if _, err := theirs.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("read: %v", err)
	}
	if _, err := f.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Accept: %v", err)
	}
}
