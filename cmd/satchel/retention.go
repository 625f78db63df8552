package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"satchel/client"
)

// retention are the commands about how long files are kept.
func (a *app) retention() *cobra.Command {
	var org string
	cmd := &cobra.Command{
		Use: "retention", Short: "Say for how long files are kept, and decide about what is due",
		Long: `Say for how long files are kept, and decide about what is due.

  satchel retention set --category essay --days 400 --begins last_version --disposal review --purpose 'graded work' --need 'appeals are open for a year'
  satchel retention list
  satchel retention reviews
  satchel retention dispose FILE --reason 'year is over'
  satchel retention keep FILE --until 2027-07-31 --reason 'exam is appealed'

Anybody reads the policies at /api/v1/public/organizations/ID/retention-policy.
docs/compliance/retention.md explains them.`,
	}
	cmd.PersistentFlags().StringVar(&org, "org", "", "organization id (default: the login's)")
	cmd.AddCommand(a.retentionSet(&org), a.retentionList(&org), a.retentionRemove(&org), a.retentionReviews(&org), a.retentionDecide(&org, "dispose"), a.retentionDecide(&org, "keep"))
	return cmd
}

func (a *app) retentionSet(org *string) *cobra.Command {
	var r client.RetentionRule
	var days int32
	cmd := &cobra.Command{
		Use: "set", Short: "Make a policy", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, id, err := a.manager(*org)
			if err != nil {
				return err
			}
			if days > 0 {
				r.Days = &days
			}
			p, err := c.CreateRetentionPolicy(cmd.Context(), id, r)
			if err != nil {
				return err
			}
			return a.sayPolicies(cmd, p, p)
		},
	}
	f := cmd.Flags()
	f.StringVar(&r.Category, "category", "", "of the files (default: every category without a policy of its own)")
	f.BoolVar(&r.Children, "children", false, "of files that were collected from children")
	f.StringVar(&r.Purpose, "purpose", "", "what the files are collected for")
	f.StringVar(&r.BusinessNeed, "need", "", "why they are kept for so long")
	f.Int32Var(&days, "days", 0, "for how long (default: without a limit)")
	f.StringVar(&r.Begins, "begins", "published", "what the days are counted from: published, last_version or trashed")
	f.StringVar(&r.Disposal, "disposal", "delete", "what becomes of files that are due: delete or review")
	return cmd
}

func (a *app) sayPolicies(cmd *cobra.Command, answer any, policies ...client.RetentionPolicy) error {
	if a.json {
		return a.say(cmd, answer, "")
	}
	t := table(cmd, "ID", "CATEGORY", "CHILDREN", "DAYS", "BEGINS", "DISPOSAL", "PURPOSE")
	for _, p := range policies {
		days := "no limit"
		if p.Days != nil {
			days = fmt.Sprint(*p.Days)
		}
		t.row(p.ID, p.Category, fmt.Sprint(p.Children), days, p.Begins, p.Disposal, p.Purpose)
	}
	t.flush()
	return nil
}

func (a *app) retentionList(org *string) *cobra.Command {
	return &cobra.Command{
		Use: "list", Aliases: []string{"ls"}, Short: "List the policies", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, id, err := a.manager(*org)
			if err != nil {
				return err
			}
			found, err := c.RetentionPolicies(cmd.Context(), id)
			if err != nil {
				return err
			}
			return a.sayPolicies(cmd, found, found...)
		},
	}
}

func (a *app) retentionRemove(org *string) *cobra.Command {
	return &cobra.Command{
		Use: "remove ID", Short: "Delete a policy", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, id, err := a.manager(*org)
			if err != nil {
				return err
			}
			return c.DeleteRetentionPolicy(cmd.Context(), id, args[0])
		},
	}
}

func (a *app) retentionReviews(org *string) *cobra.Command {
	var state string
	cmd := &cobra.Command{
		Use: "reviews", Short: "List files that are due and wait for a decision", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, id, err := a.manager(*org)
			if err != nil {
				return err
			}
			found, err := c.RetentionReviews(cmd.Context(), id, state)
			if err != nil {
				return err
			}
			return a.sayReviews(cmd, found, found...)
		},
	}
	cmd.Flags().StringVar(&state, "state", "waiting", "waiting, kept or disposed")
	return cmd
}

func (a *app) sayReviews(cmd *cobra.Command, answer any, reviews ...client.RetentionReview) error {
	if a.json {
		return a.say(cmd, answer, "")
	}
	t := table(cmd, "FILE", "POLICY", "STATE", "DUE", "KEPT UNTIL")
	for _, r := range reviews {
		until := ""
		if r.KeepUntil != nil {
			until = r.KeepUntil.Format(time.DateOnly)
		}
		t.row(r.File, r.Policy, r.State, r.DueAt.Format(time.DateOnly), until)
	}
	t.flush()
	return nil
}

func (a *app) retentionDecide(org *string, decision string) *cobra.Command {
	var reason, until string
	short := "Put a file that is listed into the trash"
	if decision == "keep" {
		short = "Keep a file that is listed until a day"
	}
	cmd := &cobra.Command{
		Use: decision + " FILE", Short: short, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, id, err := a.manager(*org)
			if err != nil {
				return err
			}
			var kept *time.Time
			if decision == "keep" {
				day, err := time.Parse(time.DateOnly, until)
				if err != nil {
					return fmt.Errorf("%q is not a day such as 2026-11-01: say one with --until", until)
				}
				kept = &day
			}
			r, err := c.DecideRetention(cmd.Context(), id, args[0], reason, kept)
			if err != nil {
				return err
			}
			return a.sayReviews(cmd, r, r)
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why")
	if decision == "keep" {
		cmd.Flags().StringVar(&until, "until", "", "the day after which its policy applies again")
	}
	return cmd
}
