package preview

import (
	"context"
	"errors"
	"io"

	"satchel/files"
	"satchel/internal/spool"
	"satchel/policies/previews"
	"satchel/policies/types"
)

// Local makes the previews of a local file as RenderPreviews does, and keeps none. It
// tells what the row of the version would say.
func Local(ctx context.Context, tools Tools, s *spool.Owner, content io.Reader, name, mediaType string) (state, reason string, err error) {
	row, known := previews.For(mediaType)
	if !known {
		return files.PreviewNone, reasonKind, nil
	}
	folder, err := s.Folder("preview")
	if err != nil {
		return "", "", err
	}
	defer func() { err = errors.Join(err, folder.Remove()) }()
	extension := types.Extension(name, mediaType)
	source := "source" + extension
	if err := folder.Write(source, content); err != nil {
		return "", "", err
	}
	_, err = job{tools: tools, folder: folder, path: folder.Path(source), extension: extension, row: row}.run(ctx)
	var finding *Finding
	if errors.As(err, &finding) {
		return finding.State, finding.Reason, nil
	}
	return files.PreviewReady, "", err
}
