package email

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"satchel/shares"
	"satchel/shares/visitors"
	"satchel/tenancy"
	"satchel/tenancy/members"
	"satchel/tenancy/usage"
)

// TestMailsOfHostileNames: subjects hold nothing that an owner wrote, and bodies
// neither a line break nor a direction character of the name.
func TestMailsOfHostileNames(t *testing.T) {
	t.Parallel()
	const hostile = "http://evil.test/ reset your password\r\nBcc: evil@evil.test\u202e\u200b"
	to := "parent@school.example"
	invitation, err := New(nil, nil, Config{}).write(members.Invitation{Email: &to, Role: tenancy.Teacher, ExpiresAt: time.Now()}, hostile, "token")
	require.NoError(t, err)
	full, err := warning(tenancy.Organization{Name: hostile, ContactEmail: to}, usage.Level{Metric: "storage", Percent: 82, Used: 82, Limit: 100})
	require.NoError(t, err)
	shared, err := New(nil, nil, Config{}).writeShare(shares.Mail{To: to, Sharer: hostile, Name: hostile}, hostile, "de", "token")
	require.NoError(t, err)
	for _, m := range []Message{invitation, full, shared} {
		require.NotContains(t, m.Subject, "evil")
		require.NotContains(t, m.Text, "\r")
		for _, body := range []string{m.Subject, m.Text, m.HTML} {
			require.NotContains(t, body, "\u202e")
			require.NotContains(t, body, "\u200b")
		}
	}
	require.Equal(t, "Your organization has used 82 % of its storage", full.Subject)
}

// TestMailsToPeopleOutside are in the language of the organization, every text of them.
func TestMailsToPeopleOutside(t *testing.T) {
	t.Parallel()
	until := time.Date(2026, 12, 5, 9, 30, 0, 0, time.UTC)
	write := New(nil, nil, Config{APIURL: "https://files.school.example"})
	for language, said := range map[string][]string{
		"en": {"Something was shared with you", "Hello The museum,", "Riverside School has shared something", "5 December 2026, 09:30 UTC", "34 CFR 99.33", "Your code is"},
		"de": {"Über Satchel wurde etwas mit Ihnen geteilt", "Guten Tag The museum,", "Riverside School hat etwas mit Ihnen geteilt", "5.12.2026, 09:30 UTC", "34 CFR 99.33", "Ihr Code lautet"},
	} {
		m, err := write.writeShare(shares.Mail{To: "museum@example.org", Name: "The museum", ExpiresAt: &until}, "Riverside School", language, "token")
		require.NoError(t, err)
		code, err := writeCode(visitors.CodeMail{Email: "museum@example.org", Organization: "Riverside School"}, language, "12345678")
		require.NoError(t, err)
		require.Contains(t, m.Subject, said[0])
		for _, body := range []string{m.Text, m.HTML} {
			for _, text := range said[1:5] {
				require.Contains(t, body, text)
			}
			require.NotContains(t, body, "outside.")
		}
		for _, body := range []string{code.Text, code.HTML} {
			require.Contains(t, body, said[5])
			require.Contains(t, body, "1234 5678")
			require.NotContains(t, body, "outside.")
		}
		require.Contains(t, m.HTML, `lang="`+language+`"`)
		require.NotContains(t, code.Subject, "1234")
		ask, err := write.writeShare(shares.Mail{To: "museum@example.org", Sharer: "Teacher 1", Permission: shares.Upload}, "Riverside School", language, "token")
		require.NoError(t, err)
		require.NotContains(t, ask.Text, "99.33", "who is asked for files gets none")
		require.Contains(t, ask.Text, "Teacher 1")
	}
}
