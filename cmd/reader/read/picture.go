package read

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/bep/imagemeta"

	"satchel/internal/segments"
)

var pictureFormats = map[string]imagemeta.ImageFormat{
	"image/jpeg": imagemeta.JPEG, "image/tiff": imagemeta.TIFF, "image/png": imagemeta.PNG, "image/webp": imagemeta.WebP,
	"image/heic": imagemeta.HEIF, "image/heif": imagemeta.HEIF, "image/avif": imagemeta.AVIF,
	"image/x-dng": imagemeta.DNG, // and the other raw ones that are a TIFF; of the rest it says that it cannot read them
}

// noted are formats that hold notes of a camera in a form which is not read here. Their letters alone
// do not show that no place is in them.
var noted = map[string]bool{"image/jxl": true, "image/jp2": true, "image/vnd.adobe.photoshop": true}

// picture gives what a camera or program noted in a picture. Its letters are not read here.
func (r *reading) picture(at string, source io.ReadSeeker, mediaType string) error {
	r.unread(at, &segments.Unread{Reason: segments.Picture})
	format, known := pictureFormats[mediaType]
	switch {
	case noted[mediaType]:
		return &segments.Unread{Reason: segments.NoText, Detail: "the properties of " + mediaType}
	case !known:
		return nil
	}
	var tags imagemeta.Tags
	var words strings.Builder
	_, err := imagemeta.Decode(imagemeta.Options{
		R: source, ImageFormat: format, Sources: imagemeta.EXIF | imagemeta.IPTC | imagemeta.XMP, Timeout: 5 * time.Second,
		ShouldHandleTag: func(imagemeta.TagInfo) bool { return true },
		HandleTag: func(tag imagemeta.TagInfo) error {
			tags.Add(tag)
			switch value := tag.Value.(type) {
			case string:
				fmt.Fprintf(&words, "%s: %s\n", tag.Tag, value)
			case []string:
				fmt.Fprintf(&words, "%s: %s\n", tag.Tag, strings.Join(value, ", "))
			}
			return nil
		},
	})
	if err != nil {
		return &segments.Unread{Reason: segments.Unreadable, Detail: err.Error()}
	}
	if err := segments.Write(r.to, segments.Place{Member: at, Part: segments.Properties}, words.String()); err != nil {
		return err
	}
	latitude, longitude, err := tags.GetLatLong()
	if err != nil || latitude == 0 && longitude == 0 {
		return nil //nolint:nilerr // no place was noted
	}
	return segments.Write(r.to, segments.Place{Member: at, Part: segments.Location}, fmt.Sprintf("%.6f,%.6f", latitude, longitude))
}
