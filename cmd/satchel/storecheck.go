package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"satchel/internal/s3"
	"satchel/internal/s3/conformance"
	"satchel/internal/settings"
)

func (a *app) storeCheck() *cobra.Command {
	var account string
	cmd := &cobra.Command{
		Use: "store-check", Short: "Check whether an S3 store does what Satchel needs", Args: cobra.NoArgs,
		Long: `Check whether an S3 store does what Satchel needs.

It reads SATCHEL_S3_* as api and worker do, so run it where they run, with their environment:

  docker compose exec worker satchel admin store-check --as worker
  docker compose exec api satchel admin store-check --as api

It writes about 1,050 small objects and 25 MB below store-check/ in the buckets of staging, clean
and keys, and removes them; it reads and writes nothing else. With --as it also tries what that account
must not be able to do. Exits with 1 when the store cannot be used, or something could not be removed.
docs/stores.md has the results of stores.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			as := conformance.Account(account)
			if as != conformance.Unknown && as != conformance.API && as != conformance.Worker {
				return fmt.Errorf("--as %s: it is api or worker, the program whose account SATCHEL_S3_ACCESS_KEY is", account)
			}
			c, err := settings.Load[s3.Config]()
			if err != nil {
				return fmt.Errorf("%w: run this with the environment of api or worker", err)
			}
			store, err := s3.Open(c)
			if err != nil {
				return err
			}
			return a.checkStore(cmd, c, store, as)
		},
	}
	cmd.Flags().StringVar(&account, "as", "", "whose account this is, api or worker; its rights are checked too")
	return cmd
}

// storeReport is what the command says to programs.
type storeReport struct {
	Endpoint string               `json:"endpoint"`
	At       time.Time            `json:"at"`
	Usable   bool                 `json:"usable"`
	Checks   []conformance.Result `json:"checks"`
}

func (a *app) checkStore(cmd *cobra.Command, c s3.Config, store *s3.Store, as conformance.Account) error {
	begun := time.Now().UTC().Truncate(time.Second)
	found, left := conformance.Run(cmd.Context(), store, conformance.Options{Account: as, Each: func(r conformance.Result) {
		if !a.json { // a slow store takes minutes
			_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "%s %s\n", mark(r.State), r.Check)
		}
	}})
	report := storeReport{Endpoint: c.Endpoint, At: begun, Usable: conformance.Passed(found), Checks: found}
	if a.json {
		if err := a.say(cmd, report, ""); err != nil {
			return err
		}
	} else {
		t := table(cmd, "", "CHECK", "NEEDED FOR", "TOOK")
		for _, r := range found {
			t.row(mark(r.State), r.Check, r.For, fmt.Sprintf("%d ms", r.Millis))
		}
		t.flush()
		t = table(cmd) // an empty line
		for _, r := range found {
			if r.Says != "" {
				t.row(mark(r.State) + " " + r.Check + ": " + r.Says)
			}
			if r.Do != "" {
				t.row("  " + r.Do)
			}
		}
		t.flush()
	}
	if left != nil {
		return left
	}
	if !report.Usable {
		return errOutcome
	}
	return nil
}

// mark shows a state in a table.
func mark(s conformance.State) string {
	switch s {
	case conformance.OK:
		return "✓"
	case conformance.Failed:
		return "✗"
	case conformance.Absent, conformance.Skipped:
	}
	return "–"
}
