package imports

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"sync"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"satchel/client"
)

// Target is where the files go: into a space, or a folder of it, with the folders of the
// source below. Without a space, the first folder of each path is a space of its own.
type Target struct {
	Space, Folder string // ids
	Kind          string // of spaces that are made
}

// ErrNoSpace says that an object lies in no folder, where each first folder is a space.
var ErrNoSpace = errors.New("the file lies in no folder that could be a space: name a space with --to")

// tree finds the folders that files go into and makes those that are missing. Names are
// equal as they are for the API: by form and case.
type tree struct {
	api    *client.Client
	target Target
	top    *destination // none: each first folder is a space
	depth  int          // of the target in its space

	mu     sync.Mutex
	known  map[string]*destination
	spaces map[string]string // folded name → id
}

func newTree(ctx context.Context, api *client.Client, target Target) (*tree, error) {
	t := &tree{api: api, target: target, known: map[string]*destination{}}
	if target.Space == "" {
		t.depth = -1 // the first folder is a space and no level of one
		return t, nil
	}
	t.top = &destination{space: target.Space, folder: target.Folder}
	if target.Folder != "" {
		f, err := api.Folder(ctx, target.Folder)
		if err != nil {
			return nil, err
		}
		t.depth = len(f.Path)
	}
	return t, nil
}

// destination is a folder, or the top of a space, that is there.
type destination struct {
	space, folder string
	fresh         bool // made by this run: holds nothing of earlier ones

	once  sync.Once
	err   error
	files map[string][]client.File // by folded name
}

func folded(name string) string { return cases.Fold().String(norm.NFC.String(name)) }

// folder gives the place of a path of folders. One caller at a time: two that make the
// same folder would disturb each other, and each is made once.
func (t *tree) folder(ctx context.Context, path []string) (*destination, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	at, rest, err := t.start(ctx, path)
	if err != nil {
		return nil, err
	}
	for n := range rest {
		key := at.space + "\x00" + at.folder + "\x00" + folded(rest[n])
		next := t.known[key]
		if next == nil {
			if next, err = t.ensure(ctx, at, rest[n]); err != nil {
				return nil, err
			}
			t.known[key] = next
		}
		at = next
	}
	return at, nil
}

// start gives the place under which the rest of a path lies.
func (t *tree) start(ctx context.Context, path []string) (*destination, []string, error) {
	if t.top != nil {
		return t.top, path, nil
	}
	if len(path) == 0 {
		return nil, nil, ErrNoSpace
	}
	key := "\x00space " + folded(path[0])
	if t.known[key] == nil {
		d, err := t.ensureSpace(ctx, path[0])
		if err != nil {
			return nil, nil, err
		}
		t.known[key] = d
	}
	return t.known[key], path[1:], nil
}

func (t *tree) ensureSpace(ctx context.Context, name string) (*destination, error) {
	if t.spaces == nil {
		all, err := t.api.Spaces(ctx, "")
		if err != nil {
			return nil, err
		}
		t.spaces = map[string]string{}
		for _, s := range all {
			if s.State == "active" && s.MyLevel >= 2 {
				t.spaces[folded(s.Name)] = s.ID
			}
		}
	}
	if id := t.spaces[folded(name)]; id != "" {
		return &destination{space: id}, nil
	}
	s, err := t.api.CreateSpace(ctx, client.NewSpace{Kind: t.target.Kind, Name: name})
	if err != nil {
		return nil, err
	}
	return &destination{space: s.ID, fresh: true}, nil
}

func (t *tree) ensure(ctx context.Context, in *destination, name string) (*destination, error) {
	if !in.fresh {
		folders, err := t.api.Folders(ctx, in.space, in.folder)
		if err != nil {
			return nil, err
		}
		for _, f := range folders {
			if folded(f.Name) == folded(name) {
				return &destination{space: in.space, folder: f.ID}, nil
			}
		}
	}
	f, err := t.api.CreateFolder(ctx, in.space, client.NewFolder{Name: name, Parent: in.folder})
	if err != nil {
		return nil, err
	}
	return &destination{space: in.space, folder: f.ID, fresh: true}, nil
}

// published finds a file of this name and hash that was there before this run. What it
// gives is why an import without its ledger makes no duplicate.
func (d *destination) published(ctx context.Context, api *client.Client, name, sum string) (id string, err error) {
	if d.fresh {
		return "", nil
	}
	d.once.Do(func() {
		query := url.Values{"space_id": {d.space}, "status": {StatusPublished}, "include": {"details"}}
		if d.folder != "" {
			query.Set("folder_id", d.folder)
		} else {
			query.Set("top", "true")
		}
		var files []client.File
		if files, d.err = client.All[client.File](ctx, api, "/api/v1/storage/files", query); d.err != nil {
			return
		}
		d.files = map[string][]client.File{}
		for _, f := range files {
			d.files[folded(f.Name)] = append(d.files[folded(f.Name)], f)
		}
	})
	for _, f := range d.files[folded(name)] {
		if strings.EqualFold(f.SHA256, sum) {
			return f.ID, nil
		}
	}
	return "", d.err
}
