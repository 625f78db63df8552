package sweep_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/activities/sweep"
	"satchel/tenancy"
)

// TestDeadlinesAreToldTwice: of what is due owners and admins are told once before its day and once behind it,
// of another day again, and of nothing that is done.
func TestDeadlinesAreToldTwice(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner, student := b.Member(t, b.good, tenancy.Owner), b.Member(t, b.good, tenancy.Student)
	told := func(who uuid.UUID, kind string, over bool) (n int) {
		t.Helper()
		require.NoError(t, b.Admin(t).QueryRow(t.Context(), "select count(*) from notifications where user_id = $1 and kind = $2 and (data ->> 'over')::boolean = $3", who, kind, over).Scan(&n))
		return n
	}
	change := func(sql string, args ...any) {
		t.Helper()
		_, err := b.Admin(t).Exec(t.Context(), sql, args...)
		require.NoError(t, err)
	}
	duty, older, incident, directive := tenancy.NewID(), tenancy.NewID(), tenancy.NewID(), tenancy.NewID()
	addDuty := "insert into compliance_duties (organization_id, id, kind, responsible_id, note, done_at, due_at, recorded_by) values (app.org(), $1, 'risk_assessment', $2, 'n', now() - $3::interval, now() + $4::interval, $2)"
	b.exec(t, b.good, addDuty, older, owner, "700 days", "5 days")
	b.exec(t, b.good, addDuty, duty, owner, "1 day", "40 days")
	b.exec(t, b.good, "insert into incidents (organization_id, id, title, description, discovered_at, recorded_by) values (app.org(), $1, 't', 'd', now(), $2)", incident, owner)
	b.exec(t, b.good, "insert into incident_clocks (organization_id, incident_id, clock, due_at) values (app.org(), $1, 'own', now() + interval '3 days'), (app.org(), $1, 'us-ny.state', now() + interval '3 hours')", incident)
	b.exec(t, b.good, "insert into dispositions (organization_id, id, kind, scope, reason, due_at, recorded_by) values (app.org(), $1, 'return', 'organization', 'r', now() + interval '60 days', $2)", directive, owner)
	require.Equal(t, sweep.SweepResult{Found: 1, Done: 1}, b.sweep(t, b.sweeper, "tell-deadlines"), "one clock of the incident")
	require.Equal(t, 1, told(owner, "compliance.due", false))
	require.Zero(t, b.sweep(t, b.sweeper, "tell-deadlines").Found)

	change("update incident_clocks set due_at = now() - interval '1 minute' where incident_id = $1", incident)
	change("update compliance_duties set due_at = now() + interval '20 days' where id = $1", duty)
	change("update dispositions set due_at = now() + interval '2 days' where id = $1", directive)
	require.Equal(t, 3, b.sweep(t, b.sweeper, "tell-deadlines").Done)
	require.Equal(t, 3, told(owner, "compliance.due", false), "and of what has another day, which is over, not again before")
	require.Equal(t, 2, told(owner, "compliance.due", true), "both clocks")
	require.Zero(t, told(student, "compliance.due", true))

	change("update compliance_duties set due_at = now() - interval '1 minute' where id = $1", duty)
	change("update dispositions set due_at = now() - interval '1 minute' where id = $1", directive)
	require.Equal(t, 2, b.sweep(t, b.sweeper, "tell-deadlines").Done)
	require.Equal(t, 4, told(owner, "compliance.due", true))
	change("update incident_clocks set due_at = now() - interval '2 minutes', told_at = now(), told_by = $2, note = 'by letter' where incident_id = $1", incident, owner)
	require.Zero(t, b.sweep(t, b.sweeper, "tell-deadlines").Found)

	// Of a request to amend: the school's days, and those of who asked.
	file, amendment := b.published(t, b.good, 1), tenancy.NewID()
	change("insert into people (organization_id, user_id, kind, display_name, state, adult_from) values ($1, $2, 'student', 'A', 'active', now() - interval '1 year') on conflict (organization_id, user_id) do update set adult_from = excluded.adult_from", b.good.UUID(), student)
	b.exec(t, b.good, "insert into amendments (organization_id, id, file_id, student_id, requester_id, what) values (app.org(), $1, $2, $3, $3, 'w')", amendment, file, student)
	require.Zero(t, b.sweep(t, b.sweeper, "tell-deadlines").Found)
	change("update amendments set due_at = now() + interval '6 days' where id = $1", amendment)
	require.Equal(t, 1, b.sweep(t, b.sweeper, "tell-deadlines").Done)
	require.Equal(t, 1, told(owner, "amendment.due", false))
	b.exec(t, b.good, "update amendments set state = 'under_review' where id = $1", amendment)
	b.exec(t, b.good, "update amendments set state = 'denied', reason = 'it is right' where id = $1", amendment)
	require.Zero(t, b.sweep(t, b.sweeper, "tell-deadlines").Found)
	change("update amendments set due_at = now() + interval '6 days' where id = $1", amendment)
	require.Equal(t, 1, b.sweep(t, b.sweeper, "tell-deadlines").Done)
	require.Equal(t, 1, told(student, "amendment.due", false), "the time to ask for a hearing is theirs")
	require.Equal(t, 1, told(owner, "amendment.due", false))
	change("update amendments set due_at = now() - interval '1 minute' where id = $1", amendment)
	require.Equal(t, 1, b.sweep(t, b.sweeper, "tell-deadlines").Done)
	require.Equal(t, 1, told(owner, "amendment.due", true))
	require.Zero(t, told(student, "amendment.due", true))
	require.Zero(t, b.sweep(t, b.sweeper, "tell-deadlines").Found)

	// Of a request to erase: once when it came in, a week before its day, and behind it.
	request := tenancy.NewID()
	b.exec(t, b.good, "insert into erasure_requests (organization_id, id, student_id, requester_id) values (app.org(), $1, $2, $2)", request, student)
	require.Equal(t, 1, told(owner, "erasure.asked", false))
	require.Zero(t, b.sweep(t, b.sweeper, "tell-deadlines").Found)
	change("update erasure_requests set due_at = now() + interval '6 days' where id = $1", request)
	require.Equal(t, 1, b.sweep(t, b.sweeper, "tell-deadlines").Done)
	require.Equal(t, 2, told(owner, "erasure.asked", false))
	change("update erasure_requests set due_at = now() - interval '1 minute' where id = $1", request)
	require.Equal(t, 1, b.sweep(t, b.sweeper, "tell-deadlines").Done)
	require.Equal(t, 1, told(owner, "erasure.asked", true))
	change("update erasure_requests set state = 'refused', reason = 'r', ended_by = $2, ended_at = now() where id = $1", request, owner)
	require.Zero(t, b.sweep(t, b.sweeper, "tell-deadlines").Found)
}
