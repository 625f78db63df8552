package picture

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/png"

	"golang.org/x/image/bmp"

	"satchel/internal/vips"
)

// The parts of an icon: its directory, and the header of a bitmap without that of a file.
const (
	icoHeader  = 6
	icoEntry   = 16
	bitmapInfo = 40
	fileHeader = 14
)

// fromICO gives the largest picture of an icon as a PNG. Each is a PNG, or a bitmap
// without the header of a file, twice as high as the picture: below it lies a mask that
// says what is transparent.
func fromICO(content []byte) ([]byte, error) {
	part := largestOf(content)
	if part == nil {
		return nil, vips.NotRenderable{Code: vips.Corrupt, Message: "the icon holds no whole picture"}
	}
	if bytes.HasPrefix(part, []byte("\x89PNG\r\n\x1a\n")) {
		return part, nil
	}
	whole, mask, err := asBMP(part)
	if err != nil {
		return nil, err
	}
	decoded, err := decodeBMP(whole)
	if err != nil {
		return nil, err
	}
	return plainPNG(masked(decoded, mask))
}

// largestOf is the picture with the most pixels, of those with the most colors.
func largestOf(content []byte) (part []byte) {
	if len(content) < icoHeader {
		return nil
	}
	best := -1
	for i := range int(binary.LittleEndian.Uint16(content[4:])) {
		at := icoHeader + i*icoEntry
		if at+icoEntry > len(content) {
			break
		}
		entry := content[at : at+icoEntry]
		size, offset := int64(binary.LittleEndian.Uint32(entry[8:])), int64(binary.LittleEndian.Uint32(entry[12:]))
		if size < bitmapInfo || offset+size > int64(len(content)) {
			continue
		}
		side := func(b byte) int { return (int(b)+255)%256 + 1 } // 0 is 256
		if rank := side(entry[0])*side(entry[1])<<8 + int(entry[6]); rank > best {
			best, part = rank, content[offset:offset+size]
		}
	}
	return part
}

// asBMP puts the header of a file before the picture, and tells its mask from it. The
// mask has one bit a pixel, in rows of whole four bytes, the lowest row first.
func asBMP(part []byte) (whole, mask []byte, err error) {
	header := binary.LittleEndian.Uint32(part)
	width, height := int64(int32(binary.LittleEndian.Uint32(part[4:]))), int64(int32(binary.LittleEndian.Uint32(part[8:])))/2
	depth := int64(binary.LittleEndian.Uint16(part[14:]))
	if header != bitmapInfo || width <= 0 || height <= 0 || width > vips.MaxSide || height > vips.MaxSide {
		return nil, nil, vips.NotRenderable{Code: vips.Corrupt, Message: "the icon's picture has no bitmap header"}
	}
	colors := int64(binary.LittleEndian.Uint32(part[32:]))
	if colors == 0 && depth <= 8 {
		colors = 1 << depth
	}
	pixels := bitmapInfo + 4*colors
	row := func(bits int64) int64 { return (width*bits + 31) / 32 * 4 }
	end := pixels + row(depth)*height
	if end > int64(len(part)) {
		return nil, nil, vips.NotRenderable{Code: vips.Corrupt, Message: "the icon's picture is cut off"}
	}
	whole = make([]byte, fileHeader, fileHeader+end)
	copy(whole, "BM")
	binary.LittleEndian.PutUint32(whole[2:], uint32(fileHeader+end))
	binary.LittleEndian.PutUint32(whole[10:], uint32(fileHeader+pixels))
	whole = append(whole, part[:end]...)
	binary.LittleEndian.PutUint32(whole[fileHeader+8:], uint32(height))
	if depth != 32 && end+row(1)*height <= int64(len(part)) { // 32 bits have their own transparency
		mask = part[end : end+row(1)*height]
	}
	return whole, mask, nil
}

// masked makes what the mask says transparent.
func masked(decoded image.Image, mask []byte) image.Image {
	if mask == nil {
		return decoded
	}
	bounds := decoded.Bounds()
	out := image.NewNRGBA(bounds)
	row := (bounds.Dx() + 31) / 32 * 4
	for y := range bounds.Dy() {
		for x := range bounds.Dx() {
			if mask[(bounds.Dy()-1-y)*row+x/8]&(0x80>>(x%8)) == 0 {
				out.Set(bounds.Min.X+x, bounds.Min.Y+y, color.NRGBAModel.Convert(decoded.At(bounds.Min.X+x, bounds.Min.Y+y)))
			}
		}
	}
	return out
}

// decodeBMP decodes a bitmap whose size is checked before.
func decodeBMP(content []byte) (image.Image, error) {
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
	return decoded, nil
}

// plainPNG writes an uncompressed PNG.
func plainPNG(decoded image.Image) ([]byte, error) {
	var b bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.NoCompression}
	if err := encoder.Encode(&b, decoded); err != nil {
		return nil, damaged(err)
	}
	return b.Bytes(), nil
}
