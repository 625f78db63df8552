package client

import (
	"context"
	"io"
	"net/http"
	"time"
)

// ComplianceReport is which rules of COPPA and FERPA an organization meets.
type ComplianceReport struct {
	Organization   string            `json:"organization"`
	AsOf           time.Time         `json:"as_of"`
	COPPACompliant bool              `json:"coppa_compliant"`
	FERPACompliant bool              `json:"ferpa_compliant"`
	Checks         []ComplianceCheck `json:"checks"`
}

// ComplianceCheck is a rule and how far it is met: not_met, needs_attention, met or does_not_apply.
type ComplianceCheck struct {
	ID       string               `json:"id"`
	Law      string               `json:"law"`
	Rule     string               `json:"rule"`
	Asks     string               `json:"asks"`
	Kind     string               `json:"kind"`
	State    string               `json:"state"`
	Reason   string               `json:"reason"`
	Evidence []ComplianceEvidence `json:"evidence"`
	API      string               `json:"api"`
	Page     string               `json:"page"`
	Proof    []ComplianceProof    `json:"proof"`
}

// ComplianceEvidence is a count of rows; 10000 is that many or more.
type ComplianceEvidence struct {
	Name  string `json:"name"`
	Count int64  `json:"count"`
}

// ComplianceProof names a test of the source.
type ComplianceProof struct {
	Package string `json:"package"`
	Test    string `json:"test"`
}

const complianceReport = "/api/v1/compliance-report"

// ComplianceReport checks every rule now.
func (c *Client) ComplianceReport(ctx context.Context) (r ComplianceReport, err error) {
	return r, c.Call(ctx, http.MethodGet, complianceReport, nil, &r)
}

// ComplianceReportPDF writes the same as a PDF.
func (c *Client) ComplianceReportPDF(ctx context.Context, w io.Writer) (int64, error) {
	return c.DownloadRendition(ctx, complianceReport+"?format=pdf", 0, w)
}

// DataInventory is what is kept of people, where, what for and for how long.
type DataInventory struct {
	AsOf   time.Time `json:"as_of"`
	Tables []struct {
		Table    string `json:"table"`
		Category string `json:"category"`
		Purpose  string `json:"purpose"`
		Kept     string `json:"kept"`
		Columns  []struct {
			Name     string `json:"name"`
			Type     string `json:"type"`
			PersonID bool   `json:"person_id"`
		} `json:"columns"`
	} `json:"tables"`
	Stores []struct {
		Name  string `json:"name"`
		Holds string `json:"holds"`
		Kept  string `json:"kept"`
	} `json:"stores"`
	Retention []RetentionRule `json:"retention"`
	ExhibitB  []struct {
		Category  string   `json:"category"`
		Element   string   `json:"element"`
		Collected bool     `json:"collected"`
		Tables    []string `json:"tables"`
		Note      string   `json:"note"`
	} `json:"ndpa_exhibit_b"`
}

// DataInventory reads it, of the running database.
func (c *Client) DataInventory(ctx context.Context) (v DataInventory, err error) {
	return v, c.Call(ctx, http.MethodGet, "/api/v1/data-inventory", nil, &v)
}
