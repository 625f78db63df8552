package uploads

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/files"
	"satchel/internal/fault"
	"satchel/tenancy"
	"satchel/workflows/upload"
)

func (b *bundle) form(t testing.TB, u *Uploads, body io.Reader, length int64, a Metadata) (Accepted, error) {
	t.Helper()
	if a.Name == "" {
		a.Name = "essay.txt"
	}
	return u.Form(tenancy.WithActor(context.Background(), b.teacher), b.teacher, a, body, length)
}

func TestForm(t *testing.T) {
	t.Parallel()
	b := setup(t, 1<<30)
	u := b.replica(t)
	for _, size := range []int{1, 100, smallPart - 1, smallPart, smallPart + 1, 3 * smallPart, 5*smallPart + 7} {
		for _, length := range []int64{-1, int64(size) + 500} {
			whole := content(uint64(size), size)
			ticket, err := b.form(t, u, iotest.HalfReader(bytes.NewReader(whole)), length, Metadata{SHA256: hexSum(whole)})
			require.NoError(t, err)
			b.received(t, ticket.Upload, whole)
			require.Equal(t, 1, b.startsOf(t, u, ticket.Version))
		}
	}
	require.Equal(t, b.sum(t), b.quota(t).ReservedBytes)
	_, pending := b.memory.left()
	require.Zero(t, pending)
}

// TestFormOfAPartIsOnePut: a small file is stored and then made and received in one transaction. One whose id another
// request may use, or of which there are rows, has its rows first.
func TestFormOfAPartIsOnePut(t *testing.T) {
	t.Parallel()
	b := setup(t, 1<<30)
	u := b.replica(t)
	b.faults.set(nil)
	first, err := b.form(t, u, strings.NewReader("hello"), -1, Metadata{})
	require.NoError(t, err)
	require.Equal(t, []string{"Put", "InTx"}, b.faults.made())
	b.received(t, first.Upload, []byte("hello"))
	require.Equal(t, 1, b.startsOf(t, u, first.Version))

	for _, a := range []Metadata{{ID: tenancy.NewID(), Claimed: true}, {File: first.File}} {
		b.faults.set(nil)
		second, err := b.form(t, u, strings.NewReader("hello"), -1, a)
		require.NoError(t, err)
		require.Equal(t, []string{"InTx", "Put", "InTx"}, b.faults.made())
		b.received(t, second.Upload, []byte("hello"))
	}
}

// TestSmallFormIsAdmitted: the workflow of a version that was admitted with its rows is started, and nothing is asked for
// one that waits for room.
func TestSmallFormIsAdmitted(t *testing.T) {
	t.Parallel()
	b := setup(t, 1<<30)
	var mu sync.Mutex
	var admitted []uuid.UUID
	u := b.replica(t)
	u.MaxRunning, u.OnAdmitted = 1, func(_ context.Context, in upload.UploadFileInput) error {
		mu.Lock()
		defer mu.Unlock()
		admitted = append(admitted, in.Version)
		return nil
	}
	first, err := b.form(t, u, strings.NewReader("hello"), -1, Metadata{})
	require.NoError(t, err)
	second, err := b.form(t, u, strings.NewReader("hello"), -1, Metadata{})
	require.NoError(t, err)
	require.Zero(t, b.startsOf(t, u, first.Version)+b.startsOf(t, u, second.Version))
	require.Equal(t, []uuid.UUID{first.Version}, admitted)
}

// TestWhatIsRefusedIsNotStored: nothing of a small file is stored before it is known that its rows would be made.
func TestWhatIsRefusedIsNotStored(t *testing.T) {
	t.Parallel()
	b := setup(t, 100)
	u := b.replica(t)
	_, err := b.form(t, u, strings.NewReader("hello"), -1, Metadata{})
	require.NoError(t, err)
	for _, tt := range []struct {
		size int
		said Metadata
		code string
	}{
		{96, Metadata{}, "over_quota"},
		{101, Metadata{}, "too_large"},
		{5, Metadata{Name: "a.sh"}, "type_not_allowed"},
		{5, Metadata{Space: tenancy.NewID()}, "folder_not_found"},
		{5, Metadata{Folder: tenancy.NewID()}, "folder_not_found"},
	} {
		b.faults.set(nil)
		_, err := b.form(t, u, bytes.NewReader(content(1, tt.size)), -1, tt.said)
		require.Equal(t, tt.code, fault.Of(err).Code, "%v", err)
		require.NotContains(t, b.faults.made(), "Put")
	}
	b.noLitter(t)
	require.EqualValues(t, 5, b.quota(t).ReservedBytes)
}

// TestSmallFormInEveryWindow: the process dies before or after any call, or the call alone fails, and of the object and
// its key, which are stored side by side, one may be there alone. Afterwards the file is received whole, with its key, or
// there is nothing of it but what the reconciler finds: an object without a row, or a key without an object.
func TestSmallFormInEveryWindow(t *testing.T) {
	t.Parallel()
	whole := content(9, 20_000)
	once := func(n int, v verdict) func(int, string) verdict {
		return func(at int, _ string) verdict {
			if at == n {
				return v
			}
			return works
		}
	}
	for name, fails := range map[string]func(int, verdict) func(int, string) verdict{"dies": dieAt, "fails": once} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, 1<<30)
			for at := 1; at <= 2; at++ {
				for _, v := range []verdict{refused, unheard, keyAlone, bytesAlone} {
					if at > 1 && v > unheard {
						continue // only the first call stores
					}
					before := b.sum(t)
					b.faults.set(fails(at, v))
					got, err := b.form(t, b.replica(t), bytes.NewReader(whole), int64(len(whole))+300, Metadata{})
					b.faults.set(nil)
					if err == nil {
						b.received(t, got.Upload, whole)
						continue
					}
					require.Equal(t, fault.Unavailable, fault.KindOf(err), "at %d: %v", at, err)
					require.Equal(t, before, b.sum(t), "at %d", at)
				}
			}
			require.Equal(t, b.sum(t), b.quota(t).ReservedBytes)
			b.eachReceivedIsStored(t)
			keys, objects := b.memory.alone()
			if name == "fails" {
				b.noLitter(t)
				require.Zero(t, keys+objects, "what came alone is removed")
			} else {
				require.Equal(t, []int{1, 1}, []int{keys, objects}, "a process that died removes nothing")
			}
		})
	}
}

// The limits of a form are those of tus, to the byte, whether a length is
// announced or not, and nothing is left of what they refuse.
func TestFormLimits(t *testing.T) {
	t.Parallel()
	const most, quota = 4 * smallPart, 6 * smallPart
	for _, tt := range []struct {
		name       string
		size, held int
		code       string
	}{
		{"largest file", most, 0, ""},
		{"one byte more", most + 1, 0, "too_large"},
		{"far more", 20 * most, 0, "too_large"},
		{"the last byte of room", smallPart + 100, quota - smallPart - 100, ""},
		{"no room", smallPart + 101, quota - smallPart - 100, "over_quota"},
		{"no room for a small one", 101, quota - 100, "over_quota"},
		{"empty", 0, 0, ""},
	} {
		for _, announced := range []bool{true, false} {
			t.Run(tt.name, func(t *testing.T) {
				t.Parallel()
				b := setup(t, quota)
				u := b.replica(t)
				if tt.held > 0 {
					for held := tt.held; held > 0; held -= most {
						_, err := u.create(tenancy.WithActor(context.Background(), b.teacher), b.teacher, Metadata{Name: "a.txt"}, int64(min(held, most)), formTTL, nil)
						require.NoError(t, err)
					}
				}
				require.NoError(t, b.db.InTx(context.Background(), b.org, func(tx *tenancy.Tx) error {
					return tenancy.ChangeLimits(context.Background(), tx, tenancy.OptionalLimit{}, tenancy.OptionalLimit{Set: true, Value: ptr(int64(most))})
				}))
				length := int64(-1)
				if announced {
					length = int64(tt.size) + 300
				}
				ticket, err := b.form(t, u, bytes.NewReader(content(1, tt.size)), length, Metadata{})
				if tt.code == "" {
					require.NoError(t, err)
					b.received(t, ticket.Upload, content(1, tt.size))
					require.Equal(t, int64(tt.held+tt.size), b.quota(t).ReservedBytes)
					return
				}
				require.Equal(t, tt.code, fault.Of(err).Code, "%v", err)
				require.Equal(t, int64(tt.held), b.quota(t).ReservedBytes)
				b.emptyBucket(t)
			})
		}
	}
}

func TestFormCutShort(t *testing.T) {
	t.Parallel()
	b := setup(t, 1<<30)
	u := b.replica(t)
	for _, size := range []int{10, smallPart, 3*smallPart + 5} {
		_, err := b.form(t, u, io.MultiReader(bytes.NewReader(content(1, size)), iotest.ErrReader(io.ErrUnexpectedEOF)), int64(size)*2, Metadata{})
		require.Equal(t, "body_cut_short", fault.Of(err).Code)
		require.Zero(t, b.quota(t).ReservedBytes)
		b.emptyBucket(t)
	}
}

// TestFormWhoseRowsACrashLost: the rows were committed without waiting for the disk, and the database
// died before it had them. The form is refused; the file is not said to be there.
func TestFormWhoseRowsACrashLost(t *testing.T) {
	t.Parallel()
	b := setup(t, 1<<30)
	u := b.replica(t)
	lose := func() (Trailing, error) {
		for _, table := range []string{"file_versions", "files"} {
			if _, err := b.db.Single(b.org).Exec(t.Context(), "delete from "+table); err != nil {
				return Trailing{}, err
			}
		}
		return Trailing{}, nil
	}
	whole := content(1, atOnceBytes+1) // of a smaller file the rows come last
	_, err := b.form(t, u, bytes.NewReader(whole), -1, Metadata{Trailing: lose})
	require.Error(t, err)
	require.Zero(t, b.quota(t).ReservedBytes)
	_, err = b.form(t, u, bytes.NewReader(whole), -1, Metadata{})
	require.NoError(t, err, "and can be sent again")
}

func TestFormChecksum(t *testing.T) {
	t.Parallel()
	b := setup(t, 1<<30)
	u := b.replica(t)
	for _, size := range []int{10, 3*smallPart + 5} {
		_, err := b.form(t, u, bytes.NewReader(content(1, size)), -1, Metadata{SHA256: hexSum(nil)})
		require.ErrorIs(t, err, files.ErrChecksum)
		require.Zero(t, b.quota(t).ReservedBytes)
		b.emptyBucket(t)
	}
}

// Every call may fail, with or without effect: the form answers with an error
// and leaves neither bytes nor a reservation, or it received the file.
func TestFormFailures(t *testing.T) {
	t.Parallel()
	b := setup(t, 1<<30)
	u := b.replica(t)
	whole := content(1, 3*smallPart+5)
	b.faults.set(nil)
	_, err := b.form(t, u, bytes.NewReader(whole), -1, Metadata{})
	require.NoError(t, err)
	objects, _ := b.memory.left()
	for at := range b.faults.made() {
		for _, v := range []verdict{refused, unheard} {
			b.faults.set(func(n int, _ string) verdict {
				if n == at+1 {
					return v
				}
				return works
			})
			ticket, err := b.form(t, u, bytes.NewReader(whole), -1, Metadata{})
			b.faults.set(nil)
			if err == nil {
				b.received(t, ticket.Upload, whole)
				objects++
				continue
			}
			require.Equal(t, fault.Unavailable, fault.KindOf(err), "%v", err)
		}
	}
	got, _ := b.memory.left()
	require.Equal(t, objects, got)
}

func TestFormOfAnUnknownCaller(t *testing.T) {
	t.Parallel()
	b := setup(t, 1<<30)
	u := b.replica(t)
	unread := iotest.ErrReader(errors.New("the body is not read before the caller is checked"))
	parent := b.actor(t, b.org, tenancy.Parent)
	_, err := u.Form(tenancy.WithActor(context.Background(), parent), parent, Metadata{Name: "a.txt"}, unread, -1)
	require.ErrorIs(t, err, errForbidden)
	_, err = u.Form(tenancy.WithActor(context.Background(), b.teacher), b.teacher, Metadata{Name: "a.exe"}, unread, -1)
	require.Equal(t, "type_not_allowed", fault.Of(err).Code)
	require.Equal(t, "executable", fault.Of(err).Rule)
}
