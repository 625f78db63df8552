package main

import (
	"github.com/spf13/cobra"

	"satchel/client"
)

// annualNotices are the commands about what a school owes each year.
func (a *app) annualNotices() *cobra.Command {
	var org, day, how, file string
	cmd := &cobra.Command{
		Use: "annual-notice", Short: "See and record what a school owes each year",
		Long: `See and record what a school owes each year: the notice of rights of 34 CFR 99.7 (ferpa_rights), the
assessment of risks of 16 CFR 312.8(b)(2) (security_assessment).

  satchel annual-notice list
  satchel annual-notice record ferpa_rights --on 2026-08-15 --how 'with the handbook of the school'

docs/compliance/annual-notices.md explains them.`,
	}
	cmd.PersistentFlags().StringVar(&org, "org", "", "organization id (default: the login's)")
	record := answerCommand(a, &org, "record KIND", "Record that it was done", 1, func(cmd *cobra.Command, c *client.Client, org string, args []string) (client.AnnualNotice, error) {
		return c.RecordAnnualNotice(cmd.Context(), org, args[0], day, how, file)
	}, a.sayNotices)
	record.Flags().StringVar(&day, "on", "", "the day, such as 2026-08-15")
	record.Flags().StringVar(&how, "how", "", "how the notice was given, or who made the assessment")
	record.Flags().StringVar(&file, "file", "", "the file with it")
	cmd.AddCommand(record, answerCommand(a, &org, "list", "List what is due", 0, func(cmd *cobra.Command, c *client.Client, org string, _ []string) ([]client.AnnualNotice, error) {
		return c.AnnualNotices(cmd.Context(), org)
	}, func(cmd *cobra.Command, answer any, rows ...[]client.AnnualNotice) error {
		return a.sayNotices(cmd, answer, rows[0]...)
	}))
	return cmd
}

func (a *app) sayNotices(cmd *cobra.Command, answer any, notices ...client.AnnualNotice) error {
	if a.json {
		return a.say(cmd, answer, "")
	}
	t := table(cmd, "KIND", "RULE", "LAST", "DUE", "LATE")
	for _, n := range notices {
		last, late := "never", ""
		if n.Last != nil {
			last = n.Last.GivenOn
		}
		if n.Overdue {
			late = "yes"
		}
		t.row(n.Kind, n.Rule, last, n.DueOn, late)
	}
	t.flush()
	return nil
}
