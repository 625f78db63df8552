package api

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/internal/queue"
	"satchel/tenancy"
	"satchel/tenancy/operations"
	"satchel/workflows/jobs"
)

// playedControl is Temporal as those see it who watch over jobs: it keeps what it is told.
type playedControl struct {
	mu        sync.Mutex
	cancelled []string
	again     []string
	keys      []int
	queues    map[queue.Name]jobs.Queue
	ran       []string
	gone      bool // there is no workflow
}

func (p *playedControl) Cancel(_ context.Context, workflow string) (bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cancelled = append(p.cancelled, workflow)
	return !p.gone, nil
}

func (p *playedControl) Again(_ context.Context, _, request string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.again = append(p.again, request)
	if p.gone {
		return jobs.ErrGone
	}
	return nil
}

func (p *playedControl) SetPriority(_ context.Context, _, _ string, key int) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keys = append(p.keys, key)
	return nil
}

func (p *playedControl) Queue(_ context.Context, name queue.Name) (jobs.Queue, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	q := p.queues[name]
	q.Name, q.ByPriority = name, map[int32]int64{}
	return q, nil
}

func (p *playedControl) SetLimit(_ context.Context, name queue.Name, l jobs.Limit) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	q := p.queues[name]
	if l.PerOrg {
		q.OrgRate = l.Rate
	} else {
		q.Rate, q.Paused = l.Rate, l.Rate != nil && *l.Rate == 0
	}
	at := time.Now().UTC()
	q.Reason, q.ChangedBy, q.ChangedAt = l.Reason, "user:"+l.By.String(), &at
	p.queues[name] = q
	return nil
}

func (p *playedControl) Workers(context.Context) ([]jobs.Worker, error) {
	return []jobs.Worker{{ID: "w", Queue: "batch"}}, nil
}

func (p *playedControl) Schedules(context.Context) ([]jobs.Schedule, error) {
	return []jobs.Schedule{{ID: "purge-trashed-files", Next: []time.Time{}}}, nil
}

func (p *playedControl) PauseSchedule(_ context.Context, id string, _ bool, _ string) error {
	if id != "purge-trashed-files" {
		return jobs.ErrNoSchedule
	}
	return nil
}

func (p *playedControl) RunSchedule(ctx context.Context, id string) error {
	if err := p.PauseSchedule(ctx, id, false, ""); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ran = append(p.ran, id)
	return nil
}

// job makes a row of a person's organization.
func (b *testBundle) job(p *person, kind string) uuid.UUID {
	id := tenancy.NewID()
	require.NoError(b.t, operations.Insert(context.Background(), b.db.Single(p.org), operations.Operation{ID: id, Kind: kind, WorkflowID: "w/" + id.String(), CreatedBy: &p.id}))
	return id
}

// endJob has it fail.
func (b *testBundle) endJob(p *person, id uuid.UUID) {
	require.NoError(b.t, operations.End(context.Background(), b.db.Single(p.org), id, operations.Failed, nil, nil, &operations.Failure{Code: "rescan_failed"}))
}

func jobAt(id uuid.UUID, more string) string { return jobsPath + "/" + id.String() + more }

// page is a list of jobs.
type jobPage struct {
	Items []struct {
		ID           uuid.UUID
		State        string
		Organization uuid.UUID `json:"organization_id"`
	}
	NextCursor string `json:"next_cursor"`
}

func (a answer) text() string { return string(a.body) }

func (a answer) jobs(t testing.TB) jobPage {
	t.Helper()
	var p jobPage
	require.NoError(t, json.Unmarshal(a.body, &p))
	return p
}

// TestJobsOfPeople: a teacher sees and changes their own, an owner all, an auditor reads
// all and changes none, and no one those of another organization.
func TestJobsOfPeople(t *testing.T) {
	t.Parallel()
	b := setup(t)
	org := b.organization()
	owner, teacher, auditor := b.person(org, tenancy.Owner), b.person(org, tenancy.Teacher), b.person(org, tenancy.Auditor)
	other := b.person(b.organization(), tenancy.Owner)
	mine, theirs := b.job(teacher, "rescan_storage"), b.job(owner, "rescan_storage")
	b.job(other, "rescan_storage")

	require.Len(t, owner.call(get, jobsPath, nil).is(200).jobs(t).Items, 2)
	require.Len(t, auditor.call(get, jobsPath, nil).is(200).jobs(t).Items, 2)
	require.Len(t, teacher.call(get, jobsPath+"?requested_by="+owner.id.String(), nil).is(200).jobs(t).Items, 1)
	teacher.call(get, jobAt(mine, ""), nil).is(200)
	teacher.call(get, jobAt(theirs, ""), nil).refused(404, "job_not_found")
	other.call(get, jobAt(mine, ""), nil).refused(404, "job_not_found")
	auditor.call(post, jobAt(mine, "/cancel"), nil).is(403)
	teacher.call(post, jobAt(theirs, "/cancel"), nil).refused(404, "job_not_found")

	first := owner.call(get, jobsPath+"?limit=1", nil).is(200).jobs(t)
	second := owner.call(get, jobsPath+"?limit=1&cursor="+first.NextCursor, nil).is(200).jobs(t)
	require.NotEqual(t, first.Items[0].ID, second.Items[0].ID)
	require.Empty(t, second.NextCursor)
	for query, code := range map[string]string{"kind=x": "invalid_kind", "state=x": "invalid_state", "queue=x": "invalid_queue", "priority=x": "invalid_priority",
		"from=x": "invalid_from", "requested_by=x": "invalid_requested_by", "cursor=x": "invalid_cursor", "limit=0": "invalid_limit"} {
		owner.call(get, jobsPath+"?"+query, nil).refused(400, code)
	}
	owner.call(get, jobsPath+"/counts", nil).is(200)

	teacher.call(patch, jobAt(mine, ""), map[string]string{"priority": "high"}).refused(403, "priority_not_granted")
	owner.call(patch, jobAt(mine, ""), map[string]string{"priority": "high"}).is(200)
	teacher.call(patch, jobAt(mine, ""), map[string]string{"priority": "low"}).is(200)
	require.Equal(t, []int{queue.High, queue.Low}, b.control.keys)
}

// TestCancelAndRetry: what runs is asked to end; what has no workflow ends at once; what
// cannot be run again is as it was.
func TestCancelAndRetry(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	id := b.job(owner, "rescan_storage")
	owner.call(post, jobAt(id, "/retry"), nil).refused(409, "job_not_retryable")
	require.Contains(t, owner.call(post, jobAt(id, "/cancel"), nil).is(200).text(), `"state":"waiting"`)
	require.Equal(t, []string{"w/" + id.String()}, b.control.cancelled)
	b.control.gone = true
	require.Contains(t, owner.call(post, jobAt(id, "/cancel"), nil).is(200).text(), `"state":"cancelled"`)
	require.Contains(t, owner.call(post, jobAt(id, "/cancel"), nil).is(200).text(), `"state":"cancelled"`, "again")
	owner.call(post, jobAt(id, "/retry"), nil).refused(409, "job_history_gone")
	require.Contains(t, owner.call(get, jobAt(id, ""), nil).is(200).text(), `"state":"failed"`)
	b.control.gone = false
	require.Contains(t, owner.call(post, jobAt(id, "/retry"), nil).is(200).text(), `"state":"waiting"`)
	require.Equal(t, id.String()+"/2", b.control.again[1], "each round is one request")
	owner.call(post, jobAt(b.job(owner, "suspend_organization"), "/cancel"), nil).refused(409, "job_not_cancellable")
}

// TestAJobIsFollowed: a reader who waits is told when it ends, and so is one who follows.
func TestAJobIsFollowed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	id := b.job(owner, "rescan_storage")
	followed := make(chan string, 1)
	go func() { followed <- owner.call(get, jobAt(id, "/events"), nil).text() }()
	waited := make(chan string, 1)
	go func() { waited <- owner.call(get, jobAt(id, "?wait=30"), nil).text() }()
	require.NoError(t, operations.End(t.Context(), b.db.Single(owner.org), id, operations.Succeeded, nil, nil, nil))
	require.Contains(t, <-waited, `"state":"succeeded"`)
	text := <-followed
	require.True(t, strings.HasPrefix(text, "event: job\ndata: {"), text)
	require.Contains(t, text, `"state":"succeeded"`)
}

// TestOperatorsWatchOverAll: the jobs of all organizations, their queues and schedules,
// and one thing done to many.
func TestOperatorsWatchOverAll(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner, other := b.person(b.organization(), tenancy.Owner), b.person(b.organization(), tenancy.Owner)
	operator := b.person(tenancy.Platform, tenancy.Operator)
	ids := []uuid.UUID{b.job(owner, "rescan_storage"), b.job(other, "rescan_storage"), b.job(other, "suspend_organization")}
	owner.call(get, adminPath+"/jobs", nil).is(403)
	require.Len(t, operator.call(get, adminPath+"/jobs", nil).is(200).jobs(t).Items, 3)
	one := operator.call(get, adminPath+"/jobs?organization_id="+owner.org.String(), nil).is(200).jobs(t)
	require.Len(t, one.Items, 1)
	require.Equal(t, owner.org.UUID(), one.Items[0].Organization)
	operator.call(get, jobAt(ids[0], "?organization_id="+owner.org.String()), nil).is(200)
	operator.call(get, adminPath+"/jobs/counts", nil).is(200)
	require.NoError(t, operations.End(t.Context(), b.db.Single(owner.org), ids[0], operations.Failed, nil, nil, &operations.Failure{Code: "rescan_failed"}))
	require.Contains(t, operator.call(get, adminPath+"/jobs/failures", nil).is(200).text(), `"reason_code":"rescan_failed"`)

	bulk := map[string]any{"action": "cancel", "filter": map[string]any{}}
	operator.call(post, adminPath+"/jobs/bulk", bulk).refused(400, "invalid_filter")
	bulk["filter"] = map[string]any{"state": "waiting"}
	bulk["expected_count"] = 1
	operator.call(post, adminPath+"/jobs/bulk", bulk).refused(409, "count_changed")
	bulk["expected_count"], bulk["dry_run"] = 2, true
	would := operator.call(post, adminPath+"/jobs/bulk", bulk).is(200).text()
	require.Equal(t, 1, strings.Count(would, `"result":"would"`))
	require.Equal(t, 1, strings.Count(would, `"code":"job_not_cancellable"`), "what is refused afterwards is refused now")
	require.Empty(t, b.control.cancelled)
	bulk["dry_run"] = false
	done := operator.call(post, adminPath+"/jobs/bulk", bulk).is(200).text()
	require.Equal(t, 1, strings.Count(done, `"result":"ok"`))
	require.Equal(t, 1, strings.Count(done, `"code":"job_not_cancellable"`))

	operator.call(patch, adminPath+"/queues/batch", map[string]any{"paused": true}).refused(400, "invalid_reason")
	operator.call(patch, adminPath+"/queues/interactive", map[string]any{"paused": true, "reason": "r"}).refused(409, "queue_not_pausable")
	operator.call(patch, adminPath+"/queues/none", map[string]any{"paused": true, "reason": "r"}).refused(404, "queue_not_found")
	operator.call(patch, adminPath+"/queues/batch", map[string]any{"rate": 0, "reason": "r"}).refused(400, "invalid_rate")
	paused := operator.call(patch, adminPath+"/queues/batch", map[string]any{"paused": true, "reason": "the store is moved"}).is(200).text()
	require.Contains(t, paused, `"paused":true`)
	require.Contains(t, paused, "user:"+operator.id.String())
	require.Len(t, operator.call(get, adminPath+"/jobs?state=paused", nil).is(200).jobs(t).Items, 2)
	require.Contains(t, operator.call(get, adminPath+"/queues", nil).is(200).text(), "the store is moved")
	operator.call(patch, adminPath+"/queues/batch", map[string]any{"paused": false, "reason": "moved"}).is(200)
	require.Empty(t, operator.call(get, adminPath+"/jobs?state=paused", nil).is(200).jobs(t).Items)
	operator.call(get, adminPath+"/workers", nil).is(200)
	operator.call(get, adminPath+"/purges?state=none", nil).refused(400, "invalid_state")
	_, err := b.db.Single(other.org).Exec(t.Context(), "insert into edge_purges (organization_id, key, state) values (app.org(), 'f-' || gen_random_uuid(), 'given_up')")
	require.NoError(t, err)
	require.Contains(t, operator.call(get, adminPath+"/purges", nil).is(200).text(), other.org.String())
	require.NotContains(t, operator.call(get, adminPath+"/purges?state=waiting", nil).is(200).text(), other.org.String())
	operator.call(post, adminPath+"/purges/replay", map[string]any{"organization_id": other.org}).is(200)
	require.Contains(t, operator.call(get, adminPath+"/purges?state=waiting", nil).is(200).text(), other.org.String())
	operator.call(get, adminPath+"/schedules", nil).is(200)
	operator.call(post, adminPath+"/schedules/none/run", nil).refused(404, "schedule_not_found")
	operator.call(post, adminPath+"/schedules/purge-trashed-files/run", nil).is(http.StatusNoContent)
	operator.call(patch, adminPath+"/schedules/purge-trashed-files", map[string]any{"paused": true, "reason": "r"}).is(http.StatusNoContent)
}
