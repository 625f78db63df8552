package scan

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/google/uuid"

	"satchel/files"
	"satchel/policies/types"
	"satchel/policies/verdict"
	"satchel/tenancy"
)

// RescanVersionsInput names where in the organization's versions to go on.
type RescanVersionsInput struct {
	Org   tenancy.OrgID
	After uuid.UUID
}

// RescanVersionsResult is what one stretch of the re-scan found.
type RescanVersionsResult struct {
	Last        uuid.UUID // zero: the end is reached
	Scanned     int64
	Infected    []Infection
	Unscannable []uuid.UUID // clean when they were published; someone must look
	Damaged     []uuid.UUID // the stored bytes are not the published ones
}

// Infection is a published version in which something was found.
type Infection struct {
	Version                     uuid.UUID
	Signature, Engine, Database string
}

// stretch is how many versions one attempt looks at: few enough to be repeated
// when the scanner goes away in between.
const stretch = 16

// RescanVersions scans the next published versions again. It changes nothing:
// the workflow acts on what was found. A scanner that is away is an error here,
// never a verdict about files that were clean.
func (a *Activities) RescanVersions(ctx context.Context, in RescanVersionsInput) (RescanVersionsResult, error) {
	q := a.db.Single(in.Org)
	rows, err := files.ListVersions(ctx, q, in.After, stretch)
	if err != nil {
		return RescanVersionsResult{}, fmt.Errorf("list versions: %w", err)
	}
	p := startHeartbeat(ctx)
	defer p.stop()
	var result RescanVersionsResult
	for _, row := range rows {
		result.Last = row.ID
		if row.Status != files.Published {
			continue
		}
		if err := a.rescanOne(ctx, q, row.ID, p, &result); err != nil {
			return RescanVersionsResult{}, err
		}
	}
	if len(rows) < stretch {
		result.Last = uuid.Nil
	}
	return result, nil
}

func (a *Activities) rescanOne(ctx context.Context, q tenancy.Queries, version uuid.UUID, p *heartbeat, result *RescanVersionsResult) error {
	v, err := files.GetVersion(ctx, q, version)
	if err != nil || v.Status != files.Published {
		return err
	}
	o := object{key: files.ContentKey(v.OrganizationID, v.ID), etag: v.ObjectEtag, sha256: v.Sha256, size: v.Size, macros: hasMacros(v.MimeType)}
	if o.archive, err = a.isZip(ctx, o, v.MimeType); err != nil {
		return err
	}
	found, err := a.scan(ctx, a.published, o, p, differs)
	switch {
	case errors.Is(err, ErrBytesDiffer):
		result.Damaged = append(result.Damaged, version)
	case err != nil:
		return err
	case found.Verdict == verdict.Infected:
		result.Infected = append(result.Infected, Infection{version, found.Signature, found.Engine, found.Database})
	case found.Verdict != verdict.Clean:
		result.Unscannable = append(result.Unscannable, version)
	}
	result.Scanned++
	return nil
}

// isZip says whether the members of a published object are scanned one by one. Where
// its kind does not tell, its first bytes do, as they did at the inspection.
func (a *Activities) isZip(ctx context.Context, o object, mediaType string) (bool, error) {
	if !types.HidesContainer(mediaType) || o.size == 0 {
		kind, _ := types.ByMediaType(mediaType)
		return kind.Container == types.Zip && o.size > 0, nil
	}
	head := make([]byte, min(o.size, types.HeadSize))
	body, err := a.published.Open(ctx, o.key, o.etag, 0, int64(len(head)))
	if err != nil {
		return false, fmt.Errorf("open the first bytes: %w", err)
	}
	defer func() { _ = body.Close() }()
	if _, err := io.ReadFull(body, head); err != nil {
		return false, fmt.Errorf("read the first bytes: %w", err)
	}
	return types.ContainerOf(head) == types.Zip, nil
}

// differs is a finding about one file and must not end the whole stretch.
func differs(err error) error { return ErrBytesDiffer.Because(err) }
