package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/client"
)

// The files of the tests.
const (
	idA, idB, idC = "0198c2b4-0000-7000-8000-00000000000a", "0198c2b4-0000-7000-8000-00000000000b", "0198c2b4-0000-7000-8000-00000000000c"
	idRefused     = "ffffffff-0000-7000-8000-000000000002"
)

// bulkAPI changes files, and refuses those whose id begins with f. A change of more than
// two runs until it is asked about.
type bulkAPI struct {
	asked   []client.NewBulk
	running client.Bulk
}

func (b *bulkAPI) done() client.Bulk {
	end := b.running
	end.State, end.Items = "succeeded", nil
	for _, id := range b.asked[len(b.asked)-1].IDs {
		item := client.BulkItem{ID: id, Result: "ok"}
		if strings.HasPrefix(id, "f") {
			item = client.BulkItem{ID: id, Result: "refused", Code: "not_yours", Detail: "It is somebody else's."}
		}
		end.Items = append(end.Items, item)
	}
	return end
}

func (b *bulkAPI) handler(t *testing.T) http.Handler {
	mux := http.NewServeMux()
	answer := func(w http.ResponseWriter, v any) {
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(v); err != nil {
			t.Error(err)
		}
	}
	mux.HandleFunc("POST /api/v1/storage/files/bulk", func(w http.ResponseWriter, r *http.Request) {
		var n client.NewBulk
		if err := json.NewDecoder(r.Body).Decode(&n); err != nil {
			t.Error(err)
		}
		b.asked = append(b.asked, n)
		b.running = client.Bulk{ID: "1", Action: n.Action, State: "running", Total: len(n.IDs)}
		if len(n.IDs) > 2 {
			w.WriteHeader(http.StatusAccepted)
			answer(w, b.running)
			return
		}
		answer(w, b.done())
	})
	mux.HandleFunc("GET /api/v1/storage/files", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{"items": []client.File{{ID: idC, Name: "Algebra.pdf"}}})
	})
	mux.HandleFunc("GET /api/v1/storage/bulk/1", func(w http.ResponseWriter, _ *http.Request) { answer(w, b.done()) })
	return mux
}

func (b *bulkAPI) run(t *testing.T, stdin string, args ...string) (string, error) {
	t.Helper()
	return commandReading(t, b.handler(t), stdin, args...)
}

func TestManyFilesAreChangedAndRefusalsSaid(t *testing.T) {
	b := &bulkAPI{}
	said, err := b.run(t, "ID        NAME\n"+idA+" first line\n\n"+idRefused+"\tname\n", "trash", "-", "algebra.pdf")
	require.ErrorIs(t, err, errOutcome)
	require.Contains(t, said, "It is somebody else's.")
	require.Contains(t, said, "Done: 2 of 3.")
	require.Equal(t, []client.NewBulk{{Action: "trash", IDs: []string{idA, idRefused, idC}}}, b.asked)

	said, err = b.run(t, "", "tag", idA, "--add", "algebra", "--remove", "term 1", "--json")
	require.NoError(t, err)
	var items []client.BulkItem
	require.NoError(t, json.Unmarshal([]byte(said), &items))
	require.Equal(t, []client.BulkItem{{ID: idA, Result: "ok"}}, items)
	require.Equal(t, client.NewBulk{Action: "tag", IDs: []string{idA}, AddTags: []string{"algebra"}, RemoveTags: []string{"term 1"}}, b.asked[1])

	_, err = b.run(t, "", "restore", idA, idB)
	require.NoError(t, err)
	require.Equal(t, "restore", b.asked[2].Action)
}

// TestMoreThanOneChangeTakes are sent in several.
func TestMoreThanOneChangeTakes(t *testing.T) {
	b := &bulkAPI{}
	var ids strings.Builder
	for i := range client.MaxBulk + 1 {
		fmt.Fprintf(&ids, "0198c2b4-0000-7000-8000-%012d\n", i)
	}
	said, err := b.run(t, ids.String(), "trash", "-")
	require.NoError(t, err)
	require.Contains(t, said, "Done: 1001 of 1001.")
	require.Equal(t, []int{client.MaxBulk, 1}, slices.Collect(func(yield func(int) bool) {
		for _, n := range b.asked {
			if !yield(len(n.IDs)) {
				return
			}
		}
	}))
}

func TestChangesThatSayTooLittle(t *testing.T) {
	for _, args := range [][]string{{"mv", "a"}, {"tag", idA}, {"trash", "-"}, {"trash", "nope"}, {"restore", "nope"}, {"restore", idA, "nope"}} {
		b := &bulkAPI{}
		_, err := b.run(t, "", args...)
		require.Error(t, err, args)
		require.Empty(t, b.asked, args)
	}
}

// TestLinesThatBeginWithNoIDAreSaid: nothing is changed then.
func TestLinesThatBeginWithNoIDAreSaid(t *testing.T) {
	b := &bulkAPI{}
	_, err := b.run(t, idA+"\nDone: 1 of 1.\n", "trash", "-")
	require.ErrorContains(t, err, `line 2 of standard input begins with "Done:"`)
	require.Empty(t, b.asked)
	_, err = b.run(t, "", "trash", "nope")
	require.ErrorContains(t, err, "satchel ls -q 'nope'")
}
