package webhooks

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"satchel/internal/fault"
)

// ErrURL refuses what is not the address of a receiver.
var ErrURL = fault.New(fault.Invalid, "invalid_url",
	"url is an https address with a host name or a public address, without user name, password or fragment, at most 2000 characters long: https://school.example/hooks.")

const maxURL = 2000

// CheckURL checks the address of a receiver. A name may still lead to an address that
// is not public: that is checked when it is connected to. Plain http is for loopback
// addresses, where the local stack allows those.
func CheckURL(text string, loopback bool) error {
	u, err := url.Parse(text)
	if err != nil || len(text) > maxURL || u.Hostname() == "" || u.User != nil || u.Fragment != "" || u.Opaque != "" {
		return ErrURL
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return ErrURL
		}
	}
	host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	local := host == "localhost" || strings.HasSuffix(host, ".localhost")
	if address, err := netip.ParseAddr(host); err == nil {
		local = address.Unmap().IsLoopback()
		if !local && !Public(address) {
			return ErrURL
		}
	}
	if local && !loopback || u.Scheme != "https" && (u.Scheme != "http" || !local) {
		return ErrURL
	}
	return nil
}

// notPublic are the ranges that are no addresses of the public internet, from the IANA
// registries of special-purpose addresses (RFC 6890). Those that netip knows by name
// are asked by name.
var notPublic = prefixes(
	"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
	"64:ff9b::/96", "64:ff9b:1::/48", // NAT64 leads to any address of IPv4 (RFC 6052, RFC 8215)
	"::/96", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fec0::/10",
)

func prefixes(texts ...string) (list []netip.Prefix) {
	for _, text := range texts {
		list = append(list, netip.MustParsePrefix(text))
	}
	return list
}

// Public says whether an address is one of the public internet: not private, loopback,
// link-local (with the metadata service of clouds), shared by carriers, multicast,
// reserved, or of IPv6 and made of such an address of IPv4.
func Public(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	if !a.IsGlobalUnicast() || a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() {
		return false
	}
	for _, p := range notPublic {
		if p.Contains(a) {
			return false
		}
	}
	return true
}
