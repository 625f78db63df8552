package main

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"time"

	"satchel/api/delivery"
	"satchel/internal/keyring"
	"satchel/internal/kms"
	"satchel/internal/s3"
	"satchel/tenancy"
)

// encryption stores and reads objects in the stack's store by the platform's adapter, with a data key of their own
// and in plain text, and lets a client download them by the code of deliveries, in turns. Each round has its own ratio,
// and the one in the middle counts. What the API does besides is the same on both sides: api/uploads BenchmarkEncryption
// has uploads by tus in the same way.
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
		all, err := withAndWithout(ctx, buckets, int64(c.size), c.rounds)
		if err != nil {
			return err
		}
		for i, what := range []string{"stored", "read", "downloaded"} {
			ratio := all[i]
			middle := ratio[len(ratio)/2]
			b.add(fmt.Sprintf("encryption, %s %s", c.name, what), middle, "× without", "≥ 0.9", middle >= .9, "throughput, the middle of %d rounds in turns (%.2f to %.2f)", len(ratio), ratio[0], ratio[len(ratio)-1])
		}
	}
	return nil
}

// withAndWithout stores, reads, downloads and removes an object in each bucket, round after round, and gives the throughput
// of each with the second over that with the first, sorted.
func withAndWithout(ctx context.Context, buckets []*s3.Bucket, size int64, rounds int) (all [3][]float64, err error) {
	org, hash := tenancy.NewID().String(), sha256.New()
	if _, err := io.Copy(hash, contentOf(size)); err != nil {
		return all, err
	}
	sum := hash.Sum(nil)
	for round := range rounds + 1 {
		var took [2][3]time.Duration
		for turn := range buckets {
			i := (turn + round) % 2
			key := org + "/" + tenancy.NewID().String()
			if took[i], err = roundTrip(ctx, buckets[i], key, size, sum); err != nil {
				return all, err
			}
		}
		if round == 0 {
			continue // it warms up
		}
		for what := range all {
			all[what] = append(all[what], float64(took[0][what])/float64(took[1][what]))
		}
	}
	for what := range all {
		slices.Sort(all[what])
	}
	return all, nil
}

func contentOf(size int64) *io.SectionReader { return io.NewSectionReader(newEndless(), 0, size) }

// wholeAtMost is up to which size a form is stored at once, with a checksum and its data key beside it, and not in parts.
const wholeAtMost = 16 << 20

// keyTime bounds the storing of a data key.
const keyTime = 10 * time.Second

// roundTrip gives what it took to store, to read and to download an object.
func roundTrip(ctx context.Context, bucket *s3.Bucket, key string, size int64, sum []byte) (took [3]time.Duration, err error) {
	began := time.Now()
	etag, err := put(ctx, bucket, key, size, sum)
	if err != nil {
		return took, err
	}
	took[0] = time.Since(began)
	began = time.Now()
	body, err := bucket.Open(ctx, key, etag, 0, -1)
	if err != nil {
		return took, err
	}
	n, err := io.Copy(io.Discard, body)
	if err := errors.Join(err, body.Close(), unlessAll(n, size)); err != nil {
		return took, err
	}
	took[1] = time.Since(began)
	if took[2], err = download(ctx, bucket, delivery.Content{Key: key, ObjectETag: etag, Tag: etag, Name: "file", Size: size}); err != nil {
		return took, err
	}
	return took, errors.Join(bucket.Remove(ctx, key), bucket.DropKey(ctx, key))
}

// put stores an object as an upload of its size does, with a data key of its own where the bucket encrypts.
func put(ctx context.Context, bucket *s3.Bucket, key string, size int64, sum []byte) (etag string, err error) {
	if size <= wholeAtMost {
		return bucket.PutWithKey(ctx, key, contentOf(size), size, sum, keyTime)
	}
	if err := bucket.Prepare(ctx, key); err != nil {
		return "", err
	}
	return bucket.Put(ctx, key, contentOf(size), size, "")
}

// download reads an object as a client on this machine does.
func download(ctx context.Context, bucket *s3.Bucket, c delivery.Content) (time.Duration, error) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := delivery.Serve(w, r, bucket, c); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	}))
	defer server.Close()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL, nil)
	if err != nil {
		return 0, err
	}
	began := time.Now()
	answer, err := server.Client().Do(request)
	if err != nil {
		return 0, err
	}
	n, err := io.Copy(io.Discard, answer.Body)
	took := time.Since(began)
	return took, errors.Join(err, answer.Body.Close(), unlessAll(n, c.Size))
}

func unlessAll(n, size int64) error {
	if n != size {
		return fmt.Errorf("%d of %d bytes were read", n, size)
	}
	return nil
}
