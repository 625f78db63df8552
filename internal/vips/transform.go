package vips

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	_ "image/png" // DecodeConfig for the third format of what is asked for
	"os"
	"path/filepath"

	"satchel/internal/vips/metadata"
	"satchel/policies/transforms"
)

// TransformedName is the file of a picture that is asked for.
func TransformedName(s transforms.Spec) string { return "picture." + string(s.Format) }

// Transform makes one picture of the image at sourcePath into outDir, which must exist
// and be empty, and returns it once it is verified. After an error outDir is empty again.
func (r Renderer) Transform(ctx context.Context, sourcePath, outDir string, s transforms.Spec) (Rendition, error) {
	if err := mustBeEmpty(outDir); err != nil {
		return Rendition{}, err
	}
	made, err := r.transform(ctx, sourcePath, outDir, s)
	if err != nil {
		return Rendition{}, errors.Join(err, empty(outDir))
	}
	return made, nil
}

func (r Renderer) transform(ctx context.Context, sourcePath, outDir string, s transforms.Spec) (Rendition, error) {
	ended, err := r.run(ctx, sourcePath, outDir, "--transform", s.Key())
	if err != nil {
		return Rendition{}, fmt.Errorf("transform %s: %w", sourcePath, err)
	}
	report, err := ended.report()
	if err != nil {
		return Rendition{}, fmt.Errorf("transform %s: %w", sourcePath, err)
	}
	made, err := verifyTransformed(report, outDir, s)
	if err != nil {
		return Rendition{}, fmt.Errorf("verify picture of %s: %w", sourcePath, err)
	}
	return made, nil
}

// verifyTransformed believes the child only where the bytes in outDir agree, as verify.
func verifyTransformed(report Report, outDir string, s transforms.Spec) (Rendition, error) {
	if len(report.Renditions) != 1 {
		return Rendition{}, fmt.Errorf("reported %d pictures, expected one", len(report.Renditions))
	}
	if err := plausible(report); err != nil {
		return Rendition{}, err
	}
	root, err := os.OpenRoot(outDir)
	if err != nil {
		return Rendition{}, fmt.Errorf("open output directory: %w", err)
	}
	defer func() { _ = root.Close() }()
	made, name := report.Renditions[0], TransformedName(s)
	if made.Name != name || made.File != name || made.MIME != s.Format.MediaType() {
		return Rendition{}, fmt.Errorf("name %q and type %q are not what was asked for", printable(made.Name), printable(made.MIME))
	}
	content, err := readRegular(root, name)
	if err != nil {
		return Rendition{}, err
	}
	if err := agrees(content, made, s); err != nil {
		return Rendition{}, err
	}
	made.Path = filepath.Join(outDir, name)
	return made, onlyReported(root, map[string]bool{name: true})
}

func agrees(content []byte, made Rendition, s transforms.Spec) error {
	config, format, err := image.DecodeConfig(bytes.NewReader(content))
	switch {
	case err != nil:
		return fmt.Errorf("read header: %w", err)
	case int64(len(content)) != made.Size:
		return fmt.Errorf("holds %d bytes, reported as %d", len(content), made.Size)
	case "image/"+format != made.MIME:
		return fmt.Errorf("holds %s, reported as %s", format, made.MIME)
	case config.Width != made.Width || config.Height != made.Height || s.Width > 0 && made.Width > s.Width || s.Height > 0 && made.Height > s.Height:
		return fmt.Errorf("is %d × %d, reported as %d × %d for a box of %d × %d", config.Width, config.Height, made.Width, made.Height, s.Width, s.Height)
	}
	return metadata.Check(content)
}
