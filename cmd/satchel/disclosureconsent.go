package main

import (
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"satchel/client"
)

// disclosureConsents are the commands about consents to disclosures of records.
func (a *app) disclosureConsents() *cobra.Command {
	var org string
	cmd := &cobra.Command{
		Use: "disclosure-consent", Short: "Ask for consents to disclosures of records, sign and revoke them",
		Long: `Ask for consents to disclosures of records (34 CFR 99.30), sign and revoke them.

  satchel disclosure-consent ask --student STUDENT --file FILE --purpose care --party 'The clinic' --email clinic@else.example --days 90
  satchel disclosure-consent list
  satchel disclosure-consent sign ID --name 'as signed'                                   as a parent, or a student of 18 or more
  satchel disclosure-consent sign ID --name 'as signed' --evidence FILE --at 2026-10-01   as an owner or admin, of paper
  satchel disclosure-consent revoke ID

docs/compliance/disclosure-consents.md explains them.`,
	}
	cmd.PersistentFlags().StringVar(&org, "org", "", "organization id (default: the login's)")
	var in client.NewDisclosureConsent
	var days int
	ask := answerCommand(a, &org, "ask", "Ask for a consent", 0, func(cmd *cobra.Command, c *client.Client, org string, _ []string) (client.DisclosureConsent, error) {
		in.Expires = time.Now().AddDate(0, 0, days)
		return c.AskDisclosureConsent(cmd.Context(), org, in)
	}, a.sayDisclosureConsents)
	ask.Flags().StringVar(&in.Student, "student", "", "whose records")
	ask.Flags().StringSliceVar(&in.Files, "file", nil, "a record; again for more")
	ask.Flags().StringVar(&in.Purpose, "purpose", "", "what they are disclosed for")
	ask.Flags().StringVar(&in.Party, "party", "", "to whom")
	ask.Flags().StringVar(&in.Email, "email", "", "the address of the party")
	ask.Flags().IntVar(&days, "days", 90, "for how many days, at most 365")
	var s client.Signature
	var at string
	sign := answerCommand(a, &org, "sign ID", "Sign a consent", 1, func(cmd *cobra.Command, c *client.Client, org string, args []string) (client.DisclosureConsent, error) {
		s.Approve = true
		if at != "" {
			day, err := time.Parse(time.DateOnly, at)
			if err != nil {
				return client.DisclosureConsent{}, fmt.Errorf("--at is a day such as 2026-10-01: %w", err)
			}
			s.SignedAt = &day
		}
		return c.SignDisclosureConsent(cmd.Context(), org, args[0], s)
	}, a.sayDisclosureConsents)
	sign.Flags().StringVar(&s.Name, "name", "", "the signature")
	sign.Flags().StringVar(&s.Evidence, "evidence", "", "of paper: the file with the signed form")
	sign.Flags().StringVar(&at, "at", "", "of paper: the day on it")
	var student string
	list := answerCommand(a, &org, "list", "List consents", 0, func(cmd *cobra.Command, c *client.Client, org string, _ []string) ([]client.DisclosureConsent, error) {
		return c.DisclosureConsents(cmd.Context(), org, student)
	}, func(cmd *cobra.Command, answer any, rows ...[]client.DisclosureConsent) error {
		return a.sayDisclosureConsents(cmd, answer, rows[0]...)
	})
	list.Flags().StringVar(&student, "student", "", "only those of this student")
	cmd.AddCommand(ask, sign, list, answerCommand(a, &org, "show ID", "Show a consent", 1, func(cmd *cobra.Command, c *client.Client, org string, args []string) (client.DisclosureConsent, error) {
		return c.DisclosureConsent(cmd.Context(), org, args[0])
	}, a.sayDisclosureConsents), answerCommand(a, &org, "revoke ID", "Revoke a consent", 1, func(cmd *cobra.Command, c *client.Client, org string, args []string) (client.DisclosureConsent, error) {
		return c.RevokeDisclosureConsent(cmd.Context(), org, args[0])
	}, a.sayDisclosureConsents))
	return cmd
}

func (a *app) sayDisclosureConsents(cmd *cobra.Command, answer any, consents ...client.DisclosureConsent) error {
	if a.json {
		return a.say(cmd, answer, "")
	}
	t := table(cmd, "ID", "STUDENT", "PARTY", "RECORDS", "STATE", "UNTIL")
	for _, d := range consents {
		t.row(d.ID, d.Student, d.Party, strconv.Itoa(len(d.Files)), d.State, d.Expires.Format(time.DateOnly))
	}
	t.flush()
	return nil
}
