package generation_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/activities/generation"
	"satchel/generation/drafts"
	"satchel/generation/providers"
	"satchel/internal/activitytest"
	"satchel/internal/fault"
)

// moderator plays the moderation: what it cannot say is an error.
type moderator struct {
	flagged bool
	err     error
	seen    []string
}

func (m *moderator) Flagged(_ context.Context, text string) (bool, error) {
	m.seen = append(m.seen, text)
	return m.flagged, m.err
}

// TestAModerationIsAskedFirst: what it calls unfit is never a draft, and while it does not
// answer nothing is shown and nothing is paid again. What is cut from a text is not asked about.
func TestAModerationIsAskedFirst(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	m := &moderator{err: fault.New(fault.Unavailable, "moderation_unavailable", "It does not answer.")}
	b.maker.Moderator = m
	id := b.ask(providers.OpenAI, text, nil)
	for range 2 {
		_, err := b.make(id, 1)
		activitytest.RequireRefused(t, err, "moderation_unavailable", true)
	}
	require.Equal(t, drafts.Waiting, b.row(id).State)
	m.err, m.flagged = nil, true
	_, err := b.make(id, 1)
	activitytest.RequireRefused(t, err, "answer_moderated", false)
	require.Equal(t, drafts.Waiting, b.row(id).State)
	require.Equal(t, 1, b.model.asked())
	require.Contains(t, m.seen[0], "Volcanoes")
	m.flagged = false
	state, err := b.make(id, 1)
	require.NoError(t, err)
	require.Equal(t, generation.Drafted, state)
	before := len(m.seen)
	_, err = b.make(b.ask(providers.Extractive, text, nil), 1)
	require.NoError(t, err)
	require.Len(t, m.seen, before)
}
