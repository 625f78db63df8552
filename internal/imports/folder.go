package imports

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Folder is a folder of this machine with all that is in it. Symbolic links are not
// followed: they could lead out of it.
type Folder struct {
	root *os.Root
	name string
}

// OpenFolder opens a folder. The caller closes it.
func OpenFolder(dir string) (*Folder, error) {
	name, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(name)
	if err != nil {
		return nil, err
	}
	return &Folder{root, name}, nil
}

// Close ends the use of the folder.
func (f *Folder) Close() error { return f.root.Close() }

// Name is the folder's path.
func (f *Folder) Name() string { return "folder " + f.name }

// List walks the folder.
func (f *Folder) List(ctx context.Context, each func(Object) error) error {
	return fs.WalkDir(f.root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if !d.Type().IsRegular() {
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		return each(Object{ID: name, Path: name, Size: info.Size(), Modified: info.ModTime(), Revision: fmt.Sprint(info.Size(), "-", info.ModTime().UnixNano())})
	})
}

// Open opens a file of the folder.
func (f *Folder) Open(_ context.Context, o Object) (io.ReadCloser, error) { return f.root.Open(o.ID) }
