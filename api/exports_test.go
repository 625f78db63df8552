package api

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/tenancy"
	"satchel/tenancy/exports"
)

const archive = "the bytes of an archive"

// exported asks for an export and does what its workflow would.
func (b *testBundle) exported(p *person) string {
	b.t.Helper()
	a := p.call(post, orgPath(p.org, "/export"), nil).is(http.StatusAccepted)
	id := read[struct {
		ID uuid.UUID `json:"operation_id"`
	}](a).ID
	ctx := b.t.Context()
	key := exports.Prefix(p.org, id) + "000001-a.zip"
	etag, err := b.store.Exports.Put(ctx, key, bytes.NewReader([]byte(archive)), int64(len(archive)), "")
	require.NoError(b.t, err)
	require.NoError(b.t, b.db.InTx(ctx, p.org, func(tx *tenancy.Tx) error {
		_, err := exports.AddPart(ctx, tx, id, exports.Part{Number: 1, Key: key, ETag: etag, Size: int64(len(archive)), SHA256: sum(archive), Entries: 1, End: true})
		return err
	}))
	_, err = exports.Finish(ctx, b.db.Single(p.org), id)
	require.NoError(b.t, err)
	return id.String()
}

func TestExportIsAskedForAndDownloaded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	operator := b.person(tenancy.Platform, tenancy.Operator)
	org := b.organization()
	owner, admin, teacher := b.person(org, tenancy.Owner), b.person(org, tenancy.Admin), b.person(org, tenancy.Teacher)
	begun := owner.call(post, orgPath(org, "/export"), nil).is(http.StatusAccepted)
	again := admin.call(post, orgPath(org, "/export"), nil).is(http.StatusAccepted)
	require.Equal(t, string(begun.body), string(again.body), "the one that is being made")
	id := read[struct {
		ID uuid.UUID `json:"operation_id"`
	}](begun).ID
	path := orgPath(org, "/exports/"+id.String()+"/1")
	owner.call(get, path, nil).refused(http.StatusConflict, "export_not_ready")
	owner.call(get, begun.header.Get("Location"), nil).is(http.StatusOK)
	operator.call(get, operator.call(post, orgPath(org, "/export"), nil).is(http.StatusAccepted).header.Get("Location"), nil).is(http.StatusOK)
	_, err := exports.End(t.Context(), b.db.Single(org), id, exports.Failed)
	require.NoError(t, err)
	owner.call(get, path, nil).refused(http.StatusConflict, "export_failed")
	teacher.call(post, orgPath(org, "/export"), nil).refused(http.StatusForbidden, "not_granted")

	path = orgPath(org, "/exports/"+b.exported(owner)+"/")
	for _, p := range []*person{owner, admin, operator} {
		a := p.call(get, path+"1", nil).is(http.StatusOK)
		require.Equal(t, archive, string(a.body))
		require.Contains(t, a.header.Get("Content-Disposition"), "attachment")
		require.Equal(t, "application/zip", a.header.Get("Content-Type"))
		require.Equal(t, `"`+sum(archive)+`"`, a.header.Get("ETag"))
	}
	part := owner.call(get, path+"1", nil, "Range", "bytes=4-8").is(http.StatusPartialContent)
	require.Equal(t, archive[4:9], string(part.body))
	for _, number := range []string{"2", "0", "-1", "x"} {
		owner.call(get, path+number, nil).refused(http.StatusNotFound, "export_not_found")
	}
	teacher.call(get, path+"1", nil).refused(http.StatusForbidden, "not_granted")
	stranger := b.person(b.organization(), tenancy.Owner)
	stranger.call(get, path+"1", nil).refused(http.StatusNotFound, "organization_not_found")
	stranger.call(get, strings.Replace(path, org.String(), stranger.org.String(), 1)+"1", nil).refused(http.StatusNotFound, "export_not_found")
	_, err = b.db.Admin(t).Exec(t.Context(), "update exports set state = 'removed' where state = 'ready'")
	require.NoError(t, err)
	owner.call(get, path+"1", nil).refused(http.StatusNotFound, "export_removed")
}

// TestWhoMayTakeAlongWhat as the organization's life goes on.
func TestWhoMayTakeAlongWhat(t *testing.T) {
	t.Parallel()
	b := setup(t)
	operator, owner := b.person(tenancy.Platform, tenancy.Operator), b.person(b.organization(), tenancy.Owner)
	path := orgPath(owner.org, "/export")
	q := b.db.Single(owner.org)
	require.NoError(t, tenancy.Suspend(t.Context(), q, ""))
	owner.call(post, path, nil).is(http.StatusAccepted)
	operator.call(patch, orgPath(owner.org, ""), map[string]any{"reads_while_suspended": false}).is(http.StatusOK)
	owner.call(post, path, nil).refused(http.StatusForbidden, "organization_suspended")
	operator.call(post, path, nil).is(http.StatusAccepted)
	deletion := tenancy.NewID()
	require.NoError(t, tenancy.ScheduleDeletion(t.Context(), q, deletion, 0))
	owner.call(post, path, nil).refused(http.StatusForbidden, "organization_deleting")
	operator.call(post, path, nil).is(http.StatusAccepted)
	require.Eventually(t, func() bool {
		begun, err := tenancy.BeginDeletion(t.Context(), q, deletion)
		return err == nil && begun
	}, time.Minute, time.Millisecond)
	operator.call(post, path, nil).refused(http.StatusConflict, "wrong_status")
	operator.call(post, orgPath(tenancy.Platform, "/export"), nil).refused(http.StatusConflict, "platform_organization")
}

// TestAllowedTypesAreCheckedBeforeTheBytes, by every way in.
func TestAllowedTypesAreCheckedBeforeTheBytes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	f := owner.published("before.txt", lorem)
	owner.call(patch, orgPath(owner.org, "/policies"), map[string]any{"allowed_types": []string{"image/png"}}).is(http.StatusOK)
	refused := func(a answer) {
		t.Helper()
		require.Contains(t, string(a.refused(http.StatusUnsupportedMediaType, "type_not_allowed").body), "type_not_allowed_here")
	}
	body, contentType := form("a.txt", []byte(lorem), nil, nil)
	refused(owner.call(post, storagePath+"/upload", body, "Content-Type", contentType))
	refused(owner.call(post, tusPath, nil, "Tus-Resumable", "1.0.0", "Upload-Length", "11", "Upload-Metadata", "filename YS50eHQ="))
	body, contentType = form("b.txt", []byte(lorem), map[string]string{"file_id": f.ID.String()}, nil)
	refused(owner.call(post, storagePath+"/upload", body, "Content-Type", contentType))
	owner.call(post, tusPath, nil, "Tus-Resumable", "1.0.0", "Upload-Length", "11", "Upload-Metadata", "filename YS5wbmc=").is(http.StatusCreated)
	owner.call(get, at(f.ID, "/content"), nil).is(http.StatusOK)
}
