package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"satchel/client"
)

// say prints v for programs, or the admission queue for people.
func (a *app) say(cmd *cobra.Command, v any, format string, args ...any) error {
	if !a.json {
		_, err := fmt.Fprintf(cmd.OutOrStdout(), format, args...)
		return err
	}
	e := json.NewEncoder(cmd.OutOrStdout())
	e.SetIndent("", "  ")
	return e.Encode(v)
}

type tabled struct{ w *tabwriter.Writer }

func table(cmd *cobra.Command, head ...string) tabled {
	t := tabled{tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)}
	t.row(head...)
	return t
}

// row prints cells without the control characters that a hostile name could
// carry to the terminal.
func (t tabled) row(cells ...string) {
	for i, c := range cells {
		cells[i] = strings.Map(func(r rune) rune {
			if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
				return '\uFFFD'
			}
			return r
		}, c)
	}
	_, _ = fmt.Fprintln(t.w, strings.Join(cells, "\t"))
}

func (t tabled) flush() { _ = t.w.Flush() }

// size writes bytes as people read them, in binary units.
func size(n int64) string {
	const units = "KMGTPE"
	if n < 1024 {
		return fmt.Sprintf("%d B", n)
	}
	f, i := float64(n)/1024, 0
	for f >= 1024 && i < len(units)-1 {
		f, i = f/1024, i+1
	}
	return fmt.Sprintf("%.1f %ciB", f, units[i])
}

// question asks the API of an organization for one thing.
type question[T any] func(cmd *cobra.Command, c *client.Client, org string, args []string) (T, error)

// answerCommand is a command that shows one thing: say has it as JSON or in a table.
func answerCommand[T any](a *app, org *string, use, short string, args int, do question[T], say func(cmd *cobra.Command, answer any, rows ...T) error) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Args: cobra.ExactArgs(args),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, id, err := a.manager(*org)
			if err != nil {
				return err
			}
			v, err := do(cmd, c, id, args)
			if err != nil {
				return err
			}
			return say(cmd, v, v)
		},
	}
}
