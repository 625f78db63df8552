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
	"satchel/policies/previews"
)

// sample is a file and what must become of it.
type sample struct {
	name    string
	what    string
	bytes   []byte
	status  string
	reason  string // what status_reason must begin with
	preview string
	family  bool // policies/previews says which previews it has
}

type result struct {
	sample
	file client.File
	took time.Duration
	err  error
}

var errUnexpected = errors.New("not every file ended as expected")

// sendSamples sends all files at once, as people do, waits for each and prints the
// table. It fails unless every outcome is the expected one.
func sendSamples(ctx context.Context, path string) error {
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
	list := append(makeSamples(), families()...)
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
		(r.preview == "" || r.file.Preview == r.preview) && (!r.family || r.previewed())
}

// previewed says whether the file has the previews of its kind. A machine without the
// program that makes them says so, which run.sh explains.
func (r result) previewed() bool {
	row, has := previews.For(r.file.MimeType)
	if !has {
		return r.file.Preview == "none"
	}
	return r.file.Preview == "ready" && len(r.file.Renditions) > 0 || needsProgram[row.Method] && r.file.Preview == "not_available_here"
}

// needsProgram are the methods that need a program which is not built with Satchel.
var needsProgram = map[previews.Method]bool{
	previews.Pages: true, previews.Office: true, previews.Drawing: true, previews.Film: true, previews.Sound: true,
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
			outcome += fmt.Sprintf(" — expected %s %s, previews of its kind", r.status, r.reason)
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", mark, r.name, r.what, outcome, shownPreviews(r.file), r.took.Round(time.Millisecond))
	}
	_ = w.Flush()
	if failed {
		return errUnexpected
	}
	return nil
}

func shownPreviews(f client.File) string {
	if len(f.Renditions) > 0 {
		return fmt.Sprintf("%d", len(f.Renditions))
	}
	if f.Preview == "unavailable" || f.Preview == "not_available_here" {
		return f.Preview
	}
	return "–"
}
