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

// Upload is the row of an upload with what is needed of its version and file.
type Upload = filesdb.UploadGetRow

// Part is one part of the S3 multipart upload beneath.
type Part = filesdb.PartListRow

// ErrLeased refuses a second writer while the first is alive.
var ErrLeased = fault.New(fault.Conflict, "upload_locked", "Another request is writing to this upload. Try again in a few seconds.")

// ErrLeaseLost stops a writer whose lease ran out: another may be writing.
var ErrLeaseLost = fault.New(fault.Conflict, "upload_lease_lost", "This request lost its hold on the upload. Ask for the offset and continue from there.")

// GetUpload reads an upload.
func GetUpload(ctx context.Context, q tenancy.Queries, id uuid.UUID) (Upload, error) {
	u, err := filesdb.New(q).UploadGet(ctx, id)
	return u, orNotFound(err)
}

// Parts lists the parts that the store has confirmed.
func Parts(ctx context.Context, q tenancy.Queries, upload uuid.UUID) ([]Part, error) {
	return filesdb.New(q).PartList(ctx, upload)
}

// Lease takes the right to write. It is a row with a term, not a lock of a
// session: nothing is held while bytes flow, and a dead holder's runs out.
func Lease(ctx context.Context, q tenancy.Queries, upload uuid.UUID, holder string) error {
	n, err := filesdb.New(q).UploadLease(ctx, filesdb.UploadLeaseParams{ID: upload, Holder: holder, Term: LeaseTerm})
	return expectOneRow(n, err, ErrLeased)
}

// Writer is who asks for the right to write to an upload.
type Writer struct {
	Holder string
	Editor uuid.UUID // whose uploads may be written; zero for none
}

// LeaseForWriting is Lease for a request that brings bytes, and gives the upload's
// row as it is under the lease, in one statement. ErrLeased means that the lease
// was not taken: another request has it, or the upload is not one of the writer's.
func LeaseForWriting(ctx context.Context, q tenancy.Queries, upload uuid.UUID, w Writer) (Upload, error) {
	row, err := filesdb.New(q).UploadLeaseGet(ctx, filesdb.UploadLeaseGetParams{ID: upload, Holder: w.Holder, Term: LeaseTerm, Editor: w.Editor})
	if errors.Is(err, pgx.ErrNoRows) {
		err = ErrLeased
	}
	return Upload(row), err
}

// RequestLease asks the present holder to let go: a client that reconnects meets
// the half-open connection of its former self.
func RequestLease(ctx context.Context, q tenancy.Queries, upload uuid.UUID) error {
	return filesdb.New(q).UploadLeaseWant(ctx, upload)
}

// RenewLease extends the term and says whether someone else asks for it.
func RenewLease(ctx context.Context, q tenancy.Queries, upload uuid.UUID, holder string) (wanted bool, err error) {
	wanted, err = filesdb.New(q).UploadLeaseRenew(ctx, filesdb.UploadLeaseRenewParams{ID: upload, Holder: holder, Term: LeaseTerm})
	if errors.Is(err, pgx.ErrNoRows) {
		return false, ErrLeaseLost
	}
	return wanted, err
}

// ReleaseLease gives the right back.
func ReleaseLease(ctx context.Context, q tenancy.Queries, upload uuid.UUID, holder string) error {
	return filesdb.New(q).UploadLeaseRelease(ctx, filesdb.UploadLeaseReleaseParams{ID: upload, LeaseHolder: holder})
}

// Progress is one confirmed step forward of an upload's bytes.
type Progress struct {
	Upload     uuid.UUID
	Holder     string
	From, To   int64 // offsets in bytes
	Part       *Part // the part that the store confirmed, if one was filled
	Tail       int64 // bytes that wait for a part
	SHAState   []byte
	S3UploadID string
	TTL        time.Duration
	Last       bool // it ends the upload: the version is received in the same transaction
}

// Advance records progress. It fails when the offset or the lease is not what
// the writer believes, so two writers cannot both count their bytes.
func Advance(ctx context.Context, tx *tenancy.Tx, p Progress) error {
	q := filesdb.New(tx)
	n, err := q.UploadAdvance(ctx, filesdb.UploadAdvanceParams{
		ID: p.Upload, Holder: p.Holder, OldOffset: p.From, NewOffset: p.To,
		TailBytes: p.Tail, ShaState: p.SHAState, S3UploadID: p.S3UploadID, Ttl: p.TTL, Last: p.Last,
	})
	if err := expectOneRow(n, err, ErrLeaseLost); err != nil {
		return err
	}
	if p.Part == nil {
		return nil
	}
	return q.PartInsert(ctx, filesdb.PartInsertParams{UploadID: p.Upload, Number: p.Part.Number, Size: p.Part.Size, Etag: p.Part.Etag})
}

// Reserve reserves more for an upload that did not announce its length. The same
// limits hold as at Create.
func Reserve(ctx context.Context, tx *tenancy.Tx, upload uuid.UUID, size int64) error {
	quota, err := GetQuota(ctx, tx)
	if err != nil {
		return err
	}
	if size > quota.MaxFileSize {
		return ErrTooLarge
	}
	q := filesdb.New(tx)
	if _, err := lock(ctx, q, upload); err != nil {
		return err
	}
	n, err := q.UploadGrow(ctx, filesdb.UploadGrowParams{ID: upload, Size: size})
	if err := expectOneRow(n, err, ErrNotUploading); err != nil {
		return err
	}
	n, err = q.VersionResize(ctx, filesdb.VersionResizeParams{ID: upload, Size: size})
	return expectOneRow(n, err, ErrNotUploading)
}

// Received is the end of an upload: the store joined the parts.
type Received struct {
	Upload uuid.UUID
	Size   int64
	SHA256 string
	ETag   string // of the staging object; everything after reads only this one
}

// Receive makes the version one that waits for its workflow. It happens once:
// a second finish of the same upload finds it done and changes nothing. One
// that was withdrawn before its bytes were complete is refused.
func Receive(ctx context.Context, tx *tenancy.Tx, r Received) error {
	_, err := ReceiveAt(ctx, tx, r)
	return err
}

// ReceiveAt is Receive, and gives the time that the rows now have as that of
// their last change. It is zero when the version had been received before.
func ReceiveAt(ctx context.Context, tx *tenancy.Tx, r Received) (time.Time, error) {
	q := filesdb.New(tx)
	v, err := lock(ctx, q, r.Upload)
	if err != nil || v.ReceivedAt != nil {
		return time.Time{}, err
	}
	if _, err := q.UploadFinish(ctx, r.Upload); err != nil {
		return time.Time{}, fmt.Errorf("finish upload: %w", err)
	}
	at, err := q.VersionReceive(ctx, filesdb.VersionReceiveParams{ID: r.Upload, Size: r.Size, Sha256: r.SHA256, StagingEtag: r.ETag})
	if errors.Is(err, pgx.ErrNoRows) {
		err = ErrNotUploading
	}
	return at, err
}

// MarkStarted notes that the version's workflow runs, so that the sweep need not
// ask again.
func MarkStarted(ctx context.Context, q tenancy.Queries, version uuid.UUID) error {
	return filesdb.New(q).VersionStarted(ctx, version)
}

// Abandon marks every open upload of a person as abandoned. A request that
// writes to one loses its lease at the next part. The sweep ends the uploads,
// releases their reservations and removes their bytes.
func Abandon(ctx context.Context, tx *tenancy.Tx, by uuid.UUID) (int64, error) {
	n, err := filesdb.New(tx).UploadAbandonBy(ctx, by)
	if err != nil {
		return n, fmt.Errorf("give up uploads: %w", err)
	}
	return n, nil
}
