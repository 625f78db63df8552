package main

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"satchel/files"
	"satchel/policies/types"
)

// printPreviews writes how many files of each kind and family have previews, and beneath
// it those that have none.
func printPreviews(out io.Writer, outcomes []outcome) error {
	type tried struct{ taken, ready int }
	byKind, byFamily := map[string]tried{}, map[string]tried{}
	var without []string
	for i := range outcomes {
		o := &outcomes[i]
		if o.Preview == "" {
			continue
		}
		ready := 0
		if o.Preview == files.PreviewReady {
			ready = 1
		} else {
			without = append(without, fmt.Sprintf("  %-28s %s", strings.TrimSpace(o.Preview+" "+o.PreviewReason), o.File))
		}
		family := "none"
		if row, ok := types.ByMediaType(o.MediaType); ok {
			family = string(row.Family)
		}
		kind := family + "\t" + o.MediaType
		byKind[kind] = tried{byKind[kind].taken + 1, byKind[kind].ready + ready}
		byFamily[family] = tried{byFamily[family].taken + 1, byFamily[family].ready + ready}
	}
	var b bytes.Buffer
	for _, t := range []struct {
		heading string
		rows    map[string]tried
	}{{"family\tmedia type", byKind}, {"family", byFamily}} {
		table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintf(table, "%s\ttaken\twith previews\t%%\n", t.heading)
		for _, key := range slices.Sorted(maps.Keys(t.rows)) {
			row := t.rows[key]
			_, _ = fmt.Fprintf(table, "%s\t%d\t%d\t%.1f\n", key, row.taken, row.ready, 100*float64(row.ready)/float64(row.taken))
		}
		_ = table.Flush()
		b.WriteString("\n")
	}
	slices.Sort(without)
	_, _ = fmt.Fprintf(&b, "Without previews:\n%s\n", strings.Join(without, "\n"))
	_, err := b.WriteTo(out)
	return err
}
