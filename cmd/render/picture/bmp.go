package picture

import (
	"bytes"
	"image/png"

	"golang.org/x/image/bmp"

	"satchel/internal/vips"
)

// fromBMP writes a bitmap as an uncompressed PNG, since libvips has no loader for
// bitmaps of its own. Its size is checked before it is decoded.
func fromBMP(content []byte) ([]byte, error) {
	config, err := bmp.DecodeConfig(bytes.NewReader(content))
	if err != nil {
		return nil, vips.NotRenderable{Code: vips.Corrupt, Message: err.Error()}
	}
	if err := bounded("bmp", Header{Width: config.Width, Height: config.Height}); err != nil {
		return nil, err
	}
	decoded, err := bmp.Decode(bytes.NewReader(content))
	if err != nil {
		return nil, vips.NotRenderable{Code: vips.Corrupt, Message: err.Error()}
	}
	var b bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.NoCompression}
	if err := encoder.Encode(&b, decoded); err != nil {
		return nil, damaged(err)
	}
	return b.Bytes(), nil
}
