package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"satchel/internal/keyring"
	"satchel/internal/kms"
	"satchel/internal/s3"
	"satchel/tenancy"
)

// encryption stores and reads objects in the stack's store by the platform's adapter, with a data key of their own
// and in plain text, in turns. Each round has its own ratio, and the one in the middle counts. What the API does besides
// is the same on both sides: api/uploads BenchmarkEncryption has uploads by tus in the same way.
func (b *bench) encryption(ctx context.Context) error {
	config := s3.Config{Endpoint: b.S3.Endpoint, AccessKey: b.S3.AccessKey, SecretKey: b.S3.SecretKey, Region: "us-east-1",
		Staging: b.S3.Buckets["staging"], Clean: b.S3.Buckets["clean"], Quarantine: b.S3.Buckets["quarantine"], Keys: b.S3.Buckets["keys"]}
	plain, err := s3.Open(config)
	if err != nil {
		return err
	}
	sealed, err := s3.Open(config)
	if err != nil {
		return err
	}
	master, err := kms.ParseFile([]byte("bench " + base64.StdEncoding.EncodeToString(make([]byte, 32))))
	if err != nil {
		return err
	}
	ring, err := keyring.New(keyring.Config{On: true}, s3.RecordsOf(sealed.Keys, keyring.ErrAbsent), kms.New(master))
	if err != nil {
		return err
	}
	sealed.Encrypt(ring)
	buckets := []*s3.Bucket{plain.Staging, sealed.Staging}
	for _, c := range []struct {
		name         string
		size, rounds int
	}{{"1 MiB", 1 << 20, 101}, {"16 MiB", 16 << 20, 41}, {"256 MiB", 256 << 20, 9}} {
		stored, read, err := withAndWithout(ctx, buckets, int64(c.size), c.rounds)
		if err != nil {
			return err
		}
		for what, all := range map[string][]float64{"stored": stored, "read": read} {
			middle := all[len(all)/2]
			b.add(fmt.Sprintf("encryption, %s %s", c.name, what), middle, "× without", "≥ 0.9", middle >= .9, "throughput, the middle of %d rounds in turns (%.2f to %.2f)", len(all), all[0], all[len(all)-1])
		}
	}
	return nil
}

// withAndWithout stores, reads and removes an object in each bucket, round after round, and gives the throughput of the
// second over that of the first, sorted.
func withAndWithout(ctx context.Context, buckets []*s3.Bucket, size int64, rounds int) (stored, read []float64, err error) {
	org := tenancy.NewID().String()
	for round := range rounds + 1 {
		var put, got [2]time.Duration
		for turn := range buckets {
			i := (turn + round) % 2
			key := org + "/" + tenancy.NewID().String()
			if put[i], got[i], err = roundTrip(ctx, buckets[i], key, size); err != nil {
				return nil, nil, err
			}
		}
		if round > 0 { // the first warms up
			stored, read = append(stored, float64(put[0])/float64(put[1])), append(read, float64(got[0])/float64(got[1]))
		}
	}
	slices.Sort(stored)
	slices.Sort(read)
	return stored, read, nil
}

func roundTrip(ctx context.Context, bucket *s3.Bucket, key string, size int64) (put, got time.Duration, err error) {
	began := time.Now()
	if err := bucket.Prepare(ctx, key); err != nil { // a data key, as an upload makes one
		return 0, 0, err
	}
	etag, err := bucket.Put(ctx, key, io.NewSectionReader(newEndless(), 0, size), size, "")
	if err != nil {
		return 0, 0, err
	}
	put = time.Since(began)
	began = time.Now()
	body, err := bucket.Open(ctx, key, etag, 0, -1)
	if err != nil {
		return 0, 0, err
	}
	n, err := io.Copy(io.Discard, body)
	if err := errors.Join(err, body.Close()); err != nil {
		return 0, 0, err
	}
	got = time.Since(began)
	if n != size {
		return 0, 0, fmt.Errorf("%d of %d bytes were read", n, size)
	}
	return put, got, errors.Join(bucket.Remove(ctx, key), bucket.DropKey(ctx, key))
}
