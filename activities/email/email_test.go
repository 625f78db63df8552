package email

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

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
	for _, m := range []Message{invitation, full} {
		require.NotContains(t, m.Subject, "evil")
		require.NotContains(t, m.Text, "\r")
		for _, body := range []string{m.Subject, m.Text, m.HTML} {
			require.NotContains(t, body, "\u202e")
			require.NotContains(t, body, "\u200b")
		}
	}
	require.Equal(t, "Your organization has used 82 % of its storage", full.Subject)
}
