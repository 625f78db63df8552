package api

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	making "satchel/activities/generation"
	"satchel/api/apikeys"
	"satchel/api/generations"
	"satchel/files"
	"satchel/generation"
	"satchel/generation/drafts"
	"satchel/generation/providers"
	"satchel/internal/activitytest"
	"satchel/tenancy"
)

// playedModels are set up and never asked: there is no worker here.
var playedModels = providers.Config{
	OpenAIURL: "http://127.0.0.1:1/v1", OpenAIModel: "m", OpenAICompany: "Model Company", OpenAICountry: "DE", OpenAINoTraining: true, OpenAIInput: 1_000_000, OpenAIOutput: 2_000_000,
	Currency: "EUR", JobCap: 1_000_000, DayCap: 5_000_000, MonthCap: 50_000_000,
}

const volcanoes = `Volcanoes and the Earth

A volcano is an opening in the crust of the Earth through which lava, ash and gases escape. Most volcanoes are found along the edges of tectonic plates. Magma is the molten rock that lies beneath the surface. When magma reaches the surface, it is called lava.

In 1883 the island of Krakatoa exploded with a sound that was heard thousands of kilometers away. The eruption of Mount Tambora in 1815 changed the climate of the whole planet. Farmers in Europe lost their harvest during the summer of 1816 because the sunlight was weak.

Scientists measure the movement of the ground with sensitive instruments. A seismometer is an instrument that records the shaking of the ground. Earthquakes often warn the people who live near a volcano before an eruption begins. Tectonic plates are the large pieces of crust that move slowly over the mantle. Pumice is a light rock that forms when lava cools with bubbles of gas inside.`

func generationAt(id uuid.UUID, rest string) string {
	return generationsPath + "/" + id.String() + rest
}

func newQuiz(file uuid.UUID) map[string]any {
	return map[string]any{"kind": "quiz", "language": "en", "count": 5, "file_id": file}
}

// readText is what the worker does with a published file.
func (b *testBundle) readText(org tenancy.OrgID, file uuid.UUID) error {
	_, err := b.db.Single(org).Exec(context.Background(), "update file_texts set state = 'ready', language = 'english', body = $2 where file_id = $1", file, volcanoes)
	return err
}

// playDraft is what the workflow does first.
func (b *testBundle) playDraft(org tenancy.OrgID, id uuid.UUID) error {
	list, err := providers.New(playedModels)
	if err != nil {
		return err
	}
	m := &making.Maker{DB: b.db.DB, Providers: list, Now: time.Now}
	_, err = m.MakeDraft(context.Background(), making.MakeDraftInput{Org: org, Generation: id, Round: 1})
	return err
}

// mayGenerate turns generation on and has the text of a file read.
func (p *person) mayGenerate(file uuid.UUID) {
	p.b.t.Helper()
	p.call(patch, p.orgPath("/policies"), map[string]any{"generation": true}).is(http.StatusOK)
	require.NoError(p.b.t, p.b.readText(p.org, file))
}

// quiz asks for one and plays the workflow until there is a draft.
func (p *person) quiz(file uuid.UUID) uuid.UUID {
	p.b.t.Helper()
	made := read[generations.View](p.call(post, generationsPath, newQuiz(file)).is(http.StatusAccepted))
	require.NoError(p.b.t, p.b.playDraft(p.org, made.ID))
	return made.ID
}

// draft is a draft of the owner's.
func (s *scene) draft() uuid.UUID {
	s.owner.mayGenerate(s.file)
	made := s.owner.quiz(s.file)
	s.mark(s.owner.org)
	return made
}

// TestADraftBecomesAFile: asked for, made, changed, looked at, approved and published.
func TestADraftBecomesAFile(t *testing.T) {
	t.Parallel()
	b := setup(t)
	org := b.organization()
	owner, teacher, pupil := b.person(org, tenancy.Owner), b.person(org, tenancy.Teacher), b.person(org, tenancy.Student)
	colleague, other := b.person(org, tenancy.Teacher), b.person(b.organization(), tenancy.Owner)
	source := teacher.published("volcanoes.txt", volcanoes)
	teacher.call(post, generationsPath, newQuiz(source.ID)).refused(409, "text_not_ready")
	require.NoError(t, b.readText(org, source.ID))
	teacher.call(post, generationsPath, newQuiz(source.ID)).refused(403, "generation_off")
	teacher.call(patch, teacher.orgPath("/policies"), map[string]any{"generation": true}).is(403)
	owner.mayGenerate(source.ID)

	pupil.call(post, generationsPath, newQuiz(source.ID)).is(403)
	pupil.call(get, generationsPath, nil).is(403)
	colleague.call(post, generationsPath, newQuiz(source.ID)).refused(404, "file_not_found")
	other.mayGenerate(source.ID)
	other.call(post, generationsPath, newQuiz(source.ID)).refused(404, "file_not_found")
	for code, in := range map[string]map[string]any{
		"invalid_generation":   {"kind": "novel", "language": "en", "file_id": source.ID},
		"unsupported_language": {"kind": "quiz", "language": "fr", "file_id": source.ID},
		"invalid_source":       {"kind": "quiz", "language": "en"},
		"needs_source":         {"kind": "quiz", "language": "en", "topic": "Volcanoes"},
		"unknown_provider":     {"kind": "quiz", "language": "en", "file_id": source.ID, "provider": "oracle"},
		"invalid_priority":     {"kind": "quiz", "language": "en", "file_id": source.ID, "priority": "first"},
	} {
		teacher.call(post, generationsPath, in).refused(400, code)
	}
	teacher.call(post, generationsPath, map[string]any{"kind": "quiz", "language": "en", "file_id": source.ID, "provider": "openai"}).refused(403, "provider_not_allowed")

	made := read[generations.View](teacher.call(post, generationsPath, newQuiz(source.ID)).is(202))
	require.Equal(t, drafts.Waiting, made.State)
	teacher.call(post, generationAt(made.ID, "/approve"), map[string]any{"revision": 1, "format": "pdf"}).refused(409, "no_draft")
	require.NoError(t, b.playDraft(org, made.ID))
	for _, p := range []*person{colleague, owner, other} {
		p.call(get, generationAt(made.ID, ""), nil).refused(404, "generation_not_found")
	}
	shown := read[generations.View](teacher.call(get, generationAt(made.ID, "?wait=1"), nil).is(200))
	require.Equal(t, drafts.Draft, shown.State)
	var d generation.Document
	require.NoError(t, json.Unmarshal(shown.Document, &d))
	require.Len(t, d.Questions, 5)

	d.Title = "Volcanoes, for 7b"
	teacher.call(patch, generationAt(made.ID, ""), map[string]any{"revision": 1, "document": d}).is(200)
	teacher.call(patch, generationAt(made.ID, ""), map[string]any{"revision": 1, "document": d}).refused(409, "draft_changed")
	d.Questions[0].Options = []string{"one"}
	teacher.call(patch, generationAt(made.ID, ""), map[string]any{"revision": 2, "document": d}).refused(400, "invalid_document")
	for _, format := range []string{"markdown", "html", "docx", "pdf", "qti_2.1", "qti_3.0", "gift", "csv"} {
		sent := teacher.call(get, generationAt(made.ID, "/output?answers=true&format="+format), nil).is(200)
		require.Contains(t, sent.header.Get("Content-Disposition"), "attachment")
		require.NotEmpty(t, sent.body)
	}
	teacher.call(get, generationAt(made.ID, "/output?format=odt"), nil).refused(400, "invalid_format")

	approve := map[string]any{"revision": 2, "format": "docx", "answers": true, "name": "Quiz 7b"}
	teacher.call(post, generationAt(made.ID, "/approve"), map[string]any{"revision": 1, "format": "docx"}).refused(409, "draft_changed")
	teacher.call(post, generationAt(made.ID, "/approve"), map[string]any{"revision": 2, "format": "docx", "space_id": uuid.New()}).refused(404, "folder_not_found")
	approved := read[generations.View](teacher.call(post, generationAt(made.ID, "/approve"), approve).is(200))
	require.Equal(t, drafts.Approved, approved.State)
	require.Equal(t, []uuid.UUID{made.ID}, b.workflows.decided)
	require.Equal(t, approved.VersionID, read[generations.View](teacher.call(post, generationAt(made.ID, "/approve"), approve).is(200)).VersionID, "again")
	teacher.call(post, generationAt(made.ID, "/reject"), nil).refused(409, "draft_decided")

	keeper := &making.Drafts{DB: b.db.DB, Staging: b.store.Staging, Admission: b.workflows, Now: time.Now}
	for range 2 { // a second try writes the same
		published, err := activitytest.Run[making.PublishDraftResult](t, keeper, keeper.PublishDraft, making.PublishDraftInput{Org: org, Generation: made.ID})
		require.NoError(t, err)
		require.Equal(t, *approved.VersionID, published.Version)
	}
	require.NoError(t, b.publishVersion(org, *approved.VersionID, ""))
	file := teacher.call(get, at(*approved.FileID, ""), nil).is(200)
	require.Contains(t, string(file.body), "Quiz 7b.docx")
	v, err := files.GetVersion(t.Context(), b.db.Single(org), *approved.VersionID)
	require.NoError(t, err)
	require.Equal(t, files.Published, v.Status)
	require.Contains(t, v.ChangeDescription, made.ID.String())
	ended := read[generations.View](teacher.call(get, generationAt(made.ID, ""), nil).is(200))
	require.Equal(t, drafts.Published, ended.State)
	require.Empty(t, ended.Code, "nothing failed")
	require.Equal(t, source.ID, *ended.Provenance.SourceFile)
	require.NotEmpty(t, ended.Document, "what became a file may be looked at again")
	text, err := drafts.SourceText(t.Context(), b.db.Single(org), made.ID)
	require.NoError(t, err)
	require.Empty(t, text, "the text of the source is not kept")
}

// TestDraftsEndByPeople: what is not wanted leaves nothing of the text.
func TestDraftsEndByPeople(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	source := owner.published("volcanoes.txt", volcanoes)
	owner.mayGenerate(source.ID)
	for what, state := range map[string]drafts.State{"/reject": drafts.Rejected, "/cancel": drafts.Cancelled} {
		id := owner.quiz(source.ID)
		for range 2 {
			ended := read[generations.View](owner.call(post, generationAt(id, what), nil).is(200))
			require.Equal(t, state, ended.State)
			require.Empty(t, ended.Title)
			require.Empty(t, ended.Document)
		}
		owner.call(post, generationAt(id, "/approve"), map[string]any{"revision": 1, "format": "pdf"}).refused(409, "generation_ended")
		_, err := drafts.Newest(t.Context(), b.db.Single(owner.org), id)
		require.ErrorIs(t, err, drafts.ErrNoDraft)
	}
	waiting := read[generations.View](owner.call(post, generationsPath, newQuiz(source.ID)).is(202))
	owner.call(post, generationAt(waiting.ID, "/reject"), nil).refused(409, "no_draft")
	owner.call(post, generationAt(waiting.ID, "/cancel"), nil).is(200)
	require.Contains(t, owner.call(get, jobAt(waiting.ID, ""), nil).is(200).text(), `"state":"cancelled"`)
	list := read[struct{ Items []generations.View }](owner.call(get, generationsPath+"?state=cancelled", nil).is(200))
	require.Len(t, list.Items, 2)
}

// TestWhatIsSentIsSeenFirst: names are taken out, a person confirms what is sent, and a text
// that is known to hold personal data is not sent.
func TestWhatIsSentIsSeenFirst(t *testing.T) {
	t.Parallel()
	b := setup(t)
	org := b.organization()
	owner, operator := b.person(org, tenancy.Owner), b.person(tenancy.Platform, tenancy.Operator)
	source := owner.published("letter.txt", volcanoes)
	owner.mayGenerate(source.ID)
	q := b.db.Single(org)
	_, err := q.Exec(t.Context(), "insert into people (organization_id, user_id, kind, display_name) values (app.org(), $1, 'staff', 'Ottilie Unmistakable')", owner.id)
	require.NoError(t, err)
	_, err = q.Exec(t.Context(), "update file_texts set body = $2 where file_id = $1", source.ID, "Ottilie Unmistakable wrote to plum@school.example. "+volcanoes)
	require.NoError(t, err)
	operator.call(patch, owner.orgPath("/policies"), map[string]any{"generation_providers": []string{"extractive", "openai"}}).refused(403, "owner_required")
	owner.call(patch, owner.orgPath("/policies"), map[string]any{"generation_providers": []string{"extractive", "openai"}}).consentRefused("assurance_required", assurances)
	b.assured(owner, source.ID)
	owner.call(patch, owner.orgPath("/policies"), map[string]any{"generation_providers": []string{"oracle"}}).refused(400, "invalid_generation_providers")
	owner.call(patch, owner.orgPath("/policies"), map[string]any{"generation_day_micro": -2}).refused(400, "invalid_generation_day_micro")
	owner.call(patch, owner.orgPath("/policies"), map[string]any{"generation_providers": []string{"extractive", "openai"}, "generation_day_micro": 70, "generation_job_micro": -1}).is(200)

	in := newQuiz(source.ID)
	in["provider"] = "openai"
	owner.call(post, generationsPath, in).refused(409, "prompt_not_confirmed")
	preview := read[generations.PreviewView](owner.call(get, generatingPath+"/preview?kind=quiz&language=en&count=5&provider=openai&file_id="+source.ID.String(), nil).is(200))
	require.True(t, preview.Confirm)
	require.Equal(t, "Model Company", preview.Company)
	require.NotContains(t, preview.Prompt, "Unmistakable")
	require.NotContains(t, preview.Prompt, "plum@")
	require.Equal(t, map[string]int{"name": 1, "mail": 1}, preview.Redactions)
	require.Positive(t, preview.WorstMicro)
	in["confirm_prompt"] = strings.Repeat("0", 64)
	owner.call(post, generationsPath, in).refused(409, "prompt_changed")
	in["confirm_prompt"] = preview.PromptSHA256
	owner.call(post, generationsPath, in).is(202)
	owner.call(post, generationsPath, map[string]any{"kind": "quiz", "language": "en", "topic": "Volcanoes", "provider": "openai"}).refused(409, "prompt_not_confirmed")

	_, err = q.Exec(t.Context(), "update file_versions set contains_pii = true where file_id = $1", source.ID)
	require.NoError(t, err)
	owner.call(post, generationsPath, in).refused(403, "not_disclosed")
	_, err = q.Exec(t.Context(), "update file_versions set contains_pii = false where file_id = $1", source.ID)
	require.NoError(t, err)
	delete(in, "confirm_prompt")
	owner.call(post, generationsPath, in).is(202)
	spending := owner.call(get, generatingPath+"/spending", nil).is(200)
	require.Contains(t, spending.text(), `"day_cap_micro":70`)
	require.Contains(t, spending.text(), `"job_cap_micro":1000000`)

	_, err = q.Exec(t.Context(), "update organizations set tier = 'basic'")
	require.NoError(t, err)
	owner.call(post, generationsPath, in).refused(403, "feature_not_in_tier")
	owner.call(post, generationsPath, newQuiz(source.ID)).is(202)
}

// TestKeysApproveNothing: a program may ask, and a person looks at what came of it.
func TestKeysApproveNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	made := read[apikeys.KeyView](owner.call(post, keysOf(owner.org), map[string]any{"name": "sync", "role": "teacher", "scopes": []string{"generation:manage", "files:read", "files:write"}}).is(201))
	key := &person{b: b, org: owner.org, token: made.Key}
	body, contentType := form("volcanoes.txt", []byte(volcanoes), nil, nil)
	sent := read[struct{ ID uuid.UUID }](key.call(post, storagePath+"/upload", body, "Content-Type", contentType).is(202))
	b.publish(owner.org, sent.ID)
	owner.mayGenerate(sent.ID)
	id := key.quiz(sent.ID)
	key.call(get, generationAt(id, ""), nil).is(200)
	key.call(post, generationAt(id, "/approve"), map[string]any{"revision": 1, "format": "csv"}).refused(403, "not_granted_to_keys")
}
