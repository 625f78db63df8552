package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"satchel/client"
	"satchel/internal/devstack"
	"satchel/internal/devstack/checks"
	"satchel/internal/devstack/load"
)

// patience is how long one upload is tried: no part stays away for so long.
const patience = 10 * time.Minute

// chaos is one run.
type chaos struct {
	*devstack.Stack
	uploads, kills, clients, schools int
	ledger                           string
	say                              io.Writer

	members []member
	killed  killed
	sent    atomic.Int64 // uploads that have an answer
}

// member is who sends the files of a school, and who reads its audit log.
type member struct {
	org            string
	teacher, owner *client.Client
}

func (c *chaos) run(ctx context.Context) (result, error) {
	if c.uploads < 1 || c.clients < 1 || c.schools < 1 || c.kills < 0 {
		return result{}, errors.New("uploads, clients and schools are at least one, and kills not below zero")
	}
	if err := c.provision(ctx); err != nil {
		return result{}, err
	}
	ledger, err := load.Create(c.ledger)
	if err != nil {
		return result{}, err
	}
	began := time.Now()
	progress, stop := context.WithCancel(ctx)
	var watching sync.WaitGroup
	watching.Go(func() { c.progress(progress, began) })
	err = c.disturbed(ctx, ledger)
	stop()
	watching.Wait()
	if err = errors.Join(err, ledger.Close()); err != nil {
		return result{}, err
	}
	r := result{Kills: c.killed.by, Took: seconds(time.Since(began))}
	if err := c.settle(ctx, &r); err != nil {
		return r, err
	}
	return r, c.judge(ctx, &r)
}

func (c *chaos) provision(ctx context.Context) error {
	for range c.schools {
		org, err := c.Unhurried(ctx, "chaos", "School under kills")
		if err != nil {
			return err
		}
		m := member{org: org}
		if m.teacher, err = c.Member(ctx, org, "teacher-"+org, "teacher"); err != nil {
			return err
		}
		if m.owner, err = c.Member(ctx, org, "owner-"+org, "owner"); err != nil {
			return err
		}
		m.teacher.HTTP = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: c.clients}}
		c.members = append(c.members, m)
	}
	return nil
}

// disturbed sends all files while parts are killed.
func (c *chaos) disturbed(ctx context.Context, ledger *load.Ledger) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	errs := make(chan error, c.clients+1)
	var running sync.WaitGroup
	do := func(f func() error) {
		running.Go(func() {
			if err := f(); err != nil {
				errs <- err
				cancel() // what goes on would be judged by a broken ledger, or without its kills
			}
		})
	}
	do(func() error { return c.kill(ctx) })
	numbers := make(chan int)
	for i := range c.clients {
		school := i % c.schools
		sender := &load.Client{API: c.members[school].teacher, School: school, Ledger: ledger, Patience: patience}
		do(func() error { return c.send(ctx, sender, numbers) })
	}
	for n := range c.uploads {
		select {
		case numbers <- n:
			continue
		case <-ctx.Done():
		}
		break
	}
	close(numbers)
	running.Wait()
	close(errs)
	var all error
	for err := range errs {
		all = errors.Join(all, err)
	}
	return errors.Join(all, ctx.Err())
}

func (c *chaos) send(ctx context.Context, sender *load.Client, numbers <-chan int) error {
	for n := range numbers {
		if _, err := sender.Send(ctx, n, load.Mixed(n)); err != nil {
			return err
		}
		c.sent.Add(1)
	}
	return nil
}

const tellEvery = 10 * time.Second

// progress tells how far the run is.
func (c *chaos) progress(ctx context.Context, began time.Time) {
	tick := time.NewTicker(tellEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			open, err := checks.BacklogOf(ctx, c.Stack, c.orgs())
			text := open.String()
			if err != nil {
				text = "the database is away"
			}
			_, _ = fmt.Fprintf(c.say, "%6.0f s  %d of %d sent, %d of %d kills; %s\n", time.Since(began).Seconds(), c.sent.Load(), c.uploads, c.killed.count(), c.kills, text)
		}
	}
}

func (c *chaos) orgs() (all []string) {
	for _, m := range c.members {
		all = append(all, m.org)
	}
	return all
}

// pause waits, unless the run is ended.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
