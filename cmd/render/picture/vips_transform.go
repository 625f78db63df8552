package picture

/*
#cgo pkg-config: vips
#include <stdlib.h>
#include <vips/vips.h>

typedef struct {
	int width, height, crop; // 0: to these very sides, 1: cut around the center, 2: around what attracts attention
	int cut, left, top, box_width, box_height;
	int ground_width, ground_height; // 0: none
	int profiled, format, quality;   // 0: WebP, 1: JPEG, 2: PNG, 3: AVIF
} transform_plan;

static int scale_picture(VipsImage *in, const transform_plan *p, VipsImage **out) {
	const char *space = p->profiled ? "srgb" : NULL;
	VipsInteresting crop = p->crop == 1 ? VIPS_INTERESTING_CENTRE : p->crop == 2 ? VIPS_INTERESTING_ATTENTION : VIPS_INTERESTING_NONE;
	return vips_thumbnail_image(in, out, p->width, "height", p->height, "size", p->crop ? VIPS_SIZE_BOTH : VIPS_SIZE_FORCE,
		"crop", crop, "export_profile", space, "import_profile", space, NULL);
}

// The ground is transparent; JPEG shows it white.
static int put_on_ground(VipsImage *in, const transform_plan *p, VipsImage **out) {
	VipsImage *clear = NULL;
	if (!p->ground_width) {
		g_object_ref(in);
		*out = in;
		return 0;
	}
	double nothing[4] = {0, 0, 0, 0};
	VipsArrayDouble *background = vips_array_double_new(nothing, 4);
	int failed = (vips_image_hasalpha(in) ? vips_copy(in, &clear, NULL) : vips_addalpha(in, &clear, NULL)) ||
		vips_gravity(clear, out, VIPS_COMPASS_DIRECTION_CENTRE, p->ground_width, p->ground_height,
			"extend", VIPS_EXTEND_BACKGROUND, "background", background, NULL);
	vips_area_unref(VIPS_AREA(background));
	VIPS_UNREF(clear);
	return failed;
}

static int encode_picture(VipsImage *in, const transform_plan *p, void **out, size_t *len) {
	double paper[3] = {255, 255, 255};
	VipsArrayDouble *white = vips_array_double_new(paper, 3);
	int failed;
	switch (p->format) {
	case 0:
		failed = vips_webpsave_buffer(in, out, len, "Q", p->quality, "strip", TRUE, NULL);
		break;
	case 1:
		failed = vips_jpegsave_buffer(in, out, len, "Q", p->quality, "strip", TRUE, "interlace", TRUE, "background", white, NULL);
		break;
	case 3: // of more effort, one picture would take seconds
		failed = vips_heifsave_buffer(in, out, len, "Q", p->quality, "compression", VIPS_FOREIGN_HEIF_COMPRESSION_AV1, "effort", 2, "strip", TRUE, NULL);
		break;
	default:
		failed = vips_pngsave_buffer(in, out, len, "strip", TRUE, NULL);
	}
	vips_area_unref(VIPS_AREA(white));
	return failed;
}

static int transform_picture(void *buf, size_t length, const char *options, const transform_plan *p, void **out, size_t *len, int *width, int *height) {
	VipsImage *in = NULL, *small = NULL, *part = NULL, *srgb = NULL, *bytes = NULL, *placed = NULL;
	int failed = !(in = vips_image_new_from_buffer(buf, length, options, "access", VIPS_ACCESS_SEQUENTIAL, "fail_on", VIPS_FAIL_ON_ERROR, NULL)) ||
		scale_picture(in, p, &small) ||
		(p->cut ? vips_crop(small, &part, p->left, p->top, p->box_width, p->box_height, NULL) : vips_copy(small, &part, NULL)) ||
		vips_colourspace(part, &srgb, VIPS_INTERPRETATION_sRGB, NULL) ||
		vips_cast(srgb, &bytes, VIPS_FORMAT_UCHAR, NULL) ||
		put_on_ground(bytes, p, &placed) ||
		encode_picture(placed, p, out, len);
	if (!failed) {
		*width = vips_image_get_width(placed);
		*height = vips_image_get_height(placed);
	}
	VIPS_UNREF(placed);
	VIPS_UNREF(bytes);
	VIPS_UNREF(srgb);
	VIPS_UNREF(part);
	VIPS_UNREF(small);
	VIPS_UNREF(in);
	return failed ? -1 : 0;
}
*/
import "C"

import (
	"unsafe"

	"satchel/policies/transforms"
)

var encoders = map[transforms.Format]C.int{transforms.WebP: 0, transforms.JPEG: 1, transforms.PNG: 2, transforms.AVIF: 3}

// transform decodes, scales, cuts and encodes in one go, so that no pixel is kept that the
// picture does not need.
func transform(content []byte, h how, p plan, s transforms.Spec) (encoded []byte, width, height int, err error) {
	options := C.CString(h.options)
	defer C.free(unsafe.Pointer(options))
	c := C.transform_plan{
		width: C.int(p.width), height: C.int(p.height), crop: C.int(p.crop), cut: flag(p.cut), left: C.int(p.left), top: C.int(p.top),
		box_width: C.int(p.boxW), box_height: C.int(p.boxH), ground_width: C.int(p.groundW), ground_height: C.int(p.groundH),
		profiled: flag(h.profiled), format: encoders[s.Format], quality: C.int(s.Quality),
	}
	var out unsafe.Pointer
	var size C.size_t
	var w, t C.int
	if C.transform_picture(unsafe.Pointer(&content[0]), C.size_t(len(content)), options, &c, &out, &size, &w, &t) != 0 {
		return nil, 0, 0, vipsError()
	}
	defer C.g_free(C.gpointer(out))
	return C.GoBytes(out, C.int(size)), int(w), int(t), nil
}
