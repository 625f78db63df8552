package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"satchel/client"
)

// exported is the result of an export's operation.
type exported struct {
	Parts []struct {
		Number int    `json:"number"`
		Size   int64  `json:"size"`
		SHA256 string `json:"sha256"`
		Files  int64  `json:"files"`
	} `json:"parts"`
	Files     int64     `json:"files"`
	Missing   int64     `json:"missing"`
	Bytes     int64     `json:"bytes"`
	ExpiresAt time.Time `json:"expires_at"`
}

func (a *app) orgExport() *cobra.Command {
	var f exportFlags
	cmd := &cobra.Command{
		Use: "export ID", Short: "Copy everything that an organization has", Args: cobra.ExactArgs(1),
		Long: `Copy everything that an organization has: its members, files with all their
versions, invitations, policies, usage and audit log, as zip archives that hold JSON
and the files as they are. Waits until they are made and downloads them.

An export that is being made already is the one that is waited for. A download
that was cut goes on where it stopped when the same command is given again with
the same --operation. The archives stay for seven days.`,
		RunE: func(cmd *cobra.Command, args []string) error { return a.export(cmd, args[0], f) },
	}
	cmd.Flags().StringVarP(&f.output, "output", "o", ".", "the folder into which the parts are written")
	cmd.Flags().StringVar(&f.operation, "operation", "", "go on with this export instead of asking for one")
	cmd.Flags().BoolVar(&f.noWait, "no-wait", false, "do not wait for the end")
	return cmd
}

type exportFlags struct {
	output, operation string
	noWait            bool
}

func (a *app) export(cmd *cobra.Command, id string, f exportFlags) error {
	c, err := a.client()
	if err != nil {
		return err
	}
	organization := organizations + "/" + url.PathEscape(id)
	begun := begunWork{ID: f.operation, Path: "/api/v1/operations/" + url.PathEscape(f.operation) + "?organization_id=" + url.QueryEscape(id)}
	if f.operation == "" {
		if err := c.Call(cmd.Context(), http.MethodPost, organization+"/export", nil, &begun); err != nil {
			return err
		}
	}
	if f.noWait {
		return a.say(cmd, begun, "operation %s has begun\n", begun.ID)
	}
	work, err := a.wait(cmd, c, begun)
	if err != nil {
		return err
	}
	if work.State != "succeeded" {
		if err := a.ended(cmd, work); err != nil {
			return err
		}
		return errOutcome
	}
	var made exported
	if err := json.Unmarshal(work.Result, &made); err != nil {
		return err
	}
	if err := a.fetchParts(cmd, c, organization+"/exports/"+url.PathEscape(begun.ID), filepath.Join(f.output, "satchel-export-"+begun.ID), made); err != nil {
		return fmt.Errorf("operation %s: %w", begun.ID, err)
	}
	return a.say(cmd, made, "%d files in %d parts, %s; %d are missing\n", made.Files, len(made.Parts), size(made.Bytes), made.Missing)
}

// fetchParts downloads the parts that are not there yet.
func (a *app) fetchParts(cmd *cobra.Command, c *client.Client, path, stem string, made exported) error {
	if err := os.MkdirAll(filepath.Dir(stem), 0o700); err != nil {
		return err
	}
	for _, p := range made.Parts {
		name := fmt.Sprintf("%s-%d.zip", stem, p.Number)
		if _, err := os.Stat(name); err == nil {
			continue // by a run before
		}
		part := download{path: fmt.Sprintf("%s/%d", path, p.Number), size: p.Size, sha256: p.SHA256}
		if err := part.to(cmd, c, name); err != nil {
			return fmt.Errorf("part %d: %w", p.Number, err)
		}
		if a.json {
			continue
		}
		if err := a.say(cmd, nil, "%s  %s  %d files\n", name, size(p.Size), p.Files); err != nil {
			return err
		}
	}
	return nil
}
