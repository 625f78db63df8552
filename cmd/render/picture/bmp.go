package picture

// fromBMP writes a bitmap as an uncompressed PNG, since libvips has no loader for
// bitmaps of its own.
func fromBMP(content []byte) ([]byte, error) {
	decoded, err := decodeBMP(content)
	if err != nil {
		return nil, err
	}
	return plainPNG(decoded)
}
