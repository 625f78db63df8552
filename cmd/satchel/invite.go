package main

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

type invitation struct {
	ID           string    `json:"id"`
	Email        *string   `json:"email"`
	Role         string    `json:"role"`
	State        string    `json:"state"`
	Delivery     string    `json:"delivery"`
	DeliveryCode string    `json:"delivery_code"`
	ExpiresAt    time.Time `json:"expires_at"`
}

func (i invitation) row() []string {
	email, delivery := "", i.Delivery
	if i.Email != nil {
		email = *i.Email
	}
	if i.DeliveryCode != "" {
		delivery += " (" + i.DeliveryCode + ")"
	}
	return []string{i.ID, email, i.Role, i.State, delivery, i.ExpiresAt.Local().Format(time.DateTime)}
}

func (a *app) invite() *cobra.Command {
	cmd := &cobra.Command{Use: "invite", Short: "Invite people by mail, and answer an invitation"}
	var state string
	list := &cobra.Command{Use: "list", Short: "List invitations, newest first", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		q := url.Values{}
		if state != "" {
			q.Set("state", state)
		}
		return listAll(a, cmd, "/invitations", q, []string{"ID", "EMAIL", "ROLE", "STATE", "MAIL", "UNTIL"}, invitation.row)
	}}
	list.Flags().StringVar(&state, "state", "", "pending, accepted, declined, revoked or expired")
	cmd.AddCommand(a.inviteSend(), list,
		a.simple("resend ID", "Send the mail again, with a new token", "On its way\n", http.MethodPost, func(args []string) string {
			return "/invitations/" + url.PathEscape(args[0]) + "/resend"
		}),
		a.simple("revoke ID", "Take an invitation back", "Revoked\n", http.MethodDelete, func(args []string) string {
			return "/invitations/" + url.PathEscape(args[0])
		}),
		a.inviteShow(), a.inviteAccept())
	return cmd
}

func (a *app) inviteSend() *cobra.Command {
	var expires time.Duration
	cmd := &cobra.Command{Use: "send EMAIL ROLE", Short: "Invite a person", Args: cobra.ExactArgs(2), RunE: func(cmd *cobra.Command, args []string) error {
		in := map[string]any{"email": args[0], "role": args[1]}
		if cmd.Flags().Changed("expires-in") {
			in["expires_in"] = int64(expires / time.Second)
		}
		var i invitation
		if err := a.call(cmd, http.MethodPost, "/invitations", in, &i); err != nil {
			return err
		}
		return a.say(cmd, i, "Invited (%s), until %s\n", i.ID, i.ExpiresAt.Local().Format(time.DateTime))
	}}
	cmd.Flags().DurationVar(&expires, "expires-in", 0, "such as 72h; at most 720h, 168h when not given")
	return cmd
}

// tokenOf takes a token, or the link of the mail that ends in one.
func tokenOf(s string) string {
	if _, token, found := strings.Cut(s, "#token="); found {
		return token
	}
	return s
}

func (a *app) inviteShow() *cobra.Command {
	return &cobra.Command{Use: "show TOKEN", Short: "Show the invitation of a mail without answering it", Args: cobra.ExactArgs(1), RunE: func(cmd *cobra.Command, args []string) error {
		c, err := a.client()
		if err != nil {
			return err
		}
		var i struct {
			Organization string    `json:"organization"`
			Role         string    `json:"role"`
			ExpiresAt    time.Time `json:"expires_at"`
		}
		if err := c.Call(cmd.Context(), http.MethodGet, "/api/v1/invitations/"+url.PathEscape(tokenOf(args[0])), nil, &i); err != nil {
			return err
		}
		if a.json {
			return a.say(cmd, i, "")
		}
		t := table(cmd, "ORGANIZATION", "ROLE", "UNTIL")
		t.row(i.Organization, i.Role, i.ExpiresAt.Local().Format(time.DateTime))
		t.flush()
		return nil
	}}
}

func (a *app) inviteAccept() *cobra.Command {
	var decline bool
	cmd := &cobra.Command{Use: "accept TOKEN", Short: "Accept the invitation of a mail, as the person who is logged in", Args: cobra.ExactArgs(1), RunE: func(cmd *cobra.Command, args []string) error {
		c, err := a.client()
		if err != nil {
			return err
		}
		in := map[string]string{"token": tokenOf(args[0])}
		if decline {
			if err := c.Call(cmd.Context(), http.MethodPost, "/api/v1/invitations/decline", in, nil); err != nil {
				return err
			}
			return a.say(cmd, map[string]bool{"declined": true}, "Declined\n")
		}
		var out struct {
			User       string     `json:"user_id"`
			Membership membership `json:"membership"`
		}
		if err := c.Call(cmd.Context(), http.MethodPost, "/api/v1/invitations/accept", in, &out); err != nil {
			return err
		}
		return a.say(cmd, out, "You are %s of organization %s\n", out.Membership.Role, out.Membership.Organization)
	}}
	cmd.Flags().BoolVar(&decline, "decline", false, "refuse it instead")
	return cmd
}
