package apikeys

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"satchel/tenancy"
)

func TestSecretComesBack(t *testing.T) {
	t.Parallel()
	pattern := regexp.MustCompile(Pattern)
	rapid.Check(t, func(t *rapid.T) {
		b := [randomLength]byte(rapid.SliceOfN(rapid.Byte(), randomLength, randomLength).Draw(t, "bytes"))
		s := format(b)
		require.Len(t, s.Reveal(), length)
		require.Equal(t, s.Reveal(), pattern.FindString(`token = "`+s.Reveal()+`";`))
		again, err := Parse(s.Reveal())
		require.NoError(t, err)
		require.Equal(t, s, again)
		// Any one slip is found without asking anyone.
		i := rapid.IntRange(0, length-1).Draw(t, "place")
		other := rapid.SampledFrom(strings.Split(alphabet+"_ é", "")).Draw(t, "slip")
		if slip := s.Reveal()[:i] + other + s.Reveal()[i+1:]; slip != s.Reveal() {
			_, err = Parse(slip)
			require.ErrorIs(t, err, ErrKey)
		}
	})
}

// A key that was computed by another program, so that the form cannot change
// unnoticed: keys that people hold would stop to work.
func TestFormIsKept(t *testing.T) {
	t.Parallel()
	var b [randomLength]byte
	for i := range b {
		b[i] = byte(i)
	}
	require.Equal(t, "stl_003aUlTJC7tjlCTQj2uNU3MFagCXG9LRKRcwGkBIDlf02xf02", format(b).Reveal())
	require.Equal(t, "3jZRME", checksum("123456789"), "0xCBF43926, the check value of CRC-32/ISO-HDLC")
}

func FuzzParse(f *testing.F) {
	f.Add(Generate().Reveal())
	f.Add("stl_")
	f.Add(strings.Repeat("z", length))
	f.Add(Prefix + strings.Repeat("z", bodyLen) + checksum(Prefix+strings.Repeat("z", bodyLen)))
	pattern := regexp.MustCompile("^" + Pattern + "$")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Parse(text)
		if err != nil {
			require.ErrorIs(t, err, ErrKey)
			require.NotContains(t, err.Error(), "stl_")
			return
		}
		require.Equal(t, text, s.Reveal())
		require.Regexp(t, pattern, text)
	})
}

func TestSecretDoesNotShow(t *testing.T) {
	t.Parallel()
	s := Generate()
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("made", "key", s, "in", struct{ K Secret }{s}, "pointer", &s)
	j, err := json.Marshal(map[string]any{"key": s, "pointer": &s})
	require.NoError(t, err)
	for _, shown := range []string{log.String(), string(j), fmt.Sprint(s, &s), fmt.Sprintf("%v %+v %#v %s %q", s, s, s, s, s), fmt.Sprintf("%v", struct{ K Secret }{s})} {
		require.NotContains(t, shown, s.Reveal()[len(Prefix):length-4])
		require.Contains(t, shown, s.Last())
	}
}

// Every action is a scope's or no key's, and never both.
func TestScopesCoverTheGrants(t *testing.T) {
	t.Parallel()
	by := map[tenancy.Action]int{}
	for scope, actions := range Scopes {
		require.NotEmpty(t, actions, scope)
		for _, a := range actions {
			by[a]++
			require.Contains(t, tenancy.Grants, a, "%s names what no role is granted", scope)
		}
		require.Equal(t, actions, Actions([]string{string(scope)}))
	}
	for _, a := range NeverGranted {
		by[a]++
	}
	for a := range tenancy.Grants {
		require.Equal(t, 1, by[a], "%s is in no scope, in several, or in a scope and in Never", a)
	}
	require.Contains(t, NeverGranted, tenancy.ManageKeys)
	require.NotNil(t, Actions(nil), "nil would be everything of the role")
	require.NotNil(t, Actions([]string{"of a later version"}))
	for _, role := range tenancy.Roles {
		for scope := range Scopes {
			key := tenancy.Actor{Role: role, Scopes: Actions([]string{string(scope)})}
			for a := range tenancy.Grants {
				require.False(t, key.May(a) && !(tenancy.Actor{Role: role}).May(a), "%s gives %s to a %s", scope, a, role)
			}
			require.False(t, key.May(tenancy.ManageKeys))
		}
	}
}
