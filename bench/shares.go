package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"satchel/client"
)

// together does n things, so many at once, and gives their results in order.
func together[T any](ctx context.Context, n, atOnce int, do func(ctx context.Context, i int) (T, error)) ([]T, error) {
	out, errs := make([]T, n), make([]error, n+1)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(atOnce, n) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				out[i], errs[i] = do(ctx, i)
			}
		})
	}
	wg.Wait()
	errs[n] = ctx.Err()
	return out, errors.Join(errs...)
}

const (
	shareLimit, shareClients, shareRounds = 50, 200, 100
	readers, readerPause                  = 200, 200  // the pause in milliseconds, as of people who turn pages
	endings, moreEndings                  = 200, 1000 // the second with --full
)

// shares lets 200 clients begin at once what 50 may have.
func (b *bench) shares(ctx context.Context) error {
	_, c, err := b.school(ctx)
	if err != nil {
		return err
	}
	files, err := publishMany(ctx, c, 1, 100_000)
	if err != nil {
		return err
	}
	wrong, counted := 0, 0
	for range shareRounds {
		whole, shown, err := b.limited(ctx, c, files[0])
		if err != nil {
			return err
		}
		if whole != shareLimit {
			wrong++
		}
		if shown != shareLimit {
			counted++
		}
	}
	b.add("downloads of a share with a limit", float64(wrong+counted), "rounds off", "0", wrong+counted == 0,
		"%d rounds of %d clients at once for %d downloads: %d with another number of whole ones, %d that counted another", shareRounds, shareClients, shareLimit, wrong, counted)
	return nil
}

// limited is one round: how many had the whole file, and how many downloads the share
// counted.
func (b *bench) limited(ctx context.Context, c *client.Client, file string) (whole, counted int, err error) {
	s, err := link(ctx, c, file, shareLimit, nil)
	if err != nil {
		return 0, 0, err
	}
	v := b.visitor(s)
	addresses, err := together(ctx, shareClients, 32, func(ctx context.Context, _ int) (string, error) {
		address, refused, err := v.download(ctx)
		if err == nil && refused != "" {
			err = fmt.Errorf("refused before the first byte: %s", refused)
		}
		return address, err
	})
	if err != nil {
		return 0, 0, err
	}
	got, err := together(ctx, shareClients, shareClients, func(ctx context.Context, i int) (int, error) {
		answer, err := v.ask(ctx, http.MethodGet, addresses[i])
		if answer.whole && answer.status == http.StatusOK {
			return 1, err
		}
		return 0, err
	})
	if err != nil {
		return 0, 0, err
	}
	for _, n := range got {
		whole += n
	}
	shown, err := c.Share(ctx, s.ID)
	return whole, shown.Downloads, err
}

// ending is a way in which a share ends; it gives the moment of its commit.
type ending struct {
	name string
	do   func(ctx context.Context, s client.Share) (time.Time, error)
}

func (b *bench) waysToEnd(c *client.Client, db *pgxpool.Pool) []ending {
	now := func(err error) (time.Time, error) { return time.Now(), err }
	return []ending{
		{"revoke", func(ctx context.Context, s client.Share) (time.Time, error) { return now(c.RevokeShare(ctx, s.ID)) }},
		{"expire", func(ctx context.Context, s client.Share) (time.Time, error) {
			ends := time.Now().Add(3 * time.Second).Truncate(time.Millisecond) // the request that says so waits behind the readers
			_, err := c.ChangeShare(ctx, s.ID, client.ShareChange{ExpiresAt: &ends})
			pause(ctx, int(time.Until(ends)/time.Millisecond))
			return ends, err
		}},
		{"delete", func(ctx context.Context, s client.Share) (time.Time, error) { return now(c.Delete(ctx, s.File)) }},
		// No request asks for a quarantine: a later scan finds something, and changes this row.
		{"quarantine", func(ctx context.Context, s client.Share) (time.Time, error) {
			_, err := db.Exec(ctx, "update file_versions set status = 'quarantined', status_reason = 'infected:bench', object_etag = '' where file_id = $1", s.File)
			return now(err)
		}},
	}
}

// refusals are how long after its commit an end was first told, and how long after it
// the last answer came that still gave something. The first holds how long a request waits
// behind those of 200 others as well.
type refusals struct{ api, content, gave []time.Duration }

// told is that of one end.
type told struct{ api, content, gave time.Duration }

func (r *refusals) add(t told) {
	r.api, r.content, r.gave = append(r.api, t.api), append(r.content, t.content), append(r.gave, t.gave)
}

// ends ends shares, a quarter of them each way, beside 200 clients who read.
func (b *bench) ends(ctx context.Context) error {
	_, c, err := b.school(ctx)
	if err != nil {
		return err
	}
	n := endings
	if b.full {
		n = moreEndings
	}
	files, err := publishMany(ctx, c, 1+n/2, 20_000)
	if err != nil {
		return err
	}
	db, err := pgxpool.New(ctx, b.RootURL())
	if err != nil {
		return err
	}
	defer db.Close()
	stop, read, err := b.readBeside(ctx, c, files[0])
	if err != nil {
		return err
	}
	defer stop()
	ways := b.waysToEnd(c, db)
	each := make([]refusals, len(ways))
	var all refusals
	var mu sync.Mutex
	_, err = together(ctx, n, 4, func(ctx context.Context, i int) (struct{}, error) {
		way := i % len(ways)
		file := files[0] // a share that ends by itself leaves its file
		if ways[way].name == "delete" || ways[way].name == "quarantine" {
			file = files[1+i/len(ways)*2+way-2]
		}
		t, err := b.end(ctx, c, file, ways[way])
		mu.Lock()
		defer mu.Unlock()
		each[way].add(t)
		all.add(t)
		return struct{}{}, err
	})
	if err != nil {
		return err
	}
	p99 := func(d []time.Duration) float64 { return quantile(d, .99) / 1000 }
	how := fmt.Sprintf("%d ends, 4 at once, beside %d clients who read (%.0f answers/s); p99 in s by way, API and content host:", n, readers, read())
	for i, way := range ways {
		how += fmt.Sprintf(" %s %.3f, %.3f;", way.name, p99(each[i].api), p99(each[i].content))
	}
	b.add("end of a share → refused by the API", p99(all.api), "s p99", "≤ 2", p99(all.api) <= 2, "%s p50 %.3f", how, quantile(all.api, .5)/1000)
	b.add("end of a share → refused by the content host", p99(all.content), "s p99", "≤ 2", p99(all.content) <= 2, "the same; p50 %.3f, worst %.3f", quantile(all.content, .5)/1000, quantile(all.content, 1)/1000)
	b.add("end of a share → last answer that gave something", p99(all.gave), "s p99", "≤ 2", p99(all.gave) <= 2, "the same, both ways out; 0 when none came after the commit; p50 %.3f, worst %.3f", quantile(all.gave, .5)/1000, quantile(all.gave, 1)/1000)
	return nil
}

// end shares a file, sees that both ways give it, ends the share and asks both until they
// refuse.
func (b *bench) end(ctx context.Context, c *client.Client, file string, way ending) (t told, err error) {
	s, err := link(ctx, c, file, 0, nil)
	if err != nil {
		return t, err
	}
	v := b.visitor(s)
	address, refused, err := v.download(ctx)
	if err != nil || refused != "" {
		return t, fmt.Errorf("download before the end: %s %w", refused, err)
	}
	before, err := v.ask(ctx, http.MethodGet, address, "Range", "bytes=0-99")
	if err != nil || before.status != http.StatusPartialContent {
		return t, fmt.Errorf("read before the end: %d %w", before.status, err)
	}
	committed, err := way.do(ctx, s)
	if err != nil {
		return t, fmt.Errorf("%s: %w", way.name, err)
	}
	until := func(address string, header ...string) (refused, gave time.Duration, err error) {
		for {
			answer, err := v.ask(ctx, http.MethodGet, address, header...)
			if err != nil || answer.status >= http.StatusBadRequest {
				return time.Since(committed), gave, err
			}
			gave = time.Since(committed)
		}
	}
	var apiErr error
	var apiGave, contentGave time.Duration
	var both sync.WaitGroup
	both.Go(func() { t.api, apiGave, apiErr = until(v.api("")) })
	t.content, contentGave, err = until(address, "Range", "bytes=100-199")
	both.Wait()
	t.gave = max(apiGave, contentGave)
	return t, errors.Join(err, apiErr)
}

// readBeside has clients read a share until stop; read is how many answers a second came.
func (b *bench) readBeside(ctx context.Context, c *client.Client, file string) (stop func(), read func() float64, err error) {
	s, err := link(ctx, c, file, 0, nil)
	if err != nil {
		return nil, nil, err
	}
	v := b.visitor(s)
	ctx, cancel := context.WithCancel(ctx)
	var answers atomic.Int64
	var all sync.WaitGroup
	began := time.Now()
	for i := range readers {
		all.Go(func() {
			pause(ctx, i*readerPause/readers)
			address, ends := "", time.Time{}
			for ctx.Err() == nil {
				if time.Until(ends) < 0 {
					address, _, _ = v.download(ctx)
					ends = time.Now().Add(10 * time.Minute)
				}
				for _, at := range []string{v.api(""), address} {
					if _, err := v.ask(ctx, http.MethodGet, at); err == nil {
						answers.Add(1)
					}
					pause(ctx, readerPause)
				}
			}
		})
	}
	return func() { cancel(); all.Wait() }, func() float64 { return float64(answers.Load()) / time.Since(began).Seconds() }, nil
}
