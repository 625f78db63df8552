package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"satchel/client"
)

// reports are the commands about reports.
func (a *app) reports() *cobra.Command {
	cmd := &cobra.Command{
		Use: "report", Short: "Have reports made, and say when they come by themselves",
		Long: `Have reports made, and say when they come by themselves.

  satchel report create activity --from 2026-11-01 --to 2026-11-30 --format pdf
  satchel report create class --class ID --format csv
  satchel report schedule storage --every month --at 06:30
  satchel report schedules

A report becomes a file of yours, or of the staff room with --place staff. Small groups of
people are hidden in it. docs/analytics.md explains kinds, formats and what is hidden.`,
	}
	cmd.AddCommand(a.reportCreate(), a.reportList(), a.reportShow(), a.reportSchedule(), a.reportSchedules(), a.reportUnschedule())
	return cmd
}

const reportKinds = "storage, activity, types, hand_ins, refusals, jobs, generation or class"

func (a *app) reportCreate() *cobra.Command {
	n, wait := client.NewReport{}, true
	cmd := &cobra.Command{
		Use: "create KIND", Short: "Ask for a report: " + reportKinds, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			n.Kind = args[0]
			r, err := c.RequestReport(cmd.Context(), n)
			for err == nil && wait && r.State == "waiting" {
				_, _ = fmt.Fprintln(cmd.ErrOrStderr(), r.ID, r.State)
				r, err = c.Report(cmd.Context(), r.ID, waitAtOnce)
			}
			if err != nil {
				return err
			}
			return a.sayReport(cmd, r)
		},
	}
	f := cmd.Flags()
	f.StringVar(&n.Format, "format", "pdf", "json, csv, xlsx or pdf")
	f.StringVar(&n.Place, "place", "personal", "where the file goes: personal or staff")
	f.StringVar(&n.Class, "class", "", "id of your class, of the kind class")
	f.StringVar(&n.From, "from", "", "the first day, such as 2026-11-01 (the last seven days if neither is said)")
	f.StringVar(&n.To, "to", "", "the last day")
	f.BoolVar(&wait, "wait", true, "wait until it is made")
	return cmd
}

func (a *app) sayReport(cmd *cobra.Command, r client.Report) error {
	if a.json {
		return a.say(cmd, r, "")
	}
	t := table(cmd, "ID", "KIND", "FORMAT", "FROM", "TO", "STATE", "ROWS", "FILE")
	t.row(r.ID, r.Kind, r.Format, r.From, r.To, r.State, fmt.Sprint(r.Rows), r.FileID)
	t.flush()
	if r.State == "failed" {
		return fmt.Errorf("the report failed: %s; docs/analytics.md says what that means", r.Code)
	}
	return nil
}

func (a *app) reportList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Aliases: []string{"ls"}, Short: "List your newest reports", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			found, err := c.Reports(cmd.Context())
			if err != nil || a.json {
				return or(err, func() error { return a.say(cmd, found, "") })
			}
			t := table(cmd, "ID", "KIND", "FORMAT", "FROM", "TO", "STATE", "FILE")
			for _, r := range found {
				t.row(r.ID, r.Kind, r.Format, r.From, r.To, r.State, r.FileID)
			}
			t.flush()
			return nil
		},
	}
}

func (a *app) reportShow() *cobra.Command {
	return &cobra.Command{
		Use: "show ID", Short: "Show a report", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			r, err := c.Report(cmd.Context(), args[0], 0)
			if err != nil {
				return err
			}
			return a.sayReport(cmd, r)
		},
	}
}

func (a *app) reportSchedule() *cobra.Command {
	n := client.NewReportSchedule{}
	cmd := &cobra.Command{
		Use: "schedule KIND", Short: "Let a report come by itself: " + reportKinds, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			n.Kind = args[0]
			s, err := c.ScheduleReport(cmd.Context(), n)
			if err != nil {
				return err
			}
			return a.say(cmd, s, "%s comes next at %s\n", s.ID, shownMoment(s.NextAt))
		},
	}
	f := cmd.Flags()
	f.StringVar(&n.Format, "format", "pdf", "json, csv, xlsx or pdf")
	f.StringVar(&n.Place, "place", "personal", "where the file goes: personal or staff")
	f.StringVar(&n.Class, "class", "", "id of your class, of the kind class")
	f.StringVar(&n.Every, "every", "week", "day, week or month: it is about the last whole one")
	f.IntVar(&n.Weekday, "weekday", 1, "of every week: 1 is Monday")
	f.StringVar(&n.At, "at", "06:30", "the time of the day, by the clocks of the organization")
	return cmd
}

func (a *app) reportSchedules() *cobra.Command {
	return &cobra.Command{
		Use: "schedules", Short: "List your reports that come by themselves", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			found, err := c.ReportSchedules(cmd.Context())
			if err != nil || a.json {
				return or(err, func() error { return a.say(cmd, found, "") })
			}
			t := table(cmd, "ID", "KIND", "FORMAT", "EVERY", "AT", "NEXT", "ACTIVE")
			for _, s := range found {
				t.row(s.ID, s.Kind, s.Format, s.Every, s.At, shownMoment(s.NextAt), fmt.Sprint(s.Active))
			}
			t.flush()
			return nil
		},
	}
}

func (a *app) reportUnschedule() *cobra.Command {
	return &cobra.Command{
		Use: "unschedule ID", Short: "Let a report come no more", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			return c.UnscheduleReport(cmd.Context(), args[0])
		},
	}
}
