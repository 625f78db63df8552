package search_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/internal/fault"
	"satchel/search"
	"satchel/tenancy"
)

func TestNamesAreFolded(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	for _, name := range []string{"Straße.txt", "ΟΔΟΣ.txt", "İstanbul.txt", "ısı.txt", "Äpfel.txt", "ﬁnal.txt", "100% sure.txt", "a_b.txt", `back\slash.txt`, "Єдність.txt"} {
		s.file(name)
	}
	for text, want := range map[string][]string{
		"STRASSE": {"Straße.txt"}, "strasse": {"Straße.txt"}, "STRAẞE": {"Straße.txt"},
		"οδος": {"ΟΔΟΣ.txt"}, "οδοσ": {"ΟΔΟΣ.txt"},
		"istanbul": {"İstanbul.txt"}, "ISTANBUL": {"İstanbul.txt"}, "isi": {"ısı.txt"},
		"a\u0308pfel": {"Äpfel.txt"}, "ÄPFEL": {"Äpfel.txt"}, "FINAL": {"ﬁnal.txt"}, "єДНІСТЬ": {"Єдність.txt"},
		"100%": {"100% sure.txt"}, "a_b": {"a_b.txt"}, `\slash`: {`back\slash.txt`}, "' or true --": nil,
		"sure 100%": {"100% sure.txt"}, "sure zebra": nil,
	} {
		require.Equal(t, want, s.names(search.Query{Text: text, Scope: search.Names}), text)
	}
	var same bool
	require.NoError(t, s.admin.QueryRow(t.Context(), "select bool_and(n.folded = app.fold(n.name) and f.name_sought = n.folded) from file_names n join files f on f.id = n.file_id").Scan(&same))
	require.True(t, same, "the columns and the function fold alike")
}

func TestTextsByLanguage(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	s.write(s.file("1.txt"), "english", "", "The houses of glass were running away")
	s.write(s.file("2.txt"), "german", "", "Die Häuser am Straßenrand liefen über")
	s.write(s.file("3.txt"), "simple", "", "Домашнє завдання про єдність")
	s.write(s.file("4.txt"), "greek", "", "Οι δρόμοι της πόλης")
	for text, want := range map[string][]string{
		"house": {"1.txt"}, "run": {"1.txt"}, "Haus": {"2.txt"}, "häuser": {"2.txt"}, "straßenrand": {"2.txt"}, "STRASSENRAND": {"2.txt"},
		"завдання": {"3.txt"}, "δρομοι": {"4.txt"}, "ΔΡΌΜΟΙ": {"4.txt"},
		`"houses of glass"`: {"1.txt"}, `"glass houses"`: nil, "glass -running": nil, "glass or häuser": {"2.txt", "1.txt"},
	} {
		require.Equal(t, want, s.names(search.Query{Text: text, Scope: search.Texts, Order: search.Newest}), text)
	}
}

// TestTitleAndNameCountMore: what is called so comes before what merely mentions it.
func TestTitleAndNameCountMore(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	files := map[string]uuid.UUID{}
	for _, name := range []string{"photosynthesis.txt", "photosynthesis notes.txt", "on photosynthesis.txt", "title.txt", "mentions.txt", "other.txt"} {
		files[name] = s.file(name)
	}
	s.write(files["title.txt"], "english", "Photosynthesis", "Leaves are green")
	s.write(files["mentions.txt"], "english", "", strings.Repeat("Leaves are green. ", 50)+"This is photosynthesis.")
	want := []string{"photosynthesis.txt", "photosynthesis notes.txt", "on photosynthesis.txt", "title.txt", "mentions.txt"}
	require.Equal(t, want, s.names(search.Query{Text: "Photosynthesis"}))
	require.Equal(t, want, s.names(search.Query{Text: "Photosynthesis", Limit: 1}), "page by page")
}

func TestAroundIsEscaped(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	s.write(s.file("a.txt"), "english", "", strings.Repeat("Nothing of it here. ", 300)+`1 < 2 frogs & "more"`)
	found := s.find(s.teacher, search.Query{Text: "frog"})
	require.Len(t, found, 1)
	require.Contains(t, found[0].Around, "1 &lt; 2 <mark>frogs</mark> &amp; &#34;more")
	require.NotContains(t, strings.NewReplacer("<mark>", "", "</mark>", "").Replace(found[0].Around), "<")
	require.True(t, found[0].Written)
	require.False(t, found[0].Named)
}

// TestCodeIsText: Postgres takes what is between script elements for no text.
func TestCodeIsText(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	s.write(s.file("a.html.txt"), "english", "", `<script>let frogs = 1; if (frogs<toads) {}</script>`)
	require.Len(t, s.names(search.Query{Text: "frogs"}), 1)
	require.Len(t, s.names(search.Query{Text: "toads"}), 1)
}

func TestAlikeNames(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	s.file("photosynthesis.txt")
	page, err := search.Find(s.as(s.teacher), s.people.Single(s.org), search.Query{Text: "fotosynthesis", Limit: 10})
	require.NoError(t, err)
	require.True(t, page.Fuzzy)
	require.Len(t, page.Found, 1)
	require.Equal(t, []string{"photosynthesis.txt"}, s.names(search.Query{Text: "fotosynthesis", Limit: 1}))
	require.Empty(t, s.names(search.Query{Text: "quadratic", Limit: 1}))
}

func TestNarrowing(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	class, room := tenancy.NewID(), uuid.Nil
	s.exec("insert into classes (organization_id, id, title) values ($1, $2, '5a')", s.org, class)
	require.NoError(t, s.admin.QueryRow(t.Context(), "select id from spaces where class_id = $1", class).Scan(&room))
	s.exec("insert into class_members (organization_id, class_id, user_id, origin, role) values ($1, $2, $3, 'manual', 'teacher')", s.org, class, s.teacher)
	s.file("sheet 1.txt")
	in := s.fileIn(room, "sheet 2.pdf", nil)
	s.exec("update file_versions set mime_type = 'application/pdf', size = 5000 where file_id = $1", in)
	s.exec("update files set updated_at = '2020-05-05' where id = $1", in)
	size := func(n int64) *int64 { return &n }
	other := s.Member(t, s.org, tenancy.Teacher)
	for name, c := range map[string]struct {
		only search.Narrowing
		want []string
	}{
		"nothing": {search.Narrowing{}, []string{"sheet 2.pdf", "sheet 1.txt"}},
		"space":   {search.Narrowing{Space: &room}, []string{"sheet 2.pdf"}},
		"class":   {search.Narrowing{Class: &class}, []string{"sheet 2.pdf"}},
		"person":  {search.Narrowing{UploadedBy: &other}, nil},
		"subject": {search.Narrowing{Subject: &other}, nil},
		"type":    {search.Narrowing{Types: []string{"application/pdf", "image/png"}}, []string{"sheet 2.pdf"}},
		"no type": {search.Narrowing{Types: []string{"x' or true --"}}, nil},
		"large":   {search.Narrowing{SizeFrom: size(101)}, []string{"sheet 2.pdf"}},
		"small":   {search.Narrowing{SizeTo: size(100)}, []string{"sheet 1.txt"}},
	} {
		require.Equal(t, c.want, s.names(search.Query{Text: "sheet", Order: search.Newest, Narrowing: c.only}), name)
	}
}

// TestTextFollowsTheVersion: of a file with a new version nothing of the old one is found,
// and what is renamed, moved or put into the trash is found accordingly.
func TestTextFollowsTheVersion(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	file := s.file("plan.txt")
	s.write(file, "english", "", "the secret treasure")
	require.Len(t, s.names(search.Query{Text: "treasure"}), 1)
	s.version(file, 2)
	require.Empty(t, s.names(search.Query{Text: "treasure"}))
	var state string
	require.NoError(t, s.admin.QueryRow(t.Context(), "select state || body from file_texts where file_id = $1", file).Scan(&state))
	require.Equal(t, "pending", state)
	s.exec("update files set name = 'Map.txt' where id = $1", file)
	require.Empty(t, s.names(search.Query{Text: "plan", Scope: search.Names}))
	require.Equal(t, []string{"Map.txt"}, s.names(search.Query{Text: "map", Scope: search.Names}))
	s.exec("update files set trashed_at = now() where id = $1", file)
	require.Empty(t, s.names(search.Query{Text: "map", Scope: search.Names}))
}

func TestQueriesThatAreRefused(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	for code, q := range map[string]search.Query{
		"invalid_query": {Text: " "}, "invalid_scope": {Text: "a", Scope: "body"}, "unknown_sort": {Text: "a", Order: "size"},
	} {
		q.Limit = 1
		_, err := search.Find(s.as(s.teacher), s.people.Single(s.org), q)
		require.Equal(t, code, fault.Of(err).Code)
	}
	for _, text := range []string{strings.Repeat("x", 501), "a\x00b", "\xff"} {
		_, err := search.Find(s.as(s.teacher), s.people.Single(s.org), search.Query{Text: text, Limit: 1})
		require.ErrorIs(t, err, search.ErrQuery)
	}
	_, err := search.Find(t.Context(), s.people.Single(s.org), search.Query{Text: "a", Limit: 1})
	require.ErrorIs(t, err, tenancy.ErrNoActor)
	for _, text := range []string{"!!!", "-", `"`, "a & | b", "((", "a:*", "<->"} {
		_, err := search.Find(s.as(s.teacher), s.people.Single(s.org), search.Query{Text: text, Limit: 1})
		require.NoError(t, err, text)
	}
}

// TestOldFilesAreFound: of a large space the newest names and texts are compared one by one,
// and the others come from the index. What is found is the same on both sides of the edge.
func TestOldFilesAreFound(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	const all = 4500
	s.exec(`insert into files (organization_id, id, name, uploaded_by, space_id)
		select $1, ('01990000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
		       'note ' || n || case when n % 900 = 0 then ' seldom' else '' end || case when n % 3 = 0 then ' often' else '' end || case when n < 100 then ' early' else '' end
		       || case when n > $5 - 100 then ' late' else '' end || case when $5 - n in (1998, 1999, 2000, 2001, 3998, 3999, 4000, 4001) then ' edge' else '' end
		       || case when $5 - n between 597 and 602 then ' brink' else '' end || '.txt', $2, $3
		  from generate_series($4::integer, $5::integer) n`, s.org, s.teacher, s.library, 1, all)
	s.exec(`insert into file_versions (organization_id, id, file_id, number, status, size, mime_type, uploaded_by)
		select organization_id, id, id, 1, 'uploading', 100, 'text/plain', uploaded_by from files`)
	for _, narrow := range []search.Narrowing{{}, {Space: &s.library}} {
		for _, word := range []string{"seldom", "often", "early", "late", "edge", "note 44"} {
			var want []string
			require.NoError(t, s.admin.QueryRow(t.Context(), `select array_agg(name::text order by file_id desc) from file_names
				where organization_id = $1 and name like '%' || split_part($2, ' ', 1) || '%' and name like '%' || split_part($2, ' ', 2) || '%'`, s.org, word).Scan(&want))
			require.NotEmpty(t, want, word)
			require.Equal(t, want, s.names(search.Query{Text: word, Scope: search.Names, Order: search.Newest, Limit: 100, Narrowing: narrow}), word)
			most := min(len(want), search.Window)
			require.ElementsMatch(t, want[:most], s.names(search.Query{Text: word, Scope: search.Names, Limit: 100, Narrowing: narrow}), word)
		}
	}

	s.exec(`insert into file_texts (organization_id, file_id, version_id, space_id, state, language, body, lexemes)
		select organization_id, id, id, space_id, 'ready', 'simple', name, app.text_lexemes('simple', '', replace(name, '.', ' ')) from files`)
	for _, word := range []string{"seldom", "often", "early", "late", "brink", "edge"} {
		var want []string
		require.NoError(t, s.admin.QueryRow(t.Context(), `select array_agg(name::text order by file_id desc) from file_names where organization_id = $1 and name ~ ('\m' || $2 || '\M')`, s.org, word).Scan(&want))
		require.NotEmpty(t, want, word)
		require.Equal(t, want, s.names(search.Query{Text: word, Scope: search.Texts, Order: search.Newest, Limit: 100}), word)
		require.ElementsMatch(t, want[:min(len(want), search.Window)], s.names(search.Query{Text: word, Scope: search.Texts, Limit: 100}), word)
	}
}
