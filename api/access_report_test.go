package api

import (
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/api/request"
	apispaces "satchel/api/spaces"
	"satchel/api/storage"
	"satchel/spaces"
	"satchel/tenancy"
)

// TestAccessReport holds the counts against what each teacher's own list shows.
func TestAccessReport(t *testing.T) {
	t.Parallel()
	b := setup(t)
	org := b.organization()
	owner, admin := b.person(org, tenancy.Owner), b.person(org, tenancy.Admin)
	one, two, pupil := b.person(org, tenancy.Teacher), b.person(org, tenancy.Teacher), b.person(org, tenancy.Student)
	class := b.class(one, pupil)
	library := read[apispaces.SpaceView](admin.call(post, spacesPath, map[string]any{"kind": "library", "name": "Books"}).is(http.StatusCreated))
	secret := read[apispaces.SpaceView](two.call(post, spacesPath, map[string]any{"kind": "confidential", "name": "Plan"}).is(http.StatusCreated))
	owner.publishedIn(library.ID, "library.txt", lorem)
	for space, by := range map[uuid.UUID]*person{class: pupil, secret.ID: two} {
		by.publishedIn(space, "a.txt", lorem)
		by.publishedIn(space, "b.txt", lorem)
	}
	one.published("own.txt", lorem)
	trashed := pupil.published("trashed.txt", lorem)
	pupil.call(remove, at(trashed.ID, ""), nil).is(http.StatusNoContent)
	pupil.upload("unpublished.txt", []byte(lorem))

	const report = apiPath + "/access-report"
	found := map[uuid.UUID]apispaces.AccessView{}
	for _, v := range read[request.Page[apispaces.AccessView]](owner.call(get, report, nil).is(http.StatusOK)).Items {
		found[v.User] = v
	}
	require.Equal(t, map[uuid.UUID]apispaces.AccessView{
		one.id: {User: one.id, Readable: 4, Hidden: map[spaces.Kind]int64{spaces.Confidential: 2}},
		two.id: {User: two.id, Readable: 3, Hidden: map[spaces.Kind]int64{spaces.Class: 2, spaces.Personal: 1}},
	}, found)
	for _, p := range []*person{one, two} {
		listed := read[request.Page[storage.FileView]](p.call(get, storagePath+"/files?status=published", nil).is(http.StatusOK)).Items
		require.Len(t, listed, int(found[p.id].Readable))
		p.call(get, report, nil).refused(http.StatusForbidden, "not_granted")
	}
	admin.call(get, report, nil).refused(http.StatusForbidden, "not_granted")
	owner.call(get, report+"?before=yesterday", nil).refused(http.StatusBadRequest, "invalid_before")

	for _, v := range read[request.Page[apispaces.AccessView]](owner.call(get, report+"?before=2000-01-01T00:00:00Z", nil).is(http.StatusOK)).Items {
		require.Zero(t, v.Readable)
		require.Empty(t, v.Hidden)
	}
	first := read[request.Page[apispaces.AccessView]](owner.call(get, report+"?limit=1", nil).is(http.StatusOK))
	require.Len(t, first.Items, 1)
	require.NotEmpty(t, first.NextCursor)
}
