package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"satchel/client"
	"satchel/internal/devstack"
)

// sample is a file and what must become of it.
type sample struct {
	name    string
	what    string
	bytes   []byte
	status  string
	reason  string // what status_reason must begin with
	preview string
}

type result struct {
	sample
	file client.File
	took time.Duration
	err  error
}

var errUnexpected = errors.New("not every file ended as expected")

// samples sends all files at once, as people do, waits for each and prints the
// table. It fails unless every outcome is the expected one.
func samples(ctx context.Context, path string) error {
	s, err := devstack.Read(path)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	if len(s.Organizations) == 0 {
		return errors.New("satchel.json names no organization: run `demo prepare` first")
	}
	c := &client.Client{Base: s.API, Token: s.Organizations[0].OwnerToken, Org: s.Organizations[0].ID}
	list := makeSamples()
	results := make([]result, len(list))
	var wg sync.WaitGroup
	for i, sample := range list {
		wg.Go(func() { results[i] = send(ctx, c, sample) })
	}
	wg.Wait()
	return show(results)
}

// send measures from the first byte sent to the final state.
func send(ctx context.Context, c *client.Client, s sample) result {
	began := time.Now()
	id, err := c.Upload(ctx, client.Upload{
		Body: bytes.NewReader(s.bytes), Size: int64(len(s.bytes)), Metadata: map[string]string{"filename": s.name, "category": "demo"},
	})
	r := result{sample: s, err: err}
	if err == nil {
		r.file, r.err = c.Watch(ctx, id, nil)
	}
	r.took = time.Since(began)
	if r.err == nil {
		r.file, r.err = c.WaitForPreviews(ctx, r.file)
	}
	return r
}

func (r result) ok() bool {
	return r.err == nil && r.file.Status == r.status && strings.HasPrefix(r.file.StatusReason, r.reason) &&
		(r.preview == "" || r.file.Preview == r.preview)
}

func show(results []result) error {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "\tFILE\tWHAT IT IS\tOUTCOME\tPREVIEWS\tTOOK")
	failed := false
	for _, r := range results {
		mark, outcome := "✓", r.file.Status
		if r.file.StatusReason != "" {
			outcome += " (" + r.file.StatusReason + ")"
		}
		if r.err != nil {
			outcome = "error: " + r.err.Error()
		}
		if !r.ok() {
			mark, failed = "✗", true
			outcome += fmt.Sprintf(" — expected %s %s", r.status, r.reason)
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", mark, r.name, r.what, outcome, previews(r.file), r.took.Round(time.Millisecond))
	}
	_ = w.Flush()
	if failed {
		return errUnexpected
	}
	return nil
}

func previews(f client.File) string {
	if len(f.Renditions) > 0 {
		return fmt.Sprintf("%d", len(f.Renditions))
	}
	if f.Preview == "unavailable" || f.Preview == "not_available_here" {
		return f.Preview
	}
	return "–"
}
