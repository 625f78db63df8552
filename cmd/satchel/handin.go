package main

import (
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"satchel/client"
)

func (a *app) handin() *cobra.Command {
	cmd := &cobra.Command{
		Use: "handin", Short: "Hand in, see who has, take back, return",
		Long: `Hand in, see who has, take back, return.

  As a student:
  satchel upload essay.pdf --to "Class 7b/Essay 1"
  satchel handin submit "Class 7b/Essay 1"
  satchel handin withdraw "Class 7b/Essay 1"      before it is due

  As a teacher:
  satchel folder create "Class 7b/Essay 1" --mode handin --due 2026-12-04
  satchel handin list "Class 7b/Essay 1"
  satchel handin return "Class 7b/Essay 1" "Student 12" --note "Well done"
` + namesHelp,
	}
	cmd.AddCommand(a.handinList(), a.handinSubmit(), a.handinWithdraw(), a.handinReturn())
	return cmd
}

func (a *app) handinList() *cobra.Command {
	return &cobra.Command{
		Use: "list FOLDER", Short: "List who has handed in; as a student, your own state", Args: cobra.ExactArgs(1),
		Example: "  satchel handin list \"Class 7b/Essay 1\"",
		Long: `List who has handed in: missing, in, late or returned, with the note of what was
returned. As a student: your own state.
` + namesHelp,
		RunE: a.with(func(cmd *cobra.Command, c *client.Client, args []string) error {
			id, err := findFolder(cmd.Context(), c, args[0])
			if err != nil {
				return err
			}
			all, err := c.HandIns(cmd.Context(), id)
			if err != nil {
				return err
			}
			if len(all) == 0 {
				f, err := c.Folder(cmd.Context(), id)
				if err != nil {
					return err
				}
				if f.HandIn != nil {
					all = append(all, *f.HandIn)
				}
			}
			return a.showHandIns(cmd, all)
		}),
	}
}

func (a *app) showHandIns(cmd *cobra.Command, all []client.HandIn) error {
	if a.json {
		return a.say(cmd, all, "")
	}
	if len(all) == 1 && all[0].Student == "" { // one's own, which has no count
		t := table(cmd, "STATE", "HANDED IN", "RETURNED", "NOTE")
		t.row(all[0].State, shortTime(all[0].HandedInAt), shortTime(all[0].ReturnedAt), inOneLine(all[0].Note))
		t.flush()
		return nil
	}
	t := table(cmd, "STUDENT", "NAME", "STATE", "HANDED IN", "RETURNED", "FILES", "NOTE")
	for _, h := range all {
		t.row(h.Student, h.Name, h.State, shortTime(h.HandedInAt), shortTime(h.ReturnedAt), strconv.FormatInt(h.Files, 10), inOneLine(h.Note))
	}
	t.flush()
	return nil
}

// inOneLine has a text with lines fit a cell.
func inOneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

func (a *app) handinSubmit() *cobra.Command {
	return &cobra.Command{
		Use: "submit FOLDER", Short: "Hand in what you put into the folder", Args: cobra.ExactArgs(1),
		Example: "  satchel upload essay.pdf --to \"Class 7b/Essay 1\"\n  satchel handin submit \"Class 7b/Essay 1\"",
		Long: `Hand in what you put into the folder. From then on you change nothing, until your
teacher returns it or you take it back before it is due.
` + namesHelp,
		RunE: a.with(func(cmd *cobra.Command, c *client.Client, args []string) error {
			id, err := findFolder(cmd.Context(), c, args[0])
			if err != nil {
				return err
			}
			f, err := c.HandInWork(cmd.Context(), id)
			if err != nil {
				return err
			}
			state := "in"
			if f.HandIn != nil {
				state = f.HandIn.State
			}
			return a.say(cmd, f, "%s: %s\n", f.Name, state)
		}),
	}
}

func (a *app) handinWithdraw() *cobra.Command {
	return &cobra.Command{
		Use: "withdraw FOLDER", Short: "Take back what you handed in, before it is due", Args: cobra.ExactArgs(1),
		Example: "  satchel handin withdraw \"Class 7b/Essay 1\"",
		Long:    "Take back what you handed in, before it is due, to change it. Hand it in again with submit.\n" + namesHelp,
		RunE: a.with(func(cmd *cobra.Command, c *client.Client, args []string) error {
			id, err := findFolder(cmd.Context(), c, args[0])
			if err != nil {
				return err
			}
			if err := c.WithdrawWork(cmd.Context(), id); err != nil {
				return err
			}
			return a.say(cmd, map[string]any{"withdrawn": id}, "Taken back. `satchel handin submit` hands it in again.\n")
		}),
	}
}

func (a *app) handinReturn() *cobra.Command {
	var note string
	cmd := &cobra.Command{
		Use: "return FOLDER STUDENT", Short: "Give a student their work back, who may go on with it", Args: cobra.ExactArgs(2),
		Example: "  satchel handin return \"Class 7b/Essay 1\" \"Student 12\" --note \"Well done\"",
		Long:    "Give a student their work back. They are told, read the note, and may go on with it.\n" + namesHelp,
		RunE: a.with(func(cmd *cobra.Command, c *client.Client, args []string) error {
			id, err := findFolder(cmd.Context(), c, args[0])
			if err != nil {
				return err
			}
			all, err := c.HandIns(cmd.Context(), id)
			if err != nil {
				return err
			}
			h, err := oneNamed("student", args[1], all, func(h client.HandIn) (string, string) { return h.Student, h.Name }, "satchel handin list '"+args[0]+"'")
			if err != nil {
				return err
			}
			if err := c.ReturnWork(cmd.Context(), id, h.Student, note); err != nil {
				return err
			}
			return a.say(cmd, map[string]any{"returned": h.Student}, "Returned to %s\n", args[1])
		}),
	}
	cmd.Flags().StringVar(&note, "note", "", "what the student reads beside it, at most 2,000 characters")
	return cmd
}
