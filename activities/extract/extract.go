// Package extract reads what is written in a published file, so that it is found by it.
// It never fails the file: one that cannot be read is found by its name.
package extract

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"go.temporal.io/sdk/activity"

	"satchel/activities/extract/extractdb"
	"satchel/files"
	"satchel/internal/queue"
	"satchel/internal/spool"
	"satchel/policies/previews"
	"satchel/policies/types"
	"satchel/tenancy"
)

// Source reads an object, if it still has the given ETag.
type Source interface {
	Open(ctx context.Context, key, etag string, offset, length int64) (io.ReadCloser, error)
}

// Reasons that no tool gives.
const (
	reasonKind   = "no_text_of_kind"
	reasonEmpty  = "empty"
	reasonFailed = "failed" // a fault lasted through all attempts
)

// Activities are the activities of this package.
type Activities struct {
	db    *tenancy.DB
	clean Source
	tools Tools
	spool *spool.Owner
}

// New makes the activities. clean is the bucket of published objects.
func New(db *tenancy.DB, clean Source, tools Tools, s *spool.Owner) *Activities {
	return &Activities{db: db, clean: clean, tools: tools, spool: s}
}

// ReadTextInput names the version.
type ReadTextInput struct {
	Org     tenancy.OrgID
	Version uuid.UUID
}

// ReadTextResult says what became of the text, and nothing of what is in it.
type ReadTextResult struct {
	State    string
	Reason   string // a code, where there is no text
	Language string
	Bytes    int
}

// ReadText reads the text of a published version and stores it. A version that is no
// longer the published one of its file has no row that waits for it: nothing is stored.
func (a *Activities) ReadText(ctx context.Context, in ReadTextInput) (ReadTextResult, error) {
	q := a.db.Single(in.Org)
	v, err := files.GetVersion(ctx, q, in.Version)
	if err != nil {
		return ReadTextResult{}, err
	}
	if done, err := a.done(ctx, q, in.Version); err != nil || done.State != "" {
		return done, err
	}
	row, known := previews.For(v.MimeType)
	if !known {
		return a.end(ctx, in, &Finding{State: None, Reason: reasonKind})
	}
	defer queue.Heartbeat(ctx)()
	text, err := a.read(ctx, v, row)
	var finding *Finding
	switch {
	case errors.As(err, &finding):
		activity.GetLogger(ctx).Info("no text", "version", in.Version, "state", finding.State, "reason", finding.Reason, "detail", finding.Detail)
		return a.end(ctx, in, finding)
	case err != nil:
		return ReadTextResult{}, fmt.Errorf("read text: %w", err)
	}
	return a.store(ctx, in, text)
}

// done gives the result of an attempt before this one, or of a version without a row.
func (a *Activities) done(ctx context.Context, q tenancy.Queries, version uuid.UUID) (ReadTextResult, error) {
	row, err := extractdb.New(q).TextGet(ctx, version)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return ReadTextResult{State: None, Reason: "not_published"}, nil
	case err != nil || row.State == "pending":
		return ReadTextResult{}, err
	}
	return ReadTextResult{State: row.State, Reason: row.Reason, Language: row.Language, Bytes: len(row.Body)}, nil
}

func (a *Activities) read(ctx context.Context, v files.Version, row previews.Row) (found, error) {
	folder, err := a.spool.Folder("extract")
	if err != nil {
		return found{}, err
	}
	defer folder.Discard(activity.GetLogger(ctx).Warn)
	body, err := a.clean.Open(ctx, files.ContentKey(v.OrganizationID, v.ID), v.ObjectEtag, 0, -1)
	if err != nil {
		return found{}, err
	}
	defer func() { _ = body.Close() }()
	name := "source" + types.Extension(v.Name, v.MimeType)
	if err := folder.Write(name, body); err != nil {
		return found{}, fmt.Errorf("spool file: %w", err)
	}
	return job{tools: a.tools, folder: folder, path: folder.Path(name), mediaType: v.MimeType, method: row.Method}.run(ctx)
}

const maxTitle = 500 // bytes

// store stores a text. One of which Postgres makes too many lexemes is cut in half until
// they fit.
func (a *Activities) store(ctx context.Context, in ReadTextInput, text found) (ReadTextResult, error) {
	title, body := clean(text.title, maxTitle), clean(text.body, maxText)
	if title == "" && body == "" {
		return a.end(ctx, in, &Finding{State: None, Reason: reasonEmpty})
	}
	language := languageOf(body)
	for {
		err := a.update(ctx, in, extractdb.TextStoreParams{VersionID: in.Version, State: Ready, Language: language, Title: title, Body: body})
		if !isTooLong(err) || body == "" {
			return ReadTextResult{State: Ready, Language: language, Bytes: len(body)}, err
		}
		body = clean(body, len(body)/2)
	}
}

func (a *Activities) end(ctx context.Context, in ReadTextInput, f *Finding) (ReadTextResult, error) {
	return ReadTextResult{State: f.State, Reason: f.Reason}, a.update(ctx, in, extractdb.TextStoreParams{VersionID: in.Version, State: f.State, Reason: f.Reason, Language: unknownLanguage})
}

func (a *Activities) update(ctx context.Context, in ReadTextInput, p extractdb.TextStoreParams) error {
	_, err := extractdb.New(a.db.Single(in.Org)).TextStore(ctx, p)
	return err
}
