package reconcile

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"satchel/internal/queue"
	"satchel/tenancy"
)

// Activities are the activities of this package.
type Activities struct {
	checker Checker
	slice   Limit         // of one organization at a time
	longest time.Duration // after which an activity begins no other slice
	page    int           // organizations in one list
	found   *prometheus.CounterVec
}

// New makes the activities.
func New(c Checker, r prometheus.Registerer) *Activities {
	a := &Activities{checker: c, slice: Limit{Versions: 20_000, Time: 2 * time.Minute}, longest: 10 * time.Minute, page: 50}
	a.found = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "satchel_reconcile_findings_total", Help: "Disagreements of rows, objects and workflows that checks found, by kind."}, []string{"kind"})
	for _, k := range Kinds { // there from the start, so that the first finding is seen as a growth
		a.found.WithLabelValues(string(k))
	}
	r.MustRegister(a.found)
	return a
}

func (a *Activities) count(found []Finding) {
	for _, f := range found {
		a.found.WithLabelValues(string(f.Kind)).Inc()
	}
}

// ReconcileOrganizationsInput names where in the list of organizations to go on.
// It belongs to the platform; each organization found is looked at in its own
// transactions.
type ReconcileOrganizationsInput struct {
	Org          tenancy.OrgID
	Only         tenancy.OrgID // zero: all of them
	After        Cursor
	Repair, Deep bool
	Grace        time.Duration

	Restore Restore `json:",omitzero"`
}

// Cursor says where a check of all organizations goes on: behind an organization,
// or in the middle of the one behind it.
type Cursor struct {
	Last    tenancy.OrgID // checked to its end
	Current tenancy.OrgID // zero: none is in the middle
	Position
	Failed bool // a part of the current organization's check failed
}

// PlatformWork marks work across organizations.
func (ReconcileOrganizationsInput) PlatformWork() {}

// ReconcileOrganizationsResult is what one stretch found. The list of findings
// is cut off where it would grow beyond what a history takes; the counts are
// complete.
type ReconcileOrganizationsResult struct {
	Next          Cursor
	More          bool  // false: the end is reached
	Organizations int64 // that were looked at
	Failed        int64 // of them; logged and passed over
	Counts        map[Kind]int64
	Findings      []Finding
}

const mostFindings = 100 // of a stretch that are listed one by one

// ReconcileOrganizations checks the next organizations. One that fails is logged,
// counted and passed over; what was found in it until then is kept. It ends
// early when it has run for a while, in the middle of an organization if need be,
// so that a worker that dies loses little.
func (a *Activities) ReconcileOrganizations(ctx context.Context, in ReconcileOrganizationsInput) (ReconcileOrganizationsResult, error) {
	result := ReconcileOrganizationsResult{Counts: map[Kind]int64{}, Next: in.After, More: true}
	defer queue.Heartbeat(ctx)()
	options := Options{Repair: in.Repair, Deep: in.Deep, Grace: in.Grace, Restore: in.Restore}
	deadline := time.Now().Add(a.longest)
	if err := in.Restore.Allowed(a.checker.DB, in.Only); err != nil {
		return result, err
	}
	for {
		orgs, err := a.next(ctx, in.Only, result.Next)
		if err != nil {
			return result, fmt.Errorf("list organizations: %w", err)
		}
		if len(orgs) == 0 {
			result.More = false
			return result, nil
		}
		for _, org := range orgs {
			if err := a.all(ctx, org, options, deadline, &result); err != nil {
				return result, err
			}
			if !time.Now().Before(deadline) {
				return result, nil
			}
		}
	}
}

// next lists the organizations behind the cursor. A cluster that does not answer is an error, and the activity is
// tried again: a check that leaves its organizations out would pass for one of all.
func (a *Activities) next(ctx context.Context, only tenancy.OrgID, c Cursor) ([]tenancy.OrgID, error) {
	switch {
	case only.IsZero():
		return a.checker.DB.AllOrganizations(ctx, c.Last, a.page)
	case c.Last == only:
		return nil, nil
	}
	return []tenancy.OrgID{only}, nil
}

// all checks an organization from the cursor on, until its end or the deadline.
func (a *Activities) all(ctx context.Context, org tenancy.OrgID, o Options, deadline time.Time, result *ReconcileOrganizationsResult) error {
	at := result.Next
	if at.Current != org {
		at = Cursor{Last: at.Last, Current: org}
	}
	for {
		s, err := a.checker.Slice(ctx, org, at.Position, o, a.slice)
		if ctx.Err() != nil {
			return fmt.Errorf("check organizations: %w", ctx.Err())
		}
		if err != nil {
			queue.SweepFailed(ctx, "reconcile", org, err)
		}
		result.add(s.Findings)
		a.count(s.Findings)
		at.Position, at.Failed = s.Next, at.Failed || err != nil || s.Failed != nil
		if err != nil || s.Done {
			break
		}
		if !time.Now().Before(deadline) {
			result.Next = at
			return nil
		}
	}
	result.Organizations++
	if at.Failed {
		result.Failed++
	}
	result.Next = Cursor{Last: org}
	return nil
}

func (r *ReconcileOrganizationsResult) add(found []Finding) {
	for _, f := range found {
		r.Counts[f.Kind]++
		if len(r.Findings) < mostFindings {
			r.Findings = append(r.Findings, f)
		}
	}
}

// ReconcileDueOrganizationsInput names the platform.
type ReconcileDueOrganizationsInput struct {
	Org    tenancy.OrgID
	Repair bool
	Grace  time.Duration
}

// PlatformWork marks work across organizations.
func (ReconcileDueOrganizationsInput) PlatformWork() {}

// ReconcileDueOrganizations checks a slice of each organization whose check is due,
// those first that were worked on longest ago, and comes round again until none is
// due or its time is over. Where each goes on is kept in its row, so that the next
// run goes on there.
func (a *Activities) ReconcileDueOrganizations(ctx context.Context, in ReconcileDueOrganizationsInput) (ReconcileOrganizationsResult, error) {
	d := &dueRun{
		Activities: a, options: Options{Repair: in.Repair, Grace: in.Grace}, deadline: time.Now().Add(a.longest),
		result: ReconcileOrganizationsResult{Counts: map[Kind]int64{}, More: true},
		worked: map[tenancy.OrgID]bool{}, failed: map[tenancy.OrgID]bool{},
	}
	defer queue.Heartbeat(ctx)()
	for d.result.More {
		more, err := d.round(ctx)
		if err != nil {
			return d.result, err
		}
		d.result.More = more
		if d.over() {
			break
		}
	}
	d.result.Organizations, d.result.Failed = int64(len(d.worked)), int64(len(d.failed))
	return d.result, nil
}

// dueRun is one run of ReconcileDueOrganizations.
type dueRun struct {
	*Activities
	options  Options
	deadline time.Time
	result   ReconcileOrganizationsResult

	worked, failed map[tenancy.OrgID]bool // organizations
}

func (d *dueRun) over() bool { return !time.Now().Before(d.deadline) }

// round checks one slice of each organization that is due, and says whether any of them
// goes on now.
func (d *dueRun) round(ctx context.Context) (more bool, err error) {
	var last tenancy.ReconcileDue
	for {
		due, err := d.checker.DB.ReconcileDue(ctx, last, d.page)
		if err != nil {
			return more, fmt.Errorf("list organizations that are due: %w", err)
		}
		if len(due) == 0 {
			return more, nil
		}
		for _, org := range due {
			goesOn, err := d.checkSlice(ctx, org)
			if err != nil {
				return more, err
			}
			more = more || goesOn
			if d.over() {
				return true, nil
			}
		}
		last = due[len(due)-1]
	}
}

// checkSlice checks one slice of an organization and keeps where the next one goes on. It
// says whether the next one may follow now. One that failed waits for the next run,
// so that it does not take the time of the others.
func (d *dueRun) checkSlice(ctx context.Context, due tenancy.ReconcileDue) (bool, error) {
	org := due.Org
	s, err := d.checker.Slice(ctx, org, Position{Stage: Stage(due.Stage), After: due.Version}, d.options, d.slice)
	if ctx.Err() == nil {
		err = errors.Join(err, savePass(ctx, d.checker.DB.Single(org), s, err != nil))
	}
	if ctx.Err() != nil {
		return false, fmt.Errorf("check organizations: %w", ctx.Err())
	}
	d.result.add(s.Findings)
	d.count(s.Findings)
	d.worked[due.Org] = true
	if err != nil {
		queue.SweepFailed(ctx, "reconcile", org, err)
	}
	if err != nil || s.Failed != nil {
		d.failed[due.Org] = true
	}
	return !s.Done && err == nil, nil
}
