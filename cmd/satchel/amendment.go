package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"satchel/client"
)

// amendments are the commands about requests to amend records.
func (a *app) amendments() *cobra.Command {
	var org string
	cmd := &cobra.Command{
		Use: "amendment", Short: "Ask that an education record is amended, and answer such requests",
		Long: `Ask that an education record is amended, and answer such requests (34 CFR 99.20 to 99.22).

  satchel amendment ask --file FILE --student STUDENT --what 'the grade of March is of another student'
  satchel amendment list
  satchel amendment step ID review
  satchel amendment step ID deny --reason 'the grade is right'
  satchel amendment step ID request_hearing
  satchel amendment step ID schedule --at 2026-10-01T15:00:00Z --place 'room 4' --officer 'the deputy of another school'
  satchel amendment step ID hold
  satchel amendment step ID decide_uphold --decision 'both were heard; …'
  satchel amendment step ID state --statement 'the sheet is of another student'

docs/compliance/amendments.md has all steps, and who takes them.`,
	}
	cmd.PersistentFlags().StringVar(&org, "org", "", "organization id (default: the login's)")
	var file, student, what, at string
	var ended bool
	var step client.AmendmentStep
	ask := answerCommand(a, &org, "ask", "Ask that a record is amended", 0, func(cmd *cobra.Command, c *client.Client, org string, _ []string) (client.Amendment, error) {
		return c.AskAmendment(cmd.Context(), org, file, student, what)
	}, a.sayAmendments)
	ask.Flags().StringVar(&file, "file", "", "the record")
	ask.Flags().StringVar(&student, "student", "", "whose record it is")
	ask.Flags().StringVar(&what, "what", "", "what is wrong, and how it should be")
	take := answerCommand(a, &org, "step ID STEP", "Take a step of a request", 2, func(cmd *cobra.Command, c *client.Client, org string, args []string) (client.Amendment, error) {
		step.Step = args[1]
		if at != "" {
			when, err := time.Parse(time.RFC3339, at)
			if err != nil {
				return client.Amendment{}, fmt.Errorf("--at is a time such as 2026-10-01T15:00:00Z: %w", err)
			}
			step.HearingAt = &when
		}
		return c.StepAmendment(cmd.Context(), org, args[0], step)
	}, a.sayAmendments)
	take.Flags().StringVar(&step.Reason, "reason", "", "of amend and deny")
	take.Flags().StringVar(&step.Decision, "decision", "", "of decide_amend and decide_uphold: in writing, with the evidence and the reasons")
	take.Flags().StringVar(&step.Statement, "statement", "", "of state")
	take.Flags().StringVar(&at, "at", "", "of schedule: when the hearing is")
	take.Flags().StringVar(&step.HearingPlace, "place", "", "of schedule: where it is")
	take.Flags().StringVar(&step.HearingOfficer, "officer", "", "of schedule: who conducts it, without a direct interest")
	list := answerCommand(a, &org, "list", "List open requests", 0, func(cmd *cobra.Command, c *client.Client, org string, _ []string) ([]client.Amendment, error) {
		return c.Amendments(cmd.Context(), org, ended)
	}, func(cmd *cobra.Command, answer any, rows ...[]client.Amendment) error {
		return a.sayAmendments(cmd, answer, rows[0]...)
	})
	list.Flags().BoolVar(&ended, "ended", false, "with those that are over")
	cmd.AddCommand(ask, take, list, answerCommand(a, &org, "show ID", "Show a request", 1, func(cmd *cobra.Command, c *client.Client, org string, args []string) (client.Amendment, error) {
		return c.Amendment(cmd.Context(), org, args[0])
	}, a.sayAmendments))
	return cmd
}

func (a *app) sayAmendments(cmd *cobra.Command, answer any, requests ...client.Amendment) error {
	if a.json {
		return a.say(cmd, answer, "")
	}
	t := table(cmd, "ID", "FILE", "STUDENT", "STATE", "DUE", "LATE")
	for _, r := range requests {
		due, late := "", ""
		if r.Due != nil {
			due = r.Due.Format(time.DateOnly)
		}
		if r.Overdue {
			late = "yes"
		}
		t.row(r.ID, r.File, r.Student, r.State, due, late)
	}
	t.flush()
	return nil
}
