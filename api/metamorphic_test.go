package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"satchel/api/public"
	"satchel/api/sharepage"
	"satchel/policies/rls"
	"satchel/tenancy"
)

// school is an organization whose people go through the script of
// metamorphic_script_test.go, and what they were told.
type school struct {
	*testBundle
	org                                  tenancy.OrgID
	owner, admin, teacher, pupil, parent *person
	newcomer                             string    // the subject of a person who is added here first
	strange                              uuid.UUID // an id that is nothing of this organization's

	between func() // what others do after each of this organization's calls
	told    []told
	called  map[string]bool // routes
	labels  map[string]string
	people  map[uuid.UUID]bool
	out     int64   // bytes of files that were sent
	against *school // the run that this one is compared with as it goes; nil: afterwards
}

// told is one answer: which route gave it, and what it said.
type told struct{ route, answer string }

// founded makes the people in the order in which their ids will be listed.
func (b *testBundle) founded(newcomer string, strange uuid.UUID) *school {
	began := time.Now()
	b.api.refusals.Now = func() time.Time { return began } // a minute may end in one run and not in the other
	s := &school{testBundle: b, org: b.organization(), newcomer: newcomer, strange: strange, between: func() {},
		called: map[string]bool{}, labels: map[string]string{}, people: map[uuid.UUID]bool{}}
	s.owner, s.admin, s.teacher = b.person(s.org, tenancy.Owner), b.person(s.org, tenancy.Admin), b.person(s.org, tenancy.Teacher)
	s.pupil, s.parent = b.person(s.org, tenancy.Student), b.person(s.org, tenancy.Parent)
	for _, kind := range []string{"roblox", "webhook"} {
		b.db.Assured(b.t, s.org, s.owner.id, kind)
	}
	return s
}

// unstable is what no two runs share: ids, times of rows, ports, the secrets of
// keys, cursors, which hold ids, and the audit log's hashes, which are over ids and
// times, and those of a roster's changes, which are over keyed hashes of the
// organization, and tags of pictures, which are over encrypted bytes. Each value becomes the number of its first appearance, so that the same
// stays the same.
var unstable = beginning(regexp.MustCompile("^(?:"+strings.Join([]string{
	`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`,
	`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`,
	`127\.0\.0\.1:\d+`,
	`stl_\w{49}`, `(whsec|whpk)_[\w+/]+=`, `"last4":"\w{4}"`, `/s/[\w-]{43}`,
	`"next_cursor":"[\w-]{20,}"`,
	`Etag \["r-[^"]*"\]`,
	`"(changes_)?hash":"[0-9a-f]{64}"`, `"secret":"[0-9a-f]{64}"`,
}, "|")+")"), func(text string) bool {
	return byteAt(text, 8) == '-' || byteAt(text, 10) == 'T' ||
		begins(text, "127.", "stl_", "whsec_", "whpk_", `"last4"`, "/s/", `"next_cursor"`, "Etag [", `"changes_hash"`, `"hash"`, `"secret"`)
})

// passing are times of a second's precision, and how much of an allowance has
// come back since, and signatures, which hold such times: whether two of them are the same is chance.
var passing = beginning(regexp.MustCompile(`^(?:\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT|;r=\d+;t=\d+|"(url_)?expires_at":"[-\dT]+:\d\d:\d\dZ"|\?s=[\w-]+)`), func(text string) bool {
	return byteAt(text, 3) == ',' || begins(text, ";r=", `"url_expires_at"`, `"expires_at"`, "?s=")
})

// matcher finds what a regular expression describes. The answers of the script are 17 MB, of which
// it looks only at the places where a match may begin: with the race detector the engine of Go takes
// a microsecond for each byte.
type matcher struct {
	here *regexp.Regexp // at the beginning of a text
	may  func(text string) bool
}

func beginning(here *regexp.Regexp, may func(string) bool) matcher { return matcher{here, may} }

func byteAt(text string, at int) byte {
	if at < len(text) {
		return text[at]
	}
	return 0
}

func begins(text string, with ...string) bool {
	return slices.ContainsFunc(with, func(w string) bool { return strings.HasPrefix(text, w) })
}

func (m matcher) replace(text string, by func(found string) string) string {
	var made strings.Builder
	kept := 0
	for at := 0; at < len(text); at++ {
		if !m.may(text[at:]) {
			continue
		}
		n := len(m.here.FindString(text[at:]))
		if n == 0 {
			continue
		}
		made.WriteString(text[kept:at])
		made.WriteString(by(text[at : at+n]))
		kept = at + n
		at = kept - 1
	}
	made.WriteString(text[kept:])
	return made.String()
}

// unordered is what events of one statement hold: its rows have no order.
var unordered = regexp.MustCompile(`("type":"class\.member_(?:added|removed)","data":)\{[^}]*\}`)

func (s *school) stable(text string) string {
	text = strings.ReplaceAll(text, s.newcomer, "newcomer")
	text = unordered.ReplaceAllString(text, "$1{}")
	text = passing.replace(text, func(string) string { return "<now>" })
	return unstable.replace(text, func(found string) string {
		label, ok := s.labels[found]
		if !ok {
			label = fmt.Sprintf("<%d>", len(s.labels)+1)
			s.labels[found] = label
		}
		return label
	})
}

// do sends one request of the script and keeps what came back: the status, every
// header but the date, the id of the request and the length of what holds times,
// and the body.
func (s *school) do(p *person, method, path string, in any, header ...string) answer {
	s.t.Helper()
	token := ""
	if p != nil {
		token = p.token
		s.people[p.id] = true
	}
	return s.as(token, method, path, in, header...)
}

func (s *school) as(token, method, path string, in any, header ...string) answer {
	s.t.Helper()
	route := s.routeOf(method, path)
	a := s.call(token, method, path, in, header...)
	var text strings.Builder
	fmt.Fprintln(&text, a.status)
	for _, name := range slices.Sorted(maps.Keys(a.header)) {
		if name != "Date" && name != "X-Request-Id" && (name != "Content-Length" || method == head) {
			values := slices.Clone(a.header[name])
			if name == "Upload-Metadata" { // a map, in any order
				values = strings.Split(values[0], ",")
				slices.Sort(values)
				for i, v := range values {
					values[i] = strings.TrimSpace(v)
				}
			}
			fmt.Fprintln(&text, name, values)
		}
	}
	text.Write(a.body)
	s.told = append(s.told, told{route, s.stable(text.String())})
	if at := len(s.told) - 1; s.against != nil && (at >= len(s.against.told) || s.told[at] != s.against.told[at]) {
		panic(differs{})
	}
	s.called[route] = true
	if method == get && a.status/100 == 2 && (strings.HasSuffix(route, "/content") || strings.Contains(route, "/renditions/") || strings.Contains(route, "/exports/") || strings.HasSuffix(route, signedPath)) {
		s.out += int64(len(a.body))
	}
	s.between()
	return a
}

// routeOf finds the route that a request is for.
func (s *school) routeOf(method, path string) string {
	s.t.Helper()
	path, _, _ = strings.Cut(path, "?")
	var found []string
	for _, r := range s.api.Routes() {
		if r.Method == method && r.Path == path { // a word wins over a parameter, as in the router
			return r.Method + " " + r.Path
		}
		if r.Method == method && patternOf(r.Path).MatchString(path) {
			found = append(found, r.Method+" "+r.Path)
		}
	}
	require.Len(s.t, found, 1, "%s %s", method, path)
	return found[0]
}

var patterns sync.Map // regular expressions by the path of their route

// patternOf matches the paths of a route. Each is compiled once: there are hundreds, and
// the script asks for them with each request.
func patternOf(route string) *regexp.Regexp {
	if known, ok := patterns.Load(route); ok {
		return known.(*regexp.Regexp)
	}
	made := regexp.MustCompile("^" + ginParameter.ReplaceAllString(regexp.QuoteMeta(route), "[^/]+") + "$")
	patterns.Store(route, made)
	return made
}

// id reads the id of what was made; none where it was refused.
func id(a answer) uuid.UUID {
	var made struct{ ID uuid.UUID }
	_ = json.Unmarshal(a.body, &made)
	return made.ID
}

// within is the address of something of the organization's.
func (s *school) within(rest string) string { return "/api/v1/organizations/" + s.org.String() + rest }

// crowd fills an organization with many rows of every kind that its own routes
// list, named as the script's are.
func (s *school) crowd() {
	s.t.Helper()
	ctx, q := context.Background(), s.db.Single(s.org)
	for _, sql := range []string{
		`insert into files (organization_id, id, name, category, uploaded_by) select app.org(), gen_random_uuid(), 'essay.txt', 'essays', $1 from generate_series(1, 1000)`,
		`insert into file_versions (organization_id, id, file_id, number, size, reserved_bytes, uploaded_by) select app.org(), id, id, 1, 10, 10, $1 from files where head_id is null`,
		`insert into invitations (organization_id, id, email, role, expires_at) select app.org(), gen_random_uuid(), n || '@school.test', 'teacher', now() + interval '1 day' from generate_series(1, 300) n where $1::uuid is not null`,
		`insert into usage_counters (organization_id, day, metric, amount) select app.org(), current_date - n, 'downloads', 7 from generate_series(1, 300) n where $1::uuid is not null`,
		`insert into usage_days (organization_id, day, uploads, rolled_at) select app.org(), current_date - n, 7, now() from generate_series(1, 300) n where $1::uuid is not null`,
		`insert into operations (organization_id, id, kind, workflow_id) select app.org(), gen_random_uuid(), 'rescan', 'w' from generate_series(1, 300) n where $1::uuid is not null`,
		`insert into guardianships (organization_id, parent_id, student_id, created_by) select app.org(), user_id, $1, $1 from members where user_id <> $1`,
		`insert into api_keys (organization_id, id, user_id, name, role, scopes, hash, last4, created_by, expires_at)
			select app.org(), gen_random_uuid(), $1, 'import', 'teacher', '{files:read}', sha256(gen_random_uuid()::text::bytea), 'last', $1, now() + interval '1 day' from generate_series(1, 300)`,
	} {
		_, err := q.Exec(ctx, sql, s.owner.id)
		require.NoError(s.t, err, sql)
	}
	for range 200 {
		s.person(s.org, tenancy.Teacher)
	}
}

// differs ends a script at the first answer that is not that of the other run.
type differs struct{}

// until runs the script to the first answer that other did not get.
func (s *school) until(other *school) {
	s.against = other
	defer func() {
		if end := recover(); end != nil && end != (differs{}) {
			panic(end)
		}
	}()
	s.script()
}

// perform runs the script as a sequence that pauses after each call.
func (s *school) perform() iter.Seq[struct{}] {
	return func(yield func(struct{}) bool) {
		s.between = func() {
			if !yield(struct{}{}) {
				s.between = func() {} // no one waits any more: go to the end
			}
		}
		s.script()
	}
}

// without is what the script of one organization says in a database of its own.
func without(t *testing.T) *school {
	a := setup(t).founded("newcomer", tenancy.NewID())
	a.script()
	return a
}

// difference is the first answer that two runs of the script have not in common,
// and none where they have all.
func difference(one, other *school) (first, second told, found bool) {
	for i := range max(len(one.told), len(other.told)) {
		if i >= len(one.told) || i >= len(other.told) {
			return told{"the script", fmt.Sprint(len(one.told))}, told{"the script", fmt.Sprint(len(other.told))}, true
		}
		if one.told[i] != other.told[i] {
			return one.told[i], other.told[i], true
		}
	}
	return first, second, false
}

// apart are the routes that the script leaves out.
var apart = map[string]string{}

// TestAnswersAreTheSameWithAndWithoutOthers runs one organization's script where
// it is alone, and where others have much and act in between: it is told the
// same, byte for byte. Then one table after the other loses its rule, and the
// comparison must notice.
func TestAnswersAreTheSameWithAndWithoutOthers(t *testing.T) {
	t.Parallel()
	day := time.Now().UTC().Day()
	alone := without(t)
	b := setup(t)
	before := b.founded("stranger", uuid.New())
	before.crowd()
	before.script()
	beside := b.founded("newcomer", before.anything())
	others, stop := iter.Pull(b.founded("newcomer", beside.org.UUID()).perform())
	defer stop()
	beside.between = func() { others() }
	beside.script()
	if time.Now().UTC().Day() != day {
		t.Skip("midnight of UTC was in between, and usage is told by days: run it again")
	}
	one, other, _ := difference(alone, beside)
	require.Equal(t, one, other)
	require.Greater(t, len(alone.told), 100)
	again := b.founded("another newcomer", before.anything())
	again.script()
	one, other, _ = difference(alone, again)
	require.Equal(t, one, other, "however much others have")
	t.Run("every route takes part", func(t *testing.T) { requireAllRoutes(t, alone) })
	// Versions and uploads are read beside their file alone, whose rule still holds.
	for _, table := range []string{"files", "members", "invitations", "api_keys", "audit_events", "usage_counters", "operations", "storage_quotas", "guardianships", "exports"} {
		t.Run("without the rule of "+table, func(t *testing.T) {
			b.open(t, table)
			leaking := b.founded("newcomer of "+table, before.anything())
			leaking.until(alone)
			one, _, found := difference(alone, leaking)
			require.True(t, found, "the test would not notice that %s is open", table)
			t.Log("first noticed at", one.route)
		})
	}
}

// anything is the id of a file, and of an operation and an invitation too: rows
// are given it in every table whose id a route takes.
func (s *school) anything() uuid.UUID {
	s.t.Helper()
	ctx, id := context.Background(), tenancy.NewID()
	for _, sql := range []string{
		`insert into files (organization_id, id, name, uploaded_by) values (app.org(), $1, 'strange.txt', $2)`,
		`insert into file_versions (organization_id, id, file_id, number, size, reserved_bytes, uploaded_by) values (app.org(), $1, $1, 1, 10, 10, $2)`,
		`insert into uploads (organization_id, id, version_id, size, expires_at) select app.org(), $1, $1, 10, now() + interval '1 day' where $2::uuid is not null`,
		`insert into operations (organization_id, id, kind, workflow_id, created_by) values (app.org(), $1, 'rescan', 'w', $2)`,
		`insert into generations (organization_id, id, requested_by, kind, language, items, provider, file_id, topic) values (app.org(), $1, $2, 'quiz', 'en', 1, 'extractive', $1, '')`,
		`insert into roblox_connections (organization_id, id, name, universe_id, creator_type, creator_id, key_sealed, key_owner, secret_sealed, created_by) values (app.org(), $1, 'c', 1 + (random() * 1000000000)::bigint, 'user', 1, 'k', 'user/1', 's', $2)`,
		`insert into exports (organization_id, id, state) select app.org(), $1, 'failed' where $2::uuid is not null`,
		`insert into invitations (organization_id, id, email, role, expires_at, invited_by) values (app.org(), $1, $1::uuid || '@school.test', 'teacher', now() + interval '1 day', $2)`,
		`insert into api_keys (organization_id, id, user_id, name, role, scopes, hash, last4, created_by, expires_at)
			values (app.org(), $1, $2, 'import', 'teacher', '{files:read}', sha256($1::uuid::text::bytea), 'last', $2, now() + interval '1 day')`,
	} {
		_, err := s.db.Single(s.org).Exec(ctx, sql, id, s.owner.id)
		require.NoError(s.t, err, sql)
	}
	return id
}

// open takes the rule from a table until the test ends.
func (b *testBundle) open(t *testing.T, table string) {
	t.Helper()
	ctx := context.Background()
	owner, err := pgx.Connect(ctx, b.db.OwnerURL)
	require.NoError(t, err)
	// The rows of others lose their rule and the organization's own keep theirs, so that
	// only what crosses can be noticed.
	_, err = owner.Exec(ctx, `do $$ declare p record; begin
		for p in select polname, pg_get_expr(polqual, polrelid) as rule from pg_policy where polrelid = '`+table+`'::regclass
		            and polroles <@ array['satchel_app', 'satchel_people']::regrole[]::oid[] and polcmd in ('*', 'r') loop
			execute format('alter policy %I on `+table+` using (organization_id <> (select app.org()) or (%s))', p.polname, p.rule);
		end loop;
	end $$`)
	require.NoError(t, err)
	t.Cleanup(func() {
		// A statement of Postgres's own housekeeping may stand in the way of so many locks.
		var deadlock *pgconn.PgError
		for err = rls.Lay(ctx, owner); errors.As(err, &deadlock) && deadlock.Code == "40P01"; err = rls.Lay(ctx, owner) {
			t.Log("again, because of a deadlock: ", deadlock.Detail)
			deadlock = nil
		}
		require.NoError(t, err)
		_ = owner.Close(ctx)
	})
}

// requireAllRoutes demands that a new route takes part, or says why not.
// Operators are no one's people: what they see is of all organizations. Visitors are
// neither: each of their tests asks with the token of one share, and what another share
// or organization has is in TestVisitor….
func requireAllRoutes(t *testing.T, s *school) {
	for _, r := range s.api.Routes() {
		key := r.Method + " " + r.Path
		operators := slices.Equal(tenancy.Grants[r.Action], []tenancy.Role{tenancy.Operator})
		visitors := strings.HasPrefix(r.Path, public.PagePath) || strings.HasPrefix(r.Path, public.APIPath) || r.Path == sharepage.ScriptPath
		why, left := apart[key]
		require.True(t, s.called[key] || operators || visitors || left, "%s: call it in school.script, or say in apart why not", key)
		require.False(t, s.called[key] && left, "%s takes part, though apart says: %s", key, why)
	}
}

// eventually waits for what happens beside the requests, and says whether it did.
func eventually(done func() bool) bool {
	enough := time.After(20 * time.Second)
	for again := time.Tick(10 * time.Millisecond); !done(); {
		select {
		case <-again:
		case <-enough:
			return false
		}
	}
	return true
}
