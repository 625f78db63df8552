package files_test

import (
	"errors"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/files"
	"satchel/policies/verdict"
	"satchel/tenancy"
)

// TestLateCancellationTakesNothingAway withdraws a version that was published a
// moment before.
func TestLateCancellationTakesNothingAway(t *testing.T) {
	t.Parallel()
	s := newSchool(t, 1000)
	ticket := s.announce(t, files.New{Name: "photo.png", Size: 10})
	s.receive(t, ticket.Version, 10)
	s.in(t, func(tx *tenancy.Tx) error {
		return files.Previewed(t.Context(), tx, ticket.Version, files.Preview{State: files.PreviewReady, Width: 4, Height: 3,
			Renditions: []files.Rendition{{Name: "thumb", MimeType: "image/png", Width: 4, Height: 3, Size: 9, Etag: "t"}}})
	})
	s.publish(t, ticket.Version)
	s.withdraw(t, ticket.Version)
	v, err := files.Get(t.Context(), s.Single(s.org), ticket.File)
	require.NoError(t, err)
	require.Equal(t, files.Published, v.Status)
	r, err := files.GetRendition(t.Context(), s.Single(s.org), ticket.Version, "thumb")
	require.NoError(t, err, "the previews of a published version stay")
	require.Equal(t, "t", r.Etag)
	s.in(t, func(tx *tenancy.Tx) error { return files.Publish(t.Context(), tx, ticket.Version, "another") })
	v, err = files.Get(t.Context(), s.Single(s.org), ticket.File)
	require.NoError(t, err)
	require.Equal(t, "etag-"+ticket.Version.String(), v.ObjectEtag, "publishing again changes nothing")
}

// TestPublishNeedsACleanVerdictForTheVeryBytes tries every verdict.
func TestPublishNeedsACleanVerdictForTheVeryBytes(t *testing.T) {
	t.Parallel()
	s := newSchool(t, 1000)
	cases := []struct {
		name    string
		verdict files.Verdict
		etag    string
		ok      bool
	}{
		{"no verdict", files.Verdict{}, "e", false},
		{"infected", files.Verdict{Verdict: verdict.Infected, SHA256: oneSum}, "e", false},
		{"unscannable", files.Verdict{Verdict: verdict.Unscannable, SHA256: oneSum}, "e", false},
		{"clean, other bytes", files.Verdict{Verdict: verdict.Clean, SHA256: otherSum}, "e", false},
		{"clean, no bytes named", files.Verdict{Verdict: verdict.Clean}, "e", false},
		{"clean, no object", files.Verdict{Verdict: verdict.Clean, SHA256: oneSum}, "", false},
		{"clean", files.Verdict{Verdict: verdict.Clean, SHA256: oneSum}, "e", true},
	}
	for _, c := range cases {
		ticket := s.announce(t, files.New{Size: 1})
		s.in(t, func(tx *tenancy.Tx) error {
			return files.Receive(t.Context(), tx, files.Received{Upload: ticket.Upload, Size: 1, SHA256: oneSum, ETag: "s"})
		})
		if c.verdict.Verdict != "" {
			require.NoError(t, files.Scanned(t.Context(), s.Single(s.org), ticket.Version, c.verdict))
		}
		err := s.InTx(t.Context(), s.org, func(tx *tenancy.Tx) error { return files.Publish(t.Context(), tx, ticket.Version, c.etag) })
		require.Equal(t, c.ok, err == nil, "%s: %v", c.name, err)
	}
	require.ErrorContains(t, files.Scanned(t.Context(), s.Single(s.org), s.processing(t), files.Verdict{Verdict: "fine"}), "scan_verdict", "an unknown verdict is refused")
}

func (s *school) processing(t *testing.T) uuid.UUID {
	ticket := s.announce(t, files.New{Size: 1})
	s.receive(t, ticket.Version, 1)
	return ticket.Version
}

func TestStepsAreSeen(t *testing.T) {
	t.Parallel()
	s := newSchool(t, 1000)
	ticket := s.announce(t, files.New{Size: 1})
	s.receive(t, ticket.Version, 1)
	once, ctx := s.Single(s.org), t.Context()
	before, err := files.Follow(ctx, once, ticket.File, 0)
	require.NoError(t, err)
	last := before[len(before)-1].Seq
	boom := errors.New("boom")
	require.ErrorIs(t, files.Step(ctx, once, ticket.Version, files.StepScan, 1, func() error { return boom }), boom)
	require.NoError(t, files.Step(ctx, once, ticket.Version, files.StepScan, 2, func() error { return nil }))
	events, err := files.Follow(ctx, once, ticket.File, last)
	require.NoError(t, err)
	require.Len(t, events, 4)
	for i, want := range []string{
		`{"version": 1, "name": "scan", "state": "running", "attempt": 1}`, `{"version": 1, "name": "scan", "state": "failed", "attempt": 1}`,
		`{"version": 1, "name": "scan", "state": "running", "attempt": 2}`, `{"version": 1, "name": "scan", "state": "done", "attempt": 2}`,
	} {
		require.Equal(t, last+int64(i)+1, events[i].Seq)
		require.JSONEq(t, want, string(events[i].Data))
	}
	called := false
	err = files.Step(ctx, once, uuid.New(), files.StepScan, 1, func() error { called = true; return nil })
	require.ErrorIs(t, err, files.ErrNotFound)
	require.False(t, called, "no step of a version that is not there")
}

// step reads the state of a version's step, and whether it has an end.
func (s *school) step(t *testing.T, version uuid.UUID, name string) (state string, ended bool) {
	t.Helper()
	const query = "select state, ended_at is not null from version_steps where version_id = $1 and name = $2"
	require.NoError(t, s.Admin(t).QueryRow(t.Context(), query, version, name).Scan(&state, &ended))
	return state, ended
}

// TestNoStepRunsOnAnEndedVersion: a worker that is killed in a step leaves it
// running, and whatever ends the version ends the step with it. An attempt that
// comes later does not run.
func TestNoStepRunsOnAnEndedVersion(t *testing.T) {
	t.Parallel()
	s := newSchool(t, 1000)
	once, ctx := s.Single(s.org), t.Context()
	for name, end := range map[string]func(testing.TB, uuid.UUID){"published": s.publish, "withdrawn": s.withdraw} {
		version := s.processing(t)
		require.Panics(t, func() {
			_ = files.Step(ctx, once, version, files.StepPreview, 1, func() error { panic("the worker is killed") })
		}, name)
		state, ended := s.step(t, version, files.StepPreview)
		require.Equal(t, "running", state, name)
		require.False(t, ended, name)

		end(t, version)
		state, ended = s.step(t, version, files.StepPreview)
		require.Equal(t, "failed", state, name)
		require.True(t, ended, name)

		called := false
		err := files.Step(ctx, once, version, files.StepPreview, 2, func() error { called = true; return nil })
		require.ErrorIs(t, err, files.ErrVersionEnded, name)
		require.False(t, called, name)
		state, _ = s.step(t, version, files.StepPreview)
		require.Equal(t, "failed", state, name)
	}
}

// TestAnothersFileIsNotFound walks every call with another organization's ids.
func TestAnothersFileIsNotFound(t *testing.T) {
	t.Parallel()
	s := newSchool(t, 1000)
	other := s.Organization(t, 1000)
	ticket := s.published(t, files.New{Size: 1})
	open := s.announce(t, files.New{Size: 1})
	once, ctx := s.Single(other), t.Context()
	name := "mine"
	calls := map[string]func(tx *tenancy.Tx) error{
		"get":         func(*tenancy.Tx) error { _, err := files.Get(ctx, once, ticket.File); return err },
		"get of":      func(*tenancy.Tx) error { _, err := files.GetOf(ctx, once, ticket.File, ticket.Version); return err },
		"get number":  func(*tenancy.Tx) error { _, err := files.GetNumber(ctx, once, ticket.File, 1); return err },
		"get version": func(*tenancy.Tx) error { _, err := files.GetVersion(ctx, once, ticket.Version); return err },
		"get upload":  func(*tenancy.Tx) error { _, err := files.GetUpload(ctx, once, open.Upload); return err },
		"publish":     func(tx *tenancy.Tx) error { return files.Publish(ctx, tx, open.Version, "e") },
		"withdraw":    func(tx *tenancy.Tx) error { return files.Withdraw(ctx, tx, open.Version, files.Failed, "") },
		"grow":        func(tx *tenancy.Tx) error { return files.Reserve(ctx, tx, open.Upload, 2) },
		"receive":     func(tx *tenancy.Tx) error { return files.Receive(ctx, tx, files.Received{Upload: open.Upload}) },
		"version": func(tx *tenancy.Tx) error {
			_, err := files.Create(ctx, tx, files.New{File: ticket.File, UploadedBy: s.user})
			return err
		},
		"trash":     func(tx *tenancy.Tx) error { _, err := files.Trash(ctx, tx, ticket.File); return err },
		"restore":   func(tx *tenancy.Tx) error { return files.Restore(ctx, tx, ticket.File, files.ConflictFails) },
		"unpublish": func(tx *tenancy.Tx) error { _, err := files.Unpublish(ctx, tx, ticket.File); return err },
		"purge":     func(tx *tenancy.Tx) error { return files.Purge(ctx, tx, ticket.File) },
	}
	for what, call := range calls {
		require.ErrorIs(t, s.InTx(ctx, other, call), files.ErrNotFound, what)
	}
	require.ErrorIs(t, files.Lease(ctx, once, open.Upload, "b"), files.ErrLeased)
	rename := func(tx *tenancy.Tx) error { return files.Update(ctx, tx, ticket.File, files.Change{Name: &name}) }
	require.ErrorIs(t, s.InTx(ctx, other, rename), files.ErrInTrash)
	require.ErrorIs(t, files.Scanned(ctx, once, open.Version, files.Verdict{Verdict: verdict.Clean}), files.ErrVersionEnded)
	v, err := files.Get(ctx, s.Single(s.org), ticket.File)
	require.NoError(t, err)
	require.Equal(t, "essay.txt", v.Name)
}
