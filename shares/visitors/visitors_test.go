package visitors_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/files"
	"satchel/internal/fault"
	"satchel/shares"
	"satchel/shares/visitors"
	"satchel/spaces"
	"satchel/tenancy"
)

// TestTokens: a token finds its share, whatever became of it, and no other text does.
func TestTokens(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	ref, token := s.give(share{file: s.put(files.New{}).File})
	found, ok, err := s.ShareByToken(t.Context(), shares.Hash(token))
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, ref, found)
	for _, other := range []string{"", token + "a", token[1:], ref.Share.String()} {
		_, ok, err = s.ShareByToken(t.Context(), shares.Hash(other))
		require.NoError(t, err)
		require.False(t, ok)
	}
	person, token := s.give(share{file: s.put(files.New{Name: "b.pdf"}).File, kind: shares.People})
	found, ok, err = s.ShareByToken(t.Context(), shares.Hash(token))
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, person, found)
	s.exec("update shares set ended_at = now(), ended_reason = 'revoked' where id = any ($1)", []uuid.UUID{ref.Share, person.Share})
	found, ok, err = s.ShareByToken(t.Context(), shares.Hash(token))
	require.NoError(t, err)
	require.True(t, ok, "who holds a once valid link is told so")
	require.False(t, found.Kept)
	got, err := visitors.Get(t.Context(), s.q(), found)
	require.NoError(t, err)
	require.ErrorIs(t, visitors.Refusal(got.Status), visitors.ErrRevoked)
}

// TestFolderShowsWhatAllThereSee: what is below the folder, what its staff alone see not,
// what is about a student not, and what is moved away no longer.
func TestFolderShowsWhatAllThereSee(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	top := s.folder(spaces.NewFolder{Name: "Top"})
	below := s.folder(spaces.NewFolder{Name: "Below", Parent: &top})
	beside := s.folder(spaces.NewFolder{Name: "Beside"})
	plain, deep := s.put(files.New{Folder: top}).File, s.put(files.New{Folder: below, Name: "deep.pdf"}).File
	staff, about := s.put(files.New{Folder: top, Name: "staff.pdf"}).File, s.put(files.New{Folder: top, Name: "about.pdf", Subject: s.student}).File
	other := s.put(files.New{Folder: beside}).File
	_, err := s.Admin(t).Exec(t.Context(), "update files set needs = 3 where id = $1", staff)
	require.NoError(t, err)
	ref, _ := s.give(share{folder: top})
	shows := func(file uuid.UUID) bool {
		_, err := visitors.GetVersion(t.Context(), s.q(), ref.Share, file, false)
		if err != nil {
			require.ErrorIs(t, err, visitors.ErrNoFile)
		}
		return err == nil
	}
	require.Equal(t, []bool{true, true, false, false, false}, []bool{shows(plain), shows(deep), shows(staff), shows(about), shows(other)})
	share, err := visitors.Get(t.Context(), s.q(), ref)
	require.NoError(t, err)
	l, err := visitors.GetList(t.Context(), s.q(), share, uuid.Nil, visitors.Cursor{}, 50)
	require.NoError(t, err)
	require.Len(t, l.Entries, 2)
	require.Equal(t, []uuid.UUID{below, plain}, []uuid.UUID{l.Entries[0].ID, l.Entries[1].ID})
	_, err = visitors.GetList(t.Context(), s.q(), share, beside, visitors.Cursor{}, 50)
	require.ErrorIs(t, err, visitors.ErrNoFile)
	s.exec("update files set folder_id = $2 where id = $1", deep, beside)
	require.False(t, shows(deep))
}

// TestAttemptsAreCountedBeforeTheyAreLookedAt: of forty at once, five and the one that
// begins the wait are looked at; another address is free, until the share's own bound.
func TestAttemptsAreCountedBeforeTheyAreLookedAt(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	ref, _ := s.give(share{file: s.put(files.New{}).File})
	try := func(address byte) error {
		return visitors.Attempt(t.Context(), s.q(), ref.Share, append(make([]byte, 31), address))
	}
	var looked atomic.Int32
	var all sync.WaitGroup
	for range 40 {
		all.Go(func() {
			if try(1) == nil {
				looked.Add(1)
			}
		})
	}
	all.Wait()
	require.EqualValues(t, 6, looked.Load())
	err := try(1)
	require.Equal(t, fault.Limited, fault.KindOf(err))
	require.InDelta(t, 60, fault.Of(err).RetryAfter.Seconds(), 30)
	require.NoError(t, try(2))
	require.NoError(t, visitors.Forgive(t.Context(), s.q(), ref.Share, append(make([]byte, 31), 2)))

	free := 0
	for address := byte(3); address < 250; address++ {
		if try(address) == nil {
			free++
		}
	}
	require.InDelta(t, 95, free, 2, "a hundred in all, by any address")
	s.exec("update share_attempts set updated_at = now() - interval '2 days', blocked_until = now() where share_id = $1", ref.Share)
	require.NoError(t, try(1), "a day without any forgets all")
	require.NoError(t, try(1))
}

// TestCodes are good once, for five tries and ten minutes, for their person alone.
func TestCodes(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	file := s.put(files.New{}).File
	ref, _ := s.give(share{file: file, kind: shares.People})
	other, _ := s.give(share{file: file, kind: shares.People})
	issue := func(code string) {
		to, alive, err := visitors.IssueCode(t.Context(), s.q(), ref.Share, *ref.Recipient, code)
		require.NoError(t, err)
		require.True(t, alive)
		require.Equal(t, "guest@else.example", to.Email)
	}
	use := func(ref tenancy.ShareVisit, code string) error {
		return visitors.UseCode(t.Context(), s.q(), ref.Share, *ref.Recipient, code)
	}
	require.ErrorIs(t, use(ref, "12345678"), visitors.ErrWrongCode, "none was sent")
	issue("12345678")
	require.ErrorIs(t, use(other, "12345678"), visitors.ErrWrongCode)
	require.NoError(t, use(ref, "1234 5678"))
	require.ErrorIs(t, use(ref, "12345678"), visitors.ErrWrongCode, "once")
	issue("11111111")
	for range 5 {
		require.ErrorIs(t, use(ref, "22222222"), visitors.ErrWrongCode)
	}
	require.ErrorIs(t, use(ref, "11111111"), visitors.ErrWrongCode, "the sixth try")
	issue("33333333")
	s.exec("update share_codes set expires_at = now() where share_id = $1", ref.Share)
	require.ErrorIs(t, use(ref, "33333333"), visitors.ErrWrongCode)
	s.exec("update shares set ended_at = now(), ended_reason = 'revoked' where id = $1", ref.Share)
	_, alive, err := visitors.IssueCode(t.Context(), s.q(), ref.Share, *ref.Recipient, "44444444")
	require.NoError(t, err)
	require.False(t, alive)
}

// TestDropBoxIsBounded under a flood, for files that grow, and gives the room of refused
// files back.
func TestDropBoxIsBounded(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	box := s.folder(spaces.NewFolder{Name: "Box"})
	ref, _ := s.give(share{folder: box, permission: shares.Upload, maxFiles: 5, maxBytes: 100})
	ctx := tenancy.WithActor(t.Context(), tenancy.Actor{Org: s.org, User: s.teacher})
	drop := func(size int64) (made files.Created, err error) {
		err = s.ForPeople().InTx(ctx, s.org, func(tx *tenancy.Tx) error {
			if err := visitors.Lock(ctx, tx, ref.Share); err != nil {
				return err
			}
			made, err = files.Create(ctx, tx, files.New{Folder: box, KeepBoth: true, Name: "a.pdf", Size: size, UploadedBy: s.teacher, TTL: time.Hour})
			if err != nil {
				return err
			}
			return visitors.Add(ctx, tx, visitors.Drop{Ref: ref, Version: made.Version, Dropper: s.student, Giver: "Guest"})
		})
		return made, err
	}
	var taken atomic.Int32
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if _, err := drop(10); err == nil {
				taken.Add(1)
			}
		})
	}
	all.Wait()
	require.EqualValues(t, 5, taken.Load())
	_, err := drop(1)
	require.ErrorIs(t, err, visitors.ErrDropFull)
	list, err := visitors.ListDropped(t.Context(), s.q(), ref.Share, s.student)
	require.NoError(t, err)
	require.Len(t, list, 5)

	first := list[0].Version
	grow := func(size int64) error {
		return s.InTx(t.Context(), s.org, func(tx *tenancy.Tx) error { return files.Reserve(t.Context(), tx, first, size) })
	}
	require.NoError(t, grow(60))
	require.Error(t, grow(61), "100 bytes in all")
	require.NoError(t, s.InTx(context.WithoutCancel(t.Context()), s.org, func(tx *tenancy.Tx) error { return files.Withdraw(t.Context(), tx, first, files.Rejected, "why") }))
	_, err = drop(61)
	require.ErrorIs(t, err, visitors.ErrDropTooMuch)
	_, err = drop(60)
	require.NoError(t, err)
}
