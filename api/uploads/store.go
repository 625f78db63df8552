package uploads

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/tus/tusd/v2/pkg/handler"

	"satchel/api/uploads/ingest"
	"satchel/files"
)

// store is tusd's data store over our rows and bucket. It offers creation and
// termination and nothing else: what is not implemented cannot be asked for.
type store struct{ u *Uploads }

// tusInfo is what an upload's row keeps for the protocol. Its presence is what
// makes an upload one of tus.
type tusInfo struct {
	Tus map[string]string `json:"tus"`
}

func tusMetadata(row files.Upload) (handler.MetaData, bool) {
	var info tusInfo
	if err := json.Unmarshal(row.Metadata, &info); err != nil || info.Tus == nil {
		return nil, false
	}
	return info.Tus, true
}

// NewUpload checks the announcement and reserves the bytes.
func (s store) NewUpload(ctx context.Context, info handler.FileInfo) (handler.Upload, error) {
	v := requestOf(ctx)
	row, err := s.create(ctx, v, info)
	if err != nil {
		s.u.ingest.Metrics.End(ingest.Tus, err)
		return nil, s.u.answer(ctx, err)
	}
	v.header().Set("X-File-ID", row.FileID.String())
	v.answer.location = s.u.location(row.ID)
	s.u.setExpires(v)
	return &tusUpload{s.u, v, row}, nil
}

func (s store) create(ctx context.Context, v *request, info handler.FileInfo) (files.Upload, error) {
	a, err := metadataFromTus(info.MetaData)
	if err != nil {
		return files.Upload{}, err
	}
	a.ID = idOf(ctx)
	if at, ok := placementOf(ctx); ok {
		if a, err = at.apply(a); err != nil {
			return files.Upload{}, err
		}
	}
	if err := metadataOf(v.actor, &a); err != nil {
		return files.Upload{}, err
	}
	kept, err := json.Marshal(tusInfo{map[string]string{"filename": a.Name, "filetype": a.ClaimedType}})
	if err != nil {
		return files.Upload{}, err
	}
	if v.ticket, err = s.u.create(ctx, v.actor, a, info.Size, s.u.config.TTL, kept); err != nil {
		return files.Upload{}, err
	}
	return s.u.row(ctx, v.actor.Org, v.ticket.Upload)
}

func metadataFromTus(m handler.MetaData) (Metadata, error) {
	a := Metadata{
		Name: m["filename"], ClaimedType: m["filetype"], SHA256: m["sha256"],
		Category: m["category"], Description: m["description"], ChangeDescription: m["change_description"],
	}
	a.OnConflict = m["on_conflict"]
	for name, id := range map[string]*uuid.UUID{"file_id": &a.File, "space_id": &a.Space, "folder_id": &a.Folder, "subject_id": &a.Subject} {
		if m[name] == "" {
			continue
		}
		named, err := uuid.Parse(m[name])
		if err != nil || named == uuid.Nil {
			if name == "file_id" {
				return a, files.ErrNotFound
			}
			return a, files.ErrNoPlace
		}
		*id = named
	}
	return a, nil
}

// GetUpload gives the row as it is under the lease. A PATCH has it with its lease;
// for others it is read again, since authorize read it before the lease was taken.
func (s store) GetUpload(ctx context.Context, id string) (handler.Upload, error) {
	v := requestOf(ctx)
	row, err := s.leased(ctx, v, id)
	if err == nil {
		err = checkOpen(row)
	}
	if err != nil {
		return nil, s.u.answer(ctx, err)
	}
	if v.patch {
		s.u.restart(ctx, v.actor.Org, row)
	}
	v.ticket = files.Created{File: row.FileID, Version: row.VersionID, Upload: row.ID, Number: row.Number}
	if row.FinishedAt == nil {
		s.u.setExpires(v)
	}
	return &tusUpload{s.u, v, row}, nil
}

func (s store) leased(ctx context.Context, v *request, id string) (files.Upload, error) {
	if v.row != nil {
		v.header().Set("X-File-ID", v.row.FileID.String())
		return *v.row, nil
	}
	parsed, err := uuid.Parse(id)
	if err != nil {
		return files.Upload{}, errNoUpload
	}
	return s.u.authorize(ctx, v.actor, parsed)
}

// setExpires tells when the upload ends if nothing more comes.
func (u *Uploads) setExpires(v *request) {
	v.header().Set("Upload-Expires", time.Now().Add(u.config.TTL).UTC().Format(http.TimeFormat))
}

func (s store) AsTerminatableUpload(up handler.Upload) handler.TerminatableUpload {
	return up.(*tusUpload)
}

// tusUpload is one upload during one request.
type tusUpload struct {
	u   *Uploads
	v   *request
	row files.Upload
}

func (t *tusUpload) GetInfo(context.Context) (handler.FileInfo, error) {
	metadata, _ := tusMetadata(t.row)
	return handler.FileInfo{ID: t.row.ID.String(), Size: t.row.Size, Offset: t.row.OffsetBytes, MetaData: metadata}, nil
}

// WriteChunk works on the visit's context, not on tusd's, which ends ten
// seconds after the client has gone: joining a large file may take longer.
func (t *tusUpload) WriteChunk(ctx context.Context, _ int64, src io.Reader) (int64, error) {
	in, err := t.u.ingest.Resume(t.row, ingest.Request{Org: t.v.actor.Org, Holder: t.v.leaseHolder, Length: t.v.length, TTL: t.u.config.TTL})
	if err != nil {
		return 0, t.u.answer(ctx, err)
	}
	if t.v.length < 0 {
		in.BeforeFinish = t.v.noMore
	}
	t.u.track(t.v)
	defer t.u.untrack(t.v)
	if !t.v.beginWriting() {
		return 0, handler.ErrUploadInterrupted
	}
	n, err := in.Write(t.v.ctx, src) //nolint:contextcheck // see above: the request's own context ends too early
	t.v.wrote = err == nil && in.Complete()
	return n, t.u.answer(ctx, err)
}

func (u *Uploads) track(v *request) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.active[v] = struct{}{}
	if u.draining {
		v.interrupt()
	}
}

func (u *Uploads) untrack(v *request) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.active, v)
	v.endWriting()
}

var errNoReader = errors.New("the bytes of an upload are not for reading before they are judged")

// GetReader is asked for only by downloads and concatenation, which are off.
func (t *tusUpload) GetReader(context.Context) (io.ReadCloser, error) { return nil, errNoReader }

// FinishUpload has nothing to do: WriteChunk received the version in the same
// transaction that moved the offset to its end. For a file of no bytes tusd calls no
// WriteChunk and takes no lock.
func (t *tusUpload) FinishUpload(ctx context.Context) error {
	if t.row.Size > 0 || t.row.FinishedAt != nil {
		return nil
	}
	if err := files.Lease(ctx, t.u.DB.Single(t.v.actor.Org), t.row.ID, t.v.leaseHolder); err != nil {
		return t.u.answer(ctx, err)
	}
	_, err := t.WriteChunk(ctx, 0, strings.NewReader(""))
	return err
}

// Terminate gives an upload up. One that was received is a file by now.
func (t *tusUpload) Terminate(ctx context.Context) error {
	if t.row.FinishedAt != nil {
		return t.u.answer(ctx, errReceived)
	}
	err := t.u.ingest.Withdraw(ctx, t.v.actor.Org, t.row.ID, files.Deleted, "terminated")
	if err == nil {
		t.u.ingest.Metrics.Terminated()
	}
	return t.u.answer(ctx, err)
}

var (
	_ handler.DataStore           = store{}
	_ handler.TerminaterDataStore = store{}
)
