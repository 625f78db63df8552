package files_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/files"
	"satchel/policies/audit"
	"satchel/policies/verdict"
	"satchel/tenancy"
)

// next publishes another version of a file.
func (s *school) next(t testing.TB, file uuid.UUID, size int64) files.Created {
	t.Helper()
	return s.published(t, files.New{File: file, Size: size})
}

func (s *school) quota(t testing.TB) files.Quota {
	t.Helper()
	q, err := files.GetQuota(t.Context(), s.Single(s.org))
	require.NoError(t, err)
	return q
}

func (s *school) deleteVersion(t testing.TB, file, version uuid.UUID) error {
	t.Helper()
	return s.InTx(t.Context(), s.org, func(tx *tenancy.Tx) error { return files.DeleteVersion(t.Context(), tx, file, version, files.ByPerson) })
}

// superseded are the numbers of a file's versions that a newer one replaced.
func (s *school) superseded(t testing.TB, file uuid.UUID) (numbers []int32) {
	t.Helper()
	rows, err := s.Admin(t).Query(t.Context(), "select number from file_versions where file_id = $1 and superseded_at is not null and status = 'published' order by number", file)
	require.NoError(t, err)
	for rows.Next() {
		var n int32
		require.NoError(t, rows.Scan(&n))
		numbers = append(numbers, n)
	}
	require.NoError(t, rows.Err())
	return numbers
}

func (s *school) entries(t testing.TB, action string) []audit.Line {
	t.Helper()
	lines, err := audit.List(t.Context(), s.Single(s.org), audit.Filter{Action: action, Limit: 100})
	require.NoError(t, err)
	return lines
}

func TestDeletedVersionLeavesTheQuotaAndStaysInTheHistory(t *testing.T) {
	t.Parallel()
	s := newSchool(t, 1<<30)
	first := s.published(t, files.New{Size: 100})
	second := s.next(t, first.File, 20)
	require.EqualValues(t, 120, s.quota(t).UsedBytes, "each version counts")

	require.NoError(t, s.deleteVersion(t, first.File, first.Version))
	require.EqualValues(t, 20, s.quota(t).UsedBytes)
	v, err := files.GetNumber(t.Context(), s.Single(s.org), first.File, 1)
	require.NoError(t, err)
	require.Equal(t, files.Deleted, v.Status)
	require.EqualValues(t, files.ByPerson, v.StatusReason)
	shown, err := files.Get(t.Context(), s.Single(s.org), first.File)
	require.NoError(t, err)
	require.Equal(t, second.Version, shown.VersionID)

	require.NoError(t, s.deleteVersion(t, first.File, first.Version), "once more changes nothing")
	require.Len(t, s.entries(t, "file.delete_version"), 1)
	uncleaned, err := s.VersionsUncleaned(t.Context(), -time.Second, uuid.Nil, 10)
	require.NoError(t, err)
	require.Contains(t, uncleaned, tenancy.Ref{Org: s.org, File: first.File, Version: first.Version}, "the sweep removes its objects")
	used, reserved, err := files.SumsAgree(t.Context(), s.Single(s.org))
	require.NoError(t, err)
	require.True(t, used && reserved)
}

// TestShownVersionGoesOnlyBesideAnother: the one before is then shown.
func TestShownVersionGoesOnlyBesideAnother(t *testing.T) {
	t.Parallel()
	s := newSchool(t, 1<<30)
	first := s.published(t, files.New{Size: 1})
	require.ErrorIs(t, s.deleteVersion(t, first.File, first.Version), files.ErrShownVersion)
	second := s.next(t, first.File, 2)
	require.Equal(t, []int32{1}, s.superseded(t, first.File))
	require.NoError(t, s.deleteVersion(t, first.File, second.Version))
	shown, err := files.Get(t.Context(), s.Single(s.org), first.File)
	require.NoError(t, err)
	require.Equal(t, first.Version, shown.VersionID)
	require.Equal(t, files.Published, shown.FileStatus)
	require.Empty(t, s.superseded(t, first.File))
}

func TestOnlyPublishedVersionsAreDeleted(t *testing.T) {
	t.Parallel()
	s := newSchool(t, 1<<30)
	first := s.published(t, files.New{Size: 1})
	open := s.announce(t, files.New{File: first.File, Size: 1})
	require.ErrorIs(t, s.deleteVersion(t, first.File, open.Version), files.ErrNotPublished)
	s.withdraw(t, open.Version)
	require.ErrorIs(t, s.deleteVersion(t, first.File, open.Version), files.ErrVersionGone)
	other := s.published(t, files.New{Size: 1})
	require.ErrorIs(t, s.deleteVersion(t, first.File, other.Version), files.ErrNotFound)
	s.next(t, first.File, 1)
	s.in(t, func(tx *tenancy.Tx) error { _, err := files.Trash(t.Context(), tx, first.File); return err })
	require.ErrorIs(t, s.deleteVersion(t, first.File, first.Version), files.ErrInTrash)
}

// TestConcurrentVersionsEndInTheOrderAccepted: whichever is published last, the one that
// was accepted last is shown, and those before it are replaced.
func TestConcurrentVersionsEndInTheOrderAccepted(t *testing.T) {
	t.Parallel()
	s := newSchool(t, 1<<30)
	first := s.published(t, files.New{Size: 1})
	const more = 6
	at := make(chan files.Created, more)
	errs := make(chan error, more)
	for range more {
		go func() {
			errs <- s.InTx(context.Background(), s.org, func(tx *tenancy.Tx) error {
				c, err := files.Create(context.Background(), tx, files.New{File: first.File, Size: 1, UploadedBy: s.user, TTL: time.Hour})
				if err == nil {
					tenancy.AfterCommit(tx, func() { at <- c })
				}
				return err
			})
		}()
	}
	var made []files.Created
	for range more {
		require.NoError(t, <-errs)
		made = append(made, <-at)
	}
	slices.SortFunc(made, func(a, b files.Created) int { return int(a.Number - b.Number) })
	for i, c := range made {
		require.EqualValues(t, i+2, c.Number, "numbers are given once, without a gap")
		s.receive(t, c.Version, 1)
	}
	for _, c := range made {
		go func() {
			errs <- s.InTx(context.Background(), s.org, func(tx *tenancy.Tx) error {
				return files.Publish(context.Background(), tx, c.Version, "etag-"+c.Version.String())
			})
		}()
	}
	for range more {
		require.NoError(t, <-errs)
	}
	shown, err := files.Get(t.Context(), s.Single(s.org), first.File)
	require.NoError(t, err)
	require.EqualValues(t, more+1, shown.Number)
	require.Equal(t, []int32{1, 2, 3, 4, 5, 6}, s.superseded(t, first.File))
}

func (s *school) retain(t testing.TB, keep, days *int) {
	t.Helper()
	p := tenancy.DefaultPolicies()
	p.VersionKeep, p.VersionDays = keep, days
	require.NoError(t, tenancy.SetPolicies(t.Context(), s.Single(s.org), p))
}

// due are the versions that retention finds.
func (s *school) due(t testing.TB) (versions []uuid.UUID) {
	t.Helper()
	orgs, err := s.OrganizationsWithOldVersions(t.Context(), uuid.Nil, 10)
	require.NoError(t, err)
	for _, o := range orgs {
		refs, err := s.VersionsBeyondRetention(t.Context(), o.Org, uuid.Nil, 100)
		require.NoError(t, err)
		for _, r := range refs {
			versions = append(versions, r.Version)
		}
	}
	return versions
}

func (s *school) prune(t testing.TB, c files.Created) {
	t.Helper()
	s.in(t, func(tx *tenancy.Tx) error { return files.PruneVersion(t.Context(), tx, c.File, c.Version) })
}

func (s *school) statusOf(t testing.TB, c files.Created) (files.Status, string) {
	t.Helper()
	v, err := files.GetVersion(t.Context(), s.Single(s.org), c.Version)
	require.NoError(t, err)
	return v.Status, v.StatusReason
}

func TestRetentionByCountKeepsTheNewest(t *testing.T) {
	t.Parallel()
	s := newSchool(t, 1<<30)
	versions := []files.Created{s.published(t, files.New{Size: 1})}
	for range 3 {
		versions = append(versions, s.next(t, versions[0].File, 1))
	}
	require.Empty(t, s.due(t), "without a limit")
	keep := 2
	s.retain(t, &keep, nil)
	require.ElementsMatch(t, []uuid.UUID{versions[0].Version, versions[1].Version}, s.due(t))
	for _, v := range versions {
		s.prune(t, v)
	}
	status, why := s.statusOf(t, versions[0])
	require.Equal(t, files.Deleted, status)
	require.EqualValues(t, files.ByCount, why)
	for _, v := range versions[2:] {
		status, _ := s.statusOf(t, v)
		require.Equal(t, files.Published, status)
	}
	require.EqualValues(t, 2, s.quota(t).UsedBytes)
	require.Len(t, s.entries(t, "file.delete_version"), 2, "one for each version")
	require.Empty(t, s.due(t))
}

func TestRetentionByAgeCountsFromTheReplacement(t *testing.T) {
	t.Parallel()
	s := newSchool(t, 1<<30)
	old := s.published(t, files.New{Size: 1})
	_, err := s.Admin(t).Exec(t.Context(), "update file_versions set published_at = now() - interval '1 year', scanned_at = now() - interval '2 years'")
	require.NoError(t, err)
	days := 30
	s.retain(t, nil, &days)
	require.Empty(t, s.due(t), "the shown one stays, however old it is")
	s.next(t, old.File, 1)
	require.Empty(t, s.due(t), "it was replaced just now")
	_, err = s.Admin(t).Exec(t.Context(), "update file_versions set superseded_at = now() - interval '31 days' where superseded_at is not null")
	require.NoError(t, err)
	require.Equal(t, []uuid.UUID{old.Version}, s.due(t))

	s.in(t, func(tx *tenancy.Tx) error { _, err := files.Trash(t.Context(), tx, old.File); return err })
	require.Empty(t, s.due(t), "what is in the trash comes back whole")
	s.prune(t, old)
	status, _ := s.statusOf(t, old)
	require.Equal(t, files.Published, status)
	s.in(t, func(tx *tenancy.Tx) error { return files.Restore(t.Context(), tx, old.File, files.ConflictFails) })

	s.retain(t, nil, nil)
	s.prune(t, old)
	status, _ = s.statusOf(t, old)
	require.Equal(t, files.Published, status, "the limit was taken away since it was found")
	s.retain(t, nil, &days)
	s.prune(t, old)
	status, why := s.statusOf(t, old)
	require.Equal(t, files.Deleted, status)
	require.EqualValues(t, files.ByAge, why)
}

// TestRevokedVersionMakesTheOneBeforeShownAgain: it is no longer a replaced one, so that
// retention does not take the last that can be read.
func TestRevokedVersionMakesTheOneBeforeShownAgain(t *testing.T) {
	t.Parallel()
	s := newSchool(t, 1<<30)
	first := s.published(t, files.New{Size: 1})
	second := s.next(t, first.File, 1)
	keep := 1
	s.retain(t, &keep, nil)
	require.Equal(t, []uuid.UUID{first.Version}, s.due(t))
	s.in(t, func(tx *tenancy.Tx) error {
		_, err := files.Revoke(t.Context(), tx, second.Version, "infected", files.Verdict{Verdict: verdict.Infected, Signature: "Test"})
		return err
	})
	require.Empty(t, s.due(t))
	s.prune(t, first)
	status, _ := s.statusOf(t, first)
	require.Equal(t, files.Published, status)
}

func TestCompareNamesWhatDiffers(t *testing.T) {
	t.Parallel()
	s := newSchool(t, 1<<30)
	first := s.published(t, files.New{Name: "essay.txt", Size: 1})
	name := "final essay.txt"
	s.in(t, func(tx *tenancy.Tx) error {
		return files.Update(t.Context(), tx, first.File, files.Change{Name: &name})
	})
	s.next(t, first.File, 20)
	_, err := s.Admin(t).Exec(t.Context(), "update file_versions set pages = number + 1, width = 640, mime_type = 'application/pdf'")
	require.NoError(t, err)
	a, b, differences, err := files.Compare(t.Context(), s.Single(s.org), first.File, 1, 2)
	require.NoError(t, err)
	require.EqualValues(t, 1, a.Number)
	require.EqualValues(t, 2, b.Number)
	shown := map[string][2]string{}
	for _, d := range differences {
		shown[d.Field] = [2]string{string(d.From), string(d.To)}
	}
	require.Equal(t, map[string][2]string{"name": {`"essay.txt"`, `"final essay.txt"`}, "size": {"1", "20"}, "pages": {"2", "3"}}, shown)

	_, _, same, err := files.Compare(t.Context(), s.Single(s.org), first.File, 2, 2)
	require.NoError(t, err)
	require.Empty(t, same)
	_, _, _, err = files.Compare(t.Context(), s.Single(s.org), first.File, 1, 3)
	require.ErrorIs(t, err, files.ErrNotFound)
}
