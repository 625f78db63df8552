// Package securitytxt serves security.txt, the contacts for vulnerability reports (RFC 9116).
package securitytxt

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// Config is what the file says. Without contacts there is no file.
type Config struct {
	Contacts  []string  `env:"SATCHEL_SECURITY_CONTACTS"`  // contacts for vulnerability reports, in order of preference (comma-separated): mailto:, https: or tel: addresses, for /.well-known/security.txt (RFC 9116); empty: there is no such file
	Expires   time.Time `env:"SATCHEL_SECURITY_EXPIRES"`   // until when that is right (RFC 3339, at most a year from now); afterwards the file is not served, so look at it every year
	Policy    string    `env:"SATCHEL_SECURITY_POLICY"`    // https: address of the rules for researchers; empty: none are named
	Languages string    `env:"SATCHEL_SECURITY_LANGUAGES"` // languages that reports are read in, such as "en, de"; empty: none are named
}

// File is the file, or nil.
type File struct {
	text    string
	expires time.Time
}

// Path is where it is.
const Path = "/.well-known/security.txt"

// New makes it for the API of that address.
func New(c Config, api string) (*File, error) {
	var contacts []string
	for _, contact := range c.Contacts {
		if contact = strings.TrimSpace(contact); contact == "" {
			continue
		}
		if err := address(contact, "mailto", "https", "tel"); err != nil {
			return nil, fmt.Errorf("SATCHEL_SECURITY_CONTACTS: %w", err)
		}
		contacts = append(contacts, contact)
	}
	if len(contacts) == 0 {
		if !c.Expires.IsZero() || c.Policy != "" {
			return nil, errors.New("SATCHEL_SECURITY_EXPIRES and _POLICY need SATCHEL_SECURITY_CONTACTS")
		}
		return nil, nil //nolint:nilnil // no file is no error
	}
	if c.Expires.IsZero() {
		return nil, errors.New("SATCHEL_SECURITY_CONTACTS needs SATCHEL_SECURITY_EXPIRES, a moment such as 2027-06-30T00:00:00Z")
	}
	var b strings.Builder
	for _, contact := range contacts {
		fmt.Fprintf(&b, "Contact: %s\n", contact)
	}
	fmt.Fprintf(&b, "Expires: %s\n", c.Expires.UTC().Format(time.RFC3339))
	if c.Policy != "" {
		if err := address(c.Policy, "https"); err != nil {
			return nil, fmt.Errorf("SATCHEL_SECURITY_POLICY: %w", err)
		}
		fmt.Fprintf(&b, "Policy: %s\n", c.Policy)
	}
	if c.Languages != "" {
		if strings.ContainsFunc(c.Languages, func(r rune) bool { return r < ' ' || r > '~' }) {
			return nil, errors.New("SATCHEL_SECURITY_LANGUAGES holds something else than language tags, such as \"en, de\"")
		}
		fmt.Fprintf(&b, "Preferred-Languages: %s\n", c.Languages)
	}
	if strings.HasPrefix(api, "https://") { // a file of another address is not believed
		fmt.Fprintf(&b, "Canonical: %s%s\n", strings.TrimRight(api, "/"), Path)
	}
	return &File{b.String(), c.Expires}, nil
}

// address refuses what is no such address, and a line that would become two.
func address(text string, schemes ...string) error {
	u, err := url.Parse(text)
	if err == nil && !strings.ContainsAny(text, "\r\n \t") {
		for _, s := range schemes {
			if u.Scheme == s && (u.Opaque != "" || u.Host != "") {
				return nil
			}
		}
	}
	return fmt.Errorf("%q is no address with the scheme %s", text, strings.Join(schemes, " or "))
}

// Text gives the file. One that has expired is not there: a contact that no one looks after
// is worse than none.
func (f *File) Text(now time.Time) (string, bool) {
	if f == nil || !now.Before(f.expires) {
		return "", false
	}
	return f.text, true
}
