package files

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"

	"satchel/files/filesdb"
	"satchel/tenancy"
)

// New describes a file, or a new version of one, whose bytes are announced.
type New struct {
	Version           uuid.UUID // of the new version; zero: a new id
	File              uuid.UUID // zero: a new file
	Space, Folder     uuid.UUID // where a new file goes; zero: the personal space of the uploader
	Subject           uuid.UUID // whom a new file is about; zero: as its place has it
	KeepBoth          bool      // a name that the folder has already gets a number
	Name              string    // already cleaned
	Description       string
	Category          string
	ChangeDescription string
	ClaimedType       string
	ClaimedSHA256     string // lower-case hex, or empty
	Size              int64  // bytes; what is reserved
	UploadedBy        uuid.UUID
	Metadata          json.RawMessage // the protocol's own, given back as it came
	TTL               time.Duration   // an upload with no progress for this long expires
	Reverts           bool            // the bytes are those of an earlier version

	// Received says that the bytes are stored already: the version is made as one that waits for its
	// workflow, as Receive leaves it. Nil: they are still to come.
	Received *Received
	Ceiling  int // of a received one: how many of the organization are in the pipeline at most; 0: it is not admitted with its rows
}

// How a version that was received with its rows comes into the pipeline.
const (
	AdmittedNow    = "now"    // it is admitted: its workflow is to be started
	AdmittedBehind = "behind" // the pipeline is full: the admission behind a version that leaves it finds this one
)

// Created names what Create made.
type Created struct {
	File, Version, Upload uuid.UUID
	Number                int32
	CreatedAt             time.Time             // of a new file; zero for a new version of one
	Place                 filesdb.FileInsertRow // of a new file
	Admission             string                // AdmittedNow or AdmittedBehind; else an admission is to look for it
}

// Create makes the rows of an upload and reserves its bytes, in one
// transaction: two racing uploads cannot both take the last room. The upload's
// id is the version's.
func Create(ctx context.Context, tx *tenancy.Tx, n New) (Created, error) {
	q := filesdb.New(tx)
	var err error
	if n.Received == nil { // else LookBeforeStoring has refused what is too large, and the rows tell it again
		if err = checkSize(ctx, tx, n.Size); err != nil {
			return Created{}, err
		}
	}
	version := n.Version
	if version == uuid.Nil {
		version = tenancy.NewID()
	}
	t := Created{File: n.File, Version: version, Upload: version}
	n.Version = version
	stored, status := Received{}, Uploading
	if n.Received != nil {
		stored, status = *n.Received, Processing
	}
	var name string
	if t.File, name, t.Place, err = assignVersion(ctx, q, n, status); err != nil {
		return Created{}, err
	}
	t.CreatedAt = t.Place.CreatedAt
	made, err := q.VersionInsert(ctx, filesdb.VersionInsertParams{
		ID: version, FileID: t.File, Size: n.Size, ClaimedType: n.ClaimedType, ClaimedSha256: n.ClaimedSHA256,
		ChangeDescription: n.ChangeDescription, UploadedBy: n.UploadedBy, FileName: name,
		Status: status, Sha256: stored.SHA256, StagingEtag: stored.ETag, Received: n.Received != nil, Ceiling: int64(n.Ceiling),
	})
	if err != nil {
		return Created{}, fmt.Errorf("insert version: %w", err)
	}
	if !made.Fits {
		return Created{}, ErrTooLarge
	}
	t.Number, t.Admission = made.Number, made.Admission
	if n.Metadata == nil {
		n.Metadata = json.RawMessage("{}")
	}
	if n.Received != nil { // no one asks for it before the commit
		q = filesdb.New(tenancy.AtEnd(tx))
	}
	err = q.UploadInsert(ctx, filesdb.UploadInsertParams{ID: version, VersionID: version, Size: n.Size, Metadata: n.Metadata, Ttl: n.TTL, Received: n.Received != nil})
	if err != nil {
		return Created{}, fmt.Errorf("insert upload: %w", err)
	}
	action := "file.upload"
	if n.Reverts {
		action = "file.revert"
	}
	return t, record(ctx, tx, action, t.File, fmt.Sprintf("version_%d", t.Number))
}

// checkSize refuses a file that is larger than the organization's limit.
func checkSize(ctx context.Context, tx *tenancy.Tx, size int64) error {
	quota, err := GetQuota(ctx, tx)
	switch {
	case err != nil:
		return fmt.Errorf("read quota: %w", err)
	case size > quota.MaxFileSize:
		return ErrTooLarge
	}
	return nil
}

// assignVersion makes the file, or locks the one that gets a new version, and gives its
// name. status is that of the version.
func assignVersion(ctx context.Context, q *filesdb.Queries, n New, status Status) (uuid.UUID, string, filesdb.FileInsertRow, error) {
	var none filesdb.FileInsertRow
	if n.File == uuid.Nil {
		if err := seePlace(ctx, q, n.Space, n.Folder); err != nil {
			return uuid.Nil, "", none, err
		}
		id := tenancy.NewID()
		if n.KeepBoth && n.Folder != uuid.Nil {
			var err error
			if n.Name, err = q.FileFreeName(ctx, filesdb.FileFreeNameParams{FolderID: n.Folder, SubjectID: orNil(n.Subject), Name: n.Name}); err != nil {
				return uuid.Nil, "", none, fmt.Errorf("find free name: %w", err)
			}
		}
		place, err := q.FileInsert(ctx, filesdb.FileInsertParams{
			ID: id, Name: n.Name, Description: n.Description, Category: n.Category, UploadedBy: n.UploadedBy,
			SpaceID: orNil(n.Space), FolderID: orNil(n.Folder), SubjectID: orNil(n.Subject), VersionID: n.Version, Status: status, Size: n.Size,
		})
		return id, n.Name, place, placeFault("insert file", err)
	}
	f, err := q.FileLock(ctx, n.File)
	if err != nil {
		return uuid.Nil, "", none, orNotFound(err)
	}
	if f.TrashedAt != nil {
		return uuid.Nil, "", none, ErrInTrash
	}
	return f.ID, f.Name, none, nil
}

func orNil(id uuid.UUID) *uuid.UUID {
	if id == uuid.Nil {
		return nil
	}
	return &id
}

// seePlace answers alike for a place that is not there and for one that the actor does not
// see. The policies refuse the second as well, with another answer, which would tell that it
// is there.
func seePlace(ctx context.Context, q *filesdb.Queries, space, folder uuid.UUID) error {
	if space == uuid.Nil && folder == uuid.Nil {
		return nil
	}
	seen, err := q.PlaceSeen(ctx, filesdb.PlaceSeenParams{SpaceID: orNil(space), FolderID: orNil(folder)})
	switch {
	case err != nil:
		return fmt.Errorf("look for place: %w", err)
	case !seen:
		return ErrNoPlace
	}
	return nil
}

// placeFault tells what a place refuses from a failure.
func placeFault(what string, err error) error {
	var pg *pgconn.PgError
	if err == nil {
		return nil
	}
	if errors.As(err, &pg) {
		switch pg.ConstraintName {
		case "files_named":
			return ErrNameTaken.Because(err)
		case "files_space", "files_folder":
			return ErrNoPlace.Because(err)
		}
	}
	return fmt.Errorf("%s: %w", what, err)
}

// Takable is what is known of a new file before its bytes are stored: whether its rows would be
// made, and what the organization's policies say of kinds of files.
type Takable = filesdb.UploadTakableRow

// LookBeforeStoring asks for a new file whose rows are made after its bytes are stored whether they would be:
// by the limits, the gate of consent and what the actor sees. Create decides by the same rules.
func LookBeforeStoring(ctx context.Context, q tenancy.Queries, n New) (Takable, error) {
	t, err := filesdb.New(q).UploadTakable(ctx, filesdb.UploadTakableParams{SpaceID: orNil(n.Space), FolderID: orNil(n.Folder), SubjectID: orNil(n.Subject), Size: n.Size})
	return t, orNotFound(err)
}
