package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"satchel/client"
)

func (a *app) spaceGrant() *cobra.Command {
	var level, reason string
	until := moment{ends: true}
	cmd := &cobra.Command{
		Use: "grant SPACE PERSON", Short: "Let a person into a space that you manage", Args: cobra.ExactArgs(2),
		Example: "  satchel space grant \"Chess club\" \"Student 12\" --level add",
		Long: `Let a person into a space that you manage.

  read    reads what is in it
  add     and adds files
  staff   and changes what others added, and sees hand-ins
  manage  and lets others in
` + namesHelp + "\n" + momentsHelp,
		RunE: a.with(func(cmd *cobra.Command, c *client.Client, args []string) error {
			n, err := levelOf(level)
			if err != nil {
				return err
			}
			return a.give(cmd, c, args, client.NewGrant{Level: n, Reason: reason, EndsAt: until.at})
		}),
	}
	cmd.Flags().StringVar(&level, "level", "read", "read, add, staff or manage")
	cmd.Flags().StringVar(&reason, "reason", "", "why; those who list the access read it")
	cmd.Flags().Var(&until, "until", "when it ends by itself (default: it does not)")
	return cmd
}

func (a *app) spaceSubstitute() *cobra.Command {
	var level, reason string
	until := moment{ends: true}
	cmd := &cobra.Command{
		Use: "substitute SPACE PERSON --until TIME", Short: "As an owner or admin: let a colleague stand in for a while", Args: cobra.ExactArgs(2),
		Example: "  satchel space substitute \"Class 7b\" \"Teacher 4\" --until 14d --reason \"illness\"",
		Long: `As an owner or admin: let a colleague stand in. The access ends by itself, after at
most 30 days; revoke ends it before.
` + namesHelp + "\n" + momentsHelp,
		RunE: a.with(func(cmd *cobra.Command, c *client.Client, args []string) error {
			n, err := levelOf(level)
			if err != nil {
				return err
			}
			return a.give(cmd, c, args, client.NewGrant{Level: n, Via: "substitute", Reason: reason, EndsAt: until.at})
		}),
	}
	cmd.Flags().StringVar(&level, "level", "staff", "read, add, staff or manage")
	cmd.Flags().StringVar(&reason, "reason", "", "why; those who list the access read it")
	cmd.Flags().Var(&until, "until", "when it ends by itself, at most 30d")
	_ = cmd.MarkFlagRequired("until")
	return cmd
}

func (a *app) give(cmd *cobra.Command, c *client.Client, args []string, n client.NewGrant) error {
	space, err := findSpace(cmd.Context(), c, args[0])
	if err != nil {
		return err
	}
	if n.User, err = a.findPerson(cmd.Context(), args[1]); err != nil {
		return err
	}
	g, err := c.GiveAccess(cmd.Context(), space.ID, n)
	if err != nil {
		return err
	}
	until := "until it is revoked"
	if g.EndsAt != nil {
		until = "until " + shortTime(g.EndsAt)
	}
	return a.say(cmd, g, "%s  %s has %s in %s %s\n", g.ID, args[1], levelWord(g.Level), space.Name, until)
}

func (a *app) spaceRevoke() *cobra.Command {
	return &cobra.Command{
		Use: "revoke SPACE PERSON|GRANT", Short: "End access that was given, at once", Args: cobra.ExactArgs(2),
		Example: "  satchel space revoke \"Chess club\" \"Student 12\"",
		Long: `End access that was given, at once: one grant by its id, or all that a person was
given there. What comes with a role or a class is not given, and stays.
` + namesHelp,
		RunE: a.with(func(cmd *cobra.Command, c *client.Client, args []string) error {
			ctx := cmd.Context()
			space, err := findSpace(ctx, c, args[0])
			if err != nil {
				return err
			}
			all, err := c.Grants(ctx, space.ID)
			if err != nil {
				return err
			}
			person, err := a.findPerson(ctx, args[1])
			if err != nil {
				return err
			}
			ended := []string{}
			for _, g := range liveGrants(all, person) {
				if err := c.EndAccess(ctx, space.ID, g); err != nil {
					return err
				}
				ended = append(ended, g)
			}
			if len(ended) == 0 {
				return fmt.Errorf("%s has no access in %s that was given: `satchel space show '%s'` lists it", args[1], space.Name, space.Name)
			}
			return a.say(cmd, map[string]any{"ended": ended}, "Ended: %d\n", len(ended))
		}),
	}
}

// liveGrants gives the ids of what has not ended and is of the id, a person's or a
// grant's.
func liveGrants(all []client.Grant, id string) (ids []string) {
	for _, g := range all {
		if (g.ID == id || g.User == id) && (g.EndsAt == nil || g.EndsAt.After(time.Now())) {
			ids = append(ids, g.ID)
		}
	}
	return ids
}

func (a *app) spaceBreakGlass() *cobra.Command {
	var n client.NewBreakGlass
	var person string
	cmd := &cobra.Command{
		Use: "break-glass [SPACE-ID] --reason WHY", Short: "As an owner or admin: go into a space that you are not in", Args: cobra.MaximumNArgs(1),
		Example: `  satchel space break-glass --person "Student 12" --reason "a safeguarding request of today"
  satchel space break-glass 0198c2b4-… --reason "a court order of 1 December"`,
		Long: `As an owner or admin: go into a space that you are not in, as its staff, for two
hours. Those who manage it and the owners are told, with who you are, and the audit
log has the reason. A confidential space opens when a second owner or admin approves.

Name the personal space of a person with --person, any other by its id: a space
that you are not in has no name for you.
` + namesHelp,
		RunE: a.with(func(cmd *cobra.Command, c *client.Client, args []string) (err error) {
			switch {
			case (len(args) == 0) == (person == ""):
				return errors.New("name either the id of a space, or a person with --person")
			case person != "":
				if n.User, err = a.findPerson(cmd.Context(), person); err != nil {
					return err
				}
			case !isID(args[0]):
				return fmt.Errorf("%q is no id: a space that you are not in is named by its id alone", args[0])
			default:
				n.Space = args[0]
			}
			g, err := c.BreakGlass(cmd.Context(), n)
			if err != nil {
				return err
			}
			return a.showBroken(cmd, c, g)
		}),
	}
	cmd.Flags().StringVar(&person, "person", "", "the person whose personal space is meant")
	cmd.Flags().StringVar(&n.Reason, "reason", "", "why, in 10 to 1,000 characters")
	_ = cmd.MarkFlagRequired("reason")
	return cmd
}

// showBroken says whether the space is open now: a confidential one is not before the
// second person's word.
func (a *app) showBroken(cmd *cobra.Command, c *client.Client, g client.Grant) error {
	_, err := c.Space(cmd.Context(), g.Space)
	if client.HasCode(err, "space_not_found") {
		return a.say(cmd, g, "%s  It opens when a second owner or admin gives: satchel space approve %s\n", g.ID, g.ID)
	}
	if err != nil {
		return err
	}
	return a.say(cmd, g, "%s  You are staff of space %s until %s. Those who manage it and the owners are told.\n", g.ID, g.Space, shortTime(g.EndsAt))
}

func (a *app) spaceApprove() *cobra.Command {
	return &cobra.Command{
		Use: "approve GRANT", Short: "As a second owner or admin: approve a break-glass into a confidential space", Args: cobra.ExactArgs(1),
		Example: "  satchel space approve 0198c2b4-…",
		RunE: a.with(func(cmd *cobra.Command, c *client.Client, args []string) error {
			if err := c.ApproveBreakGlass(cmd.Context(), args[0]); err != nil {
				return err
			}
			return a.say(cmd, map[string]any{"approved": args[0]}, "Approved. The space is open to who asked.\n")
		}),
	}
}
