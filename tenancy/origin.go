package tenancy

import (
	"net"
	"net/url"
	"strconv"
	"strings"

	"satchel/internal/fault"
)

// ErrOrigin refuses what is not the origin of a web page.
var ErrOrigin = fault.New(fault.Invalid, "invalid_origin",
	"An origin is https:// and a host in lower case, with a port only where it is not 443, and nothing behind: https://school.example. Plain http is for 127.0.0.1, [::1] and localhost.")

// maxOrigin is above what a host name and a port can be.
const maxOrigin = 8 + 253 + 6

// ValidOrigin checks that text is an origin exactly as a browser sends it
// (RFC 6454 section 6.1), since origins are compared whole: a trailing slash, a
// default port or a capital letter would never match, and a pattern must not.
// https is required but for loopback; "null", which every sandboxed page has,
// is refused.
func ValidOrigin(text string) error {
	u, err := url.Parse(text)
	if err != nil || len(text) > maxOrigin {
		return ErrOrigin
	}
	host, port := u.Hostname(), u.Port()
	written := u.Scheme + "://" + host
	if strings.Contains(host, ":") {
		written = u.Scheme + "://[" + host + "]"
	}
	if port != "" {
		written += ":" + port
	}
	if written != text || !validHost(host) || !validPort(u.Scheme, port) {
		return ErrOrigin
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !loopback(host)) {
		return ErrOrigin
	}
	return nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// validHost knows an address in its canonical form, and names of letters,
// digits and hyphens; international ones come as browsers send them, xn--….
func validHost(host string) bool {
	if ip := net.ParseIP(host); ip != nil {
		return ip.String() == host
	}
	if host == "" || len(host) > 253 {
		return false
	}
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' ||
			strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return false
		}
	}
	return true
}

// validPort wants the port as a browser writes it: not at all when it is the
// scheme's own.
func validPort(scheme, port string) bool {
	if port == "" {
		return true
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 || strconv.FormatUint(n, 10) != port {
		return false
	}
	return (scheme != "https" || n != 443) && (scheme != "http" || n != 80)
}
