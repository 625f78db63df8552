package storage

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/api/content"
	"satchel/api/request"
	"satchel/files"
	"satchel/internal/fault"
	"satchel/tenancy"
)

// findVersion reads one version of the file in the path, if the caller may see
// the file.
func (r *Storage) findVersion(c *gin.Context, number string) (files.View, error) {
	id, err := fileID(c)
	if err != nil {
		return files.View{}, err
	}
	return readVersion(c.Request.Context(), r.DB.Single(request.Caller(c).Org), id, number)
}

// lookVersion is findVersion for a request that only reads: a standby may answer.
func (r *Storage) lookVersion(c *gin.Context, number string) (files.View, error) {
	id, err := fileID(c)
	if err != nil {
		return files.View{}, err
	}
	return tenancy.Read(c.Request.Context(), r.DB, request.Caller(c).Org, func(ctx context.Context, q tenancy.Queries) (files.View, error) {
		return readVersion(ctx, q, id, number)
	})
}

func readVersion(ctx context.Context, q tenancy.Queries, file uuid.UUID, number string) (files.View, error) {
	v, err := files.Get(ctx, q, file)
	if err != nil {
		return v, err
	}
	n, err := versionNumber(number)
	if err != nil {
		return v, err
	}
	return files.GetNumber(ctx, q, v.FileID, n)
}

// ListVersions lists a file's versions.
func (r *Storage) ListVersions(c *gin.Context) error {
	id, err := fileID(c)
	if err != nil {
		return err
	}
	views, err := tenancy.Read(c.Request.Context(), r.DB, request.Caller(c).Org, func(ctx context.Context, q tenancy.Queries) ([]files.View, error) {
		if _, err := files.Get(ctx, q, id); err != nil {
			return nil, err
		}
		return files.History(ctx, q, id)
	})
	if err != nil {
		return err
	}
	shown := make([]FileView, len(views))
	for i, v := range views {
		if shown[i], err = r.show(v); err != nil {
			return err
		}
	}
	c.JSON(http.StatusOK, request.Page[FileView]{Items: shown})
	return nil
}

// RestoreVersion brings old bytes back as a new version. They go the whole way
// again: what was clean then may be known as infected now.
func (r *Storage) RestoreVersion(c *gin.Context) error {
	if _, err := r.findToEdit(c); err != nil {
		return err
	}
	old, err := r.findVersion(c, c.Param("n"))
	if err != nil {
		return err
	}
	if err := content.Readable(old); err != nil {
		return err
	}
	actor, ctx := request.Caller(c), c.Request.Context()
	t, err := r.createRestored(ctx, actor, old, request.NewID(c))
	if err != nil {
		return err
	}
	return r.answerRestored(c, t)
}

func (r *Storage) answerRestored(c *gin.Context, t files.Created) error {
	v, err := files.GetOf(c.Request.Context(), r.DB.Single(request.Caller(c).Org), t.File, t.Version)
	if err != nil {
		return err
	}
	c.Header("Location", fileLocation(t))
	return r.answer(c, http.StatusAccepted, v)
}

// restoreTTL is how long the rows of a restored version wait for its copy: they
// outlive the request only when the process died.
const restoreTTL = time.Hour

// createRestored makes a new version from a published one's bytes, which the store
// copies itself. The order is an upload's: reserve, then bytes, then the
// workflow, so a process that dies in between leaves what the sweep settles.
func (r *Storage) createRestored(ctx context.Context, actor tenancy.Actor, old files.View, id uuid.UUID) (files.Created, error) {
	var t files.Created
	err := r.DB.InTx(ctx, actor.Org, func(tx *tenancy.Tx) (err error) {
		t, err = files.Create(ctx, tx, files.New{
			Version: id, File: old.FileID, ClaimedType: old.MimeType, ClaimedSHA256: old.Sha256, Size: old.Size, UploadedBy: actor.User, TTL: restoreTTL, Reverts: true,
			ChangeDescription: fmt.Sprintf("Restored from version %d", old.Number),
		})
		return err
	})
	if err != nil {
		return t, err
	}
	if err := r.copyBack(ctx, actor.Org, old, t); err != nil {
		ctx := context.WithoutCancel(ctx)
		return t, errors.Join(err, r.DB.InTx(ctx, actor.Org, func(tx *tenancy.Tx) error {
			return files.Withdraw(ctx, tx, t.Version, files.Failed, fault.Of(err).Code)
		}))
	}
	r.Uploads.StartReceived(ctx, actor.Org, t)
	return t, nil
}

func (r *Storage) copyBack(ctx context.Context, org tenancy.OrgID, old files.View, t files.Created) error {
	etag, err := r.Staging.CopyFrom(ctx, r.Clean.Name(), files.ContentKey(org, old.VersionID), old.ObjectEtag, files.StagingKey(org, t.Version))
	if err != nil {
		return fmt.Errorf("copy version %d back: %w", old.Number, err)
	}
	return r.DB.InTx(ctx, org, func(tx *tenancy.Tx) error {
		return files.Receive(ctx, tx, files.Received{Upload: t.Upload, Size: old.Size, SHA256: old.Sha256, ETag: etag})
	})
}

func fileLocation(t files.Created) string { return "/api/v1/storage/files/" + t.File.String() }

// DeleteVersion deletes one version for good.
func (r *Storage) DeleteVersion(c *gin.Context) error {
	v, err := r.findToEdit(c)
	if err != nil {
		return err
	}
	old, err := r.findVersion(c, c.Param("n"))
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	err = r.DB.InTx(ctx, request.Caller(c).Org, func(tx *tenancy.Tx) error {
		return files.DeleteVersion(ctx, tx, v.FileID, old.VersionID, files.ByPerson)
	})
	if err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}

// VersionFactsView is a version by itself.
type VersionFactsView struct {
	Version           int32        `json:"version"`
	Status            files.Status `json:"status"`
	Name              string       `json:"name,omitempty"` // of the file, when this version was begun
	Size              int64        `json:"size"`
	MimeType          string       `json:"mime_type"`
	SHA256            string       `json:"sha256"`
	ChangeDescription string       `json:"change_description"`
	UploadedBy        uuid.UUID    `json:"uploaded_by"`
	CreatedAt         time.Time    `json:"created_at"`
	PublishedAt       *time.Time   `json:"published_at"`
}

// DifferenceView is one thing in which two versions differ.
type DifferenceView struct {
	Field string          `json:"field"`
	From  json.RawMessage `json:"from"`
	To    json.RawMessage `json:"to"`
}

// CompareVersions says in what two versions differ.
func (r *Storage) CompareVersions(c *gin.Context) error {
	v, err := r.find(c)
	if err != nil {
		return err
	}
	from, err := versionNumber(c.Param("n"))
	if err != nil {
		return err
	}
	to, err := versionNumber(c.Param("other"))
	if err != nil {
		return err
	}
	a, b, differences, err := files.Compare(c.Request.Context(), r.DB.Single(request.Caller(c).Org), v.FileID, from, to)
	if err != nil {
		return err
	}
	shown := make([]DifferenceView, len(differences))
	for i, d := range differences {
		shown[i] = DifferenceView(d)
	}
	c.JSON(http.StatusOK, gin.H{"from": showFacts(a), "to": showFacts(b), "differences": shown})
	return nil
}

func showFacts(v files.VersionFacts) VersionFactsView {
	return VersionFactsView{Version: v.Number, Status: v.Status, Name: v.FileName, Size: v.Size, MimeType: v.MimeType, SHA256: v.Sha256,
		ChangeDescription: v.ChangeDescription, UploadedBy: v.UploadedBy, CreatedAt: v.CreatedAt.UTC(), PublishedAt: request.UTC(v.PublishedAt)}
}
