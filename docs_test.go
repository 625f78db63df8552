package satchel_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"satchel/internal/devstack/pictures"
)

var markdownLink = regexp.MustCompile(`\]\(([^)#\s]+)(?:#[^)]*)?\)`)

// linksOf gives the files that the pages of the docs link to, each with one page that does.
func linksOf(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	pages, err := filepath.Glob("*.md")
	require.NoError(t, err)
	pages = append(pages, "web/README.md")
	require.NoError(t, filepath.WalkDir("docs", func(path string, _ fs.DirEntry, err error) error {
		if strings.HasSuffix(path, ".md") {
			pages = append(pages, path)
		}
		return err
	}))
	for _, page := range pages {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		for _, m := range markdownLink.FindAllStringSubmatch(string(text), -1) {
			if !strings.Contains(m[1], "://") {
				found[filepath.Join(filepath.Dir(page), m[1])] = page
			}
		}
	}
	return found
}

func TestLinksOfTheDocsLeadSomewhere(t *testing.T) {
	t.Parallel()
	for target, page := range linksOf(t) {
		_, err := os.Stat(target)
		assert.NoError(t, err, "a link in %s", page)
	}
}

// TestPicturesOfTheDocs fails on a picture that no page shows, on one that `make pictures`
// does not take or whose record is missing, on one that shows a message which the console does
// not have any more, and on a record without its picture. That the pages still look so, and say
// nothing new, is for `make pictures-check`. ADR 0056.
func TestPicturesOfTheDocs(t *testing.T) {
	t.Parallel()
	const dir = "docs/pictures"
	script := scriptsOfPictures(t)
	catalog, err := pictures.Catalog("web/src/locales/en/messages.po")
	require.NoError(t, err)
	linked := linksOf(t)
	all, err := pictures.In(dir)
	require.NoError(t, err)
	require.NotEmpty(t, all)
	for _, name := range all {
		path := filepath.Join(dir, name+".png")
		assert.Contains(t, linked, path, "no page shows it: show it, or take it out of web/pictures and run `make pictures`")
		assert.Contains(t, script, "'"+name+"'", "make pictures does not write %s", path)
		picture, err := os.ReadFile(path)
		require.NoError(t, err)
		record, err := pictures.ReadRecord(dir, name)
		if assert.NoError(t, err) {
			assert.Empty(t, record.Stale(picture, catalog))
		}
	}
	records, err := filepath.Glob(filepath.Join(dir, "*.txt"))
	require.NoError(t, err)
	for _, record := range records {
		assert.Contains(t, all, strings.TrimSuffix(filepath.Base(record), ".txt"), "%s is a record without its picture", record)
	}
}

var bold = regexp.MustCompile(`\*\*([^*]+)\*\*`)

// TestGuidesNameWhatTheConsoleHas fails on a word in bold type of a guide that is no message of
// the console: a button that a reader looks for in vain. Sentences in bold type, with a period,
// are headings of steps.
func TestGuidesNameWhatTheConsoleHas(t *testing.T) {
	t.Parallel()
	catalog, err := pictures.Catalog("web/src/locales/en/messages.po")
	require.NoError(t, err)
	guides, err := filepath.Glob("docs/guides/*.md")
	require.NoError(t, err)
	require.NotEmpty(t, guides)
	for _, guide := range guides {
		text, err := os.ReadFile(guide)
		require.NoError(t, err)
		for _, m := range bold.FindAllStringSubmatch(string(text), -1) {
			word := strings.Join(strings.Fields(m[1]), " ")
			assert.True(t, catalog[word] || strings.HasSuffix(word, "."), "%s names %q, which the console does not say: name it as the console does, or write it without bold type", guide, word)
		}
	}
}

// scriptsOfPictures are the scripts that take pictures, as one text.
func scriptsOfPictures(t *testing.T) string {
	t.Helper()
	names, err := filepath.Glob("web/pictures/*.spec.ts")
	require.NoError(t, err)
	var all strings.Builder
	for _, name := range names {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		all.Write(text)
	}
	return all.String()
}
