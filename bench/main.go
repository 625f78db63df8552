// Command bench measures a running local stack on this machine and prints
// ratios and figures of one run, each with its goal and with how it was taken.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"satchel/client"
	"satchel/internal/devstack"
)

// figure is one measured value beside its goal.
type figure struct {
	Name string  `json:"name"`
	Got  float64 `json:"got"`
	Unit string  `json:"unit"`
	Goal string  `json:"goal"`
	OK   bool    `json:"ok"`
	How  string  `json:"how"`
}

// bench holds what all measurements share.
type bench struct {
	*devstack.Stack
	figures []figure
	full    bool
}

var measurements = []struct {
	name, what string
	run        func(*bench, context.Context) error
}{
	{"tenant", "the tenant context against the same query without it", (*bench).tenant},
	{"keys", "a call with an API key against the same with an access token", (*bench).keys},
	{"provisioning", "100 organizations set up, ten at a time", (*bench).provisioning},
	{"queue", "schedule-to-start at 20 and 50 jobs a second", (*bench).queue},
	{"jobs", "pages of 100,000 jobs (--full: a million) under each filter, and their counts", (*bench).jobs},
	{"celery", "small jobs beside Celery and Redis, and what kills of workers leave of either", (*bench).celery},
	{"latency", "from the finished upload to publication, against the straight line", (*bench).latency},
	{"cost", "what a published small text costs: commits, row updates, Temporal's tasks, processor time", (*bench).cost},
	{"peers", "small files, reads, tus and lists beside supabase/storage, from the checkout that PEER names", (*bench).peers},
	{"imports", "2,000 objects of a bucket against plain uploads, and 100,000 tiny ones cut and resumed (--full: all of them published)", (*bench).imports},
	{"ingest", "1 GiB by tus against a bare multipart upload", (*bench).ingest},
	{"scan", "scanning 50 MB", (*bench).scan},
	{"tenmb", "20 users who upload 10 MB each at once", (*bench).tenMegabytes},
	{"users", "100 users for two minutes", (*bench).users},
	{"lists", "pages of one organization among a thousand, and of a long list", (*bench).lists},
	{"spaces", "pages and files of one school of 5,000 people under the access rule", (*bench).spaces},
	{"search", "searches by name and text in a school of 200,000 files (--full: a million)", (*bench).search},
	{"rosters", "a roster of 10,000 people (--full: 100,000), read, compared, applied, and sent again", (*bench).rosters},
	{"reconcile", "a million rows against a million keys", (*bench).reconcile},
	{"neighbor", "an organization's list beside one that asks ten times too often", (*bench).neighbor},
	{"encryption", "objects stored and read with their own data keys against plain text", (*bench).encryption},
	{"consent", "what the decision about a child's consent costs on the way of an upload", (*bench).consent},
	{"trail", "what a publication's row in the audit log costs", (*bench).auditLog},
	{"fairness", "one organization's backlog against another's single files", (*bench).fairness},
	{"shares", "a share's limit of 50 downloads under 200 clients at once, 100 times", (*bench).shares},
	{"ends", "how long a share that ended gives something, beside 200 clients (--full: 1,000 of them)", (*bench).ends},
	{"delivery", "1 GiB by the content host against the bare store, and its first byte", (*bench).delivery},
	{"analytics", "the roll-up of a day of 1,000 organizations, and a report of 100,000 rows", (*bench).analytics},
	{"edge", "a warm Varnish against the content host, and how long either gives what was deleted", (*bench).edge},
	{"transform", "a picture on demand against libvips alone, again, and for 500 clients at once", (*bench).transform},
	{"zip", "10,000 files as one zip against the store's own rate", (*bench).zip},
	{"webhooks", "from publication to the webhook at 20 files a second", (*bench).webhooks},
	{"mails", "1,000 notifications (--full: 10,000) to the mail server, and again while the worker is killed", (*bench).mails},
	{"memory", "four 2,000 MiB uploads at once, and their export", (*bench).memory}, // leaves 16 GB for the disk to write
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := command().ExecuteContext(ctx); err != nil {
		os.Exit(1)
	}
}

func command() *cobra.Command {
	b := &bench{}
	var path, only string
	var asJSON bool
	cmd := &cobra.Command{
		Use: "bench", Short: "Measure a running local stack", SilenceUsage: true, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var err error
			if b.Stack, err = devstack.Read(path); err != nil {
				return err
			}
			err = b.measure(cmd.Context(), only)
			return errors.Join(err, b.print(asJSON)) // what was measured before a failure counts
		},
	}
	names := make([]string, len(measurements))
	for i, m := range measurements {
		names[i] = fmt.Sprintf("%-12s %s", m.name, m.what)
	}
	cmd.Long = "Measure a running local stack:\n\n  " + strings.Join(names, "\n  ")
	cmd.AddCommand(peerWorker())
	cmd.CompletionOptions.DisableDefaultCmd = true
	cmd.Flags().StringVar(&path, "stack", ".local/satchel.json", "the stack's satchel.json")
	cmd.Flags().StringVar(&only, "only", "", "these measurements, by name, with commas between")
	cmd.Flags().BoolVar(&b.full, "full", false, "the long forms: 5,000 files of backlog, a list of a million, 1,000 shares that end")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (b *bench) measure(ctx context.Context, only string) error {
	for _, m := range measurements {
		if only != "" && !slices.Contains(strings.Split(only, ","), m.name) {
			continue
		}
		began := time.Now()
		fmt.Fprintf(os.Stderr, "measuring %-12s %s …", m.name, m.what)
		if err := m.run(b, ctx); err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
		fmt.Fprintf(os.Stderr, " %s\n", time.Since(began).Round(time.Second))
	}
	return nil
}

func (b *bench) add(name string, got float64, unit, goal string, ok bool, how string, args ...any) {
	b.figures = append(b.figures, figure{name, got, unit, goal, ok, fmt.Sprintf(how, args...)})
}

func (b *bench) print(asJSON bool) error {
	if asJSON {
		e := json.NewEncoder(os.Stdout)
		e.SetIndent("", "  ")
		return e.Encode(b.figures)
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "\tFIGURE\tMEASURED\tGOAL\tHOW")
	for _, f := range b.figures {
		mark := "✓"
		if !f.OK {
			mark = "✗"
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t%.3g %s\t%s\t%s\n", mark, f.Name, f.Got, f.Unit, f.Goal, f.How)
	}
	return w.Flush()
}

// school makes an organization for one measurement, with room for all of it.
func (b *bench) school(ctx context.Context) (string, *client.Client, error) {
	org, err := b.Unhurried(ctx, "bench", "Benchmark")
	if err != nil {
		return "", nil, err
	}
	limits := map[string]any{"organization_id": org, "max": int64(1) << 40, "max_file_size": int64(4) << 30}
	if err := b.Operator().Call(ctx, "PUT", "/api/v1/admin/storage/quotas", limits, nil); err != nil {
		return "", nil, err
	}
	c, err := b.Member(ctx, org, "teacher-"+org, "teacher")
	return org, c, err
}

// quantile gives the q-th of the sorted durations, in milliseconds.
func quantile(ds []time.Duration, q float64) float64 {
	if len(ds) == 0 {
		return 0
	}
	sorted := slices.Clone(ds)
	slices.Sort(sorted)
	i := min(int(q*float64(len(sorted))), len(sorted)-1)
	return float64(sorted[i].Microseconds()) / 1000
}
