package main

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
)

// tally counts the files of one kind.
type tally struct {
	kind, tier              string
	files, taken, corrected int
	refused                 map[string]int // by rule
}

func (t *tally) add(o *outcome) {
	t.files++
	switch {
	case !o.Taken:
		t.refused[o.Rule]++
	case o.CorrectedFrom != "":
		t.corrected++
		fallthrough
	default:
		t.taken++
	}
}

func (t *tally) rules() string {
	var parts []string
	for _, rule := range slices.Sorted(maps.Keys(t.refused)) {
		parts = append(parts, fmt.Sprintf("%s %d", rule, t.refused[rule]))
	}
	return strings.Join(parts, ", ")
}

// tiers is the order of the tables; none is a name that selects no kind.
var tiers = []string{"default", "checked", "staff", "opt-in", "never", "none", ""}

// tallies counts by kind, and by tier.
func tallies(outcomes []outcome) (kinds, sums []*tally) {
	byKind, byTier := map[string]*tally{}, map[string]*tally{}
	for i := range outcomes {
		o := &outcomes[i]
		count(byKind, o.Kind, o).tier = o.Tier
		count(byTier, o.Tier, o)
	}
	return inOrder(byKind), inOrder(byTier)
}

func count(of map[string]*tally, key string, o *outcome) *tally {
	t := of[key]
	if t == nil {
		t = &tally{kind: key, tier: o.Tier, refused: map[string]int{}}
		of[key] = t
	}
	t.add(o)
	return t
}

func inOrder(of map[string]*tally) []*tally {
	return slices.SortedFunc(maps.Values(of), func(a, b *tally) int {
		return cmp.Or(cmp.Compare(slices.Index(tiers, a.tier), slices.Index(tiers, b.tier)), cmp.Compare(a.kind, b.kind))
	})
}

// printTables writes a table for each role and, beneath it, the refused files with
// their rules.
func printTables(out io.Writer, outcomes []outcome, copies int) error {
	var b bytes.Buffer
	for _, by := range roles {
		of := slices.DeleteFunc(slices.Clone(outcomes), func(o outcome) bool { return o.Role != by })
		fmt.Fprintf(&b, "As %s: %d files (copies that are left out: %d).\n\n", by, len(of), copies)
		kinds, sums := tallies(of)
		printTally(&b, kinds, func(t *tally) string { return t.tier + "\t" + t.kind }, "tier\tkind")
		printTally(&b, sums, func(t *tally) string { return t.kind }, "tier")
		b.WriteString("Refused:\n")
		for i := range of {
			if !of[i].Taken {
				fmt.Fprintf(&b, "  %-24s %s\n  %24s %s\n", of[i].Rule, of[i].File, "", of[i].Sentence)
			}
		}
		b.WriteString("\n")
	}
	_, err := b.WriteTo(out)
	return err
}

func printTally(b *bytes.Buffer, rows []*tally, name func(*tally) string, heading string) {
	lines := []string{heading + "\tfiles\ttaken\tcorrected\trefused by rule"}
	for _, t := range rows {
		lines = append(lines, fmt.Sprintf("%s\t%d\t%d\t%d\t%s", name(t), t.files, t.taken, t.corrected, t.rules()))
	}
	table := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	_, _ = io.WriteString(table, strings.Join(lines, "\n")+"\n\n") // into memory
	_ = table.Flush()
}
