package pictures

// The fewest bytes in which an encoder of each format can write a blank picture.
// Every bound is below what real encoders reach, since a file that is refused
// wrongly costs more than one that is taken wrongly.

// divide rounds up.
func divide(a, b uint64) uint64 {
	if a == 0 {
		return 0
	}
	return (a-1)/b + 1
}

// rows is the size of an uncompressed picture whose rows are padded to bytes. It
// saturates far above any file: the bits of a pixel are at most 65535 × 65535.
func rows(width, height uint32, bits uint64) uint64 {
	const most = 1 << 62
	row := divide(uint64(width)*min(bits, 1<<20), 8)
	if height != 0 && row > most/uint64(height) {
		return most
	}
	return row * uint64(height)
}

// deflated: a match copies at most 258 bytes and takes at least one bit for its
// length and one for its distance, so that nothing shrinks to less than 1/1032.
// A blank A0 page of one bit a pixel at 600 dpi needs 68 KB as PNG.
func deflated(raw uint64) uint64 { return divide(raw, 258*8/2) }

// lzw: a code has at least 9 and in the end 12 bits. A table of 4096 codes holds
// no string longer than 4096, so 1.5 bytes encode at most 4096.
func lzw(raw uint64) uint64 { return divide(raw*3, 4096*2) }

// packedBits: two bytes encode at most 128.
func packedBits(raw uint64) uint64 { return divide(raw, 64) }

// jpegBlocks: every block of 8 × 8 samples has a code for its DC coefficient,
// and a Huffman code has at least one bit. A sequential JPEG has a code for the
// end of each block as well. In a progressive one, runs of 32767 blocks share
// it, and a file of DC scans only has none.
func jpegBlocks(blocks, bits uint64) uint64 { return divide(blocks*bits, 8) }

// vp8: a lossy WebP states the prediction of each macroblock of 16 × 16 pixels
// with fixed probabilities, at the cheapest 2.5 bits for luma and 0.8 for chroma.
func vp8(pixels uint64) uint64 { return divide(pixels/256*3, 8) }

// vp8l: the format of lossless WebP allows a picture of one color in no bits at
// all. libwebp, which practically all of them are written by, copies at most 4096
// pixels at once and needs 1.3 bits for each copy; half a bit leaves room.
func vp8l(pixels uint64) uint64 { return divide(pixels/8192, 8) }

// av1: the probabilities adapt until a blank block costs next to nothing, but a
// tile holds at most 4096 × 2304 pixels and at least one byte, with the one that
// states its size. The boxes around it take 200 bytes. HEVC needs more.
func av1(pixels uint64) uint64 { return 200 + 2*divide(pixels, 4096*2304) }

// fax4: in Group 4 a row like the one above it takes one bit for each of its
// changes, and at least one. Group 3 has an end of line besides.
func fax4(height uint32) uint64 { return divide(uint64(height), 8) }
