package main

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"satchel/internal/devstack/checks"
	"satchel/internal/devstack/load"
)

// result is what the run found.
type result struct {
	load.Verdict

	Open             int            `json:"open"`     // workflows that run
	Reserved         int            `json:"reserved"` // bytes, of uploads that did not end
	Spooled          []string       `json:"spooled"`  // files in the spools
	Leaked           []string       `json:"leaked"`   // what the reconciler found in the end
	LeftToReconciler map[string]int `json:"left_to_reconciler"`
	QuotaOff         int64          `json:"quota_off"` // bytes between the quota and the sum of the files
	AuditBroken      int            `json:"audit_broken"`
	AuditEvents      int64          `json:"audit_events"`
	KeysAlone        int            `json:"keys_alone"`
	Kills            map[string]int `json:"kills"`

	Took         seconds `json:"took"`          // until the last upload was answered and the last part killed
	FilesDrained seconds `json:"files_drained"` // from then on, until no file was in process
	Drained      seconds `json:"drained"`       // and until all previews, texts and inspections were there
	Settled      seconds `json:"settled"`       // from then on, until nothing was left of the disturbance but what is the reconciler's to remove

	found []checks.Finding
}

// seconds are printed as such.
type seconds time.Duration

// MarshalJSON writes a number.
func (s seconds) MarshalJSON() ([]byte, error) { return json.Marshal(time.Duration(s).Seconds()) }

func (s seconds) String() string { return fmt.Sprintf("%.1f s", time.Duration(s).Seconds()) }

// left counts what a settled stack does not have.
func (r *result) left() int { return r.Open + r.Reserved + len(r.Spooled) + len(r.found) }

// wrongs counts what has to be zero.
func (r *result) wrongs() int { return r.Wrongs() + r.left() + int(r.QuotaOff) + r.AuditBroken }

func (r *result) print(w io.Writer, asJSON bool) error {
	r.Leaked = []string{}
	for _, f := range r.found {
		r.Leaked = append(r.Leaked, f.String())
	}
	if asJSON {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(r)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(mark, name string, value any, how string) {
		_, _ = fmt.Fprintf(t, "%s\t%s\t%v\t%s\n", mark, name, value, how)
	}
	zero := func(name string, value int, how string) {
		mark := "✓"
		if value != 0 {
			mark = "✗"
		}
		row(mark, name, value, how)
	}
	k := killed{by: r.Kills}
	row("", "uploads", r.Uploads, fmt.Sprintf("%.1f MiB published", float64(r.Bytes)/(1<<20)))
	row("", "acknowledged", r.Acknowledged, "")
	row("", "unanswered", r.Unanswered, "forms without an Idempotency-Key, cut by a kill: there or not, but whole")
	row("", "kills", k.count(), k.String())
	zero("refused", r.Refused, "by an answer that no sample has")
	zero("given up", r.GivenUp, "without an answer")
	zero("lost", r.Lost, "acknowledged, and not there")
	zero("corrupt", r.Corrupt, "another SHA-256 than was sent")
	zero("stuck", r.Stuck, "in process")
	zero("wrong", r.Wrong, "ended as something else than the sample does")
	zero("twice", r.Twice, "of one Idempotency-Key")
	zero("leaked", len(r.Leaked), fmt.Sprintf("what the reconciler finds; left to it by dead processes: %v", r.LeftToReconciler))
	zero("in spool", len(r.Spooled), "files")
	zero("open", r.Open, "workflows")
	zero("reserved", r.Reserved, "bytes")
	zero("quota − sum", int(r.QuotaOff), "bytes")
	zero("audit logs broken", r.AuditBroken, fmt.Sprintf("of %d events", r.AuditEvents))
	row("", "keys alone", r.KeysAlone, "data keys of processes that died before the row; they open nothing")
	row("", "sending", r.Took, "until the last answer and the last kill")
	row("", "drain, files", r.FilesDrained, "until no file is in process")
	row("", "drain, all", r.Drained, "until all previews, texts and inspections are there")
	mark := "✓"
	if time.Duration(r.Settled) > settleGoal {
		mark = "✗"
	}
	row(mark, "settled", r.Settled, "behind that, until nothing is left but what is the reconciler's; goal 2 min")
	err := t.Flush()
	for _, note := range append(append(r.Notes, r.Leaked...), r.Spooled...) {
		_, _ = fmt.Fprintln(w, "  "+note)
	}
	return err
}
