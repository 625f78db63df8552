package amendments_test

import (
	"context"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"satchel/internal/pgtest"
	"satchel/tenancy"
	"satchel/tenancy/amendments"
	"satchel/tenancy/amendments/amendmentsdb"
)

type school struct {
	*pgtest.Database
	org                  tenancy.OrgID
	owner, pupil, parent uuid.UUID
}

// as gives the context of a person's request, and the person.
func (s school) as(ctx context.Context, user uuid.UUID, role tenancy.Role) (context.Context, tenancy.Actor) {
	a := tenancy.Actor{Org: s.org, User: user, Role: role}
	return tenancy.WithActor(ctx, a), a
}

func setup(t *testing.T) school {
	t.Helper()
	d := pgtest.New(t)
	s := school{Database: d, org: d.Organization(t, 1<<30)}
	s.owner, s.pupil, s.parent = d.Member(t, s.org, tenancy.Owner), d.Member(t, s.org, tenancy.Student), d.Member(t, s.org, tenancy.Parent)
	s.exec(t, "insert into guardianships (organization_id, parent_id, student_id, created_by) values (app.org(), $1, $2, $3)", s.parent, s.pupil, s.owner)
	return s
}

func (s school) exec(t require.TestingT, sql string, args ...any) {
	_, err := s.Single(s.org).Exec(context.Background(), sql, args...)
	require.NoError(t, err)
}

// record makes a record about the pupil.
func (s school) record(t require.TestingT) uuid.UUID {
	id := tenancy.NewID()
	s.exec(t, "insert into files (organization_id, id, name, uploaded_by) values (app.org(), $1, 'report.txt', $2)", id, s.owner)
	s.exec(t, "insert into record_students (organization_id, file_id, student_id) values (app.org(), $1, $2)", id, s.pupil)
	return id
}

func (s school) ask(t require.TestingT, file uuid.UUID) uuid.UUID {
	id := tenancy.NewID()
	ctx, _ := s.as(context.Background(), s.parent, tenancy.Parent)
	require.NoError(t, s.ForPeople().InTx(ctx, s.org, func(tx *tenancy.Tx) error {
		return amendments.Ask(ctx, tx, amendments.New{ID: id, By: s.parent, File: file, Student: s.pupil, What: "the grade is of another student"})
	}))
	return id
}

func (s school) take(id, user uuid.UUID, role tenancy.Role, step amendments.Step) error {
	ctx, by := s.as(context.Background(), user, role)
	return s.ForPeople().InTx(ctx, s.org, func(tx *tenancy.Tx) error { return amendments.Take(ctx, tx, id, by, step) })
}

// full gives a step all that it may need.
func full(name string) amendments.Step {
	at := time.Now().Add(time.Hour)
	return amendments.Step{Name: name, Reason: "r", Decision: "evidence and reasons", Statement: "it is not so", HearingAt: &at, HearingPlace: "room 4", HearingOfficer: "the deputy of another school"}
}

// TestRequestsMoveByTheTable walks random steps by random people. The table says what follows; of everything else
// nothing changes. The file is held as long as the request is open, and a statement is there
// when it was attached.
func TestRequestsMoveByTheTable(t *testing.T) {
	t.Parallel()
	s := setup(t)
	steps, err := amendmentsdb.New(s.Single(s.org)).Steps(t.Context())
	require.NoError(t, err)
	admin := s.Admin(t)
	rapid.Check(t, func(rt *rapid.T) {
		file := s.record(rt)
		id, state := s.ask(rt, file), "requested"
		passed := false
		for range rapid.IntRange(1, 14).Draw(rt, "steps") {
			if rapid.Bool().Draw(rt, "time passes") {
				_, err := admin.Exec(context.Background(), "update amendments set due_at = least(due_at, now()), hearing_at = case when hearing_at is not null then least(hearing_at, now()) end where id = $1 and ended_at is null", id)
				require.NoError(rt, err)
				passed = true
			}
			// Mostly one that may come, so that walks become long.
			names := amendments.Steps
			if rapid.IntRange(0, 3).Draw(rt, "likely") > 0 {
				names = nil
				for _, c := range steps {
					if c.FromState == state {
						names = append(names, c.Step)
					}
				}
			}
			if len(names) == 0 {
				break
			}
			name := rapid.SampledFrom(names).Draw(rt, "step")
			user, role := s.owner, tenancy.Owner
			if rapid.Bool().Draw(rt, "parent") {
				user, role = s.parent, tenancy.Parent
			}
			want, next := amendments.ErrState, amendmentsdb.StepsRow{}
			for _, c := range steps {
				if c.FromState == state && c.Step == name {
					want, next = nil, c
				}
			}
			switch {
			case want != nil:
			case (role == tenancy.Parent) != (next.Taker == "requester"):
				want = amendments.ErrNotYours
			case !passed && (next.ToState == "closed" || next.ToState == "held"):
				want = amendments.ErrEarly
			}
			err := s.take(id, user, role, full(name))
			if want == nil {
				require.NoError(rt, err, "%s from %s", name, state)
				state, passed = next.ToState, false
			} else {
				require.ErrorIs(rt, err, want, "%s from %s", name, state)
			}
			ctx, _ := s.as(context.Background(), s.parent, tenancy.Parent)
			r, err := amendments.Get(ctx, s.ForPeople().Single(s.org), id)
			require.NoError(rt, err)
			require.Equal(rt, state, r.State)
			ends := true
			for _, c := range steps {
				ends = ends && c.FromState != state
			}
			require.Equal(rt, ends, r.EndedAt != nil)
			require.Equal(rt, ends, r.DueAt == nil)
			require.Equal(rt, state == "statement_attached", r.Statement != "")
			var held bool
			require.NoError(rt, s.Single(s.org).QueryRow(context.Background(), "select app.on_hold(f) from files f where f.id = $1", file).Scan(&held))
			require.Equal(rt, !ends, held, "held in %s", state)
		}
	})
}

// TestWhoMayAskForAmendment: a guardian until the student is of age, then the student; about a
// record of the student alone.
func TestWhoMayAskForAmendment(t *testing.T) {
	t.Parallel()
	s := setup(t)
	ask := func(user uuid.UUID, role tenancy.Role, file, student uuid.UUID) error {
		ctx, _ := s.as(t.Context(), user, role)
		return s.ForPeople().InTx(ctx, s.org, func(tx *tenancy.Tx) error {
			return amendments.Ask(ctx, tx, amendments.New{ID: tenancy.NewID(), By: user, File: file, Student: student, What: "w"})
		})
	}
	file, other, stranger := s.record(t), s.Member(t, s.org, tenancy.Student), s.Member(t, s.org, tenancy.Parent)
	require.ErrorIs(t, ask(stranger, tenancy.Parent, file, s.pupil), amendments.ErrNotYours)
	require.ErrorIs(t, ask(s.pupil, tenancy.Student, file, s.pupil), amendments.ErrNotYours, "until 18 it is the parents' right")
	require.ErrorIs(t, ask(s.parent, tenancy.Parent, uuid.New(), s.pupil), amendments.ErrNoRecord)
	require.ErrorIs(t, ask(s.owner, tenancy.Owner, file, other), amendments.ErrNoRecord)
	plain := tenancy.NewID()
	s.exec(t, "insert into files (organization_id, id, name, uploaded_by) values (app.org(), $1, 'a.txt', $2)", plain, s.owner)
	require.ErrorIs(t, ask(s.owner, tenancy.Owner, plain, s.pupil), amendments.ErrNoRecord)
	require.NoError(t, ask(s.parent, tenancy.Parent, file, s.pupil))
	require.ErrorIs(t, ask(s.parent, tenancy.Parent, file, s.pupil), amendments.ErrOpen)
	s.exec(t, "insert into people (organization_id, user_id, kind, adult_from) values (app.org(), $1, 'student', current_date)", s.pupil)
	require.NoError(t, ask(s.pupil, tenancy.Student, file, s.pupil))
	require.ErrorIs(t, ask(s.parent, tenancy.Parent, s.record(t), s.pupil), amendments.ErrNotYours)

	var open uuid.UUID
	require.NoError(t, s.Single(s.org).QueryRow(t.Context(), "select id from amendments where requester_id = $1", s.parent).Scan(&open))
	require.ErrorIs(t, s.take(open, s.parent, tenancy.Parent, full("withdraw")), amendments.ErrNotFound, "the right has passed to the student")
	require.ErrorIs(t, s.take(open, s.pupil, tenancy.Student, full("withdraw")), amendments.ErrNotFound)
}

// TestOfficersActForTheSchool: an officer does not withdraw what a parent asks, and decides nothing about a child
// of their own. A request that came on paper is withdrawn by another officer. The database refuses the
// same when programs do not ask. Who lost the right hears no more of it.
func TestOfficersActForTheSchool(t *testing.T) {
	t.Parallel()
	s := setup(t)
	other := s.Member(t, s.org, tenancy.Admin)
	moves := func(id, user uuid.UUID, role tenancy.Role, state string) error {
		ctx, _ := s.as(t.Context(), user, role)
		return s.ForPeople().InTx(ctx, s.org, func(tx *tenancy.Tx) error {
			_, err := amendmentsdb.New(tx).AmendmentMove(ctx, amendmentsdb.AmendmentMoveParams{ID: id, State: state})
			return err
		})
	}
	told := func(user uuid.UUID) (n int) {
		require.NoError(t, s.Single(s.org).QueryRow(t.Context(), "select count(*) from notifications where user_id = $1 and kind = 'amendment.moved'", user).Scan(&n))
		return n
	}
	id := s.ask(t, s.record(t))
	require.ErrorIs(t, s.take(id, s.owner, tenancy.Owner, full("withdraw")), amendments.ErrNotYours)
	require.ErrorContains(t, moves(id, s.owner, tenancy.Owner, "withdrawn"), "row-level security")
	require.NoError(t, s.take(id, s.owner, tenancy.Owner, full("review")))
	require.Equal(t, 1, told(s.parent))

	paper := tenancy.NewID()
	ctx, _ := s.as(t.Context(), s.owner, tenancy.Owner)
	require.NoError(t, s.ForPeople().InTx(ctx, s.org, func(tx *tenancy.Tx) error {
		return amendments.Ask(ctx, tx, amendments.New{ID: paper, By: s.owner, File: s.record(t), Student: s.pupil, What: "w"})
	}))
	before := told(s.owner)
	require.NoError(t, s.take(paper, other, tenancy.Admin, full("withdraw")))
	require.Equal(t, before+1, told(s.owner), "who entered it is told")

	s.exec(t, "insert into guardianships (organization_id, parent_id, student_id, created_by) values (app.org(), $1, $2, $3)", other, s.pupil, s.owner)
	require.ErrorIs(t, s.take(id, other, tenancy.Admin, full("amend")), amendments.ErrNotYours)
	require.ErrorContains(t, moves(id, other, tenancy.Admin, "amended"), "row-level security")

	s.exec(t, "delete from guardianships where parent_id = $1", s.parent)
	require.NoError(t, s.take(id, s.owner, tenancy.Owner, full("deny")))
	require.Equal(t, 1, told(s.parent), "the right is over")
	ctx, _ = s.as(t.Context(), s.parent, tenancy.Parent)
	_, err := amendments.Get(ctx, s.ForPeople().Single(s.org), id)
	require.ErrorIs(t, err, amendments.ErrNotFound)
}

// TestStepsNeedWhatTheySay refuses a step without its reason, decision, statement or notice.
func TestStepsNeedWhatTheySay(t *testing.T) {
	t.Parallel()
	s := setup(t)
	id := s.ask(t, s.record(t))
	past, far := time.Now().Add(-time.Hour), time.Now().AddDate(2, 0, 0)
	for _, step := range []amendments.Step{
		{Name: "amend"}, {Name: "deny", Reason: " "}, {Name: "deny", Reason: strings.Repeat("r", 2001)}, {Name: "decide_amend"}, {Name: "decide_uphold", Decision: "\x00"},
		{Name: "state"}, {Name: "schedule"}, {Name: "schedule", HearingAt: &past, HearingPlace: "p", HearingOfficer: "o"},
		{Name: "schedule", HearingAt: &far, HearingPlace: "p", HearingOfficer: "o"}, {Name: "appeal"}, {},
	} {
		require.Error(t, s.take(id, s.owner, tenancy.Owner, step), step.Name)
	}
	require.NoError(t, s.take(id, s.owner, tenancy.Owner, full("review")))
	require.NoError(t, s.take(id, s.owner, tenancy.Owner, amendments.Step{Name: "deny", Reason: "it is right"}))
}

// TestDocsHaveTheTable: docs/compliance/amendments.md shows the table of the database.
func TestDocsHaveTheTable(t *testing.T) {
	t.Parallel()
	s := setup(t)
	steps, err := amendmentsdb.New(s.Single(s.org)).Steps(t.Context())
	require.NoError(t, err)
	text, err := os.ReadFile("../../docs/compliance/amendments.md")
	require.NoError(t, err)
	var rows []string
	for _, c := range steps {
		days := strconv.Itoa(int(c.Days)) + " days"
		if c.Days == 0 {
			days = "over"
		}
		from := c.FromState
		if from != "" {
			from = "`" + from + "`"
		}
		rows = append(rows, "| "+from+" | `"+c.Step+"` | `"+c.ToState+"` | "+c.Taker+" | "+days+" | "+c.Rule+" |")
	}
	shown := regexp.MustCompile(`(?s)<!-- steps -->.*?\|\n(\|-.*?\n)(.*?)\n\n?<!-- end of steps -->`).FindSubmatch(text)
	require.NotNil(t, shown)
	require.Equal(t, strings.Join(rows, "\n"), strings.TrimSpace(string(shown[2])))
}
