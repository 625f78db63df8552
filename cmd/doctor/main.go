// Command doctor looks whether the settings of api or worker are right, and reaches what they
// name. `satchel doctor` starts it: it holds what the servers hold, and the command line of
// people should not.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := root().ExecuteContext(ctx); err != nil {
		if !errors.Is(err, errFailed) {
			fmt.Fprintln(os.Stderr, "doctor:", err)
		}
		os.Exit(1)
	}
}

// errFailed ends the program unsuccessfully after everything was said.
var errFailed = errors.New("a part failed")

// examined is what the doctor says of one part.
type examined struct {
	Part  string `json:"part"`
	State string `json:"state"` // ok, failed or unset
	Says  string `json:"says"`
	Do    string `json:"do,omitempty"`
}

// part is something that api or worker needs.
type part struct {
	name  string
	named string // the setting without which the part is not looked at
	check func(ctx context.Context) (says string, err error)
	do    string // where it fails
}

// doctorPatience is how long one part may take to answer.
const doctorPatience = 10 * time.Second

func root() *cobra.Command {
	asJSON := false
	cmd := &cobra.Command{
		Use: "doctor [PART …]", Short: "Look whether the settings of api or worker are right, and reach what they name",
		Long: `Look whether the settings of api or worker are right, and reach what they name.

It reads the environment as those programs do, so run it where they run and as their user:

  docker compose exec worker satchel doctor
  satchel doctor postgres mail

Parts are postgres, replica, store, keys, temporal, scanner, issuer, mail and spool. Without any, all whose
settings are there are looked at. It changes nothing and sends no mail; the scanner is
given the antivirus test string. Exits with 1 when a part fails.`,
		SilenceUsage: true, SilenceErrors: true,
		ValidArgs: names(parts), Args: cobra.OnlyValidArgs,
		RunE: func(cmd *cobra.Command, asked []string) error {
			found := examine(cmd.Context(), asked)
			if !slices.ContainsFunc(found, func(e examined) bool { return e.State != "unset" && e.Part != "spool" }) {
				return errors.New("no setting of api or worker is in the environment: run it where they run, such as `docker compose exec api satchel doctor`")
			}
			if err := say(cmd.OutOrStdout(), asJSON, found); err != nil {
				return err
			}
			if slices.ContainsFunc(found, func(e examined) bool { return e.State == "failed" }) {
				return errFailed
			}
			return nil
		},
	}
	cmd.SetOut(os.Stdout)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func names(parts []part) (all []string) {
	for _, p := range parts {
		all = append(all, p.name)
	}
	return all
}

const whereSettings = "docs/settings.md says what the setting means and how it is written."

// examine looks at the parts side by side: one that hangs does not keep the others.
func examine(ctx context.Context, asked []string) []examined {
	var chosen []part
	for _, p := range parts {
		if len(asked) == 0 || slices.Contains(asked, p.name) {
			chosen = append(chosen, p)
		}
	}
	found, done := make([]examined, len(chosen)), make(chan struct{})
	for i, p := range chosen {
		go func() {
			defer func() { done <- struct{}{} }()
			found[i] = look(ctx, p, len(asked) > 0)
		}()
	}
	for range chosen {
		<-done
	}
	return found
}

func look(ctx context.Context, p part, asked bool) examined {
	if p.named != "" && os.Getenv(p.named) == "" && os.Getenv(p.named+"_FILE") == "" {
		e := examined{Part: p.name, State: "unset", Says: p.named + " is not set here."}
		if asked {
			e.State, e.Do = "failed", whereSettings
		}
		return e
	}
	ctx, cancel := context.WithTimeout(ctx, doctorPatience)
	defer cancel()
	says, err := p.check(ctx)
	if err == nil {
		return examined{Part: p.name, State: "ok", Says: says}
	}
	e := examined{Part: p.name, State: "failed", Says: err.Error(), Do: p.do}
	if strings.HasPrefix(e.Says, "configuration: ") {
		e.Do = whereSettings
	}
	return e
}

// say prints what was found for programs, or as lines for people.
func say(to io.Writer, asJSON bool, found []examined) error {
	if asJSON {
		e := json.NewEncoder(to)
		e.SetIndent("", "  ")
		return e.Encode(map[string]any{"parts": found})
	}
	for _, e := range found {
		mark := map[string]string{"ok": "ok", "failed": "FAILED", "unset": "-"}[e.State]
		if _, err := fmt.Fprintf(to, "%-7s%-9s %s\n", mark, e.Part, e.Says); err != nil {
			return err
		}
		if e.Do != "" {
			if _, err := fmt.Fprintf(to, "%17s%s\n", "", e.Do); err != nil {
				return err
			}
		}
	}
	return nil
}
