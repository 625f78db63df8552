package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

const (
	peerWarmth    = 20
	peerTusBytes  = 64 << 20
	peerTusAtOnce = 8
	peerListed    = 200_000
	peerPages     = 100
	howToGetAPeer = `
  PEER names no checkout of supabase/storage, so nothing is compared. To compare: clone it, build it as its
  README says (it wants the Node that the "engines" of its package.json names), so that it has
  dist/start/server.js, and run

    PEER=/path/to/checkout make bench ARGS='--only peers'

  PEER_NODE names a Node other than the one in the PATH, and PEER_ROUNDS another number of rounds than five. It
  gets a PostgreSQL of its own and a bucket of the stack's store; nothing of it stays.
`
)

// peerRounds is how often both have their turn of each measurement.
func peerRounds() int {
	if n, err := strconv.Atoi(os.Getenv("PEER_ROUNDS")); err == nil && n > 0 {
		return n
	}
	return 5
}

// side is one of the two systems, as its caller meets it.
type side struct {
	name string
	send func(ctx context.Context, name string, size int) (id string, err error)
	read func(ctx context.Context, id string) (int64, error)
	tus  func(ctx context.Context, name string, size int64) error
	page func(ctx context.Context, cursor string, limit int) (body []byte, err error)
	// parse gives the cursor of the page behind this one, and how many items it has.
	parse func(body []byte) (next string, items int, err error)
	// settle waits until nothing of what was sent is still worked on.
	settle func(ctx context.Context) error
}

// peers measures supabase/storage from a checkout that the user names beside this platform, in
// turns of one run on the same store: each has the machine for itself in its turn, in which this
// platform's pipeline runs, and is waited for before the other's.
func (b *bench) peers(ctx context.Context) error {
	checkout := os.Getenv("PEER")
	if checkout == "" {
		fmt.Fprint(os.Stderr, howToGetAPeer)
		return nil
	}
	root, err := b.Root(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close(context.WithoutCancel(ctx)) }()
	ours, org, err := b.ourSide(ctx, root)
	if err != nil {
		return err
	}
	p, err := b.startPeer(ctx, checkout)
	if err != nil {
		return fmt.Errorf("supabase/storage of %s: %w", checkout, err)
	}
	defer p.stop()
	theirs, err := p.side()
	if err != nil {
		return err
	}
	sides := []*side{ours, theirs}
	// Lists come first: the previews and texts of what is sent are made long after it is published.
	if err := b.peersFill(ctx, root, org, ours, p); err != nil {
		return fmt.Errorf("fill the lists: %w", err)
	}
	for _, measure := range []func(*bench, context.Context, []*side) error{(*bench).peersList, (*bench).peersAccept, (*bench).peersRead, (*bench).peersTus} {
		if err := measure(b, ctx, sides); err != nil {
			return err
		}
	}
	return nil
}

// listed is how many files the lists have.
func (b *bench) listed() int {
	if b.full {
		return 1_000_000
	}
	return peerListed
}

// peersFill makes the long list of either side.
func (b *bench) peersFill(ctx context.Context, root *pgx.Conn, org string, ours *side, p *storagePeer) error {
	if _, err := ours.send(ctx, "the first of the list.txt", 4<<10); err != nil {
		return err
	}
	if err := ours.settle(ctx); err != nil {
		return err
	}
	if err := fillOurs(ctx, root, org, b.listed()); err != nil {
		return err
	}
	if err := p.fill(ctx, b.listed()); err != nil {
		return fmt.Errorf("of supabase/storage: %w", err)
	}
	return nil
}

// turns lets one side after the other do something, each first in every second round, and
// gives what each round took of both.
func turns(ctx context.Context, sides []*side, rounds int, do func(ctx context.Context, s *side, round int) ([]time.Duration, error)) ([][]time.Duration, error) {
	took := make([][]time.Duration, len(sides))
	for round := range rounds {
		for i := range sides {
			i = (i + round) % len(sides)
			s := sides[i]
			one, err := do(ctx, s, round)
			if err == nil {
				err = s.settle(ctx)
			}
			if err != nil {
				return nil, fmt.Errorf("%s: %w", s.name, err)
			}
			took[i] = append(took[i], one...)
		}
	}
	return took, nil
}

// by lets so many clients do something n times together, and times each.
func by(ctx context.Context, clients, n int, do func(ctx context.Context, i int) error) ([]time.Duration, error) {
	return together(ctx, n, clients, func(ctx context.Context, i int) (time.Duration, error) {
		began := time.Now()
		err := do(ctx, i)
		return time.Since(began), err
	})
}

// beside adds the ratio of both sides at each quantile.
func (b *bench) beside(name string, took [][]time.Duration, most float64, how string, quantiles ...float64) {
	for _, q := range quantiles {
		ours, theirs := quantile(took[0], q), quantile(took[1], q)
		ratio := ours / theirs
		b.add(fmt.Sprintf("%s, p%.0f", name, q*100), ratio, "× supabase/storage", fmt.Sprintf("≤ %g", most), ratio <= most, "%.2f ms, theirs %.2f; %s", ours, theirs, how)
	}
}

func (b *bench) peersAccept(ctx context.Context, sides []*side) error {
	for _, size := range []int{4 << 10, 100_000} {
		for _, clients := range []int{1, 16} {
			n := 40 + 4*clients
			if _, err := turns(ctx, sides, 1, func(ctx context.Context, s *side, _ int) ([]time.Duration, error) {
				return by(ctx, clients, peerWarmth, func(ctx context.Context, _ int) error { return s.sendNew(ctx, size) })
			}); err != nil {
				return err
			}
			took, err := turns(ctx, sides, peerRounds(), func(ctx context.Context, s *side, _ int) ([]time.Duration, error) {
				return by(ctx, clients, n, func(ctx context.Context, _ int) error { return s.sendNew(ctx, size) })
			})
			if err != nil {
				return err
			}
			b.beside(fmt.Sprintf("accepted %d KB, %d at once", size/1000, clients), took, .8,
				fmt.Sprintf("%d rounds of %d forms each, in turns, the pipeline running", peerRounds(), n), .5, .95)
		}
	}
	return nil
}

func (s *side) sendNew(ctx context.Context, size int) error {
	_, err := s.send(ctx, uuid.NewString()+".txt", size)
	return err
}

func (b *bench) peersRead(ctx context.Context, sides []*side) error {
	const size, files, n, clients = 100_000, 16, 320, 16
	ids := map[*side][]string{}
	for _, s := range sides {
		for range files {
			id, err := s.send(ctx, uuid.NewString()+".txt", size)
			if err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
			ids[s] = append(ids[s], id)
		}
		if err := s.settle(ctx); err != nil {
			return err
		}
	}
	read := func(ctx context.Context, s *side, _ int) ([]time.Duration, error) {
		return by(ctx, clients, n, func(ctx context.Context, i int) error {
			got, err := s.read(ctx, ids[s][i%files])
			if err == nil && got != size {
				err = fmt.Errorf("%d bytes instead of %d", got, size)
			}
			return err
		})
	}
	if _, err := turns(ctx, sides, 1, read); err != nil {
		return err
	}
	took, err := turns(ctx, sides, peerRounds(), read)
	if err != nil {
		return err
	}
	b.beside("GET of 100 KB, 16 at once", took, .7, fmt.Sprintf("%d rounds of %d reads each, in turns; ours with a row of the audit log for each", peerRounds(), n), .5, .95)
	return nil
}

func (b *bench) peersTus(ctx context.Context, sides []*side) error {
	rounds := min(3, peerRounds())
	took, err := turns(ctx, sides, rounds, func(ctx context.Context, s *side, _ int) ([]time.Duration, error) {
		return by(ctx, peerTusAtOnce, peerTusAtOnce, func(ctx context.Context, _ int) error { return s.tus(ctx, uuid.NewString()+".txt", peerTusBytes) })
	})
	if err != nil {
		return err
	}
	b.beside("tus of 64 MiB, 8 at once", took, .25, fmt.Sprintf("%d rounds of %d uploads in chunks of 8 MiB, in turns, from creation to the last answer", rounds, peerTusAtOnce), .5)
	return nil
}

// peersList reads the first page and one near the end of a long list.
func (b *bench) peersList(ctx context.Context, sides []*side) error {
	for _, where := range []struct {
		name  string
		after int
	}{{"first", 0}, {"deep", b.listed() - 5*pageOf}} {
		cursors, bodies := map[*side]string{}, map[*side][]byte{}
		for _, s := range sides {
			var err error
			if cursors[s], err = s.walk(ctx, where.after); err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
		}
		read := func(ctx context.Context, s *side, _ int) (took []time.Duration, err error) {
			took, bodies[s], err = s.readPages(ctx, cursors[s])
			return took, err
		}
		if _, err := turns(ctx, sides, 1, read); err != nil {
			return err
		}
		took, err := turns(ctx, sides, peerRounds(), read)
		if err != nil {
			return err
		}
		b.beside(fmt.Sprintf("list of %d, %s page", b.listed(), where.name), took, .8, fmt.Sprintf("%d rounds of %d pages of %d each, in turns, against list-v2; %.1f KB a page, theirs %.1f",
			peerRounds(), peerPages, pageOf, float64(len(bodies[sides[0]]))/1000, float64(len(bodies[sides[1]]))/1000), .5, .95)
	}
	return nil
}

// readPages reads a page many times, and gives one.
func (s *side) readPages(ctx context.Context, cursor string) (took []time.Duration, body []byte, err error) {
	took, err = by(ctx, 1, peerPages, func(ctx context.Context, _ int) (err error) {
		body, err = s.page(ctx, cursor, pageOf)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	_, items, err := s.parse(body)
	if err == nil && items != pageOf {
		err = fmt.Errorf("a page of %d instead of %d", items, pageOf)
	}
	return took, body, err
}

// walk gives the cursor behind so many items, by walking there.
func (s *side) walk(ctx context.Context, n int) (cursor string, err error) {
	for seen := 0; seen < n; {
		body, err := s.page(ctx, cursor, min(200, n-seen))
		if err != nil {
			return "", err
		}
		next, items, err := s.parse(body)
		if err != nil {
			return "", err
		}
		if next == "" {
			return "", fmt.Errorf("the list ends behind %d", seen+items)
		}
		cursor, seen = next, seen+items
	}
	return cursor, nil
}
