package reconcile

import (
	"github.com/google/uuid"

	"satchel/tenancy"
)

// Kind is one way in which rows, objects and workflows can disagree.
type Kind string

// The kinds.
const (
	ContentMissing   Kind = "content_missing" // published, and nothing to download
	ContentSize      Kind = "content_size"    // published, and another number of bytes
	ContentDiffers   Kind = "content_differs" // published, and other bytes
	Unscanned        Kind = "unscanned"       // published without a clean verdict for these bytes
	OrphanClean      Kind = "orphan_clean"    // readable bytes of no published version
	OrphanQuarantine Kind = "orphan_quarantine"
	OrphanStaged     Kind = "orphan_staging"
	OrphanParts      Kind = "orphan_multipart"
	OrphanExport     Kind = "orphan_export"     // a copy of everything that no one can download
	UncleanedVersion Kind = "uncleaned_version" // ended, and no one has removed what it left
	Stuck            Kind = "stuck_version"     // in process without a running workflow
	QuotaUsed        Kind = "quota_used"
	QuotaReserved    Kind = "quota_reserved"
)

// Kinds lists every kind, for those who count in a fixed order.
var Kinds = []Kind{ContentMissing, ContentSize, ContentDiffers, Unscanned, OrphanClean, OrphanQuarantine, OrphanStaged, OrphanParts, OrphanExport,
	UncleanedVersion, Stuck, QuotaUsed, QuotaReserved}

// Finding is one disagreement. Ids only: the report is kept.
type Finding struct {
	Kind     Kind          `json:"kind"`
	Org      tenancy.OrgID `json:"organization_id"`
	Version  uuid.UUID     `json:"version_id,omitzero"`
	Repaired bool          `json:"repaired"`
}
