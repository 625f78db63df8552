package invitation_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/activities/invitation"
	"satchel/internal/activitytest"
	"satchel/internal/pgtest"
	"satchel/internal/queue"
	"satchel/tenancy"
)

// starter refuses the invitations of one organization.
type starter struct {
	refused tenancy.OrgID
	started []tenancy.OrgID
}

func (s *starter) StartInvitation(_ context.Context, org tenancy.OrgID, _ uuid.UUID, _ time.Time) error {
	if org == s.refused {
		return errors.New("refused")
	}
	s.started = append(s.started, org)
	return nil
}

// TestInvitationsBehindFailingOnes: invitations whose workflow cannot be started fill
// the pages in front of one whose workflow can.
func TestInvitationsBehindFailingOnes(t *testing.T) {
	t.Parallel()
	const page = 2 // items in one list; more than that fail at its head
	d := pgtest.New(t)
	failing, good := d.Organization(t, 1000), d.Organization(t, 1000)
	invite := func(org tenancy.OrgID, count int) {
		for range count {
			id := tenancy.NewID()
			_, err := d.Single(org).Exec(t.Context(), `insert into invitations (organization_id, id, email, role, expires_at, updated_at)
				values (app.org(), $1::uuid, $1::uuid::text || '@school.example', 'teacher', now() + interval '1 day', now() - interval '1 minute')`, id)
			require.NoError(t, err)
		}
	}
	invite(failing, page+1)
	invite(good, 1)
	s := &starter{refused: failing}
	a := invitation.Paged(invitation.New(d.DB, s, invitation.Config{Unstarted: time.Second, Silent: time.Hour}), page)
	result, err := activitytest.Sweep(t, invitation.SweepsOf(a), "start-waiting-invitations")
	require.NoError(t, err)
	require.Equal(t, queue.Swept{Found: page + 2, Done: 1, Failed: page + 1}, result)
	require.Equal(t, []tenancy.OrgID{good}, s.started)
}
