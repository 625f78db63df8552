package search_test

import (
	"context"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"satchel/internal/pgtest"
	"satchel/search"
	"satchel/tenancy"
)

// school is an organization with a library of which everybody reads.
type school struct {
	*pgtest.Database
	t       require.TestingT
	org     tenancy.OrgID
	people  *tenancy.DB
	admin   *pgx.Conn
	library uuid.UUID
	teacher uuid.UUID
}

func newSchool(t *testing.T) *school {
	t.Helper()
	d := pgtest.New(t)
	s := &school{Database: d, t: t, org: d.Organization(t, 1<<30), people: d.ForPeople(), admin: d.Admin(t), library: tenancy.NewID()}
	s.teacher = d.Member(t, s.org, tenancy.Teacher)
	s.exec("insert into spaces (organization_id, id, kind, name) values ($1, $2, 'library', 'Library')", s.org, s.library)
	return s
}

func (s *school) exec(sql string, args ...any) {
	_, err := s.admin.Exec(context.Background(), sql, args...)
	require.NoError(s.t, err, sql)
}

// file puts a published file into the library.
func (s *school) file(name string) uuid.UUID { return s.fileIn(s.library, name, nil) }

func (s *school) fileIn(space uuid.UUID, name string, subject *uuid.UUID) uuid.UUID {
	id := tenancy.NewID()
	s.exec("insert into files (organization_id, id, name, uploaded_by, space_id, subject_id) values ($1, $2, $3, $4, $5, $6)", s.org, id, name, s.teacher, space, subject)
	s.version(id, 1)
	return id
}

// version publishes a version whose id is that of its file, but for its last byte.
func (s *school) version(file uuid.UUID, number int) uuid.UUID {
	id := file
	id[15] ^= byte(number)
	s.exec(`insert into file_versions (organization_id, id, file_id, number, status, size, mime_type, scan_verdict, sha256, scan_sha256, scanned_at, published_at, object_etag, uploaded_by)
		values ($1, $2, $3, $4, 'published', 100, 'text/plain', 'clean', repeat('0', 64), repeat('0', 64), now(), now(), 'e', $5)`, s.org, id, file, number, s.teacher)
	return id
}

// write gives a file its text, as the extraction does.
func (s *school) write(file uuid.UUID, language, title, body string) {
	s.exec(`update file_texts set state = 'ready', language = $2, title = $3, body = $4, lexemes = app.text_lexemes($2, $3, $4) where file_id = $1`, file, language, title, body)
}

func (s *school) as(person uuid.UUID) context.Context {
	return tenancy.WithActor(context.Background(), tenancy.Actor{Org: s.org, User: person})
}

// find walks a search to its end.
func (s *school) find(person uuid.UUID, q search.Query) (found []search.Found) {
	if q.Limit == 0 {
		q.Limit = 3
	}
	for {
		page, err := search.Find(s.as(person), s.people.Single(s.org), q)
		require.NoError(s.t, err, "%+v", q)
		require.LessOrEqual(s.t, len(page.Found), q.Limit)
		if len(page.Found) == 0 {
			return found
		}
		found = append(found, page.Found...)
		last := found[len(found)-1]
		q.After = search.Cursor{Score: last.Score, ID: last.FileID, Fuzzy: page.Fuzzy}
	}
}

func (s *school) names(q search.Query) (names []string) {
	for _, f := range s.find(s.teacher, q) {
		names = append(names, f.Name)
	}
	return names
}
