package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/spf13/cobra"
)

func (a *app) admin() *cobra.Command {
	cmd := &cobra.Command{
		Use: "admin", Short: "Operate the platform (operators)",
		Long: `Operate the platform (operators).

  satchel admin restore-check --to 2026-11-29T21:40:00Z
  satchel admin store-check --as worker

docs/backup.md and docs/stores.md say when each is needed.`,
	}
	cmd.AddCommand(a.restoreCheck(), a.storeCheck())
	return cmd
}

// restoreReport is the result of the check.
type restoreReport struct {
	Organizations int64            `json:"organizations"`
	Failed        int64            `json:"failed"`
	Counts        map[string]int64 `json:"counts"`
}

func (a *app) restoreCheck() *cobra.Command {
	var in struct {
		To           string `json:"restored_to"`
		Fast         bool   `json:"fast"`
		Organization string `json:"organization_id,omitempty"`
		// What the system did in the seconds before it was lost is not in progress any more.
		Grace int64 `json:"grace_seconds"`
	}
	cmd := &cobra.Command{
		Use: "restore-check --to MOMENT", Short: "Bring rows and objects together after a restore", Args: cobra.NoArgs,
		Long: `Bring rows and objects together after a restore.

Objects that were copied back are found by size and SHA-256, and rows tied to them. Uploads that
were open end, files that arrived and have no bytes fail as lost_in_restore, published files
without bytes are locked away under the same word. Nothing of either is removed, and the next
check brings back what it finds then. Encrypted files whose keys are missing are reported.
Audit logs whose signed checkpoints speak of events that are lost get a signed note of that. Then
everything is compared once more.

It may be repeated. Exits with 1 when bytes or keys are lost or an organization could not be
checked.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := time.Parse(time.RFC3339, in.To); err != nil {
				return fmt.Errorf("--to is the moment to which Postgres was restored, such as 2026-11-29T21:40:00Z: %w", err)
			}
			c, err := a.client()
			if err != nil {
				return err
			}
			var begun begunWork
			if err := c.Call(cmd.Context(), http.MethodPost, "/api/v1/admin/reconcile", in, &begun); err != nil {
				return err
			}
			work, err := a.wait(cmd, c, begun)
			if err != nil {
				return err
			}
			return a.sayRestored(cmd, work.State, work.Result)
		},
	}
	cmd.Flags().StringVar(&in.To, "to", "", "the moment to which Postgres was restored (RFC 3339)")
	cmd.Flags().BoolVar(&in.Fast, "fast", false, "trust sizes, and the SHA-256 that the store keeps, instead of reading every object with another ETag")
	cmd.Flags().StringVar(&in.Organization, "organization", "", "the id of the one to check; needed where organizations are in several clusters")
	_ = cmd.MarkFlagRequired("to")
	return cmd
}

func (a *app) sayRestored(cmd *cobra.Command, state string, result json.RawMessage) error {
	var report restoreReport
	if err := json.Unmarshal(result, &report); err != nil {
		return fmt.Errorf("the check ended as %s and its report cannot be read: %w", state, err)
	}
	if a.json {
		if err := a.say(cmd, result, ""); err != nil {
			return err
		}
	} else {
		t := table(cmd, "FOUND", "COUNT")
		for _, kind := range slices.Sorted(maps.Keys(report.Counts)) {
			t.row(kind, fmt.Sprint(report.Counts[kind]))
		}
		t.flush()
		if err := a.say(cmd, report, "%d organizations checked, %d of them not to the end.\n", report.Organizations, report.Failed); err != nil {
			return err
		}
	}
	if state != "succeeded" || report.Counts["restore_lost"] > 0 || report.Counts["restore_lost_upload"] > 0 || report.Counts["restore_key"] > 0 {
		return errOutcome
	}
	return nil
}
