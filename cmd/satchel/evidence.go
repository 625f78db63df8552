package main

import (
	"strings"
	"time"

	"github.com/spf13/cobra"

	"satchel/client"
)

func (a *app) duties(org *string) *cobra.Command {
	cmd := &cobra.Command{
		Use: "duties", Short: "List the duties that were done, with the day on which each is due again", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, id, err := a.manager(*org)
			if err != nil {
				return err
			}
			found, err := c.Duties(cmd.Context(), id)
			if err != nil {
				return err
			}
			return a.sayDuties(cmd, found, found...)
		},
	}
	cmd.AddCommand(a.dutyRecord(org))
	return cmd
}

func (a *app) sayDuties(cmd *cobra.Command, answer any, duties ...client.ComplianceDuty) error {
	if a.json {
		return a.say(cmd, answer, "")
	}
	t := table(cmd, "KIND", "DONE", "DUE AGAIN", "RESPONSIBLE", "NOTE")
	for _, d := range duties {
		t.row(d.Kind, shortTime(&d.DoneAt), shortTime(d.DueAt), d.Responsible, d.Note)
	}
	t.flush()
	return nil
}

func (a *app) dutyRecord(org *string) *cobra.Command {
	var n client.NewComplianceDuty
	done, due := moment{}, moment{}
	cmd := &cobra.Command{
		Use: "record KIND", Short: "Record that a duty was done", Args: cobra.ExactArgs(1),
		Long: `Record that a duty was done: coordinator, risk_assessment, safeguards_test,
program_evaluation, annual_notice or directory_notice.
` + momentsHelp,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, id, err := a.manager(*org)
			if err != nil {
				return err
			}
			n.Kind, n.DueAt, n.DoneAt = args[0], due.at, time.Now()
			if done.at != nil {
				n.DoneAt = *done.at
			}
			d, err := c.RecordDuty(cmd.Context(), id, n)
			if err != nil {
				return err
			}
			return a.sayDuties(cmd, d, d)
		},
	}
	f := cmd.Flags()
	f.StringVar(&n.Responsible, "responsible", "", "id of who answers for it")
	f.StringVar(&n.Note, "note", "", "what was done, and where it is written")
	f.Var(&done, "done", "when (default: now)")
	f.Var(&due, "due", "when it is due again (default: a year later)")
	return cmd
}

func (a *app) incidents(org *string) *cobra.Command {
	cmd := &cobra.Command{
		Use: "incidents", Short: "List incidents with their clocks", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, id, err := a.manager(*org)
			if err != nil {
				return err
			}
			found, err := c.Incidents(cmd.Context(), id)
			if err != nil {
				return err
			}
			return a.sayIncidents(cmd, found, found...)
		},
	}
	cmd.AddCommand(a.incidentRecord(org), a.incidentTold(org), a.incidentClose(org))
	return cmd
}

func (a *app) sayIncidents(cmd *cobra.Command, answer any, incidents ...client.Incident) error {
	if a.json {
		return a.say(cmd, answer, "")
	}
	t := table(cmd, "ID", "TITLE", "STATE", "CLOCK", "UNTIL", "TOLD")
	for _, i := range incidents {
		for _, k := range i.Clocks {
			told := shortTime(k.ToldAt)
			if k.Late {
				told = "late"
			}
			t.row(i.ID, i.Title, i.State, k.Clock, shortTime(&k.DueAt), told)
		}
	}
	t.flush()
	return nil
}

func (a *app) incidentRecord(org *string) *cobra.Command {
	var n client.NewIncident
	var hours int
	var in string
	discovered, confirmed := moment{}, moment{}
	cmd := &cobra.Command{
		Use: "record TITLE", Short: "Record an incident and start its clocks", Args: cobra.ExactArgs(1),
		Long: "Record an incident and start its clocks; docs/compliance/duties.md lists them.\n" + momentsHelp,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, id, err := a.manager(*org)
			if err != nil {
				return err
			}
			n.Title, n.ConfirmedAt, n.DiscoveredAt = args[0], confirmed.at, time.Now()
			if discovered.at != nil {
				n.DiscoveredAt = *discovered.at
			}
			if hours > 0 {
				n.OwnHours = &hours
			}
			n.Jurisdictions = strings.Fields(strings.ReplaceAll(in, ",", " "))
			i, err := c.RecordIncident(cmd.Context(), id, n)
			if err != nil {
				return err
			}
			return a.sayIncidents(cmd, i, i)
		},
	}
	f := cmd.Flags()
	f.StringVar(&n.Description, "description", "", "what happened, and which data it concerns")
	f.StringVar(&in, "jurisdictions", "", "whose clocks run, such as us-ny,ndpa")
	f.IntVar(&hours, "own-hours", 0, "your organization's own time for this incident (default: as it says, or 72)")
	f.Var(&discovered, "discovered", "when (default: now)")
	f.Var(&confirmed, "confirmed", "since when it is known to be an incident")
	return cmd
}

func (a *app) incidentTold(org *string) *cobra.Command {
	var note string
	cmd := &cobra.Command{
		Use: "told ID CLOCK", Short: "Record that those of a clock were told", Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, id, err := a.manager(*org)
			if err != nil {
				return err
			}
			i, err := c.TellOfIncident(cmd.Context(), id, args[0], args[1], note)
			if err != nil {
				return err
			}
			return a.sayIncidents(cmd, i, i)
		},
	}
	cmd.Flags().StringVar(&note, "note", "", "how they were told")
	return cmd
}

func (a *app) incidentClose(org *string) *cobra.Command {
	var closing string
	cmd := &cobra.Command{
		Use: "close ID", Short: "Close an incident of which everybody was told", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, id, err := a.manager(*org)
			if err != nil {
				return err
			}
			i, err := c.CloseIncident(cmd.Context(), id, args[0], closing)
			if err != nil {
				return err
			}
			return a.sayIncidents(cmd, i, i)
		},
	}
	cmd.Flags().StringVar(&closing, "closing", "", "what was found and changed")
	return cmd
}
