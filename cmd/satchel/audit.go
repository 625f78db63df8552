package main

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"

	"github.com/spf13/cobra"

	"satchel/policies/audit"
)

func (a *app) audit() *cobra.Command {
	cmd := &cobra.Command{
		Use: "audit", Short: "Read and check the audit log of who did what",
		Long: `Read and check the audit log of who did what.

  satchel audit list --action file.trash
  satchel audit verify                    the platform checks its whole audit log
  satchel audit export -o audit.ndjson    or with --from and --to, a part of it
  satchel audit verify audit.ndjson       this machine checks an export, offline

Every event carries the hash of all before it. docs/audit.md says how the hash
is made, so that it can be checked without this program.`,
	}
	cmd.AddCommand(a.auditList(), a.auditVerify(), a.auditExport(), a.auditKeygen())
	return cmd
}

// organizationPath is the address of something of the organization in which
// the login acts.
func (a *app) organizationPath(rest string) (string, error) {
	login, err := loadLogin(a.profile)
	if err != nil {
		return "", err
	}
	if login.Organization == "" {
		return "", errors.New("this login names no organization: `satchel login --org ID` does")
	}
	return "/api/v1/organizations/" + url.PathEscape(login.Organization) + rest, nil
}

type auditEvent struct {
	At, Action, Actor, Role, Result, Code string
	ObjectID                              string `json:"object_id"`
}

func (a *app) auditList() *cobra.Command {
	query := map[string]*string{}
	var limit int
	cmd := &cobra.Command{
		Use: "list", Short: "List events, newest first", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			q := url.Values{"limit": {strconv.Itoa(limit)}}
			for name, value := range query {
				if *value != "" {
					q.Set(name, *value)
				}
			}
			return a.showAuditLog(cmd, q)
		},
	}
	for name, usage := range map[string]string{
		"action": "only this action, such as file.trash", "actor": "only this user's, by id", "object_id": "only about this id",
		"result": "done, denied or failed", "from": "not before this time (RFC 3339)", "to": "before this time (RFC 3339)",
	} {
		query[name] = cmd.Flags().String(name, "", usage)
	}
	cmd.Flags().IntVarP(&limit, "limit", "n", 50, "at most this many")
	return cmd
}

func (a *app) showAuditLog(cmd *cobra.Command, q url.Values) error {
	c, err := a.client()
	if err != nil {
		return err
	}
	path, err := a.organizationPath("/audit?" + q.Encode())
	if err != nil {
		return err
	}
	var page struct{ Items []audit.Line }
	if err := c.Call(cmd.Context(), http.MethodGet, path, nil, &page); err != nil {
		return err
	}
	if a.json {
		return a.say(cmd, page.Items, "")
	}
	t := table(cmd, "SEQ", "AT", "ACTION", "RESULT", "BY", "ROLE", "ABOUT", "CODE")
	for _, l := range page.Items {
		var e auditEvent
		if err := json.Unmarshal(l.Event, &e); err != nil {
			return fmt.Errorf("event %d: %w", l.Seq, err)
		}
		t.row(strconv.FormatInt(l.Seq, 10), e.At, e.Action, e.Result, e.Actor, e.Role, e.ObjectID, e.Code)
	}
	t.flush()
	return nil
}

func (a *app) auditVerify() *cobra.Command {
	var part bool
	cmd := &cobra.Command{
		Use: "verify [FILE]", Short: "Check the whole audit log, or an export of it offline", Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			report, err := a.verified(cmd, args, part)
			if err != nil {
				return err
			}
			if b := report.FirstBroken; b != nil {
				if err := a.say(cmd, report, "BROKEN at event %d: it %s. %d events before it are intact.\n", b.Seq, b.Reason, report.Events); err != nil {
					return err
				}
				return errOutcome
			}
			return a.say(cmd, report, "Intact: %d events, %d signed checkpoints agree, and the last hash is %s.\n", report.Events, report.Checkpoints, report.Head.Hash)
		},
	}
	cmd.Flags().BoolVar(&part, "part", false, "FILE begins in the middle of an audit log, as an export of a time does")
	return cmd
}

func (a *app) verified(cmd *cobra.Command, args []string, part bool) (audit.Report, error) {
	var report audit.Report
	if len(args) == 1 {
		return verifyFile(args[0], part)
	}
	c, err := a.client()
	if err != nil {
		return report, err
	}
	path, err := a.organizationPath("/audit/verify")
	if err != nil {
		return report, err
	}
	var begun begunWork
	if err := c.Call(cmd.Context(), http.MethodPost, path, nil, &begun); err != nil {
		return report, err
	}
	work, err := a.wait(cmd, c, begun)
	if err != nil {
		return report, err
	}
	if work.State != "succeeded" {
		if err := a.ended(cmd, work); err != nil {
			return report, err
		}
		return report, errOutcome
	}
	return report, json.Unmarshal(work.Result, &report)
}

// verifyFile checks an export with nothing but the file. A part of an audit log begins
// later than with the first event, whose hash is then taken as it is.
func verifyFile(name string, part bool) (audit.Report, error) {
	f, err := os.Open(name) //nolint:gosec // the file that its user names
	if err != nil {
		return audit.Report{}, err
	}
	defer func() { _ = f.Close() }()
	var chain audit.Chain
	var events int64
	lines := json.NewDecoder(bufio.NewReader(f))
	for {
		var l audit.Line
		err := lines.Decode(&l)
		switch {
		case err != nil:
		case part && events == 0 && l.Seq > 1:
			chain, err = audit.From(l)
		default:
			err = chain.Next(l)
		}
		var broken *audit.BrokenChain
		switch {
		case errors.Is(err, io.EOF):
			return audit.Report{OK: true, Events: events, Head: audit.Head{Seq: chain.Seq, Hash: chain.Hash}}, nil
		case errors.As(err, &broken):
			return audit.Report{Events: events, FirstBroken: broken}, nil
		case err != nil:
			return audit.Report{}, fmt.Errorf("line %d of %s is not an event: %w", events+1, name, err)
		}
		events++
	}
}

func (a *app) auditExport() *cobra.Command {
	var out, from, to string
	cmd := &cobra.Command{
		Use: "export", Short: "Fetch every event, or those of a time, a line of JSON each", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			path, err := a.organizationPath("/audit/export" + span(from, to))
			if err != nil {
				return err
			}
			resp, err := c.Send(cmd.Context(), http.MethodGet, path, nil, nil)
			if err != nil {
				return err
			}
			defer func() { _ = resp.Body.Close() }()
			if out == "" {
				_, err = io.Copy(cmd.OutOrStdout(), resp.Body)
				return err
			}
			return a.saveExport(cmd, resp.Body, out, from != "")
		},
	}
	cmd.Flags().StringVarP(&out, "output", "o", "", "write to this file and check it")
	cmd.Flags().StringVar(&from, "from", "", "not before this time (RFC 3339)")
	cmd.Flags().StringVar(&to, "to", "", "before this time (RFC 3339)")
	return cmd
}

func span(from, to string) string {
	q := url.Values{}
	for name, value := range map[string]string{"from": from, "to": to} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if len(q) == 0 {
		return ""
	}
	return "?" + q.Encode()
}

// saveExport writes the export and checks what was written.
func (a *app) saveExport(cmd *cobra.Command, body io.Reader, out string, part bool) error {
	f, err := os.OpenFile(out, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600) //nolint:gosec // the file that its user names
	if err != nil {
		return err
	}
	_, err = io.Copy(f, body)
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("the export is incomplete: %w", err)
	}
	report, err := verifyFile(out, part)
	if err != nil {
		return err
	}
	if report.FirstBroken != nil {
		return fmt.Errorf("the export was written to %s, but its chain is broken: %w", out, report.FirstBroken)
	}
	return a.say(cmd, report, "%d events in %s; the chain is intact.\n", report.Events, out)
}

func (a *app) auditKeygen() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use: "keygen", Short: "Make the key pair that signs checkpoints (for the operator of the platform)", Args: cobra.NoArgs,
		Long: `Make the key pair that signs checkpoints of the audit logs.

Two files are written: audit-key, for the worker alone (SATCHEL_AUDIT_KEY_FILE),
and audit-public-key, for auditors, who check the checkpoints with it.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			seed, signer, err := audit.NewKey()
			if err != nil {
				return err
			}
			if err := writeNew(filepath.Join(dir, "audit-key"), seed, 0o600); err != nil {
				return err
			}
			public := base64.StdEncoding.EncodeToString(signer.Public())
			if err := writeNew(filepath.Join(dir, "audit-public-key"), public, 0o644); err != nil {
				return err
			}
			return a.say(cmd, map[string]string{"key": audit.KeyID(signer.Public())}, "Key %s is in %s.\n", audit.KeyID(signer.Public()), dir)
		},
	}
	cmd.Flags().StringVar(&dir, "out", ".", "the folder for the two files")
	return cmd
}

// writeNew never overwrites: a key that is gone cannot check what it signed.
func writeNew(name, text string, mode os.FileMode) error {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode) //nolint:gosec // in the folder that its user names
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(f, text)
	return errors.Join(err, f.Close())
}
