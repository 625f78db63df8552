package storage

import (
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/api/idempotency"
	"satchel/api/request"
	"satchel/files"
	"satchel/tenancy"
	"satchel/tenancy/operations"
)

// maxTagsGiven is how many tags one change may add, and how many it may remove.
const maxTagsGiven = 50

type bulkBody struct {
	Action files.BulkAction `json:"action"`
	IDs    []uuid.UUID      `json:"ids"`
	Space  *uuid.UUID       `json:"space_id"`
	Folder json.RawMessage  `json:"folder_id"` // null: to the top of the space
	Add    []string         `json:"add_tags"`
	Remove []string         `json:"remove_tags"`

	OnConflict files.OnConflict `json:"on_conflict"`
}

// bulk checks what is asked for, and names each file once.
func (in bulkBody) bulk() (b files.Bulk, err error) {
	b.Action = in.Action
	if !slices.Contains(files.BulkActions, in.Action) {
		return b, request.Invalid("action", "action is one of %v.", files.BulkActions)
	}
	seen := make(map[uuid.UUID]bool, len(in.IDs))
	for _, id := range in.IDs {
		if !seen[id] {
			seen[id], b.Files = true, append(b.Files, id)
		}
	}
	if len(b.Files) == 0 || len(b.Files) > files.MaxBulk {
		return b, request.Invalid("ids", "ids names 1 to %d files. Send more in several requests.", files.MaxBulk)
	}
	place := changeBody{Space: in.Space, Folder: in.Folder}
	moves, space, folder, err := place.place()
	if err != nil {
		return b, err
	}
	if moves != (in.Action == files.BulkMove) {
		return b, request.Invalid("action", "A move names space_id or folder_id, and nothing else does.")
	}
	if b.OnConflict = in.OnConflict; in.OnConflict != "" && (!moves && in.Action != files.BulkRestore || !slices.Contains(files.OnConflicts, in.OnConflict)) {
		return b, request.Invalid("on_conflict", "on_conflict is one of %v, and only of a move or a restore.", files.OnConflicts)
	}
	b.Space, b.Folder = space, folder
	return b, in.tags(&b)
}

func (in bulkBody) tags(b *files.Bulk) error {
	if tagged := len(in.Add)+len(in.Remove) > 0; tagged != (in.Action == files.BulkTag) || len(in.Add) > maxTagsGiven || len(in.Remove) > maxTagsGiven {
		return request.Invalid("tags", "A change of tags names add_tags or remove_tags, up to %d of each, and nothing else does.", maxTagsGiven)
	}
	for _, list := range []struct {
		from []string
		to   *[]string
	}{{in.Add, &b.Add}, {in.Remove, &b.Remove}} {
		for _, text := range list.from {
			tag, err := files.CleanTag(text)
			if err != nil {
				return err
			}
			*list.to = append(*list.to, tag)
		}
	}
	return nil
}

// BulkView is a change of many files, and what became of each.
type BulkView struct {
	ID        uuid.UUID        `json:"id"`
	Action    files.BulkAction `json:"action"`
	State     operations.State `json:"state"`
	Total     int              `json:"total"`
	OK        int              `json:"ok"`
	Refused   int              `json:"refused"`
	Skipped   int              `json:"skipped"`
	Items     []BulkItemView   `json:"items"`
	CreatedAt time.Time        `json:"created_at"`
	EndedAt   *time.Time       `json:"ended_at"`
}

// BulkItemView is one file of a change.
type BulkItemView struct {
	ID     uuid.UUID `json:"id"`
	Result string    `json:"result"`
	Code   string    `json:"code,omitempty"`
	Detail string    `json:"detail,omitempty"`
}

const bulkPath = "/api/v1/storage/bulk/"

// ChangeFiles changes many files: a few before it answers, more behind the answer.
func (r *Storage) ChangeFiles(c *gin.Context) error {
	in, err := request.Body[bulkBody](c)
	if err != nil {
		return err
	}
	b, err := in.bulk()
	if err != nil {
		return err
	}
	actor := request.Caller(c)
	b.ID, b.Actor, b.Key = request.NewID(c), actor.User, actor.Key
	if err := r.Workflows.ChangeFiles(c.Request.Context(), actor.Org, b); err != nil {
		return err
	}
	return r.answerBulk(c, b.ID)
}

// answerBulk says what became of the files: with 200 of all, with 202 so far.
func (r *Storage) answerBulk(c *gin.Context, id uuid.UUID) error {
	view, err := r.bulk(c, id)
	if err != nil {
		return err
	}
	status := http.StatusOK
	if view.State.Open() {
		status = http.StatusAccepted
	}
	c.Header("Location", bulkPath+id.String())
	c.JSON(status, view)
	return nil
}

func (r *Storage) bulk(c *gin.Context, id uuid.UUID) (BulkView, error) {
	ctx, org := c.Request.Context(), request.Caller(c).Org
	var view BulkView
	err := r.DB.InTx(ctx, org, func(tx *tenancy.Tx) error {
		b, err := files.GetBulk(ctx, tx, id)
		if err != nil {
			return err
		}
		items, err := files.BulkItems(ctx, tx, id)
		if err != nil {
			return err
		}
		view = BulkView{ID: b.ID, Action: b.Action, State: operations.State(b.State).Simple(), Total: len(items), Items: make([]BulkItemView, len(items)),
			CreatedAt: b.CreatedAt.UTC(), EndedAt: request.UTC(b.EndedAt)}
		for i, item := range items {
			view.Items[i] = BulkItemView{ID: item.FileID, Result: item.Result, Code: item.Code, Detail: item.Detail}
			switch item.Result {
			case "ok":
				view.OK++
			case "refused":
				view.Refused++
			case "skipped":
				view.Skipped++
			}
		}
		return nil
	})
	return view, err
}

// GetBulk says what became of the files of a change of the caller's.
func (r *Storage) GetBulk(c *gin.Context) error {
	id, err := uuid.Parse(c.Param("id"))
	if err != nil {
		return files.ErrNoBulk.Because(err)
	}
	view, err := r.bulk(c, id)
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, view)
	return nil
}

// ReplayChangeFiles answers with the change that the earlier try began.
func (r *Storage) ReplayChangeFiles(c *gin.Context, e idempotency.PreviousAttempt) (idempotency.Outcome, error) {
	return idempotency.OutcomeOf(r.answerBulk(c, e.ID), files.ErrNoBulk)
}
