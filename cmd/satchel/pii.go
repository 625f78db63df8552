package main

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"satchel/client"
)

// personalData are the commands about personal data in files.
func (a *app) personalData() *cobra.Command {
	cmd := &cobra.Command{
		Use: "pii", Short: "See what personal data is in files, and decide about files that wait for it",
		Long: `See what personal data is in files, and decide about files that wait for it.

  satchel pii show FILE
  satchel pii rescan FILE
  satchel pii held
  satchel pii release FILE
  satchel pii reject FILE

No value is shown, and none is kept. docs/compliance/personal-data.md explains states and
categories.`,
	}
	cmd.AddCommand(a.piiShow(), a.piiHeld(),
		a.piiAct("rescan", "Have a file inspected again", "It is inspected again.", (*client.Client).RescanPersonalData),
		a.piiAct("release", "Publish a file that waits", "It is being published.", (*client.Client).ReleaseHeld),
		a.piiAct("reject", "Delete a version that waits", "It is rejected.", (*client.Client).RejectHeld))
	return cmd
}

func (a *app) piiShow() *cobra.Command {
	version := 0
	cmd := &cobra.Command{
		Use: "show FILE", Short: "Show what is known of a file", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			d, err := c.PersonalData(cmd.Context(), args[0], version, "")
			for next := d.NextCursor; err == nil && next != ""; {
				var more client.PersonalData
				more, err = c.PersonalData(cmd.Context(), args[0], d.Version, next)
				d.Items, next = append(d.Items, more.Items...), more.NextCursor
			}
			if err != nil {
				return err
			}
			d.NextCursor = ""
			if a.json {
				return a.say(cmd, d, "")
			}
			known := "unknown"
			if d.ContainsPII != nil {
				known = fmt.Sprint(*d.ContainsPII)
			}
			_, _ = fmt.Fprintf(cmd.OutOrStdout(), "version %d: %s, personal data: %s, detectors %s\n", d.Version, d.State, known, cmp.Or(d.Detector, "none yet"))
			if len(d.Unread) > 0 {
				_, _ = fmt.Fprintf(cmd.OutOrStdout(), "not read: %s\n", strings.Join(d.Unread, ", "))
			}
			t := table(cmd, "CATEGORY", "PLACE", "SCORE", "VALUE", "WHY")
			for _, f := range d.Items {
				t.row(f.Category, placeOf(f), fmt.Sprintf("%.2f", f.Score), f.Masked, strings.Join(f.Reasons, ", "))
			}
			t.flush()
			return nil
		},
	}
	cmd.Flags().IntVar(&version, "version", 0, "number of a version (default: the one that waits, else the one that the file shows)")
	return cmd
}

// placeOf says where a finding is, such as "member 3/1, page 2, line 7".
func placeOf(f client.PersonalDataFinding) string {
	var words []string
	if f.Member != "" {
		words = append(words, "member "+f.Member)
	}
	part := f.Part
	if f.Place > 0 {
		part += fmt.Sprintf(" %d", f.Place)
	}
	words = append(words, part)
	switch {
	case f.Cell != "":
		words = append(words, f.Cell)
	case f.Line > 0:
		words = append(words, fmt.Sprintf("line %d", f.Line))
	}
	return strings.Join(words, ", ")
}

func (a *app) piiHeld() *cobra.Command {
	return &cobra.Command{
		Use: "held", Short: "List the files that wait for a decision", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			var all []client.HeldFile
			for cursor, more := "", true; more && err == nil; more = cursor != "" {
				var p client.Page[client.HeldFile]
				p, err = c.HeldFiles(cmd.Context(), cursor)
				all, cursor = append(all, p.Items...), p.NextCursor
			}
			if err != nil || a.json {
				return or(err, func() error { return a.say(cmd, all, "") })
			}
			t := table(cmd, "FILE", "SINCE", "FOUND", "NOT READ", "POLICY", "UPLOADED BY")
			for _, h := range all {
				t.row(h.FileID, h.HeldAt.Local().Format("2006-01-02 15:04"), strings.Join(h.Categories, ","), strings.Join(h.Unread, ","), h.HeldBy, h.UploadedBy)
			}
			t.flush()
			return nil
		},
	}
}

func (a *app) piiAct(name, short, done string, act func(*client.Client, context.Context, string) error) *cobra.Command {
	return &cobra.Command{
		Use: name + " FILE", Short: short, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			if err := act(c, cmd.Context(), args[0]); err != nil {
				return err
			}
			return a.say(cmd, map[string]string{"file_id": args[0]}, "%s", done)
		},
	}
}
