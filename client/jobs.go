package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Job is work that takes longer than a request.
type Job struct {
	ID           string `json:"id"`
	Organization string `json:"organization_id,omitempty"`
	Kind         string `json:"kind"`
	Name         string `json:"name"`
	Queue        string `json:"queue"`
	Priority     string `json:"priority"`
	State        string `json:"state"`
	Attempts     int    `json:"attempts"`
	Rounds       int    `json:"rounds"`
	Progress     struct {
		Done  int64 `json:"done"`
		Total int64 `json:"total"`
	} `json:"progress"`
	NextTryAt   *time.Time  `json:"next_try_at"`
	ReasonClass string      `json:"reason_class"`
	ReasonCode  string      `json:"reason_code"`
	CreatedAt   time.Time   `json:"created_at"`
	StartedAt   *time.Time  `json:"started_at"`
	EndedAt     *time.Time  `json:"ended_at"`
	Timeline    []JobMoment `json:"timeline,omitempty"`
}

// JobMoment is a line of what happened to a job.
type JobMoment struct {
	At      time.Time `json:"at"`
	State   string    `json:"state"`
	Attempt int       `json:"attempt"`
	Code    string    `json:"code"`
}

// Ended says whether nothing more happens to the job by itself.
func (j Job) Ended() bool { return j.EndedAt != nil }

// JobFilter narrows a list of jobs.
type JobFilter struct {
	Kind, State, Queue, Priority string
	All                          bool   // of all organizations, for operators
	Organization                 string // of this one, for operators
	Limit                        int
}

// Jobs lists the newest jobs.
func (c *Client) Jobs(ctx context.Context, f JobFilter) ([]Job, error) {
	q := url.Values{}
	for name, value := range map[string]string{"kind": f.Kind, "state": f.State, "queue": f.Queue, "priority": f.Priority, "organization_id": f.Organization} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if f.Limit > 0 {
		q.Set("limit", strconv.Itoa(f.Limit))
	}
	path := "/api/v1/jobs"
	if f.All || f.Organization != "" {
		path = "/api/v1/admin/jobs"
	}
	var page struct {
		Items []Job `json:"items"`
	}
	err := c.Call(ctx, http.MethodGet, path+"?"+q.Encode(), nil, &page)
	return page.Items, err
}

// Job shows a job, once it has ended or so many seconds are over. Operators name another
// organization.
func (c *Client) Job(ctx context.Context, org, id string, wait int) (Job, error) {
	q := url.Values{"wait": {strconv.Itoa(wait)}}
	if org != "" {
		q.Set("organization_id", org)
	}
	var j Job
	return j, c.Call(ctx, http.MethodGet, "/api/v1/jobs/"+url.PathEscape(id)+"?"+q.Encode(), nil, &j)
}

// ChangeJob cancels a job, or runs it again: what is cancel or retry.
func (c *Client) ChangeJob(ctx context.Context, org, id, what string) (Job, error) {
	path := "/api/v1/jobs/" + url.PathEscape(id) + "/" + what
	if org != "" {
		path += "?organization_id=" + url.QueryEscape(org)
	}
	var j Job
	return j, c.Call(ctx, http.MethodPost, path, nil, &j)
}

// Queue is where steps of jobs wait for a worker.
type Queue struct {
	Name       string   `json:"name"`
	Backlog    int64    `json:"backlog"`
	AgeSeconds float64  `json:"age_seconds"`
	StartRate  float64  `json:"start_rate"`
	Workers    int      `json:"workers"`
	Paused     bool     `json:"paused"`
	Rate       *float64 `json:"rate"`
	OrgRate    *float64 `json:"rate_per_organization"`
	Reason     string   `json:"reason"`
	ChangedBy  string   `json:"changed_by"`
}

// QueueChange is what an operator changes of a queue, and why.
type QueueChange struct {
	Paused  *bool    `json:"paused,omitempty"`
	Rate    *float64 `json:"rate,omitempty"`
	OrgRate *float64 `json:"rate_per_organization,omitempty"`
	Reason  string   `json:"reason"`
}

// Queues shows every queue.
func (c *Client) Queues(ctx context.Context) ([]Queue, error) {
	var list struct {
		Queues []Queue `json:"queues"`
	}
	err := c.Call(ctx, http.MethodGet, "/api/v1/admin/queues", nil, &list)
	return list.Queues, err
}

// ChangeQueue pauses a queue, lets it go on or limits it.
func (c *Client) ChangeQueue(ctx context.Context, name string, change QueueChange) (Queue, error) {
	var q Queue
	return q, c.Call(ctx, http.MethodPatch, "/api/v1/admin/queues/"+url.PathEscape(name), change, &q)
}
