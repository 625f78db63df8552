package client

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// NewComplianceDuty is that a duty of the security program, or a notice of the year, was done.
type NewComplianceDuty struct {
	Kind        string     `json:"kind"`
	Responsible string     `json:"responsible_id"`
	Note        string     `json:"note"`
	DoneAt      time.Time  `json:"done_at"`
	DueAt       *time.Time `json:"due_at,omitempty"` // nil: a year later
}

// ComplianceDuty is such a record.
type ComplianceDuty struct {
	ID string `json:"id"`
	NewComplianceDuty
	RecordedBy string    `json:"recorded_by"`
	CreatedAt  time.Time `json:"created_at"`
}

// NewIncident describes an incident. Jurisdictions are those whose clocks run.
type NewIncident struct {
	Title         string     `json:"title"`
	Description   string     `json:"description"`
	DiscoveredAt  time.Time  `json:"discovered_at"`
	ConfirmedAt   *time.Time `json:"confirmed_at,omitempty"`
	Jurisdictions []string   `json:"jurisdictions,omitempty"`
	OwnHours      *int       `json:"own_hours,omitempty"` // nil: as the organization says, or 72
}

// Incident is one with its clocks.
type Incident struct {
	ID           string     `json:"id"`
	Title        string     `json:"title"`
	Description  string     `json:"description"`
	DiscoveredAt time.Time  `json:"discovered_at"`
	ConfirmedAt  *time.Time `json:"confirmed_at"`
	State        string     `json:"state"`
	Clocks       []struct {
		Clock  string     `json:"clock"`
		DueAt  time.Time  `json:"due_at"`
		Late   bool       `json:"late"`
		ToldAt *time.Time `json:"told_at"`
		Note   string     `json:"note"`
	} `json:"clocks"`
}

// NewDisposition directs to return or destroy data of the organization or of a person.
type NewDisposition struct {
	Kind   string     `json:"kind"`
	Scope  string     `json:"scope"`
	Person *string    `json:"person_id,omitempty"`
	Reason string     `json:"reason"`
	DueAt  *time.Time `json:"due_at,omitempty"` // nil: in 60 days
}

// Disposition is such a directive.
type Disposition struct {
	ID      string    `json:"id"`
	Kind    string    `json:"kind"`
	Scope   string    `json:"scope"`
	Person  *string   `json:"person_id"`
	Reason  string    `json:"reason"`
	DueAt   time.Time `json:"due_at"`
	State   string    `json:"state"`
	Outcome string    `json:"outcome"`
}

func belowOrganization(org, rest string) string {
	return "/api/v1/organizations/" + url.PathEscape(org) + "/" + rest
}

// RecordDuty records that a duty was done.
func (c *Client) RecordDuty(ctx context.Context, org string, n NewComplianceDuty) (d ComplianceDuty, err error) {
	return d, c.Call(ctx, http.MethodPost, belowOrganization(org, "compliance-duties"), n, &d)
}

// Duties lists what was done.
func (c *Client) Duties(ctx context.Context, org string) ([]ComplianceDuty, error) {
	return All[ComplianceDuty](ctx, c, belowOrganization(org, "compliance-duties"), nil)
}

// RecordIncident records an incident and starts its clocks.
func (c *Client) RecordIncident(ctx context.Context, org string, n NewIncident) (i Incident, err error) {
	return i, c.Call(ctx, http.MethodPost, belowOrganization(org, "incidents"), n, &i)
}

// Incidents lists them with their clocks.
func (c *Client) Incidents(ctx context.Context, org string) ([]Incident, error) {
	return All[Incident](ctx, c, belowOrganization(org, "incidents"), nil)
}

// TellOfIncident records that those of a clock were told, and how.
func (c *Client) TellOfIncident(ctx context.Context, org, id, clock, note string) (i Incident, err error) {
	in := map[string]string{"note": note}
	return i, c.Call(ctx, http.MethodPost, belowOrganization(org, "incidents/"+url.PathEscape(id)+"/clocks/"+url.PathEscape(clock)+"/told"), in, &i)
}

// CloseIncident ends one of which everybody was told.
func (c *Client) CloseIncident(ctx context.Context, org, id, closing string) (i Incident, err error) {
	return i, c.Call(ctx, http.MethodPost, belowOrganization(org, "incidents/"+url.PathEscape(id)+"/close"), map[string]string{"closing": closing}, &i)
}

// RecordDisposition records a directive.
func (c *Client) RecordDisposition(ctx context.Context, org string, n NewDisposition) (d Disposition, err error) {
	return d, c.Call(ctx, http.MethodPost, belowOrganization(org, "dispositions"), n, &d)
}

// Dispositions lists directives.
func (c *Client) Dispositions(ctx context.Context, org string) ([]Disposition, error) {
	return All[Disposition](ctx, c, belowOrganization(org, "dispositions"), nil)
}

// EndDisposition records what became of a directive: done or withdrawn.
func (c *Client) EndDisposition(ctx context.Context, org, id, state, outcome string) (d Disposition, err error) {
	in := map[string]string{"state": state, "outcome": outcome}
	return d, c.Call(ctx, http.MethodPost, belowOrganization(org, "dispositions/"+url.PathEscape(id)+"/end"), in, &d)
}
