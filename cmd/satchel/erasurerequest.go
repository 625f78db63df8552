package main

import (
	"strings"
	"time"

	"github.com/spf13/cobra"

	"satchel/client"
)

// erasureRequests are the commands about requests of parents that the data of a student is erased.
func (a *app) erasureRequests() *cobra.Command {
	var org, student, note, reason string
	var ended bool
	cmd := &cobra.Command{
		Use: "erasure-request", Short: "Ask that the data of your child is erased, and answer such requests",
		Long: `Ask that the data of your child is erased, and answer such requests within 30 days.

  satchel erasure-request ask --note 'all pictures'      a parent of one child, or a student of 18 or more
  satchel erasure-request list
  satchel erasure-request accept ID
  satchel erasure-request refuse ID --reason 'grades are kept for five years'
  satchel erasure-request withdraw ID

What is here of a child by a parent's consent alone is erased without a decision. docs/compliance/erasure.md
says what goes and what stays.`,
	}
	cmd.PersistentFlags().StringVar(&org, "org", "", "organization id (default: the login's)")
	about := func(use, short string, args int, do question[client.ErasureRequest]) *cobra.Command {
		return answerCommand(a, &org, use, short, args, do, a.sayErasureRequests)
	}
	ask := about("ask", "Ask that data is erased", 0, func(cmd *cobra.Command, c *client.Client, org string, _ []string) (client.ErasureRequest, error) {
		return c.AskErasure(cmd.Context(), org, student, note)
	})
	ask.Flags().StringVar(&student, "student", "", "whose data (default: that of one's only child, or one's own)")
	ask.Flags().StringVar(&note, "note", "", "what is asked for")
	cmd.AddCommand(ask)
	for verb, outcome := range map[string]string{"accept": "accepted", "refuse": "refused"} {
		decide := about(verb+" ID", "Decide about a request: "+outcome, 1, func(cmd *cobra.Command, c *client.Client, org string, args []string) (client.ErasureRequest, error) {
			return c.DecideErasureRequest(cmd.Context(), org, args[0], outcome, reason)
		})
		decide.Flags().StringVar(&reason, "reason", "", "why; needed to refuse")
		cmd.AddCommand(decide)
	}
	list := about("list", "List open requests", 0, nil)
	list.Flags().BoolVar(&ended, "ended", false, "with those that are over")
	list.RunE = func(cmd *cobra.Command, _ []string) error {
		c, id, err := a.manager(org)
		if err != nil {
			return err
		}
		found, err := c.ErasureRequests(cmd.Context(), id, ended)
		if err != nil {
			return err
		}
		return a.sayErasureRequests(cmd, found, found...)
	}
	cmd.AddCommand(list, about("show ID", "Show a request", 1, func(cmd *cobra.Command, c *client.Client, org string, args []string) (client.ErasureRequest, error) {
		return c.ErasureRequest(cmd.Context(), org, args[0])
	}), about("withdraw ID", "Take a request back", 1, func(cmd *cobra.Command, c *client.Client, org string, args []string) (client.ErasureRequest, error) {
		return c.WithdrawErasureRequest(cmd.Context(), org, args[0])
	}))
	return cmd
}

func (a *app) sayErasureRequests(cmd *cobra.Command, answer any, requests ...client.ErasureRequest) error {
	if a.json {
		return a.say(cmd, answer, "")
	}
	t := table(cmd, "ID", "STUDENT", "STATE", "RECEIVED", "DUE", "LATE", "ERASURES")
	for _, r := range requests {
		late := ""
		if r.Overdue {
			late = "yes"
		}
		var begun []string
		for _, e := range r.Erasures {
			begun = append(begun, e.ID+" "+e.State)
		}
		t.row(r.ID, r.Student, r.State, r.Received.Format(time.DateOnly), r.Due.Format(time.DateOnly), late, strings.Join(begun, ", "))
	}
	t.flush()
	return nil
}
