package files

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"satchel/files/filesdb"
	"satchel/internal/fault"
	"satchel/tenancy"
)

// Transformation is a picture of a version that somebody asked for.
type Transformation filesdb.TransformationGetRow

// TransformationState says how far a transformation is.
type TransformationState string

// The states, and that of one that was not asked for yet.
const (
	TransformationNone   TransformationState = ""
	TransformationMaking TransformationState = "making"
	TransformationReady  TransformationState = "ready"
	TransformationFailed TransformationState = "failed"
)

// How many pictures of one version are kept, and which part of an organization's bytes
// all of its pictures may take. What is not used for long makes room by the sweep.
const (
	maxTransformations  = 200
	transformationShare = 10       // a tenth
	transformationFloor = 64 << 20 // of a small organization
)

// ErrTransformations refuses one picture more.
var ErrTransformations = fault.New(fault.OverQuota, "transformations_full", "Your organization keeps as many made pictures as it may. Those that are not used are removed in time; the file's renditions can be used meanwhile.")

// GetTransformation reads one; its state is TransformationNone where there is none.
func GetTransformation(ctx context.Context, q tenancy.Queries, version uuid.UUID, key string) (Transformation, error) {
	t, err := filesdb.New(q).TransformationGet(ctx, filesdb.TransformationGetParams{VersionID: version, Key: key})
	if errors.Is(err, pgx.ErrNoRows) {
		return Transformation{}, nil
	}
	return Transformation(t), err
}

// BeginTransformation takes the row of a picture that is to be made. It says false when
// there is nothing to make: it is there, another process makes it, or it failed lately.
// again is of one who had begun before, and died.
func BeginTransformation(ctx context.Context, q tenancy.Queries, version uuid.UUID, key string, lease time.Duration, again bool) (bool, error) {
	n, err := filesdb.New(q).TransformationBegin(ctx, filesdb.TransformationBeginParams{VersionID: version, Key: key, Lease: lease, Again: again})
	return n > 0, err
}

// RoomForTransformation says with ErrTransformations that the organization has no room
// for one more picture of the version.
func RoomForTransformation(ctx context.Context, q tenancy.Queries, version uuid.UUID) error {
	s, err := filesdb.New(q).TransformationSums(ctx, version)
	if err != nil {
		return fmt.Errorf("sum transformations: %w", err)
	}
	if s.Pictures > maxTransformations || s.Bytes >= max(s.MaxBytes/transformationShare, transformationFloor) {
		return ErrTransformations
	}
	return nil
}

// EndTransformation gives the row of a picture up that was not made, so that the next one
// who asks begins at once.
func EndTransformation(ctx context.Context, q tenancy.Queries, version uuid.UUID, key string) error {
	return filesdb.New(q).TransformationEnd(ctx, filesdb.TransformationEndParams{VersionID: version, Key: key})
}

// FailTransformation remembers for a while that a picture cannot be made.
func FailTransformation(ctx context.Context, q tenancy.Queries, version uuid.UUID, key, reason string, rest time.Duration) error {
	return filesdb.New(q).TransformationFail(ctx, filesdb.TransformationFailParams{VersionID: version, Key: key, Reason: reason, Rest: rest})
}

// AddTransformation records a picture whose object is stored; ahead says that no request has
// asked for it yet. It returns ErrVersionEnded
// for a version that is not published any more, whose objects are cleared.
func AddTransformation(ctx context.Context, tx *tenancy.Tx, version uuid.UUID, key string, made Rendition, ahead bool) error {
	q := filesdb.New(tx)
	v, err := lock(ctx, q, version)
	if err != nil {
		return err
	}
	if v.Status != Published {
		return ErrVersionEnded
	}
	n, err := q.TransformationReady(ctx, filesdb.TransformationReadyParams{
		VersionID: version, Key: key, MimeType: made.MimeType, Width: made.Width, Height: made.Height, Size: made.Size, Etag: made.Etag, Warmed: ahead,
	})
	if err == nil && n == 0 {
		return ErrVersionEnded
	}
	return err
}

// SourceRendition is the rendition of which others are made: a page of a document, or for
// page 0 the largest picture.
func SourceRendition(ctx context.Context, q tenancy.Queries, version uuid.UUID, page int) (Rendition, bool, error) {
	name := ""
	if page > 0 {
		name = fmt.Sprintf("page-%d.jpg", page)
	}
	r, err := filesdb.New(q).RenditionSource(ctx, filesdb.RenditionSourceParams{VersionID: version, Page: name})
	if errors.Is(err, pgx.ErrNoRows) {
		return Rendition{}, false, nil
	}
	return Rendition(r), err == nil, err
}

// UseTransformation notes that a picture was asked for.
func UseTransformation(ctx context.Context, q tenancy.Queries, version uuid.UUID, key string) error {
	return filesdb.New(q).TransformationUse(ctx, filesdb.TransformationUseParams{VersionID: version, Key: key})
}

// UnusedTransformations lists the pictures of a version that were not used for so long.
func UnusedTransformations(ctx context.Context, q tenancy.Queries, version uuid.UUID, unused time.Duration) ([]string, error) {
	rows, err := filesdb.New(q).TransformationUnused(ctx, filesdb.TransformationUnusedParams{VersionID: version, Unused: unused})
	keys := make([]string, len(rows))
	for i, r := range rows {
		keys[i] = r.Key
	}
	return keys, err
}

// DropTransformation takes the row of a picture that is still unused, so that its object
// can be removed. It says false when it was used or is made meanwhile.
func DropTransformation(ctx context.Context, q tenancy.Queries, version uuid.UUID, key string, unused, lease time.Duration) (bool, error) {
	n, err := filesdb.New(q).TransformationDrop(ctx, filesdb.TransformationDropParams{VersionID: version, Key: key, Unused: unused, Lease: lease})
	return n > 0, err
}

// DroppedTransformation removes the row once its object is gone.
func DroppedTransformation(ctx context.Context, q tenancy.Queries, version uuid.UUID, key string, unused time.Duration) error {
	return filesdb.New(q).TransformationDropped(ctx, filesdb.TransformationDroppedParams{VersionID: version, Key: key, Unused: unused})
}

// TransformationKey is the place of a picture's object, beside the renditions, so that it
// goes with its version.
func TransformationKey(org tenancy.OrgID, version uuid.UUID, key string) string {
	return VersionPrefix(org, version) + "transformations/" + key
}

// deleteRenditions removes the rows of what was made of a version.
func deleteRenditions(ctx context.Context, q *filesdb.Queries, version uuid.UUID) error {
	if err := q.TransformationDelete(ctx, version); err != nil {
		return err
	}
	return q.RenditionDelete(ctx, version)
}
