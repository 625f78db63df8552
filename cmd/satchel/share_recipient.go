package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"satchel/client"
)

const recipientsHelp = `
A RECIPIENT is the id, the mail address or the name that ` + "`satchel share show SHARE`" + ` lists.`

func (a *app) shareResend() *cobra.Command {
	return &cobra.Command{
		Use: "resend SHARE RECIPIENT", Short: "Send the mail of somebody outside again", Args: cobra.ExactArgs(2),
		Long:    "Send somebody outside a new mail with a new link. The link of the mail before ends.\n" + recipientsHelp,
		Example: "  satchel share resend 0198c2b4-… may@home.example",
		RunE: a.with(func(cmd *cobra.Command, c *client.Client, args []string) error {
			id, err := findRecipient(cmd.Context(), c, args[0], args[1])
			if err != nil {
				return err
			}
			r, err := c.ResendShareMail(cmd.Context(), args[0], id)
			if err != nil {
				return err
			}
			return a.say(cmd, r, "A new mail is on its way. The link of the one before has ended.\n")
		}),
	}
}

func (a *app) shareRemove() *cobra.Command {
	return &cobra.Command{
		Use: "remove SHARE RECIPIENT…", Short: "Take somebody out of a share at once", Args: cobra.MinimumNArgs(2),
		Long:    "Take members, classes or people outside out of a share at once. A share without\nrecipients ends.\n" + recipientsHelp,
		Example: "  satchel share remove 0198c2b4-… may@home.example",
		RunE: a.with(func(cmd *cobra.Command, c *client.Client, args []string) error {
			var removed []string
			for _, text := range args[1:] {
				id, err := findRecipient(cmd.Context(), c, args[0], text)
				if err != nil {
					return err
				}
				if err := c.RemoveShareRecipient(cmd.Context(), args[0], id); err != nil {
					return fmt.Errorf("%s: %w", text, err)
				}
				removed = append(removed, id)
			}
			return a.say(cmd, map[string]any{"share": args[0], "removed": removed}, "Taken out: %d\n", len(removed))
		}),
	}
}

// findRecipient finds one whose access has not ended.
func findRecipient(ctx context.Context, c *client.Client, share, text string) (string, error) {
	s, err := c.Share(ctx, share)
	if err != nil {
		return "", err
	}
	var found []string
	for _, r := range s.Recipients {
		if r.ID == text {
			return r.ID, nil
		}
		named := strings.EqualFold(r.Email, text) || strings.EqualFold(r.Name, text) || r.User == text || r.Class == text
		if named && r.EndedAt == nil {
			found = append(found, r.ID)
		}
	}
	switch len(found) {
	case 0:
		return "", fmt.Errorf("the share has no recipient %q: `satchel share show %s` lists them", text, share)
	case 1:
		return found[0], nil
	}
	return "", errors.New("several recipients have that name; give one of these ids: " + strings.Join(found, ", "))
}
