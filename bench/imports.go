package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/google/uuid"
	"github.com/minio/minio-go/v7"

	"satchel/client"
	"satchel/internal/imports"
)

const (
	importObjects, importRounds = 500, 4  // a round brings so many objects, and sends as many by itself
	importParallel              = 16      // as `satchel import` does by default
	importBytes                 = 2_000   // of an object
	tinyObjects                 = 100_000 // of the long import
	tinyCut, tinyLeft           = 250, 500
)

// imports brings objects of a bucket in turns with plain uploads of the same texts, and goes on with a long import that was cut.
func (b *bench) imports(ctx context.Context) error {
	store, err := b.store()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "satchel-bench-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	i := importer{bench: b, objects: store.Client, dir: dir, bucket: "bench-" + uuid.NewString()}
	if err := store.MakeBucket(ctx, i.bucket, minio.MakeBucketOptions{}); err != nil {
		return err
	}
	if _, i.api, err = b.school(ctx); err != nil {
		return err
	}
	return errors.Join(i.beside(ctx), i.long(ctx))
}

type importer struct {
	*bench
	objects     *minio.Client
	api         *client.Client
	bucket, dir string
}

// ownText is a text that no other is equal to.
func ownText(prefix string, n, size int) []byte {
	return append(fmt.Appendf(nil, "%s %d\n", prefix, n), text[:size]...)
}

func (i *importer) fill(ctx context.Context, prefix string, n, size int) error {
	_, err := together(ctx, n, importParallel, func(ctx context.Context, k int) (struct{}, error) {
		content := ownText(prefix, k, size)
		_, err := i.objects.PutObject(ctx, i.bucket, fmt.Sprintf("%sclass %d/%d.txt", prefix, k%100, k), bytes.NewReader(content), int64(len(content)), minio.PutObjectOptions{})
		return struct{}{}, err
	})
	return err
}

func (i *importer) space(ctx context.Context, name string) (client.Space, error) {
	return i.api.CreateSpace(ctx, client.NewSpace{Kind: "group", Name: name})
}

// bring imports what lies under a prefix; seen is told of each object that is settled.
func (i *importer) bring(ctx context.Context, prefix, space string, ledger *imports.Ledger, seen func(imports.Summary)) (imports.Summary, error) {
	source, err := imports.OpenBucket(imports.BucketOptions{Endpoint: i.S3.Endpoint, Bucket: i.bucket, Prefix: prefix, Key: i.S3.AccessKey, Secret: i.S3.SecretKey, Plain: true})
	if err != nil {
		return imports.Summary{}, err
	}
	run := imports.Import{API: i.api, Source: source, Ledger: ledger, Target: imports.Target{Space: space}, Parallel: importParallel}
	if seen != nil {
		run.Progress = func(s imports.Summary, _ bool) { seen(s) }
	}
	return run.Run(ctx)
}

// beside compares an import with plain uploads of as many texts of the same size by as many senders.
func (i *importer) beside(ctx context.Context) error {
	var imported, sent []time.Duration
	for round := range importRounds {
		prefix := fmt.Sprintf("round %d/", round)
		if err := i.fill(ctx, prefix, importObjects, importBytes); err != nil {
			return err
		}
		ways := []func(context.Context, string) (time.Duration, error){i.imported, i.sent}
		for k := range ways {
			k = (k + round) % len(ways)
			took, err := ways[k](ctx, prefix)
			if err != nil {
				return err
			}
			if k == 0 {
				imported = append(imported, took)
			} else {
				sent = append(sent, took)
			}
		}
	}
	all := ratios(sent, imported)
	middle := (all[importRounds/2-1] + all[importRounds/2]) / 2
	each := importObjects / (quantile(imported, .5) / 1000)
	i.add(fmt.Sprintf("import of %d objects of a bucket", importObjects*importRounds), middle, "× uploads", "≥ 0.8", middle >= .8,
		"%d rounds of %d, each until all are published, in turns with forms of texts of the same size by %d senders (%.2f to %.2f); %.1f objects/s", importRounds, importObjects, importParallel, all[0], all[importRounds-1], each)
	return nil
}

func (i *importer) imported(ctx context.Context, prefix string) (time.Duration, error) {
	space, err := i.space(ctx, "Import "+prefix[:len(prefix)-1])
	if err != nil {
		return 0, err
	}
	ledger, err := imports.OpenLedger(filepath.Join(i.dir, space.ID))
	if err != nil {
		return 0, err
	}
	defer func() { _ = ledger.Close() }()
	began := time.Now()
	s, err := i.bring(ctx, prefix, space.ID, ledger, nil)
	if err == nil && s.Published != importObjects {
		err = fmt.Errorf("of %d objects %d were published: %+v", importObjects, s.Published, s)
	}
	return time.Since(began), err
}

func (i *importer) sent(ctx context.Context, prefix string) (time.Duration, error) {
	space, err := i.space(ctx, "Sent "+prefix[:len(prefix)-1])
	if err != nil {
		return 0, err
	}
	began := time.Now()
	_, err = together(ctx, importObjects, importParallel, func(ctx context.Context, k int) (struct{}, error) {
		f, err := i.api.SendForm(ctx, client.Form{Name: fmt.Sprintf("%d.txt", k), Body: ownText("sent "+prefix, k, importBytes), Metadata: map[string]string{"space_id": space.ID}, Wait: 60})
		if err == nil && f.Status != imports.StatusPublished {
			err = published(ctx, i.api, f.ID)
		}
		return struct{}{}, err
	})
	return time.Since(began), err
}

// long cuts an import of very many tiny objects and goes on with it. Without --full, what lies between is written to the
// ledger as done, since its publication takes most of an hour and says nothing more of the resumption.
func (i *importer) long(ctx context.Context) error {
	const prefix = "tiny/"
	if err := i.fill(ctx, prefix, tinyObjects, 20); err != nil {
		return err
	}
	space, err := i.space(ctx, "Long import")
	if err != nil {
		return err
	}
	ledger, err := imports.OpenLedger(filepath.Join(i.dir, space.ID))
	if err != nil {
		return err
	}
	cutting, cut := context.WithCancel(ctx)
	defer cut()
	first, err := i.bring(cutting, prefix, space.ID, ledger, func(s imports.Summary) {
		if s.Published == tinyCut {
			cut()
		}
	})
	if !errors.Is(err, context.Canceled) {
		return fmt.Errorf("the import was to be cut: %+v: %w", first, err)
	}
	known := 0
	if !i.full {
		if known, err = i.markDone(ctx, prefix, ledger, tinyLeft); err != nil {
			return err
		}
	}
	if err := ledger.Close(); err != nil {
		return err
	}
	return i.resume(ctx, prefix, space.ID, known)
}

// markDone writes what the ledger does not know as done, but for the first left of these: what was under way at the cut is
// among them and is brought again.
func (i *importer) markDone(ctx context.Context, prefix string, ledger *imports.Ledger, left int) (known int, err error) {
	for o := range i.objects.ListObjectsIter(ctx, i.bucket, minio.ListObjectsOptions{Prefix: prefix, Recursive: true}) {
		if o.Err != nil {
			return known, o.Err
		}
		if _, there := ledger.Get(o.Key); there {
			continue
		}
		if left--; left >= 0 {
			continue
		}
		known++
		if err := ledger.Put(imports.Entry{Object: o.Key, Path: o.Key[len(prefix):], Revision: o.ETag, Size: o.Size, Status: imports.StatusPublished}); err != nil {
			return known, err
		}
	}
	return known, nil
}

// resume goes on with the import that was cut, counts its files, and gives the command once more.
func (i *importer) resume(ctx context.Context, prefix, space string, known int) error {
	ledger, err := imports.OpenLedger(filepath.Join(i.dir, space))
	if err != nil {
		return err
	}
	defer func() { _ = ledger.Close() }()
	began := time.Now()
	second, err := i.bring(ctx, prefix, space, ledger, nil)
	took := time.Since(began)
	if err != nil {
		return err
	}
	began = time.Now()
	third, err := i.bring(ctx, prefix, space, ledger, nil)
	listed := time.Since(began)
	if err != nil {
		return err
	}
	files, err := client.All[client.File](ctx, i.api, "/api/v1/storage/files", url.Values{"space_id": {space}, "status": {imports.StatusPublished}})
	if err != nil {
		return err
	}
	whole := third.Before == tinyObjects && len(files) == tinyObjects-known
	i.add("an import of 100,000 objects, cut and resumed", float64(third.Before), "done", "100000", whole,
		"cut after %d; resumed in %s: %d done before, %d published, %d found there; %d files, none twice; once more, listed with nothing to do in %.1f s",
		tinyCut, took.Round(time.Second), second.Before, second.Published, second.Adopted, len(files), listed.Seconds())
	return nil
}
