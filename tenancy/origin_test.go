package tenancy_test

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/tenancy"
)

func TestValidOrigin(t *testing.T) {
	t.Parallel()
	for _, good := range []string{
		"https://school.example", "https://school.example:8443", "https://xn--bcher-kva.example", "https://192.0.2.7", "https://[2001:db8::1]:8443",
		"http://localhost", "http://localhost:5173", "http://127.0.0.1:3000", "http://[::1]:3000", "https://localhost",
	} {
		require.NoError(t, tenancy.ValidOrigin(good), good)
	}
	for _, bad := range []string{
		"", "null", "*", "https://*.school.example", "school.example", "//school.example", "https://", "https://school.example/", "https://school.example/app",
		"https://school.example?", "https://school.example?x", "https://school.example#", "https://user@school.example", "https://School.example", "HTTPS://school.example",
		"https://school.example:443", "https://school.example:", "https://school.example:0", "https://school.example:08443", "https://school.example:65536",
		"http://school.example", "http://localhost.school.example", "http://127.0.0.1:80", "http://127.0.0.1.school.example", "http://0x7f.1", "ftp://school.example", "file://", "chrome-extension://abc",
		"https://school..example", "https://-school.example", "https://school_.example", "https://bücher.example", "https://school.example ", " https://school.example", "https://school.example\n",
		"https://[::0001]", "https://%73chool.example", "https://school.example,https://other.example",
	} {
		require.ErrorIs(t, tenancy.ValidOrigin(bad), tenancy.ErrOrigin, bad)
	}
}

func FuzzValidOrigin(f *testing.F) {
	f.Add("https://school.example:8443")
	f.Add("http://[::1]:3000")
	f.Add("https://user@school.example/path?x#y")
	f.Fuzz(func(t *testing.T, text string) {
		if tenancy.ValidOrigin(text) != nil {
			return
		}
		u, err := url.Parse(text)
		require.NoError(t, err)
		require.Equal(t, text, u.Scheme+"://"+u.Host, "nothing but a scheme and a host")
		require.NotEmpty(t, u.Hostname())
	})
}
