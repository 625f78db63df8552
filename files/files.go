// Package files is the platform's noun: a file, its versions, the upload that
// brings the bytes, the quota they count against. It knows the rules of their
// states and nothing of HTTP, Temporal or object stores. Calls read package and
// verb: files.Publish(ctx, tx, id).
package files

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"satchel/files/filesdb"
	"satchel/internal/fault"
	"satchel/tenancy"
)

// Status is the status of a file or of one of its versions.
type Status = filesdb.FileStatus

// The states. Uploading and Processing are on their way; Held waits for a
// person; the others are ends.
const (
	Uploading   = filesdb.FileStatusUploading
	Processing  = filesdb.FileStatusProcessing
	Published   = filesdb.FileStatusPublished
	Quarantined = filesdb.FileStatusQuarantined
	Held        = filesdb.FileStatusHeld
	Rejected    = filesdb.FileStatusRejected
	Failed      = filesdb.FileStatusFailed
	Expired     = filesdb.FileStatusExpired
	Deleted     = filesdb.FileStatusDeleted
)

// Statuses lists every state in the order in which a file may meet them.
var Statuses = []Status{Uploading, Processing, Published, Quarantined, Held, Rejected, Failed, Expired, Deleted}

// Final says whether a version in this state will change no more by itself.
func Final(s Status) bool { return s != Uploading && s != Processing }

// What a caller can meet. Another organization's file is NotFound too.
var (
	ErrNotFound     = fault.New(fault.NotFound, "file_not_found", "There is no such file. It may have been deleted for good.")
	ErrNotYours     = fault.New(fault.Denied, "not_yours", "You may read this file and not change it: it is somebody else's, or was handed in. Its owner or the staff of its space may.")
	ErrNameTaken    = fault.New(fault.Conflict, "name_taken", "There is a file of this name in the folder already; case and accents written another way do not make it another. Choose another name, send on_conflict=rename to keep both, or send a new version with file_id.")
	ErrNoPlace      = fault.New(fault.NotFound, "folder_not_found", "There is no such space or folder for you.")
	ErrInTrash      = fault.New(fault.Conflict, "in_trash", "The file is in the trash. Restore it first.")
	ErrNotInTrash   = fault.New(fault.Conflict, "not_in_trash", "The file is not in the trash, or is past restoring.")
	ErrNotPublished = fault.New(fault.Conflict, "not_published", "The file is still being checked. Its events tell when it is published.")
	ErrQuarantined  = fault.New(fault.Denied, "quarantined", "The file is in quarantine and cannot be read. Its status_reason says why.")
	ErrNotUploading = fault.New(fault.Conflict, "upload_finished", "This upload takes no more bytes: it is finished, expired or deleted.")
	ErrTooLarge     = fault.New(fault.TooLarge, "too_large", "The file is larger than your organization allows. GET /api/v1/storage/quota shows max_file_size.")
	ErrChecksum     = fault.New(fault.Invalid, "checksum_mismatch", "The bytes received do not have the SHA-256 that was announced. Upload the file again.")
)

// StagingKey is where the bytes of a version lie until they are judged.
func StagingKey(org tenancy.OrgID, version uuid.UUID) string {
	return org.String() + "/" + version.String()
}

// ContentKey is where a published version's bytes lie in the clean bucket. The
// organization leads, so that a prefix is one organization's.
func ContentKey(org tenancy.OrgID, version uuid.UUID) string {
	return VersionPrefix(org, version) + "content"
}

// RenditionKey is where one rendition lies in the clean bucket.
func RenditionKey(org tenancy.OrgID, version uuid.UUID, name string) string {
	return VersionPrefix(org, version) + "renditions/" + name
}

// VersionPrefix holds everything of one version in the clean bucket.
func VersionPrefix(org tenancy.OrgID, version uuid.UUID) string {
	return org.String() + "/" + version.String() + "/"
}

// OwnerOf is the organization that leads the key of an object.
func OwnerOf(key string) (tenancy.OrgID, bool) {
	lead, _, _ := strings.Cut(key, "/")
	org, err := uuid.Parse(lead)
	return tenancy.OrgID(org), err == nil
}

// TailKey is where an upload's bytes wait that do not fill a part yet.
func TailKey(org tenancy.OrgID, upload uuid.UUID) string {
	return org.String() + "/" + upload.String() + ".tail"
}

// StagedKeys are the objects that an upload may leave in the staging bucket, besides
// the parts of multipart uploads of the first.
func StagedKeys(org tenancy.OrgID, upload uuid.UUID) []string {
	return []string{StagingKey(org, upload), TailKey(org, upload)}
}

// Version is one version's row with its file's name and trash mark.
type Version = filesdb.VersionGetRow

// GetVersion reads one version.
func GetVersion(ctx context.Context, q tenancy.Queries, id uuid.UUID) (Version, error) {
	v, err := filesdb.New(q).VersionGet(ctx, id)
	return v, orNotFound(err)
}

// Quota is what the organization may store and does.
type Quota = filesdb.QuotaGetRow

// GetQuota reads the organization's limits and sums.
func GetQuota(ctx context.Context, q tenancy.Queries) (Quota, error) {
	quota, err := filesdb.New(q).QuotaGet(ctx)
	return quota, orNotFound(err)
}

// Count is how many files are in one state.
type Count = filesdb.FilesCountByStatusRow

// CountByStatus counts the organization's files.
func CountByStatus(ctx context.Context, q tenancy.Queries) ([]Count, error) {
	return filesdb.New(q).FilesCountByStatus(ctx)
}

// Event is one thing that happened to a file, or its row only if none has a Seq.
type Event = filesdb.FileFollowRow

// Follow reads what happened to a file after seq, in the order of the commits,
// with the state of its newest version and the number of its last event, all of
// one moment. It is never empty: where nothing happened, Seq is 0.
func Follow(ctx context.Context, q tenancy.Queries, file uuid.UUID, seq int64) ([]Event, error) {
	events, err := filesdb.New(q).FileFollow(ctx, filesdb.FileFollowParams{FileID: file, Seq: seq, Most: 500})
	if err == nil && len(events) == 0 {
		err = ErrNotFound
	}
	return events, err
}

// ListSums gives what the quota's two sums must equal.
func ListSums(ctx context.Context, q tenancy.Queries) (used, reserved int64, err error) {
	s, err := filesdb.New(q).QuotaSums(ctx)
	return s.Used, s.Reserved, err
}

// SumsAgree says which of the quota's two sums is what the versions add up to,
// both of one moment.
func SumsAgree(ctx context.Context, q tenancy.Queries) (used, reserved bool, err error) {
	s, err := filesdb.New(q).QuotaAgrees(ctx)
	return s.Used, s.Reserved, err
}

func orNotFound(err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return ErrNotFound
	}
	return err
}

// expectOneRow turns "no row matched" into the given fault: the statement's where
// clause is the rule of the state machine.
func expectOneRow(n int64, err error, none *fault.Fault) error {
	if err == nil && n == 0 {
		return none
	}
	return err
}

// LeaseTerm is how long an upload's lease lasts without renewal; after a crash
// another process waits that long.
const LeaseTerm = 15 * time.Second
