package pdf

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"satchel/internal/sandbox"
)

// Text reads the text of the first pages, of which the first most bytes come back. A
// document whose pages are pictures has none.
func (r Reader) Text(ctx context.Context, path, work string, pages int, most int64) (string, error) {
	const name = "text.txt"
	result, err := r.runner.Run(ctx, sandbox.Call{Program: r.config.Text, Input: path, Work: work, Limits: r.limits, Args: []string{
		"-enc", "UTF-8", "-l", strconv.Itoa(pages), path, filepath.Join(work, name)}})
	if err != nil {
		return "", err
	}
	f, err := os.OpenInRoot(work, name) // the program may have been taken over by the document
	switch {
	case errors.Is(err, os.ErrNotExist):
		return "", refused(result)
	case err != nil:
		return "", sandbox.Finding{Code: sandbox.Crashed, Message: err.Error()}
	}
	defer func() { _ = f.Close() }()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return "", sandbox.Finding{Code: sandbox.Crashed, Message: "the text is no file"}
	}
	text, err := io.ReadAll(io.LimitReader(f, most))
	if err != nil {
		return "", fmt.Errorf("read the text of a PDF: %w", err)
	}
	return string(text), nil
}
