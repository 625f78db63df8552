package main

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
)

//go:embed celery/*.py
var celeryFiles embed.FS

// python is Debian's, for which its package of Celery is.
const python = "/usr/bin/python3"

// peer is one of the two systems: a worker process that can be killed, and jobs for it.
type peer interface {
	name() string
	start(ctx context.Context) (*exec.Cmd, error) // of a worker
	steady(ctx context.Context, rate int, length time.Duration) ([]time.Duration, error)
	burst(ctx context.Context, n int) (time.Duration, error)
	effects(ctx context.Context, n int) error
	effectsFile() string
}

// celery measures small jobs beside Celery and Redis, in turns: how long one waits from its
// sending to its start, how many a second are done, and what is left of jobs whose workers
// are killed. Both have one worker process of two slots on this machine.
func (b *bench) celery(ctx context.Context) error {
	for _, check := range [][]string{{"redis-server", "--version"}, {python, "-c", "import celery, redis"}} {
		if err := exec.CommandContext(ctx, check[0], check[1:]...).Run(); err != nil {
			fmt.Fprint(os.Stderr, "\n  Celery or Redis is not there; for this comparison: apt-get install --no-install-recommends python3-celery python3-redis redis-server\n")
			return nil
		}
	}
	folder, err := os.MkdirTemp("", "satchel-celery-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	theirs, stop, err := newCelery(ctx, folder)
	if err != nil {
		return err
	}
	defer stop()
	c, err := client.DialContext(ctx, client.Options{HostPort: b.Temporal, Namespace: "satchel", Logger: log.NewStructuredLogger(slog.New(slog.DiscardHandler))})
	if err != nil {
		return err
	}
	defer c.Close()
	ours := &temporalPeer{client: c, address: b.Temporal, file: filepath.Join(folder, "ours")}
	if err := b.besideCelery(ctx, ours, theirs); err != nil {
		return err
	}
	jobs, late := 300, *theirs
	if b.full {
		jobs = 5000
	}
	late.late, late.file = true, filepath.Join(folder, "late")
	for _, p := range []peer{ours, theirs, &late} {
		lost, twice, kills, err := underKills(ctx, p, jobs)
		if err != nil {
			return fmt.Errorf("kills of %s: %w", p.name(), err)
		}
		goal := ""
		if p == peer(ours) {
			goal = "0"
		}
		b.add("jobs lost under kills, "+p.name(), float64(lost), "jobs", goal, lost == 0 || goal == "", "%d jobs of 10 ms, the worker gets SIGKILL each second (%d times); %d began their effect twice", jobs, kills, twice)
	}
	return nil
}

func (b *bench) besideCelery(ctx context.Context, ours, theirs peer) error {
	rounds, length, n := 3, 5*time.Second, 500
	if b.full {
		rounds, length, n = 5, 20*time.Second, 5000
	}
	waits, rates := map[string][]time.Duration{}, map[string][]time.Duration{}
	for range rounds {
		for _, p := range []peer{ours, theirs} {
			w, err := p.start(ctx)
			if err != nil {
				return err
			}
			_, err = p.burst(ctx, 10) // the first ones find a cold worker
			if err == nil {
				var found []time.Duration
				found, err = p.steady(ctx, 20, length)
				waits[p.name()] = append(waits[p.name()], found...)
			}
			var took time.Duration
			if err == nil {
				took, err = p.burst(ctx, n)
				rates[p.name()] = append(rates[p.name()], took)
			}
			kill(w)
			if err != nil {
				return fmt.Errorf("%s: %w", p.name(), err)
			}
		}
	}
	p50, p95 := func(p peer) float64 { return quantile(waits[p.name()], .5) }, func(p peer) float64 { return quantile(waits[p.name()], .95) }
	b.add("small job, sent → started", p95(ours)/p95(theirs), "× Celery p95", "", true, "20/s, %d rounds in turns: %.1f ms p50, %.1f p95; Celery %.1f and %.1f (Redis without a disk: not durable)", rounds, p50(ours), p95(ours), p50(theirs), p95(theirs))
	per := func(p peer) float64 { return float64(n) / quantile(rates[p.name()], .5) * 1000 }
	b.add("small jobs a second", per(ours)/per(theirs), "× Celery", "", true, "%d at once, %d rounds in turns, p50: %.0f a second; Celery %.0f", n, rounds, per(ours), per(theirs))
	return nil
}

// underKills sends jobs while the worker is killed each second, until the last effect.
func underKills(ctx context.Context, p peer, n int) (lost, twice, kills int, err error) {
	w, err := p.start(ctx)
	if err != nil {
		return 0, 0, 0, err
	}
	sent := make(chan error, 1)
	go func() { sent <- p.effects(ctx, n) }()
	const mostKills, quiet = 20, 40 * time.Second
	newest, seen := time.Now(), 0
	for seen < n && time.Since(newest) < quiet {
		select {
		case <-ctx.Done():
			kill(w)
			return 0, 0, kills, context.Cause(ctx)
		case <-time.After(time.Second):
		}
		if kills < mostKills {
			kill(w)
			kills++
			if w, err = p.start(ctx); err != nil {
				return 0, 0, kills, err
			}
		}
		count, _, err := effectsIn(p.effectsFile())
		if err != nil {
			return 0, 0, kills, err
		}
		if count > seen {
			newest, seen = time.Now(), count
		}
	}
	kill(w)
	if err := <-sent; err != nil {
		return 0, 0, kills, err
	}
	count, twice, err := effectsIn(p.effectsFile())
	return n - count, twice, kills, err
}

// effectsIn counts the jobs that had their effect, and those that had it again.
func effectsIn(file string) (count, twice int, err error) {
	text, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return 0, 0, err
	}
	seen := map[string]int{}
	for line := range strings.Lines(string(text)) {
		if seen[line]++; seen[line] == 2 {
			twice++
		}
	}
	return len(seen), twice, nil
}

// kill ends a worker and its children at once.
func kill(w *exec.Cmd) {
	_ = syscall.Kill(-w.Process.Pid, syscall.SIGKILL)
	_ = w.Wait()
}

type celeryPeer struct {
	folder, redis, file string
	late                bool // what is lost with a worker is begun again
}

func newCelery(ctx context.Context, folder string) (*celeryPeer, func(), error) {
	for _, name := range []string{"tasks.py", "drive.py"} {
		text, err := celeryFiles.ReadFile("celery/" + name)
		if err != nil {
			return nil, nil, err
		}
		if err := os.WriteFile(filepath.Join(folder, name), text, 0o600); err != nil {
			return nil, nil, err
		}
	}
	port, err := freePort(ctx)
	if err != nil {
		return nil, nil, err
	}
	redis := exec.CommandContext(ctx, "redis-server", "--port", strconv.Itoa(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", folder)
	if err := redis.Start(); err != nil {
		return nil, nil, err
	}
	stop := func() {
		_ = redis.Process.Kill()
		_ = redis.Wait()
	}
	for range 100 {
		c, err := (&net.Dialer{}).DialContext(ctx, "tcp", "127.0.0.1:"+strconv.Itoa(port))
		if err == nil {
			_ = c.Close()
			return &celeryPeer{folder: folder, redis: fmt.Sprintf("redis://127.0.0.1:%d/0", port), file: filepath.Join(folder, "celery")}, stop, nil
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
		}
	}
	stop()
	return nil, nil, errors.New("redis-server does not answer")
}

func (p *celeryPeer) name() string {
	if p.late {
		return "Celery with acks_late"
	}
	return "Celery"
}

func (p *celeryPeer) effectsFile() string { return p.file }

func (p *celeryPeer) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	late := "0"
	if p.late {
		late = "1"
	}
	cmd.Dir, cmd.Env = p.folder, append(os.Environ(), "BENCH_REDIS="+p.redis, "BENCH_EFFECTS="+p.file, "BENCH_LATE="+late, "PYTHONWARNINGS=ignore", "C_FORCE_ROOT=1")
	return cmd
}

func (p *celeryPeer) start(ctx context.Context) (*exec.Cmd, error) {
	cmd := p.command(ctx, python, "-m", "celery", "-A", "tasks", "worker", "--concurrency", "2", "--without-gossip", "--without-mingle", "-l", "ERROR")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return cmd, cmd.Start()
}

func (p *celeryPeer) drive(ctx context.Context, out any, args ...string) error {
	cmd := p.command(ctx, python, append([]string{"drive.py"}, args...)...)
	var failed bytes.Buffer
	cmd.Stderr = &failed
	text, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("%w: %s", err, failed.String())
	}
	return json.Unmarshal(text, out)
}

func (p *celeryPeer) steady(ctx context.Context, rate int, length time.Duration) ([]time.Duration, error) {
	var seconds []float64
	err := p.drive(ctx, &seconds, "steady", strconv.Itoa(rate), strconv.Itoa(int(length.Seconds())))
	waits := make([]time.Duration, len(seconds))
	for i, s := range seconds {
		waits[i] = time.Duration(s * float64(time.Second))
	}
	return waits, err
}

func (p *celeryPeer) burst(ctx context.Context, n int) (time.Duration, error) {
	var seconds float64
	err := p.drive(ctx, &seconds, "burst", strconv.Itoa(n))
	return time.Duration(seconds * float64(time.Second)), err
}

func (p *celeryPeer) effects(ctx context.Context, n int) error {
	var none int
	return p.drive(ctx, &none, "effects", strconv.Itoa(n))
}
