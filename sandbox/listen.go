package sandbox

import (
	"cmp"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/tenantry/tenantry/sandbox/proxy"
)

type addrField struct{ field, addr string }

func (s *Sandbox) addrs() []addrField {
	return []addrField{
		{"Addr", cmp.Or(s.cfg.Addr, defaultAddr)},
		{"ProxyAddr", cmp.Or(s.cfg.ProxyAddr, defaultAddr)},
		{"ManagementAddr", cmp.Or(s.cfg.ManagementAddr, defaultAddr)},
	}
}

// checkAddrs refuses addresses that other machines could reach, unless that
// was asked for.
func (s *Sandbox) checkAddrs() error {
	for _, a := range s.addrs() {
		host, port, err := net.SplitHostPort(a.addr)
		if err != nil {
			return &ConfigError{a.field, a.addr, "is not host:port", "write it like 127.0.0.1:8443", err}
		}
		if _, err := strconv.ParseUint(port, 10, 16); err != nil {
			return &ConfigError{a.field, a.addr, "has no valid port", "give a port from 0 (any free one) to 65535", nil}
		}
		if proxy.IsLoopback(strings.ToLower(host)) {
			continue
		}
		if a.field == "ManagementAddr" {
			return &ConfigError{a.field, a.addr, "is not a loopback address", "the management API answers on this machine only: use 127.0.0.1", nil}
		}
		if !s.cfg.AllowNonLoopback {
			return &ConfigError{a.field, a.addr, "is not a loopback address", "use 127.0.0.1, or set AllowNonLoopback when every machine that reaches it may do everything in the sandbox", nil}
		}
		s.log.Warn("the sandbox can be reached from other machines; whoever reaches it can do everything in it", "field", a.field, "addr", a.addr)
	}
	return nil
}

func listen(field, addr string) (net.Listener, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, newListenError(field, addr, err)
	}
	return l, nil
}

// publicAddr is the host:port that clients on this machine use for a
// listener. name replaces a loopback or unspecified address; empty means the
// loopback address itself.
func publicAddr(a net.Addr, name string) string {
	ap, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return a.String()
	}
	ip, port := ap.Addr().Unmap(), strconv.Itoa(int(ap.Port()))
	if ip.IsUnspecified() {
		ip = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	if ip.IsLoopback() && name != "" {
		return net.JoinHostPort(name, port)
	}
	return net.JoinHostPort(ip.String(), port)
}
