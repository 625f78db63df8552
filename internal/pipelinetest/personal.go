package pipelinetest

import (
	"context"
	"errors"
	"io"
	"os"

	"satchel/activities/pii"
	"satchel/internal/segments"
)

// PersonalTools are fakes to which every file is one text, except a film, which has none.
func PersonalTools() pii.Tools {
	none := errors.New("no test needs it")
	return pii.Tools{
		Read: func(_ context.Context, path, mediaType, _ string, take func(segments.Place, io.Reader) error) ([]pii.Unread, error) {
			if mediaType == "video/mp4" {
				return []pii.Unread{{Reason: segments.NoText}}, nil
			}
			f, err := os.Open(path) //nolint:gosec // a file in the spool's own folder
			if err != nil {
				return nil, err
			}
			defer func() { _ = f.Close() }()
			return nil, take(segments.Place{Part: segments.Text}, f)
		},
		Convert: func(context.Context, string, string) (string, error) { return "", none },
		Letters: func(context.Context, string, string) (string, error) { return "", none },
		Pages:   func(context.Context, string, string) ([]string, error) { return nil, none },
	}
}
