package wiring

import (
	"context"
	"sync"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"

	"satchel/activities/finalize"
	"satchel/activities/inspect"
	"satchel/activities/scan"
	"satchel/files"
	"satchel/internal/queue"
	"satchel/policies/verdict"
	"satchel/workers"
	"satchel/workflows/jobs"
)

const (
	// smallWait is how long a small file waits for its place with the scanner inside the workflow task.
	smallWait = time.Second
	// smallLeast is what must be left of the step's time when the scan begins: a step that waited for
	// long would be cut in mid-scan, and the file scanned twice.
	smallLeast = 4 * time.Second
	// smallRest is what is kept of that time for the publication.
	smallRest = 1500 * time.Millisecond
)

// small takes small files from their inspection to their publication in one step.
type small struct {
	scan     *scan.Activities
	finalize *finalize.Activities
	files    *gate
}

func newSmall(s *scan.Activities, f *finalize.Activities, c client.Client, w workers.Config) inspect.Small {
	control := jobs.Control{Client: c, Namespace: w.Namespace}
	return small{s, f, &gate{held: func(ctx context.Context) (bool, error) {
		held, err := control.Held(ctx, queue.Files) // scans
		if err != nil || held {
			return held, err
		}
		return control.Held(ctx, queue.Interactive) // publications
	}}}
}

// Publish scans and publishes a version. A verdict other than clean, or none, is left to the step
// of its own: it records why, and a second scan of what is small costs little.
func (s small) Publish(ctx context.Context, v files.Version, pending bool, found files.Whole) (bool, error) {
	end, bounded := ctx.Deadline()
	if !bounded || time.Until(end) < smallLeast || s.files.closed(ctx) {
		return false, nil
	}
	began := time.Now()
	attempt, cancel := context.WithDeadline(ctx, end.Add(-smallRest))
	word, err := scan.Small(attempt, s.scan, v, found.Inspection.MimeType, smallWait)
	cancel()
	if err != nil || word.Verdict != verdict.Clean {
		activity.GetLogger(ctx).Info("small file not settled in one step; it gets steps of its own", "org", v.OrganizationID, "version", v.ID, "error", err)
		return false, nil
	}
	found.Verdict = word
	found.Steps = append(found.Steps, files.DoneStep{Name: files.StepScan, Began: began, Ended: time.Now()})
	err = finalize.Whole(ctx, s.finalize, v, pending, found)
	return err == nil, err
}

// Leave does what follows a publication.
func (s small) Leave(ctx context.Context, v files.Version) { finalize.Leave(ctx, s.finalize, v) }

// gateFor is how long an answer about a queue is used: a pause holds small files this much later.
const gateFor = time.Second

// gate says whether operators hold or limit the queue of scans or that of publications. What is done
// inside workflow tasks takes nothing from these queues and would go round their limits.
type gate struct {
	held func(context.Context) (bool, error)

	mu    sync.Mutex
	until time.Time
	shut  bool
}

// closed says so. What is not known is closed: the queue itself holds the step then, if it is held.
func (g *gate) closed(ctx context.Context) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if time.Now().Before(g.until) {
		return g.shut
	}
	ctx, cancel := context.WithTimeout(ctx, gateFor)
	defer cancel()
	held, err := g.held(ctx)
	g.shut = held || err != nil
	g.until = time.Now().Add(gateFor)
	return g.shut
}
