package preview

import (
	"context"
	"io"
	"os"

	"satchel/internal/jpegs"
	"satchel/internal/spool"
)

// embedded shows the largest JPEG in a file: what a camera put into its raw file, or Photoshop
// into its own. The bytes that follow it are of no matter to who reads it.
func (j job) embedded(ctx context.Context) (made, error) {
	file, err := os.Open(j.path)
	if err != nil {
		return made{}, spool.Failed("open file", err)
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		return made{}, spool.Failed("stat file", err)
	}
	image, found, err := jpegs.Largest(file, info.Size())
	if err != nil {
		return made{}, spool.Failed("read file", err)
	}
	if !found {
		return made{}, errNoPicture
	}
	if err := j.folder.Write(memberName, io.NewSectionReader(file, image.Offset, min(maxMember, info.Size()-image.Offset))); err != nil {
		return made{}, err
	}
	result, err := j.picture(ctx, j.folder.Path(memberName))
	result.width, result.height = 0, 0 // of the picture, not of the photograph
	return result, err
}
