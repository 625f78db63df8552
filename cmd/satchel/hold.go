package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"satchel/client"
)

// holds are the commands of those who say what must not be destroyed.
func (a *app) holds() *cobra.Command {
	var org string
	cmd := &cobra.Command{
		Use: "hold", Short: "Say what must not be destroyed",
		Long: `Say what must not be destroyed. Two people release a hold.

  satchel hold place --scope person --target USER --reason 'letter of the court, 7 May'
  satchel hold place --kind access_request --scope query --category essay --name-contains algebra --reason 'request 12'
  satchel hold release ID --reason 'settled'
  satchel hold approve ID                     another owner or admin than the one who asked

docs/compliance/holds.md says what a hold covers and what it refuses.`,
	}
	cmd.PersistentFlags().StringVar(&org, "org", "", "organization id (default: the login's)")
	list := a.holdCommand(&org, "list", "List the holds in force", 0, nil)
	var released bool
	list.Flags().BoolVar(&released, "released", false, "with those that were released")
	list.RunE = func(cmd *cobra.Command, _ []string) error {
		c, id, err := a.manager(org)
		if err != nil {
			return err
		}
		found, err := c.Holds(cmd.Context(), id, released)
		if err != nil {
			return err
		}
		return a.sayHolds(cmd, found, found...)
	}
	var reason string
	release := a.holdCommand(&org, "release ID", "Ask for the release of a hold", 1, func(cmd *cobra.Command, c *client.Client, org string, args []string) (client.Hold, error) {
		return c.AskHoldRelease(cmd.Context(), org, args[0], reason)
	})
	release.Flags().StringVar(&reason, "reason", "", "why it is not needed any more")
	cmd.AddCommand(a.holdPlace(&org), list, release,
		a.holdCommand(&org, "show ID", "Show a hold", 1, func(cmd *cobra.Command, c *client.Client, org string, args []string) (client.Hold, error) {
			return c.Hold(cmd.Context(), org, args[0])
		}),
		a.holdCommand(&org, "approve ID", "Release a hold that another person asked to release", 1, func(cmd *cobra.Command, c *client.Client, org string, args []string) (client.Hold, error) {
			return c.ApproveHoldRelease(cmd.Context(), org, args[0])
		}))
	return cmd
}

// holdCommand is a command whose answer is one hold.
func (a *app) holdCommand(org *string, use, short string, args int, do question[client.Hold]) *cobra.Command {
	return answerCommand(a, org, use, short, args, do, a.sayHolds)
}

func (a *app) sayHolds(cmd *cobra.Command, answer any, holds ...client.Hold) error {
	if a.json {
		return a.say(cmd, answer, "")
	}
	t := table(cmd, "ID", "KIND", "SCOPE", "TARGET", "STATE", "PLACED", "REASON")
	for _, h := range holds {
		target := ""
		if h.Target != nil {
			target = *h.Target
		}
		t.row(h.ID, h.Kind, h.Scope, target, h.State, h.PlacedAt.Format(time.DateOnly), h.Reason)
	}
	t.flush()
	return nil
}

func (a *app) holdPlace(org *string) *cobra.Command {
	var n client.NewHold
	var category, name, from, before string
	cmd := a.holdCommand(org, "place", "Place a hold", 0, func(cmd *cobra.Command, c *client.Client, org string, _ []string) (client.Hold, error) {
		var q client.HoldQuery
		for _, given := range []struct {
			text string
			to   **string
		}{{category, &q.Category}, {name, &q.NameContains}} {
			if given.text != "" {
				*given.to = &given.text
			}
		}
		for _, given := range []struct {
			text string
			to   **time.Time
		}{{from, &q.CreatedFrom}, {before, &q.CreatedBefore}} {
			if given.text == "" {
				continue
			}
			day, err := time.Parse(time.DateOnly, given.text)
			if err != nil {
				return client.Hold{}, fmt.Errorf("%q is not a day such as 2026-11-01", given.text)
			}
			*given.to = &day
		}
		if q != (client.HoldQuery{}) {
			n.Query = &q
		}
		return c.PlaceHold(cmd.Context(), org, n)
	})
	f := cmd.Flags()
	f.StringVar(&n.Kind, "kind", "legal", "legal, access_request or amendment")
	f.StringVar(&n.Scope, "scope", "", "organization, person, space, file or query")
	f.StringVar(&n.Target, "target", "", "id of the person, the space or the file")
	f.StringVar(&n.Reason, "reason", "", "who asks for it, by which letter or case")
	f.StringVar(&category, "category", "", "of a query: files of this category")
	f.StringVar(&name, "name-contains", "", "of a query: files with this in their names")
	f.StringVar(&from, "created-from", "", "of a query: files made on this day or later")
	f.StringVar(&before, "created-before", "", "of a query: files made before this day")
	return cmd
}
