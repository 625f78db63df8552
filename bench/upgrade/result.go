package main

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"

	"satchel/internal/devstack/checks"
	"satchel/internal/devstack/load"
)

// stepResult is what clients met in one step.
type stepResult struct {
	Name string  `json:"name"`
	Took float64 `json:"took"` // seconds
	counts
}

// result is what the run found.
type result struct {
	Old  string `json:"old"` // revisions
	New  string `json:"new"`
	Rate int    `json:"rate"` // uploads a second that were asked for

	Steps       []stepResult `json:"steps"`
	Clients     counts       `json:"clients"`
	Failures    []string     `json:"failures,omitempty"`
	Uploads     load.Verdict `json:"uploads"`
	FailedTasks int          `json:"failed_tasks"` // workflow tasks, by the workers' own metrics
	Histories   histories    `json:"histories"`
	Leaked      []string     `json:"leaked"`  // what the reconciler finds
	Drained     float64      `json:"drained"` // seconds

	found []checks.Finding
}

// wrongs counts what has to be zero.
func (r *result) wrongs() int {
	return r.Clients.Failed + r.Uploads.Wrongs() + r.FailedTasks + r.Histories.Failed + len(r.found)
}

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
	_, _ = fmt.Fprintf(t, "STEP\tSECONDS\tREQUESTS\tUPLOADS/S\tFAILED\t503, RETRY-AFTER\n")
	took, sent := 0.0, 0
	for _, s := range r.Steps {
		took, sent = took+s.Took, sent+s.Uploads
		_, _ = fmt.Fprintf(t, "%s\t%.1f\t%d\t%.1f\t%d\t%d\n", s.Name, s.Took, s.Requests, float64(s.Uploads)/s.Took, s.Failed, s.ComeBacks)
	}
	_, _ = fmt.Fprintf(t, "all\t%.1f\t%d\t%.1f\t%d\t%d\n\t\t\t\t\t\n", took, r.Clients.Requests, float64(sent)/took, r.Clients.Failed, r.Clients.ComeBacks)
	zero := func(name string, value int, how string) {
		mark := "✓"
		if value != 0 {
			mark = "✗"
		}
		_, _ = fmt.Fprintf(t, "%s %s\t%d\t%s\t\t\t\n", mark, name, value, how)
	}
	u := r.Uploads
	zero("requests failed", r.Clients.Failed, fmt.Sprintf("of %d; %d of these were told 503 with Retry-After", r.Clients.Requests, r.Clients.ComeBacks))
	zero("uploads lost", u.Lost, fmt.Sprintf("of %d acknowledged", u.Acknowledged))
	zero("refused or given up", u.Refused+u.GivenUp, fmt.Sprintf("%d forms without an Idempotency-Key were told 503 and not sent again", u.Unanswered))
	zero("corrupt, stuck, wrong or twice", u.Corrupt+u.Stuck+u.Wrong+u.Twice, "")
	zero("workflow tasks failed", r.FailedTasks, "by temporal_workflow_task_execution_failed_total of each worker")
	zero("histories with such a task", r.Histories.Failed, fmt.Sprintf("of %d; %d went from one worker to another", r.Histories.Workflows, r.Histories.Replayed))
	zero("found by the reconciler", len(r.Leaked), fmt.Sprintf("after %.1f s in which the backlog drained", r.Drained))
	err := t.Flush()
	for _, lines := range [][]string{r.Failures, u.Notes, r.Histories.Examples, r.Leaked} {
		for _, line := range lines {
			_, _ = fmt.Fprintln(w, "  "+line)
		}
	}
	return err
}
