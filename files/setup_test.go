package files_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/files"
	"satchel/internal/pgtest"
	"satchel/policies/verdict"
	"satchel/tenancy"
)

// school is one organization with a person who uploads.
type school struct {
	*pgtest.Database
	org  tenancy.OrgID
	user uuid.UUID
}

func newSchool(t testing.TB, room int64) *school {
	t.Helper()
	d := pgtest.New(t)
	org := d.Organization(t, room)
	return &school{d, org, d.Member(t, org, tenancy.Teacher)}
}

// in runs one transaction of the school that must succeed.
func (s *school) in(t testing.TB, f func(*tenancy.Tx) error) {
	t.Helper()
	require.NoError(t, s.InTx(t.Context(), s.org, f))
}

func (s *school) announce(t testing.TB, n files.New) (ticket files.Created) {
	t.Helper()
	if n.Name == "" {
		n.Name = "essay.txt"
	}
	n.UploadedBy, n.TTL = s.user, time.Hour
	s.in(t, func(tx *tenancy.Tx) (err error) {
		ticket, err = files.Create(t.Context(), tx, n)
		return err
	})
	return ticket
}

// receive brings the bytes of a version and has them judged clean.
func (s *school) receive(t testing.TB, version uuid.UUID, size int64) {
	t.Helper()
	s.in(t, func(tx *tenancy.Tx) error {
		if err := files.Receive(t.Context(), tx, files.Received{Upload: version, Size: size, SHA256: oneSum, ETag: "staged"}); err != nil {
			return err
		}
		return files.Scanned(t.Context(), tx, version, files.Verdict{Verdict: verdict.Clean, SHA256: oneSum})
	})
}

func (s *school) publish(t testing.TB, version uuid.UUID) {
	t.Helper()
	s.in(t, func(tx *tenancy.Tx) error { return files.Publish(t.Context(), tx, version, "etag-"+version.String()) })
}

func (s *school) withdraw(t testing.TB, version uuid.UUID) {
	t.Helper()
	s.in(t, func(tx *tenancy.Tx) error { return files.Withdraw(t.Context(), tx, version, files.Rejected, "why") })
}

// published makes a file with one published version.
func (s *school) published(t testing.TB, n files.New) files.Created {
	t.Helper()
	ticket := s.announce(t, n)
	s.receive(t, ticket.Version, n.Size)
	s.publish(t, ticket.Version)
	return ticket
}

// statusEvent shows a status event as "number status", and another by its type.
func statusEvent(t require.TestingT, e files.Event) string {
	var data struct {
		Version int
		Status  string
	}
	require.NoError(t, json.Unmarshal(e.Data, &data))
	if e.Type == "trashed" || e.Type == "restored" {
		return e.Type
	}
	require.Equal(t, "status", e.Type)
	return fmt.Sprintf("%d %s", data.Version, data.Status)
}
