package files_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"satchel/files"
	"satchel/internal/pgtest"
	"satchel/tenancy"
)

var (
	oneSum   = strings.Repeat("1", 64)
	otherSum = strings.Repeat("2", 64)
)

const (
	roomBytes = 1000
	fileBytes = 400
)

// model is what an organization's rows must say after any operations, worked
// out in plain Go.
type model struct {
	db    *pgtest.Database
	org   tenancy.OrgID
	user  uuid.UUID
	max   int64
	files []*modelFile
}

type modelFile struct {
	id       uuid.UUID
	trashed  bool
	versions []*modelVersion
	events   []string // what must have been told, in order
}

type modelVersion struct {
	id             uuid.UUID
	number         int
	status         files.Status
	size           int64
	reserved, used int64
	received       bool
	clean          bool
}

func newModel(t testing.TB, db *pgtest.Database) *model {
	org := db.Organization(t, roomBytes)
	size := int64(fileBytes)
	require.NoError(t, tenancy.ChangeLimits(t.Context(), db.Single(org), tenancy.OptionalLimit{}, tenancy.OptionalLimit{Set: true, Value: &size}))
	return &model{db: db, org: org, user: db.Member(t, org, tenancy.Teacher), max: roomBytes}
}

func (m *model) sums() (used, reserved int64) {
	for _, f := range m.files {
		for _, v := range f.versions {
			used, reserved = used+v.used, reserved+v.reserved
		}
	}
	return used, reserved
}

// room says whether growing by delta is allowed.
func (m *model) room(delta int64) bool {
	used, reserved := m.sums()
	return delta <= 0 || used+reserved+delta <= m.max
}

func (f *modelFile) set(v *modelVersion, s files.Status) {
	v.status = s
	f.events = append(f.events, fmt.Sprintf("%d %s", v.number, s))
}

func (f *modelFile) current() *modelVersion {
	for _, v := range slices.Backward(f.versions) {
		if v.status == files.Published {
			return v
		}
	}
	return nil
}

func (f *modelFile) status() files.Status {
	switch {
	case f.trashed:
		return files.Deleted
	case f.current() != nil:
		return files.Published
	}
	return f.versions[len(f.versions)-1].status
}

// The operations. Each gives the error that the rules demand and changes the
// model when there is none.

func (m *model) create(f *modelFile, size int64) (*modelFile, *modelVersion, error) {
	switch {
	case size > fileBytes:
		return nil, nil, files.ErrTooLarge
	case f != nil && f.trashed:
		return nil, nil, files.ErrInTrash
	case !m.room(size):
		return nil, nil, tenancy.OverQuota
	}
	if f == nil {
		f = &modelFile{}
		m.files = append(m.files, f)
	}
	v := &modelVersion{number: len(f.versions) + 1, size: size, reserved: size}
	f.versions = append(f.versions, v)
	f.set(v, files.Uploading)
	return f, v, nil
}

func (m *model) grow(v *modelVersion, size int64) error {
	switch {
	case size > fileBytes:
		return files.ErrTooLarge
	case v.status != files.Uploading:
		return files.ErrNotUploading
	case !m.room(size - v.reserved):
		return tenancy.OverQuota
	}
	v.size, v.reserved = max(v.size, size), max(v.size, size)
	return nil
}

func (m *model) receive(f *modelFile, v *modelVersion, size int64) error {
	switch {
	case v.received:
		return nil
	case v.status != files.Uploading:
		return files.ErrNotUploading
	case !m.room(size - v.reserved):
		return tenancy.OverQuota
	}
	v.received, v.size, v.reserved = true, size, size
	f.set(v, files.Processing)
	return nil
}

func (m *model) scan(v *modelVersion, clean bool) error {
	if v.status != files.Processing {
		return files.ErrVersionEnded
	}
	v.clean = clean
	return nil
}

func (m *model) processing(v *modelVersion) error {
	if v.status != files.Processing {
		return files.ErrVersionEnded
	}
	return nil
}

func (m *model) publish(f *modelFile, v *modelVersion) error {
	switch {
	case v.status == files.Published:
		return nil
	case f.trashed, v.status != files.Processing, !v.clean:
		return files.ErrVersionEnded
	}
	v.used, v.reserved = v.size, 0
	f.set(v, files.Published)
	return nil
}

func (m *model) withdraw(f *modelFile, v *modelVersion, to files.Status) error {
	if !files.Final(v.status) {
		v.reserved = 0
		f.set(v, to)
	}
	return nil
}

func (m *model) trash(f *modelFile) error {
	if !f.trashed {
		f.events = append(f.events, "trashed")
	}
	f.trashed = true
	return nil
}

func (m *model) restore(f *modelFile) error {
	if !f.trashed || f.current() == nil {
		return files.ErrNotInTrash
	}
	f.trashed = false
	f.events = append(f.events, "restored")
	return nil
}

func (m *model) unpublish(f *modelFile) error {
	if !f.trashed {
		return files.ErrNotInTrash
	}
	for _, v := range f.versions {
		if v.status == files.Published || v.status == files.Quarantined {
			v.used = 0
			f.set(v, files.Deleted)
		}
	}
	return nil
}

func (m *model) revoke(f *modelFile, v *modelVersion) error {
	if v.status == files.Published {
		v.used = 0
		f.set(v, files.Quarantined)
	}
	return nil
}

// purge forgets a file and its versions, whatever became of them.
func (m *model) purge(f *modelFile) error {
	if !f.trashed {
		return files.ErrNotInTrash
	}
	m.files = slices.DeleteFunc(m.files, func(other *modelFile) bool { return other == f })
	return nil
}

// compare holds the rows of the organization against the model.
func (m *model) compare(r *rapid.T, after string) {
	used, reserved := m.sums()
	sums := fmt.Sprintf("used %d reserved %d", used, reserved)
	want := map[string]string{"quota": fmt.Sprint(sums, " of ", m.max), "sums": sums}
	for _, f := range m.files {
		line := fmt.Sprint(f.status(), " trashed ", f.trashed, " current ", number(f.current()), " head ", number(f.versions[len(f.versions)-1]))
		for _, v := range f.versions {
			line += fmt.Sprint(" | ", v.number, " ", v.status, " ", v.size, " ", v.reserved, " ", v.used)
		}
		want[f.id.String()] = line
	}
	require.Equal(r, want, m.rows(r), "rows after %s", after)
}

func number(v *modelVersion) int {
	if v == nil {
		return 0
	}
	return v.number
}

func (m *model) rows(r *rapid.T) map[string]string {
	rows, err := m.db.Single(m.org).Query(r.Context(), `
		select f.id::text, format('%s trashed %s current %s head %s', f.status, (f.trashed_at is not null)::text,
		       coalesce(max(v.number) filter (where v.id = f.current_id), 0), max(v.number) filter (where v.id = f.head_id))
		       || string_agg(format(' | %s %s %s %s %s', v.number, v.status, v.size, v.reserved_bytes, v.used_bytes), '' order by v.number)
		  from files f join file_versions v on v.file_id = f.id group by f.organization_id, f.id, f.status, f.trashed_at
		union all select 'quota', format('used %s reserved %s of %s', used_bytes, reserved_bytes, max_bytes) from storage_quotas
		union all select 'sums', format('used %s reserved %s', coalesce(sum(used_bytes), 0), coalesce(sum(reserved_bytes), 0)) from file_versions`)
	require.NoError(r, err)
	got := map[string]string{}
	var id, line string
	_, err = pgx.ForEachRow(rows, []any{&id, &line}, func() error { got[id] = line; return nil })
	require.NoError(r, err)
	return got
}

// compareEvents reads each file's events: numbered without a gap, and telling
// every change of status and every way into the trash and back once, in order.
func (m *model) compareEvents(r *rapid.T) {
	for _, f := range m.files {
		events, err := files.Follow(r.Context(), m.db.Single(m.org), f.id, 0)
		require.NoError(r, err)
		var told []string
		for i, e := range events {
			require.EqualValues(r, i+1, e.Seq)
			told = append(told, statusEvent(r, e))
		}
		require.Equal(r, f.events, told)
	}
}
