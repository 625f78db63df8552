package ratelimit

import (
	"net/http"
	"net/netip"
	"strings"
)

// Address is the client address of a request: the peer of its connection, or, if
// that is a trusted proxy, the right-most hop of X-Forwarded-For that is not one.
// The hops to its left are written by the client and cannot be trusted.
func (t *Limiter) Address(r *http.Request) netip.Addr {
	at, ok := parseHop(r.RemoteAddr)
	if !ok {
		return netip.Addr{}
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && t.trusted(at); i-- {
		hop, ok := parseHop(strings.TrimSpace(hops[i]))
		if !ok {
			break
		}
		at = hop
	}
	return at
}

func (t *Limiter) trusted(a netip.Addr) bool {
	for _, p := range t.config.TrustedProxies {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// parseHop reads an address with or without a port.
func parseHop(s string) (netip.Addr, bool) {
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return ap.Addr().Unmap().WithZone(""), true
	}
	a, err := netip.ParseAddr(strings.Trim(s, "[]"))
	return a.Unmap().WithZone(""), err == nil
}

// network is what one subscriber holds: an address of IPv4, or the 64 bits of
// IPv6 within which everyone makes up addresses at will.
func network(a netip.Addr) netip.Addr {
	if a.Is6() {
		if p, err := a.Prefix(64); err == nil {
			return p.Addr()
		}
	}
	return a
}
