package main

import (
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"satchel/internal/imports"
)

type importFlags struct {
	to, kind, ledger, report string
	parallel                 int
	dryRun                   bool
}

func (f *importFlags) on(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.ledger, "ledger", "", "file that says what is done (default: one in your configuration folder for this source and target)")
	cmd.Flags().StringVar(&f.report, "report", "", "write a CSV of all that was not published")
	cmd.Flags().IntVar(&f.parallel, "parallel", 16, "how many files at once")
	cmd.Flags().BoolVar(&f.dryRun, "dry-run", false, "count what the source has and send nothing")
}

// importing brings files of other systems.
func (a *app) importing() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "import",
		Short: "Bring files from Supabase, S3, WebDAV (Nextcloud) or a folder",
		Long: `Bring files from Supabase, S3, WebDAV (Nextcloud) or a folder.

Every file goes through the pipeline of all uploads: it is scanned, and published
only when it is clean. The SHA-256 of the published file is compared with that of
the bytes which the source gave.

  satchel import folder ~/school --to "Staff/Archive"
  satchel import supabase --url https://PROJECT.supabase.co
  satchel import s3 --endpoint s3.example:443 --bucket files --to Staff
  satchel import webdav --url https://cloud.example/remote.php/dav/files/NAME --user NAME --to Staff

An import that was cut goes on where it stopped when the same command is given
again, and makes no duplicate. Files that changed since become new versions. What
was refused, and why, is in the report. Exits with 1 unless everything is published.`,
	}
	cmd.AddCommand(a.importFolder(), a.importSupabase(), a.importS3(), a.importWebDAV())
	return cmd
}

func (a *app) importFolder() *cobra.Command {
	var f importFlags
	cmd := &cobra.Command{
		Use: "folder DIR", Short: "Bring a folder of this machine", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			source, err := imports.OpenFolder(args[0])
			if err != nil {
				return err
			}
			defer func() { _ = source.Close() }()
			return a.bring(cmd, f, source)
		},
	}
	f.on(cmd)
	f.needsPlace(cmd)
	return cmd
}

func (a *app) importSupabase() *cobra.Command {
	var f importFlags
	var address string
	var buckets []string
	cmd := &cobra.Command{
		Use: "supabase", Short: "Bring the buckets of a Supabase project",
		Long: `Bring the buckets of a Supabase project.

Each bucket becomes a space of its name, or a folder where --to names a space. The
service key is read from the variable SUPABASE_SERVICE_KEY.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			key, err := secret("SUPABASE_SERVICE_KEY")
			if err != nil {
				return err
			}
			source, err := imports.OpenSupabase(address, key, buckets)
			if err != nil {
				return err
			}
			return a.bring(cmd, f, source)
		},
	}
	f.on(cmd)
	cmd.Flags().StringVar(&address, "url", "", "address of the project, or of its storage API")
	cmd.Flags().StringSliceVar(&buckets, "bucket", nil, "only these buckets")
	cmd.Flags().StringVar(&f.to, "to", "", "a space, or SPACE/FOLDER (default: a space for each bucket)")
	cmd.Flags().StringVar(&f.kind, "kind", "group", "of spaces that are made: group (only its people), library or staff")
	_ = cmd.MarkFlagRequired("url")
	return cmd
}

func (a *app) importS3() *cobra.Command {
	var f importFlags
	var o imports.BucketOptions
	cmd := &cobra.Command{
		Use: "s3", Short: "Bring a bucket of an S3 store",
		Long: `Bring a bucket of an S3 store.

The keys are read from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; without them the
bucket is read as a public one.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.Key, o.Secret = os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY")
			if u, err := url.Parse(o.Endpoint); err == nil && u.Host != "" {
				o.Endpoint, o.Plain = u.Host, o.Plain || u.Scheme == "http"
			}
			source, err := imports.OpenBucket(o)
			if err != nil {
				return err
			}
			return a.bring(cmd, f, source)
		},
	}
	f.on(cmd)
	f.needsPlace(cmd)
	cmd.Flags().StringVar(&o.Endpoint, "endpoint", "", "host, or host:port")
	cmd.Flags().StringVar(&o.Bucket, "bucket", "", "the bucket")
	cmd.Flags().StringVar(&o.Prefix, "prefix", "", "only keys that begin with this, which is left out of the paths")
	cmd.Flags().StringVar(&o.Region, "region", "", "region of the bucket, where the store has regions")
	cmd.Flags().BoolVar(&o.Plain, "plain-http", false, "speak HTTP without TLS")
	_ = cmd.MarkFlagRequired("endpoint")
	_ = cmd.MarkFlagRequired("bucket")
	return cmd
}

func (a *app) importWebDAV() *cobra.Command {
	var f importFlags
	var address, user string
	cmd := &cobra.Command{
		Use: "webdav", Short: "Bring a folder of a WebDAV server, such as Nextcloud",
		Long: `Bring a folder of a WebDAV server, such as Nextcloud.

The address of a Nextcloud folder is under Settings in its files view, such as
https://cloud.example/remote.php/dav/files/NAME. The password, best one for this
program alone, is read from the variable WEBDAV_PASSWORD.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			password, err := secret("WEBDAV_PASSWORD")
			if err != nil {
				return err
			}
			source, err := imports.OpenWebDAV(address, user, password)
			if err != nil {
				return err
			}
			return a.bring(cmd, f, source)
		},
	}
	f.on(cmd)
	f.needsPlace(cmd)
	cmd.Flags().StringVar(&address, "url", "", "address of the folder")
	cmd.Flags().StringVar(&user, "user", "", "who signs in there")
	_ = cmd.MarkFlagRequired("url")
	_ = cmd.MarkFlagRequired("user")
	return cmd
}

func (f *importFlags) needsPlace(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.to, "to", "", "a space, or SPACE/FOLDER")
	_ = cmd.MarkFlagRequired("to")
}

func secret(variable string) (string, error) {
	value := strings.TrimSpace(os.Getenv(variable))
	if value == "" {
		return "", fmt.Errorf("set %s: a flag would show the secret to every process of this machine", variable)
	}
	return value, nil
}

func (a *app) bring(cmd *cobra.Command, f importFlags, source imports.Source) error {
	if f.dryRun {
		return a.countSource(cmd, source)
	}
	c, err := a.client()
	if err != nil {
		return err
	}
	target := imports.Target{Kind: f.kind}
	if f.to != "" {
		at, err := findPlace(cmd.Context(), c, f.to)
		if err != nil {
			return err
		}
		target.Space, target.Folder = at.space.ID, at.folder
	}
	if f.ledger == "" {
		if f.ledger, err = ledgerOf(c.Base, c.Org, source.Name(), target); err != nil {
			return err
		}
	}
	ledger, err := imports.OpenLedger(f.ledger)
	if errors.Is(err, imports.ErrLedgerInUse) {
		return fmt.Errorf("%w: wait for the other import to end, or name another ledger with --ledger", err)
	}
	if err != nil {
		return err
	}
	bars := a.bars(cmd)
	run := imports.Import{API: c, Source: source, Ledger: ledger, Target: target, Parallel: f.parallel, Progress: progressBar(bars)}
	summary, err := run.Run(cmd.Context())
	bars.Shutdown()
	if errors.Is(err, context.Canceled) {
		err = fmt.Errorf("stopped with %d of %d objects done: give the same command again to go on", done(summary), summary.Listed)
	}
	return errors.Join(err, a.reportImport(cmd, f, ledger, summary, err == nil), ledger.Close())
}

func done(s imports.Summary) int { return s.Before + s.Published + s.Adopted + s.Refused }

// progressBar shows how many of the listed objects are done. It ends when the source is
// listed to its end and nothing is on its way.
func progressBar(bars *mpb.Progress) func(imports.Summary, bool) {
	bar := bars.AddBar(0,
		mpb.PrependDecorators(decor.Name("importing ")),
		mpb.AppendDecorators(decor.CountersNoUnit("%d / %d "), decor.AverageETA(decor.ET_STYLE_GO, decor.WC{W: 6})))
	return func(s imports.Summary, end bool) {
		now := int64(done(s) + s.Failed)
		bar.SetTotal(int64(s.Listed), false)
		bar.SetCurrent(now)
		if end && now == int64(s.Listed) {
			bar.SetTotal(int64(s.Listed), true)
		}
	}
}

// ledgerOf names the ledger of a source and a target: the same command finds it again.
func ledgerOf(api, org, source string, t imports.Target) (string, error) {
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("there is no configuration folder for the ledger: name a file with --ledger: %w", err)
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%q", []string{api, org, source, t.Space, t.Folder}))
	return filepath.Join(dir, "satchel", "imports", hex.EncodeToString(sum[:12])+".jsonl"), nil
}

type importReport struct {
	imports.Summary
	Ledger string          `json:"ledger"`
	Not    []imports.Entry `json:"not_published"`
}

func (a *app) reportImport(cmd *cobra.Command, f importFlags, ledger *imports.Ledger, s imports.Summary, ended bool) error {
	report := importReport{Summary: s, Ledger: f.ledger, Not: []imports.Entry{}}
	ledger.Each(func(e imports.Entry) {
		if e.Status != imports.StatusPublished {
			report.Not = append(report.Not, e)
		}
	})
	slices.SortFunc(report.Not, func(a, b imports.Entry) int { return strings.Compare(a.Path, b.Path) })
	if f.report != "" {
		if err := writeNotPublished(f.report, report.Not); err != nil {
			return err
		}
	}
	if err := a.printImport(cmd, f, report); err != nil {
		return err
	}
	if ended && len(report.Not) > 0 {
		return errOutcome
	}
	return nil
}

// shownReasons is how many refusals a person is shown; the report has all.
const shownReasons = 20

func (a *app) printImport(cmd *cobra.Command, f importFlags, r importReport) error {
	if a.json {
		return a.say(cmd, r, "")
	}
	cmd.Printf("%d objects: %d published (%s), %d there already, %d done before, %d refused, %d failed\n",
		r.Listed, r.Published, size(r.Bytes), r.Adopted, r.Before, r.Refused, r.Failed)
	if len(r.Not) == 0 {
		return nil
	}
	t := table(cmd, "NOT PUBLISHED", "STATUS", "REASON")
	for _, e := range r.Not[:min(len(r.Not), shownReasons)] {
		t.row(e.Path, e.Status, sentenceOr(e.Reason, e.Code))
	}
	t.flush()
	if more := len(r.Not) - shownReasons; more > 0 && f.report == "" {
		cmd.Printf("and %d more: --report FILE writes all of them\n", more)
	}
	if r.Failed > 0 {
		cmd.Println("Give the same command again: what failed is tried again.")
	}
	return nil
}

func writeNotPublished(name string, entries []imports.Entry) error {
	out, err := os.Create(name) //nolint:gosec // the person names it
	if err != nil {
		return err
	}
	w := csv.NewWriter(out)
	_ = w.Write([]string{"path", "status", "code", "reason", "size", "file_id"})
	for _, e := range entries {
		_ = w.Write([]string{notAFormula(e.Path), e.Status, e.Code, notAFormula(e.Reason), strconv.FormatInt(e.Size, 10), e.File})
	}
	w.Flush()
	return errors.Join(w.Error(), out.Close())
}

func (a *app) countSource(cmd *cobra.Command, source imports.Source) error {
	var count struct {
		Objects int   `json:"objects"`
		Bytes   int64 `json:"bytes"`
		Unknown int   `json:"of_unknown_size"`
	}
	err := source.List(cmd.Context(), func(o imports.Object) error {
		count.Objects++
		count.Bytes += max(o.Size, 0)
		if o.Size < 0 {
			count.Unknown++
		}
		return nil
	})
	if err != nil {
		return err
	}
	return a.say(cmd, count, "%d objects, %s (%d of unknown size)\n", count.Objects, size(count.Bytes), count.Unknown)
}
