// Package compliance answers for the compliance report of an organization.
package compliance

import (
	"bytes"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/api/request"
	"satchel/policies/compliance"
	"satchel/tenancy"
)

// Compliance answers for it.
type Compliance struct {
	All *tenancy.DB // of the organization: a check counts all rows, no matter who may read each
	Now func() time.Time
}

// CheckView is a rule and how far the organization meets it.
type CheckView struct {
	ID       string                `json:"id"`
	Law      compliance.Law        `json:"law"`
	Rule     string                `json:"rule"`
	Asks     string                `json:"asks"`
	Kind     compliance.Kind       `json:"kind"`
	State    compliance.State      `json:"state"`
	Reason   string                `json:"reason"`
	Evidence []compliance.Evidence `json:"evidence"`
	API      string                `json:"api"`
	Page     string                `json:"page"`
	Proof    []compliance.Proof    `json:"proof"`
}

// View is a report.
type View struct {
	Organization uuid.UUID   `json:"organization_id"`
	Name         string      `json:"organization"`
	AsOf         time.Time   `json:"as_of"`
	COPPA        bool        `json:"coppa_compliant"`
	FERPA        bool        `json:"ferpa_compliant"`
	Checks       []CheckView `json:"checks"`
}

func show(r *compliance.Report) View {
	v := View{Organization: r.Org.UUID(), Name: r.Name, AsOf: r.AsOf, COPPA: r.Compliant(compliance.COPPA), FERPA: r.Compliant(compliance.FERPA), Checks: make([]CheckView, len(r.Checks))}
	below := "/api/v1/organizations/" + r.Org.String()
	for i, c := range r.Checks {
		v.Checks[i] = CheckView{
			ID: c.ID, Law: c.Law, Rule: c.Section, Asks: c.Asks, Kind: c.Kind, State: c.State, Reason: c.Reason, Evidence: c.Evidence,
			API: below + c.API, Page: c.Page, Proof: c.Proof,
		}
	}
	return v
}

// Report checks every rule now, as JSON or as PDF.
func (r *Compliance) Report(c *gin.Context) error {
	format := c.DefaultQuery("format", "json")
	if format != "json" && format != "pdf" {
		return request.Invalid("format", "format is json or pdf.")
	}
	report, err := compliance.Make(c.Request.Context(), r.All, request.Caller(c).Org, r.Now())
	if err != nil {
		return err
	}
	if format == "json" {
		c.JSON(http.StatusOK, show(report))
		return nil
	}
	var file bytes.Buffer // whole: an error in its middle must not look like a report
	if err := report.WritePDF(&file); err != nil {
		return err
	}
	c.Header("Content-Disposition", `attachment; filename="compliance-report-`+report.AsOf.Format(time.DateOnly)+`.pdf"`)
	c.Data(http.StatusOK, "application/pdf", file.Bytes())
	return nil
}
