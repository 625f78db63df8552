package visitors

import (
	"context"
	"time"

	"github.com/google/uuid"

	"satchel/internal/fault"
	"satchel/policies/audit"
	"satchel/shares"
	"satchel/shares/visitors/visitorsdb"
	"satchel/tenancy"
)

// What a download can be refused for, beside what its share can.
var (
	ErrDownloadOver     = fault.New(fault.Denied, "download_expired", "This download was not begun, or not ended, within 15 minutes. Open the page of the share and begin it again.")
	ErrDownloadComplete = fault.New(fault.Denied, "download_complete", "All of this download was sent. Open the page of the share and begin another one.")
	ErrNoDownload       = fault.New(fault.Denied, "no_such_download", "This address belongs to no download. Open the page of the share and begin it again.")
)

// Issue makes a download of one version, which a click asked for. It counts nothing: the
// first byte does.
func Issue(ctx context.Context, q tenancy.Queries, ref tenancy.ShareVisit, v Version) (id uuid.UUID, until time.Time, err error) {
	id = tenancy.NewID()
	until, err = visitorsdb.New(q).DownloadInsert(ctx, visitorsdb.DownloadInsertParams{ShareID: ref.Share, ID: id, RecipientID: ref.Recipient, FileID: &v.File, BytesTotal: &v.Size})
	return id, until, err
}

// Begin reserves a download when its first byte is about to leave, and records it. Every
// request of the download asks; the first one counts. A zero file is all that the share
// shows.
func Begin(ctx context.Context, tx *tenancy.Tx, ref tenancy.ShareVisit, download, file uuid.UUID) error {
	db := visitorsdb.New(tx)
	why, err := db.DownloadBegin(ctx, visitorsdb.DownloadBeginParams{ShareID: ref.Share, DownloadID: download, FileID: orNil(file)})
	if err != nil {
		return err
	}
	switch why {
	case "begun":
	case "continued":
		return nil
	default:
		return downloadRefusal(why)
	}
	d, err := db.DownloadGet(ctx, visitorsdb.DownloadGetParams{ShareID: ref.Share, ID: download})
	if err != nil {
		return err
	}
	ref.Recipient = d.RecipientID
	what := Download
	if file == uuid.Nil {
		what = Zip
	}
	if err := Record(ctx, tx, Access{Ref: ref, What: what, File: file, Download: download}); err != nil {
		return err
	}
	return audit.Record(ctx, tx, audit.Event{Action: "share.download", ObjectID: ref.Share.String(), Code: download.String()})
}

func downloadRefusal(why string) *fault.Fault {
	switch why {
	case "download_expired":
		return ErrDownloadOver
	case "download_complete":
		return ErrDownloadComplete
	case "download_unknown":
		return ErrNoDownload
	}
	if f := Refusal(shares.Status(why)); f != nil {
		return f
	}
	return ErrNoDownload
}

// End says that a request of a download has sent so many bytes. A download of which nearly
// nothing was sent is given back.
func End(ctx context.Context, q tenancy.Queries, share, download uuid.UUID, sent int64) (state string, err error) {
	return visitorsdb.New(q).DownloadEnd(ctx, visitorsdb.DownloadEndParams{ShareID: share, DownloadID: download, Sent: sent})
}
