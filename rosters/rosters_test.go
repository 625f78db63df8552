package rosters_test

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"maps"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/internal/pgtest"
	"satchel/rosters"
	"satchel/rosters/generate"
	"satchel/rosters/oneroster"
	"satchel/tenancy"
)

// hasher is a keyed hash with a fixed key.
type hasher struct{}

func (hasher) HashUsername(org tenancy.OrgID, v string) []byte { return sum("username", org, v) }
func (hasher) HashEmail(org tenancy.OrgID, v string) []byte    { return sum("email", org, v) }

func sum(kind string, org tenancy.OrgID, v string) []byte {
	h := sha256.Sum256([]byte(kind + org.String() + v))
	return h[:]
}

// school is an organization with a roster source.
type school struct {
	t      *testing.T
	db     *pgtest.Database
	org    tenancy.OrgID
	admin  uuid.UUID
	source uuid.UUID
}

func newSchool(t *testing.T) *school {
	t.Helper()
	d := pgtest.New(t)
	s := &school{t: t, db: d, org: d.Organization(t, 1<<30)}
	s.admin = d.Member(t, s.org, tenancy.Owner)
	s.source = s.addSource(rosters.Source{Name: "SIS", LeaveDays: 14})
	return s
}

func (s *school) addSource(source rosters.Source) uuid.UUID {
	s.t.Helper()
	source.ID = tenancy.NewID()
	require.NoError(s.t, rosters.AddSource(s.t.Context(), s.db.Single(s.org), source, s.admin))
	return source.ID
}

func (s *school) tx(f func(context.Context, *tenancy.Tx) error) error {
	return s.db.InTx(s.t.Context(), s.org, func(tx *tenancy.Tx) error { return f(s.t.Context(), tx) })
}

// receive makes the row of an import.
func (s *school) receive(b []byte) uuid.UUID {
	s.t.Helper()
	hash := sha256.Sum256(b)
	p := rosters.Package{Import: tenancy.NewID(), Source: s.source, Size: int64(len(b)), SHA256: hex.EncodeToString(hash[:]), ETag: "x", By: &s.admin}
	require.NoError(s.t, s.tx(func(ctx context.Context, tx *tenancy.Tx) error { return rosters.Begin(ctx, tx, p) }))
	return p.Import
}

func (s *school) get(id uuid.UUID) rosters.Import {
	s.t.Helper()
	i, err := rosters.Get(s.t.Context(), s.db.Single(s.org), id)
	require.NoError(s.t, err)
	return i
}

// stage receives and stages a package.
func (s *school) stage(b []byte) (uuid.UUID, error) {
	s.t.Helper()
	id := s.receive(b)
	p, err := oneroster.Open(bytes.NewReader(b), int64(len(b)), oneroster.DefaultLimits)
	if err == nil {
		stager := rosters.Stager{DB: s.db.DB, Hasher: hasher{}, Limits: rosters.DefaultLimits}
		err = stager.Stage(s.t.Context(), s.org, s.get(id), p)
	}
	if err != nil {
		require.NoError(s.t, rosters.EndWithout(s.t.Context(), s.db.DB, s.org, id, rosters.Stopped, &rosters.StopReason{Text: err.Error()}))
	}
	return id, err
}

// diff stages a package and compares it.
func (s *school) diff(b []byte) (uuid.UUID, rosters.Found) {
	s.t.Helper()
	id, err := s.stage(b)
	require.NoError(s.t, err)
	found, err := rosters.Diff(s.t.Context(), s.db.DB, s.org, id)
	require.NoError(s.t, err)
	return id, found
}

func (s *school) decide(id uuid.UUID, d rosters.Decision, hash string, withHeld bool) {
	s.t.Helper()
	require.NoError(s.t, s.tx(func(ctx context.Context, tx *tenancy.Tx) error {
		_, err := rosters.Decide(ctx, tx, id, &s.admin, d, hash, withHeld)
		return err
	}))
}

func (s *school) apply(id uuid.UUID) rosters.Report {
	s.t.Helper()
	fresh, err := rosters.BeginApply(s.t.Context(), s.db.DB, s.org, id)
	require.NoError(s.t, err)
	require.True(s.t, fresh)
	a, err := rosters.NewApplier(s.t.Context(), s.db.DB, s.org, id)
	require.NoError(s.t, err)
	for {
		reached, err := a.Apply(s.t.Context())
		require.NoError(s.t, err)
		if reached.Reached == 0 {
			break
		}
	}
	report, err := a.Finish(s.t.Context(), rosters.Applied)
	require.NoError(s.t, err)
	return report
}

// bring imports a package whatever holds it.
func (s *school) bring(b []byte) (uuid.UUID, rosters.Found) {
	s.t.Helper()
	id, found := s.diff(b)
	s.decide(id, rosters.Approve, found.Hash, false)
	s.apply(id)
	return id, found
}

func (s *school) undo(id uuid.UUID) {
	s.t.Helper()
	require.NoError(s.t, s.tx(func(ctx context.Context, tx *tenancy.Tx) error { return rosters.BeginUndo(ctx, tx, id) }))
	a, err := rosters.NewApplier(s.t.Context(), s.db.DB, s.org, id)
	require.NoError(s.t, err)
	for more := true; more; {
		more, err = a.Undo(s.t.Context())
		require.NoError(s.t, err)
	}
	_, err = a.Finish(s.t.Context(), rosters.Undone)
	require.NoError(s.t, err)
}

// lines runs a query of one text column and sorts the answers.
func (s *school) lines(sql string, args ...any) []string {
	s.t.Helper()
	rows, err := s.db.Single(s.org).Query(s.t.Context(), sql, args...)
	require.NoError(s.t, err)
	defer rows.Close()
	all := []string{}
	for rows.Next() {
		var line string
		require.NoError(s.t, rows.Scan(&line))
		all = append(all, line)
	}
	require.NoError(s.t, rows.Err())
	sort.Strings(all)
	return all
}

// state is what is active, by the identifiers of the source.
func (s *school) state() []string {
	s.t.Helper()
	return slices.Concat(
		s.lines(`select 'person ' || sourced_id || ' ' || kind || ' ' || display_name || ' ' || grade from people where state = 'active' and source_id = $1`, s.source),
		s.lines(`select 'class ' || c.sourced_id || ' ' || c.title || ' ' || s.sourced_id || ' ' || coalesce((select string_agg(t.sourced_id, ',') from terms t where t.id = any (c.term_ids)), '')
		           from classes c join schools s on s.id = c.school_id where c.state = 'active' and c.source_id = $1`, s.source),
		s.lines(`select 'in ' || c.sourced_id || ' ' || p.sourced_id || ' ' || m.role || ' ' || m.primary_teacher
		           from class_members m join classes c on c.id = m.class_id join people p on p.user_id = m.user_id
		          where m.origin = 'roster' and m.supported_by <> '{}' and m.ends_at > now() and c.source_id = $1`, s.source),
		s.lines(`select 'agent ' || a.carrier || ' ' || a.agent from roster_agents a
		           join people x on x.source_id = a.source_id and x.sourced_id = a.carrier and x.state = 'active'
		           join people y on y.source_id = a.source_id and y.sourced_id = a.agent and y.state = 'active' where a.source_id = $1`, s.source))
}

// model is the state that a district should give.
func model(d *generate.District) []string {
	kinds := map[string]string{generate.Student: "student", generate.Teacher: "staff", generate.Guardian: "guardian"}
	var people, classes, places, agents []string
	for _, p := range d.People {
		people = append(people, "person "+p.ID+" "+kinds[p.Role]+" "+p.Name()+" "+p.Grade)
		for _, a := range p.Agents {
			agents = append(agents, "agent "+p.ID+" "+a)
		}
	}
	for _, c := range d.Classes {
		classes = append(classes, "class "+c.ID+" "+c.Title+" "+c.School+" "+c.Term)
	}
	type place struct{ class, user string }
	roles, primary := map[place]string{}, map[place]bool{}
	for _, e := range d.Enrollments {
		k := place{e.Class, e.User}
		if roles[k] != generate.Teacher {
			roles[k] = e.Role
		}
		primary[k] = primary[k] || e.Primary
	}
	for k, role := range roles {
		line := "in " + k.class + " " + k.user + " " + role + " false"
		if primary[k] {
			line = "in " + k.class + " " + k.user + " " + role + " true"
		}
		places = append(places, line)
	}
	for _, l := range [][]string{people, classes, places, agents} {
		sort.Strings(l)
	}
	return slices.Concat(people, classes, places, agents)
}

func write(t *testing.T, d *generate.District, v generate.Version) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, d.Write(&b, v))
	return b.Bytes()
}

// TestImportsFollowTheDistrict: day after day of random changes, what is there is
// what the district says; the same package again changes nothing; and undoing goes
// back to the day before.
func TestImportsFollowTheDistrict(t *testing.T) {
	t.Parallel()
	for seed, v := range map[uint64]generate.Version{1: generate.V12, 2: generate.V11, 3: generate.V12} {
		s := newSchool(t)
		d := generate.New(seed, generate.Size{People: 150, PerStudent: 4})
		for day := range 5 {
			before := s.state()
			b := write(t, d, v)
			id, _ := s.bring(b)
			require.Equal(t, model(d), s.state(), "seed %d, day %d", seed, day)
			_, again := s.diff(b)
			require.Zero(t, again.Summary.Total, "seed %d, day %d: the same package again changes nothing", seed, day)
			s.discardOpen()
			if day == 2 {
				s.undo(id)
				require.Equal(t, before, s.state(), "seed %d, day %d: undone", seed, day)
				s.bring(b)
				require.Equal(t, model(d), s.state(), "seed %d, day %d: after an undo", seed, day)
			}
			d.Day(0.05)
		}
	}
}

func (s *school) discardOpen() {
	s.t.Helper()
	for _, id := range s.lines("select id::text from roster_imports where state in ('received', 'checking', 'waiting')") {
		require.NoError(s.t, rosters.EndWithout(s.t.Context(), s.db.DB, s.org, uuid.MustParse(id), rosters.Discarded, nil))
	}
}

// TestDeltasFollowTheDistrict: files of changes alone lead to the same state.
func TestDeltaChangesOnlyWhatItNames(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	f := sample()
	s.bring(pack(t, f))
	d := delta(map[string]string{
		"users.csv":       "p4,active,2026-09-01T00:00:00.000Z,true,dee,,Dee,Ash,,,,,,,08,,,,,,s1,\np2,tobedeleted,2026-09-01T00:00:00.000Z,,,,,,,,,,,,,,,,,,,\n",
		"roles.csv":       "r4,active,2026-09-01T00:00:00.000Z,p4,primary,student,,,s1,\n",
		"enrollments.csv": "e4,active,2026-09-01T00:00:00.000Z,c1,s1,p4,student,,,\ne1,tobedeleted,2026-09-01T00:00:00.000Z,c1,s1,p1,student,,,\n",
	})
	s.bring(pack(t, d))
	require.Equal(t, []string{"p1", "p3", "p4"}, s.lines("select sourced_id from people where state = 'active'"))
	require.Equal(t, []string{"p3", "p4"}, s.members("c1"))
}

// members lists who is in a class now.
func (s *school) members(class string) []string {
	return s.lines(`select p.sourced_id from class_members m join classes c on c.id = m.class_id join people p on p.user_id = m.user_id
		where c.sourced_id = $1 and m.begins_at <= now() and m.ends_at > now()`, class)
}

const (
	userColumns   = "sourcedId,status,dateLastModified,enabledUser,username,userIds,givenName,familyName,middleName,identifier,email,sms,phone,agentSourcedIds,grades,password,userMasterIdentifier,preferredGivenName,preferredMiddleName,preferredFamilyName,primaryOrgSourcedId,pronouns\n"
	roleColumns   = "sourcedId,status,dateLastModified,userSourcedId,roleType,role,beginDate,endDate,orgSourcedId,userProfileSourcedId\n"
	placeColumns  = "sourcedId,status,dateLastModified,classSourcedId,schoolSourcedId,userSourcedId,role,primary,beginDate,endDate\n"
	classColumns  = "sourcedId,status,dateLastModified,title,grades,courseSourcedId,classCode,classType,location,schoolSourcedId,termSourcedIds,subjects,subjectCodes,periods\n"
	orgColumns    = "sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId\n"
	termColumns   = "sourcedId,status,dateLastModified,title,type,startDate,endDate,parentSourcedId,schoolYear\n"
	manifestLines = "propertyName,value\nmanifest.version,1.0\noneroster.version,1.2\n"
)

// sample is a school with a student, a guardian and a teacher.
func sample() map[string]string {
	return map[string]string{
		"manifest.csv":         manifestLines + "file.orgs,bulk\nfile.academicSessions,bulk\nfile.classes,bulk\nfile.users,bulk\nfile.roles,bulk\nfile.enrollments,bulk\n",
		"orgs.csv":             orgColumns + "s1,,,Oak,school,,\n",
		"academicSessions.csv": termColumns + "t1,,,Year,term,2020-08-01,2099-08-01,,2099\n",
		"classes.csv":          classColumns + "c1,,,Art,,k1,A1,scheduled,,s1,t1,,,\nc2,,,Music,,k1,M1,scheduled,,s1,t1,,,\n",
		"users.csv":            userColumns + "p1,,,true,ada,,Ada,Low,,,,,,p2,07,,,,,,s1,\np2,,,true,bo,,Bo,Low,,,,,,,,,,,,,s1,\np3,,,true,cy,,Cy,Oak,,,cy@school.invalid,,,,,,,,,,s1,\n",
		"roles.csv":            roleColumns + "r1,,,p1,primary,student,,,s1,\nr2,,,p2,primary,guardian,,,s1,\nr3,,,p3,primary,teacher,,,s1,\n",
		"enrollments.csv":      placeColumns + "e1,,,c1,s1,p1,student,,,\ne3,,,c1,s1,p3,teacher,true,,\n",
	}
}

// delta is a package of changes alone.
func delta(files map[string]string) map[string]string {
	headers := map[string]string{"users.csv": userColumns, "roles.csv": roleColumns, "enrollments.csv": placeColumns, "classes.csv": classColumns}
	out := map[string]string{"manifest.csv": manifestLines}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		out["manifest.csv"] += "file." + strings.TrimSuffix(name, ".csv") + ",delta\n"
		out[name] = headers[name] + files[name]
	}
	return out
}

func pack(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		w, err := z.Create(name)
		require.NoError(t, err)
		_, err = io.WriteString(w, files[name])
		require.NoError(t, err)
	}
	require.NoError(t, z.Close())
	return b.Bytes()
}

func codes(holds []rosters.Hold) (all []string) {
	for _, h := range holds {
		all = append(all, h.Code)
	}
	sort.Strings(all)
	return all
}
