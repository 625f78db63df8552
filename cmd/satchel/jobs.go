package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"satchel/client"
)

// jobs are the commands of those who wait for work, and of those who watch over it.
func (a *app) jobs() *cobra.Command {
	var org string
	cmd := &cobra.Command{
		Use: "jobs", Short: "Look at jobs, end them, run them again",
		Long: `Look at jobs, end them, run them again.

  satchel jobs list --state failed
  satchel jobs watch ID          until it has ended; the exit code says how
  satchel jobs retry ID

docs/jobs.md lists the kinds.`,
	}
	cmd.PersistentFlags().StringVar(&org, "organization", "", "for operators: the id of the organization whose job it is")
	cmd.AddCommand(a.jobsList(&org), a.jobsShow(&org), a.jobsWatch(&org), a.jobsChange(&org, "cancel", "Ask a job to end"), a.jobsChange(&org, "retry", "Run a job again that failed or was cancelled"))
	return cmd
}

func (a *app) jobsList(org *string) *cobra.Command {
	f := client.JobFilter{}
	cmd := &cobra.Command{
		Use: "list", Aliases: []string{"ls"}, Short: "List the newest jobs", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			f.Organization = *org
			found, err := c.Jobs(cmd.Context(), f)
			if err != nil || a.json {
				return or(err, func() error { return a.say(cmd, found, "") })
			}
			t := table(cmd, "ID", "JOB", "STATE", "PRIORITY", "PROGRESS", "REASON", "MADE")
			for _, j := range found {
				t.row(j.ID, j.Name, stateOfJob(j), j.Priority, progressOf(j), j.ReasonCode, shownMoment(&j.CreatedAt))
			}
			t.flush()
			return nil
		},
	}
	cmd.Flags().StringVar(&f.Kind, "kind", "", "only this kind")
	cmd.Flags().StringVar(&f.State, "state", "", "only this state: waiting, running, retrying, paused, succeeded, failed or cancelled")
	cmd.Flags().StringVar(&f.Queue, "queue", "", "only this queue")
	cmd.Flags().StringVar(&f.Priority, "priority", "", "only this priority: high, default or low")
	cmd.Flags().IntVar(&f.Limit, "limit", 0, "at most so many, up to 200")
	cmd.Flags().BoolVar(&f.All, "all", false, "for operators: of all organizations")
	return cmd
}

func stateOfJob(j client.Job) string {
	if j.NextTryAt != nil {
		return fmt.Sprintf("%s (attempt %d at %s)", j.State, j.Attempts+1, j.NextTryAt.Local().Format(time.TimeOnly))
	}
	return j.State
}

func progressOf(j client.Job) string {
	switch {
	case j.Progress.Total > 0:
		return fmt.Sprintf("%d of %d", j.Progress.Done, j.Progress.Total)
	case j.Progress.Done > 0:
		return fmt.Sprint(j.Progress.Done)
	}
	return ""
}

func (a *app) jobsShow(org *string) *cobra.Command {
	return &cobra.Command{
		Use: "show ID", Short: "Show a job and what happened to it", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			j, err := c.Job(cmd.Context(), *org, args[0], 0)
			if err != nil {
				return err
			}
			return a.sayJob(cmd, j)
		},
	}
}

func (a *app) sayJob(cmd *cobra.Command, j client.Job) error {
	if a.json {
		return a.say(cmd, j, "")
	}
	t := table(cmd, "ID", "JOB", "QUEUE", "PRIORITY", "STATE", "PROGRESS", "REASON")
	t.row(j.ID, j.Name, j.Queue, j.Priority, stateOfJob(j), progressOf(j), j.ReasonCode)
	t.flush()
	t = table(cmd, "WHEN", "STATE", "ATTEMPT", "REASON")
	for _, m := range j.Timeline {
		t.row(shownMoment(&m.At), m.State, fmt.Sprint(m.Attempt), m.Code)
	}
	t.flush()
	return nil
}

// waitAtOnce is how long one request waits, in seconds.
const waitAtOnce = 50

func (a *app) jobsWatch(org *string) *cobra.Command {
	return &cobra.Command{
		Use: "watch ID", Short: "Wait until a job has ended", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			for {
				j, err := c.Job(cmd.Context(), *org, args[0], waitAtOnce)
				switch {
				case err != nil:
					return err
				case !j.Ended():
					_, _ = fmt.Fprintln(cmd.ErrOrStderr(), j.Name, stateOfJob(j), progressOf(j))
					continue
				}
				if err := a.sayJob(cmd, j); err != nil {
					return err
				}
				if j.State != "succeeded" {
					return errors.New(strings.TrimSuffix("the job ended as "+j.State+": "+j.ReasonCode, ": "))
				}
				return nil
			}
		},
	}
}

func (a *app) jobsChange(org *string, what, short string) *cobra.Command {
	return &cobra.Command{
		Use: what + " ID", Short: short, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			j, err := c.ChangeJob(cmd.Context(), *org, args[0], what)
			if err != nil {
				return err
			}
			return a.sayJob(cmd, j)
		},
	}
}

// queue are the commands of operators who hold queues.
func (a *app) queue() *cobra.Command {
	cmd := &cobra.Command{Use: "queue", Short: "Look at queues, pause them, limit their rate (operators)"}
	cmd.AddCommand(a.queueList(), a.queueChange("pause", "Let no step of a queue start", true), a.queueChange("resume", "Let a queue go on, without a limit", false), a.queueRate())
	return cmd
}

func (a *app) queueList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Aliases: []string{"ls"}, Short: "List the queues", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			found, err := c.Queues(cmd.Context())
			if err != nil {
				return err
			}
			return a.sayQueues(cmd, found, found)
		},
	}
}

func (a *app) sayQueues(cmd *cobra.Command, raw any, found []client.Queue) error {
	if a.json {
		return a.say(cmd, raw, "")
	}
	t := table(cmd, "QUEUE", "WAITING", "OLDEST", "STARTS/S", "WORKERS", "LIMIT", "WHY")
	for _, q := range found {
		t.row(q.Name, fmt.Sprint(q.Backlog), (time.Duration(q.AgeSeconds * float64(time.Second))).Round(time.Second).String(), fmt.Sprintf("%.1f", q.StartRate), fmt.Sprint(q.Workers), limitOf(q), q.Reason)
	}
	t.flush()
	return nil
}

func limitOf(q client.Queue) string {
	switch {
	case q.Paused:
		return "paused"
	case q.Rate != nil:
		return fmt.Sprintf("%g/s", *q.Rate)
	}
	return ""
}

func (a *app) queueChange(use, short string, paused bool) *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use: use + " QUEUE", Short: short, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.changeQueue(cmd, args[0], client.QueueChange{Paused: &paused, Reason: reason})
		},
	}
	return reasoned(cmd, &reason)
}

func (a *app) queueRate() *cobra.Command {
	var reason string
	var rate, each float64
	cmd := &cobra.Command{
		Use: "rate QUEUE", Short: "Limit how many steps of a queue start a second", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			change := client.QueueChange{Reason: reason}
			if cmd.Flags().Changed("all") {
				change.Rate = &rate
			}
			if cmd.Flags().Changed("organization") {
				change.OrgRate = &each
			}
			return a.changeQueue(cmd, args[0], change)
		},
	}
	cmd.Flags().Float64Var(&rate, "all", 0, "of all organizations together")
	cmd.Flags().Float64Var(&each, "organization", 0, "of each organization; 0 takes the limit away")
	return reasoned(cmd, &reason)
}

func reasoned(cmd *cobra.Command, reason *string) *cobra.Command {
	cmd.Flags().StringVar(reason, "reason", "", "why; the next operator reads it")
	_ = cmd.MarkFlagRequired("reason")
	return cmd
}

func (a *app) changeQueue(cmd *cobra.Command, name string, change client.QueueChange) error {
	c, err := a.client()
	if err != nil {
		return err
	}
	q, err := c.ChangeQueue(cmd.Context(), name, change)
	if err != nil {
		return err
	}
	return a.sayQueues(cmd, q, []client.Queue{q})
}
