package wiring

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"

	"satchel/activities/extract"
	"satchel/activities/inspect"
	"satchel/activities/pii"
	"satchel/internal/reader"
	"satchel/internal/s3"
	"satchel/internal/segments"
	"satchel/internal/spool"
	"satchel/tenancy"
	"satchel/tenancy/people"
	inspecting "satchel/workflows/pii"
	"satchel/workflows/upload"
)

// newReader keeps what its children share in the spool.
func newReader(c reader.Config, sp *spool.Owner) (reader.Reader, error) {
	compiled, err := sp.Folder("reader") // removed with the spool, after a crash too
	if err != nil {
		return reader.Reader{}, err
	}
	return reader.New(c, compiled.Path("compiled"))
}

// newExpect lets the reader's child start while a file is scanned.
func newExpect(r reader.Reader) inspect.Expect { return r.Expect }

// newPersonalTools binds what inspections read with to its programs: the reader for what it
// knows, LibreOffice and the recognizer of letters for the rest.
func newPersonalTools(r reader.Reader, texts extract.Tools) pii.Tools {
	return pii.Tools{
		Read: func(ctx context.Context, path, mediaType, work string, take func(segments.Place, io.Reader) error) ([]pii.Unread, error) {
			result, err := r.Read(ctx, path, mediaType, work)
			if err != nil {
				return nil, err
			}
			var left []pii.Unread
			for _, u := range result.Unread {
				left = append(left, pii.Unread(u))
			}
			return left, result.Each(take)
		},
		Convert: func(ctx context.Context, path, work string) (string, error) {
			made, err := texts.Office.PDF(ctx, path, work)
			return made, unread(err)
		},
		Letters: func(ctx context.Context, path, work string) (string, error) {
			small, err := texts.Pictures.Shrink(ctx, path, work)
			if err != nil {
				return "", unread(err)
			}
			letters := filepath.Join(work, "letters")
			if err := os.Mkdir(letters, 0o700); err != nil {
				return "", spool.Failed("make output folder", err)
			}
			text, err := texts.Scans.Read(ctx, small, letters)
			return text, unread(err)
		},
		Pages: func(ctx context.Context, path, work string) ([]string, error) {
			const most = 21 // one more than is read, which tells that there are more
			pages, err := texts.Documents.Pictures(ctx, path, work, most)
			return pages, unread(err)
		},
	}
}

// unread translates what the programs found about a file, and that one is missing: another
// try on this machine gives the same.
func unread(err error) error {
	var about *extract.Finding
	if errors.As(err, &about) {
		return &segments.Unread{Reason: about.Reason, Detail: about.Detail}
	}
	return err
}

func newPersonal(db *tenancy.DB, store *s3.Store, tools pii.Tools, sp *spool.Owner, secret people.HashConfig) (*pii.Activities, error) {
	return pii.New(db, store.Staging, store.Clean, tools, sp, secret)
}

// personalStarter starts what sweeps find.
type personalStarter struct{ client client.Client }

func (s personalStarter) StartInspection(ctx context.Context, org tenancy.OrgID, version uuid.UUID) error {
	return inspecting.Start(ctx, s.client, inspecting.InspectFileInput{Org: org, Version: version})
}

func (s personalStarter) StartRelease(ctx context.Context, org tenancy.OrgID, file, version uuid.UUID) error {
	return upload.StartRelease(ctx, s.client, upload.UploadFileInput{Org: org, File: file, Version: version})
}

func newPersonalPending(db *tenancy.DB, c client.Client, config pii.Config) *pii.Pending {
	return pii.NewPending(db, personalStarter{c}, config)
}
