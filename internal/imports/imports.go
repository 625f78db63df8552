// Package imports brings files from other systems into an organization, through the
// same API and pipeline as every upload. A ledger on disk says what is done, so that an
// import that was cut goes on where it stopped and makes no duplicate.
package imports

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"
)

// Object is one file of a source.
type Object struct {
	ID       string    // what the source calls it; the same for all revisions of the object
	Path     string    // names of folders and of the file, with slashes between them
	Size     int64     // bytes; -1 when the source does not say
	Revision string    // changes whenever the bytes may have changed, such as an ETag
	Modified time.Time // zero when the source does not say
}

// Source is a system that files come from.
type Source interface {
	// Name says which source it is: the ledger belongs to it. It holds no secret.
	Name() string
	// List gives every object, in any order. It stops at the first error of each.
	List(ctx context.Context, each func(Object) error) error
	// Open gives the bytes of an object. The caller closes them.
	Open(ctx context.Context, o Object) (io.ReadCloser, error)
}

// Most levels of folders in a space; what lies deeper gets the names of its folders
// joined into one.
const deepest = 8

// joint stands between the names of folders that are joined into one.
const joint = " - "

// ErrPath says that a path names no file.
var ErrPath = errors.New("the path names no file that could be made here")

// places splits a path into the names of its folders and of the file. Empty parts are
// left out, since an object store takes a//b; below is how many folders the target
// already lies under.
func places(p string, below int) (folders []string, name string, err error) {
	for part := range strings.SplitSeq(p, "/") {
		switch part {
		case "":
		case ".", "..":
			return nil, "", ErrPath
		default:
			folders = append(folders, part)
		}
	}
	if len(folders) == 0 || strings.HasSuffix(p, "/") {
		return nil, "", ErrPath
	}
	folders, name = folders[:len(folders)-1], folders[len(folders)-1]
	if most := max(deepest-below, 1); len(folders) > most {
		folders = append(folders[:most-1:most-1], strings.Join(folders[most-1:], joint))
	}
	return folders, name, nil
}
