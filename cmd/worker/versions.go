package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"satchel/internal/bootstrap"
	"satchel/internal/settings"
	"satchel/workers"
	"satchel/workflows/jobs"
)

// with gives a command Temporal, and the name of this program's build.
func with(do func(ctx context.Context, c jobs.Control, own string, cmd *cobra.Command, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		config, err := settings.Load[workers.Config]()
		if err != nil {
			return err
		}
		client, namespace, err := bootstrap.OpenTemporal(cmd.Context())
		if err != nil {
			return err
		}
		defer client.Close()
		return do(cmd.Context(), jobs.Control{Client: client, Namespace: namespace}, config.Build(), cmd, args)
	}
}

func versions() *cobra.Command {
	asJSON := false
	cmd := &cobra.Command{
		Use: "versions", Short: "List the builds that Temporal knows, which has the work, and what still waits for each", Args: cobra.NoArgs,
		RunE: with(func(ctx context.Context, c jobs.Control, own string, cmd *cobra.Command, _ []string) error {
			r, err := c.Routing(ctx)
			if err != nil {
				return err
			}
			return list(cmd.OutOrStdout(), asJSON, own, r)
		}),
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// listed is a build as `worker versions` prints it.
type listed struct {
	Build   string    `json:"build"`
	State   string    `json:"state"`
	Own     bool      `json:"own"` // of this program
	Workers int       `json:"workers"`
	Open    int64     `json:"open"` // workflows that end on this build alone
	Since   time.Time `json:"since"`
}

func list(to io.Writer, asJSON bool, own string, r jobs.Routing) error {
	builds := []listed{}
	for _, v := range r.Versions {
		builds = append(builds, listed{Build: v.Build, State: v.State, Own: v.Build == own, Workers: v.Workers, Open: v.Pinned, Since: v.Since})
	}
	if asJSON {
		e := json.NewEncoder(to)
		e.SetIndent("", "  ")
		return e.Encode(map[string]any{"own": own, "current": r.Current, "ramping": r.Ramping, "percent": r.Percent, "builds": builds})
	}
	if len(builds) == 0 {
		_, err := fmt.Fprintf(to, "Workers are not versioned here. This program has build %s.\n", own)
		return err
	}
	t := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(t, "BUILD\tSTATE\tWORKERS\tOPEN\tSINCE\t")
	for _, b := range builds {
		note := ""
		if b.Own {
			note = "this program's"
		}
		if b.State == "ramping" {
			b.State = fmt.Sprintf("ramping %.0f %%", r.Percent)
		}
		_, _ = fmt.Fprintf(t, "%s\t%s\t%d\t%d\t%s\t%s\n", b.Build, b.State, b.Workers, b.Open, b.Since.UTC().Format(time.RFC3339), note)
	}
	if r.Current == "" {
		_, _ = fmt.Fprintln(t, "No build is current: workers without a build have the work.")
	}
	for _, v := range r.Versions {
		if v.Stranded() {
			_, _ = fmt.Fprintf(t, "%d workflows wait for workers of build %s: start those, or `worker release %s`.\n", v.Pinned, v.Build, v.Build)
		}
	}
	return t.Flush()
}

func promote() *cobra.Command {
	var percent float32
	var patience time.Duration
	free := false
	cmd := &cobra.Command{
		Use: "promote [BUILD]", Short: "Give the work to a build, that of this program where none is named", Args: cobra.MaximumNArgs(1),
		Long: `Give the work to a build, that of this program where none is named.

What begins, and what may last for days, has its next step there. Work on a single file ends on
the build that began it. To go back, promote the build of before: its workers must run.

It waits for --timeout until the build has workers for every queue. Nothing changes where it
fails: the build of before goes on. It may be repeated.`,
		RunE: with(func(ctx context.Context, c jobs.Control, own string, cmd *cobra.Command, args []string) error {
			build := own
			if len(args) > 0 {
				build = args[0]
			}
			if percent < 0 || percent > 100 {
				return fmt.Errorf("--percent is %g: use 1 to 99 for a part of the work, 0 to take it back, or leave it out for all", percent)
			}
			give := func(ctx context.Context) error { return c.Choose(ctx, build) }
			if cmd.Flags().Changed("percent") {
				give = func(ctx context.Context) error { return c.Ramp(ctx, build, percent) }
			}
			if err := until(ctx, patience, give); err != nil {
				return err
			}
			if free {
				if err := releaseStranded(ctx, c); err != nil {
					return err
				}
			}
			r, err := c.Routing(ctx)
			if err != nil {
				return err
			}
			return list(cmd.OutOrStdout(), false, own, r)
		}),
	}
	cmd.Flags().Float32Var(&percent, "percent", 0, "give it this part of what begins, and leave the rest where it is; 0 takes it back")
	cmd.Flags().BoolVar(&free, "release", false, "then release what ends on builds of which no worker runs any more")
	cmd.Flags().DurationVar(&patience, "timeout", 0, "how long to wait for the workers of the build")
	return cmd
}

// releaseStranded lets what waits for builds without workers go on where the work is.
func releaseStranded(ctx context.Context, c jobs.Control) error {
	r, err := c.Routing(ctx)
	if err != nil {
		return err
	}
	for _, v := range r.Versions {
		if v.Stranded() && v.Build != r.Current {
			if _, err := c.Release(ctx, v.Build); err != nil {
				return err
			}
		}
	}
	return nil
}

// promotePause is between two tries.
const promotePause = 2 * time.Second

// until tries until it succeeds or the patience is over.
func until(ctx context.Context, patience time.Duration, try func(context.Context) error) error {
	end := time.Now().Add(patience)
	for {
		err := try(ctx)
		if err == nil || time.Now().After(end) {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		case <-time.After(promotePause):
		}
	}
}

func release() *cobra.Command {
	return &cobra.Command{
		Use: "release BUILD", Short: "Let what ends on a build alone go on where the work is, as when its workers cannot be started again", Args: cobra.ExactArgs(1),
		RunE: with(func(ctx context.Context, c jobs.Control, _ string, cmd *cobra.Command, args []string) error {
			n, err := c.Release(ctx, args[0])
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "released %d workflows of build %s\n", n, args[0])
			return err
		}),
	}
}

func unversion() *cobra.Command {
	return &cobra.Command{
		Use: "unversion", Short: "Give the work to workers that name no build, before or after SATCHEL_WORKER_VERSIONING becomes false", Args: cobra.NoArgs,
		RunE: with(func(ctx context.Context, c jobs.Control, _ string, cmd *cobra.Command, _ []string) error {
			r, err := c.Routing(ctx)
			if err != nil {
				return err
			}
			if r.Current != "" {
				if err := c.Choose(ctx, ""); err != nil {
					return err
				}
			}
			released := 0
			for _, v := range r.Versions {
				n, err := c.Release(ctx, v.Build)
				if err != nil {
					return err
				}
				released += n
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "workers without a build have the work; released %d workflows\n", released)
			return err
		}),
	}
}
