package main

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"satchel/client"
)

// accessRequests are the commands about requests to see education records.
func (a *app) accessRequests() *cobra.Command {
	var org string
	cmd := &cobra.Command{
		Use: "access-request", Short: "Ask to see education records, and answer such requests",
		Long: `Ask to see education records, and answer such requests within 45 days.

  satchel access-request ask --note 'grades of this year'      a student, or a parent of one child
  satchel access-request list
  satchel access-request verify ID --how 'came with a passport'
  satchel access-request files ID
  satchel access-request include ID FILE --reason 'shows only this student'
  satchel access-request withhold ID FILE --reason 'tells of another student'
  satchel access-request release ID
  satchel access-request get ID --part 1 --to records.zip
  satchel access-request end ID --outcome closed

docs/compliance/access-requests.md explains them.`,
	}
	cmd.PersistentFlags().StringVar(&org, "org", "", "organization id (default: the login's)")
	var student, note, how, reason, outcome string
	var ended bool
	ask := a.requestCommand(&org, "ask", "Ask to see records", 0, func(cmd *cobra.Command, c *client.Client, org string, _ []string) (client.AccessRequest, error) {
		return c.AskAccess(cmd.Context(), org, student, note)
	})
	ask.Flags().StringVar(&student, "student", "", "whose records (default: one's own, or those of one's only child)")
	ask.Flags().StringVar(&note, "note", "", "what is asked for")
	verify := a.requestCommand(&org, "verify ID", "Say how it is known who asks", 1, func(cmd *cobra.Command, c *client.Client, org string, args []string) (client.AccessRequest, error) {
		return c.VerifyAccessRequest(cmd.Context(), org, args[0], how)
	})
	verify.Flags().StringVar(&how, "how", "", "how it is known")
	end := a.requestCommand(&org, "end ID", "Close, reject or withdraw a request", 1, func(cmd *cobra.Command, c *client.Client, org string, args []string) (client.AccessRequest, error) {
		return c.EndAccessRequest(cmd.Context(), org, args[0], outcome, reason)
	})
	end.Flags().StringVar(&outcome, "outcome", "closed", "closed, rejected or withdrawn")
	end.Flags().StringVar(&reason, "reason", "", "why")
	cmd.AddCommand(ask, verify, end)
	for _, decision := range []string{"include", "withhold"} {
		decide := a.requestCommand(&org, decision+" ID FILE", "Decide about a record of a request: "+decision, 2, func(cmd *cobra.Command, c *client.Client, org string, args []string) (client.AccessRequest, error) {
			return c.DecideAccessRequestFile(cmd.Context(), org, args[0], args[1], decision, reason)
		})
		decide.Flags().StringVar(&reason, "reason", "", "why")
		cmd.AddCommand(decide)
	}
	list := a.requestCommand(&org, "list", "List open requests", 0, nil)
	list.Flags().BoolVar(&ended, "ended", false, "with those that are over")
	list.RunE = func(cmd *cobra.Command, _ []string) error {
		c, id, err := a.manager(org)
		if err != nil {
			return err
		}
		found, err := c.AccessRequests(cmd.Context(), id, ended)
		if err != nil {
			return err
		}
		return a.sayRequests(cmd, found, found...)
	}
	cmd.AddCommand(list, a.requestCommand(&org, "show ID", "Show a request", 1, func(cmd *cobra.Command, c *client.Client, org string, args []string) (client.AccessRequest, error) {
		return c.AccessRequest(cmd.Context(), org, args[0])
	}), a.requestFiles(&org), a.requestRelease(&org), a.requestGet(&org))
	return cmd
}

// requestCommand is a command whose answer is one request.
func (a *app) requestCommand(org *string, use, short string, args int, do question[client.AccessRequest]) *cobra.Command {
	return answerCommand(a, org, use, short, args, do, a.sayRequests)
}

func (a *app) sayRequests(cmd *cobra.Command, answer any, requests ...client.AccessRequest) error {
	if a.json {
		return a.say(cmd, answer, "")
	}
	t := table(cmd, "ID", "STUDENT", "STATE", "RECEIVED", "DUE", "LATE")
	for _, r := range requests {
		late := ""
		if r.Overdue {
			late = "yes"
		}
		t.row(r.ID, r.Student, r.State, r.Received.Format(time.DateOnly), r.Due.Format(time.DateOnly), late)
	}
	t.flush()
	return nil
}

func (a *app) requestFiles(org *string) *cobra.Command {
	return &cobra.Command{
		Use: "files ID", Short: "List the records that a request is about", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, id, err := a.manager(*org)
			if err != nil {
				return err
			}
			found, err := c.AccessRequestFiles(cmd.Context(), id, args[0])
			if err != nil {
				return err
			}
			if a.json {
				return a.say(cmd, found, "")
			}
			t := table(cmd, "FILE", "NAME", "STUDENTS", "DECISION", "REASON")
			for _, f := range found {
				t.row(f.File, f.Name, fmt.Sprint(f.Students), f.Decision, f.Reason)
			}
			t.flush()
			return nil
		},
	}
}

func (a *app) requestRelease(org *string) *cobra.Command {
	return &cobra.Command{
		Use: "release ID", Short: "Release the records, and have their package made", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, id, err := a.manager(*org)
			if err != nil {
				return err
			}
			op, err := c.ReleaseAccessRequest(cmd.Context(), id, args[0])
			if err != nil {
				return err
			}
			return a.say(cmd, map[string]string{"operation_id": op}, "The package is being made as operation %s.\n", op)
		},
	}
}

func (a *app) requestGet(org *string) *cobra.Command {
	var part int
	var to string
	cmd := &cobra.Command{
		Use: "get ID", Short: "Fetch a part of the package", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			c, id, err := a.manager(*org)
			if err != nil {
				return err
			}
			out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // the person says where
			if err != nil {
				return fmt.Errorf("make %s: %w", to, err)
			}
			n, err := c.AccessRequestPackage(cmd.Context(), id, args[0], part, out)
			if closeErr := out.Close(); err == nil {
				err = closeErr
			}
			if err != nil {
				_ = os.Remove(to)
				return err
			}
			return a.say(cmd, map[string]any{"file": to, "size": n}, "%s has %d bytes.\n", to, n)
		},
	}
	cmd.Flags().IntVar(&part, "part", 1, "which part, from 1 on")
	cmd.Flags().StringVar(&to, "to", "records.zip", "where to write it; it must not be there yet")
	return cmd
}
