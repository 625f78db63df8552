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
			page, err := c.Search(cmd.Context(), q)
			if err != nil {
				return err
			}
			return a.showFound(cmd, page)
		},
	}
	for _, o := range []struct{ flag, name, what string }{
		{"in", "in", "all, name or text"}, {"kind", "kind", "image, document, text, source, markup, audio, video, model, project or archive"},
		{"type", "type", "a media type"}, {"space", "space_id", "id of a space"}, {"class", "class_id", "id of a class"}, {"by", "uploaded_by", "id of the person who brought it"},
		{"about", "subject_id", "id of the person it is about"}, {"from", "changed_from", "changed at this time or later"}, {"to", "changed_to", "changed before this time"},
		{"sort", "sort", "relevance or -created_at"},
	} {
		options[o.name] = cmd.Flags().String(o.flag, "", o.what)
	}
	cmd.Flags().IntVarP(&limit, "limit", "n", 20, "at most this many")
	return cmd
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
