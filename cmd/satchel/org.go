package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"satchel/client"
)

const organizations = "/api/v1/organizations"

// organization is an organization as the API shows it.
type organization struct {
	ID           string     `json:"id"`
	Slug         string     `json:"slug"`
	Name         string     `json:"name"`
	Tier         string     `json:"tier"`
	Status       string     `json:"status"`
	StatusReason string     `json:"status_reason"`
	ContactEmail string     `json:"contact_email"`
	DeletesAt    *time.Time `json:"deletes_at"`
	CreatedAt    time.Time  `json:"created_at"`
}

func (a *app) org() *cobra.Command {
	cmd := &cobra.Command{
		Use: "org", Short: "Set up, suspend and delete organizations (operators), see what one used",
		Long: `Set up, suspend and delete organizations, and see what one used. Operators only,
except show, usage and export.

  satchel login --stack .local/satchel.json --as operator
  satchel org create north --name "North School" --tier basic --owner-subject 4711 --owner-issuer https://id.example
  satchel org list --status active -q north
  satchel org tier 0198c2b4-… professional      its limits are in force at once
  satchel org suspend 0198c2b4-… --reason "unpaid"
  satchel org usage                             by day, and how full yours is
  satchel org resume 0198c2b4-…
  satchel org export 0198c2b4-… --output dir    a copy of everything (owners and admins too)
  satchel org delete 0198c2b4-… --slug north    refused at once, removed after 30 days
  satchel org keep 0198c2b4-…                   until then, this takes it back

What takes time shows its steps as they end; --no-wait prints the operation and
leaves.`,
	}
	cmd.AddCommand(a.orgCreate(), a.orgList(), a.orgShow(), a.orgUsage(), a.orgTier(), a.orgSuspend(), a.orgDelete(),
		a.orgResume(), a.orgExport(), a.orgCall("keep", "End the grace period of a deletion: the organization is as it was before"))
	return cmd
}

func (a *app) orgCreate() *cobra.Command {
	var name, tier, email, cluster, issuer, subject string
	var noWait bool
	cmd := &cobra.Command{
		Use: "create SLUG", Short: "Set an organization up", Args: cobra.ExactArgs(1),
		Long: `Set an organization up: its rows, the limits of its tier, its policies, its
owner and its place in the store. When a step fails, nothing of it is left and
the slug is free again.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			in := map[string]any{"slug": args[0], "name": name, "tier": tier, "contact_email": email}
			if cluster != "" {
				in["cluster"] = cluster
			}
			if issuer != "" || subject != "" {
				in["owner"] = map[string]string{"issuer": issuer, "subject": subject}
			}
			return a.follow(cmd, http.MethodPost, organizations, in, noWait)
		},
	}
	cmd.Flags().StringVar(&name, "name", "", "the organization's name for people")
	cmd.Flags().StringVar(&tier, "tier", "free", "its subscription tier")
	cmd.Flags().StringVar(&email, "contact", "", "a mail address for questions")
	cmd.Flags().StringVar(&cluster, "cluster", "", "the PostgreSQL cluster in which it is to be, as the operator named it; none: that of the directory")
	cmd.Flags().StringVar(&issuer, "owner-issuer", "", "who vouches for the owner: iss of their tokens")
	cmd.Flags().StringVar(&subject, "owner-subject", "", "who the owner is there: sub of their tokens")
	cmd.Flags().BoolVar(&noWait, "no-wait", false, "do not wait for the end")
	_ = cmd.MarkFlagRequired("name")
	return cmd
}

func (a *app) orgList() *cobra.Command {
	var status, search string
	var limit int
	cmd := &cobra.Command{
		Use: "list", Short: "List organizations, the oldest first", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			q := url.Values{"limit": {strconv.Itoa(min(limit, 200))}}
			for k, v := range map[string]string{"status": status, "q": search} {
				if v != "" {
					q.Set(k, v)
				}
			}
			found := []organization{}
			for len(found) < limit {
				var page client.Page[organization]
				if err := c.Call(cmd.Context(), http.MethodGet, organizations+"?"+q.Encode(), nil, &page); err != nil {
					return err
				}
				found = append(found, page.Items...)
				if page.NextCursor == "" {
					break
				}
				q.Set("cursor", page.NextCursor)
			}
			return a.showOrganizations(cmd, found[:min(limit, len(found))])
		},
	}
	cmd.Flags().StringVar(&status, "status", "", "provisioning, active, suspended or deleting")
	cmd.Flags().StringVarP(&search, "search", "q", "", "part of the name or the slug")
	cmd.Flags().IntVarP(&limit, "limit", "n", 50, "at most this many")
	return cmd
}

func (a *app) showOrganizations(cmd *cobra.Command, found []organization) error {
	if a.json {
		return a.say(cmd, found, "")
	}
	t := table(cmd, "ID", "SLUG", "NAME", "TIER", "STATUS", "SINCE")
	for _, o := range found {
		t.row(o.ID, o.Slug, o.Name, o.Tier, o.Status, o.CreatedAt.Local().Format(time.DateOnly))
	}
	t.flush()
	return nil
}

func (a *app) orgShow() *cobra.Command {
	return &cobra.Command{
		Use: "show ID", Short: "Show an organization", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.changed(cmd, http.MethodGet, args[0], "", nil)
		},
	}
}

func (a *app) orgTier() *cobra.Command {
	return &cobra.Command{
		Use: "tier ID TIER", Short: "Move an organization to another tier", Args: cobra.ExactArgs(2),
		Long: `Move an organization to another tier. The tier's limits are in force at once;
limits that an operator set for the organization stay. What is above a lower
limit can still be read and deleted, and does not grow.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.changed(cmd, http.MethodPatch, args[0], "", map[string]string{"tier": args[1]})
		},
	}
}

func (a *app) orgSuspend() *cobra.Command {
	var reason string
	var noWait bool
	cmd := &cobra.Command{
		Use: "suspend ID", Short: "Take nothing new from an organization", Args: cobra.ExactArgs(1),
		Long: `Take nothing new from an organization. Open uploads end, files that are being
checked are finished, and reads go on where its owner left them on.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.follow(cmd, http.MethodPost, organizations+"/"+url.PathEscape(args[0])+"/suspend", map[string]string{"reason": reason}, noWait)
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why, for its owner")
	cmd.Flags().BoolVar(&noWait, "no-wait", false, "do not wait for the end")
	return cmd
}

func (a *app) orgResume() *cobra.Command {
	var noWait bool
	cmd := &cobra.Command{
		Use: "resume ID", Short: "End a suspension", Args: cobra.ExactArgs(1),
		Long: `End a suspension. It is over at once; what it held back is started again.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.follow(cmd, http.MethodPost, organizations+"/"+url.PathEscape(args[0])+"/resume", nil, noWait)
		},
	}
	cmd.Flags().BoolVar(&noWait, "no-wait", false, "do not wait for the end")
	return cmd
}

func (a *app) orgDelete() *cobra.Command {
	var slug string
	var grace time.Duration
	var wait bool
	cmd := &cobra.Command{
		Use: "delete ID", Short: "Delete an organization after a grace period", Args: cobra.ExactArgs(1),
		Long: `Delete an organization. Everything is refused to it at once. After the grace
period everything that it had is removed: files, versions, members, the audit log.
Until then, satchel org keep takes it back.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			in := map[string]any{"slug": slug, "grace": int64(grace / time.Second)}
			return a.follow(cmd, http.MethodDelete, organizations+"/"+url.PathEscape(args[0]), in, !wait)
		},
	}
	cmd.Flags().StringVar(&slug, "slug", "", "the organization's slug, repeated: what is deleted does not come back")
	cmd.Flags().DurationVar(&grace, "grace", 30*24*time.Hour, "how long it can be kept")
	cmd.Flags().BoolVar(&wait, "wait", false, "wait for the end of the deletion")
	_ = cmd.MarkFlagRequired("slug")
	return cmd
}

// orgCall is a command that is one call without a body.
func (a *app) orgCall(verb, short string) *cobra.Command {
	return &cobra.Command{
		Use: verb + " ID", Short: short, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.changed(cmd, http.MethodPost, args[0], "/"+verb, nil)
		},
	}
}

// changed makes a call that answers with the organization, and shows it.
func (a *app) changed(cmd *cobra.Command, method, id, rest string, in any) error {
	c, err := a.client()
	if err != nil {
		return err
	}
	var o organization
	if err := c.Call(cmd.Context(), method, organizations+"/"+url.PathEscape(id)+rest, in, &o); err != nil {
		return err
	}
	if a.json {
		return a.say(cmd, o, "")
	}
	return a.showOrganizations(cmd, []organization{o})
}

// longWork is an operation as the API shows it.
type longWork struct {
	ID    string `json:"id"`
	State string `json:"state"`
	Steps []struct {
		Name  string `json:"name"`
		State string `json:"state"`
		Done  int64  `json:"done"`
		Total int64  `json:"total"`
	} `json:"steps"`
	Result json.RawMessage `json:"result"`
	Error  *struct {
		Code string `json:"code"`
	} `json:"error"`
}

// follow starts long work and prints its steps as they end.
func (a *app) follow(cmd *cobra.Command, method, path string, in any, noWait bool) error {
	c, err := a.client()
	if err != nil {
		return err
	}
	var begun begunWork
	if err := c.Call(cmd.Context(), method, path, in, &begun); err != nil {
		return err
	}
	if noWait {
		return a.say(cmd, begun, "operation %s has begun\n", begun.ID)
	}
	work, err := a.wait(cmd, c, begun)
	if err != nil {
		return err
	}
	return a.ended(cmd, work)
}

// begunWork is the answer to what takes long.
type begunWork struct {
	ID   string `json:"operation_id"`
	Path string `json:"operation"`
}

// wait prints the steps of long work as they end, and how far a step is whose
// total is known.
func (a *app) wait(cmd *cobra.Command, c *client.Client, begun begunWork) (longWork, error) {
	shown := 0
	var done int64
	for {
		var work longWork
		if err := c.Call(cmd.Context(), http.MethodGet, begun.Path, nil, &work); err != nil {
			return work, err
		}
		for ; !a.json && shown < len(work.Steps) && work.Steps[shown].State != "running"; shown++ {
			if err := a.say(cmd, nil, "%-10s %s\n", work.Steps[shown].Name, work.Steps[shown].State); err != nil {
				return work, err
			}
		}
		if work.State != "running" {
			return work, nil
		}
		if last := len(work.Steps) - 1; !a.json && last >= 0 && work.Steps[last].Total > 0 && work.Steps[last].Done != done {
			done = work.Steps[last].Done
			if _, err := fmt.Fprintf(cmd.ErrOrStderr(), "%-10s %d of %d\n", work.Steps[last].Name, done, work.Steps[last].Total); err != nil {
				return work, err
			}
		}
		select {
		case <-cmd.Context().Done():
			return work, cmd.Context().Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
}

func (a *app) ended(cmd *cobra.Command, work longWork) error {
	if work.Error != nil {
		return fmt.Errorf("operation %s failed: %s. Look at it with GET /api/v1/operations/%s and try again", work.ID, work.Error.Code, work.ID)
	}
	return a.say(cmd, work, "%s %s\n", work.State, work.Result)
}
