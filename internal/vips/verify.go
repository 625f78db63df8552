package vips

import (
	"bytes"
	"fmt"
	"image"
	_ "image/jpeg" // DecodeConfig for one of the two rendition formats
	"io"
	"os"
	"path/filepath"

	_ "golang.org/x/image/webp" // DecodeConfig for the other one

	"satchel/internal/vips/metadata"
)

// maxRendition bounds what the parent reads of one rendition. The largest has
// 1600 × 1600 pixels, which as noise at our quality is about 2 MiB.
const maxRendition = 8 << 20

// verify believes the child only where the bytes in outDir agree. The child
// may have been taken over by the image it decoded, and what it wrote is
// served to browsers from here on.
func verify(report Report, outDir string) (Result, error) {
	if err := plausible(report); err != nil {
		return Result{}, err
	}
	root, err := os.OpenRoot(outDir)
	if err != nil {
		return Result{}, fmt.Errorf("open output directory: %w", err)
	}
	defer func() { _ = root.Close() }()

	result := Result{
		Width: report.Width, Height: report.Height, Orientation: report.Orientation,
		Format: report.Format, Pages: report.Pages, Sandbox: report.Sandbox,
	}
	seen := map[string]bool{}
	for _, rendition := range report.Renditions {
		if seen[rendition.Name] {
			return Result{}, fmt.Errorf("rendition %q is reported twice", rendition.Name)
		}
		seen[rendition.Name] = true
		if err := verifyOne(root, rendition); err != nil {
			return Result{}, fmt.Errorf("rendition %q: %w", rendition.Name, err)
		}
		rendition.Path = filepath.Join(outDir, rendition.File)
		result.Renditions = append(result.Renditions, rendition)
	}
	return result, onlyReported(root, seen)
}

func plausible(r Report) error {
	switch {
	case !Fits(r.Format, r.Width, r.Height):
		return fmt.Errorf("reported size %d × %d is outside the limits", r.Width, r.Height)
	case r.Orientation < 1 || r.Orientation > 8:
		return fmt.Errorf("reported orientation %d does not exist", r.Orientation)
	case r.Pages < 1:
		return fmt.Errorf("reported number of pages %d is not positive", r.Pages)
	case !formats[r.Format]:
		return fmt.Errorf("reported format %q is not one that is rendered", printable(r.Format))
	case len(r.Renditions) < 1 || len(r.Renditions) > len(Sizes)*len(Encodings):
		return fmt.Errorf("reported %d renditions, expected 1 to %d", len(r.Renditions), len(Sizes)*len(Encodings))
	}
	return nil
}

var formats = map[string]bool{"jpeg": true, "png": true, "webp": true, "gif": true, "avif": true, "heic": true, "tiff": true, "bmp": true,
	"ico": true, "jp2": true, "jxl": true}

func verifyOne(root *os.Root, r Rendition) error {
	size, encoding, ok := lookUp(r.Name)
	if !ok || r.File != r.Name || r.MIME != encoding.MIME {
		return fmt.Errorf("name, file %q and type %q are not one of ours", printable(r.File), printable(r.MIME))
	}
	content, err := readRegular(root, r.File)
	if err != nil {
		return err
	}
	if int64(len(content)) != r.Size {
		return fmt.Errorf("holds %d bytes, reported as %d", len(content), r.Size)
	}
	config, format, err := image.DecodeConfig(bytes.NewReader(content))
	if err != nil {
		return fmt.Errorf("read header: %w", err)
	}
	if "image/"+format != r.MIME {
		return fmt.Errorf("holds %s, reported as %s", format, r.MIME)
	}
	if config.Width != r.Width || config.Height != r.Height || max(r.Width, r.Height) > size.Side {
		return fmt.Errorf("is %d × %d, reported as %d × %d for a side of %d", config.Width, config.Height, r.Width, r.Height, size.Side)
	}
	return metadata.Check(content)
}

// lookUp splits a name such as fit320.webp into the step and the encoding that
// make it, and knows no other names.
func lookUp(name string) (Size, Encoding, bool) {
	for _, size := range Sizes {
		for _, encoding := range Encodings {
			if name == size.Name+encoding.Suffix {
				return size, encoding, true
			}
		}
	}
	return Size{}, Encoding{}, false
}

// readRegular reads a file and nothing but a file: a link could name a secret
// of the worker, a named pipe would block it for ever.
func readRegular(root *os.Root, name string) ([]byte, error) {
	info, err := root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("is not a regular file (%s)", info.Mode().Type())
	}
	file, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	content, err := io.ReadAll(io.LimitReader(file, maxRendition+1))
	if err != nil {
		return nil, err
	}
	if len(content) > maxRendition {
		return nil, fmt.Errorf("is larger than %d bytes", maxRendition)
	}
	return content, nil
}

// onlyReported refuses files the child made and did not mention.
func onlyReported(root *os.Root, reported map[string]bool) error {
	dir, err := root.Open(".")
	if err != nil {
		return fmt.Errorf("open output directory: %w", err)
	}
	defer func() { _ = dir.Close() }()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return fmt.Errorf("list output directory: %w", err)
	}
	for _, name := range names {
		if !reported[name] {
			return fmt.Errorf("output directory holds %q, which was not reported", printable(name))
		}
	}
	return nil
}
