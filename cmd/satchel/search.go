package main

import (
	"html"
	"net/url"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"satchel/client"
)

func (a *app) search() *cobra.Command {
	options := map[string]*string{}
	var limit int
	cmd := &cobra.Command{
		Use: "search WORDS", Short: "Find files by their names and texts, the best first", Args: cobra.MinimumNArgs(1),
		Example: `  satchel search photosynthesis
  satchel search atlas --in name --kind document
  satchel search essay --space "Class 7b" --by "Student 12"`,
		Long: "Find files by their names and texts, the best first. docs/search.md says what is found.\n" + namesHelp + `
A CLASS is its name or id.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			q := url.Values{"q": {strings.Join(args, " ")}, "limit": {strconv.Itoa(limit)}}
			for name, value := range options {
				if *value != "" {
					q.Set(name, *value)
				}
			}
			if err := a.namesOfSearch(cmd, c, q); err != nil {
				return err
			}
			page, err := c.Search(cmd.Context(), q)
			if err != nil {
				return err
			}
			return a.showFound(cmd, page)
		},
	}
	for _, o := range []struct{ flag, name, what string }{
		{"in", "in", "all, name or text"}, {"kind", "kind", "image, document, text, source, markup, audio, video, model, project or archive"},
		{"type", "type", "a media type"}, {"space", "space_id", "a SPACE"}, {"class", "class_id", "a CLASS"}, {"by", "uploaded_by", "the PERSON who brought it"},
		{"about", "subject_id", "the PERSON it is about"}, {"from", "changed_from", "changed at this time or later"}, {"to", "changed_to", "changed before this time"},
		{"sort", "sort", "relevance or -created_at"},
	} {
		options[o.name] = cmd.Flags().String(o.flag, "", o.what)
	}
	cmd.Flags().IntVarP(&limit, "limit", "n", 20, "at most this many")
	return cmd
}

// namesOfSearch puts ids in the place of names.
func (a *app) namesOfSearch(cmd *cobra.Command, c *client.Client, q url.Values) error {
	for name, find := range map[string]func(string) (string, error){
		"space_id":    func(text string) (string, error) { s, err := findSpace(cmd.Context(), c, text); return s.ID, err },
		"class_id":    func(text string) (string, error) { return findClass(cmd, c, text) },
		"uploaded_by": func(text string) (string, error) { return a.findPerson(cmd.Context(), text) },
		"subject_id":  func(text string) (string, error) { return a.findPerson(cmd.Context(), text) },
	} {
		text := q.Get(name)
		if text == "" || isID(text) {
			continue
		}
		id, err := find(text)
		if err != nil {
			return err
		}
		q.Set(name, id)
	}
	return nil
}

func (a *app) showFound(cmd *cobra.Command, page client.FoundPage) error {
	if a.json {
		return a.say(cmd, page, "")
	}
	if page.Alike {
		if err := a.say(cmd, nil, "Nothing has these words. These names are alike:\n"); err != nil {
			return err
		}
	}
	t := table(cmd, "ID", "NAME", "MATCHED", "TEXT")
	for _, f := range page.Items {
		t.row(f.File.ID, f.File.Name, strings.Join(f.Matched, ", "), plain(f.Around))
	}
	t.flush()
	return nil
}

// plain is the text around what was found, for a terminal: one line, with what was found
// between asterisks.
func plain(around string) string {
	text := html.UnescapeString(strings.NewReplacer("<mark>", "*", "</mark>", "*").Replace(around))
	return strings.Join(strings.Fields(text), " ")
}
