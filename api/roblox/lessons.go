package roblox

import (
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/api/request"
	"satchel/roblox/connections"
)

// LessonView is a document that was made from a text, as an entry of a data store.
type LessonView struct {
	FileID    uuid.UUID         `json:"file_id"`
	VersionID uuid.UUID         `json:"version_id"`
	Name      string            `json:"name"`
	Kind      string            `json:"kind"`
	Key       string            `json:"key"`
	State     connections.State `json:"state"`
	Code      string            `json:"code"`
	Rule      string            `json:"rule"`
	Revision  string            `json:"revision"`
	SHA256    string            `json:"sha256"`
	WrittenAt *time.Time        `json:"written_at"`
	UpdatedAt time.Time         `json:"updated_at"`
}

func lessonView(l connections.Lesson) LessonView {
	return LessonView{FileID: l.File, VersionID: l.Version, Name: l.Name, Kind: l.Kind, Key: l.Key(), State: l.State, Code: l.Code, Rule: l.Rule, Revision: l.Revision, SHA256: l.SHA256,
		WrittenAt: request.UTC(l.WrittenAt), UpdatedAt: l.UpdatedAt.UTC()}
}

// ListLessons lists what documents became.
func (r *Connections) ListLessons(c *gin.Context) error {
	found, err := r.find(c)
	if err != nil {
		return err
	}
	q := r.DB.Single(request.Caller(c).Org)
	return request.List(c, 1, func(after []uuid.UUID, limit int) ([]connections.Lesson, error) {
		return connections.Lessons(c.Request.Context(), q, found.ID, after[0], limit)
	}, lessonView, func(l connections.Lesson) []uuid.UUID { return []uuid.UUID{l.File} })
}
