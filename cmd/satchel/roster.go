package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"satchel/client"
)

// rosterImport is an import as the API shows it.
type rosterImport struct {
	ID     string       `json:"id"`
	Source string       `json:"source_id"`
	State  string       `json:"state"`
	Hash   string       `json:"changes_hash,omitempty"`
	Waits  bool         `json:"waits_for_decision"`
	Holds  []rosterHold `json:"holds"`
	Stop   *struct {
		Code   string `json:"code"`
		File   string `json:"file,omitempty"`
		Row    int    `json:"row,omitempty"`
		Column string `json:"column,omitempty"`
		Text   string `json:"text"`
	} `json:"stop,omitempty"`
	Summary struct {
		Changes []struct {
			Kind    string `json:"kind"`
			School  string `json:"school"`
			New     int64  `json:"new"`
			Changed int64  `json:"changed"`
			Back    int64  `json:"back"`
			Leaving int64  `json:"leaving"`
			Held    int64  `json:"held"`
		} `json:"changes"`
		Total    int64 `json:"total"`
		Removals int64 `json:"removals"`
	} `json:"summary"`
	Issues int `json:"issues"`
	Report *struct {
		Applied                 int64 `json:"applied"`
		StudentsWithoutGuardian int64 `json:"students_without_guardian"`
		PeopleWithoutLogin      int64 `json:"people_without_login"`
		Guardianships           int64 `json:"guardianships"`
	} `json:"report,omitempty"`
	Decision  string     `json:"decision,omitempty"`
	CreatedAt time.Time  `json:"created_at"`
	EndedAt   *time.Time `json:"ended_at"`
}

type rosterHold struct {
	Code   string `json:"code"`
	Kind   string `json:"kind,omitempty"`
	School string `json:"school,omitempty"`
	Count  int64  `json:"count"`
	Of     int64  `json:"of,omitempty"`
}

// moves says whether the import moves by itself.
func (i rosterImport) moves() bool {
	switch i.State {
	case "received", "checking", "applying", "undoing":
		return true
	case "waiting":
		return !i.Waits
	}
	return false
}

func (a *app) roster() *cobra.Command {
	cmd := &cobra.Command{
		Use: "roster", Short: "Bring people and classes in from a student information system",
		Long: `Bring people and classes in from a student information system, as OneRoster 1.1 or
1.2 CSV: a zip with manifest.csv, orgs.csv, users.csv and the others.

  satchel roster source add "Our SIS"            once: where the rosters come from
  satchel roster import SOURCE export.zip        sends it and waits
  satchel roster diff IMPORT                     what it would change
  satchel roster approve IMPORT                  let it
  satchel roster adds-only IMPORT                let it, without the removals
  satchel roster discard IMPORT                  nothing is changed
  satchel roster undo IMPORT                     take the last one back

The first import always waits for you, and later ones when much would go. An import
deletes no file and no work, makes no owner or admin, and leaves what was changed by
hand. docs/rosters.md has the rules.`,
	}
	cmd.AddCommand(a.rosterSource(), a.rosterPickups(), a.rosterSend(), a.rosterList(), a.rosterStatus(), a.rosterDiff(), a.rosterIssues(),
		a.rosterDecide("approve", "Let an import change what it showed"),
		a.rosterDecide("adds-only", "Let an import change what it showed, without the removals"),
		a.rosterDecide("discard", "End an import; nothing is changed"),
		a.rosterUndo(), a.rosterGenerate())
	return cmd
}

func importPath(id string) string { return "/roster/imports/" + url.PathEscape(id) }

func (a *app) rosterList() *cobra.Command {
	return &cobra.Command{Use: "list", Short: "List imports, the newest first", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		return listAll(a, cmd, "/roster/imports", url.Values{}, []string{"IMPORT", "SOURCE", "STATE", "SENT"}, func(i rosterImport) []string {
			return []string{i.ID, i.Source, i.State, i.CreatedAt.Local().Format(time.DateTime)}
		})
	}}
}

type sendFlags struct {
	review, noWait bool
	encoding, key  string
}

func (a *app) rosterSend() *cobra.Command {
	var f sendFlags
	cmd := &cobra.Command{
		Use: "import SOURCE FILE", Short: "Send a roster and wait until it is applied, or waits for you", Args: cobra.ExactArgs(2),
		Long: `Send a roster and wait until it is applied, or waits for a decision.

The zip has at most 50 MiB, its files at the top or in one folder. It is scanned for
viruses, read, and compared with what is there. Exits with 1 when the roster cannot be
used; the issues name file and row.`,
		RunE: func(cmd *cobra.Command, args []string) error { return a.sendRoster(cmd, args[0], args[1], f) },
	}
	cmd.Flags().BoolVar(&f.review, "review", false, "wait for a decision whatever changes")
	cmd.Flags().StringVar(&f.encoding, "encoding", "utf-8", "of the files: utf-8 or windows-1252")
	cmd.Flags().BoolVar(&f.noWait, "no-wait", false, "do not wait")
	cmd.Flags().StringVar(&f.key, "idempotency-key", "", "sent again with the same key, the roster is imported once")
	return cmd
}

func (a *app) sendRoster(cmd *cobra.Command, source, path string, f sendFlags) error {
	file, err := os.Open(path) //nolint:gosec // the person names the file
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	c, organization, err := a.inOrganization(cmd.Context())
	if err != nil {
		return err
	}
	if f.key == "" {
		f.key = rand.Text()
	}
	q := url.Values{"source_id": {source}, "review": {strconv.FormatBool(f.review)}, "encoding": {f.encoding}}
	header := http.Header{"Content-Type": {"application/zip"}, "Content-Length": {strconv.FormatInt(info.Size(), 10)}, "Idempotency-Key": {f.key}}
	resp, err := c.Send(cmd.Context(), http.MethodPost, organization+"/roster/imports?"+q.Encode(), header, file)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	var sent rosterImport
	if err := json.NewDecoder(resp.Body).Decode(&sent); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	if f.noWait {
		return a.say(cmd, sent, "import %s has begun\n", sent.ID)
	}
	return a.followRoster(cmd, c, organization, sent.ID)
}

// followRoster waits until an import has ended or waits for a person, and shows it.
func (a *app) followRoster(cmd *cobra.Command, c *client.Client, organization, id string) error {
	for {
		var i rosterImport
		if err := c.Call(cmd.Context(), http.MethodGet, organization+importPath(id), nil, &i); err != nil {
			return err
		}
		if !i.moves() {
			return a.showRoster(cmd, i)
		}
		if until, err := a.pausedUntil(cmd, c, organization, i); err != nil || until != nil {
			return or(err, func() error {
				if err := a.showRoster(cmd, i); err != nil || a.json {
					return err
				}
				return a.say(cmd, nil, "its source is paused until %s, and it goes on then: satchel roster status %s shows how it ends; satchel roster source set %s --paused-until '' ends the pause\n",
					until.Local().Format(time.DateTime), i.ID, i.Source)
			})
		}
		if err := nap(cmd.Context(), time.Second); err != nil {
			return err
		}
	}
}

// pausedUntil is when the pause ends for which an import waits that is decided; nil: it waits
// for none.
func (a *app) pausedUntil(cmd *cobra.Command, c *client.Client, organization string, i rosterImport) (*time.Time, error) {
	if i.State != "waiting" {
		return nil, nil //nolint:nilnil // it does not wait
	}
	sources, err := client.All[rosterSource](cmd.Context(), c, organization+"/roster/sources", url.Values{})
	for _, s := range sources {
		if s.ID == i.Source && s.PausedUntil != nil && s.PausedUntil.After(time.Now()) {
			return s.PausedUntil, nil
		}
	}
	return nil, err
}

func nap(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

var errRoster = errors.New("nothing was imported")

// showRoster says how an import stands. One that cannot be used fails the command.
func (a *app) showRoster(cmd *cobra.Command, i rosterImport) error {
	if a.json {
		if err := a.say(cmd, i, ""); err != nil {
			return err
		}
	} else if err := a.tellRoster(cmd, i); err != nil {
		return err
	}
	if i.State == "stopped" || i.State == "failed" {
		return errRoster
	}
	return nil
}

func (a *app) tellRoster(cmd *cobra.Command, i rosterImport) error {
	t := table(cmd, "KIND", "SCHOOL", "NEW", "CHANGED", "BACK", "LEAVING", "HELD")
	for _, c := range i.Summary.Changes {
		t.row(c.Kind, c.School, number(c.New), number(c.Changed), number(c.Back), number(c.Leaving), number(c.Held))
	}
	if len(i.Summary.Changes) > 0 {
		t.flush()
	}
	for _, h := range i.Holds {
		if err := a.say(cmd, nil, "held: %s\n", h); err != nil {
			return err
		}
	}
	switch {
	case i.Stop != nil:
		return a.say(cmd, nil, "import %s %s: %s\n%d issues: satchel roster issues %s\n", i.ID, i.State, i.stopped(), i.Issues, i.ID)
	case i.Waits:
		return a.say(cmd, nil, "import %s waits for you: satchel roster diff %s, then approve, adds-only or discard\n", i.ID, i.ID)
	case i.Report != nil:
		return a.say(cmd, nil, "import %s %s: %d changes; %d students without a guardian, %d people without a login\n", i.ID, i.State, i.Report.Applied,
			i.Report.StudentsWithoutGuardian, i.Report.PeopleWithoutLogin)
	}
	return a.say(cmd, nil, "import %s %s: %d changes, of them %d removals; %d issues\n", i.ID, i.State, i.Summary.Total, i.Summary.Removals, i.Issues)
}

// stopped says why the import cannot be used, and where in the package that is.
func (i rosterImport) stopped() string {
	var where []string
	if i.Stop.File != "" {
		where = append(where, i.Stop.File)
	}
	if i.Stop.Row > 0 {
		where = append(where, "row "+strconv.Itoa(i.Stop.Row))
	}
	if i.Stop.Column != "" {
		where = append(where, "column "+i.Stop.Column)
	}
	if len(where) == 0 {
		return i.Stop.Text
	}
	return strings.Join(where, ", ") + ": " + i.Stop.Text
}

// String leaves out what a hold does not have: the first import is held as a whole.
func (h rosterHold) String() string {
	text := strings.Join(slices.DeleteFunc([]string{h.Code, h.Kind, h.School}, func(s string) bool { return s == "" }), " ")
	switch {
	case h.Of == 0 && h.Kind == "":
		return text
	case h.Of == 0:
		return fmt.Sprintf("%s: %d", text, h.Count)
	}
	return fmt.Sprintf("%s: %d of %d", text, h.Count, h.Of)
}

func number(n int64) string { return strconv.FormatInt(n, 10) }

func (a *app) rosterStatus() *cobra.Command {
	return &cobra.Command{Use: "status IMPORT", Short: "Show what an import changes, why it waits, and how it ended", Args: cobra.ExactArgs(1), RunE: func(cmd *cobra.Command, args []string) error {
		var i rosterImport
		if err := a.call(cmd, http.MethodGet, importPath(args[0]), nil, &i); err != nil {
			return err
		}
		return a.showRoster(cmd, i)
	}}
}

type rosterChange struct {
	Kind      string         `json:"kind"`
	Action    string         `json:"action"`
	SourcedID string         `json:"sourced_id"`
	Person    string         `json:"person,omitempty"`
	School    string         `json:"school"`
	Held      string         `json:"held,omitempty"`
	Fields    []string       `json:"fields"`
	Before    map[string]any `json:"before,omitempty"`
	After     map[string]any `json:"after,omitempty"`
}

func (c rosterChange) name() string {
	for _, side := range []map[string]any{c.After, c.Before} {
		for _, field := range []string{"name", "title", "role"} {
			if text, ok := side[field].(string); ok && text != "" {
				return text
			}
		}
	}
	return ""
}

func (a *app) rosterDiff() *cobra.Command {
	var output string
	filters := map[string]*string{"kind": new(string), "action": new(string), "school": new(string)}
	cmd := &cobra.Command{
		Use: "diff IMPORT", Short: "List what an import changes", Args: cobra.ExactArgs(1),
		Long: `List what an import changes, in the order in which it is applied; removals are last.
With --csv the whole list is written into a file for spreadsheets. Reading it is in the
audit log: it has names.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			q := url.Values{}
			for name, value := range filters {
				if cmd.Flags().Changed(name) {
					q.Set(name, *value)
				}
			}
			if output != "" {
				return a.fetchChanges(cmd, args[0], q, output)
			}
			return listAll(a, cmd, importPath(args[0])+"/changes", q, []string{"KIND", "ACTION", "SOURCED ID", "PERSON", "SCHOOL", "NAME", "HELD"}, func(c rosterChange) []string {
				return []string{c.Kind, c.Action, c.SourcedID, c.Person, c.School, c.name(), c.Held}
			})
		},
	}
	cmd.Flags().StringVar(filters["kind"], "kind", "", "school, term, class, person, enrollment or guardian")
	cmd.Flags().StringVar(filters["action"], "action", "", "new, changed, back or leaving")
	cmd.Flags().StringVar(filters["school"], "school", "", "sourcedId of a school")
	cmd.Flags().StringVar(&output, "csv", "", "write the changes into this file")
	return cmd
}

func (a *app) fetchChanges(cmd *cobra.Command, id string, q url.Values, output string) (err error) {
	c, organization, err := a.inOrganization(cmd.Context())
	if err != nil {
		return err
	}
	resp, err := c.Send(cmd.Context(), http.MethodGet, organization+importPath(id)+"/changes.csv?"+q.Encode(), nil, nil)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	file, err := os.OpenFile(output, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // the person names the file
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	n, err := io.Copy(file, resp.Body)
	if err != nil {
		return fmt.Errorf("read changes: %w", err)
	}
	return a.say(cmd, map[string]any{"file": output, "size": n}, "%s  %s\n", output, size(n))
}

type rosterIssue struct {
	Code   string `json:"code"`
	File   string `json:"file"`
	Row    int    `json:"row"`
	Column string `json:"column"`
	Count  int    `json:"count"`
}

func (a *app) rosterIssues() *cobra.Command {
	return &cobra.Command{Use: "issues IMPORT", Short: "List what was put right or refused in a roster, by file and row", Args: cobra.ExactArgs(1), RunE: func(cmd *cobra.Command, args []string) error {
		return listAll(a, cmd, importPath(args[0])+"/issues", url.Values{}, []string{"FILE", "ROW", "COLUMN", "CODE", "IN ALL"}, func(i rosterIssue) []string {
			return []string{i.File, strconv.Itoa(i.Row), i.Column, i.Code, strconv.Itoa(i.Count)}
		})
	}}
}

func (a *app) rosterDecide(name, short string) *cobra.Command {
	var withHeld, noWait bool
	var hash string
	cmd := &cobra.Command{
		Use: name + " IMPORT", Short: short, Args: cobra.ExactArgs(1),
		Long: short + `.

The decision is about the changes that status and diff show now. --hash names those that
you looked at: when they have changed since, nothing is decided.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, organization, err := a.inOrganization(cmd.Context())
			if err != nil {
				return err
			}
			var i rosterImport
			if hash == "" {
				if err := c.Call(cmd.Context(), http.MethodGet, organization+importPath(args[0]), nil, &i); err != nil {
					return err
				}
				hash = i.Hash
			}
			in := map[string]any{"changes_hash": hash, "with_held": withHeld}
			if err := c.Call(cmd.Context(), http.MethodPost, organization+importPath(args[0])+"/"+name, in, &i); err != nil {
				return err
			}
			if noWait {
				return a.showRoster(cmd, i)
			}
			return a.followRoster(cmd, c, organization, args[0])
		},
	}
	cmd.Flags().StringVar(&hash, "hash", "", "changes_hash of the changes that you looked at")
	cmd.Flags().BoolVar(&noWait, "no-wait", false, "do not wait for the end")
	if name != "discard" {
		cmd.Flags().BoolVar(&withHeld, "with-held", false, "apply rows that are held alone too")
	}
	return cmd
}

func (a *app) rosterUndo() *cobra.Command {
	var noWait bool
	cmd := &cobra.Command{
		Use: "undo IMPORT", Short: "Take an import back", Args: cobra.ExactArgs(1),
		Long: `Take an import back: the one of its source that was applied last, within 30 days.
What was changed by hand since stays. People that the import made are out, and their
names go; classes that it made are archived, because files may be in them.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, organization, err := a.inOrganization(cmd.Context())
			if err != nil {
				return err
			}
			if err := c.Call(cmd.Context(), http.MethodPost, organization+importPath(args[0])+"/undo", nil, nil); err != nil {
				return err
			}
			if noWait {
				return a.say(cmd, map[string]bool{"done": true}, "the undo has begun\n")
			}
			return a.followRoster(cmd, c, organization, args[0])
		},
	}
	cmd.Flags().BoolVar(&noWait, "no-wait", false, "do not wait for the end")
	return cmd
}
