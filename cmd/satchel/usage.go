package main

import (
	"encoding/csv"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"satchel/client"
)

// usage is an organization's days as the API shows them.
type usage struct {
	Items    []usageDay `json:"items"`
	Totals   usageSums  `json:"totals"`
	Limits   limits     `json:"limits"`
	Warnings []warning  `json:"warnings"`
}

type usageSums struct {
	Uploads    int64 `json:"uploads"`
	BytesIn    int64 `json:"bytes_in"`
	BytesOut   int64 `json:"bytes_out"`
	Downloads  int64 `json:"downloads"`
	Scans      int64 `json:"scans"`
	Renditions int64 `json:"renditions"`
	Jobs       int64 `json:"jobs"`

	InputTokens  int64 `json:"ai_input_tokens"`
	OutputTokens int64 `json:"ai_output_tokens"`
	CostMicro    int64 `json:"ai_cost_micro"`
}

type usageDay struct {
	Day string `json:"day"`
	usageSums
	StoredBytes int64  `json:"stored_bytes"`
	ActiveUsers *int64 `json:"active_users"` // nil: fewer than are shown
}

type limits struct {
	BytesUsed   int64 `json:"bytes_used"`
	BytesMax    int64 `json:"bytes_max"`
	Members     int64 `json:"members"`
	MembersMax  int64 `json:"members_max"`
	MaxFileSize int64 `json:"max_file_size"`
}

type warning struct {
	Metric    string    `json:"metric"`
	Threshold int       `json:"threshold"`
	Percent   int       `json:"percent"`
	RaisedAt  time.Time `json:"raised_at"`
	Event     *string   `json:"event_id"`
	Mail      string    `json:"mail"`
	MailCode  string    `json:"mail_code"`
}

func (a *app) orgUsage() *cobra.Command {
	var from, to string
	var asCSV bool
	cmd := &cobra.Command{
		Use: "usage [ID]", Short: "Show what an organization used by day, and how full it is", Args: cobra.MaximumNArgs(1),
		Long: `Show what an organization used by day, and how full it is. Without an ID it is
your own; operators name any.

  satchel org usage                                  the last 30 days
  satchel org usage --from 2026-01-01 --to 2026-03-31
  satchel org usage --csv > usage.csv                for a spreadsheet: plain numbers
  satchel org usage --json | jq .limits
  satchel org usage 0198c2b4-…                       as an operator

Days are those of UTC, at most 400 of them, and those on which nothing was
written down are left out. What the columns count:

  uploads      files and versions whose bytes arrived whole, and in: their bytes
  out          bytes of files and previews that left
  downloads    answers with a file from its first byte; ranges further on are none
  scans        versions that got a verdict; previews: the pictures made of them
  jobs         long work that was begun: re-scans, exports, checks
  people       who called at least once; API keys are not people
  stored       bytes at the end of the day, and of today: now

The bars show how much of the tier's limits is taken, uploads on their way
included. At 80 and 95 % the organization's contact gets a mail, and the
organization an event.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if asCSV && a.json {
				return fmt.Errorf("--csv and --json are two forms of one answer: choose one")
			}
			c, path, err := a.named(cmd, args)
			if err != nil {
				return err
			}
			q := url.Values{}
			for name, day := range map[string]string{"from": from, "to": to} {
				if day != "" {
					q.Set(name, day)
				}
			}
			var u usage
			if err := c.Call(cmd.Context(), http.MethodGet, path+"/usage?"+q.Encode(), nil, &u); err != nil {
				return err
			}
			switch {
			case a.json:
				return a.say(cmd, u, "")
			case asCSV:
				return writeCSV(cmd.OutOrStdout(), u.Items)
			}
			return show(cmd.OutOrStdout(), u)
		},
	}
	cmd.Flags().StringVar(&from, "from", "", "the first day, such as 2026-01-31 (default: 29 days before the last)")
	cmd.Flags().StringVar(&to, "to", "", "the last day (default: today)")
	cmd.Flags().BoolVar(&asCSV, "csv", false, "print the days as comma-separated values")
	return cmd
}

// named gives the API and the address of the organization that was named, or of
// one's own.
func (a *app) named(cmd *cobra.Command, args []string) (*client.Client, string, error) {
	if len(args) == 0 {
		return a.inOrganization(cmd.Context())
	}
	c, err := a.client()
	return c, organizations + "/" + url.PathEscape(args[0]), err
}

func show(w io.Writer, u usage) error {
	var text strings.Builder
	showDays(&text, u)
	showLimits(&text, u)
	for line := range strings.Lines(text.String()) {
		if _, err := fmt.Fprintln(w, strings.TrimRight(line, " \n")); err != nil {
			return err
		}
	}
	return nil
}

func showDays(w io.Writer, u usage) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	line := func(cells ...string) { _, _ = fmt.Fprintln(t, strings.Join(cells, "\t")+"\t") }
	line("DAY", "UPLOADS", "IN", "OUT", "DOWNLOADS", "SCANS", "PREVIEWS", "JOBS", "PEOPLE", "STORED")
	sums := func(s usageSums) []string {
		n := func(n int64) string { return strconv.FormatInt(n, 10) }
		return []string{n(s.Uploads), size(s.BytesIn), size(s.BytesOut), n(s.Downloads), n(s.Scans), n(s.Renditions), n(s.Jobs)}
	}
	for _, d := range u.Items {
		line(slices.Concat([]string{d.Day}, sums(d.usageSums), []string{shownCount(d.ActiveUsers), size(d.StoredBytes)})...)
	}
	line(slices.Concat([]string{"total"}, sums(u.Totals), []string{"", ""})...)
	_ = t.Flush()
}

func showLimits(w io.Writer, u usage) {
	l := u.Limits
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, f := range []struct {
		name, metric, used, most string
		share                    int
	}{
		{"storage", "bytes", size(l.BytesUsed), size(l.BytesMax), percent(l.BytesUsed, l.BytesMax)},
		{"seats", "members", strconv.FormatInt(l.Members, 10), strconv.FormatInt(l.MembersMax, 10), percent(l.Members, l.MembersMax)},
	} {
		_, _ = fmt.Fprintf(t, "\n%s\t%s\t%d %%\t%s of %s\t%s", f.name, bar(f.share), f.share, f.used, f.most, warned(u.Warnings, f.metric))
	}
	_, _ = fmt.Fprintf(t, "\nlargest file\t\t\t%s\t\n", size(l.MaxFileSize))
	_ = t.Flush()
}

// percent rounds down, as the warnings do; anything of nothing is full.
func percent(used, most int64) int {
	switch {
	case used <= 0:
		return 0
	case most <= 0:
		return 100
	}
	return int(float64(used) / float64(most) * 100)
}

const barCells = 20

func bar(percent int) string {
	full := min(percent*barCells/100, barCells)
	return "[" + strings.Repeat("#", full) + strings.Repeat(".", barCells-full) + "]"
}

// warned describes the highest open warning of a metric and the state of its mail.
func warned(ws []warning, metric string) string {
	for _, w := range ws {
		if w.Metric != metric {
			continue
		}
		mail := map[string]string{"none": "no contact address", "queued": "mail waits", "sent": "mail sent", "failed": "mail refused"}[w.Mail]
		if w.MailCode != "" {
			mail += " (" + w.MailCode + ")"
		}
		return fmt.Sprintf("passed %d %% on %s: %s", w.Threshold, w.RaisedAt.UTC().Format(time.DateOnly), mail)
	}
	return ""
}

func writeCSV(w io.Writer, days []usageDay) error {
	out := csv.NewWriter(w)
	_ = out.Write([]string{"day", "uploads", "bytes_in", "bytes_out", "downloads", "scans", "renditions", "jobs", "active_users", "stored_bytes", "ai_input_tokens", "ai_output_tokens", "ai_cost_micro"})
	for _, d := range days {
		cells := []string{d.Day}
		for _, n := range []*int64{&d.Uploads, &d.BytesIn, &d.BytesOut, &d.Downloads, &d.Scans, &d.Renditions, &d.Jobs, d.ActiveUsers, &d.StoredBytes, &d.InputTokens, &d.OutputTokens, &d.CostMicro} {
			cells = append(cells, shownCount(n))
		}
		_ = out.Write(cells)
	}
	out.Flush()
	return out.Error()
}
