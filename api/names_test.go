package api

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/api/request"
	"satchel/api/storage"
	"satchel/tenancy"
)

// sendNamed sends a form whose file part has the name as a browser would write it.
func (p *person) sendNamed(disposition string) answer {
	p.b.t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	part, err := w.CreatePart(textproto.MIMEHeader{"Content-Disposition": {`form-data; name="file"; filename="` + disposition + `"`}})
	require.NoError(p.b.t, err)
	_, _ = part.Write([]byte("text"))
	require.NoError(p.b.t, w.Close())
	return p.call(post, storagePath+"/upload", &b, "Content-Type", w.FormDataContentType())
}

// Browsers escape quotes and line ends in the name of a form's file, and nothing
// else (rstudio/rstudio#18854).
func TestNamesAsBrowsersEscapeThem(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	require.Equal(t, `say "hi".txt`, read[storage.FileView](owner.sendNamed("say %22hi%22.txt").is(202)).Name)
	require.Equal(t, `100%25 %41.txt`, read[storage.FileView](owner.sendNamed("100%25 %41.txt").is(202)).Name)
	owner.sendNamed("two%0D%0Alines.txt").refused(400, "invalid_name")
	owner.sendNamed("one%0Aline.txt").refused(400, "invalid_name")
	for sent, want := range map[string]string{
		`C:\Users\x\Aufsatz.txt`: "Aufsatz.txt", `C:\Users\x\%22A%22.txt`: `"A".txt`, `say \"hi\".txt`: `say "hi".txt`,
		"Übung №1 ✓.txt": "Übung №1 ✓.txt", "a;b=c.txt": "a;b=c.txt", "na\u0308he.txt": "nähe.txt", "../../etc/passwd.txt": "passwd.txt",
		`x.txt"; filename*="UTF-8''n%C3%A4he.txt`: "nähe.txt",
	} {
		require.Equal(t, want, read[storage.FileView](owner.sendNamed(sent).is(202)).Name, sent)
	}
}

// Names sort as people sort them, and a search finds them in any case and any
// form of Unicode (owncloud/core#14170, opencloud-eu/web#1261, nextcloud/server#8090).
func TestNamesAreSortedAndFound(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	sorted := []string{"Apfel.txt", "äpfel.txt", "birne.txt", "Nature 2.txt", "Nature 10.txt", "Zebra.txt"}
	for _, name := range []string{"Zebra.txt", "birne.txt", "äpfel.txt", "Apfel.txt", "Nature 10.txt", "Nature 2.txt"} {
		owner.published(name, "x")
	}
	list := func(query string) (names []string) {
		for cursor := ""; ; {
			page := read[request.Page[storage.FileView]](owner.call(get, storagePath+"/files?limit=2&sort=name&cursor="+cursor+query, nil).is(200))
			for _, f := range page.Items {
				names = append(names, f.Name)
			}
			if cursor = page.NextCursor; cursor == "" {
				return names
			}
		}
	}
	require.Equal(t, sorted, list(""))
	for _, name := range []string{"ΣΊΣΥΦΟΣ.txt", "Straße.txt", "Prüfung.txt", "İstanbul.txt", "50%_off.txt", "5000 off.txt", `back\slash`} {
		owner.upload(name, []byte("x"))
	}
	for q, want := range map[string][]string{
		"σίσυφος": {"ΣΊΣΥΦΟΣ.txt"}, "ΣΊΣΥΦΟΣ": {"ΣΊΣΥΦΟΣ.txt"}, "STRASSE": {"Straße.txt"}, "straße": {"Straße.txt"},
		"Pru\u0308fung": {"Prüfung.txt"}, "PRÜFUNG": {"Prüfung.txt"}, "i̇stanbul": {"İstanbul.txt"}, "50%_": {"50%_off.txt"}, "%": {"50%_off.txt"}, "nature 1": {"Nature 10.txt"},
	} {
		require.Equal(t, want, list("&q="+url.QueryEscape(q)), q)
	}
}

// Of a form with two files neither is kept: one that was dropped without a word
// would be missed when it is needed (kitware-data-solutions/minerva#447).
func TestOneFileAtATime(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for _, name := range []string{"a.txt", "b.txt"} {
		part, err := w.CreateFormFile("file", name)
		require.NoError(t, err)
		_, _ = part.Write(bytes.Repeat([]byte(name), 20_000))
	}
	require.NoError(t, w.Close())
	owner.call(post, storagePath+"/upload", &body, "Content-Type", w.FormDataContentType()).refused(422, "one_file_at_a_time")
	for _, f := range read[request.Page[storage.FileView]](owner.call(get, storagePath+"/files", nil).is(200)).Items {
		require.NotContains(t, []string{"published", "processing"}, string(f.Status))
	}
}

// A new name passes the same policy as an upload's (attack X-10, owncloud/web#6729).
func TestRenamesObeyTheTypePolicy(t *testing.T) {
	t.Parallel()
	b := setup(t)
	org := b.organization()
	owner, student := b.person(org, tenancy.Owner), b.person(org, tenancy.Student)
	f := student.published("report.txt", "text")
	rename := func(name string) answer {
		return student.call(patch, at(f.ID, ""), map[string]string{"name": name})
	}
	for _, name := range []string{"report.exe", "report.bat", "report.lnk", "report.hta", "report.pdf", "report", "report.docx", "report.png", "report.zzz", "report.txt.scr", "report.docm", "report.rar", "report.gdoc"} {
		rename(name).refused(415, "type_not_allowed")
	}
	kept := read[storage.FileView](student.call(get, at(f.ID, ""), nil).is(200))
	require.Equal(t, "report.txt", kept.Name)
	require.Equal(t, "text/plain", kept.MimeType)
	for name, mimeType := range map[string]string{"report.md": "text/markdown", "report.py": "text/x-python", "other.txt": "text/plain", "Übung 1.csv": "text/csv"} {
		renamed := read[storage.FileView](rename(name).is(200))
		require.Equal(t, name, renamed.Name)
		require.Equal(t, mimeType, renamed.MimeType, name)
	}
	// What the organization turns on is taken by every way.
	owner.call(patch, "/api/v1/organizations/"+org.String()+"/policies", map[string]any{"type_switches": []string{"scripts"}}).is(200)
	require.Equal(t, "application/x-bat", read[storage.FileView](rename("report.bat").is(200)).MimeType)
	content := student.call(get, at(f.ID, "/content"), nil).is(200)
	require.Equal(t, "text/plain; charset=utf-8", content.header.Get("Content-Type"))
	require.Contains(t, content.header.Get("Content-Disposition"), `filename="report.bat.txt"`)
	owner.call(patch, "/api/v1/organizations/"+org.String()+"/policies", map[string]any{"type_switches": []string{"scripts", "native_script_names"}}).is(200)
	content = student.call(get, at(f.ID, "/content"), nil).is(200)
	require.Contains(t, content.header.Get("Content-Disposition"), `filename="report.bat"`)
}

// A new name asks for the kinds that the organization takes, as an upload does.
func TestRenamesObeyTheAllowedTypes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	f := owner.published("report.md", "text")
	owner.call(patch, orgPath(owner.org, "/policies"), map[string]any{"allowed_types": []string{"text/plain"}}).is(200)
	refused := owner.call(patch, at(f.ID, ""), map[string]string{"name": "report.csv"}).refused(415, "type_not_allowed")
	require.Contains(t, string(refused.body), "type_not_allowed_here")
	require.Equal(t, "text/markdown", read[storage.FileView](owner.call(patch, at(f.ID, ""), map[string]string{"name": "notes.md"}).is(200)).MimeType, "its kind does not change")
	require.Equal(t, "text/plain", read[storage.FileView](owner.call(patch, at(f.ID, ""), map[string]string{"name": "notes.txt"}).is(200)).MimeType)
}

func TestTypePoliciesOfAnOrganization(t *testing.T) {
	t.Parallel()
	b := setup(t)
	org := b.organization()
	owner, student := b.person(org, tenancy.Owner), b.person(org, tenancy.Student)
	set := func(body map[string]any) answer {
		return owner.call(patch, "/api/v1/organizations/"+org.String()+"/policies", body)
	}
	set(map[string]any{"type_switches": []string{"everything"}}).refused(http.StatusBadRequest, "invalid_type_switches")
	for _, bad := range []string{"exe", ".LNK", "pdf", "a b", "", "toolongforanextension"} {
		set(map[string]any{"extra_extensions": []string{bad}}).refused(http.StatusBadRequest, "invalid_extra_extensions")
	}
	student.sendNamed("song.sib").refused(415, "type_not_allowed")
	policies := read[tenancy.Policies](set(map[string]any{"extra_extensions": []string{"SIB", ".gp5", "gp5"}}).is(200))
	require.Equal(t, []string{".sib", ".gp5"}, policies.Extensions)
	require.True(t, policies.EmptyFiles)
	student.sendNamed("song.sib").is(202)
	student.sendNamed("lesson.h5p").refused(415, "type_not_allowed")
	owner.sendNamed("lesson.h5p").is(202)
	set(map[string]any{"type_switches": []string{"course_packages_students"}}).is(200)
	student.sendNamed("lesson.h5p").is(202)
}
