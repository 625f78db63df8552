package main

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"satchel/client"
)

func (a *app) zip() *cobra.Command {
	var output, resume, name string
	var folder bool
	cmd := &cobra.Command{
		Use: "zip FILE…", Short: "Fetch several files, or a folder, as one zip",
		Long: `Fetch several files, or a folder with all that is below it (--folder), as one zip of
up to 10,000 files. A download that breaks goes on where it stopped, by itself or
with --resume within a day. Files that you cannot read now are left out, and said.
` + namesHelp,
		Example: `  satchel zip plan.docx map.png
  satchel zip --folder "Class 7b/Maps" -o maps.zip
  satchel zip --resume 0198c2b4-… -o maps.zip`,
		RunE: a.with(func(cmd *cobra.Command, c *client.Client, args []string) error {
			z, err := wantedZip(cmd.Context(), c, args, folder, resume, name)
			if err != nil {
				return err
			}
			if output == "" {
				output = filepath.Base(z.Name)
			}
			if resume == "" {
				tellLeftOut(cmd, z.Refused)
			}
			if err := (zipDownload{c, z}).to(cmd, output); err != nil {
				return err
			}
			return a.say(cmd, map[string]any{"id": z.ID, "path": output, "size": z.Size, "files": z.Files, "refused": z.Refused}, "%s  %d files, %s\n", output, z.Files, size(z.Size))
		}),
	}
	cmd.Flags().StringVarP(&output, "output", "o", "", "where to (default: the zip's name)")
	cmd.Flags().StringVar(&name, "name", "", "the name of the zip (default: one that Satchel gives)")
	cmd.Flags().StringVar(&resume, "resume", "", "go on with a zip that was asked for, by its id")
	cmd.Flags().BoolVar(&folder, "folder", false, "what is named is a folder")
	return cmd
}

// wantedZip asks for a new zip, or for one of today.
func wantedZip(ctx context.Context, c *client.Client, args []string, folder bool, resume, name string) (client.Zip, error) {
	switch {
	case resume != "" && (len(args) > 0 || folder || name != ""):
		return client.Zip{}, errors.New("--resume goes on with a zip as it was asked for: name nothing else")
	case resume != "":
		return c.Zip(ctx, resume)
	case len(args) == 0, folder && len(args) > 1:
		return client.Zip{}, errors.New("name files, or one folder with --folder")
	}
	n := client.NewZip{Name: name}
	if folder {
		id, err := findFolder(ctx, c, args[0])
		if err != nil {
			return client.Zip{}, err
		}
		n.Folder = id
		if name == "" && !isID(args[0]) {
			n.Name = path.Base(args[0])
		}
		return c.MakeZip(ctx, n)
	}
	for _, text := range args {
		id, err := findFile(ctx, c, text)
		if err != nil {
			return client.Zip{}, err
		}
		n.Files = append(n.Files, id)
	}
	return c.MakeZip(ctx, n)
}

// tellLeftOut goes to the standard error: the standard output is of the answer.
func tellLeftOut(cmd *cobra.Command, left []client.ZipLeft) {
	for _, l := range left {
		cmd.PrintErrf("Not in the zip: %s (%s) %s\n", l.File, l.Code, l.Detail)
	}
}

// zipDownload is the download of one zip.
type zipDownload struct {
	c *client.Client
	z client.Zip
}

// Attempts in a row that bring nothing end a download, with a pause before each further
// one.
const (
	zipAttempts = 4
	zipPause    = time.Second
)

// to writes beside the target and takes its name when the whole zip reads well.
func (d zipDownload) to(cmd *cobra.Command, output string) error {
	if _, err := os.Stat(output); err == nil {
		return fmt.Errorf("%s exists; choose another name with -o", output)
	}
	part := output + "." + d.z.ID + ".part"
	w, err := os.OpenFile(part, os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // the person says where to
	if err != nil {
		return err
	}
	defer func() { _ = w.Close() }()
	if err := d.fill(cmd.Context(), w); err != nil {
		return fmt.Errorf("%w. Go on with: satchel zip --resume %s -o '%s'", err, d.z.ID, output)
	}
	if err := checkZip(w, d.z); err != nil {
		_ = os.Remove(part)
		return fmt.Errorf("what was received is not the zip (%w); nothing was kept. Try again", err)
	}
	return os.Rename(part, output)
}

// fill fetches what is missing. An address lives for an hour, so that each attempt has a
// new one.
func (d zipDownload) fill(ctx context.Context, w *os.File) error {
	address, failed := d.z.URL, 0
	for {
		offset, err := w.Seek(0, io.SeekEnd)
		if err != nil {
			return err
		}
		if offset >= d.z.Size {
			return nil
		}
		n, err := d.c.Fetch(ctx, address, offset, w)
		if err == nil && n > 0 {
			continue
		}
		if n > 0 {
			failed = 0
		}
		if failed++; failed == zipAttempts || ctx.Err() != nil {
			return orCut(err)
		}
		z, again := d.c.Zip(ctx, d.z.ID)
		switch {
		case again == nil && len(z.Refused) > 0:
			return fmt.Errorf("file %s cannot be read any more (%s): ask for a new zip without it", z.Refused[0].File, z.Refused[0].Code)
		case again == nil:
			address = z.URL
		case goneForGood(again):
			return again
		}
		select {
		case <-time.After(zipPause * time.Duration(failed)):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func orCut(err error) error {
	if err == nil {
		return errors.New("the download brought nothing more")
	}
	return fmt.Errorf("the download broke off: %w", err)
}

// checkZip reads all entries, of which each has a checksum.
func checkZip(f *os.File, z client.Zip) error {
	r, err := zip.NewReader(f, z.Size)
	if err != nil {
		return err
	}
	if len(r.File) != z.Files {
		return fmt.Errorf("%d files instead of %d", len(r.File), z.Files)
	}
	for _, entry := range r.File {
		if err := checkEntry(entry); err != nil {
			return err
		}
	}
	return nil
}

func checkEntry(entry *zip.File) error {
	body, err := entry.Open()
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }()
	_, err = io.Copy(io.Discard, body) //nolint:gosec // entries are stored, and as long as the file
	return err
}
