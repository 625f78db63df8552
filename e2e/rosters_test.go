package e2e

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"satchel/client"
	"satchel/rosters/generate"
)

// imported is an import of a roster as the API shows it.
type imported struct {
	ID, State, Operation string
	Hash                 string `json:"changes_hash"`
	Waits                bool   `json:"waits_for_decision"`
	Holds                []struct{ Code string }
	Summary              struct{ Total, Removals int64 }
	Report               struct{ Applied int64 }
}

// rosterSource makes a source of rosters and gives its id.
func (s school) rosterSource(t *testing.T) string {
	t.Helper()
	var made struct{ ID string }
	require.NoError(t, s.Owner.Call(testContext(t), http.MethodPost, s.path("/roster/sources"), map[string]any{"name": "SIS"}, &made))
	return made.ID
}

func (s school) path(rest string) string { return "/api/v1/organizations/" + s.ID + rest }

// sendRoster sends a district and waits until the import has ended or waits for a
// person.
func (s school) sendRoster(t *testing.T, source string, d *generate.District) imported {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, d.Write(&b, generate.V12))
	header := http.Header{"Content-Type": {"application/zip"}, "Content-Length": {strconv.Itoa(b.Len())}}
	resp, err := s.Owner.Send(testContext(t), http.MethodPost, s.path("/roster/imports?source_id="+url.QueryEscape(source)), header, &b)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	var i imported
	require.NoError(t, json.NewDecoder(resp.Body).Decode(&i))
	return s.rosterRests(t, i.ID, func(i imported) bool { return i.Waits || i.State == "applied" || i.State == "stopped" })
}

func (s school) rosterRests(t *testing.T, id string, rests func(imported) bool) (i imported) {
	t.Helper()
	require.Eventually(t, func() bool {
		i = imported{}
		err := s.Owner.Call(testContext(t), http.MethodGet, s.path("/roster/imports/"+id), nil, &i)
		return err == nil && rests(i)
	}, patience, 100*time.Millisecond)
	return i
}

// decideRoster decides and waits for the state.
func (s school) decideRoster(t *testing.T, i imported, decision, state string) imported {
	t.Helper()
	in := map[string]any{"changes_hash": i.Hash}
	require.NoError(t, s.Owner.Call(testContext(t), http.MethodPost, s.path("/roster/imports/"+i.ID+"/"+decision), in, nil))
	return s.rosterRests(t, i.ID, func(i imported) bool { return i.State == state })
}

// TestRosterBecomesClasses imports a district: its classes have spaces with their
// teachers, a roster that would remove much waits and is discarded, and undoing takes
// the district back.
func TestRosterBecomesClasses(t *testing.T) {
	s := newSchool(t)
	source, d := s.rosterSource(t), generate.New(3, generate.Size{People: 200, Classes: 12, PerStudent: 3})
	first := s.sendRoster(t, source, d)
	require.Equal(t, "first_import", first.Holds[0].Code)
	applied := s.decideRoster(t, first, "approve", "applied")
	require.Equal(t, first.Summary.Total, applied.Report.Applied)

	ctx := testContext(t)
	var classes client.Page[struct {
		ID    string
		Space string `json:"space_id"`
	}]
	require.NoError(t, s.Owner.Call(ctx, http.MethodGet, "/api/v1/classes?limit=50", nil, &classes))
	require.Len(t, classes.Items, len(d.Classes))
	staffed := 0
	for _, c := range classes.Items {
		require.NoError(t, s.Owner.Call(ctx, http.MethodGet, "/api/v1/classes/"+c.ID, nil, &c))
		var people client.Page[struct{ Level int }]
		require.NoError(t, s.Owner.Call(ctx, http.MethodGet, "/api/v1/spaces/"+c.Space+"/people?limit=200", nil, &people))
		for _, p := range people.Items {
			if p.Level == 4 {
				staffed++
				break
			}
		}
	}
	require.Positive(t, staffed, "the primary teacher manages the space of the class")

	d.Enrollments, d.Classes = nil, nil
	d.People = d.People[:1]
	dangerous := s.sendRoster(t, source, d)
	require.True(t, dangerous.Waits)
	require.NotEmpty(t, dangerous.Holds)
	s.decideRoster(t, dangerous, "discard", "discarded")
	require.NoError(t, s.Owner.Call(ctx, http.MethodGet, "/api/v1/classes?state=active&limit=50", nil, &classes))
	require.Len(t, classes.Items, 12, "nothing was changed")

	s.sound(t) // the packages are the imports'
	require.NoError(t, s.Owner.Call(ctx, http.MethodPost, s.path("/roster/imports/"+first.ID+"/undo"), nil, nil))
	s.rosterRests(t, first.ID, func(i imported) bool { return i.State == "undone" })
	require.NoError(t, s.Owner.Call(ctx, http.MethodGet, "/api/v1/classes?state=active&limit=50", nil, &classes))
	require.Empty(t, classes.Items)
}

// TestRosterSurvivesAKilledWorker kills the worker while batches are applied. The import
// ends, and the same roster again changes nothing: no batch was lost.
func TestRosterSurvivesAKilledWorker(t *testing.T) {
	s := newSchool(t)
	source, d := s.rosterSource(t), generate.New(5, generate.Size{People: 1500, Classes: 200})
	i := s.sendRoster(t, source, d)
	ctx := testContext(t)
	require.NoError(t, s.Owner.Call(ctx, http.MethodPost, s.path("/roster/imports/"+i.ID+"/approve"), map[string]any{"changes_hash": i.Hash}, nil))
	require.Eventually(t, func() bool {
		var people client.Page[struct{}]
		err := s.Owner.Call(ctx, http.MethodGet, s.path("/people?limit=1"), nil, &people)
		return err == nil && len(people.Items) > 0
	}, patience, 10*time.Millisecond)
	kill(t, "worker")
	applied := s.rosterRests(t, i.ID, func(i imported) bool { return i.State == "applied" })
	require.Equal(t, i.Summary.Total, applied.Report.Applied)
	ready(t)
	again := s.sendRoster(t, source, d)
	require.Equal(t, "applied", again.State)
	require.Zero(t, again.Summary.Total)
	s.sound(t)
}
