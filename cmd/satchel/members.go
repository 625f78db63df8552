package main

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"satchel/client"
)

type membership struct {
	Organization string `json:"organization_id"`
	Name         string `json:"name"`
	Role         string `json:"role"`
	Status       string `json:"status"`
}

type me struct {
	User        *string      `json:"user_id"`
	Issuer      string       `json:"issuer"`
	Subject     string       `json:"subject"`
	Memberships []membership `json:"memberships"`
}

func (a *app) whoami() *cobra.Command {
	return &cobra.Command{
		Use: "whoami", Short: "Show who you are and where you belong", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			var m me
			if err := c.Call(cmd.Context(), http.MethodGet, "/api/v1/me", nil, &m); err != nil {
				return err
			}
			if a.json {
				return a.say(cmd, m, "")
			}
			t := table(cmd, "ORGANIZATION", "NAME", "ROLE", "STATUS")
			for _, p := range m.Memberships {
				t.row(p.Organization, p.Name, p.Role, p.Status)
			}
			t.flush()
			return nil
		},
	}
}

// inOrganization gives the API and the address of the organization that is
// meant: the login's, or the only one to which the person belongs.
func (a *app) inOrganization(ctx context.Context) (*client.Client, string, error) {
	c, err := a.client()
	if err != nil {
		return nil, "", err
	}
	if c.Org != "" {
		return c, "/api/v1/organizations/" + url.PathEscape(c.Org), nil
	}
	var m me
	if err := c.Call(ctx, http.MethodGet, "/api/v1/me", nil, &m); err != nil {
		return nil, "", err
	}
	if len(m.Memberships) != 1 {
		return nil, "", errors.New("you belong to no organization, or to several: name one with satchel login --org ID")
	}
	return c, "/api/v1/organizations/" + url.PathEscape(m.Memberships[0].Organization), nil
}

type member struct {
	User      string    `json:"user_id"`
	Role      string    `json:"role"`
	Issuer    string    `json:"issuer,omitempty"`
	Subject   string    `json:"subject,omitempty"`
	CreatedAt time.Time `json:"created_at"`
}

func (a *app) member() *cobra.Command {
	cmd := &cobra.Command{Use: "member", Short: "See and manage the members of your organization"}
	var role string
	list := &cobra.Command{Use: "list", Short: "List members", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		q := url.Values{}
		if role != "" {
			q.Set("role", role)
		}
		return listAll(a, cmd, "/members", q, []string{"USER", "ROLE", "SUBJECT", "SINCE"}, func(m member) []string {
			return []string{m.User, m.Role, m.Subject, m.CreatedAt.Local().Format(time.DateOnly)}
		})
	}}
	list.Flags().StringVar(&role, "role", "", "only members with this role")
	cmd.AddCommand(list,
		&cobra.Command{Use: "set USER ROLE", Short: "Give a member another role", Args: cobra.ExactArgs(2), RunE: func(cmd *cobra.Command, args []string) error {
			var m member
			if err := a.call(cmd, http.MethodPut, "/members/"+url.PathEscape(args[0]), map[string]string{"role": args[1]}, &m); err != nil {
				return err
			}
			return a.say(cmd, m, "%s is %s now\n", m.User, m.Role)
		}},
		a.simple("remove USER", "Remove a member; their files stay", "Removed\n", http.MethodDelete, func(args []string) string { return "/members/" + url.PathEscape(args[0]) }),
		a.simple("leave", "End your own membership", "You left\n", http.MethodPost, func([]string) string { return "/leave" }),
	)
	return cmd
}

// simple is a command that sends one request without a body.
func (a *app) simple(use, short, said, method string, path func([]string) string) *cobra.Command {
	return &cobra.Command{Use: use, Short: short, Args: cobra.ExactArgs(strings.Count(use, " ")), RunE: func(cmd *cobra.Command, args []string) error {
		if err := a.call(cmd, method, path(args), nil, nil); err != nil {
			return err
		}
		return a.say(cmd, map[string]bool{"done": true}, "%s", said)
	}}
}

func (a *app) call(cmd *cobra.Command, method, path string, in, out any) error {
	c, organization, err := a.inOrganization(cmd.Context())
	if err != nil {
		return err
	}
	return c.Call(cmd.Context(), method, organization+path, in, out)
}

// listAll reads a list to its end and shows it.
func listAll[T any](a *app, cmd *cobra.Command, path string, q url.Values, head []string, row func(T) []string) error {
	c, organization, err := a.inOrganization(cmd.Context())
	if err != nil {
		return err
	}
	all := []T{}
	q.Set("limit", strconv.Itoa(200))
	for {
		var page client.Page[T]
		if err := c.Call(cmd.Context(), http.MethodGet, organization+path+"?"+q.Encode(), nil, &page); err != nil {
			return err
		}
		all = append(all, page.Items...)
		if page.NextCursor == "" {
			break
		}
		q.Set("cursor", page.NextCursor)
	}
	if a.json {
		return a.say(cmd, all, "")
	}
	t := table(cmd, head...)
	for _, v := range all {
		t.row(row(v)...)
	}
	t.flush()
	return nil
}

type guardian struct {
	Parent    string    `json:"parent_id"`
	Student   string    `json:"student_id"`
	CreatedAt time.Time `json:"created_at"`
}

func (a *app) guardian() *cobra.Command {
	cmd := &cobra.Command{Use: "guardian", Short: "Say which parent may read which student's files"}
	var parent, student string
	list := &cobra.Command{Use: "list", Short: "List the links: all, or those of one guardian or student", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		query := url.Values{}
		for name, person := range map[string]string{"parent_id": parent, "student_id": student} {
			if person == "" {
				continue
			}
			id, err := a.findPerson(cmd.Context(), person)
			if err != nil {
				return err
			}
			query.Set(name, id)
		}
		return listAll(a, cmd, "/guardians", query, []string{"PARENT", "STUDENT", "SINCE"}, func(g guardian) []string {
			return []string{g.Parent, g.Student, g.CreatedAt.Local().Format(time.DateOnly)}
		})
	}}
	list.Flags().StringVar(&parent, "parent", "", "the students of this guardian")
	list.Flags().StringVar(&student, "student", "", "the guardians of this student")
	cmd.AddCommand(
		list,
		&cobra.Command{Use: "add PARENT STUDENT", Short: "Link a parent and a student", Args: cobra.ExactArgs(2), RunE: func(cmd *cobra.Command, args []string) error {
			var g guardian
			if err := a.findPeople(cmd.Context(), args); err != nil {
				return err
			}
			if err := a.call(cmd, http.MethodPost, "/guardians", map[string]string{"parent_id": args[0], "student_id": args[1]}, &g); err != nil {
				return err
			}
			return a.say(cmd, g, "%s may read the files of %s\n", g.Parent, g.Student)
		}},
		&cobra.Command{Use: "remove PARENT STUDENT", Short: "End a link", Args: cobra.ExactArgs(2), RunE: func(cmd *cobra.Command, args []string) error {
			if err := a.findPeople(cmd.Context(), args); err != nil {
				return err
			}
			if err := a.call(cmd, http.MethodDelete, "/guardians/"+url.PathEscape(args[0])+"/"+url.PathEscape(args[1]), nil, nil); err != nil {
				return err
			}
			return a.say(cmd, map[string]bool{"done": true}, "Removed\n")
		}},
	)
	return cmd
}
