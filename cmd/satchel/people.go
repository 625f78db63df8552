package main

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

type knownPerson struct {
	User     string     `json:"user_id"`
	Kind     string     `json:"kind"`
	Name     string     `json:"display_name"`
	Grade    string     `json:"grade"`
	State    string     `json:"state"`
	LeavesAt *time.Time `json:"leaves_at"`
	Role     string     `json:"role,omitempty"`
	Managed  *struct {
		SourcedID   *string  `json:"sourced_id"`
		Identifiers []string `json:"identifiers"`
		HasUsername bool     `json:"has_username"`
		HasEmail    bool     `json:"has_email"`
		SetByHand   []string `json:"set_by_hand"`
		Logins      int      `json:"logins"`
	} `json:"managed,omitempty"`
}

func (a *app) people() *cobra.Command {
	cmd := &cobra.Command{Use: "people", Short: "See the people of your organization, and say which login is whose"}
	cmd.AddCommand(a.peopleList(), a.peopleShow(), a.peopleRequests(), a.peopleLink(), a.peopleMerge(), a.peopleRules(),
		a.simple("dismiss REQUEST", "Decide that no rule links a login", "Dismissed\n", http.MethodPost, func(args []string) string {
			return "/login-requests/" + url.PathEscape(args[0]) + "/dismiss"
		}),
		a.simple("unlink USER LOGIN", "Take a login from a person; show lists them", "Unlinked\n", http.MethodDelete, func(args []string) string {
			return "/people/" + url.PathEscape(args[0]) + "/logins/" + url.PathEscape(args[1])
		}))
	return cmd
}

func (a *app) peopleList() *cobra.Command {
	filters := map[string]*string{"q": new(string), "kind": new(string), "state": new(string)}
	cmd := &cobra.Command{Use: "list", Short: "List people by name", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		q := url.Values{}
		for name, value := range filters {
			if *value != "" {
				q.Set(name, *value)
			}
		}
		return listAll(a, cmd, "/people", q, []string{"USER", "NAME", "KIND", "GRADE", "STATE", "ROLE"}, func(p knownPerson) []string {
			return []string{p.User, p.Name, p.Kind, p.Grade, p.State, p.Role}
		})
	}}
	cmd.Flags().StringVar(filters["q"], "search", "", "a part of the name")
	cmd.Flags().StringVar(filters["kind"], "kind", "", "student, staff or guardian")
	cmd.Flags().StringVar(filters["state"], "state", "", "active, leaving or left")
	return cmd
}

func (a *app) peopleShow() *cobra.Command {
	return &cobra.Command{Use: "show USER", Short: "Show a person and their logins", Args: cobra.ExactArgs(1), RunE: func(cmd *cobra.Command, args []string) error {
		var p knownPerson
		path := "/people/" + url.PathEscape(args[0])
		if err := a.call(cmd, http.MethodGet, path, nil, &p); err != nil {
			return err
		}
		if a.json {
			return a.say(cmd, p, "")
		}
		t := table(cmd, "NAME", "KIND", "STATE", "ROLE", "SOURCED ID", "SET BY HAND")
		sourced, byHand := "", ""
		if p.Managed != nil {
			byHand = strings.Join(p.Managed.SetByHand, " ")
			if p.Managed.SourcedID != nil {
				sourced = *p.Managed.SourcedID
			}
		}
		t.row(p.Name, p.Kind, p.State, p.Role, sourced, byHand)
		t.flush()
		if p.Managed == nil || p.Managed.Logins == 0 {
			return nil
		}
		return listAll(a, cmd, path+"/logins", url.Values{}, []string{"LOGIN", "ISSUER", "SUBJECT", "BY", "SINCE"}, func(l personLogin) []string {
			return []string{l.ID, l.Issuer, l.Subject, l.Via, l.LinkedAt.Local().Format(time.DateOnly)}
		})
	}}
}

type personLogin struct {
	ID       string    `json:"id"`
	Issuer   string    `json:"issuer"`
	Subject  string    `json:"subject"`
	Via      string    `json:"linked_via"`
	LinkedAt time.Time `json:"linked_at"`
}

type loginRequest struct {
	ID         string   `json:"id"`
	Name       string   `json:"shown_name"`
	Subject    string   `json:"subject"`
	Reason     string   `json:"reason"`
	Candidates []string `json:"candidates"`
	State      string   `json:"state"`
	User       *string  `json:"user_id"`
}

func (a *app) peopleRequests() *cobra.Command {
	var state string
	cmd := &cobra.Command{Use: "requests", Short: "List logins that wait for an admin", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		return listAll(a, cmd, "/login-requests", url.Values{"state": {state}}, []string{"REQUEST", "NAME", "SUBJECT", "REASON", "MAY BE"}, func(r loginRequest) []string {
			return []string{r.ID, r.Name, r.Subject, r.Reason, strings.Join(r.Candidates, " ")}
		})
	}}
	cmd.Flags().StringVar(&state, "state", "waiting", "waiting, linked or dismissed")
	return cmd
}

func (a *app) peopleLink() *cobra.Command {
	return &cobra.Command{Use: "link REQUEST USER", Short: "Give a login that waits to a person", Args: cobra.ExactArgs(2), RunE: func(cmd *cobra.Command, args []string) error {
		var r loginRequest
		if err := a.findPeople(cmd.Context(), args[1:]); err != nil {
			return err
		}
		if err := a.call(cmd, http.MethodPost, "/login-requests/"+url.PathEscape(args[0])+"/link", map[string]string{"user_id": args[1]}, &r); err != nil {
			return err
		}
		return a.say(cmd, r, "Linked to %s\n", args[1])
	}}
}

func (a *app) peopleMerge() *cobra.Command {
	return &cobra.Command{
		Use: "merge PERSON MEMBER", Short: "Make a person who never signed in and a member one", Args: cobra.ExactArgs(2),
		Long: `Make a person who never signed in and a member one: for somebody who was a member before
the roster brought them. The member is the person from here on, with their classes and
guardians; no login changes hands. There is no way back but by hand.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			var merged map[string]any
			if err := a.findPeople(cmd.Context(), args); err != nil {
				return err
			}
			if err := a.call(cmd, http.MethodPost, "/people/"+url.PathEscape(args[0])+"/merge", map[string]string{"into": args[1]}, &merged); err != nil {
				return err
			}
			return a.say(cmd, merged, "%s is the person now\n", args[1])
		},
	}
}

type loginRule struct {
	ID             string `json:"id,omitempty"`
	Issuer         string `json:"issuer"`
	TenantClaim    string `json:"tenant_claim"`
	TenantValue    string `json:"tenant_value"`
	PersonClaim    string `json:"person_claim,omitempty"`
	VerifyEmail    bool   `json:"may_verify_email"`
	VerifyUsername bool   `json:"may_verify_username"`
	JITRole        string `json:"jit_role,omitempty"`
	Confirmed      bool   `json:"confirmed,omitempty"`
}

type loginRules struct {
	Rules []loginRule `json:"rules"`
}

func (a *app) peopleRules() *cobra.Command {
	cmd := &cobra.Command{Use: "rules", Short: "See what your organization believes about logins", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		var all loginRules
		if err := a.call(cmd, http.MethodGet, "/login-rules", nil, &all); err != nil {
			return err
		}
		return a.showRules(cmd, all)
	}}
	cmd.AddCommand(a.peopleRulesSet(), &cobra.Command{
		Use: "confirm ORGANIZATION RULE", Short: "As an operator: say that the rule's tenant is the organization's", Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			var r loginRule
			path := "/api/v1/organizations/" + url.PathEscape(args[0]) + "/login-rules/" + url.PathEscape(args[1]) + "/confirm"
			if err := c.Call(cmd.Context(), http.MethodPost, path, nil, &r); err != nil {
				return err
			}
			return a.showRules(cmd, loginRules{Rules: []loginRule{r}})
		},
	})
	return cmd
}

func (a *app) peopleRulesSet() *cobra.Command {
	var r loginRule
	var domain, directory string
	cmd := &cobra.Command{Use: "set", Short: "Replace all rules by this one; an operator confirms its tenant", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		r.TenantClaim, r.TenantValue = "hd", domain
		if directory != "" {
			r.TenantClaim, r.TenantValue = "tid", directory
		}
		var all loginRules
		if err := a.call(cmd, http.MethodPut, "/login-rules", loginRules{Rules: []loginRule{r}}, &all); err != nil {
			return err
		}
		return a.showRules(cmd, all)
	}}
	flags := cmd.Flags()
	flags.StringVar(&r.Issuer, "issuer", "", "iss of the tokens")
	flags.StringVar(&domain, "hd", "", "your domain, as the claim hd has it")
	flags.StringVar(&directory, "tid", "", "your directory, as the claim tid has it")
	flags.StringVar(&r.PersonClaim, "person-claim", "", "claim that holds the school's own id of a person")
	flags.BoolVar(&r.VerifyEmail, "verify-email", false, "a verified address finds students and staff")
	flags.BoolVar(&r.VerifyUsername, "verify-username", false, "preferred_username finds students and staff")
	flags.StringVar(&r.JITRole, "jit-role", "", "role of anyone who matches no person: student or teacher")
	cmd.MarkFlagsOneRequired("hd", "tid")
	cmd.MarkFlagsMutuallyExclusive("hd", "tid")
	_ = cmd.MarkFlagRequired("issuer")
	return cmd
}

func (a *app) showRules(cmd *cobra.Command, all loginRules) error {
	if a.json {
		return a.say(cmd, all, "")
	}
	t := table(cmd, "RULE", "ISSUER", "TENANT", "CLAIM", "E-MAIL", "USER NAME", "JIT", "CONFIRMED")
	for _, r := range all.Rules {
		t.row(r.ID, r.Issuer, r.TenantClaim+"="+r.TenantValue, r.PersonClaim, strconv.FormatBool(r.VerifyEmail), strconv.FormatBool(r.VerifyUsername), r.JITRole, strconv.FormatBool(r.Confirmed))
	}
	t.flush()
	return nil
}
