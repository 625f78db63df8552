package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"satchel/client"
)

// compliance are the commands about which rules an organization meets.
func (a *app) compliance() *cobra.Command {
	var org string
	cmd := &cobra.Command{
		Use: "compliance", Short: "See which rules of COPPA and FERPA your organization meets",
		Long: `See which rules of COPPA and FERPA your organization meets, as an owner, admin or auditor.

  satchel compliance report
  satchel compliance report --state not_met
  satchel compliance report --pdf report.pdf
  satchel compliance inventory
  satchel compliance duties record risk_assessment --responsible USER --note 'report 7'
  satchel compliance incidents record 'Lost laptop' --description 'a list of a class' --jurisdictions us-ny
  satchel compliance incidents told ID own --note 'by letter'
  satchel compliance dispositions record return --reason 'the contract ends'

docs/compliance/report.md explains the states, docs/compliance/duties.md the rest.`,
	}
	cmd.PersistentFlags().StringVar(&org, "org", "", "organization id of duties, incidents and directives (default: the login's)")
	cmd.AddCommand(a.complianceReport(), a.complianceInventory(), a.duties(&org), a.incidents(&org), a.dispositions(&org))
	return cmd
}

func (a *app) complianceInventory() *cobra.Command {
	return &cobra.Command{
		Use: "inventory", Short: "List what is kept of people, what for, and for how long", Args: cobra.NoArgs,
		RunE: a.with(func(cmd *cobra.Command, c *client.Client, _ []string) error {
			v, err := c.DataInventory(cmd.Context())
			if err != nil {
				return err
			}
			if a.json {
				return a.say(cmd, v, "")
			}
			t := table(cmd, "TABLE", "CATEGORY", "COLUMNS WITH PERSONAL DATA", "PURPOSE", "KEPT")
			for _, h := range v.Tables {
				var names []string
				for _, k := range h.Columns {
					names = append(names, k.Name)
				}
				if len(names) > 0 {
					t.row(h.Table, h.Category, strings.Join(names, " "), h.Purpose, h.Kept)
				}
			}
			t.flush()
			return nil
		}),
	}
}

func (a *app) complianceReport() *cobra.Command {
	var path, state string
	cmd := &cobra.Command{
		Use: "report", Short: "Check every rule now", Args: cobra.NoArgs,
		RunE: a.with(func(cmd *cobra.Command, c *client.Client, _ []string) error {
			if path != "" {
				return a.complianceFile(cmd, c, path)
			}
			r, err := c.ComplianceReport(cmd.Context())
			if err != nil {
				return err
			}
			if a.json {
				return a.say(cmd, r, "")
			}
			t := table(cmd, "STATE", "RULE", "CHECK", "WHAT TO DO", "EVIDENCE")
			for _, k := range r.Checks {
				if state == "" || k.State == state {
					t.row(k.State, k.Rule, k.ID, k.Reason, counted(k.Evidence))
				}
			}
			t.flush()
			return a.say(cmd, nil, "%s as of %s: COPPA %s, FERPA %s\n", r.Organization, r.AsOf.Format("2006-01-02 15:04"), verdict(r.COPPACompliant), verdict(r.FERPACompliant))
		}),
	}
	cmd.Flags().StringVar(&path, "pdf", "", "write the report as PDF to this file, which must not exist")
	cmd.Flags().StringVar(&state, "state", "", "only checks in this state: not_met, needs_attention, met or does_not_apply")
	return cmd
}

func verdict(compliant bool) string {
	if compliant {
		return "no rule is broken"
	}
	return "not met"
}

func counted(all []client.ComplianceEvidence) string {
	var words []string
	for _, e := range all {
		if e.Count > 0 {
			words = append(words, fmt.Sprintf("%s %d", e.Name, e.Count))
		}
	}
	return strings.Join(words, ", ")
}

// complianceFile makes a new file: the report of an earlier day is not overwritten.
func (a *app) complianceFile(cmd *cobra.Command, c *client.Client, path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // the person says where to
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	n, err := c.ComplianceReportPDF(cmd.Context(), f)
	if err != nil {
		_ = os.Remove(path) // half a report must not look whole
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return a.say(cmd, map[string]any{"path": path, "bytes": n}, "%s  %d bytes\n", path, n)
}
