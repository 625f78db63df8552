package visitors_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/files"
	"satchel/internal/pgtest"
	"satchel/shares"
	"satchel/shares/visitors"
	"satchel/spaces"
	"satchel/tenancy"
)

// school is an organization with a class, its teacher and a student, and what they share.
type school struct {
	*pgtest.Database
	t                       testing.TB
	org                     tenancy.OrgID
	teacher, admin, student uuid.UUID
	room                    uuid.UUID // the class's space
}

func newSchool(t testing.TB) *school {
	t.Helper()
	d := pgtest.New(t)
	s := &school{Database: d, t: t, org: d.Organization(t, 1<<40)}
	s.teacher, s.admin, s.student = d.Member(t, s.org, tenancy.Teacher), d.Member(t, s.org, tenancy.Admin), d.Member(t, s.org, tenancy.Student)
	class := tenancy.NewID()
	s.as(s.admin, func(ctx context.Context, tx *tenancy.Tx) {
		made, err := spaces.CreateClass(ctx, tx, class, "5a", "")
		require.NoError(t, err)
		s.room = *made.SpaceID
		require.NoError(t, spaces.SetClassMember(ctx, tx, class, s.teacher, "teacher", true, nil))
		require.NoError(t, spaces.SetClassMember(ctx, tx, class, s.student, "student", false, nil))
	})
	return s
}

// as runs f in a transaction of a person.
func (s *school) as(person uuid.UUID, f func(context.Context, *tenancy.Tx)) {
	s.t.Helper()
	ctx := tenancy.WithActor(s.t.Context(), tenancy.Actor{Org: s.org, User: person})
	require.NoError(s.t, s.ForPeople().InTx(ctx, s.org, func(tx *tenancy.Tx) error { f(ctx, tx); return nil }))
}

func (s *school) exec(sql string, args ...any) {
	s.t.Helper()
	_, err := s.Single(s.org).Exec(s.t.Context(), sql, args...)
	require.NoError(s.t, err)
}

// q reads as the visitors' handlers do.
func (s *school) q() tenancy.Queries { return s.Single(s.org) }

// folder makes a folder in the class.
func (s *school) folder(n spaces.NewFolder) uuid.UUID {
	s.t.Helper()
	n.ID, n.Space = tenancy.NewID(), s.room
	if n.Mode == "" {
		n.Mode = spaces.Shared
	}
	s.as(s.teacher, func(ctx context.Context, tx *tenancy.Tx) {
		_, err := spaces.CreateFolder(ctx, tx, n)
		require.NoError(s.t, err)
	})
	return n.ID
}

// put brings a file of the teacher, published.
func (s *school) put(n files.New) files.Created {
	s.t.Helper()
	var made files.Created
	if n.Size == 0 {
		n.Size = 10
	}
	if n.Name == "" {
		n.Name = "worksheet.pdf"
	}
	s.as(s.teacher, func(ctx context.Context, tx *tenancy.Tx) {
		n.UploadedBy, n.TTL = s.teacher, time.Hour
		var err error
		made, err = files.Create(ctx, tx, n)
		require.NoError(s.t, err)
	})
	s.publish(made.Version)
	return made
}

func (s *school) publish(version uuid.UUID) {
	s.t.Helper()
	_, err := s.Admin(s.t).Exec(s.t.Context(), `update file_versions set status = 'published', scan_verdict = 'clean', sha256 = repeat('0', 64), scan_sha256 = repeat('0', 64),
		scanned_at = now(), published_at = now(), object_etag = 'e', reserved_bytes = 0 where id = $1`, version)
	require.NoError(s.t, err)
}

// share is what share makes.
type share struct {
	permission          shares.Permission
	file, folder, space uuid.UUID
	max, maxFiles       int
	maxBytes            int64
	kind                shares.Kind
}

// give makes a share of the teacher, and its token.
func (s *school) give(n share) (tenancy.ShareVisit, string) {
	s.t.Helper()
	if n.kind == "" {
		n.kind = shares.Link
	}
	if n.permission == "" {
		n.permission = shares.Download
	}
	token, hash := shares.NewToken()
	ref := tenancy.ShareVisit{Org: s.org, Share: tenancy.NewID(), Kept: true}
	var own []byte
	if n.kind == shares.Link {
		own = hash
	}
	s.exec(`insert into shares (organization_id, id, kind, permission, file_id, folder_id, space_id, token_hash, max_downloads, max_files, max_bytes, created_by)
		values (app.org(), $1, $2, $3, $4, $5, $6, $7, nullif($8, 0), nullif($9, 0), nullif($10::bigint, 0), $11)`,
		ref.Share, string(n.kind), string(n.permission), orNil(n.file), orNil(n.folder), orNil(n.space), own, n.max, n.maxFiles, n.maxBytes, s.teacher)
	if n.kind == shares.People {
		recipient := tenancy.NewID()
		s.exec("insert into share_recipients (organization_id, share_id, id, email, outside, token_hash) values (app.org(), $1, $2, 'guest@else.example', true, $3)", ref.Share, recipient, hash)
		ref.Recipient = &recipient
	}
	return ref, token
}

func orNil(id uuid.UUID) *uuid.UUID {
	if id == uuid.Nil {
		return nil
	}
	return &id
}

// counted reads how many downloads a share has counted.
func (s *school) counted(ref tenancy.ShareVisit) int {
	s.t.Helper()
	got, err := visitors.Get(s.t.Context(), s.q(), ref)
	require.NoError(s.t, err)
	return int(got.Downloads)
}

// issue makes a download of a file.
func (s *school) issue(ref tenancy.ShareVisit, file uuid.UUID) uuid.UUID {
	s.t.Helper()
	v, err := visitors.GetVersion(s.t.Context(), s.q(), ref.Share, file, true)
	require.NoError(s.t, err)
	id, until, err := visitors.Issue(s.t.Context(), s.q(), ref, v)
	require.NoError(s.t, err)
	require.WithinRange(s.t, until, time.Now().Add(14*time.Minute), time.Now().Add(16*time.Minute))
	return id
}

func (s *school) begin(ref tenancy.ShareVisit, download, file uuid.UUID) error {
	return s.InTx(s.t.Context(), s.org, func(tx *tenancy.Tx) error { return visitors.Begin(s.t.Context(), tx, ref, download, file) })
}

func (s *school) end(ref tenancy.ShareVisit, download uuid.UUID, sent int64) string {
	s.t.Helper()
	state, err := visitors.End(s.t.Context(), s.q(), ref.Share, download, sent)
	require.NoError(s.t, err)
	return state
}
