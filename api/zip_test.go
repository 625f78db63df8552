package api

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/api/links"
	"satchel/tenancy"
)

func (p *person) zip(of map[string]any) links.ZipView {
	p.b.t.Helper()
	return read[links.ZipView](p.call(post, storagePath+"/zip", of).is(http.StatusCreated))
}

// unzipped are the files of a zip by their names.
func unzipped(t *testing.T, content []byte) map[string]string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	require.NoError(t, err)
	found := map[string]string{}
	for _, f := range z.File {
		body, err := f.Open()
		require.NoError(t, err)
		text, err := io.ReadAll(body)
		require.NoError(t, err)
		found[f.Name] = string(text)
	}
	return found
}

func local(address string) string { return strings.TrimPrefix(address, contentURL) }

// TestZipOfFiles: of a selection, with hostile and equal names, and what cannot be read
// is told.
func TestZipOfFiles(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	stranger := b.person(b.organization(), tenancy.Owner).published("theirs.txt", lorem)
	one, two := owner.published("Essay.txt", "one"), owner.published("essay.TXT", "two")
	three := owner.published("CON", "three")
	waiting := owner.upload("waiting.txt", []byte("w"))
	made := owner.zip(map[string]any{"files": []uuid.UUID{one.ID, two.ID, three.ID, one.ID, waiting.ID, stranger.ID}, "name": "../../etc"})
	require.Equal(t, 3, made.Files)
	require.Equal(t, ".._.._etc.zip", made.Name)
	require.Equal(t, []string{"not_published", "file_not_found"}, []string{made.Refused[0].Code, made.Refused[1].Code})
	a := b.call("", get, local(made.URL), nil).is(200)
	require.Len(t, a.body, int(made.Size))
	require.Equal(t, map[string]string{"Essay.txt": "one", "essay (2).TXT": "two", "_CON.txt": "three"}, unzipped(t, a.body))
	require.Equal(t, "application/zip", a.header.Get("Content-Type"))
	require.Equal(t, fmt.Sprint(made.Size), a.header.Get("Content-Length"))
	h := b.call("", head, local(made.URL), nil).is(200)
	require.Equal(t, a.header.Get("ETag"), h.header.Get("ETag"))
	b.call("", get, local(made.URL), nil, "If-None-Match", a.header.Get("ETag")).is(304)

	var again []byte
	for at := int64(0); at < made.Size; at += 37 { // the client broke off, and goes on
		part := b.call("", get, local(made.URL), nil, "Range", fmt.Sprintf("bytes=%d-%d", at, at+36), "If-Range", a.header.Get("ETag")).is(206)
		again = append(again, part.body...)
	}
	require.Equal(t, a.body, again)
	reads := 0
	for _, e := range b.since(owner.org, 0) {
		if e.Action == "file.read" {
			reads++
		}
	}
	require.Equal(t, 3, reads, "each file is read once in an hour")

	shown := read[links.ZipView](owner.call(get, storagePath+"/zip/"+made.ID.String(), nil).is(200))
	require.Equal(t, made.Size, shown.Size)
	require.Empty(t, shown.Refused)
	b.person(owner.org, tenancy.Admin).call(get, storagePath+"/zip/"+made.ID.String(), nil).refused(404, "zip_not_found")
	owner.call(post, storagePath+"/zip", map[string]any{"files": []uuid.UUID{waiting.ID}}).refused(409, "nothing_to_zip")
	for _, bad := range []map[string]any{{}, {"files": []uuid.UUID{one.ID}, "folder_id": one.ID}, {"files": []uuid.UUID{one.ID}, "name": strings.Repeat("n", 201)}} {
		require.Equal(t, 400, owner.call(post, storagePath+"/zip", bad).status)
	}
	owner.call(post, storagePath+"/zip", map[string]any{"folder_id": uuid.New()}).refused(404, "folder_not_found")
	owner.call(post, storagePath+"/zip", map[string]any{"files": make([]uuid.UUID, 10_001)}).refused(413, "too_many_files")
	_, err := b.db.Admin(t).Exec(context.Background(), "update zips set expires_at = now() - interval '1 second'")
	require.NoError(t, err)
	b.call("", get, local(made.URL), nil).refused(404, "zip_not_found")
}

// TestZipOfAFolder holds the folders below it, with what the caller sees of them.
func TestZipOfAFolder(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	space := owner.group()
	folder := func(name string, parent *uuid.UUID) uuid.UUID {
		body := map[string]any{"name": name}
		if parent != nil {
			body["parent_id"] = *parent
		}
		return id(owner.call(post, spacesPath+"/"+space.String()+"/folders", body).is(http.StatusCreated))
	}
	top := folder("Unit 1", nil)
	below := folder("Readings", &top)
	for name, place := range map[string]uuid.UUID{"plan.txt": top, "text.txt": below} {
		body, contentType := form(name, []byte(name), map[string]string{"space_id": space.String(), "folder_id": place.String()}, nil)
		b.publish(owner.org, id(owner.call(post, storagePath+"/upload", body, "Content-Type", contentType).is(http.StatusAccepted)))
	}
	made := owner.zip(map[string]any{"folder_id": top})
	require.Equal(t, map[string]string{"plan.txt": "plan.txt", "Readings/text.txt": "text.txt"}, unzipped(t, b.call("", get, local(made.URL), nil).is(200).body))
	b.person(owner.org, tenancy.Student).call(post, storagePath+"/zip", map[string]any{"folder_id": top}).refused(404, "folder_not_found")
}

// TestZipIsCutWhereAFileIsLost: nothing is left out silently, and the zip says why.
func TestZipIsCutWhereAFileIsLost(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	one, two := owner.published("1.txt", lorem), owner.published("2.txt", lorem)
	made := owner.zip(map[string]any{"files": []uuid.UUID{one.ID, two.ID}})
	owner.call(remove, at(two.ID, ""), nil).is(204)
	resp, err := b.server.Client().Get(b.server.URL + local(made.URL))
	require.NoError(t, err)
	sent, err := io.ReadAll(resp.Body)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF, "the client notices")
	require.NoError(t, resp.Body.Close())
	require.Less(t, int64(len(sent)), made.Size)
	require.Contains(t, string(sent), lorem)
	shown := read[links.ZipView](owner.call(get, storagePath+"/zip/"+made.ID.String(), nil).is(200))
	require.Equal(t, two.ID, shown.Refused[0].File)
	require.Equal(t, "in_trash", shown.Refused[0].Code)
	owner.call(remove, at(one.ID, ""), nil).is(204)
	behind := fmt.Sprintf("bytes=%d-", 30+len("1.txt")+5)
	b.call("", get, local(made.URL), nil, "Range", behind).refused(409, "zip_cut")
}

// TestChecksumsAreKept: of an older file the CRC-32 is computed once.
func TestChecksumsAreKept(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	f := owner.published("1.txt", lorem)
	made := owner.zip(map[string]any{"files": []uuid.UUID{f.ID}})
	whole := b.call("", get, local(made.URL), nil).is(200).body
	_, err := b.db.Admin(t).Exec(context.Background(), "update file_versions set crc32 = 7 where crc32 is not null")
	require.NoError(t, err)
	require.NotEqual(t, whole, b.call("", get, local(made.URL), nil).is(200).body, "the kept one is used")
}
