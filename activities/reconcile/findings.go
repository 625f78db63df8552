package reconcile

import (
	"slices"

	"github.com/google/uuid"

	"satchel/tenancy"
)

// Stage is a part of the check of an organization.
type Stage string

// The stages, in the order in which a check goes through them. They are kept in
// rows: one that is renamed sends a pass that stopped there back to its beginning.
const (
	StageQuota      Stage = "quota"
	StageClean      Stage = "clean" // rows against the listing of the clean bucket
	StageQuarantine Stage = "quarantine"
	StageStaging    Stage = "staging"
	StageMultipart  Stage = "multipart"
	StageExports    Stage = "exports"
	StageKeys       Stage = "keys" // data keys against rows and objects
)

// The stages of a check after a restore, which come before all others.
const (
	StageRestoredErasures Stage = "restored_erasures" // what was erased since; before anything else is tied to its bytes
	StageRestoredVersions Stage = "restored_versions" // rows against the copies of the buckets
	StageRestoredRest     Stage = "restored_rest"     // the audit log, keys of requests, the cache
)

// RestoredStages lists them in order.
var RestoredStages = []Stage{StageRestoredErasures, StageRestoredVersions, StageRestoredRest}

// Stages lists every stage in order.
var Stages = []Stage{StageQuota, StageClean, StageQuarantine, StageStaging, StageMultipart, StageExports, StageKeys}

// stageIndex is where a stage is in an order; the first for one that is not known.
func stageIndex(all []Stage, s Stage) int { return max(0, slices.Index(all, s)) }

// Kind is one way in which rows, objects and workflows can disagree.
type Kind string

// The kinds.
const (
	ContentMissing   Kind = "content_missing" // published, and nothing to download
	ContentSize      Kind = "content_size"    // published, and another number of bytes
	ContentDiffers   Kind = "content_differs" // published, and other bytes, or another ETag than the one that downloads ask for
	Unscanned        Kind = "unscanned"       // published without a clean verdict for these bytes
	OrphanClean      Kind = "orphan_clean"    // readable bytes of no published version
	OrphanQuarantine Kind = "orphan_quarantine"
	OrphanStaged     Kind = "orphan_staging"
	OrphanParts      Kind = "orphan_multipart"
	OrphanExport     Kind = "orphan_export"     // a copy of everything that cannot be downloaded
	OrphanKey        Kind = "orphan_key"        // a data key of no version and no object
	UncleanedVersion Kind = "uncleaned_version" // ended, and what it left was not removed
	Stuck            Kind = "stuck_version"     // in process without a running workflow
	QuotaUsed        Kind = "quota_used"
	QuotaReserved    Kind = "quota_reserved"

	// Of a check after a restore.

	Adopted      Kind = "restored_content"    // the object was copied back, and has another ETag
	AdoptedAgain Kind = "restored_staging"    // what arrived was taken back from where it had been moved
	Picture      Kind = "restored_picture"    // a preview has another ETag, or is gone
	LostUpload   Kind = "restore_upload"      // its parts are gone: ended, and to be sent again
	LostArrived  Kind = "restore_lost_upload" // arrived, and its bytes are gone: ended, and to be sent again
	LostContent  Kind = "restore_lost"        // published, and its bytes are gone: locked away
	Found        Kind = "restore_found"       // was one of the two above after an earlier check, and its bytes are there
	KeyMissing   Kind = "restore_key"         // encrypted, and its data key is not in the key store, or does not open: nothing was done
	ErasedAgain  Kind = "restore_erased"      // was erased after the moment of the restore: erased again
	ErasedHeld   Kind = "restore_erased_held" // the same, and a hold of that moment covers it: its keys are destroyed, its rows stay
	AuditFork    Kind = "restore_audit"       // events of the audit log are lost of which signed checkpoints speak
)

// Kinds lists every kind, for code that counts in a fixed order.
var Kinds = []Kind{ContentMissing, ContentSize, ContentDiffers, Unscanned, OrphanClean, OrphanQuarantine, OrphanStaged, OrphanParts, OrphanExport, OrphanKey,
	UncleanedVersion, Stuck, QuotaUsed, QuotaReserved, Adopted, AdoptedAgain, Picture, LostUpload, LostArrived, LostContent, Found, KeyMissing, ErasedAgain, ErasedHeld, AuditFork}

// Finding is one disagreement. Ids only: the report is kept.
type Finding struct {
	Kind     Kind          `json:"kind"`
	Org      tenancy.OrgID `json:"organization_id"`
	Version  uuid.UUID     `json:"version_id,omitzero"`
	Repaired bool          `json:"repaired"`
}
