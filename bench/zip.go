package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"time"

	"github.com/google/uuid"

	"satchel/client"
	"satchel/files"
	"satchel/internal/s3"
	"satchel/tenancy"
)

const (
	zippedFiles = 10_000
	zippedSize  = 100_000
)

// objectOf is the key of the bytes that a file shows.
func (b *bench) objectOf(ctx context.Context, org, file string) (string, error) {
	db, err := b.Root(ctx)
	if err != nil {
		return "", err
	}
	defer func() { _ = db.Close(context.WithoutCancel(ctx)) }()
	var version uuid.UUID
	if err := db.QueryRow(ctx, "select current_id from files where id = $1", file).Scan(&version); err != nil {
		return "", err
	}
	id, err := tenancy.ParseOrgID(org)
	return files.ContentKey(id, version), err
}

// stored is a file that was put in behind the rules, with its bytes in the store.
type stored struct {
	id, etag, key string
}

// zip fetches 10,000 files as one zip, and the same objects one by one from the store, in
// turns, and watches what the API holds.
func (b *bench) zip(ctx context.Context) error {
	org, c, err := b.school(ctx)
	if err != nil {
		return err
	}
	l, err := b.newLine()
	if err != nil {
		return err
	}
	before, err := metric(ctx, b.Metrics.API, "process_resident_memory_bytes")
	if err != nil {
		return err
	}
	began := time.Now()
	folder, all, err := b.fill(ctx, org, c, l.store)
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, " (%d files were there after %s)", len(all), time.Since(began).Round(time.Second))
	const rounds = 3
	var ours, bare, asked []time.Duration
	var most float64
	for i := range rounds + 1 {
		var d, made time.Duration
		peak, err := b.watched(ctx, func() (err error) { made, d, err = zipGET(ctx, c, folder); return err })
		if err != nil {
			return err
		}
		direct, err := readAll(ctx, l.store, all)
		if err != nil {
			return err
		}
		most = max(most, peak["api"])
		if i > 0 { // the first round warms the page cache up
			ours, bare, asked = append(ours, d), append(bare, direct), append(asked, made)
		}
	}
	ratio := ratios(bare, ours)
	rate := func(d []time.Duration) float64 { return zippedFiles * zippedSize / (quantile(d, .5) * 1000) }
	b.add("zip of 10,000 files", ratio[rounds/2], "× store's rate", "≥ 0.8", ratio[rounds/2] >= .8,
		"%d files of %d KB, the middle of %d rounds (%.2f to %.2f), in turns; zip %.0f MB/s, the same objects one after another from the store %.0f MB/s; asked for in %.2f s",
		zippedFiles, zippedSize/1000, rounds, ratio[0], ratio[rounds-1], rate(ours), rate(bare), quantile(asked, .5)/1000)
	b.add("api memory, zip of 10,000 files", most, "MiB", "≤ 64", most > 0 && most <= 64, "highest resident set of the whole process, read 5 times a second; %.1f before the first zip", before/(1<<20))
	return nil
}

// zipGET asks for a zip and reads it.
func zipGET(ctx context.Context, c *client.Client, folder string) (asked, took time.Duration, err error) {
	began := time.Now()
	z, err := c.MakeZip(ctx, client.NewZip{Folder: folder, Name: "all"})
	if err != nil {
		return 0, 0, err
	}
	asked = time.Since(began)
	if z.Files != zippedFiles {
		return 0, 0, fmt.Errorf("%d files are in the zip; refused: %d", z.Files, len(z.Refused))
	}
	began = time.Now()
	n, err := c.Fetch(ctx, z.URL, 0, io.Discard)
	if err == nil && n != z.Size {
		err = fmt.Errorf("%d bytes of the zip instead of %d", n, z.Size)
	}
	return asked, time.Since(began), err
}

func readAll(ctx context.Context, store *s3.Store, all []stored) (time.Duration, error) {
	began := time.Now()
	for _, f := range all {
		body, err := store.Clean.Open(ctx, f.key, f.etag, 0, zippedSize)
		if err != nil {
			return 0, err
		}
		n, err := io.Copy(io.Discard, body)
		if err = errors.Join(err, body.Close()); err == nil && n != zippedSize {
			err = fmt.Errorf("%d bytes of %s", n, f.key)
		}
		if err != nil {
			return 0, err
		}
	}
	return time.Since(began), nil
}

// fill makes a folder with files that have bytes of their own: the pipeline would take
// minutes for so many, and is not what is measured.
func (b *bench) fill(ctx context.Context, org string, c *client.Client, store *s3.Store) (folder string, all []stored, err error) {
	id, err := tenancy.ParseOrgID(org)
	if err != nil {
		return "", nil, err
	}
	spaces, err := c.Spaces(ctx, "personal")
	if err != nil || len(spaces) == 0 {
		return "", nil, fmt.Errorf("no space of one's own: %w", err)
	}
	made, err := c.CreateFolder(ctx, spaces[0].ID, client.NewFolder{Name: "Many"})
	if err != nil {
		return "", nil, err
	}
	sums := make([]int64, zippedFiles)
	all, err = together(ctx, zippedFiles, 8, func(ctx context.Context, i int) (f stored, err error) {
		content := append([]byte(uuid.NewString()), bytes.Repeat([]byte("x"), zippedSize-36)...)
		version := tenancy.NewID()
		f = stored{id: version.String(), key: files.ContentKey(id, version)}
		sums[i] = int64(crc32.ChecksumIEEE(content))
		f.etag, err = store.Clean.Put(ctx, f.key, bytes.NewReader(content), int64(len(content)), "application/octet-stream")
		return f, err
	})
	if err != nil {
		return "", nil, err
	}
	return made.ID, all, b.writeRows(ctx, org, spaces[0].ID, made.ID, all, sums)
}

func (b *bench) writeRows(ctx context.Context, org, space, folder string, all []stored, sums []int64) error {
	db, err := b.Root(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close(context.WithoutCancel(ctx)) }()
	ids, etags := make([]string, len(all)), make([]string, len(all))
	for i, f := range all {
		ids[i], etags[i] = f.id, f.etag
	}
	if _, err := db.Exec(ctx, "set session_replication_role = replica"); err != nil { // no trigger applies
		return err
	}
	if _, err := db.Exec(ctx, `insert into files (organization_id, id, space_id, folder_id, name, uploaded_by, status, head_id, current_id)
		select $1::uuid, f.id, $2::uuid, $3::uuid, 'essay ' || f.n || '.bin', s.owner_id, 'published', f.id, f.id
		  from unnest($4::uuid[]) with ordinality f (id, n), spaces s where s.id = $2::uuid`, org, space, folder, ids); err != nil {
		return fmt.Errorf("write files: %w", err)
	}
	if _, err := db.Exec(ctx, `insert into file_versions (organization_id, id, file_id, number, status, size, mime_type, sha256, scan_sha256, scan_verdict, scanned_at, published_at, object_etag, used_bytes, uploaded_by, received_at, crc32)
		select $1::uuid, f.id, f.id, 1, 'published', $4, 'application/octet-stream', repeat('0', 64), repeat('0', 64), 'clean', now(), now(), f.etag, $4, s.owner_id, now(), f.crc
		  from unnest($3::uuid[], $5::text[], $6::bigint[]) f (id, etag, crc), spaces s where s.id = $2::uuid`, org, space, ids, zippedSize, etags, sums); err != nil {
		return fmt.Errorf("write versions: %w", err)
	}
	_, err = db.Exec(ctx, "analyze files, file_versions")
	return err
}
