package imports

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"path"
	"strings"

	"github.com/studio-b12/gowebdav"
)

// WebDAV is a folder of a WebDAV server (RFC 4918), such as Nextcloud's
// /remote.php/dav/files/NAME.
type WebDAV struct {
	client *gowebdav.Client
	name   string
}

// OpenWebDAV gives a folder of a server. No request is sent.
func OpenWebDAV(address, user, password string) (*WebDAV, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("%q is no address of a WebDAV folder: give one such as https://cloud.example/remote.php/dav/files/NAME", address)
	}
	u.User = nil // would come into the ledger's name and into messages
	return &WebDAV{gowebdav.NewClient(u.String(), user, password), "webdav " + u.String()}, nil
}

// Name is the folder's address.
func (w *WebDAV) Name() string { return w.name }

// List walks the folder, one question for each folder: servers refuse Depth: infinity.
func (w *WebDAV) List(ctx context.Context, each func(Object) error) error {
	for open := []string{"/"}; len(open) > 0; {
		if err := ctx.Err(); err != nil {
			return err
		}
		dir := open[len(open)-1]
		open = open[:len(open)-1]
		inside, err := w.client.ReadDir(dir)
		if err != nil {
			return fmt.Errorf("list %s: %w", dir, err)
		}
		for _, info := range inside {
			at := path.Join(dir, info.Name())
			if info.IsDir() {
				open = append(open, at)
				continue
			}
			o := Object{ID: at, Path: strings.TrimPrefix(at, "/"), Size: info.Size(), Modified: info.ModTime()}
			o.Revision = fmt.Sprint(o.Size, "-", o.Modified.Unix())
			if f, ok := info.(*gowebdav.File); ok && f.ETag() != "" {
				o.Revision = f.ETag()
			} else if f, ok := info.(gowebdav.File); ok && f.ETag() != "" {
				o.Revision = f.ETag()
			}
			if err := each(o); err != nil {
				return err
			}
		}
	}
	return nil
}

// Open reads a file.
func (w *WebDAV) Open(_ context.Context, o Object) (io.ReadCloser, error) {
	return w.client.ReadStream(o.ID)
}
