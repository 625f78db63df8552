package export

import (
	"archive/zip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"satchel/activities/export/exportdb"
	"satchel/files"
	"satchel/policies/audit"
	"satchel/tenancy"
)

// Format names what the archives hold and how; docs/export.md tells of it.
const Format = "satchel-export/1"

// table is rows of the organization, a line of JSON each, in the order of a key.
type table struct {
	entry, first string // first is before every key
	page         pager
}

// pager reads at most most rows behind a key.
type pager func(ctx context.Context, q *exportdb.Queries, after string, most int64) ([]exportdb.FilePageRow, error)

// pages makes a pager of one of the generated queries, whose types differ by
// name alone.
func pages[P ~struct {
	After string
	Most  int64
}, R ~struct {
	Key  string
	Data []byte
}](read func(*exportdb.Queries, context.Context, P) ([]R, error)) pager {
	return func(ctx context.Context, q *exportdb.Queries, after string, most int64) ([]exportdb.FilePageRow, error) {
		rows, err := read(q, ctx, P{After: after, Most: most})
		page := make([]exportdb.FilePageRow, len(rows))
		for i, r := range rows {
			page[i] = exportdb.FilePageRow(r)
		}
		return page, err
	}
}

const (
	firstID   = "00000000-0000-0000-0000-000000000000"
	firstPair = firstID + "/" + firstID
	firstDay  = "0001-01-01"
)

var tables = []table{
	{"members.ndjson", firstID, pages((*exportdb.Queries).MemberPage)},
	{"people.ndjson", firstID, pages((*exportdb.Queries).PersonPage)},
	{"login-rules.ndjson", firstID, pages((*exportdb.Queries).LoginRulePage)},
	{"invitations.ndjson", firstID, pages((*exportdb.Queries).InvitationPage)},
	{"guardians.ndjson", firstPair, pages((*exportdb.Queries).GuardianPage)},
	{"keys.ndjson", firstID, pages((*exportdb.Queries).KeyPage)},
	{"roster-sources.ndjson", firstID, pages((*exportdb.Queries).SourcePage)},
	{"schools.ndjson", firstID, pages((*exportdb.Queries).SchoolPage)},
	{"terms.ndjson", firstID, pages((*exportdb.Queries).TermPage)},
	{"classes.ndjson", firstID, pages((*exportdb.Queries).ClassPage)},
	{"spaces.ndjson", firstID, pages((*exportdb.Queries).SpacePage)},
	{"folders.ndjson", firstID, pages((*exportdb.Queries).FolderPage)},
	{"files.ndjson", firstID, pages((*exportdb.Queries).FilePage)},
	{"shares.ndjson", firstID, pages((*exportdb.Queries).SharePage)},
	{"disclosure-rules.ndjson", "", pages((*exportdb.Queries).DisclosureRulePage)},
	{"records.ndjson", firstID, pages((*exportdb.Queries).RecordPage)},
	{"disclosures.ndjson", firstID, pages((*exportdb.Queries).DisclosurePage)},
	{"disclosure-consents.ndjson", firstID, pages((*exportdb.Queries).DisclosureConsentPage)},
	{"amendments.ndjson", firstID, pages((*exportdb.Queries).AmendmentPage)},
	{"directory-opt-outs.ndjson", firstPair, pages((*exportdb.Queries).OptOutPage)},
	{"usage.ndjson", firstDay, pages((*exportdb.Queries).UsagePage)},
}

// writeRows writes everything that is no file. Each page is read by itself: a
// transaction that saw all of it at one moment would be open for as long as the
// store takes.
func writeRows(ctx context.Context, q tenancy.Queries, z *archive) error {
	if err := writeOrganization(ctx, q, z); err != nil {
		return err
	}
	for _, t := range tables {
		err := z.addLines(t.entry, func(write func(any) error) error { return t.each(ctx, q, write) })
		if err != nil {
			return err
		}
	}
	return z.addLines("audit.ndjson", func(write func(any) error) error {
		return audit.EachEvent(ctx, q, 0, func(l audit.Line) error { return write(l) })
	})
}

const rowsPage = 500

func (t table) each(ctx context.Context, q tenancy.Queries, write func(any) error) error {
	after := t.first
	for {
		page, err := t.page(ctx, exportdb.New(q), after, rowsPage)
		if err != nil {
			return fmt.Errorf("read rows: %w", err)
		}
		for _, r := range page {
			if err := write(json.RawMessage(r.Data)); err != nil {
				return err
			}
			after = r.Key
		}
		if len(page) < rowsPage {
			return nil
		}
	}
}

// writeOrganization writes what there is once: the organization, its limits and
// its policies.
func writeOrganization(ctx context.Context, q tenancy.Queries, z *archive) error {
	o, err := tenancy.GetOrganization(ctx, q)
	if err != nil {
		return err
	}
	tier, err := tenancy.GetTier(ctx, q)
	if err != nil {
		return err
	}
	quota, err := files.GetQuota(ctx, q)
	if err != nil {
		return err
	}
	policies, err := tenancy.GetPolicies(ctx, q)
	if err != nil {
		return err
	}
	about := map[string]any{"format": Format, "exported_at": time.Now().UTC(), "organization": o, "tier": tier, "quota": map[string]int64{
		"max_bytes": quota.MaxBytes, "max_file_size": quota.MaxFileSize, "used_bytes": quota.UsedBytes, "reserved_bytes": quota.ReservedBytes,
	}}
	if err := z.addJSON("organization.json", about); err != nil {
		return err
	}
	return z.addJSON("policies.json", policies)
}

func (z *archive) addJSON(name string, what any) error {
	_, err := z.add(name, zip.Deflate, time.Now(), func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(what)
	})
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}
