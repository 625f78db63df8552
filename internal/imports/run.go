package imports

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"

	"golang.org/x/sync/errgroup"

	"satchel/client"
)

// Import is one run.
type Import struct {
	API      *client.Client
	Source   Source
	Ledger   *Ledger
	Target   Target
	Parallel int                       // files on their way at once
	Progress func(s Summary, end bool) // called after each object; end: the source is listed to its end. Not at once from two goroutines.
}

// Summary counts what became of the objects of one run.
type Summary struct {
	Listed    int   `json:"listed"`
	Before    int   `json:"done_before"` // by an earlier run, and the object is as it was
	Published int   `json:"published"`
	Adopted   int   `json:"already_there"` // published with the same bytes before the first run
	Refused   int   `json:"refused"`
	Failed    int   `json:"failed"` // the next run tries these again
	Bytes     int64 `json:"bytes"`  // of what was published
}

const (
	inMemory    = 4 << 20 // a larger object goes over a temporary file and a resumable upload
	waitSeconds = 60
)

// errFatal ends a run: no further object could succeed.
var errFatal = errors.New("the import stops here")

// Run brings everything that the ledger does not know as done. It goes on after files
// that are refused, and ends at what concerns all files: a login that is over, a full
// quota, a source that cannot be listed.
func (i *Import) Run(ctx context.Context) (Summary, error) {
	tree, err := newTree(ctx, i.API, i.Target)
	if err != nil {
		return Summary{}, err
	}
	r := &run{Import: i, tree: tree}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(max(i.Parallel, 1) + 1) // and the one that lists
	g.Go(func() error {
		err := i.Source.List(ctx, func(o Object) error {
			r.count(func(s *Summary) { s.Listed++ })
			if e, ok := i.Ledger.Get(o.ID); ok && e.Revision == o.Revision && e.settled() {
				r.count(func(s *Summary) { s.Before++ })
				return nil
			}
			g.Go(func() error { return r.one(ctx, o) })
			return ctx.Err()
		})
		r.count(func(*Summary) { r.listed = true })
		return err
	})
	err = g.Wait()
	return r.summary, err
}

type run struct {
	*Import
	tree *tree

	mu      sync.Mutex
	summary Summary
	listed  bool
}

func (r *run) count(change func(*Summary)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change(&r.summary)
	if r.Progress != nil {
		r.Progress(r.summary, r.listed)
	}
}

// one brings one object and writes what became of it.
func (r *run) one(ctx context.Context, o Object) error {
	e := Entry{Object: o.ID, Path: o.Path, Revision: o.Revision, Size: max(o.Size, 0)}
	err := r.bring(ctx, o, &e)
	if ctx.Err() != nil {
		return ctx.Err() // what was sent is answered again under its Idempotency-Key
	}
	var p *client.Problem
	switch {
	case err == nil:
	case errors.Is(err, ErrPath):
		e.Status, e.Code, e.Reason = StatusRefused, "unusable_path", err.Error()
	case errors.As(err, &p) && aboutTheFile(p.Status):
		e.Status, e.Code, e.Reason = StatusRefused, p.Code, p.Detail
	default:
		e.Status, e.Reason = StatusFailed, err.Error()
	}
	if err := r.Ledger.Put(e); err != nil {
		return err
	}
	r.count(func(s *Summary) {
		switch {
		case e.Adopted:
			s.Adopted++
		case e.Status == StatusPublished:
			s.Published++
			s.Bytes += e.Size
		case e.settled():
			s.Refused++
		default:
			s.Failed++
		}
	})
	if p != nil && aboutAllFiles(p.Status) {
		return fmt.Errorf("%w: %w", errFatal, err)
	}
	return nil
}

// aboutTheFile: a refusal that the same bytes under the same name would meet again.
func aboutTheFile(status int) bool {
	return status == http.StatusRequestEntityTooLarge || status == http.StatusUnsupportedMediaType || status == http.StatusUnprocessableEntity
}

// aboutAllFiles: a refusal that every further file would meet.
func aboutAllFiles(status int) bool {
	return status == http.StatusUnauthorized || status == http.StatusInsufficientStorage
}

func (r *run) bring(ctx context.Context, o Object, e *Entry) error {
	folders, name, err := places(o.Path, r.tree.depth)
	if err != nil {
		return err
	}
	body, err := r.fetch(ctx, o)
	if err != nil {
		return err
	}
	defer body.discard()
	e.Size, e.SHA256 = body.size, body.sum
	to, err := r.tree.folder(ctx, folders)
	if err != nil {
		return err
	}
	before, known := r.Ledger.Get(o.ID)
	if !known {
		there, err := to.published(ctx, r.API, name, body.sum)
		if err != nil {
			return err
		}
		if there != "" {
			e.File, e.Status, e.Adopted = there, StatusPublished, true
			return nil
		}
	}
	previous := "" // an object that changed becomes a new version of its file
	if known && before.Status == StatusPublished {
		previous = before.File
	}
	f, err := r.send(ctx, o, name, to, body, previous)
	if err != nil {
		return err
	}
	e.File, e.Status, e.Code, e.Reason = f.ID, f.Status, f.StatusReason, f.StatusText
	if f.Status == StatusPublished && f.SHA256 != body.sum {
		return fmt.Errorf("the published file has the SHA-256 %s and what was sent %s", f.SHA256, body.sum)
	}
	return nil
}

// send uploads the bytes and waits for the outcome. The key holds all that makes it
// this upload, so that a repetition after a crash gives the same file.
func (r *run) send(ctx context.Context, o Object, name string, to *destination, b *fetched, previous string) (client.File, error) {
	key := sha256.Sum256(fmt.Appendf(nil, "%q", []string{r.Source.Name(), o.ID, o.Revision, b.sum, to.space, to.folder, name, previous}))
	fields := map[string]string{"sha256": b.sum}
	if previous != "" {
		fields["file_id"] = previous
	} else {
		fields["space_id"], fields["folder_id"], fields["on_conflict"] = to.space, to.folder, "rename"
	}
	if b.memory != nil {
		f, err := r.API.SendForm(ctx, client.Form{Name: name, Body: b.memory, Metadata: fields, Key: "import-" + hex.EncodeToString(key[:16]), Wait: waitSeconds})
		if err != nil || !passing(f.Status) {
			return f, err
		}
		return r.API.Watch(ctx, f.ID, nil)
	}
	fields["filename"] = name
	id, err := r.API.Upload(ctx, client.Upload{Body: b.file, Size: b.size, Metadata: fields, Key: "import-" + hex.EncodeToString(key[:16])})
	if err != nil {
		return client.File{}, err
	}
	return r.API.Watch(ctx, id, nil)
}

// passing says that a file's state is not its final one.
func passing(status string) bool { return status == "uploading" || status == "processing" }

// fetched is an object's bytes on this machine: in memory, or in a temporary file.
type fetched struct {
	memory []byte
	file   *os.File
	size   int64
	sum    string
}

func (f *fetched) discard() {
	if f.file != nil {
		_ = f.file.Close()
		_ = os.Remove(f.file.Name())
	}
}

// fetch reads an object whole: its hash goes before its bytes, and a request that is cut
// needs them again.
func (r *run) fetch(ctx context.Context, o Object) (*fetched, error) {
	in, err := r.Source.Open(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("read from the source: %w", err)
	}
	defer func() { _ = in.Close() }()
	hash := sha256.New()
	tee := io.TeeReader(in, hash)
	head, err := io.ReadAll(io.LimitReader(tee, inMemory+1))
	if err != nil {
		return nil, fmt.Errorf("read from the source: %w", err)
	}
	f := &fetched{size: int64(len(head))}
	if len(head) <= inMemory {
		f.memory = head
	} else if err := f.spill(head, tee); err != nil {
		f.discard()
		return nil, fmt.Errorf("read from the source: %w", err)
	}
	if o.Size >= 0 && o.Size != f.size {
		f.discard()
		return nil, fmt.Errorf("the source gave %d of %d bytes", f.size, o.Size)
	}
	f.sum = hex.EncodeToString(hash.Sum(nil))
	return f, nil
}

func (f *fetched) spill(head []byte, rest io.Reader) (err error) {
	if f.file, err = os.CreateTemp("", "satchel-import-*"); err != nil {
		return err
	}
	f.size, err = io.Copy(f.file, io.MultiReader(bytes.NewReader(head), rest))
	return err
}
