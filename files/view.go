package files

import (
	"context"

	"github.com/google/uuid"

	"satchel/files/filesdb"
	"satchel/tenancy"
)

// View is a version as people see it, with its file.
type View filesdb.VersionView

// Effective is the state to show: the trash hides everything, and the version
// that the file answers with speaks for the file.
func (v View) Effective() Status {
	if v.TrashedAt != nil {
		return Deleted
	}
	return v.Status
}

// Get reads the version that a file answers with: its newest published one,
// else its newest.
func Get(ctx context.Context, q tenancy.Queries, file uuid.UUID) (View, error) {
	v, err := filesdb.New(q).VersionView(ctx, filesdb.VersionViewParams{FileID: file})
	return View(v), orNotFound(err)
}

// MayChange says whether the actor of q may change a file that they see.
func MayChange(ctx context.Context, q tenancy.Queries, file uuid.UUID) (bool, error) {
	return filesdb.New(q).FileMayChange(ctx, file)
}

// GetOf reads one version of a file by its id.
func GetOf(ctx context.Context, q tenancy.Queries, file, version uuid.UUID) (View, error) {
	v, err := filesdb.New(q).VersionView(ctx, filesdb.VersionViewParams{FileID: file, VersionID: &version})
	return View(v), orNotFound(err)
}

// GetNumber reads one version of a file by its number.
func GetNumber(ctx context.Context, q tenancy.Queries, file uuid.UUID, number int32) (View, error) {
	v, err := filesdb.New(q).VersionViewByNumber(ctx, filesdb.VersionViewByNumberParams{FileID: file, Number: number})
	return View(v), orNotFound(err)
}

// History reads all versions of a file, newest first.
func History(ctx context.Context, q tenancy.Queries, file uuid.UUID) ([]View, error) {
	rows, err := filesdb.New(q).VersionViews(ctx, file)
	views := make([]View, len(rows))
	for i, r := range rows {
		views[i] = View(r)
	}
	return views, err
}

// ByIDs reads those of the files that the actor of q sees, each with the version that it
// answers with.
func ByIDs(ctx context.Context, q tenancy.Queries, ids []uuid.UUID) (map[uuid.UUID]View, error) {
	rows, err := filesdb.New(q).VersionViewsShown(ctx, ids)
	views := make(map[uuid.UUID]View, len(rows))
	for _, r := range rows {
		views[r.FileID] = View(r)
	}
	return views, err
}
