package main

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"satchel/client"
)

// webhooks are the commands of those who have events sent to other systems.
func (a *app) webhooks() *cobra.Command {
	var org string
	cmd := &cobra.Command{
		Use: "webhook", Short: "Send your organization's events to another system",
		Long: `Send your organization's events to another system.

  satchel webhook add https://school.example/hooks --type 'file.*' --type usage.warning
  satchel webhook test ID
  satchel webhook deliveries ID --state failed
  satchel webhook replay ID --since 2h
  satchel webhook rotate ID --overlap 1h      both secrets sign for an hour

What verifies the signatures is shown once, by add and rotate. docs/webhooks.md
says how to verify; docs/events.md lists the types.`,
	}
	cmd.PersistentFlags().StringVar(&org, "org", "", "organization id (default: the login's)")
	cmd.AddCommand(a.webhookAdd(&org), a.webhookList(&org), a.webhookShow(&org), a.webhookRotate(&org), a.webhookTest(&org),
		a.webhookState(&org, "enable", "active"), a.webhookState(&org, "disable", "disabled"), a.webhookDeliveries(&org), a.webhookReplay(&org), a.webhookRemove(&org))
	return cmd
}

func (a *app) webhookAdd(org *string) *cobra.Command {
	n := client.NewWebhook{}
	cmd := &cobra.Command{
		Use: "add URL", Short: "Make a webhook and show its secret, this once", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, id, err := a.manager(*org)
			if err != nil {
				return err
			}
			n.URL = args[0]
			w, err := c.CreateWebhook(cmd.Context(), id, n)
			if err != nil {
				return err
			}
			return a.showSecret(cmd, w)
		},
	}
	cmd.Flags().StringArrayVar(&n.Types, "type", nil, "a type of event such as file.published or file.*; may be given several times (default: all)")
	cmd.Flags().StringVar(&n.Kind, "kind", "hmac", "how it signs: hmac or ed25519")
	cmd.Flags().StringVar(&n.Description, "description", "", "what it is for")
	return cmd
}

// showSecret prints the secret alone on standard output, so that it can go into a file.
func (a *app) showSecret(cmd *cobra.Command, w client.Webhook) error {
	if a.json {
		return a.say(cmd, w, "")
	}
	_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "Webhook %s. What verifies its signatures is shown only now:\n", w.ID)
	_, err := fmt.Fprintln(cmd.OutOrStdout(), w.Secret)
	return err
}

func (a *app) webhookList(org *string) *cobra.Command {
	return &cobra.Command{
		Use: "ls", Short: "List webhooks", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, id, err := a.manager(*org)
			if err != nil {
				return err
			}
			all, err := c.Webhooks(cmd.Context(), id)
			if err != nil || a.json {
				return or(err, func() error { return a.say(cmd, all, "") })
			}
			t := table(cmd, "ID", "URL", "TYPES", "STATE", "FAILING SINCE")
			for _, w := range all {
				t.row(w.ID, w.URL, typesOf(w), stateOf(w), shownMoment(w.FailingSince))
			}
			t.flush()
			return nil
		},
	}
}

func typesOf(w client.Webhook) string {
	if len(w.Types) == 0 {
		return "all"
	}
	return strings.Join(w.Types, ",")
}

func stateOf(w client.Webhook) string {
	if w.DisabledReason != "" {
		return w.State + " (" + w.DisabledReason + ")"
	}
	return w.State
}

func shownMoment(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.Local().Format(time.DateTime)
}

func (a *app) webhookShow(org *string) *cobra.Command {
	return &cobra.Command{
		Use: "show ID", Short: "Show a webhook and the secrets that sign", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, id, err := a.manager(*org)
			if err != nil {
				return err
			}
			w, err := c.Webhook(cmd.Context(), id, args[0])
			if err != nil || a.json {
				return or(err, func() error { return a.say(cmd, w, "") })
			}
			t := table(cmd, "ID", "URL", "TYPES", "STATE", "DISABLED", "FAILING SINCE")
			t.row(w.ID, w.URL, typesOf(w), stateOf(w), shownMoment(w.DisabledAt), shownMoment(w.FailingSince))
			t.flush()
			t = table(cmd, "SECRET", "KIND", "PUBLIC KEY", "MADE", "SIGNS UNTIL")
			for _, s := range w.Secrets {
				t.row(s.ID, s.Kind, s.PublicKey, shownMoment(&s.CreatedAt), shownMoment(s.ExpiresAt))
			}
			t.flush()
			return nil
		},
	}
}

// or runs what follows when there was no error.
func or(err error, next func() error) error {
	if err != nil {
		return err
	}
	return next()
}

func (a *app) webhookRotate(org *string) *cobra.Command {
	var overlap time.Duration
	var kind string
	cmd := &cobra.Command{
		Use: "rotate ID", Short: "Make a new secret; the old one signs beside it for a while", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, id, err := a.manager(*org)
			if err != nil {
				return err
			}
			w, err := c.RotateWebhook(cmd.Context(), id, args[0], kind, overlap)
			if err != nil {
				return err
			}
			return a.showSecret(cmd, w)
		},
	}
	cmd.Flags().DurationVar(&overlap, "overlap", 24*time.Hour, "how long the secrets of its kind sign on, at most 720h")
	cmd.Flags().StringVar(&kind, "kind", "hmac", "hmac or ed25519")
	return cmd
}

func (a *app) webhookTest(org *string) *cobra.Command {
	return &cobra.Command{
		Use: "test ID", Short: "Send a test event to a webhook", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, id, err := a.manager(*org)
			if err != nil {
				return err
			}
			event, err := c.TestWebhook(cmd.Context(), id, args[0])
			if err != nil {
				return err
			}
			return a.say(cmd, map[string]string{"event_id": event}, "The event %s is on its way; satchel webhook deliveries %s shows what becomes of it.\n", event, args[0])
		},
	}
}

func (a *app) webhookState(org *string, verb, state string) *cobra.Command {
	return &cobra.Command{
		Use: verb + " ID", Short: strings.ToUpper(verb[:1]) + verb[1:] + " a webhook", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, id, err := a.manager(*org)
			if err != nil {
				return err
			}
			w, err := c.SetWebhook(cmd.Context(), id, args[0], state)
			if err != nil {
				return err
			}
			return a.say(cmd, w, "Webhook %s is %s.\n", w.ID, w.State)
		},
	}
}

func (a *app) webhookDeliveries(org *string) *cobra.Command {
	var state string
	cmd := &cobra.Command{
		Use: "deliveries ID [DELIVERY]", Short: "Show the log of a webhook, or one delivery with its attempts", Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, id, err := a.manager(*org)
			if err != nil {
				return err
			}
			if len(args) == 2 {
				d, err := c.Delivery(cmd.Context(), id, args[0], args[1])
				return or(err, func() error { return a.showDelivery(cmd, d) })
			}
			page, err := c.Deliveries(cmd.Context(), id, args[0], url.Values{"limit": {"100"}, "state": {state}})
			if err != nil || a.json {
				return or(err, func() error { return a.say(cmd, page.Items, "") })
			}
			t := table(cmd, "ID", "EVENT", "TYPE", "STATE", "ATTEMPTS", "CODE", "NEXT ATTEMPT")
			for _, d := range page.Items {
				t.row(d.ID, d.Event, d.Type, d.State, fmt.Sprint(d.Attempts), d.Code, shownMoment(d.NextAt))
			}
			t.flush()
			return nil
		},
	}
	cmd.Flags().StringVar(&state, "state", "", "pending, delivered, failed or withheld (default: all)")
	return cmd
}

func (a *app) showDelivery(cmd *cobra.Command, d client.Delivery) error {
	if a.json {
		return a.say(cmd, d, "")
	}
	t := table(cmd, "ATTEMPT", "AT", "STATUS", "CODE", "MS", "ANSWER")
	for _, l := range d.Log {
		t.row(fmt.Sprint(l.Number), shownMoment(&l.At), fmt.Sprint(l.Status), l.Code, fmt.Sprint(l.TookMS), fmt.Sprintf("%.60q", l.ResponseBody))
	}
	t.flush()
	return nil
}

func (a *app) webhookReplay(org *string) *cobra.Command {
	var since time.Duration
	var everything bool
	cmd := &cobra.Command{
		Use: "replay ID [DELIVERY]", Short: "Have one delivery, or the failed ones of a span, tried again", Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, id, err := a.manager(*org)
			if err != nil {
				return err
			}
			if len(args) == 2 {
				d, err := c.ReplayDelivery(cmd.Context(), id, args[0], args[1])
				return or(err, func() error { return a.say(cmd, d, "Delivery %s is on its way.\n", d.ID) })
			}
			n, err := c.ReplayWebhook(cmd.Context(), id, args[0], time.Now().Add(-since), everything)
			return or(err, func() error {
				return a.say(cmd, map[string]int64{"deliveries": n}, "%d deliveries are on their way.\n", n)
			})
		},
	}
	cmd.Flags().DurationVar(&since, "since", 24*time.Hour, "how far back, at most 720h")
	cmd.Flags().BoolVar(&everything, "everything", false, "those too that were delivered")
	return cmd
}

func (a *app) webhookRemove(org *string) *cobra.Command {
	return &cobra.Command{
		Use: "rm ID", Short: "Delete a webhook with its log", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, id, err := a.manager(*org)
			if err != nil {
				return err
			}
			if err := c.DeleteWebhook(cmd.Context(), id, args[0]); err != nil {
				return err
			}
			return a.say(cmd, map[string]string{"deleted": args[0]}, "Webhook %s is gone.\n", args[0])
		},
	}
}
