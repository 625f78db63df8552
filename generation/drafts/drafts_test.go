package drafts_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"satchel/generation"
	"satchel/generation/drafts"
	"satchel/generation/providers"
	"satchel/internal/pgtest"
	"satchel/tenancy"
)

func document(title string) *generation.Document {
	return &generation.Document{Schema: generation.Vocabulary.Schema(), Title: title, Language: "en", Terms: []generation.Term{{Term: "magma", Definition: "molten rock"}}}
}

// TestStates: whatever people and the platform do, the row goes only the ways that there
// are, and what has ended keeps nothing of the text.
func TestStates(t *testing.T) {
	t.Parallel()
	db, ctx := pgtest.New(t), t.Context()
	org := db.Organization(t, 1<<20)
	person := db.Member(t, org, tenancy.Teacher)
	q := db.Single(org)
	rapid.Check(t, func(t *rapid.T) {
		id := tenancy.NewID()
		if err := drafts.Insert(ctx, q, drafts.New{ID: id, By: person, Provider: providers.Extractive, Request: generation.Request{Kind: generation.Vocabulary, Language: "en", Count: 1, Source: "text"}}); err != nil {
			t.Fatal(err)
		}
		state, revision := drafts.Waiting, 0
		do := func(allowed bool, to drafts.State, f func(tx *tenancy.Tx) error) {
			err := db.InTx(ctx, org, f)
			if allowed != (err == nil) {
				t.Fatalf("%s → %s: %v", state, to, err)
			}
			if allowed {
				state = to
			}
		}
		open := func() bool { return state == drafts.Waiting || state == drafts.Draft || state == drafts.Approved }
		t.Repeat(map[string]func(*rapid.T){
			"store": func(*rapid.T) { // changes only what waits
				to := state
				if state == drafts.Waiting {
					to, revision = drafts.Draft, 1
				}
				do(true, to, func(tx *tenancy.Tx) error { return drafts.Store(ctx, tx, id, drafts.Made{Document: document("t")}) })
			},
			"edit": func(t *rapid.T) {
				seen := rapid.IntRange(0, 3).Draw(t, "revision")
				canonical, err := generation.Marshal(document("u"))
				if err != nil {
					t.Fatal(err)
				}
				allowed := state == drafts.Draft && seen == revision
				do(allowed, state, func(tx *tenancy.Tx) error { return drafts.Edit(ctx, tx, id, person, seen, canonical) })
				if allowed {
					revision++
				}
			},
			"approve": func(t *rapid.T) {
				seen := rapid.IntRange(0, 3).Draw(t, "revision")
				do(state == drafts.Draft && seen == revision, drafts.Approved, func(tx *tenancy.Tx) error {
					return drafts.Approve(ctx, tx, id, drafts.Approval{By: person, Revision: seen, Format: "csv", File: tenancy.NewID(), Version: tenancy.NewID()})
				})
			},
			"reject": func(*rapid.T) {
				do(state == drafts.Draft || state == drafts.Rejected, drafts.Rejected, func(tx *tenancy.Tx) error {
					_, err := drafts.Refuse(ctx, tx, id, person, drafts.Rejected)
					return err
				})
			},
			"cancel": func(*rapid.T) {
				do(state == drafts.Waiting || state == drafts.Draft || state == drafts.Cancelled, drafts.Cancelled, func(tx *tenancy.Tx) error {
					_, err := drafts.Refuse(ctx, tx, id, person, drafts.Cancelled)
					return err
				})
			},
			"end": func(t *rapid.T) { // the first end stays, and what is approved is not called off
				to := rapid.SampledFrom([]drafts.State{drafts.Failed, drafts.Cancelled, drafts.Expired}).Draw(t, "to")
				becomes := to
				if !open() || state == drafts.Approved && to == drafts.Cancelled {
					becomes = state
				}
				do(true, becomes, func(tx *tenancy.Tx) error { return drafts.End(ctx, tx, id, to, "code") })
			},
			"": func(t *rapid.T) {
				g, err := drafts.Get(ctx, q, id)
				if err != nil {
					t.Fatal(err)
				}
				text, err := drafts.SourceText(ctx, q, id)
				if err != nil {
					t.Fatal(err)
				}
				require.Equal(t, state, g.State)
				require.Equal(t, open(), g.Open())
				require.Equal(t, open(), text != "")
				newest, err := drafts.Newest(ctx, q, id)
				if open() && revision > 0 {
					require.NoError(t, err)
					require.Equal(t, revision, newest.Number)
				} else {
					require.ErrorIs(t, err, drafts.ErrNoDraft)
				}
			},
		})
	})
}

// TestAnEditStaysWhatWasAskedFor: another kind or language is another request, and an anchor
// points into the text.
func TestAnEditStaysWhatWasAskedFor(t *testing.T) {
	t.Parallel()
	db, ctx := pgtest.New(t), t.Context()
	org := db.Organization(t, 1<<20)
	person, id := db.Member(t, org, tenancy.Teacher), tenancy.NewID()
	require.NoError(t, drafts.Insert(ctx, db.Single(org), drafts.New{ID: id, By: person, Provider: providers.Extractive, Request: generation.Request{Kind: generation.Vocabulary, Language: "en", Count: 1, Source: "text"}}))
	require.NoError(t, db.InTx(ctx, org, func(tx *tenancy.Tx) error { return drafts.Store(ctx, tx, id, drafts.Made{Document: document("t")}) }))
	for name, change := range map[string]func(*generation.Document){
		"language": func(d *generation.Document) { d.Language = "de" },
		"anchor": func(d *generation.Document) {
			d.Source, d.Terms[0].Anchor = generation.SourceOf("text"), &generation.Anchor{Start: 0, End: 50}
		},
		"source": func(d *generation.Document) { d.Source = generation.SourceOf("another") },
		"kind": func(d *generation.Document) {
			d.Schema, d.Terms = generation.Rubric.Schema(), nil
		},
	} {
		d := document("t")
		change(d)
		encoded, err := generation.Marshal(d)
		require.NoError(t, err)
		require.Error(t, db.InTx(ctx, org, func(tx *tenancy.Tx) error { return drafts.Edit(ctx, tx, id, person, 1, encoded) }), name)
	}
}

// TestSpendingFollowsTheCalendar: a request is charged to the day and the month in which it
// was made, also when it is settled later.
func TestSpendingFollowsTheCalendar(t *testing.T) {
	t.Parallel()
	db, ctx := pgtest.New(t), t.Context()
	org := db.Organization(t, 1<<20)
	person, id := db.Member(t, org, tenancy.Teacher), tenancy.NewID()
	require.NoError(t, drafts.Insert(ctx, db.Single(org), drafts.New{ID: id, By: person, Provider: providers.OpenAI, Request: generation.Request{Kind: generation.Quiz, Language: "en", Count: 1, Topic: "t"}}))
	g, err := drafts.Get(ctx, db.Single(org), id)
	require.NoError(t, err)
	last, caps := time.Date(2026, 11, 30, 23, 59, 59, 0, time.UTC), providers.Caps{Job: 1000, Day: 100, Month: 150}
	charge := func(at time.Time, micro int64) (uuid.UUID, error) {
		return drafts.Reserve(ctx, db.DB, g, 1, micro, caps, at)
	}
	first, err := charge(last, 100)
	require.NoError(t, err)
	_, err = charge(last, 1)
	require.ErrorIs(t, err, drafts.ErrDayCap)
	_, err = charge(last.AddDate(0, 0, -1), 51)
	require.ErrorIs(t, err, drafts.ErrMonthCap)
	_, err = charge(last.Add(time.Second), 100)
	require.NoError(t, err, "another day and another month")
	settle := func(b drafts.Bill) {
		require.NoError(t, db.InTx(ctx, org, func(tx *tenancy.Tx) error { return drafts.Settle(ctx, tx, first, b) }))
	}
	settle(drafts.Bill{Known: true, Micro: 40, InputTokens: 30, OutputTokens: 10})
	settle(drafts.Bill{}) // once
	sums, err := drafts.Spending(ctx, db.Single(org), last)
	require.NoError(t, err)
	got := map[string][]int64{}
	for _, s := range sums {
		got[s.Period+s.Starts.Format(" 01-02")] = []int64{s.Reserved, s.Spent, s.Calls, s.InputTokens, s.OutputTokens}
	}
	require.Equal(t, map[string][]int64{"day 11-30": {0, 40, 1, 30, 10}, "month 11-01": {0, 40, 1, 30, 10}, "day 12-01": {100, 0, 0, 0, 0}, "month 12-01": {100, 0, 0, 0, 0}}, got)
	_, err = charge(last, 60)
	require.NoError(t, err, "what was given back is free again")
}
