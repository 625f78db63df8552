// Package checks asks a running stack whether all is settled, and whether its rows, objects, quotas,
// workflows and audit logs agree: what tests and drills demand after they disturbed it.
package checks

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path/filepath"
	"time"

	"satchel/client"
	"satchel/internal/devstack"
	"satchel/policies/audit"
)

const askAgain = 100 * time.Millisecond

// Reconciling says what the reconciler does beyond comparing.
type Reconciling struct {
	Deep   bool // read every published byte
	Repair bool // and fix what needs no choice
}

// Finding is one disagreement.
type Finding struct {
	Kind string `json:"kind"`
	All  json.RawMessage
}

// UnmarshalJSON keeps all of it, for those who read.
func (f *Finding) UnmarshalJSON(b []byte) error {
	var known struct{ Kind string }
	f.All = append([]byte(nil), b...)
	err := json.Unmarshal(b, &known)
	f.Kind = known.Kind
	return err
}

// String gives all that is known of it.
func (f Finding) String() string { return string(f.All) }

// Reconcile has the operator's reconciler compare rows, objects, quota and workflows, of one
// organization or of all where org is empty, however young they are, and gives what disagrees.
func Reconcile(ctx context.Context, s *devstack.Stack, org string, how Reconciling) ([]Finding, error) {
	var begun struct {
		ID string `json:"operation_id"`
	}
	in := map[string]any{"deep": how.Deep, "grace_seconds": 0, "repair": how.Repair}
	if org != "" {
		in["organization_id"] = org
	}
	operator := s.Operator()
	if err := operator.Call(ctx, http.MethodPost, "/api/v1/admin/reconcile", in, &begun); err != nil {
		return nil, fmt.Errorf("begin to reconcile: %w", err)
	}
	result, err := ended(ctx, operator, "/api/v1/operations/"+begun.ID)
	if err != nil {
		return nil, fmt.Errorf("reconcile: %w", err)
	}
	var report struct {
		Findings []Finding `json:"findings"`
	}
	err = json.Unmarshal(result, &report)
	return report.Findings, err
}

// VerifyAudit has the platform verify the audit log of an organization.
func VerifyAudit(ctx context.Context, owner *client.Client, org string) (report audit.Report, err error) {
	var begun struct{ Operation string }
	if err := owner.Call(ctx, http.MethodPost, "/api/v1/organizations/"+org+"/audit/verify", nil, &begun); err != nil {
		return report, fmt.Errorf("begin to verify the audit log: %w", err)
	}
	result, err := ended(ctx, owner, begun.Operation)
	if err != nil {
		return report, fmt.Errorf("verify the audit log: %w", err)
	}
	return report, json.Unmarshal(result, &report)
}

// ended waits until an operation has ended, and gives its result.
func ended(ctx context.Context, c *client.Client, path string) (json.RawMessage, error) {
	for {
		var op struct {
			State  string          `json:"state"`
			Result json.RawMessage `json:"result"`
			Error  json.RawMessage `json:"error"`
		}
		err := c.Call(ctx, http.MethodGet, path, nil, &op)
		switch {
		case err == nil && op.State == "succeeded":
			return op.Result, nil
		case err == nil && op.State != "running":
			return nil, fmt.Errorf("operation %s: %s %s", path, op.State, op.Error)
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(fmt.Errorf("operation %s is %s: %w", path, op.State, ctx.Err()), err)
		case <-time.After(askAgain):
		}
	}
}

// compiled is the folder of a worker's spool in which the compiled reader lies for as long as the worker runs.
const compiled = "compiled"

// Spooled gives the temporary files that lie in the spools of the stack's programs.
func Spooled(s *devstack.Stack) (found []string, err error) {
	root := filepath.Join(filepath.Dir(s.Logs), "data", "spool")
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // removed meanwhile
		}
		if err == nil && d.IsDir() && d.Name() == compiled {
			return fs.SkipDir
		}
		if err == nil && d.Type().IsRegular() {
			found = append(found, path)
		}
		return err
	})
	return found, err
}
