package main

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"satchel/client"
)

// keys are the commands of those who manage an organization's API keys.
func (a *app) keys() *cobra.Command {
	var org string
	cmd := &cobra.Command{
		Use: "key", Short: "Make, list, rotate and revoke API keys of your organization",
		Long: `Make, list, rotate and revoke API keys of your organization.

  satchel key create backup --scope files:read
  satchel key create sync --role teacher --scope files:read,files:write --expires 720h
  satchel key create archive --scope files:read --all-spaces
  satchel key list
  satchel key rotate ID --overlap 1h      both keys work for an hour
  satchel key revoke ID                   at once

A key reads and adds in its own space, in those that its service account was given
(satchel space grant SPACE USER; create and list show the user with --json), or,
with --all-spaces, in every one. Only an owner makes such a key; the other owners and
who manages confidential spaces are told.

A key is shown once. A machine uses it as SATCHEL_TOKEN, or with
satchel login --api URL --key-file FILE.`,
	}
	cmd.PersistentFlags().StringVar(&org, "org", "", "organization id (default: the login's)")
	cmd.AddCommand(a.keyCreate(&org), a.keyList(&org), a.keyRotate(&org), a.keyRevoke(&org))
	return cmd
}

// manager gives the API and the organization whose keys are meant.
func (a *app) manager(org string) (*client.Client, string, error) {
	c, err := a.client()
	if err != nil {
		return nil, "", err
	}
	if org != "" {
		c.Org = org
	}
	if c.Org == "" {
		return nil, "", errors.New("name your organization's id with --org, or once with satchel login --org")
	}
	return c, c.Org, nil
}

func (a *app) keyCreate(org *string) *cobra.Command {
	n := client.NewKey{}
	var life time.Duration
	cmd := &cobra.Command{
		Use: "create NAME", Short: "Make a key and show it, this once", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, id, err := a.manager(*org)
			if err != nil {
				return err
			}
			n.Name, n.ExpiresIn = args[0], int64(life.Seconds())
			k, err := c.CreateKey(cmd.Context(), id, n)
			if err != nil {
				return err
			}
			return a.showNewKey(cmd, k)
		},
	}
	cmd.Flags().StringVar(&n.Role, "role", "teacher", "student, teacher or admin")
	cmd.Flags().StringSliceVar(&n.Scopes, "scope", nil, "what it is for: files:read, files:write, members:read, members:manage, spaces:manage, shares:manage, rosters:send, usage:read, audit:read, organization:read, generation:manage")
	cmd.Flags().BoolVar(&n.AllSpaces, "all-spaces", false, "as an owner: it acts in every space, confidential ones too")
	cmd.Flags().DurationVar(&life, "expires", 0, "how long it works, at most 8760h (default: 90 days)")
	return cmd
}

// showNewKey prints the key alone on standard output, so that it can go into a
// file, and what to know of it beside.
func (a *app) showNewKey(cmd *cobra.Command, k client.Key) error {
	if a.json {
		return a.say(cmd, k, "")
	}
	_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "Key %s works until %s. It is shown only now:\n", k.ID, k.ExpiresAt.Local().Format(time.DateTime))
	_, err := fmt.Fprintln(cmd.OutOrStdout(), k.Key)
	return err
}

func (a *app) keyList(org *string) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List keys, newest first, those that have ended too", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, id, err := a.manager(*org)
			if err != nil {
				return err
			}
			all := []client.Key{}
			for query := (url.Values{"limit": {"200"}}); ; {
				page, err := c.Keys(cmd.Context(), id, query)
				if err != nil {
					return err
				}
				all = append(all, page.Items...)
				if page.NextCursor == "" {
					return a.showKeys(cmd, all)
				}
				query.Set("cursor", page.NextCursor)
			}
		},
	}
}

func (a *app) showKeys(cmd *cobra.Command, all []client.Key) error {
	if a.json {
		return a.say(cmd, all, "")
	}
	t := table(cmd, "ID", "NAME", "KEY", "ROLE", "SCOPES", "SPACES", "STATE", "EXPIRES", "LAST USED")
	for _, k := range all {
		used := "never"
		if k.LastUsedAt != nil {
			used = k.LastUsedAt.Local().Format(time.DateTime)
		}
		t.row(k.ID, k.Name, "…"+k.Last, k.Role, strings.Join(k.Scopes, ","), spacesOf(k), k.State, k.ExpiresAt.Local().Format(time.DateTime), used)
	}
	t.flush()
	return nil
}

// spacesOf says where a key acts.
func spacesOf(k client.Key) string {
	if k.AllSpaces {
		return "all"
	}
	return "granted"
}

func (a *app) keyRotate(org *string) *cobra.Command {
	var overlap time.Duration
	cmd := &cobra.Command{
		Use: "rotate ID", Short: "Replace a key by a new one; the old one works for a while", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, id, err := a.manager(*org)
			if err != nil {
				return err
			}
			k, err := c.RotateKey(cmd.Context(), id, args[0], overlap)
			if err != nil {
				return err
			}
			return a.showNewKey(cmd, k)
		},
	}
	cmd.Flags().DurationVar(&overlap, "overlap", 24*time.Hour, "how long the old key still works, at most 168h")
	return cmd
}

func (a *app) keyRevoke(org *string) *cobra.Command {
	return &cobra.Command{
		Use: "revoke ID…", Short: "End keys at once", Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, ids []string) error {
			c, id, err := a.manager(*org)
			if err != nil {
				return err
			}
			for _, key := range ids {
				if err := c.RevokeKey(cmd.Context(), id, key); err != nil {
					return fmt.Errorf("%s: %w", key, err)
				}
			}
			return a.say(cmd, map[string]any{"revoked": ids}, "Revoked: %d\n", len(ids))
		},
	}
}
