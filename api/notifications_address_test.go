package api

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/tenancy"
	"satchel/tenancy/notifications"
)

// TestAnAddressToWhichMailsCameBack is told so, and no code is said to be on its way. Who
// complained gets the code that they ask for.
func TestAnAddressToWhichMailsCameBack(t *testing.T) {
	t.Parallel()
	b := setup(t)
	teacher := b.person(b.organization(), tenancy.Teacher)
	suppressed := func(address, reason string) {
		_, err := b.db.Single(teacher.org).Exec(t.Context(), "insert into mail_suppressions (organization_id, id, address_hash, reason, status, suppressed_at) values (app.org(), gen_random_uuid(), $1, $2, '', now())",
			b.api.notifications.Hasher.HashEmail(teacher.org, address), reason)
		require.NoError(t, err)
	}
	suppressed("gone@school.example", notifications.Bounced)
	suppressed("cross@school.example", notifications.Complained)
	add := func(address string) answer {
		return teacher.call(post, apiPath+"/me/mail", map[string]any{"address": address})
	}
	add("gone@school.example").refused(http.StatusConflict, "mail_address_suppressed")
	add("Gone@School.example ").refused(http.StatusConflict, "mail_address_suppressed")
	var waiting int
	require.NoError(t, b.db.Single(teacher.org).QueryRow(t.Context(), "select count(*) from notification_mails").Scan(&waiting))
	require.Zero(t, waiting)
	add("cross@school.example").is(http.StatusAccepted)
	add("here@school.example").is(http.StatusAccepted)
}
