package generate_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/rosters/generate"
)

func written(t *testing.T, d *generate.District, v generate.Version) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, d.Write(&b, v))
	return b.Bytes()
}

func TestASeedGivesTheSameDistrict(t *testing.T) {
	t.Parallel()
	a, b := generate.New(7, generate.Size{People: 200}), generate.New(7, generate.Size{People: 200})
	for range 3 {
		require.Equal(t, written(t, a, generate.V12), written(t, b, generate.V12))
		a.Day(0.05)
		b.Day(0.05)
	}
	require.NotEqual(t, written(t, a, generate.V12), written(t, generate.New(8, generate.Size{People: 200}), generate.V12))
}

// TestADistrictRefersToItself: after any day every reference has its target.
func TestADistrictRefersToItself(t *testing.T) {
	t.Parallel()
	d := generate.New(3, generate.Size{People: 300})
	require.Len(t, d.People, 300)
	for range 20 {
		d.Day(0.1)
		people, classes := map[string]bool{}, map[string]bool{}
		for _, p := range d.People {
			people[p.ID] = true
		}
		for _, c := range d.Classes {
			classes[c.ID] = true
		}
		for _, e := range d.Enrollments {
			require.True(t, people[e.User] && classes[e.Class], "enrollment %s", e.ID)
		}
		for _, p := range d.People {
			for _, a := range p.Agents {
				require.True(t, people[a])
			}
		}
		require.NotEmpty(t, d.Classes)
	}
}
