package api

import (
	"net/url"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/api/request"
	"satchel/api/storage"
	"satchel/tenancy"
)

// write gives a published file its text, as the workflow behind it does.
func (b *testBundle) write(file uuid.UUID, body string) {
	_, err := b.db.Admin(b.t).Exec(b.t.Context(), "update file_texts set state = 'ready', language = 'english', body = $2, lexemes = app.text_lexemes('english', '', $2) where file_id = $1", file, body)
	require.NoError(b.t, err)
}

func (p *person) finds(query string) (names []string) {
	for _, item := range read[storage.ResultPage](p.call(get, storagePath+"/search?"+query, nil).is(200)).Items {
		names = append(names, item.File.Name)
	}
	return names
}

func (p *person) sends(b *testBundle, name, content string, fields map[string]string) uuid.UUID {
	body, contentType := form(name, []byte(content), fields, nil)
	f := read[storage.FileView](p.call(post, storagePath+"/upload", body, "Content-Type", contentType).is(202))
	b.publish(p.org, f.ID)
	return f.ID
}

func TestSearch(t *testing.T) {
	t.Parallel()
	b := setup(t)
	org := b.organization()
	teacher, pupil, stranger := b.person(org, tenancy.Teacher), b.person(org, tenancy.Student), b.person(org, tenancy.Student)
	room := b.class(teacher, pupil)
	frogs := teacher.sends(b, "Frogs of the pond.txt", "a", map[string]string{"space_id": room.String()})
	toads := teacher.sends(b, "Toads.txt", "b", map[string]string{"space_id": room.String()})
	b.write(toads, "Toads and <b>frogs</b> live in ponds.")

	require.Equal(t, []string{"Frogs of the pond.txt", "Toads.txt"}, pupil.finds("q=frog"))
	require.Equal(t, []string{"Toads.txt"}, pupil.finds("q=frog&in=text"))
	require.Empty(t, stranger.finds("q=frog"))
	require.Empty(t, b.person(b.organization(), tenancy.Owner).finds("q=frog"), "another organization")
	for _, query := range []string{"&kind=text", "&space_id=" + room.String(), "&type=text/plain", "&uploaded_by=" + teacher.id.String(), "&size_to=100", "&changed_from=2020-01-01T00:00:00Z"} {
		require.Len(t, pupil.finds("q=frog"+query), 2, query)
	}
	for _, query := range []string{"&kind=image", "&space_id=" + uuid.NewString(), "&type=image/png", "&kind=text&type=image/png", "&uploaded_by=" + pupil.id.String(), "&size_from=100", "&changed_to=2020-01-01T00:00:00Z"} {
		require.Empty(t, pupil.finds("q=frog"+query), query)
	}

	first := read[storage.ResultPage](pupil.call(get, storagePath+"/search?q=frog&limit=1", nil).is(200))
	require.Len(t, first.Items, 1)
	require.Equal(t, []string{"name"}, first.Items[0].Matched)
	require.Equal(t, frogs, first.Items[0].File.ID)
	second := read[storage.ResultPage](pupil.call(get, storagePath+"/search?q=frog&limit=1&cursor="+first.NextCursor, nil).is(200))
	require.Equal(t, []string{"text"}, second.Items[0].Matched)
	require.Contains(t, second.Items[0].Around, "<mark>frogs</mark>")
	require.NotContains(t, second.Items[0].Around, "<b>")
	require.Empty(t, second.NextCursor)

	alike := read[storage.ResultPage](pupil.call(get, storagePath+"/search?q="+url.QueryEscape("fogs of the pont"), nil).is(200))
	require.True(t, alike.Alike)
	require.Len(t, alike.Items, 1)
}

func TestSearchesThatAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	teacher := b.person(b.organization(), tenancy.Teacher)
	for query, code := range map[string]string{
		"": "invalid_query", "q=%20": "invalid_query", "q=a&in=body": "invalid_scope", "q=a&sort=size": "unknown_sort", "q=a&kind=letters": "invalid_kind",
		"q=a&space_id=x": "invalid_space_id", "q=a&size_from=x": "invalid_size_from", "q=a&changed_to=yesterday": "invalid_changed_to", "q=a&limit=0": "invalid_limit",
	} {
		teacher.call(get, storagePath+"/search?"+query, nil).refused(400, code)
	}
	teacher.call(get, storagePath+"/search?q=a&cursor=x", nil).refused(400, "invalid_cursor")
	teacher.call(get, storagePath+"/recent?cursor=x", nil).refused(400, "invalid_cursor")
}

func TestRecentAndShared(t *testing.T) {
	t.Parallel()
	b := setup(t)
	org := b.organization()
	teacher, pupil := b.person(org, tenancy.Teacher), b.person(org, tenancy.Student)
	room := b.class(teacher, pupil)
	one := teacher.sends(b, "one.txt", "1", map[string]string{"space_id": room.String()})
	two := teacher.sends(b, "two.txt", "2", nil)
	recent := func(p *person) (names []string) {
		for path := storagePath + "/recent?limit=1"; ; {
			page := read[request.Page[storage.FileView]](p.call(get, path, nil).is(200))
			for _, f := range page.Items {
				names = append(names, f.Name)
			}
			if page.NextCursor == "" {
				return names
			}
			path = storagePath + "/recent?limit=1&cursor=" + page.NextCursor
		}
	}
	require.Equal(t, []string{"two.txt", "one.txt"}, recent(teacher), "what one brought")
	require.Empty(t, recent(pupil))
	pupil.call(get, at(one, "/content"), nil).is(200)
	require.Equal(t, []string{"one.txt"}, recent(pupil), "what one opened")

	shared := func(p *person) (names []string) {
		for _, f := range read[request.Page[storage.FileView]](p.call(get, storagePath+"/files?shared=true", nil).is(200)).Items {
			names = append(names, f.Name)
		}
		return names
	}
	require.Empty(t, shared(pupil))
	teacher.call(put, at(two, "/links/"+room.String()), map[string]any{"level": "read"})
	require.Equal(t, []string{"two.txt"}, shared(pupil))
	require.Empty(t, shared(teacher), "their own link")
}
