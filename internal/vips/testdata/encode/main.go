// Command encode reads a PNG from stdin and writes it in the format named by
// its argument: webp, tiff, avif, heif, jp2 or jxl. Tests need it for the formats
// that nothing in Go can write.
package main

/*
#cgo pkg-config: vips
#include <vips/vips.h>

static int save(void *in, size_t size, const char *suffix, void **out, size_t *out_size) {
	VipsImage *image = vips_image_new_from_buffer(in, size, "", NULL);
	if (!image)
		return -1;
	int failed = vips_image_write_to_buffer(image, suffix, out, out_size, NULL);
	g_object_unref(image);
	return failed;
}
*/
import "C"

import (
	"errors"
	"fmt"
	"io"
	"os"
	"unsafe"

	"github.com/h2non/bimg"
)

var types = map[string]bimg.ImageType{"webp": bimg.WEBP, "tiff": bimg.TIFF, "avif": bimg.AVIF, "heif": bimg.HEIF}

func main() {
	if err := convert(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "encode:", err)
		os.Exit(1)
	}
}

func convert(format string) error {
	source, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	if format == "jp2" || format == "jxl" { // bimg does not write them
		return save(source, "."+format)
	}
	target, ok := types[format]
	if !ok {
		return fmt.Errorf("unknown format %q", format)
	}
	out, err := bimg.NewImage(source).Process(bimg.Options{Type: target, Quality: 90, Speed: 8})
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(out)
	return err
}

func save(source []byte, suffix string) error {
	var out unsafe.Pointer
	var size C.size_t
	if C.save(unsafe.Pointer(&source[0]), C.size_t(len(source)), C.CString(suffix), &out, &size) != 0 {
		return errors.New(C.GoString(C.vips_error_buffer()))
	}
	_, err := os.Stdout.Write(C.GoBytes(out, C.int(size)))
	return err
}
