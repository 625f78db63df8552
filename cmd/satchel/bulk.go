package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"satchel/client"
)

// idsOf gives the ids of the files that the arguments name; "-" stands for those of
// standard input, one at the beginning of each line.
func idsOf(ctx context.Context, c *client.Client, args []string, in io.Reader) (ids []string, err error) {
	for _, arg := range args {
		if arg == "-" {
			read, err := readIDs(in)
			if err != nil {
				return nil, err
			}
			ids = append(ids, read...)
			continue
		}
		id, err := findFile(ctx, c, arg)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	if len(ids) == 0 {
		return nil, errors.New("no file is named: give names or ids, or - and one id a line on standard input")
	}
	return ids, nil
}

// readIDs reads the first word of each line. The heading of a table that another command
// printed is none.
func readIDs(in io.Reader) (ids []string, err error) {
	lines := bufio.NewScanner(in)
	for n := 1; lines.Scan(); n++ {
		fields := strings.Fields(lines.Text())
		switch {
		case len(fields) == 0, len(ids) == 0 && fields[0] == "ID":
		case isID(fields[0]):
			ids = append(ids, fields[0])
		default:
			return nil, fmt.Errorf("line %d of standard input begins with %q, which is no id: `satchel ls` has the id of a file at the beginning of each line", n, fields[0])
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read ids: %w", err)
	}
	return ids, nil
}

// change sends one change for as many files at a time as the API takes, and says which
// files were refused, and why.
func (a *app) change(cmd *cobra.Command, args []string, n client.NewBulk) error {
	c, err := a.client()
	if err != nil {
		return err
	}
	ids, err := idsOf(cmd.Context(), c, args, cmd.InOrStdin())
	if err != nil {
		return err
	}
	var items []client.BulkItem
	for some := range slices.Chunk(ids, client.MaxBulk) {
		n.IDs = some
		b, err := c.Change(cmd.Context(), n)
		if err != nil {
			return fmt.Errorf("%w (%d of %d files were changed before)", err, len(items), len(ids))
		}
		items = append(items, b.Items...)
	}
	return a.showChange(cmd, items)
}

func (a *app) showChange(cmd *cobra.Command, items []client.BulkItem) error {
	refused := slices.DeleteFunc(slices.Clone(items), func(i client.BulkItem) bool { return i.Result == "ok" })
	skipped := 0 // as was asked for, so that they are no failure
	for _, i := range items {
		if i.Result == "skipped" {
			skipped++
		}
	}
	done := len(items) - len(refused)
	if !a.json && len(refused) > 0 {
		t := table(cmd, "ID", "NOT DONE, SINCE")
		for _, i := range refused {
			t.row(i.ID, sentenceOr(i.Detail, i.Result))
		}
		t.flush()
	}
	if err := a.say(cmd, items, "Done: %d of %d.\n", done, len(items)); err != nil {
		return err
	}
	if done+skipped < len(items) {
		return errOutcome // every refusal was said
	}
	return nil
}

func (a *app) trash() *cobra.Command {
	return &cobra.Command{
		Use: "trash FILE…|-", Short: "Move many files to the trash", Args: cobra.MinimumNArgs(1),
		Example: "  satchel trash atlas.pdf\n  satchel ls --tag maps | satchel trash -",
		Long:    "Move many files to the trash. `satchel restore ID` brings one back.\n" + namesHelp,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.change(cmd, args, client.NewBulk{Action: "trash"})
		},
	}
}

func (a *app) tag() *cobra.Command {
	var add, remove []string
	cmd := &cobra.Command{
		Use: "tag FILE…|-", Short: "Add tags to many files, or take them away", Args: cobra.MinimumNArgs(1),
		Example: "  satchel tag atlas.pdf --add maps\n  satchel ls --tag maps | satchel tag - --add geography",
		Long:    "Add tags to many files, or take them away.\n" + namesHelp,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(add)+len(remove) == 0 {
				return errors.New("say which tags: --add or --remove")
			}
			return a.change(cmd, args, client.NewBulk{Action: "tag", AddTags: add, RemoveTags: remove})
		},
	}
	cmd.Flags().StringArrayVar(&add, "add", nil, "a tag to add; may be given several times")
	cmd.Flags().StringArrayVar(&remove, "remove", nil, "a tag to take away; may be given several times")
	return cmd
}
