package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/sync/errgroup"

	"satchel/client"
)

// outcome is the result of one file.
type outcome struct {
	Path   string `json:"path"`
	ID     string `json:"id,omitempty"`
	Status string `json:"status"`
	Reason string `json:"status_reason,omitempty"`
	Error  string `json:"error,omitempty"`

	Corrected *client.Corrected `json:"corrected,omitempty"`
	text      string            // the reason for people
}

type uploadFlags struct {
	category, description, fileID, to, conflict string
	noWait                                      bool
	parallel                                    int
	place                                       place // that to names
}

func (a *app) upload() *cobra.Command {
	var f uploadFlags
	cmd := &cobra.Command{
		Use:   "upload FILE…",
		Short: "Upload files and wait until each is published, or is not",
		Long: `Upload files and wait until each is published, or is not.

An upload that was cut goes on where it stopped when the same command is given
again. The SHA-256 of each file travels with it and is checked by the server.
Exits with 1 unless every file was published.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, paths []string) error {
			if f.fileID != "" && len(paths) > 1 {
				return fmt.Errorf("--file-id takes one file: it becomes that file's new version")
			}
			c, err := a.client()
			if err != nil {
				return err
			}
			if f.to != "" {
				if f.place, err = findPlace(cmd.Context(), c, f.to); err != nil {
					return err
				}
			}
			return a.report(cmd, f.all(cmd.Context(), c, paths, a.bars(cmd)))
		},
	}
	cmd.Flags().StringVar(&f.category, "category", "", "category of the files")
	cmd.Flags().StringVar(&f.description, "description", "", "description of the files")
	cmd.Flags().StringVar(&f.fileID, "file-id", "", "make this a new version of that file")
	cmd.Flags().StringVar(&f.to, "to", "", "a space, or SPACE/FOLDER (default: your personal space)")
	cmd.Flags().StringVar(&f.conflict, "on-conflict", "", "rename keeps both where the folder has a file of the name (default: refuse)")
	cmd.Flags().BoolVar(&f.noWait, "no-wait", false, "do not wait for the outcome")
	cmd.Flags().IntVar(&f.parallel, "parallel", 3, "how many files at once")
	return cmd
}

// bars shows progress to people: on a terminal, and not beside JSON.
func (a *app) bars(cmd *cobra.Command) *mpb.Progress {
	out := cmd.ErrOrStderr()
	if f, ok := out.(*os.File); a.json || !ok || !isTerminal(f) {
		out = io.Discard
	}
	return mpb.NewWithContext(cmd.Context(), mpb.WithOutput(out), mpb.WithWidth(40))
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

func (f uploadFlags) all(ctx context.Context, c *client.Client, paths []string, bars *mpb.Progress) []outcome {
	outcomes := make([]outcome, len(paths))
	var g errgroup.Group
	g.SetLimit(max(f.parallel, 1))
	for i, path := range paths {
		g.Go(func() error {
			o, err := f.one(ctx, c, path, bars)
			if err != nil {
				o.Status, o.Error = "error", err.Error()
			}
			outcomes[i] = o
			return nil
		})
	}
	_ = g.Wait()
	bars.Shutdown()
	return outcomes
}

func (f uploadFlags) one(ctx context.Context, c *client.Client, path string, bars *mpb.Progress) (outcome, error) {
	o := outcome{Path: path}
	file, err := os.Open(path) //nolint:gosec // the person names the file
	if err != nil {
		return o, err
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		return o, err
	}
	if !info.Mode().IsRegular() {
		return o, fmt.Errorf("%s is not a regular file", path)
	}
	sum, err := hashFile(file)
	if err != nil {
		return o, err
	}
	memory := resumeFile(c, path, sum, f.fileID+f.place.space.ID+f.place.folder)
	bar := addBar(bars, filepath.Base(path), info.Size())
	up := client.Upload{
		Body: file, Size: info.Size(), URL: recall(memory),
		OnStart: func(url string) { keep(memory, url) }, Progress: bar.SetCurrent,
		Metadata: map[string]string{
			"filename": filepath.Base(path), "sha256": sum, "category": f.category, "description": f.description, "file_id": f.fileID, "on_conflict": f.conflict,
			"space_id": f.place.space.ID, "folder_id": f.place.folder,
		},
	}
	o.ID, err = sendOrRestart(ctx, c, up)
	if err != nil {
		bar.Abort(false)
		return o, err
	}
	_ = os.Remove(memory)
	bar.SetCurrent(info.Size())
	if f.noWait {
		o.Status = "processing"
		return o, nil
	}
	final, err := c.Watch(ctx, o.ID, nil)
	o.Status, o.Reason, o.text, o.Corrected = final.Status, final.StatusReason, final.StatusText, final.Corrected
	if o.text == "" && final.Corrected != nil {
		o.text = corrected(*final.Corrected)
	}
	return o, err
}

// sendOrRestart continues a remembered upload; one that the server no longer
// knows begins again.
func sendOrRestart(ctx context.Context, c *client.Client, up client.Upload) (string, error) {
	id, err := c.Upload(ctx, up)
	if err != nil && up.URL != "" && goneForGood(err) {
		up.URL = ""
		return c.Upload(ctx, up)
	}
	return id, err
}

func addBar(bars *mpb.Progress, name string, size int64) *mpb.Bar {
	return bars.AddBar(size,
		mpb.PrependDecorators(decor.Name(name, decor.WCSyncSpaceR)),
		mpb.AppendDecorators(decor.CountersKibiByte("% .1f / % .1f"), decor.OnComplete(decor.AverageETA(decor.ET_STYLE_GO, decor.WC{W: 6}), " sent")))
}

func hashFile(f *os.File) (string, error) {
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("read %s: %w", f.Name(), err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// resumeFile is where the URL of a begun upload is remembered: one file for
// this content, to this API, as what target says: a version of a file, or a place.
func resumeFile(c *client.Client, path, sum, target string) string {
	dir, err := os.UserCacheDir()
	if err != nil {
		dir = os.TempDir()
	}
	key := sha256.Sum256([]byte(strings.Join([]string{c.Base, c.Org, filepath.Base(path), sum, target}, "\x00")))
	return filepath.Join(dir, "satchel", "uploads", hex.EncodeToString(key[:16]))
}

func recall(path string) string {
	b, err := os.ReadFile(path) //nolint:gosec // a name made of a hash, in the person's own cache
	if err != nil {
		return ""
	}
	return string(b)
}

// keep remembers as well as it can: without it an upload only begins again.
func keep(path, url string) {
	if os.MkdirAll(filepath.Dir(path), 0o700) == nil {
		_ = os.WriteFile(path, []byte(url), 0o600)
	}
}

func (a *app) report(cmd *cobra.Command, outcomes []outcome) error {
	if a.json {
		b, err := json.MarshalIndent(outcomes, "", "  ")
		if err != nil {
			return err
		}
		cmd.Println(string(b))
	} else {
		t := table(cmd, "FILE", "STATUS", "ID", "NOTE")
		for _, o := range outcomes {
			t.row(o.Path, o.Status, o.ID, sentenceOr(o.text, o.Reason)+o.Error)
		}
		t.flush()
	}
	for _, o := range outcomes {
		if o.Status != "published" && o.Status != "processing" {
			return errOutcome
		}
	}
	return nil
}
