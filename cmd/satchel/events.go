package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"satchel/client"
)

// events reads what happened in an organization.
func (a *app) events() *cobra.Command {
	var org, kind, cursor string
	var follow bool
	cmd := &cobra.Command{
		Use: "events", Short: "Show what happened in your organization, oldest first",
		Long: `Show what happened in your organization, oldest first: a line an event.

  satchel events --type file.published
  satchel events --follow            and what happens from then on
  satchel events --cursor 1234       what came after the event of that number

With --json each line is an event as the API gives it. docs/events.md lists the types.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, id, err := a.manager(org)
			if err != nil {
				return err
			}
			query := url.Values{"limit": {"200"}, "type": {kind}, "cursor": {cursor}}
			for {
				n, err := a.showEvents(cmd, c, id, query)
				if err != nil {
					return err
				}
				if n > 0 {
					continue
				}
				if !follow {
					return nil
				}
				if !pause(cmd.Context(), time.Second) {
					return nil
				}
			}
		},
	}
	cmd.Flags().StringVar(&org, "org", "", "organization id (default: the login's)")
	cmd.Flags().StringVar(&kind, "type", "", "a type of event such as file.published (default: all)")
	cmd.Flags().StringVar(&cursor, "cursor", "", "the number of the last event that was seen")
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "wait for more, until interrupted")
	return cmd
}

// showEvents prints one page, and moves the cursor behind it.
func (a *app) showEvents(cmd *cobra.Command, c *client.Client, org string, query url.Values) (int, error) {
	page, err := c.Events(cmd.Context(), org, query)
	if err != nil {
		return 0, err
	}
	for _, e := range page.Items {
		line := fmt.Sprintf("%d\t%s\t%s\t%s", e.Seq, e.At.Local().Format(time.DateTime), e.Type, e.Data)
		if a.json {
			encoded, err := json.Marshal(e)
			if err != nil {
				return 0, fmt.Errorf("encode event: %w", err)
			}
			line = string(encoded)
		}
		if _, err := fmt.Fprintln(cmd.OutOrStdout(), line); err != nil {
			return 0, err
		}
		query.Set("cursor", strconv.FormatInt(e.Seq, 10))
	}
	return len(page.Items), nil
}

// pause waits, and says whether to go on.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
