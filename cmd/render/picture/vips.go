package picture

/*
#cgo pkg-config: vips
#include <stdlib.h>
#include <vips/vips.h>

// Only the loader for the format that was recognized stays open. libvips looks
// at the bytes once more by itself, and must not come to another conclusion.
static void open_loader(const char *loader) {
	vips_operation_block_set("VipsForeignLoad", TRUE);
	vips_operation_block_set(loader, FALSE);
	vips_operation_block_set("VipsForeignLoadPng", FALSE); // the intermediate picture
}

typedef struct { int width, height, orientation, pages, profiled; } picture_header;

// Reads no pixels: libvips images are evaluated when they are written.
static int read_header(void *buf, size_t len, picture_header *h) {
	VipsImage *in = vips_image_new_from_buffer(buf, len, "", NULL);
	if (!in)
		return -1;
	h->width = vips_image_get_width(in);
	h->height = vips_image_get_page_height(in);
	h->pages = vips_image_get_n_pages(in);
	h->orientation = vips_image_get_orientation(in);
	// Only an RGB picture with a profile of its own goes through ICC: libvips
	// 8.14 turns pure blue into purple when asked to export a picture without
	// one, and has nothing to fall back to for a gray picture with a broken one.
	// CMYK is converted in any case.
	h->profiled = vips_image_get_typeof(in, VIPS_META_ICC_NAME) != 0 && vips_image_get_bands(in) >= 3 &&
		vips_image_guess_interpretation(in) != VIPS_INTERPRETATION_CMYK;
	g_object_unref(in);
	return 0;
}

// Decodes the first frame and fits it into a square. vips_thumbnail_buffer
// would do both, but looks for a smaller version of the picture in the file: it
// takes the second page of a TIFF for one when it is half as large, and a HEIC's
// thumbnail, which may show what was cropped away, for the picture.
static int load_small(void *buf, size_t len, const char *options, int side, int profiled, VipsImage **out) {
	VipsImage *in = vips_image_new_from_buffer(buf, len, options,
		"access", VIPS_ACCESS_SEQUENTIAL, "fail_on", VIPS_FAIL_ON_ERROR, NULL);
	if (!in)
		return -1;
	const char *space = profiled ? "srgb" : NULL;
	int failed = vips_thumbnail_image(in, out, side, "height", side, "size", VIPS_SIZE_DOWN,
		"export_profile", space, "import_profile", space, NULL);
	g_object_unref(in);
	return failed;
}

// Fits the first frame into a square: turns by orientation, converts to 8-bit
// sRGB, and writes an uncompressed PNG without metadata. Truncated and damaged
// input is an error.
static int shrink(void *buf, size_t len, const char *options, int side, int profiled, void **out, size_t *out_len) {
	VipsImage *small = NULL, *srgb = NULL, *bytes = NULL;
	int failed =
		load_small(buf, len, options, side, profiled, &small) ||
		vips_colourspace(small, &srgb, VIPS_INTERPRETATION_sRGB, NULL) ||
		vips_cast(srgb, &bytes, VIPS_FORMAT_UCHAR, NULL) ||
		vips_pngsave_buffer(bytes, out, out_len, "compression", 0, "filter", VIPS_FOREIGN_PNG_FILTER_NONE, "strip", TRUE, NULL);
	VIPS_UNREF(bytes);
	VIPS_UNREF(srgb);
	VIPS_UNREF(small);
	return failed ? -1 : 0;
}
*/
import "C"

import (
	"errors"
	"strings"
	"unsafe"
)

// The few lines of C above are here because bimg has no way to say them: it
// never sets fail_on, so that a truncated photo becomes a half-grey preview
// without an error; it resizes without color management and without
// premultiplying alpha; it turns by orientation through a full-size JPEG.

func openLoader(f Format) {
	name := C.CString(f.loader)
	defer C.free(unsafe.Pointer(name))
	C.open_loader(name)
}

func readHeader(content []byte) (Header, error) {
	var h C.picture_header
	if C.read_header(unsafe.Pointer(&content[0]), C.size_t(len(content)), &h) != 0 {
		return Header{}, vipsError()
	}
	return Header{Width: int(h.width), Height: int(h.height), Orientation: int(h.orientation), Pages: int(h.pages), profiled: h.profiled != 0}, nil
}

// how says how to decode; the zero value is right for an intermediate picture.
type how struct {
	options  string // of the loader, such as "[shrink=2]"
	profiled bool   // convert from the picture's own color profile
}

func shrink(content []byte, side int, h how) ([]byte, error) {
	options := C.CString(h.options)
	defer C.free(unsafe.Pointer(options))
	var out unsafe.Pointer
	var size C.size_t
	if C.shrink(unsafe.Pointer(&content[0]), C.size_t(len(content)), options, C.int(side), flag(h.profiled), &out, &size) != 0 {
		return nil, vipsError()
	}
	defer C.g_free(C.gpointer(out))
	return C.GoBytes(out, C.int(size)), nil
}

func flag(b bool) C.int {
	if b {
		return 1
	}
	return 0
}

func vipsError() error {
	text := strings.TrimSpace(C.GoString(C.vips_error_buffer()))
	C.vips_error_clear()
	if text == "" {
		text = "libvips gave no reason"
	}
	return errors.New(strings.ReplaceAll(text, "\n", "; "))
}
