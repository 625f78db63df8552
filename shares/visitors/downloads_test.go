package visitors_test

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"satchel/files"
	"satchel/shares/visitors"
	"satchel/tenancy"
)

// TestLimitIsExact: of 200 visitors who begin at once, exactly as many download the whole
// file as the share allows, and no one who was refused took anything.
func TestLimitIsExact(t *testing.T) {
	t.Parallel()
	const limit, clients, size = 50, 200, 1 << 20
	s := newSchool(t)
	file := s.put(files.New{Size: size}).File
	ref, _ := s.give(share{file: file, max: limit})
	var whole, refused atomic.Int32
	var all sync.WaitGroup
	for range clients {
		all.Go(func() {
			id := s.issue(ref, file)
			if err := s.begin(ref, id, file); err != nil {
				assertIs(t, err, visitors.ErrUsedUp)
				refused.Add(1)
				return
			}
			if s.end(ref, id, size) == "counted" {
				whole.Add(1)
			}
		})
	}
	all.Wait()
	require.EqualValues(t, limit, whole.Load())
	require.EqualValues(t, clients-limit, refused.Load())
	require.Equal(t, limit, s.counted(ref))
}

func assertIs(t *testing.T, err, want error) {
	t.Helper()
	if err == nil || err.Error() != want.Error() {
		t.Errorf("%v is not %v", err, want)
	}
}

// TestRangesCountOnce: all requests of a download are one, also those at the same time,
// and of a share with a limit it ends when all bytes have been sent.
func TestRangesCountOnce(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	file := s.put(files.New{Size: 1 << 20}).File
	ref, _ := s.give(share{file: file, max: 2})
	id := s.issue(ref, file)
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			if err := s.begin(ref, id, file); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	require.Equal(t, 1, s.counted(ref))
	for i := range 15 {
		require.Equal(t, "reserved", s.end(ref, id, 1<<16), i)
	}
	require.Equal(t, "counted", s.end(ref, id, 1<<16))
	require.ErrorIs(t, s.begin(ref, id, file), visitors.ErrDownloadComplete)
	require.Equal(t, 1, s.counted(ref))

	free, _ := s.give(share{file: file})
	id = s.issue(free, file)
	for range 3 { // without a limit nothing is lost by sending it again
		require.NoError(t, s.begin(free, id, file))
		s.end(free, id, 1<<20)
	}
	require.Equal(t, 1, s.counted(free))
}

// TestLostDownloadsAreGivenBack when nearly nothing was sent, and not when pieces of many
// would make a file.
func TestLostDownloadsAreGivenBack(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	for size, row := range map[int64]struct{ lost, counts int64 }{
		1 << 30:  {10_000_000, 10_737_418}, // 1 %
		1 << 20:  {65_535, 65_536},         // 64 KiB
		100_000:  {9_999, 10_000},          // a tenth
		10:       {0, 1},
		20 << 20: {200_000, 209_715},
	} {
		file := s.put(files.New{Size: size}).File
		ref, _ := s.give(share{file: file, max: 1})
		id := s.issue(ref, file)
		require.NoError(t, s.begin(ref, id, file))
		require.Equal(t, 1, s.counted(ref))
		require.ErrorIs(t, s.begin(ref, s.issue(ref, file), file), visitors.ErrUsedUp)
		require.Equal(t, "returned", s.end(ref, id, row.lost), size)
		require.Zero(t, s.counted(ref), size)

		second, _ := s.give(share{file: file, max: 1})
		id = s.issue(second, file)
		require.NoError(t, s.begin(second, id, file))
		require.Equal(t, "counted", s.end(second, id, row.counts), size)
		require.Equal(t, 1, s.counted(second), size)
	}
	empty := s.put(files.New{}).File
	s.exec("update file_versions set size = 0 where file_id = $1", empty)
	whole, _ := s.give(share{file: empty, max: 1})
	id := s.issue(whole, empty)
	require.NoError(t, s.begin(whole, id, empty))
	require.Equal(t, "counted", s.end(whole, id, 0), "nothing of an empty file is all of it")

	file := s.put(files.New{Size: 1 << 20}).File
	ref, _ := s.give(share{file: file, max: 1})
	pieces := 0
	for range 100 {
		id := s.issue(ref, file)
		if s.begin(ref, id, file) != nil {
			break
		}
		pieces++
		s.end(ref, id, 20_000)
	}
	require.Equal(t, 4, pieces, "three pieces are less than 64 KiB together, and the fourth counts")
}

// TestDownloadIsOfItsFile: an id opens nothing else, and nothing once its time is over or
// its share has ended.
func TestDownloadIsOfItsFile(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	file, other := s.put(files.New{}).File, s.put(files.New{Name: "b.pdf"}).File
	ref, _ := s.give(share{file: file})
	foreign, _ := s.give(share{file: other})
	id := s.issue(ref, file)
	require.ErrorIs(t, s.begin(ref, id, other), visitors.ErrNoDownload)
	require.ErrorIs(t, s.begin(foreign, id, file), visitors.ErrNoDownload)
	require.ErrorIs(t, s.begin(ref, tenancy.NewID(), file), visitors.ErrNoDownload)
	require.NoError(t, s.begin(ref, id, file))

	s.exec("update share_downloads set expires_at = now() where id = $1", id)
	require.ErrorIs(t, s.begin(ref, id, file), visitors.ErrDownloadOver)
	id = s.issue(ref, file)
	require.NoError(t, s.begin(ref, id, file))
	s.exec("update shares set ended_at = now(), ended_reason = 'revoked' where id = $1", ref.Share)
	require.ErrorIs(t, s.begin(ref, id, file), visitors.ErrRevoked, "between two ranges")
	_, err := visitors.GetVersion(t.Context(), s.q(), ref.Share, file, true)
	require.ErrorIs(t, err, visitors.ErrRevoked)
}

// model is what the counting promises, without a database.
type model struct {
	limit, downloads int
	size, slack      int64
	returned         int64 // bytes
	ids              []uuid.UUID
	rows             map[uuid.UUID]*modelRow
}

type modelRow struct {
	state string
	sent  int64
	open  int
}

func (m *model) begin(id uuid.UUID) bool {
	r := m.rows[id]
	if r.sent >= m.size {
		return false
	}
	if r.state == "issued" || r.state == "returned" {
		if m.downloads >= m.limit {
			return false
		}
		if r.state == "returned" {
			m.returned -= r.sent
		}
		r.state = "reserved"
		m.downloads++
	}
	r.open++
	return true
}

func (m *model) end(id uuid.UUID, sent int64) {
	r := m.rows[id]
	r.sent += sent
	r.open--
	if r.state != "reserved" || r.open > 0 {
		return
	}
	if r.sent < m.slack && r.sent+m.returned < m.slack {
		r.state = "returned"
		m.returned += r.sent
		m.downloads--
		return
	}
	r.state = "counted"
}

// TestCountingAgainstAModel tries sequences of issues, requests and their ends.
func TestCountingAgainstAModel(t *testing.T) {
	t.Parallel()
	const size = 1 << 20
	s := newSchool(t)
	file := s.put(files.New{Size: size}).File
	rapid.Check(t, func(rt *rapid.T) {
		m := &model{limit: rapid.IntRange(1, 3).Draw(rt, "limit"), size: size, slack: 65_536, rows: map[uuid.UUID]*modelRow{}}
		ref, _ := s.give(share{file: file, max: m.limit})
		rt.Repeat(map[string]func(*rapid.T){
			"issue": func(*rapid.T) {
				id := s.issue(ref, file)
				m.ids, m.rows[id] = append(m.ids, id), &modelRow{state: "issued"}
			},
			"begin": func(rt *rapid.T) {
				if len(m.ids) == 0 {
					rt.Skip("no download")
				}
				id := rapid.SampledFrom(m.ids).Draw(rt, "download")
				want, err := m.begin(id), s.begin(ref, id, file)
				if want != (err == nil) {
					rt.Fatalf("begin: %v, want %v", err, want)
				}
			},
			"end": func(rt *rapid.T) {
				for _, id := range m.ids {
					if m.rows[id].open > 0 {
						sent := rapid.SampledFrom([]int64{0, 1, 30_000, 65_535, 65_536, size}).Draw(rt, "sent")
						m.end(id, sent)
						if state := s.end(ref, id, sent); state != m.rows[id].state {
							rt.Fatalf("end: %s, want %s", state, m.rows[id].state)
						}
						return
					}
				}
				rt.Skip("no request")
			},
			"": func(rt *rapid.T) {
				if got := s.counted(ref); got != m.downloads || got > m.limit {
					rt.Fatalf("%d downloads, want %d of %d", got, m.downloads, m.limit)
				}
			},
		})
	})
}
