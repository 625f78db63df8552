package signed

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"satchel/tenancy"
)

const (
	oldKey = "an old key of the tests, which is long enough"
	newKey = "a new key of the tests, which is long enough"
)

func keys(t testing.TB, texts ...string) *Keys {
	t.Helper()
	k, err := New(Config{Keys: texts})
	require.NoError(t, err)
	return k
}

func link() Link {
	return Link{
		Organization: tenancy.OrgID(uuid.New()), File: uuid.New(), Version: uuid.New(), Name: "report.pdf",
		Actor: uuid.New(), Expires: time.Unix(time.Now().Unix()+60, 0),
	}
}

func verify(k *Keys, address string) (Link, error) {
	return k.Verify(httptest.NewRequest(http.MethodGet, address, nil))
}

func TestAnAddressGivesItsLink(t *testing.T) {
	t.Parallel()
	k := keys(t, newKey)
	rapid.Check(t, func(r *rapid.T) {
		id := rapid.Custom(func(r *rapid.T) uuid.UUID {
			return uuid.UUID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(r, "id"))
		})
		l := Link{
			Organization: tenancy.OrgID(id.Draw(r, "organization")), File: id.Draw(r, "file"), Version: id.Draw(r, "version"),
			Transformation: rapid.String().Draw(r, "transformation"), Attachment: rapid.Bool().Draw(r, "attachment"),
			Expires: time.Unix(time.Now().Unix()+rapid.Int64Range(30, 3600).Draw(r, "seconds"), 0),
		}
		for _, o := range l.optional() {
			if rapid.Bool().Draw(r, "present") {
				*o.id = id.Draw(r, "optional")
			}
		}
		got, err := verify(k, k.URL("https://content.test/", l))
		require.NoError(r, err)
		require.Equal(r, "file", got.Name, "a link without a name has one in its path")
		got.Name = ""
		require.Equal(r, l, got)
	})
}

func TestNamesArePartOfThePathAndNotTrusted(t *testing.T) {
	t.Parallel()
	k := keys(t, newKey)
	for name, want := range map[string]string{
		"report.pdf": "report.pdf", "a/b\\c.txt": "a_b_c.txt", "..": "file", "?s=x#y": "?s=x#y", "пример ✓.txt": "пример ✓.txt", "\xff": "_", "100%": "100%",
	} {
		l := link()
		l.Name = name
		address := k.URL("https://content.test", l)
		got, err := verify(k, address)
		require.NoError(t, err, address)
		require.Equal(t, want, got.Name)
		u, err := url.Parse(address)
		require.NoError(t, err)
		require.NotContains(t, strings.ToLower(u.EscapedPath()), "%2f", "the API refuses such a path")
		require.NotContains(t, strings.ToLower(u.EscapedPath()), "%5c", "the API refuses such a path")
		_, err = verify(k, strings.Replace(address, u.EscapedPath(), Path+l.Version.String()+"/other", 1))
		require.NoError(t, err, "people may change the name")
	}
}

// A signature with any other bit than its own is refused, and so is a cut one.
func TestTamperedAddress(t *testing.T) {
	t.Parallel()
	k := keys(t, newKey)
	l := link()
	address := k.URL("https://content.test", l)
	before, signature, _ := strings.Cut(address, "?s=")
	text, err := encoding.DecodeString(signature)
	require.NoError(t, err)
	for i := range len(text) * 8 {
		text[i/8] ^= 1 << (i % 8)
		_, err := verify(k, before+"?s="+encoding.EncodeToString(text))
		require.ErrorIs(t, err, ErrInvalid, "bit %d", i)
		text[i/8] ^= 1 << (i % 8)
	}
	for i := range signature {
		_, err := verify(k, before+"?s="+signature[:i])
		require.ErrorIs(t, err, ErrInvalid)
	}
	for name, bad := range map[string]string{
		"none": before, "empty": before + "?s=", "twice": address + "&s=" + signature, "longer": address + "A", "padded": address + "==",
		"no version": "https://content.test/c/x/report.pdf?s=" + signature, "nil version": "https://content.test/c/" + uuid.Nil.String() + "/a?s=" + signature,
		"version in capitals": strings.Replace(address, l.Version.String(), strings.ToUpper(l.Version.String()), 1),
		"version in braces":   strings.Replace(address, l.Version.String(), "%7B"+l.Version.String()+"%7D", 1),
	} {
		_, err := verify(k, bad)
		require.ErrorIs(t, err, ErrInvalid, name)
	}
	_, err = verify(k, address+"&other=1")
	require.NoError(t, err, "parameters of others say nothing")
}

func TestSignatureOfAnotherVersion(t *testing.T) {
	t.Parallel()
	k := keys(t, newKey)
	l := link()
	_, err := verify(k, strings.Replace(k.URL("https://content.test", l), l.Version.String(), uuid.NewString(), 1))
	require.ErrorIs(t, err, ErrInvalid)
}

func TestExpiredAddress(t *testing.T) {
	t.Parallel()
	k, now := keys(t, newKey), time.Unix(1_800_000_000, 0)
	for name, c := range map[string]struct {
		expires int64
		want    error
	}{
		"in the past": {now.Unix() - 1, ErrExpired}, "this second": {now.Unix(), ErrExpired}, "the next second": {now.Unix() + 1, nil},
		"never": {0, ErrExpired}, "negative": {-1 << 62, ErrExpired}, "the longest": {now.Unix() + 3600, nil},
		"a clock ahead by a minute": {now.Unix() + 3660, nil}, "too far": {now.Unix() + 3661, ErrInvalid},
		"2^53": {1 << 53, ErrInvalid}, "the largest number": {1<<63 - 1, ErrInvalid},
	} {
		l := link()
		l.Expires = time.Unix(c.expires, 0)
		u, err := url.Parse(k.URL("https://content.test", l))
		require.NoError(t, err)
		_, err = k.verify(u, now)
		require.ErrorIs(t, err, c.want, name)
	}
}

func TestRotationOverlaps(t *testing.T) {
	t.Parallel()
	before, during, after := keys(t, oldKey), keys(t, newKey, oldKey), keys(t, newKey)
	old, fresh := before.URL("https://content.test", link()), during.URL("https://content.test", link())
	for name, c := range map[string]struct {
		k       *Keys
		address string
		good    bool
	}{
		"old address, both keys": {during, old, true}, "new address, both keys": {during, fresh, true},
		"new address, new key": {after, fresh, true}, "old address, new key": {after, old, false}, "new address, old key": {before, fresh, false},
	} {
		_, err := verify(c.k, c.address)
		require.Equal(t, c.good, err == nil, name)
	}
}

func TestKeysAreLong(t *testing.T) {
	t.Parallel()
	for _, bad := range [][]string{nil, {""}, {strings.Repeat("k", 31)}, {newKey, "short"}} {
		_, err := New(Config{Keys: bad})
		require.ErrorContains(t, err, "SATCHEL_CONTENT_KEYS")
	}
}

// FuzzVerify: no text is taken but one that the keys signed.
func FuzzVerify(f *testing.F) {
	k := keys(f, newKey, oldKey)
	// Fuzzing runs in several processes, which must agree about what is signed.
	l := Link{Organization: tenancy.Platform, File: uuid.UUID{1}, Version: uuid.UUID{2}, Expires: time.Unix(1_800_000_060, 0)}
	good := k.sign(l)
	f.Add(l.Version.String(), good)
	f.Add(l.Version.String(), good[:20])
	f.Add("", "AQ")
	f.Fuzz(func(t *testing.T, version, parameter string) {
		u := &url.URL{Path: Path + version + "/x", RawQuery: url.Values{"s": {parameter}}.Encode()}
		got, err := k.verify(u, time.Unix(1_800_000_000, 0))
		if err == nil {
			require.Equal(t, good, parameter)
			require.Equal(t, l.File, got.File)
		}
	})
}

// FuzzDecode: what is read as a link is written as the same bytes again.
func FuzzDecode(f *testing.F) {
	f.Add(encode(link()))
	f.Fuzz(func(t *testing.T, message []byte) {
		l, err := decode(uuid.New(), message)
		if err == nil {
			again, err := decode(l.Version, encode(l))
			require.NoError(t, err)
			require.Equal(t, l, again)
		}
	})
}
