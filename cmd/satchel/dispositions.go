package main

import (
	"github.com/spf13/cobra"

	"satchel/client"
)

func (a *app) dispositions(org *string) *cobra.Command {
	cmd := &cobra.Command{
		Use: "dispositions", Short: "List directives to return or destroy data", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, id, err := a.manager(*org)
			if err != nil {
				return err
			}
			found, err := c.Dispositions(cmd.Context(), id)
			if err != nil {
				return err
			}
			return a.sayDispositions(cmd, found, found...)
		},
	}
	cmd.AddCommand(a.dispositionRecord(org), a.dispositionEnd(org))
	return cmd
}

func (a *app) sayDispositions(cmd *cobra.Command, answer any, all ...client.Disposition) error {
	if a.json {
		return a.say(cmd, answer, "")
	}
	t := table(cmd, "ID", "KIND", "OF", "STATE", "UNTIL", "REASON", "OUTCOME")
	for _, d := range all {
		of := d.Scope
		if d.Person != nil {
			of = *d.Person
		}
		t.row(d.ID, d.Kind, of, d.State, shortTime(&d.DueAt), d.Reason, d.Outcome)
	}
	t.flush()
	return nil
}

func (a *app) dispositionRecord(org *string) *cobra.Command {
	var n client.NewDisposition
	var person string
	due := moment{}
	cmd := &cobra.Command{
		Use: "record return|destroy", Short: "Direct to return or destroy data", Args: cobra.ExactArgs(1),
		Long: "Direct to return or destroy data of the organization, or of one person. The directive carries nothing out.\n" + momentsHelp,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, id, err := a.manager(*org)
			if err != nil {
				return err
			}
			n.Kind, n.Scope, n.DueAt = args[0], "organization", due.at
			if person != "" {
				n.Scope, n.Person = "person", &person
			}
			d, err := c.RecordDisposition(cmd.Context(), id, n)
			if err != nil {
				return err
			}
			return a.sayDispositions(cmd, d, d)
		},
	}
	f := cmd.Flags()
	f.StringVar(&person, "person", "", "id of the person whose data it is (default: all of the organization)")
	f.StringVar(&n.Reason, "reason", "", "why")
	f.Var(&due, "due", "until when (default: in 60 days)")
	return cmd
}

func (a *app) dispositionEnd(org *string) *cobra.Command {
	var outcome string
	var withdrawn bool
	cmd := &cobra.Command{
		Use: "end ID", Short: "Record by which export or certificate a directive was carried out", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, id, err := a.manager(*org)
			if err != nil {
				return err
			}
			state := "done"
			if withdrawn {
				state = "withdrawn"
			}
			d, err := c.EndDisposition(cmd.Context(), id, args[0], state, outcome)
			if err != nil {
				return err
			}
			return a.sayDispositions(cmd, d, d)
		},
	}
	cmd.Flags().StringVar(&outcome, "outcome", "", "what became of it")
	cmd.Flags().BoolVar(&withdrawn, "withdrawn", false, "it was withdrawn, and not carried out")
	return cmd
}
