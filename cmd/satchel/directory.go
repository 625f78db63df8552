package main

import (
	"strings"

	"github.com/spf13/cobra"

	"satchel/client"
)

// directory are the commands about directory information.
func (a *app) directory() *cobra.Command {
	var org string
	cmd := &cobra.Command{
		Use: "directory", Short: "Say what is directory information, and who opted out of it",
		Long: `Say what is directory information (34 CFR 99.37), and who opted out of it.

  satchel directory policy
  satchel directory set --categories name,photograph,activities --notice 2026-08-15 --until 2026-09-15
  satchel directory opt-out STUDENT                 as a parent, or a student of 18 or more
  satchel directory opt-out STUDENT --holder USER   as an owner or admin, of what came on paper
  satchel directory opt-in STUDENT                  takes it back
  satchel directory opt-outs

docs/compliance/directory-information.md explains them.`,
	}
	cmd.PersistentFlags().StringVar(&org, "org", "", "organization id (default: the login's)")
	var set client.DirectoryPolicy
	policy := answerCommand(a, &org, "set", "Say what is directory information, and until when it may be refused", 0, func(cmd *cobra.Command, c *client.Client, org string, _ []string) (client.DirectoryPolicy, error) {
		return c.SetDirectoryPolicy(cmd.Context(), org, set)
	}, a.sayDirectory)
	policy.Flags().StringSliceVar(&set.Categories, "categories", nil, "which categories, such as name,photograph")
	policy.Flags().StringVar(&set.NoticeAt, "notice", "", "the day of the public notice, such as 2026-08-15")
	policy.Flags().StringVar(&set.OptOutUntil, "until", "", "the last day on which it may be refused")
	cmd.AddCommand(policy, answerCommand(a, &org, "policy", "Show what is directory information", 0, func(cmd *cobra.Command, c *client.Client, org string, _ []string) (client.DirectoryPolicy, error) {
		return c.DirectoryPolicy(cmd.Context(), org)
	}, a.sayDirectory), answerCommand(a, &org, "show STUDENT", "Show whether a student is opted out", 1, func(cmd *cobra.Command, c *client.Client, org string, args []string) (client.DirectoryOptOut, error) {
		return c.OptOutOf(cmd.Context(), org, args[0])
	}, a.sayOptOuts))
	var holder string
	for _, v := range []struct {
		use, short string
		out        bool
	}{{"opt-out STUDENT", "Opt a student out", true}, {"opt-in STUDENT", "Take that back", false}} {
		one := answerCommand(a, &org, v.use, v.short, 1, func(cmd *cobra.Command, c *client.Client, org string, args []string) (client.DirectoryOptOut, error) {
			return c.OptOut(cmd.Context(), org, args[0], holder, v.out)
		}, a.sayOptOuts)
		one.Flags().StringVar(&holder, "holder", "", "as an owner or admin: whose word it is (default: the student's)")
		cmd.AddCommand(one)
	}
	list := answerCommand(a, &org, "opt-outs", "List the students who are opted out", 0, func(cmd *cobra.Command, c *client.Client, org string, _ []string) ([]client.DirectoryOptOut, error) {
		return c.OptOuts(cmd.Context(), org)
	}, func(cmd *cobra.Command, answer any, rows ...[]client.DirectoryOptOut) error {
		if a.json {
			return a.say(cmd, answer, "")
		}
		t := table(cmd, "STUDENT", "SINCE")
		for _, o := range rows[0] {
			t.row(o.Student, o.At.Format("2006-01-02"))
		}
		t.flush()
		return nil
	})
	cmd.AddCommand(list)
	return cmd
}

func (a *app) sayDirectory(cmd *cobra.Command, answer any, policies ...client.DirectoryPolicy) error {
	if a.json {
		return a.say(cmd, answer, "")
	}
	t := table(cmd, "CATEGORIES", "NOTICE", "REFUSED UNTIL")
	for _, p := range policies {
		t.row(strings.Join(p.Categories, ","), p.NoticeAt, p.OptOutUntil)
	}
	t.flush()
	return nil
}

func (a *app) sayOptOuts(cmd *cobra.Command, answer any, students ...client.DirectoryOptOut) error {
	if a.json {
		return a.say(cmd, answer, "")
	}
	t := table(cmd, "STUDENT", "OPTED OUT")
	for _, o := range students {
		out := "no"
		if o.OptedOut {
			out = "yes"
		}
		t.row(o.Student, out)
	}
	t.flush()
	return nil
}
