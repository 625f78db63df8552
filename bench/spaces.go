package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"satchel/files"
	"satchel/tenancy"
)

// One school: its people, the spaces they share, and the files in them.
const (
	schoolPeople = 5_000
	schoolSpaces = 400
	spaceRounds  = 300
)

// spaces measures the access rule where it costs: a page of one space, a page of all
// that a person reaches, and one file, each by a student, a teacher, an admin and a
// guardian. The same statement without the rule is its peer, in turns, and so is one that
// does nothing: the goals are for the time in the database.
func (b *bench) spaces(ctx context.Context) error {
	s, err := b.scratch(ctx, "bench_spaces")
	if err != nil {
		return err
	}
	defer s.close(ctx)
	org := tenancy.OrgID(tenancy.NewID())
	if err := s.bigSchool(ctx, org); err != nil {
		return err
	}
	people := s.ForPeople()
	for _, p := range []struct {
		name  string
		n     int // of the person
		admin bool
	}{{"student", 700, false}, {"teacher", 4_600, false}, {"admin", 4_999, true}, {"guardian", 5_001, false}} {
		who := personID(org, p.n)
		ctx := tenancy.WithActor(ctx, tenancy.Actor{Org: org, User: who})
		var space, file uuid.UUID
		err := s.admin.QueryRow(ctx, `select m.space_id, (select f.id from files f where f.space_id = m.space_id and f.needs = 1 limit 1) from space_members m
			where m.user_id = $1 and m.space_id <> $2 order by m.space_id limit 1`, who, personID(org, 0)).Scan(&space, &file)
		guardian := err != nil // is in no space
		for _, q := range []struct {
			what string
			goal time.Duration
			skip bool
			run  func(tenancy.Queries) error
		}{
			{"a page of one space", 500 * time.Microsecond, guardian, func(q tenancy.Queries) error {
				_, err := files.List(ctx, q, files.Filter{Space: space, Limit: 50})
				return err
			}},
			{"a page of all that they reach", 2 * time.Millisecond, false, func(q tenancy.Queries) error {
				_, err := files.List(ctx, q, files.Filter{Mine: !p.admin, Limit: 50})
				return err
			}},
			{"one file", 200 * time.Microsecond, guardian, func(q tenancy.Queries) error {
				_, err := files.Get(ctx, q, file)
				return err
			}},
		} {
			if q.skip {
				continue
			}
			took, err := middles(func() error { return q.run(people.Single(org)) }, func() error { return q.run(s.Single(org)) }, func() error {
				var one int
				return people.Single(org).QueryRow(ctx, "select 1").Scan(&one)
			})
			if err != nil {
				return fmt.Errorf("%s of %s: %w", q.what, p.name, err)
			}
			with, without, empty := took[0], took[1], took[2]
			b.add("spaces, "+q.what+", "+p.name, (with-empty).Seconds()*1000, "ms", fmt.Sprintf("≤ %.1f", q.goal.Seconds()*1000), with-empty <= q.goal,
				"p50 of %d, in turns: %.2f ms less the %.2f of a statement that does nothing; without the rule %.2f ms", spaceRounds, with.Seconds()*1000, empty.Seconds()*1000, without.Seconds()*1000)
		}
	}
	return nil
}

// middles runs each in turns, and gives the median of each.
func middles(runs ...func() error) ([]time.Duration, error) {
	took := make([][]time.Duration, len(runs))
	for i := range spaceRounds + 20 {
		for j, run := range runs {
			began := time.Now()
			if err := run(); err != nil {
				return nil, err
			}
			if i >= 20 { // the first make the plans
				took[j] = append(took[j], time.Since(began))
			}
		}
	}
	middle := make([]time.Duration, len(runs))
	for j, t := range took {
		slices.Sort(t)
		middle[j] = t[spaceRounds/2]
	}
	return middle, nil
}

// personID is the id of the nth person, and of the nth space.
func personID(org tenancy.OrgID, n int) uuid.UUID {
	id := org.UUID()
	copy(id[12:], []byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
	return id
}

// bigSchool puts in 4,500 students, 480 teachers, 20 admins and a guardian; 360
// classes, 39 groups and one library of 10,000 files; each person's own space; and
// hand-ins, which are about their student.
func (s *scratch) bigSchool(ctx context.Context, org tenancy.OrgID) error {
	for _, sql := range []string{
		`create temporary table p as select n, ($1::uuid)::text as o, overlay(($1::uuid)::text placing lpad(to_hex(n), 8, '0') from 29)::uuid as id from generate_series(0, $2::integer + 1) n`,
		`insert into organizations (id, slug, name, tier) select $1::uuid, 'big', 'Big school', 'enterprise' where $2::integer > 0`,
		`insert into storage_quotas (organization_id, max_bytes, max_file_size) select $1::uuid, 1::bigint << 40, 1 << 30 where $2::integer > 0`,
		`insert into users (id) select id from p where $1::uuid is not null and $2::integer > 0`,
		`insert into members (organization_id, user_id, role) select $1::uuid, id,
			case when n <= $2 * 9 / 10 then 'student' when n <= $2 - 20 then 'teacher' when n <= $2 then 'admin' else 'parent' end from p where n > 0`,
		`insert into guardianships (organization_id, parent_id, student_id, created_by) select $1::uuid, g.id, w.id, g.id from p g, p w where g.n = $2::integer + 1 and w.n in (700, 701)`,
		`insert into spaces (organization_id, id, kind, name) select $1::uuid, id, case n when 0 then 'library' else 'group' end, 'Space ' || n from p where n < 400 and $2::integer > 0`,
		`insert into spaces (organization_id, id, kind, name, owner_id) select $1::uuid, gen_random_uuid(), 'personal', 'My files', id from p where n between 1 and $2::integer`,
		`insert into space_members (organization_id, space_id, user_id, via, source_id, level) select organization_id, id, owner_id, 'owner', id, 4 from spaces where owner_id is not null and $1::uuid is not null and $2::integer > 0`,
		// Each student is in 5 classes, each teacher in 6, all in the library, and admins in all spaces.
		`insert into space_members (organization_id, space_id, user_id, via, source_id, level) select $1::uuid, s.id, m.id, 'role', s.id, 1 from p s, p m where s.n = 0 and m.n between 1 and $2::integer`,
		`insert into space_members (organization_id, space_id, user_id, via, source_id, level)
			select distinct $1::uuid, s.id, m.id, 'roster', s.id, case when m.n <= $2 * 9 / 10 then 2 else 3 end
			  from p m cross join generate_series(1, 6) c join p s on s.n = 1 + (m.n * 7 + c * 61) % 399
			 where m.n between 1 and $2::integer - 20 and (c < 6 or m.n > $2 * 9 / 10)`,
		`insert into space_members (organization_id, space_id, user_id, via, source_id, level) select $1::uuid, s.id, m.id, 'manual', s.id, 3 from p s, p m where s.n between 1 and 399 and m.n between $2::integer - 19 and $2::integer`,
		`create temporary table f as select n, (lpad(to_hex(1700000000000 + n * 60000::bigint), 12, '0') || '7' || substr(md5(n::text), 1, 3) || '8' || substr(md5(n::text), 4, 15))::uuid as id,
			case when n % 20 = 0 then 0 when n % 5 = 1 then null else 1 + (n * 31) % 399 end as place, n % 5 in (2, 3) as handed, 1 + (n * 13) % ($2::integer * 9 / 10) as student
			from generate_series(1, 200000) n where $1::uuid is not null`,
		`insert into files (organization_id, id, space_id, name, uploaded_by, status, head_id, current_id, needs, subject_id)
			select $1::uuid, f.id, coalesce(s.id, o.id), 'essay ' || f.n || '.txt', w.id, 'published', f.id, f.id, case when f.handed and f.place > 0 then 3 else 1 end, case when f.handed or f.place is null then w.id end
			  from f join p w on w.n = f.student left join p s on s.n = f.place left join spaces o on o.owner_id = w.id where $2::integer > 0 order by f.n`,
		`insert into file_versions (organization_id, id, file_id, number, status, size, mime_type, sha256, scan_sha256, scan_verdict, scanned_at, published_at, object_etag, used_bytes, uploaded_by, received_at)
			select organization_id, id, id, 1, 'published', 1000, 'text/plain', repeat('0', 64), repeat('0', 64), 'clean', now(), now(), 'e', 1000, uploaded_by, now() from files where $1::uuid is not null and $2::integer > 0 order by id`,
		`insert into version_steps (organization_id, version_id, name, state, ended_at) select organization_id, id, 'scan', 'done', now() from files where $1::uuid is not null and $2::integer > 0`,
	} {
		if _, err := s.admin.Exec(ctx, sql, org, schoolPeople); err != nil {
			return fmt.Errorf("%.60s: %w", sql, err)
		}
	}
	_, err := s.admin.Exec(ctx, "vacuum analyze")
	return err
}
