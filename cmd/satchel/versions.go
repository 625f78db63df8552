package main

import (
	"fmt"
	"path/filepath"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"satchel/client"
)

func (a *app) versions() *cobra.Command {
	cmd := &cobra.Command{Use: "versions", Short: "List, compare, fetch and delete the versions of a file"}
	cmd.AddCommand(a.versionList(), a.versionDiff(), a.versionDownload(), a.versionDelete())
	return cmd
}

func (a *app) versionList() *cobra.Command {
	return &cobra.Command{
		Use: "list ID", Short: "List the versions of a file, the newest first", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			versions, err := c.Versions(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if a.json {
				return a.say(cmd, versions, "")
			}
			t := table(cmd, "VERSION", "SIZE", "CREATED", "BY", "WHAT CHANGED", "STATUS")
			for _, v := range versions {
				t.row(strconv.Itoa(v.Version), size(v.Size), v.CreatedAt.Local().Format(time.DateTime), v.UploadedBy, v.ChangeDescription, withReason(v))
			}
			t.flush()
			return nil
		},
	}
}

func (a *app) versionDiff() *cobra.Command {
	return &cobra.Command{
		Use: "diff ID FROM TO", Short: "Say in what two versions differ", Args: cobra.ExactArgs(3),
		RunE: func(cmd *cobra.Command, args []string) error {
			from, err := version(args[1])
			if err != nil {
				return err
			}
			to, err := version(args[2])
			if err != nil {
				return err
			}
			c, err := a.client()
			if err != nil {
				return err
			}
			d, err := c.CompareVersions(cmd.Context(), args[0], from, to)
			if err != nil {
				return err
			}
			if a.json {
				return a.say(cmd, d, "")
			}
			if len(d.Differences) == 0 {
				cmd.Println("They do not differ in what is known of both.")
				return nil
			}
			t := table(cmd, "WHAT", "VERSION "+args[1], "VERSION "+args[2])
			for _, one := range d.Differences {
				t.row(one.Field, string(one.From), string(one.To))
			}
			t.flush()
			return nil
		},
	}
}

func version(text string) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 0, fmt.Errorf("%q is no version; `satchel versions list ID` shows their numbers", text)
	}
	return n, nil
}

func (a *app) versionDownload() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use: "download ID VERSION", Short: "Fetch one version", Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			n, err := version(args[1])
			if err != nil {
				return err
			}
			c, err := a.client()
			if err != nil {
				return err
			}
			path := client.VersionPath(args[0], n)
			if output == "-" {
				_, err := c.DownloadRendition(cmd.Context(), path, 0, cmd.OutOrStdout())
				return err
			}
			d, err := c.CompareVersions(cmd.Context(), args[0], n, n)
			if err != nil {
				return err
			}
			if output == "" {
				output = filepath.Base(orElse(d.From.Name, args[0]))
			}
			whole := download{path: path, size: d.From.Size, sha256: d.From.SHA256}
			if err := whole.to(cmd, c, output); err != nil {
				return err
			}
			return a.say(cmd, map[string]any{"id": args[0], "version": n, "path": output, "size": d.From.Size, "sha256": d.From.SHA256}, "%s  %s\n", output, size(d.From.Size))
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "", "where to; - is standard output (default: the name that the file had)")
	return cmd
}

func orElse(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

func (a *app) versionDelete() *cobra.Command {
	return &cobra.Command{
		Use: "delete ID VERSION", Short: "Delete one version for good", Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			n, err := version(args[1])
			if err != nil {
				return err
			}
			c, err := a.client()
			if err != nil {
				return err
			}
			if err := c.DeleteVersion(cmd.Context(), args[0], n); err != nil {
				return err
			}
			return a.say(cmd, map[string]any{"id": args[0], "version": n}, "Version %d is deleted.\n", n)
		},
	}
}
