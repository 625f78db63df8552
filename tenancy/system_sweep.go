package tenancy

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// The questions of policies/rls/functions/system_sweep.sql, system_retention.sql and system_requests.sql. Each
// pages in the order of ids, behind the id that it is given.

// OrganizationsWithOldRequests pages through the organizations with requests
// whose keys are past their time. Only Org is set.
func (d *DB) OrganizationsWithOldRequests(ctx context.Context, after uuid.UUID, n int) ([]Ref, error) {
	return pageOf[Ref](ctx, d, "organization_id", "select organization_id from app.organizations_with_old_requests($1, $2)", after, n)
}

// OrganizationsWithTrash pages through the organizations with files that have
// been in the trash for longer than that. Only Org is set.
func (d *DB) OrganizationsWithTrash(ctx context.Context, longer time.Duration, after uuid.UUID, n int) ([]Ref, error) {
	return pageOf[Ref](ctx, d, "organization_id", "select organization_id from app.organizations_with_trash($1, $2, $3)", longer, after, n)
}

// FilesTrashed pages through the files of an organization that have been in the
// trash for longer than that.
func (d *DB) FilesTrashed(ctx context.Context, org OrgID, longer time.Duration, after uuid.UUID, n int) ([]Ref, error) {
	return inOrganization[Ref](ctx, d, org, "select organization_id, file_id from app.files_trashed($1, $2, $3, $4)", org, longer, after, n)
}

// OrganizationsWithOldVersions pages through the organizations that limit their versions
// and have some that a newer one replaced. Only Org is set.
func (d *DB) OrganizationsWithOldVersions(ctx context.Context, after uuid.UUID, n int) ([]Ref, error) {
	return pageOf[Ref](ctx, d, "organization_id", "select organization_id from app.organizations_with_old_versions($1, $2)", after, n)
}

// VersionsBeyondRetention pages through the versions of an organization that its limits
// remove.
func (d *DB) VersionsBeyondRetention(ctx context.Context, org OrgID, after uuid.UUID, n int) ([]Ref, error) {
	return inOrganization[Ref](ctx, d, org, "select organization_id, file_id, version_id from app.versions_beyond_retention($1, $2, $3)", org, after, n)
}

// OrganizationsWithRetention pages through the organizations with policies by which files
// can be due. Only Org is set.
func (d *DB) OrganizationsWithRetention(ctx context.Context, after uuid.UUID, n int) ([]Ref, error) {
	return pageOf[Ref](ctx, d, "organization_id", "select organization_id from app.organizations_with_retention($1, $2)", after, n)
}

// FilesBeyondRetention pages through the files of an organization that are due by its
// policies of retention.
func (d *DB) FilesBeyondRetention(ctx context.Context, org OrgID, after uuid.UUID, n int) ([]Ref, error) {
	return inOrganization[Ref](ctx, d, org, "select organization_id, file_id from app.files_beyond_retention($1, $2, $3)", org, after, n)
}

// VersionsUncleaned pages through the versions that ended longer ago than that
// without being published, and that may have objects left.
func (d *DB) VersionsUncleaned(ctx context.Context, ended time.Duration, after uuid.UUID, n int) ([]Ref, error) {
	return pageOf[Ref](ctx, d, "version_id", "select organization_id, file_id, version_id from app.versions_uncleaned($1, $2, $3)", ended, after, n)
}

// VersionsWithoutPreviews pages through the published versions whose previews have been
// pending for longer than that.
func (d *DB) VersionsWithoutPreviews(ctx context.Context, silent time.Duration, after uuid.UUID, n int) ([]Ref, error) {
	return pageOf[Ref](ctx, d, "version_id", "select organization_id, file_id, version_id from app.versions_without_previews($1, $2, $3)", silent, after, n)
}

// VersionsWithUnusedPictures pages through the versions with pictures that were asked for
// and were not used for longer than that. Only Org and Version are set.
func (d *DB) VersionsWithUnusedPictures(ctx context.Context, unused time.Duration, after uuid.UUID, n int) ([]Ref, error) {
	return pageOf[Ref](ctx, d, "version_id", "select organization_id, version_id from app.versions_with_unused_pictures($1, $2, $3)", unused, after, n)
}

// Unavailable is a published version without previews, or without a text, for want of a
// program. TextReason is empty for previews.
type Unavailable struct {
	Org      OrgID     `db:"organization_id"`
	Version  uuid.UUID `db:"version_id"`
	MimeType string    `db:"mime_type"`

	TextReason string `db:"text_reason"`
}

// VersionsNotAvailable pages through them.
func (d *DB) VersionsNotAvailable(ctx context.Context, after uuid.UUID, n int) ([]Unavailable, error) {
	return pageOf[Unavailable](ctx, d, "version_id", "select organization_id, version_id, mime_type, text_reason from app.versions_not_available($1, $2)", after, n)
}

// TextsPending gives the published versions whose text is not read yet and was not asked for
// within again, in the order of their files.
func (d *DB) TextsPending(ctx context.Context, again time.Duration, after uuid.UUID, n int) ([]Ref, error) {
	return pageOf[Ref](ctx, d, "file_id", "select organization_id, file_id, version_id from app.texts_pending($1, $2, $3)", again, after, n)
}

// TextsAsked notes that texts were asked for. It comes behind the start of their workflows: a
// process that dies in between asks for them again, which finds the workflows started, and so it is where the cluster
// does not answer.
func (d *DB) TextsAsked(ctx context.Context, asked []Ref) error {
	files, versions := make([]uuid.UUID, len(asked)), make([]uuid.UUID, len(asked))
	for i, r := range asked {
		files[i], versions[i] = r.File, r.Version
	}
	_, err := known[struct{}](ctx, d, "select from app.texts_asked($1, $2)", files, versions)
	return err
}

// PersonalDataDue gives the published versions that the detectors of a version have not read
// yet and whose inspection was not asked for within again, in the order of their ids.
func (d *DB) PersonalDataDue(ctx context.Context, detectors string, again time.Duration, after uuid.UUID, n int) ([]Ref, error) {
	return pageOf[Ref](ctx, d, "version_id", "select organization_id, file_id, version_id from app.pii_due($1, $2, $3, $4)", detectors, again, after, n)
}

// PersonalDataAsked notes that inspections were asked for, as TextsAsked does.
func (d *DB) PersonalDataAsked(ctx context.Context, asked []Ref) error {
	organizations, versions := make([]uuid.UUID, len(asked)), make([]uuid.UUID, len(asked))
	for i, r := range asked {
		organizations[i], versions[i] = uuid.UUID(r.Org), r.Version
	}
	_, err := known[struct{}](ctx, d, "select from app.pii_asked($1, $2)", organizations, versions)
	return err
}

// ReleasedSilent pages through the versions that were released and whose publication has not
// begun for longer than that.
func (d *DB) ReleasedSilent(ctx context.Context, silent time.Duration, after uuid.UUID, n int) ([]Ref, error) {
	return pageOf[Ref](ctx, d, "version_id", "select organization_id, file_id, version_id from app.pii_released($1, $2, $3)", silent, after, n)
}

// HeldLong pages through the versions that have waited for a decision about their personal
// data for longer than that.
func (d *DB) HeldLong(ctx context.Context, longer time.Duration, after uuid.UUID, n int) ([]Ref, error) {
	return pageOf[Ref](ctx, d, "version_id", "select organization_id, file_id, version_id from app.pii_held_long($1, $2, $3)", longer, after, n)
}
