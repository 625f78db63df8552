package api

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/api/public"
	"satchel/shares"
	"satchel/tenancy"
)

// dropForm is what a browser sends for a drop box.
func dropForm(name string, files map[string]string, order ...string) (*bytes.Buffer, string) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	_ = w.WriteField("name", name)
	for _, file := range order {
		part, _ := w.CreateFormFile("file", file)
		_, _ = part.Write([]byte(files[file]))
	}
	_ = w.Close()
	return &b, w.FormDataContentType()
}

// TestVisitorDropsFiles: what is dropped goes to the sharer through the pipeline, its
// dropper sees it and no other person's, and the bounds hold.
func TestVisitorDropsFiles(t *testing.T) {
	t.Parallel()
	b := setup(t)
	teacher := b.person(b.organization(), tenancy.Teacher)
	room := b.class(teacher)
	folder := read[struct{ ID uuid.UUID }](teacher.call(post, spacesPath+"/"+room.String()+"/folders", map[string]any{"name": "Box"}).is(http.StatusCreated)).ID
	g := teacher.give(gift{folder: folder, permission: shares.Upload, maxFiles: 3, accepted: []string{"txt"}})
	require.Contains(t, string(g.open("").is(http.StatusOK).body), `enctype="multipart/form-data"`)

	type dropped struct {
		Items []struct {
			UploadID            *uuid.UUID `json:"upload_id"`
			Name, State, Reason string
			Code                string
		}
		Ticket string
	}
	body, contentType := dropForm("Mr. Guest", map[string]string{"a.txt": lorem, "b.exe": "no"}, "a.txt", "a.txt", "b.exe")
	first := read[dropped](b.call("", post, g.api("/files"), body, "Content-Type", contentType).is(http.StatusAccepted))
	require.Len(t, first.Items, 3)
	require.NotNil(t, first.Items[0].UploadID)
	require.NotNil(t, first.Items[1].UploadID)
	require.Equal(t, "type_not_allowed", first.Items[2].Code)

	body, contentType = dropForm("Ms. Other", map[string]string{"c.txt": lorem}, "c.txt")
	second := read[dropped](b.call("", post, g.api("/files"), body, "Content-Type", contentType).is(http.StatusAccepted))
	body, contentType = dropForm("Late", map[string]string{"d.txt": lorem}, "d.txt")
	b.call("", post, g.api("/files"), body, "Content-Type", contentType).refused(http.StatusForbidden, "drop_full")

	mine := read[dropped](b.call("", get, g.api("/files"), nil, public.TicketHeader, first.Ticket).is(http.StatusOK))
	require.Len(t, mine.Items, 2)
	require.ElementsMatch(t, []string{"a.txt", "a (2).txt"}, []string{mine.Items[0].Name, mine.Items[1].Name}, "names are made unique")
	require.Equal(t, "checking", mine.Items[0].State)
	theirs := read[dropped](b.call("", get, g.api("/files"), nil, public.TicketHeader, second.Ticket).is(http.StatusOK))
	require.Equal(t, "c.txt", theirs.Items[0].Name)
	require.Len(t, theirs.Items, 1)
	require.Empty(t, read[dropped](b.call("", get, g.api("/files"), nil).is(http.StatusOK)).Items)
	b.call("", get, g.api("/entries"), nil).refused(http.StatusForbidden, "share_drop_box")
	b.call("", post, g.api("/download"), nil).refused(http.StatusForbidden, "share_drop_box")

	require.NoError(t, b.publishVersion(teacher.org, *first.Items[0].UploadID, ""))
	require.NoError(t, b.publishVersion(teacher.org, *first.Items[1].UploadID, "Eicar"))
	page := string(g.open("?ticket=" + first.Ticket).is(http.StatusOK).body)
	require.Contains(t, page, "Arrived")
	require.Contains(t, page, "Not taken.")
	require.NotContains(t, page, "Eicar")
	require.NotContains(t, page, "c.txt")
	body, contentType = dropForm("Late", map[string]string{"d.txt": lorem}, "d.txt")
	b.call("", post, g.api("/files"), body, "Content-Type", contentType).is(http.StatusAccepted) // what was refused takes no room

	var description string
	require.NoError(t, b.db.Single(teacher.org).QueryRow(t.Context(), "select f.description from files f join file_versions v on v.file_id = f.id where v.id = $1", *first.Items[0].UploadID).Scan(&description))
	require.Equal(t, "Dropped by Mr. Guest.", description)
	g.revoke()
	body, contentType = dropForm("Late", map[string]string{"e.txt": lorem}, "e.txt")
	b.call("", post, g.api("/files"), body, "Content-Type", contentType).refused(http.StatusGone, "share_revoked")
}

// TestVisitorDropsByForm: the form of the page works without a script.
func TestVisitorDropsByForm(t *testing.T) {
	t.Parallel()
	b := setup(t)
	teacher := b.person(b.organization(), tenancy.Teacher)
	g := teacher.give(gift{space: teacher.group(), permission: shares.Upload})
	probe, probeType := dropForm("Mr. Guest", map[string]string{"a.txt": lorem}, "a.txt")
	b.call("", post, g.api("/files"), probe, "Content-Type", probeType).is(http.StatusAccepted)
	client := *b.server.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	body, contentType := dropForm("Mr. Guest", map[string]string{"a.txt": lorem}, "a.txt")
	req, err := http.NewRequestWithContext(t.Context(), post, b.server.URL+g.page("/files?lang=de"), body)
	require.NoError(t, err)
	req.Header.Set("Content-Type", contentType)
	resp, err := client.Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusSeeOther, resp.StatusCode)
	require.Contains(t, string(b.call("", get, resp.Header.Get("Location"), nil).is(http.StatusOK).body), "Wird geprüft")

	body, contentType = dropForm("", map[string]string{"a.txt": lorem}, "a.txt")
	require.Contains(t, string(b.call("", post, g.page("/files"), body, "Content-Type", contentType).is(http.StatusOK).body), "Enter your name first")
	body, contentType = dropForm("A", nil)
	require.Contains(t, string(b.call("", post, g.page("/files"), body, "Content-Type", contentType).is(http.StatusOK).body), "Choose a file first")
	body, contentType = dropForm("A\u202eB", map[string]string{"a.txt": lorem}, "a.txt")
	b.call("", post, g.api("/files"), body, "Content-Type", contentType).refused(http.StatusBadRequest, "invalid_name")
}

// TestVisitorDropsPieceByPiece by tus, and reaches no upload but their own.
func TestVisitorDropsPieceByPiece(t *testing.T) {
	t.Parallel()
	b := setup(t)
	teacher := b.person(b.organization(), tenancy.Teacher)
	room := b.class(teacher)
	folder := read[struct{ ID uuid.UUID }](teacher.call(post, spacesPath+"/"+room.String()+"/folders", map[string]any{"name": "Box"}).is(http.StatusCreated)).ID
	g := teacher.give(gift{folder: folder, permission: shares.Upload})
	other := teacher.give(gift{folder: folder, permission: shares.Upload})
	metadata := func(name string) string {
		return "filename " + base64.StdEncoding.EncodeToString([]byte(name)) + ",folder_id " + base64.StdEncoding.EncodeToString([]byte(uuid.NewString()))
	}
	begin := []string{"Tus-Resumable", "1.0.0", "Upload-Length", fmt.Sprint(len(lorem)), "Upload-Metadata", metadata("piece.txt")}
	b.call("", post, g.api("/tus"), nil, begin...).refused(http.StatusBadRequest, "name_missing")
	made := b.call("", post, g.api("/tus"), nil, append(begin, public.GiverHeader, "Mr.%20Guest")...).is(http.StatusCreated)
	at, ticket := made.header.Get("Location"), made.header.Get(public.TicketHeader)
	require.True(t, strings.HasPrefix(at, g.api("/tus/")), at)
	require.Empty(t, made.header.Get("X-File-ID"))
	piece := func(path, ticket string, from, to int) answer {
		return b.call("", patch, path, strings.NewReader(lorem[from:to]), "Tus-Resumable", "1.0.0", "Upload-Offset", fmt.Sprint(from),
			"Content-Type", "application/offset+octet-stream", public.TicketHeader, ticket)
	}
	piece(at, "", 0, 10).refused(http.StatusNotFound, "upload_not_found")
	piece(strings.Replace(at, g.token, other.token, 1), ticket, 0, 10).refused(http.StatusNotFound, "upload_not_found")
	piece(at, ticket, 0, 10).is(http.StatusNoContent)
	require.Equal(t, "10", b.call("", head, at, nil, "Tus-Resumable", "1.0.0", public.TicketHeader, ticket).is(http.StatusOK).header.Get("Upload-Offset"))
	piece(at, ticket, 10, len(lorem)).is(http.StatusNoContent)
	require.Contains(t, string(g.open("?ticket="+ticket).is(http.StatusOK).body), "piece.txt")

	own := teacher.call(post, tusPath, nil, "Tus-Resumable", "1.0.0", "Upload-Length", "4", "Upload-Metadata", "filename YQ==").is(http.StatusCreated)
	id := own.header.Get("Location")[strings.LastIndexByte(own.header.Get("Location"), '/'):]
	piece(g.api("/tus")+id, ticket, 0, 4).refused(http.StatusNotFound, "upload_not_found")
}
