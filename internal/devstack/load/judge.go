package load

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"slices"
	"sync"

	"satchel/client"
)

// Verdict is what became of the uploads of a ledger. All but the first three and the bytes have to be zero.
type Verdict struct {
	Uploads      int      `json:"uploads"`
	Acknowledged int      `json:"acknowledged"`
	Unanswered   int      `json:"unanswered"` // without an Idempotency-Key: there or not
	Refused      int      `json:"refused"`    // by an answer that is none of the sample's outcomes
	GivenUp      int      `json:"given_up"`   // and those without an answer
	Lost         int      `json:"lost"`       // acknowledged, and not there
	Corrupt      int      `json:"corrupt"`    // published with other bytes
	Stuck        int      `json:"stuck"`      // in process, acknowledged or not
	Wrong        int      `json:"wrong"`      // ended as something else than its sample does
	Twice        int      `json:"twice"`      // of one Idempotency-Key
	Bytes        int64    `json:"bytes"`      // published
	Notes        []string `json:"notes,omitempty"`
}

// Wrongs counts what has to be zero.
func (v *Verdict) Wrongs() int {
	return v.Refused + v.GivenUp + v.Lost + v.Corrupt + v.Stuck + v.Wrong + v.Twice
}

// Add adds the verdict on another school.
func (v *Verdict) Add(o Verdict) {
	v.Uploads, v.Acknowledged, v.Refused, v.GivenUp = v.Uploads+o.Uploads, v.Acknowledged+o.Acknowledged, v.Refused+o.Refused, v.GivenUp+o.GivenUp
	v.Unanswered += o.Unanswered
	v.Lost, v.Corrupt, v.Stuck, v.Wrong, v.Twice = v.Lost+o.Lost, v.Corrupt+o.Corrupt, v.Stuck+o.Stuck, v.Wrong+o.Wrong, v.Twice+o.Twice
	v.Bytes += o.Bytes
	v.Notes = append(v.Notes, o.Notes...)
}

// judge holds uploads of one school against what it has.
type judge struct {
	api   *client.Client
	files map[string][]client.File // by name

	mu sync.Mutex
	Verdict
}

// Judge asks the platform, as a person who sees all files of a school, for each of the
// school's uploads. It does not wait for what is on its way.
func Judge(ctx context.Context, c *client.Client, uploads []Upload) (Verdict, error) {
	j := &judge{api: c, files: map[string][]client.File{}}
	for cursor := ""; ; {
		page, err := c.List(ctx, url.Values{"limit": {"200"}, "cursor": {cursor}})
		if err != nil {
			return j.Verdict, fmt.Errorf("list the files: %w", err)
		}
		for _, f := range page.Items {
			j.files[f.Name] = append(j.files[f.Name], f)
			if f.Status == published {
				j.Bytes += f.Size
			}
		}
		if cursor = page.NextCursor; cursor == "" {
			break
		}
	}
	return j.Verdict, j.each(ctx, uploads)
}

// readers is how many files are read side by side.
const readers = 8

func (j *judge) each(ctx context.Context, uploads []Upload) error {
	next := make(chan Upload)
	errs := make(chan error, readers)
	var wg sync.WaitGroup
	for range readers {
		wg.Go(func() {
			for u := range next {
				if err := j.one(ctx, u); err != nil {
					errs <- fmt.Errorf("upload %d: %w", u.Number, err)
					return
				}
			}
		})
	}
	var failed error
	for _, u := range uploads {
		select {
		case next <- u:
			continue
		case failed = <-errs:
		}
		break
	}
	close(next)
	wg.Wait()
	select {
	case failed = <-errs:
	default:
	}
	return failed
}

// one judges an upload. What a client was not told of may be there or not, but once and ended.
func (j *judge) one(ctx context.Context, u Upload) error {
	found := j.files[u.Name]
	j.count(u, found)
	at := slices.IndexFunc(found, func(f client.File) bool { return f.ID == u.File })
	if u.Answer != Acknowledged {
		return nil
	}
	if at < 0 {
		j.note(&j.Lost, u, "acknowledged as %s, and not there", u.File)
		return nil
	}
	f := found[at]
	switch {
	case unended(f):
		return nil // counted as stuck
	case f.Status != u.Outcome:
		j.note(&j.Wrong, u, "%s is %s (%s), not %s", f.ID, f.Status, f.StatusReason, u.Outcome)
		return nil
	case f.Status != published:
		return nil
	}
	sum := sha256.New()
	if _, err := j.api.Download(ctx, f.ID, 0, sum); err != nil {
		return fmt.Errorf("download %s: %w", f.ID, err)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != u.SHA256 || f.Size != u.Size {
		j.note(&j.Corrupt, u, "%s has %d bytes with the SHA-256 %s, sent were %d with %s", f.ID, f.Size, got, u.Size, u.SHA256)
	}
	return nil
}

// count counts what does not depend on the bytes.
func (j *judge) count(u Upload, found []client.File) {
	j.mu.Lock()
	j.Uploads++
	switch u.Answer {
	case Acknowledged:
		j.Acknowledged++
	case Unanswered:
		j.Unanswered++
	default:
	}
	j.mu.Unlock()
	switch u.Answer {
	case Acknowledged, Unanswered, Sending:
	case Refused:
		j.note(&j.Refused, u, "refused: %s", u.Why)
	case GivenUp, "":
		j.note(&j.GivenUp, u, "never acknowledged: %s", u.Why)
	}
	if len(found) > 1 {
		j.note(&j.Twice, u, "there are %d files of its Idempotency-Key %s", len(found), u.Key)
	}
	for _, f := range found {
		if unended(f) {
			j.note(&j.Stuck, u, "%s is still %s", f.ID, f.Status)
		}
	}
}

func unended(f client.File) bool { return f.Status == "uploading" || f.Status == "processing" }

// mostNotes bounds what is told one by one.
const mostNotes = 20

func (j *judge) note(counter *int, u Upload, format string, args ...any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if *counter++; len(j.Notes) < mostNotes {
		j.Notes = append(j.Notes, fmt.Sprintf("upload %d, %s by %s: ", u.Number, u.Name, u.Way)+fmt.Sprintf(format, args...))
	}
}
