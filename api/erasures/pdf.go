package erasures

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"

	"codeberg.org/go-pdf/fpdf"

	"satchel/tenancy/erasures"
)

// The layout of the page, in millimeters and points.
const (
	margin, line, column = 20.0, 5.5, 45.0
	title, body, small   = 18.0, 10.0, 7.0
)

// render writes a certificate for people. What counts is the signed JSON, which the page names;
// all that a certificate says is ASCII. The same certificate gives the same bytes.
func render(c erasures.Certificate) ([]byte, error) {
	at, err := time.Parse(time.RFC3339, c.CertifiedAt)
	if err != nil {
		return nil, fmt.Errorf("read certificate: %w", err)
	}
	p := fpdf.New("P", "mm", "A4", "")
	p.SetCreationDate(at)
	p.SetModificationDate(at)
	p.SetCatalogSort(true)
	p.SetTitle("Certificate of erasure "+c.ID.String(), false)
	p.SetLang("en")
	p.SetMargins(margin, margin, margin)
	p.SetAutoPageBreak(true, margin)
	p.AddPage()
	p.SetFont("Helvetica", "B", title)
	p.MultiCell(0, 2*line, "Certificate of erasure", "", "L", false)
	p.Ln(line)
	for _, f := range facts(c) {
		p.SetFont("Helvetica", "B", body)
		p.CellFormat(column, line, f[0], "", 0, "L", false, 0, "")
		p.SetFont("Helvetica", "", body)
		p.MultiCell(0, line, f[1], "", "L", false)
	}
	p.Ln(line)
	list := func(heading string, lines []string) {
		if len(lines) == 0 {
			return
		}
		p.SetFont("Helvetica", "B", body)
		p.MultiCell(0, line, heading, "", "L", false)
		p.SetFont("Courier", "", small)
		for _, l := range lines {
			p.MultiCell(0, line-2, l, "", "L", false)
		}
		p.Ln(line)
	}
	var items, kept, derived []string
	for _, i := range c.Items {
		items = append(items, fmt.Sprintf("%s %d %s", i.Version, i.Size, i.Method), "    sha256 "+i.SHA256)
	}
	for _, k := range c.Kept {
		kept = append(kept, k.File.String()+" "+k.Reason)
	}
	for _, d := range c.Derived {
		derived = append(derived, d.File.String()+" from "+d.Source.String())
	}
	list("Versions erased: id, bytes, method (NIST SP 800-88), SHA-256 of the bytes", items)
	list("Files that were not erased, and why", kept)
	list("Documents made from what was erased, which are files of their own: a person decides about them", derived)
	var out bytes.Buffer
	if err := p.Output(&out); err != nil {
		return nil, fmt.Errorf("write PDF: %w", err)
	}
	return out.Bytes(), nil
}

// person says what became of a person's row.
func person(s erasures.PersonState) string {
	if s == "" {
		return "there is none"
	}
	return string(s)
}

// facts are the lines of the page, each with its name.
func facts(c erasures.Certificate) [][2]string {
	by := c.RequestedBy
	if by == "" {
		by = "the platform"
	}
	return [][2]string{
		{"Certificate", c.ID.String()}, {"Organization", c.Organization}, {"Scope", string(c.Scope)}, {"What was erased", c.Target.String()},
		{"Basis", string(c.Basis) + ", " + c.Rule}, {"Requested", c.RequestedAt + " by " + by}, {"Certified", c.CertifiedAt},
		{"Files, versions", strconv.FormatInt(c.Files, 10) + ", " + strconv.FormatInt(c.Versions, 10) + " (" + strconv.FormatInt(c.Bytes, 10) + " bytes)"},
		{"The person's own row", person(c.Person)}, {"Exports removed", strconv.FormatInt(c.Exports, 10)}, {"Listed, nothing left", strings.Join(c.Stores, ", ")}, {"Holds", c.Holds},
		{"Backups of its keys", "gone by " + c.KeysBackup}, {"Audit log", fmt.Sprintf("event %d, %s", c.AuditSeq, c.AuditHash)},
		{"Signature (Ed25519)", c.Signature + ", key " + c.Key},
		{"To verify", "fetch the certificate as JSON, which is what is signed, and run: satchel certificate verify FILE --key PUBLIC_KEY_FILE"},
	}
}
