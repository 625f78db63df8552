package sharepage

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
)

const content = "https://content.school.example"

// full is a view in which everything is set, with names that try to break out.
func full(state State) View {
	left, bytes, downloads := 3, int64(5_500_000), 7
	return View{
		State: state, Address: "/s/abc", Ticket: "t.1", Name: hostile, Kind: "picture", Size: 1_536_000, Preview: content + "/c/v/p.webp?x=1&y=2", SharedBy: hostile, Organization: hostile,
		Begins: time.Date(2026, 12, 1, 8, 30, 0, 0, time.UTC), Until: time.Date(2027, 1, 31, 23, 0, 0, 0, time.FixedZone("", 3600)), Left: &downloads, MayDownload: true, All: true,
		Trail: []Place{{"f1", hostile}}, Next: "c2", Folder: "f2", Problem: "wrong_password", ProblemText: hostile, RetryAfter: 90 * time.Second,
		Entries: []Entry{{ID: "e1", Name: hostile, Folder: true}, {ID: "e2", Name: hostile, Size: 12, Kind: "text", Ready: true, Preview: content + "/c/v/t.webp"}, {ID: "e3", Name: hostile, Kind: "file"}},
		Drop:    &Drop{FilesLeft: &left, BytesLeft: &bytes, Kinds: []string{"pdf", "docx"}, Giver: hostile, AskName: true, Dropped: []Dropped{{hostile, 7, "refused", hostile}, {"b.txt", 8, "taken", ""}}, Upload: "/api/v1/public/shares/abc/tus"},
	}
}

const hostile = `</title><script>alert(1)</script>"'><img src=x onerror=alert(1)>` + "\u202egnp.exe"

func ask(t *testing.T, v View, query, accept string) (*httptest.ResponseRecorder, string) {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "/s/abc"+query, nil)
	r.Header.Set("Accept-Language", accept)
	w := httptest.NewRecorder()
	require.NoError(t, New(content).Write(w, r, v))
	return w, w.Body.String()
}

// variants are the shapes of the open page.
func variants(state State) map[string]View {
	all := map[string]View{}
	for _, kind := range []string{"picture", "folder", "space", "box"} {
		v := full(state)
		v.Kind = kind
		if kind != "box" {
			v.Drop = nil
		}
		all[kind] = v
	}
	pages := full(state)
	pages.Kind, pages.Drop, pages.Page, pages.Pages = "pdf", nil, 2, 3
	all["pages"] = pages
	view := full(state)
	view.Drop, view.MayDownload, view.CodeSent, view.Left, view.Until = nil, false, true, nil, time.Time{}
	all["view"] = view
	return all
}

// TestEveryState: each state has its own page in each language, with its status, in
// which nothing hostile became markup, every control has a label, and no text is
// missing.
func TestEveryState(t *testing.T) {
	t.Parallel()
	for _, state := range States {
		for name, v := range variants(state) {
			for _, language := range names {
				w, page := ask(t, v, "?lang="+language, "")
				where := fmt.Sprint(state, name, language)
				if state == Password || state == Code { // the last try was wrong
					require.Equal(t, http.StatusForbidden, w.Code, where)
				} else {
					require.Equal(t, state.Status(), w.Code, where)
				}
				require.Less(t, len(page), 25_000, where)
				require.Equal(t, language, w.Header().Get("Content-Language"), where)
				checkMarkup(t, where, page)
				require.NotRegexp(t, `>(title|text|next|kind|drop|dropped)_[a-z_]+<|%!|ZgotmplZ`, page, where)
			}
		}
	}
}

// checkMarkup parses a page as a browser does.
func checkMarkup(t *testing.T, where, page string) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	require.NoError(t, err)
	labels, ids, headings := map[string]bool{}, map[string]int{}, 0
	var controls []string
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		attributes := map[string]string{}
		for _, a := range n.Attr {
			require.False(t, strings.HasPrefix(a.Key, "on") || a.Key == "style", "%s: %s has %s", where, n.Data, a.Key)
			attributes[a.Key] = a.Val
		}
		if id := attributes["id"]; id != "" {
			ids[id]++
			require.Equal(t, 1, ids[id], "%s: id %s", where, id)
		}
		switch n.Data {
		case "h1":
			headings++
		case "script":
			require.True(t, strings.HasPrefix(attributes["src"], ScriptPath+"?v="), where)
			require.Nil(t, n.FirstChild, where)
		case "img":
			require.True(t, strings.HasPrefix(attributes["src"], content+"/c/"), where)
			_, has := attributes["alt"]
			require.True(t, has, where)
		case "label":
			labels[attributes["for"]] = true
		case "input":
			controls = append(controls, attributes["id"])
		case "iframe", "object", "link", "base", "svg":
			t.Fatalf("%s: %s", where, n.Data)
		}
	}
	require.Equal(t, 1, headings, where)
	for _, id := range controls {
		require.True(t, labels[id], "%s: no label for %s", where, id)
	}
	require.Regexp(t, `^<!doctype html>\n<html lang="[a-zA-Z-]+" dir="(ltr|rtl)">`, page)
}

// TestNamesAreIsolated: a name that turns its reading direction turns nothing else.
func TestNamesAreIsolated(t *testing.T) {
	t.Parallel()
	for name, v := range variants(Open) {
		_, page := ask(t, v, "", "en")
		_, body, _ := strings.Cut(page, "<body>")
		require.Equal(t, strings.Count(body, "\u202e")-strings.Count(body, `value="`+"&lt;"), strings.Count(body, "<bdi>&lt;/title&gt;"), name)
	}
}

// TestLanguages: the query goes before the header, and a person who asks for neither reads
// English. A choice in the address stays in it.
func TestLanguages(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ query, accept, want string }{
		{"", "", "en"}, {"", "de", "de"}, {"", "de-AT,en;q=0.5", "de"}, {"?lang=en", "de", "en"}, {"?lang=de", "en", "de"},
		{"", "xx", "en"}, {"?lang=%00%ff", "de", "de"}, {"", strings.Repeat("de,", 5000), "de"}, {"?lang=klingon", "nl", "en"},
		{"?lang=klingon", "fr", "fr"}, {"", "es-419", "es"}, {"", "pt-BR,en;q=0.5", "pt"}, {"", "pt-PT", "pt"}, {"", "fr-CA", "fr"}, {"", "ht-HT,fr;q=0.8", "ht"}, {"", "ar-EG", "ar"},
		{"", "zh-CN", "zh-Hans"}, {"", "zh", "zh-Hans"}, {"", "zh-Hans-SG", "zh-Hans"}, {"?lang=zh-Hans", "en", "zh-Hans"}, {"", "vi-VN", "vi"}, {"", "uk-UA,ru;q=0.5", "uk"},
	} {
		w, page := ask(t, full(Open), row.query, row.accept)
		require.Equal(t, row.want, w.Header().Get("Content-Language"), "%s %.20s", row.query, row.accept)
		require.Contains(t, page, `<html lang="`+row.want+`"`)
	}
	_, page := ask(t, full(Password), "?lang=de", "en")
	require.Contains(t, page, `action="/s/abc/password?lang=de&amp;ticket=t.1"`)
	_, page = ask(t, full(Password), "", "de")
	require.Contains(t, page, `action="/s/abc/password?ticket=t.1"`)
	_, page = ask(t, full(Password), "?lang=ar", "")
	require.Contains(t, page, `<html lang="ar" dir="rtl">`)
	require.Equal(t, len(names)-1, strings.Count(page, ` hreflang="`), "each other language can be chosen")
}

// TestCountsAreShown: what is left is a number on the page.
func TestCountsAreShown(t *testing.T) {
	t.Parallel()
	v := full(Open)
	_, page := ask(t, v, "?lang=en", "")
	require.Contains(t, page, "<dt>Downloads left</dt><dd>7</dd>")
	require.Contains(t, page, "3 more files can be sent.")
	one := 1
	v.Drop.FilesLeft = &one
	_, page = ask(t, v, "?lang=de", "")
	require.Contains(t, page, "Noch 1 Datei kann gesendet werden.")
	for _, row := range []struct {
		language string
		n        int
		want     string
	}{
		{"fr", 0, "0 fichier peut encore être envoyé."}, {"ht", 1, "Ou ka voye 1 fichye anplis."}, {"zh-Hans", 2, "还可以发送 2 个文件。"}, {"vi", 1, "Có thể gửi thêm 1 tệp."},
		{"ar", 0, "لا يمكن إرسال المزيد من الملفات."}, {"ar", 1, "يمكن إرسال ملف واحد آخر."}, {"ar", 2, "يمكن إرسال ملفين آخرين."},
		{"ar", 3, "يمكن إرسال 3 ملفات أخرى."}, {"ar", 11, "يمكن إرسال 11 ملفًا آخر."}, {"ar", 100, "يمكن إرسال 100 ملف آخر."},
		{"uk", 21, "Можна надіслати ще 21 файл."}, {"uk", 3, "Можна надіслати ще 3 файли."}, {"uk", 11, "Можна надіслати ще 11 файлів."},
	} {
		require.Equal(t, row.want, translate(row.language, "drop_left", row.n), row.language)
	}
}

// TestNumbersAndDates are written as the language has them.
func TestNumbersAndDates(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 12, 2, 15, 4, 0, 0, time.UTC)
	require.Equal(t, "2 December 2026, 15:04 UTC", date("en", at))
	require.Equal(t, "2. Dezember 2026, 15:04 Uhr (UTC)", date("de", at))
	require.Equal(t, "2026年12月2日 15:04（UTC）", date("zh-Hans", at))
	require.Equal(t, "2 de diciembre de 2026, 15:04 UTC", date("es", at))
	require.Equal(t, "2 ديسمبر 2026، 15:04 بتوقيت UTC", date("ar", at))
	for language, want := range map[string]string{"ar": "1.5", "es": "1,5", "fr": "1,5", "ht": "1.5", "pt": "1,5", "uk": "1,5", "vi": "1,5", "zh-Hans": "1.5"} {
		require.Equal(t, want+"\u00a0kB", size(language, 1500), language)
	}
	for n, want := range map[int64][2]string{
		0: {"0 bytes", "0 Bytes"}, 1: {"1 byte", "1 Byte"}, 999: {"999 bytes", "999 Bytes"}, 1500: {"1.5\u00a0kB", "1,5\u00a0kB"},
		999_949: {"999.9\u00a0kB", "999,9\u00a0kB"}, 999_999: {"1.0\u00a0MB", "1,0\u00a0MB"}, 2_500_000_000: {"2.5\u00a0GB", "2,5\u00a0GB"}, 1 << 62: {"4,611,686.0\u00a0TB", "4.611.686,0\u00a0TB"},
	} {
		require.Equal(t, want, [2]string{size("en", n), size("de", n)}, n)
	}
}

var placeholder = regexp.MustCompile(`%\[\d\][a-z]`)

// pluralForms are the forms of a language that has more than one (CLDR).
var pluralForms = map[string][]string{
	"en": {"one", "other"}, "de": {"one", "other"}, "es": {"one", "other"}, "fr": {"one", "other"}, "pt": {"one", "other"},
	"uk": {"few", "many", "one", "other"}, "ar": {"few", "many", "one", "other", "two", "zero"},
}

// placeholders are those of a text, in the order of their numbers.
func placeholders(text string) []string {
	found := placeholder.FindAllString(text, -1)
	slices.Sort(found)
	return found
}

// TestCatalogsAreComplete: each language has every key, with the same placeholders in
// each of its plural forms, and the template names no key that none has.
func TestCatalogsAreComplete(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{"en", "ar", "de", "es", "fr", "ht", "pt", "uk", "vi", "zh-Hans"}, names)
	for _, language := range names {
		require.Equal(t, slices.Sorted(maps.Keys(texts[fallback])), slices.Sorted(maps.Keys(texts[language])), language)
		for key, forms := range texts[fallback] {
			want, translated := placeholders(forms["other"]), texts[language][key]
			if len(forms) > 1 && pluralForms[language] != nil {
				require.Equal(t, pluralForms[language], slices.Sorted(maps.Keys(translated)), "%s of %s", key, language)
			} else {
				require.Equal(t, []string{"other"}, slices.Sorted(maps.Keys(translated)), "%s of %s", key, language)
			}
			for form, s := range translated {
				where := fmt.Sprint(key, " of ", language, ", ", form)
				require.Equal(t, strings.TrimSpace(s), s, where)
				require.NotEmpty(t, s, where)
				if language == "ar" && slices.Contains([]string{"zero", "one", "two"}, form) && !strings.Contains(s, "%") {
					continue // these forms are of one number each, which may be a word
				}
				require.Equal(t, want, placeholders(s), where)
				require.Equal(t, len(want), strings.Count(s, "%"), where)
			}
		}
	}
	for _, m := range regexp.MustCompile(`\bt "([a-z_]+)"`).FindAllStringSubmatch(source, -1) {
		require.Contains(t, texts[fallback], m[1])
	}
	for _, state := range States {
		require.Contains(t, texts[fallback], "title_"+string(state))
		require.NotZero(t, state.Status(), state)
	}
}

// TestHeaders: no cookie, no index, no referrer, and a policy under which the page's own
// style is all that is inline.
func TestHeaders(t *testing.T) {
	t.Parallel()
	w, page := ask(t, full(Open), "", "")
	h := w.Header()
	_, css, _ := strings.Cut(page, "<style>")
	css, _, _ = strings.Cut(css, "</style>")
	sum := sha256.Sum256([]byte(css))
	policy := h.Get("Content-Security-Policy")
	for _, must := range []string{
		"default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'", "script-src 'self';", "style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'",
		"img-src " + content + ";", "form-action 'self' " + content,
	} {
		require.Contains(t, policy, must)
	}
	require.NotContains(t, policy, "unsafe")
	require.Equal(t, "same-origin", h.Get("Referrer-Policy"), "forms are sent with the page's origin, and no other site learns the address")
	require.Contains(t, h.Get("X-Robots-Tag"), "noindex")
	require.Equal(t, "no-store", h.Get("Cache-Control"))
	require.Empty(t, h.Get("Set-Cookie"))
	w, _ = ask(t, full(Busy), "", "")
	require.Equal(t, "90", w.Header().Get("Retry-After"))

	r, head := httptest.NewRequest(http.MethodHead, "/s/abc", nil), httptest.NewRecorder()
	require.NoError(t, New("").Write(head, r, full(Unknown)))
	require.Zero(t, head.Body.Len())
	require.Equal(t, http.StatusNotFound, head.Code)
	require.Contains(t, head.Header().Get("Content-Security-Policy"), "img-src 'none'")
}

// TestScript is served under an address that holds its hash.
func TestScript(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	WriteScript(w, httptest.NewRequest(http.MethodGet, scriptAddress, nil))
	want, err := os.ReadFile("drop.js")
	require.NoError(t, err)
	require.Equal(t, string(want), w.Body.String())
	require.Contains(t, w.Header().Get("Cache-Control"), "immutable")
	require.Less(t, len(want), 8_000)
}
