package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Report is figures of an organization or a class, which become a file.
type Report struct {
	ID        string     `json:"id"`
	Kind      string     `json:"kind"`
	Format    string     `json:"format"`
	Place     string     `json:"place"`
	From      string     `json:"from"`
	To        string     `json:"to"`
	State     string     `json:"state"`
	Code      string     `json:"code"`
	FileID    string     `json:"file_id"`
	VersionID string     `json:"version_id"`
	Rows      int64      `json:"rows"`
	AsOf      *time.Time `json:"as_of"`
	TimeZone  string     `json:"time_zone"`
	Threshold int        `json:"threshold"`
	CreatedAt time.Time  `json:"created_at"`
}

// NewReport is what is asked for.
type NewReport struct {
	Kind   string `json:"kind"`
	Format string `json:"format,omitempty"`
	Place  string `json:"place,omitempty"`
	Class  string `json:"class_id,omitempty"`
	From   string `json:"from,omitempty"`
	To     string `json:"to,omitempty"`
}

// ReportSchedule is a report that comes by itself.
type ReportSchedule struct {
	ID         string     `json:"id"`
	Kind       string     `json:"kind"`
	Format     string     `json:"format"`
	Place      string     `json:"place"`
	Every      string     `json:"every"`
	Weekday    int        `json:"weekday"`
	At         string     `json:"at"`
	Active     bool       `json:"active"`
	NextAt     *time.Time `json:"next_at"`
	LastReport string     `json:"last_report_id"`
}

// NewReportSchedule is what is to come by itself.
type NewReportSchedule struct {
	Kind    string `json:"kind"`
	Format  string `json:"format,omitempty"`
	Place   string `json:"place,omitempty"`
	Class   string `json:"class_id,omitempty"`
	Every   string `json:"every,omitempty"`
	Weekday int    `json:"weekday,omitempty"`
	At      string `json:"at,omitempty"`
}

const (
	reportsPath         = "/api/v1/reports"
	reportSchedulesPath = "/api/v1/report-schedules"
)

// RequestReport asks for a report.
func (c *Client) RequestReport(ctx context.Context, n NewReport) (r Report, err error) {
	return r, c.Call(ctx, http.MethodPost, reportsPath, n, &r)
}

// Report shows one, once it has ended or so many seconds are over.
func (c *Client) Report(ctx context.Context, id string, wait int) (r Report, err error) {
	return r, c.Call(ctx, http.MethodGet, reportsPath+"/"+url.PathEscape(id)+"?wait="+strconv.Itoa(wait), nil, &r)
}

// Reports lists the newest ones of the caller.
func (c *Client) Reports(ctx context.Context) ([]Report, error) {
	var page struct {
		Items []Report `json:"items"`
	}
	err := c.Call(ctx, http.MethodGet, reportsPath, nil, &page)
	return page.Items, err
}

// ScheduleReport lets a report come by itself.
func (c *Client) ScheduleReport(ctx context.Context, n NewReportSchedule) (s ReportSchedule, err error) {
	return s, c.Call(ctx, http.MethodPost, reportSchedulesPath, n, &s)
}

// ReportSchedules lists those of the caller.
func (c *Client) ReportSchedules(ctx context.Context) ([]ReportSchedule, error) {
	var page struct {
		Items []ReportSchedule `json:"items"`
	}
	err := c.Call(ctx, http.MethodGet, reportSchedulesPath, nil, &page)
	return page.Items, err
}

// UnscheduleReport lets it come no more.
func (c *Client) UnscheduleReport(ctx context.Context, id string) error {
	return c.Call(ctx, http.MethodDelete, reportSchedulesPath+"/"+url.PathEscape(id), nil, nil)
}
