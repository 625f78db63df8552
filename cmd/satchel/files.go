package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"satchel/client"
)

func goneForGood(err error) bool {
	var p *client.Problem
	return errors.As(err, &p) && (p.Status == http.StatusNotFound || p.Status == http.StatusGone || p.Code == "upload_finished")
}

func (a *app) list() *cobra.Command {
	q := url.Values{}
	var status, category, tag, search, sort, in string
	var limit int
	cmd := &cobra.Command{
		Use: "ls", Short: "List files, newest first", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			for k, v := range map[string]string{"status": status, "category": category, "tag": tag, "q": search, "sort": sort} {
				if v != "" {
					q.Set(k, v)
				}
			}
			if err := listIn(cmd, c, in, q); err != nil {
				return err
			}
			files, err := collect(cmd, c, q, limit)
			if err != nil {
				return err
			}
			return a.showFiles(cmd, files)
		},
	}
	cmd.Flags().StringVar(&in, "in", "", "only what is in a space, or in SPACE/FOLDER")
	cmd.Flags().StringVar(&status, "status", "", "only files in this state; deleted lists the trash")
	cmd.Flags().StringVar(&category, "category", "", "only this category")
	cmd.Flags().StringVar(&tag, "tag", "", "only what has this tag")
	cmd.Flags().StringVarP(&search, "search", "q", "", "part of the name")
	cmd.Flags().StringVar(&sort, "sort", "", "-created_at, created_at, name, -name, size, -size, kind or -kind")
	cmd.Flags().IntVarP(&limit, "limit", "n", 50, "at most this many")
	return cmd
}

// listIn asks for a place's files alone, where one is named.
func listIn(cmd *cobra.Command, c *client.Client, in string, q url.Values) error {
	if in == "" {
		return nil
	}
	p, err := findPlace(cmd.Context(), c, in)
	if err != nil {
		return err
	}
	if p.folder != "" {
		q.Set("folder_id", p.folder)
	} else {
		q.Set("space_id", p.space.ID)
	}
	return nil
}

func collect(cmd *cobra.Command, c *client.Client, q url.Values, limit int) ([]client.File, error) {
	files := []client.File{}
	q.Set("include", "details,renditions,steps") // what --json shows of a file
	for len(files) < limit {
		q.Set("limit", strconv.Itoa(min(limit-len(files), 100)))
		page, err := c.List(cmd.Context(), q)
		if err != nil {
			return nil, err
		}
		files = append(files, page.Items...)
		if page.NextCursor == "" {
			break
		}
		q.Set("cursor", page.NextCursor)
	}
	return files, nil
}

func (a *app) showFiles(cmd *cobra.Command, files []client.File) error {
	if a.json {
		return a.say(cmd, files, "")
	}
	t := table(cmd, "ID", "NAME", "SIZE", "TYPE", "CREATED", "STATUS")
	for _, f := range files {
		t.row(f.ID, f.Name, size(f.Size), f.MimeType, f.CreatedAt.Local().Format(time.DateTime), withReason(f)) // a sentence is long, so it is last
	}
	t.flush()
	return nil
}

// withReason says why as a sentence. An API that sends none has the code at least.
func withReason(f client.File) string {
	if why := sentenceOr(f.StatusText, f.StatusReason); why != "" {
		return f.Status + ": " + why
	}
	if f.Corrected != nil {
		return f.Status + ": " + corrected(*f.Corrected)
	}
	return f.Status
}

// corrected says that a file is not what its name said.
func corrected(c client.Corrected) string {
	return fmt.Sprintf("Taken as %s; its name or its sender said %s.", c.To, c.From)
}

func sentenceOr(text, code string) string {
	if text != "" {
		return text
	}
	return code
}

func (a *app) get() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "get ID",
		Short: "Fetch a file; a cut download goes on where it stopped",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			f, err := c.Get(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if output == "-" {
				_, err := c.Download(cmd.Context(), f.ID, 0, cmd.OutOrStdout())
				return err
			}
			if output == "" {
				output = filepath.Base(f.Name)
			}
			whole := download{path: "/api/v1/storage/files/" + url.PathEscape(f.ID) + "/content", size: f.Size, sha256: f.SHA256}
			if err := whole.to(cmd, c, output); err != nil {
				return err
			}
			return a.say(cmd, map[string]any{"id": f.ID, "path": output, "size": f.Size, "sha256": f.SHA256}, "%s  %s\n", output, size(f.Size))
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "", "where to; - is standard output (default: the file's name)")
	return cmd
}

// download is bytes of a known SHA-256.
type download struct {
	path   string
	size   int64
	sha256 string
}

// to writes beside the target, checks the SHA-256 and only then takes the
// target's name: what carries the name is whole.
func (d download) to(cmd *cobra.Command, c *client.Client, output string) error {
	if _, err := os.Stat(output); err == nil {
		return fmt.Errorf("%s exists; choose another name with -o", output)
	}
	part := output + "." + d.sha256[:min(12, len(d.sha256))] + ".part"
	w, err := os.OpenFile(part, os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // the person says where to
	if err != nil {
		return err
	}
	defer func() { _ = w.Close() }()
	offset, err := w.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	if offset < d.size || d.size == 0 {
		if _, err := c.DownloadRendition(cmd.Context(), d.path, offset, w); err != nil {
			return fmt.Errorf("%w. Give the same command again to continue", err)
		}
	}
	if _, err := w.Seek(0, io.SeekStart); err != nil {
		return err
	}
	sum, err := hashFile(w)
	if err != nil {
		return err
	}
	if sum != d.sha256 {
		_ = os.Remove(part)
		return errors.New("the bytes received do not have the SHA-256 that was announced; nothing was kept. Try again")
	}
	return os.Rename(part, output)
}

func (a *app) remove() *cobra.Command {
	return &cobra.Command{
		Use: "rm ID…", Short: "Move files to the trash", Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, ids []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			for _, id := range ids {
				if err := c.Delete(cmd.Context(), id); err != nil {
					return fmt.Errorf("%s: %w", id, err)
				}
			}
			return a.say(cmd, map[string]any{"trashed": ids}, "Moved to the trash: %d. `satchel restore ID` brings one back.\n", len(ids))
		},
	}
}

func (a *app) restore() *cobra.Command {
	conflict := ""
	cmd := &cobra.Command{
		Use: "restore ID…|-", Short: "Take files out of the trash", Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, arg := range args { // a name finds no file in the trash
				if arg != "-" && !isID(arg) {
					return fmt.Errorf("%q is no id: `satchel ls --status deleted` lists the files in the trash with their ids", arg)
				}
			}
			if len(args) > 1 || args[0] == "-" || conflict != "" {
				return a.change(cmd, args, client.NewBulk{Action: "restore", OnConflict: conflict})
			}
			c, err := a.client()
			if err != nil {
				return err
			}
			f, err := c.Restore(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return a.say(cmd, f, "%s  %s\n", f.ID, f.Status)
		},
	}
	cmd.Flags().StringVar(&conflict, "on-conflict", "", "where the name was taken meanwhile: fail, rename, which gives a number, or skip")
	return cmd
}

func (a *app) status() *cobra.Command {
	return &cobra.Command{
		Use: "status [ID]", Short: "Show a file's way through the pipeline, or how full the organization is", Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			if len(args) == 0 {
				return a.showQuota(cmd, c)
			}
			f, err := c.Get(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if a.json {
				return a.say(cmd, f, "")
			}
			cmd.Printf("%s  %s  %s  %s\n\n", f.ID, f.Name, size(f.Size), withReason(f))
			t := table(cmd, "STEP", "STATE", "ATTEMPT", "TOOK")
			for _, s := range f.Steps {
				took := ""
				if s.EndedAt != nil {
					took = s.EndedAt.Sub(s.StartedAt).Round(time.Millisecond).String()
				}
				t.row(s.Name, s.State, strconv.Itoa(s.Attempt), took)
			}
			t.flush()
			return nil
		},
	}
}

func (a *app) showQuota(cmd *cobra.Command, c *client.Client) error {
	var q struct {
		Max         int64 `json:"max"`
		Used        int64 `json:"used"`
		Reserved    int64 `json:"reserved"`
		MaxFileSize int64 `json:"max_file_size"`
	}
	if err := c.Call(cmd.Context(), http.MethodGet, "/api/v1/storage/quota", nil, &q); err != nil {
		return err
	}
	return a.say(cmd, q, "%s used and %s reserved of %s; one file may have %s\n", size(q.Used), size(q.Reserved), size(q.Max), size(q.MaxFileSize))
}
