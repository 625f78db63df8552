package e2e

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"satchel/client"
)

const volcanoes = `Volcanoes and the Earth

A volcano is an opening in the crust of the Earth through which lava, ash and gases escape. Most volcanoes are found along the edges of tectonic plates. Magma is the molten rock that lies beneath the surface. When magma reaches the surface, it is called lava.

The eruption of Mount Tambora in 1815 changed the climate of the whole planet. Farmers in Europe lost their harvest during the summer of 1816 because the sunlight was weak. A seismometer is an instrument that records the shaking of the ground. Tectonic plates are the large pieces of crust that move slowly over the mantle. Pumice is a light rock that forms when lava cools with bubbles of gas inside.`

// TestGeneration: a teacher's text becomes a quiz, is looked at, changed and approved, and is
// an ordinary file that was scanned; a student reaches none of it, another organization finds
// nothing.
func TestGeneration(t *testing.T) {
	s, other := newSchool(t), newSchool(t)
	ctx := testContext(t)
	source := settled(t, s.Teacher, mustUpload(t, s.Teacher, "volcanoes.txt", []byte(volcanoes)))
	quiz := client.NewGeneration{Kind: "quiz", Language: "en", Count: 5, File: source.ID}
	turnOn := func(s school) {
		require.NoError(t, s.Owner.Call(ctx, http.MethodPatch, "/api/v1/organizations/"+s.ID+"/policies", map[string]any{"generation": true}, nil))
	}
	require.Eventually(t, func() bool { // its text is read behind its publication
		_, err := s.Teacher.Generate(ctx, quiz)
		return err != nil && strings.Contains(err.Error(), "An owner can turn it on")
	}, patience, 200*time.Millisecond)
	turnOn(s)
	turnOn(other)
	_, err := s.Student.Generate(ctx, quiz)
	require.Error(t, err)
	_, err = other.Teacher.Generate(ctx, quiz)
	refused(t, err, http.StatusNotFound, "file_not_found")

	g, err := s.Teacher.Generate(ctx, quiz)
	require.NoError(t, err)
	for g.State == "waiting" {
		g, err = s.Teacher.Generation(ctx, g.ID, 20)
		require.NoError(t, err)
	}
	require.Equal(t, "draft", g.State, g.Code)
	told, err := s.Teacher.Notifications(ctx)
	require.NoError(t, err)
	require.True(t, slices.ContainsFunc(told, func(n client.Notification) bool { return n.Kind == "generation.drafted" }), "%v", told)
	_, err = other.Teacher.Generation(ctx, g.ID, 0)
	refused(t, err, http.StatusNotFound, "generation_not_found")
	var d map[string]any
	require.NoError(t, json.Unmarshal(g.Document, &d))
	require.Len(t, d["questions"], 5)
	d["title"] = "Volcanoes for 7b"
	edited, err := json.Marshal(d)
	require.NoError(t, err)
	g, err = s.Teacher.EditGeneration(ctx, g.ID, g.Revision, edited)
	require.NoError(t, err)

	approved, err := s.Teacher.ApproveGeneration(ctx, g.ID, client.GenerationApproval{Revision: g.Revision, Format: "docx", Answers: true})
	require.NoError(t, err)
	file := settled(t, s.Teacher, approved.FileID)
	require.Equal(t, "published", file.Status)
	require.Equal(t, "Volcanoes-for-7b.docx", file.Name)
	for approved.State == "approved" {
		approved, err = s.Teacher.Generation(ctx, g.ID, 20)
		require.NoError(t, err)
	}
	require.Equal(t, "published", approved.State)
	j, err := s.Teacher.Job(ctx, "", g.ID, 20)
	require.NoError(t, err)
	require.Equal(t, []string{"content.generate_content", "succeeded"}, []string{j.Name, j.State})

	second, err := s.Teacher.Generate(ctx, quiz)
	require.NoError(t, err)
	second, err = s.Teacher.EndGeneration(ctx, second.ID, "cancel")
	require.NoError(t, err)
	require.Equal(t, "cancelled", second.State)
	j, err = s.Teacher.Job(ctx, "", second.ID, 20)
	require.NoError(t, err)
	require.Equal(t, "cancelled", j.State)
}
