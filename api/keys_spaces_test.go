package api

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	apiapikeys "satchel/api/apikeys"
	apinotifications "satchel/api/notifications"
	"satchel/api/request"
	apispaces "satchel/api/spaces"
	"satchel/api/storage"
	"satchel/tenancy"
	"satchel/tenancy/apikeys"
)

// reach is which of the files somebody sees, by id and in the list alike.
func (p *person) reach(files ...storage.FileView) (names []string) {
	p.b.t.Helper()
	listed := map[uuid.UUID]bool{}
	for _, f := range read[request.Page[storage.FileView]](p.call(get, storagePath+"/files?limit=200", nil).is(http.StatusOK)).Items {
		listed[f.ID] = true
	}
	for _, f := range files {
		seen := p.call(get, at(f.ID, ""), nil).status == http.StatusOK
		require.Equal(p.b.t, seen, listed[f.ID], "%s: by id, and in the list", f.Name)
		if seen {
			names = append(names, f.Name)
		}
	}
	return names
}

// A key acts in the spaces that its service account was given; one of all spaces, which
// an owner makes and others are told of, in every space, until it is revoked.
func TestKeyOfAllSpaces(t *testing.T) {
	t.Parallel()
	b := setup(t)
	org := b.professional()
	owner, second, admin, teacher := b.person(org, tenancy.Owner), b.person(org, tenancy.Owner), b.person(org, tenancy.Admin), b.person(org, tenancy.Teacher)
	class := b.class(teacher)
	secret := read[apispaces.SpaceView](teacher.call(post, spacesPath, map[string]any{"kind": "confidential", "name": "Plan"}).is(http.StatusCreated))
	files := []storage.FileView{
		teacher.publishedIn(class, "class.txt", lorem), teacher.published("own.txt", lorem), teacher.publishedIn(secret.ID, "plan.txt", lorem),
	}

	in := map[string]any{"name": "archive", "role": "teacher", "scopes": []string{"files:read", "files:write"}, "all_spaces": true}
	admin.call(post, keysOf(org), in).refused(http.StatusForbidden, "owner_only")
	made := read[apiapikeys.KeyView](owner.call(post, keysOf(org), in).is(http.StatusCreated))
	require.True(t, made.AllSpaces)
	all := &person{b: b, org: org, id: made.User, token: made.Key, role: tenancy.Teacher}
	plain, ordinary := owner.key(tenancy.Teacher, apikeys.FilesRead, apikeys.FilesWrite)
	require.False(t, ordinary.AllSpaces)

	require.Equal(t, []string{"class.txt", "own.txt", "plan.txt"}, all.reach(files...))
	require.Equal(t, []string{"class.txt"}, owner.reach(files...), "its maker reads no more than before")
	require.Empty(t, plain.reach(files...))
	grant := map[string]any{"user_id": plain.id, "level": 1, "ends_at": time.Now().Add(time.Hour)}
	teacher.call(post, spacesPath+"/"+secret.ID.String()+"/grants", grant).is(http.StatusCreated)
	require.Equal(t, []string{"plan.txt"}, plain.reach(files...), "the space that it was given")
	all.call(patch, at(files[0].ID, ""), map[string]any{"name": "renamed.txt"}).is(http.StatusOK)
	handout := read[apispaces.FolderView](teacher.call(post, spacesPath+"/"+class.String()+"/folders", map[string]any{"name": "Week 1", "mode": "handout"}).is(http.StatusCreated))
	all.call(patch, at(files[0].ID, ""), map[string]any{"folder_id": handout.ID}).is(http.StatusOK)
	plain.call(patch, at(files[2].ID, ""), map[string]any{"name": "renamed.txt"}).refused(http.StatusForbidden, "not_yours")

	b.keyIsOnRecord(made, owner, second, teacher, admin)

	rotated := read[apiapikeys.KeyView](owner.call(post, keysOf(org)+"/"+made.ID.String()+"/rotate", nil).is(http.StatusCreated))
	require.True(t, rotated.AllSpaces)
	admin.call(post, keysOf(org)+"/"+rotated.ID.String()+"/rotate", nil).refused(http.StatusForbidden, "owner_only")
	require.Equal(t, 1, b.recorded(org, "key.rotate", made.ID))
	for _, k := range []apiapikeys.KeyView{made, rotated} {
		admin.call(remove, keysOf(org)+"/"+k.ID.String(), nil).is(http.StatusNoContent) // an admin ends what they cannot make
		b.call(k.Key, get, at(files[0].ID, ""), nil).refused(http.StatusUnauthorized, "invalid_token")
	}
	for _, k := range read[request.Page[apiapikeys.KeyView]](owner.call(get, keysOf(org), nil).is(http.StatusOK)).Items {
		require.Equal(t, k.ID != ordinary.ID, k.AllSpaces, "the listing still says so when it has ended")
	}
}

// keyIsOnRecord demands the audit record, and that the other owners and who manages a
// confidential space were told, and no others.
func (b *testBundle) keyIsOnRecord(made apiapikeys.KeyView, maker, owner, manager, other *person) {
	b.t.Helper()
	require.Zero(b.t, b.recorded(maker.org, "key.create", made.ID), "one row, of its own action")
	require.Equal(b.t, 1, b.recorded(maker.org, "key.all_spaces", made.ID))
	for _, p := range []struct {
		*person
		told int
	}{{maker, 0}, {owner, 1}, {manager, 1}, {other, 0}} {
		told := read[request.Page[apinotifications.NotificationView]](p.call(get, notificationsPath, nil).is(http.StatusOK)).Items
		require.Len(b.t, told, p.told)
		if p.told > 0 {
			require.Equal(b.t, "key.all_spaces", told[0].Kind)
			require.Contains(b.t, string(told[0].Data), made.ID.String())
		}
	}
}
