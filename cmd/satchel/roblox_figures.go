package main

import (
	"strconv"

	"github.com/spf13/cobra"

	"satchel/client"
)

// shownCount is a number of people; a star stands for fewer than are shown.
func shownCount(n *int64) string {
	if n == nil {
		return "*"
	}
	return strconv.FormatInt(*n, 10)
}

func (a *app) robloxFigures() *cobra.Command {
	return a.ofConnection("figures CONNECTION", "Show how far people are, and how many used the experience", 0, func(cmd *cobra.Command, c *client.Client, args []string) error {
		all, err := c.RobloxFigures(cmd.Context(), args[0])
		if err != nil || a.json {
			return or(err, func() error { return a.say(cmd, all, "") })
		}
		t := table(cmd, "WHAT", "DAY", "PEOPLE", "<25%", "<50%", "<75%", "<100%", "DONE")
		for _, f := range all {
			row := []string{f.Name, f.Day, shownCount(f.People)}
			for _, part := range []string{"below_quarter", "below_half", "below_three_quarters", "below_done", "done"} {
				if f.Parts == nil {
					row = append(row, "")
					continue
				}
				row = append(row, shownCount(f.Parts[part]))
			}
			t.row(row...)
		}
		t.flush()
		return nil
	})
}

func (a *app) robloxProgress() *cobra.Command {
	cmd := &cobra.Command{
		Use: "progress CONNECTION [NAME…]", Short: "Say what is counted in the experience; without a name nothing is", Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			r, err := c.ChangeRoblox(cmd.Context(), args[0], map[string]any{"progress": append([]string{}, args[1:]...)})
			if err != nil {
				return err
			}
			return a.sayConnection(cmd, r)
		},
	}
	return cmd
}
