package tenancy_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/tenancy"
)

func TestCheckName(t *testing.T) {
	t.Parallel()
	for _, good := range []string{
		"Lycée Saint-Exupéry", "St.Mary's School", "Dr. Smith & Sons", "学校", "مدرسة النور", "دانش\u200cآموزان", "क्\u200dष", "Ysgol Gyfun @ Llanelli", "School №7", "C# club", "1.5 grade", "École 42 🎒", "Class 9/10",
	} {
		require.NoError(t, tenancy.CheckOrganizationName(good), "%q", good)
		require.Equal(t, good, tenancy.PlainName(good))
	}
	for bad, plain := range map[string]string{
		"School\r\nBcc: evil@evil.test": "School Bcc: evil@evil.test", "School\u202eloohcs": "School loohcs", "Sch\u200bool": "Sch ool", "a\u2066b": "a b", "a\u061cb": "a b", "a\u200fb": "a b",
		"a\u200db": "a b", "\u200cSchool": "School", "a\ufeffb": "a b", "a\u2028b": "a b", "a\x00b": "a b", "a\u0085b": "a b", "a\u00adb": "a b", "\u3164": "", "a\U000e0041b": "a b", "a\ue000b": "a b", "a\tb": "a b",
	} {
		require.Equal(t, tenancy.ErrNameHidden, tenancy.CheckName(bad, 200), "%q", bad)
		require.Equal(t, plain, tenancy.PlainName(bad), "%q", bad)
	}
	for _, bad := range []string{"", "  ", "\u3000", "\xff", strings.Repeat("ü", 201)} {
		require.Equal(t, tenancy.ErrName, tenancy.CheckName(bad, 200), "%q", bad)
	}
	for _, bad := range []string{
		"http://evil.test/reset your password", "HTTPS:/evil", "www.evil", "evil.com", "Reset at EVIL.COM now", "evil.co.uk/x", "login@evil", "mailto:x", "javascript:alert", "bücher.de", "10.0.0.1", "see evil.com.",
	} {
		require.Equal(t, tenancy.ErrNameAddress, tenancy.CheckOrganizationName(bad), "%q", bad)
		require.NoError(t, tenancy.CheckName(bad, 200))
	}
}

func FuzzPlainName(f *testing.F) {
	f.Add("School\u202e\r\n")
	f.Add("\xff\u200c")
	f.Fuzz(func(t *testing.T, text string) {
		if plain := tenancy.PlainName(text); plain != "" {
			require.NoError(t, tenancy.CheckName(plain, len(plain)), "%q", plain)
		}
	})
}
