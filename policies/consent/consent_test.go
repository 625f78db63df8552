package consent_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"satchel/internal/fault"
	"satchel/internal/pgtest"
	"satchel/migrations"
	"satchel/policies/consent"
	"satchel/policies/disclosure"
	"satchel/tenancy"
)

var update = flag.Bool("update", false, "write the table of docs/compliance/consent.md")

type school struct {
	*pgtest.Database
	t     *testing.T
	org   tenancy.OrgID
	owner uuid.UUID
}

func newSchool(t *testing.T) school {
	t.Helper()
	d := pgtest.New(t)
	org := d.Organization(t, 1<<30)
	return school{d, t, org, d.Member(t, org, tenancy.Owner)}
}

func (s school) exec(sql string, args ...any) error {
	_, err := s.Single(s.org).Exec(s.t.Context(), sql, args...)
	return err
}

func (s school) noAgreement() { require.NoError(s.t, s.exec("update agreements set ended_at = now()")) }

// add makes the row of a file, as an upload does.
func (s school) add(by uuid.UUID) (uuid.UUID, error) {
	id := tenancy.NewID()
	return id, s.InTx(s.t.Context(), s.org, func(tx *tenancy.Tx) error {
		_, err := tx.Exec(s.t.Context(), "insert into files (organization_id, id, name, uploaded_by) values (app.org(), $1, 'a.txt', $2)", id, by)
		return err
	})
}

func (s school) isChild(who uuid.UUID, at time.Time) (is bool) {
	require.NoError(s.t, s.Single(s.org).QueryRow(s.t.Context(), "select app.is_child_at(app.org(), $1, $2)", who, at).Scan(&is))
	return is
}

// TestWhoIsAChild: the month goes before the grade, the grade before what the organization
// declares, and what is not known is a child's.
func TestWhoIsAChild(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	now := time.Now()
	month := func(years int) string {
		return time.Date(now.Year()+years, now.Month(), 1, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
	}
	student := func(columns, values string) uuid.UUID {
		id := s.Member(t, s.org, tenancy.Student)
		require.NoError(t, s.exec(fmt.Sprintf("insert into people (organization_id, user_id, kind%s) values (app.org(), $1, 'student'%s)", columns, values), id))
		return id
	}
	unknown := s.Member(t, s.org, tenancy.Student)
	young, old := student(", thirteen_from", ", '"+month(1)+"'"), student(", thirteen_from", ", '"+month(-1)+"'")
	require.True(t, s.isChild(unknown, now))
	require.True(t, s.isChild(young, now))
	require.False(t, s.isChild(young, now.AddDate(1, 1, 0)), "by then 13")
	require.False(t, s.isChild(old, now))
	require.True(t, s.isChild(old, now.AddDate(-2, 0, 0)), "then a child")
	require.True(t, s.isChild(student(", thirteen_from, grade", ", '"+month(1)+"', '12'"), now), "the month goes before the grade")
	for grade, child := range map[string]bool{"KG": true, "PK": true, "08": true, "8": true, "09": false, "12": false, "?": true, "": true, "99": true} {
		require.Equal(t, child, s.isChild(student(", grade", ", '"+grade+"'"), now), "grade %q", grade)
	}
	require.False(t, s.isChild(s.Member(t, s.org, tenancy.Teacher), now))
	require.NoError(t, s.exec("insert into coppa_settings (organization_id, youngest_grade) values (app.org(), 9)"))
	require.False(t, s.isChild(unknown, now), "the organization declares grade 9")
	require.True(t, s.isChild(young, now))

	s.noAgreement()
	_, err := s.add(young)
	require.Equal(t, "consent_required", fault.Of(err).Code)
	require.Equal(t, "16 CFR 312.5(a)(1)", fault.Of(err).Rule)
	_, err = s.add(old)
	require.NoError(t, err)
}

// TestTheUpgradeMarksFilesOfChildren: of those whom the gate takes for children, and of no others.
func TestTheUpgradeMarksFilesOfChildren(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	text, err := migrations.Files.ReadFile("000033_consent.up.sql")
	require.NoError(t, err)
	_, mark, found := strings.Cut(string(text), "\nupdate files f set collected_as_child")
	require.True(t, found)
	mark, _, _ = strings.Cut("update files f set collected_as_child"+mark, ";")
	students := map[uuid.UUID]uuid.UUID{} // by file
	add := func(student uuid.UUID) {
		file, err := s.add(student)
		require.NoError(t, err)
		students[file] = student
	}
	add(s.Member(t, s.org, tenancy.Student))
	for _, grade := range []string{"", "?", "KG", "PK", "05", "8", "08", "9", "09", "10", "13", " ps ", "14", "99", "UG"} {
		for _, thirteen := range []string{"null", "date_trunc('month', now() + interval '1 year')", "date_trunc('month', now() - interval '1 year')"} {
			id := s.Member(t, s.org, tenancy.Student)
			require.NoError(t, s.exec("insert into people (organization_id, user_id, kind, grade, thirteen_from) values (app.org(), $1, 'student', $2, "+thirteen+")", id, grade))
			add(id)
		}
	}
	admin := s.Admin(t)
	for _, sql := range []string{
		"update agreements set origin = 'upgrade'",
		"update files set collected_as_child = false, child_id = null, legal_basis = '', basis_agreement = null, school_basis = false",
		mark,
	} {
		_, err := admin.Exec(t.Context(), sql)
		require.NoError(t, err, sql)
	}
	for file, student := range students {
		var marked, child bool
		require.NoError(t, admin.QueryRow(t.Context(), "select collected_as_child, app.is_child_at(organization_id, $2, created_at) from files where id = $1", file, student).Scan(&marked, &child))
		require.Equal(t, child, marked)
	}
}

// TestTheYoungestGradeIsDeclaredLater: files of students who were no children lose the mark and are
// released, and others keep it. The end of an agreement holds nothing of somebody who is no child
// any more, and a refusal does.
func TestTheYoungestGradeIsDeclaredLater(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	unknown, young := s.Member(t, s.org, tenancy.Student), s.Member(t, s.org, tenancy.Student)
	person := "insert into people (organization_id, user_id, kind, thirteen_from) values (app.org(), $1, 'student', date_trunc('month', now()) + make_interval(years => $2))"
	require.NoError(t, s.exec(person, young, 1))
	add := func(by uuid.UUID) uuid.UUID {
		id, err := s.add(by)
		require.NoError(t, err)
		return id
	}
	state := func(file uuid.UUID) (child, held bool) {
		require.NoError(t, s.Single(s.org).QueryRow(t.Context(), "select collected_as_child, held_since is not null from files where id = $1", file).Scan(&child, &held))
		return child, held
	}
	decide := func(kind string) {
		require.NoError(t, s.InTx(t.Context(), s.org, func(tx *tenancy.Tx) error {
			_, err := consent.Decide(t.Context(), tx, consent.NewDecision{ID: tenancy.NewID(), ChildID: young, Kind: kind, Method: "card", Scopes: []string{"collect_use"}, RecordedBy: s.owner})
			return err
		}))
	}
	theirs, childs := add(unknown), add(young)
	s.noAgreement()
	apply := func() {
		require.NoError(t, s.InTx(t.Context(), s.org, func(tx *tenancy.Tx) error {
			_, err := tx.Exec(t.Context(), "select app.consent_apply_all(app.org())")
			return err
		}))
	}
	apply()
	grade := int16(9)
	require.NoError(t, s.InTx(t.Context(), s.org, func(tx *tenancy.Tx) error {
		return consent.SetSettings(t.Context(), tx, consent.Settings{Gate: consent.PreUpload, YoungestGrade: &grade, HoldDays: 14})
	}))
	child, held := state(theirs)
	require.False(t, child)
	require.False(t, held)
	child, held = state(childs)
	require.True(t, child)
	require.True(t, held)

	require.NoError(t, s.exec("update agreements set ended_at = null"))
	apply()
	require.NoError(t, s.exec("update people set thirteen_from = date_trunc('month', now()) where user_id = $1", young))
	require.NoError(t, s.exec("update files set created_at = now() - interval '2 years' where id = $1", childs))
	s.noAgreement()
	apply()
	child, held = state(childs)
	require.True(t, child, "what was collected from a child stays one's")
	require.False(t, held, "no child needs an agreement")
	decide("deny")
	_, held = state(childs)
	require.True(t, held)
}

// TestBasisIsDemandedByTheDatabase goes around the gate.
func TestBasisIsDemandedByTheDatabase(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	pupil := s.Member(t, s.org, tenancy.Student)
	file, err := s.add(pupil)
	require.NoError(t, err)
	require.ErrorContains(t, s.exec("update files set legal_basis = '', basis_agreement = null where id = $1", file), "child_file_has_basis")
	require.ErrorContains(t, s.exec("update files set legal_basis = 'parental_consent', basis_agreement = null where id = $1", file), "basis_names_its_row")
	require.Error(t, s.exec("update consent_decisions set kind = 'grant'"), "decisions are added and never changed")
	require.Error(t, s.exec("delete from consent_decisions"))
	require.ErrorContains(t, s.exec(`insert into agreements (organization_id, id, signer, authority, purpose, commercial_use, notice_sent_at, expires_at)
		values (app.org(), gen_random_uuid(), 's', 'a', 'p', true, now(), now() + interval '1 day')`), "commercial_use")
	require.ErrorContains(t, s.exec(`insert into subprocessors (organization_id, id, kind, name, purpose, categories, location, recorded_by)
		values (app.org(), gen_random_uuid(), 'roblox', 'n', 'p', 'c', 'l', $1)`, s.owner), "assurance_file_id")
}

// TestRecordsOfAChild: what a member of staff adds, or a drop box of theirs takes, where it
// is about a child needs a basis too.
func TestRecordsOfAChild(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	pupil, space := s.Member(t, s.org, tenancy.Student), tenancy.NewID()
	require.NoError(t, s.exec("insert into spaces (organization_id, id, kind, name, about_id) values (app.org(), $1, 'confidential', 'Records', $2)", space, pupil))
	add := func() error {
		return s.InTx(t.Context(), s.org, func(tx *tenancy.Tx) error {
			_, err := tx.Exec(t.Context(), "insert into files (organization_id, id, name, uploaded_by, space_id) values (app.org(), $1, 'a.txt', $2, $3)", tenancy.NewID(), s.owner, space)
			return err
		})
	}
	require.NoError(t, add())
	loose, err := s.add(s.owner)
	require.NoError(t, err)
	move := func(file uuid.UUID) error {
		return s.InTx(t.Context(), s.org, func(tx *tenancy.Tx) error {
			_, err := tx.Exec(t.Context(), "update files set space_id = $2, folder_id = null where id = $1", file, space)
			return err
		})
	}
	require.NoError(t, move(loose))
	var child *uuid.UUID
	require.NoError(t, s.Single(s.org).QueryRow(t.Context(), "select child_id from files where id = $1", loose).Scan(&child))
	require.Equal(t, &pupil, child, "what is moved into the records of a child is a child's")
	other, err := s.add(s.owner)
	require.NoError(t, err)
	s.noAgreement()
	require.ErrorIs(t, add(), tenancy.ConsentRequired)
	require.ErrorIs(t, move(other), tenancy.ConsentRequired)
}

// TestDecisionsOfTwoGuardians compares the database with a model through random decisions:
// a refusal stands until a later grant of the same guardian that was not void at once, or, of
// those without a user, until it is voided. It goes before everything, and files follow.
func TestDecisionsOfTwoGuardians(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	pupil := s.Member(t, s.org, tenancy.Student)
	file, err := s.add(pupil)
	require.NoError(t, err)
	guardians := []*uuid.UUID{nil, nil, nil}
	for i := range 2 {
		id := s.Member(t, s.org, tenancy.Parent)
		require.NoError(t, s.exec("insert into guardianships (organization_id, parent_id, student_id, created_by) values (app.org(), $1, $2, $3)", id, pupil, s.owner))
		guardians[i] = &id
	}
	kinds := []string{"provisional", "grant", "deny", "revoke", "expire", "reconsent", "void"}
	random := rand.New(rand.NewPCG(1, 2))
	said, school := map[int][]string{}, true
	for step := range 150 {
		if random.IntN(8) == 0 {
			school = !school
			require.NoError(t, s.exec("update agreements set ended_at = case when $1 then null else now() end", school))
			require.NoError(t, s.InTx(t.Context(), s.org, func(tx *tenancy.Tx) error {
				_, err := tx.Exec(t.Context(), "select app.consent_apply_all(app.org())")
				return err
			}))
		} else {
			who, kind := random.IntN(3), kinds[random.IntN(len(kinds))]
			said[who] = append(said[who], kind)
			require.NoError(t, s.InTx(t.Context(), s.org, func(tx *tenancy.Tx) error {
				_, err := consent.Decide(t.Context(), tx, consent.NewDecision{ID: tenancy.NewID(), ChildID: pupil, GuardianID: guardians[who], Kind: kind, Method: "card", Scopes: []string{"collect_use"}, RecordedBy: s.owner})
				return err
			}))
		}
		want, refused, granted := "", false, false
		for who, kinds := range said {
			stands := false
			for i, kind := range kinds {
				switch {
				case kind == "deny" || kind == "revoke":
					stands = true
				case guardians[who] == nil && kind == "void":
					stands = false
				case guardians[who] != nil && kind == "grant" && (i+1 == len(kinds) || kinds[i+1] != "void"):
					stands = false
				}
			}
			refused, granted = refused || stands, granted || kinds[len(kinds)-1] == "grant"
		}
		switch {
		case refused:
		case granted:
			want = "parental_consent"
		case school:
			want = "school_authorization"
		}
		var basis string
		var held bool
		require.NoError(t, s.Single(s.org).QueryRow(t.Context(), "select legal_basis, held_since is not null from files where id = $1", file).Scan(&basis, &held))
		require.Equal(t, want, basis, "step %d: %v, school %v", step, said, school)
		require.Equal(t, want == "", held, "step %d", step)
		if _, err := s.add(pupil); want == "" {
			require.ErrorIs(t, err, tenancy.ConsentRequired)
		} else {
			require.NoError(t, err)
		}
	}
}

// TestARefusalDuringAnUpload: what is decided while a child adds a file waits for the upload and
// holds its file, and an upload during a decision waits for it and is refused.
func TestARefusalDuringAnUpload(t *testing.T) {
	t.Parallel()
	for name, decision := range map[string]func(s school, pupil uuid.UUID, tx *tenancy.Tx) error{
		"by a guardian": func(s school, pupil uuid.UUID, tx *tenancy.Tx) error {
			_, err := consent.Decide(s.t.Context(), tx, consent.NewDecision{ID: tenancy.NewID(), ChildID: pupil, Kind: "deny", Method: "signed_form", Scopes: []string{}, RecordedBy: s.owner})
			return err
		},
		"by the end of the agreement": func(s school, _ uuid.UUID, tx *tenancy.Tx) error {
			var id uuid.UUID
			if err := tx.QueryRow(s.t.Context(), "select id from agreements where ended_at is null").Scan(&id); err != nil {
				return err
			}
			return consent.EndAgreement(s.t.Context(), tx, id)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSchool(t)
			first, second := s.Member(t, s.org, tenancy.Student), s.Member(t, s.org, tenancy.Student)
			file, done, admin := tenancy.NewID(), make(chan error, 1), s.Admin(t)
			decide := func(pupil uuid.UUID) error {
				return s.InTx(t.Context(), s.org, func(tx *tenancy.Tx) error { return decision(s, pupil, tx) })
			}
			require.NoError(t, s.InTx(t.Context(), s.org, func(tx *tenancy.Tx) error {
				_, err := tx.Exec(t.Context(), "insert into files (organization_id, id, name, uploaded_by) values (app.org(), $1, 'a.txt', $2)", file, first)
				go func() { done <- decide(first) }()
				s.somethingWaits(admin)
				return err
			}))
			require.NoError(t, <-done)
			var held bool
			require.NoError(t, s.Single(s.org).QueryRow(t.Context(), "select held_since is not null from files where id = $1", file).Scan(&held))
			require.True(t, held, "the file of an upload that was under way is held")

			require.NoError(t, s.exec("update agreements set ended_at = null"))
			require.NoError(t, s.InTx(t.Context(), s.org, func(tx *tenancy.Tx) error {
				err := decision(s, second, tx)
				go func() {
					_, err := s.add(second)
					done <- err
				}()
				s.somethingWaits(admin)
				return err
			}))
			require.ErrorIs(t, <-done, tenancy.ConsentRequired)
		})
	}
}

// somethingWaits returns when a transaction of the test's database waits for the lock of another.
func (s school) somethingWaits(admin *pgx.Conn) {
	require.Eventually(s.t, func() bool {
		var waiting bool
		err := admin.QueryRow(s.t.Context(), "select exists (select from pg_locks l where l.locktype = 'advisory' and not l.granted and l.database = (select oid from pg_database where datname = current_database()))").Scan(&waiting)
		return err == nil && waiting
	}, time.Minute, 10*time.Millisecond)
}

// TestMatrixDecidesDisclosures holds each way out against the table, for each method, with
// the organization's own rules open.
func TestMatrixDecidesDisclosures(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	for _, way := range disclosure.Ways {
		require.NoError(t, s.exec("insert into disclosure_rules (organization_id, way, class, allowed, rule) values (app.org(), $1, 'education_record', true, 'ours')", way))
	}
	cells, methods, err := consent.Matrix(t.Context(), s.Single(s.org))
	require.NoError(t, err)
	permits := map[string]consent.Cell{}
	for _, c := range cells {
		permits[c.Method+" "+c.Action] = c
	}
	for _, m := range methods {
		if m.Method == "not_pi" {
			continue
		}
		for _, scoped := range []bool{false, true} {
			pupil := s.Member(t, s.org, tenancy.Student)
			if m.Method != "school_authorization" {
				scopes := []string{"collect_use"}
				if scoped {
					scopes = append(scopes, "disclose:link", "disclose:outside_person", "disclose:connector", "disclose:model")
				}
				require.NoError(t, s.exec(`insert into consent_decisions (organization_id, id, child_id, kind, method, scopes, evidence_file_id, evidence_sha256)
					values (app.org(), $1, $2, 'grant', $3, $4, $1, repeat('a', 64))`, tenancy.NewID(), pupil, m.Method, scopes))
			}
			file, err := s.add(pupil)
			require.NoError(t, err)
			for _, way := range disclosure.Ways {
				d, err := disclosure.Check(t.Context(), s.Single(s.org), way, disclosure.Target{File: file})
				require.NoError(t, err)
				cell := permits[m.Method+" "+string(way)]
				require.NotEmpty(t, cell.Permits, "%s of %s is in the table", way, m.Method)
				want := cell.Permits == "yes" || cell.Permits == "directed" || cell.Permits == "scope" && scoped
				require.Equal(t, want, d.Allowed, "%s by %s, scoped %v: %+v", way, m.Method, scoped, d)
				if !want {
					require.Equal(t, cell.Rule, d.Rule)
					require.Equal(t, "consent_scope", fault.Of(d.Refusal()).Code)
					require.ErrorIs(t, d.Refusal(), disclosure.ErrRefused)
				}
			}
		}
	}
}

// TestMatrixOfTheDocs compares the page with the table.
func TestMatrixOfTheDocs(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	cells, methods, err := consent.Matrix(context.Background(), s.Single(s.org))
	require.NoError(t, err)
	var actions []string
	at := map[string]string{}
	for _, c := range cells {
		if c.Method == methods[0].Method {
			actions = append(actions, c.Action)
		}
		at[c.Method+c.Action] = c.Permits
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\n| method | rule | %s |\n|---|---|%s\n", strings.Join(actions, " | "), strings.Repeat("---|", len(actions)))
	for _, m := range methods {
		fmt.Fprintf(&b, "| `%s` | %s |", m.Method, m.Rule)
		for _, a := range actions {
			fmt.Fprintf(&b, " %s |", at[m.Method+a])
		}
		b.WriteString("\n")
	}
	const path, begin, end = "../../docs/compliance/consent.md", "<!-- matrix -->", "<!-- end of matrix -->"
	page, err := os.ReadFile(path)
	require.NoError(t, err)
	before, rest, found := strings.Cut(string(page), begin)
	require.True(t, found)
	_, after, found := strings.Cut(rest, end)
	require.True(t, found)
	want := before + begin + b.String() + end + after
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(want), 0o644))
		return
	}
	require.Equal(t, want, string(page), "run with -update")
}
