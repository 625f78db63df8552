package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"satchel/rosters/generate"
)

type rosterSource struct {
	ID          string     `json:"id"`
	Name        string     `json:"name"`
	PausedUntil *time.Time `json:"paused_until"`
	AddsOnly    bool       `json:"adds_only"`
	KeepAges    bool       `json:"keep_ages"`
	LeaveDays   int        `json:"leave_days"`
	Pickup      bool       `json:"pickup"`
	LastImport  *string    `json:"last_import_id"`
}

func (s rosterSource) row() []string {
	paused := ""
	if s.PausedUntil != nil {
		paused = s.PausedUntil.Local().Format(time.DateTime)
	}
	return []string{s.ID, s.Name, strconv.FormatBool(s.AddsOnly), strconv.Itoa(s.LeaveDays), strconv.FormatBool(s.Pickup), paused}
}

var sourceHead = []string{"SOURCE", "NAME", "ADDS ONLY", "LEAVE DAYS", "PICKUP", "PAUSED UNTIL"}

func (a *app) rosterSource() *cobra.Command {
	cmd := &cobra.Command{Use: "source", Short: "Say where rosters come from"}
	add, set := a.rosterSourceAdd(), a.rosterSourceSet()
	cmd.AddCommand(add, set, &cobra.Command{Use: "list", Short: "List the sources", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		return listAll(a, cmd, "/roster/sources", url.Values{}, sourceHead, rosterSource.row)
	}})
	return cmd
}

// sourceFlags are the settings of a source.
type sourceFlags struct {
	name, pausedUntil  string
	addsOnly, keepAges bool
	pickup             bool
	leaveDays          int
}

func (f *sourceFlags) on(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.addsOnly, "adds-only", false, "no import of this source removes anything")
	cmd.Flags().BoolVar(&f.keepAges, "keep-ages", false, "keep the months in which people are 13 and 18")
	cmd.Flags().BoolVar(&f.pickup, "pickup", false, "import packages that are put into the source's folder of the inbox")
	cmd.Flags().IntVar(&f.leaveDays, "leave-days", 14, "days for which a person who left is still a member, 0 to 60")
	cmd.Flags().StringVar(&f.pausedUntil, "paused-until", "", "imports wait until then, such as 2026-08-31T06:00:00Z; empty: no pause")
}

// body holds what was given.
func (f *sourceFlags) body(cmd *cobra.Command) map[string]any {
	in := map[string]any{}
	for flag, set := range map[string]func(){
		"adds-only":  func() { in["adds_only"] = f.addsOnly },
		"keep-ages":  func() { in["keep_ages"] = f.keepAges },
		"leave-days": func() { in["leave_days"] = f.leaveDays },
		"pickup":     func() { in["pickup"] = f.pickup },
		"name":       func() { in["name"] = f.name },
		"paused-until": func() {
			in["paused_until"] = nil
			if f.pausedUntil != "" {
				in["paused_until"] = f.pausedUntil
			}
		},
	} {
		if cmd.Flags().Changed(flag) {
			set()
		}
	}
	return in
}

func (a *app) rosterSourceAdd() *cobra.Command {
	var f sourceFlags
	cmd := &cobra.Command{Use: "add NAME", Short: "Name a student information system", Args: cobra.ExactArgs(1), RunE: func(cmd *cobra.Command, args []string) error {
		in := f.body(cmd)
		in["name"] = args[0]
		return a.sourceCall(cmd, http.MethodPost, "/roster/sources", in)
	}}
	f.on(cmd)
	return cmd
}

func (a *app) rosterSourceSet() *cobra.Command {
	var f sourceFlags
	cmd := &cobra.Command{Use: "set SOURCE", Short: "Change a source, or pause it", Args: cobra.ExactArgs(1), RunE: func(cmd *cobra.Command, args []string) error {
		return a.sourceCall(cmd, http.MethodPatch, "/roster/sources/"+url.PathEscape(args[0]), f.body(cmd))
	}}
	f.on(cmd)
	cmd.Flags().StringVar(&f.name, "name", "", "another name")
	return cmd
}

type rosterPickup struct {
	ID      string    `json:"id"`
	Source  string    `json:"source_id"`
	Name    string    `json:"name"`
	Size    int64     `json:"size"`
	State   string    `json:"state"`
	Code    string    `json:"code,omitempty"`
	MovedTo string    `json:"moved_to,omitempty"`
	Import  *string   `json:"import_id"`
	SeenAt  time.Time `json:"seen_at"`
}

func (p rosterPickup) row() []string {
	became := p.Code
	if p.Import != nil {
		became = *p.Import
	}
	return []string{p.Source, p.Name, size(p.Size), p.State, p.SeenAt.Local().Format(time.DateTime), became}
}

func (a *app) rosterPickups() *cobra.Command {
	return &cobra.Command{Use: "pickups", Short: "List packages that were found in the inbox of the store", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		return listAll(a, cmd, "/roster/pickups", url.Values{}, []string{"SOURCE", "NAME", "SIZE", "STATE", "SEEN", "IMPORT"}, rosterPickup.row)
	}}
}

func (a *app) sourceCall(cmd *cobra.Command, method, path string, in any) error {
	var s rosterSource
	if err := a.call(cmd, method, path, in, &s); err != nil {
		return err
	}
	if a.json {
		return a.say(cmd, s, "")
	}
	t := table(cmd, sourceHead...)
	t.row(s.row()...)
	t.flush()
	return nil
}

func (a *app) rosterGenerate() *cobra.Command {
	var seed uint64
	var n generate.Size
	var days int
	var version string
	cmd := &cobra.Command{
		Use: "generate FILE", Short: "Write the roster of a school district that does not exist", Args: cobra.ExactArgs(1),
		Long: `Write the roster of a school district that does not exist, to try an import with. The
same --seed and --people give the same district; with --days it is as many days later:
people came and left, classes began and ended.`,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if n.People < 1 || n.People > 100_000 {
				return errors.New("--people is a number from 1 to 100000")
			}
			d := generate.New(seed, n)
			for range days {
				d.Day(0.01)
			}
			file, err := os.OpenFile(args[0], os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, file.Close()) }()
			if err := d.Write(file, generate.Version(version)); err != nil {
				return fmt.Errorf("write roster: %w", err)
			}
			made := map[string]int{"people": len(d.People), "classes": len(d.Classes), "enrollments": len(d.Enrollments)}
			return a.say(cmd, made, "%s: %d people, %d classes, %d enrollments\n", args[0], len(d.People), len(d.Classes), len(d.Enrollments))
		},
	}
	cmd.Flags().Uint64Var(&seed, "seed", 1, "another number, another district")
	cmd.Flags().IntVar(&n.People, "people", 1000, "students, staff and guardians")
	cmd.Flags().IntVar(&n.Classes, "classes", 0, "classes; 0: one for five people")
	cmd.Flags().IntVar(&days, "days", 0, "days later")
	cmd.Flags().StringVar(&version, "oneroster", string(generate.V12), "1.1 or 1.2")
	return cmd
}
