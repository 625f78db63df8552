package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"satchel/client"
)

// consent are the commands of those who ask parents.
func (a *app) consent() *cobra.Command {
	var org string
	cmd := &cobra.Command{
		Use: "consent", Short: "Ask parents for their consent, by mail",
		Long: `Ask parents for their consent, by mail.

  satchel consent publish notice.json --material
  satchel consent ask PERSON parent@home.example
  satchel consent ls --state undeliverable
  satchel consent resend ID --email other@home.example
  satchel consent cancel ID

docs/compliance/consent-requests.md says what a notice holds and what follows from each answer.`,
	}
	cmd.PersistentFlags().StringVar(&org, "org", "", "organization id (default: the login's)")
	cmd.AddCommand(a.consentPublish(&org), a.consentNotices(&org), a.consentAsk(&org), a.consentList(&org), a.consentResend(&org), a.consentCancel(&org))
	return cmd
}

func (a *app) consentPublish(org *string) *cobra.Command {
	n := client.NewConsentNotice{}
	cmd := &cobra.Command{
		Use: "publish FILE", Short: "Publish a version of the notice to parents, of a file of JSON", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, id, err := a.manager(*org)
			if err != nil {
				return err
			}
			text, err := os.ReadFile(args[0])
			if err != nil {
				return err
			}
			if err := json.Unmarshal(text, &n.Notice); err != nil {
				return fmt.Errorf("%s is no JSON object with the blocks of a notice: %w", args[0], err)
			}
			v, err := c.PublishConsentNotice(cmd.Context(), id, n)
			return or(err, func() error {
				return a.say(cmd, v, "Version %d is published, SHA-256 %s.\n", v.Number, v.SHA256)
			})
		},
	}
	cmd.Flags().StringVar(&n.Language, "language", "en", "in which the notice is written")
	cmd.Flags().BoolVar(&n.Material, "material", false, "consents to earlier versions do not cover it: those parents are asked again")
	return cmd
}

func (a *app) consentNotices(org *string) *cobra.Command {
	return &cobra.Command{
		Use: "notices", Short: "List the versions of the notice", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, id, err := a.manager(*org)
			if err != nil {
				return err
			}
			all, err := c.ConsentNotices(cmd.Context(), id)
			if err != nil || a.json {
				return or(err, func() error { return a.say(cmd, all, "") })
			}
			t := table(cmd, "NUMBER", "LANGUAGE", "MATERIAL", "PUBLISHED", "SHA-256")
			for _, v := range all {
				t.row(strconv.Itoa(v.Number), v.Language, strconv.FormatBool(v.Material), shownMoment(&v.PublishedAt), v.SHA256)
			}
			t.flush()
			return nil
		},
	}
}

func (a *app) consentAsk(org *string) *cobra.Command {
	n := client.NewConsentRequest{}
	cmd := &cobra.Command{
		Use: "ask PERSON EMAIL", Short: "Ask a parent of a student", Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, id, err := a.manager(*org)
			if err != nil {
				return err
			}
			n.Email = args[1]
			r, err := c.AskForConsent(cmd.Context(), id, args[0], n)
			return or(err, func() error { return a.showConsent(cmd, r) })
		},
	}
	cmd.Flags().StringVar(&n.Guardian, "guardian", "", "id of a guardian who is a member")
	cmd.Flags().StringVar(&n.Language, "language", "en", "of the mails")
	return cmd
}

func (a *app) showConsent(cmd *cobra.Command, r client.ConsentRequest) error {
	return a.say(cmd, r, "Request %s is %s, until %s.\n", r.ID, r.State, shownMoment(&r.ExpiresAt))
}

func (a *app) consentList(org *string) *cobra.Command {
	var state string
	cmd := &cobra.Command{
		Use: "ls", Short: "List requests", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, id, err := a.manager(*org)
			if err != nil {
				return err
			}
			all, err := c.ConsentRequests(cmd.Context(), id, state)
			if err != nil || a.json {
				return or(err, func() error { return a.say(cmd, all, "") })
			}
			t := table(cmd, "ID", "CHILD", "STATE", "REMINDERS", "ASKED", "ANSWERED", "UNTIL")
			for _, r := range all {
				t.row(r.ID, r.Child, consentState(r), strconv.Itoa(r.Reminders), shownMoment(r.AskedAt), shownMoment(r.AnsweredAt), shownMoment(&r.ExpiresAt))
			}
			t.flush()
			return nil
		},
	}
	cmd.Flags().StringVar(&state, "state", "", "only those in this state, such as requested or undeliverable")
	return cmd
}

func consentState(r client.ConsentRequest) string {
	if r.MailCode != "" {
		return r.State + " (" + r.MailCode + ")"
	}
	return r.State
}

func (a *app) consentResend(org *string) *cobra.Command {
	var email string
	cmd := &cobra.Command{
		Use: "resend ID", Short: "Send the mail again", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, id, err := a.manager(*org)
			if err != nil {
				return err
			}
			r, err := c.ResendConsentRequest(cmd.Context(), id, args[0], email)
			return or(err, func() error { return a.showConsent(cmd, r) })
		},
	}
	cmd.Flags().StringVar(&email, "email", "", "another address")
	return cmd
}

func (a *app) consentCancel(org *string) *cobra.Command {
	return &cobra.Command{
		Use: "cancel ID", Short: "Take a request back; the address is deleted", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, id, err := a.manager(*org)
			if err != nil {
				return err
			}
			r, err := c.CancelConsentRequest(cmd.Context(), id, args[0])
			return or(err, func() error { return a.showConsent(cmd, r) })
		},
	}
}
