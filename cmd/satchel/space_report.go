package main

import (
	"encoding/csv"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"satchel/client"
)

// spaceKinds are the columns of the report, in the order of docs/spaces.md.
var spaceKinds = []string{"personal", "class", "group", "library", "staff", "confidential"}

func (a *app) spaceReport() *cobra.Command {
	var path string
	before := moment{}
	cmd := &cobra.Command{
		Use: "report", Short: "As an owner: how many files each teacher does not read", Args: cobra.NoArgs,
		Example: "  satchel space report\n  satchel space report --before 2026-11-28 --csv report.csv",
		Long: `As an owner: how many published files each teacher reads, and how many they do not,
by the kind of the space that holds them. Before there were spaces, every teacher
read all of them. --before counts only files of before the update.
` + momentsHelp,
		RunE: a.with(func(cmd *cobra.Command, c *client.Client, _ []string) error {
			var at time.Time
			if before.at != nil {
				at = *before.at
			}
			all, err := c.AccessReport(cmd.Context(), at)
			if err != nil {
				return err
			}
			if path == "" {
				return a.showReport(cmd, all)
			}
			if err := writeReport(path, all); err != nil {
				return err
			}
			return a.say(cmd, map[string]any{"path": path, "teachers": len(all)}, "%s  %d teachers\n", path, len(all))
		}),
	}
	cmd.Flags().StringVar(&path, "csv", "", "write the report to this file, which must not exist")
	cmd.Flags().Var(&before, "before", "only files that were begun before this time")
	return cmd
}

func (a *app) showReport(cmd *cobra.Command, all []client.TeacherAccess) error {
	if a.json {
		return a.say(cmd, all, "")
	}
	t := table(cmd, "TEACHER", "NAME", "READS", "HIDDEN: PERSONAL", "CLASS", "GROUP", "LIBRARY", "STAFF", "CONFIDENTIAL")
	for _, r := range all {
		t.row(cells(r)...)
	}
	t.flush()
	return nil
}

func cells(r client.TeacherAccess) []string {
	row := []string{r.User, r.Name, strconv.FormatInt(r.Readable, 10)}
	for _, kind := range spaceKinds {
		row = append(row, strconv.FormatInt(r.Hidden[kind], 10))
	}
	return row
}

// writeReport makes a new file: the report of an earlier day is not overwritten.
func writeReport(path string, all []client.TeacherAccess) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // the person says where to
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	if err := reportCSV(f, all); err != nil {
		return err
	}
	return f.Close()
}

func reportCSV(to io.Writer, all []client.TeacherAccess) error {
	w := csv.NewWriter(to)
	w.UseCRLF = true // RFC 4180, section 2
	head := []string{"user_id", "display_name", "readable"}
	for _, kind := range spaceKinds {
		head = append(head, "hidden_"+kind)
	}
	_ = w.Write(head)
	for _, r := range all {
		r.Name = notAFormula(r.Name)
		_ = w.Write(cells(r))
	}
	w.Flush()
	return w.Error()
}

// notAFormula keeps a spreadsheet from computing a cell that a person named (CWE-1236).
func notAFormula(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}
