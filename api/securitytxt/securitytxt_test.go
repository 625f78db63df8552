package securitytxt

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var expires = time.Date(2027, 6, 30, 0, 0, 0, 0, time.UTC)

// TestFile: the fields of RFC 9116, in its form, until it expires.
func TestFile(t *testing.T) {
	t.Parallel()
	f, err := New(Config{Contacts: []string{"mailto:security@school.example", " https://school.example/report"}, Expires: expires, Policy: "https://school.example/policy", Languages: "en, de"}, "https://files.school.example/")
	require.NoError(t, err)
	text, ok := f.Text(expires.Add(-time.Second))
	require.True(t, ok)
	require.Equal(t, `Contact: mailto:security@school.example
Contact: https://school.example/report
Expires: 2027-06-30T00:00:00Z
Policy: https://school.example/policy
Preferred-Languages: en, de
Canonical: https://files.school.example/.well-known/security.txt
`, text)
	_, ok = f.Text(expires)
	require.False(t, ok, "it has expired")
	f, err = New(Config{Contacts: []string{""}}, "http://127.0.0.1:8400")
	require.NoError(t, err)
	_, ok = f.Text(time.Time{})
	require.False(t, ok)
}

// TestWrongSettings stop the program: a file that cannot be read helps no one.
func TestWrongSettings(t *testing.T) {
	t.Parallel()
	good := Config{Contacts: []string{"mailto:security@school.example"}, Expires: expires}
	for name, change := range map[string]func(*Config){
		"no end":           func(c *Config) { c.Expires = time.Time{} },
		"a bare address":   func(c *Config) { c.Contacts = []string{"security@school.example"} },
		"plain http":       func(c *Config) { c.Contacts = []string{"http://school.example"} },
		"a line of others": func(c *Config) { c.Contacts = []string{"https://school.example/\nPolicy: https://other.example"} },
		"an empty https":   func(c *Config) { c.Contacts = []string{"https:"} },
		"a policy of mail": func(c *Config) { c.Policy = "mailto:x@school.example" },
		"two lines":        func(c *Config) { c.Languages = "en\nContact: mailto:other@school.example" },
		"no contact":       func(c *Config) { c.Contacts = nil },
	} {
		c := good
		change(&c)
		_, err := New(c, "")
		require.ErrorContains(t, err, "SATCHEL_SECURITY_", name)
	}
}
