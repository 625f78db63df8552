// Package reader takes the texts out of files in a child process per file, cmd/reader, which
// confines itself: parsers of many formats see bytes of strangers there, and nothing else.
package reader

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"satchel/internal/sandbox"
	"satchel/internal/segments"
)

// Config names the program.
type Config struct {
	Program string        `env:"SATCHEL_READER_PROGRAM" envDefault:"reader"` // program that reads the texts of files, without network and secrets
	Timeout time.Duration `env:"SATCHEL_READER_TIMEOUT" envDefault:"2m"`     // the longest that one file may take to be read
}

// Bounds of the child, which sets those of its memory and files itself.
const (
	Memory   = 256 << 20 // bytes that it may write to
	MostText = 64 << 20  // bytes of text of a file
	CPU      = 60        // seconds
)

// Output is the file of segments in the folder of a run.
const Output = "segments"

// Report is what the child prints.
type Report struct {
	Unread []Unread `json:"unread,omitempty"`
	Memory int64    `json:"memory,omitempty"` // bytes: the most that was resident at once, as the child says
}

// Unread says what of a file was not read.
type Unread struct {
	Reason string `json:"reason"`
	Member string `json:"member,omitempty"`
}

// Reader runs the program.
type Reader struct {
	program string
	timeout time.Duration
	cache   *cache
	ready   *ready
}

// cache is the folder with the compiled PDFium, made once by a child that sees no file.
type cache struct {
	mu   sync.Mutex
	dir  string
	done bool
}

// New checks that the program is there. dir is a folder of this process in which the
// program's compiled parts are kept.
func New(c Config, dir string) (Reader, error) {
	program, err := sandbox.Find("SATCHEL_READER_PROGRAM", c.Program, "reader")
	if err != nil {
		return Reader{}, err
	}
	if c.Timeout <= 0 {
		return Reader{}, fmt.Errorf("SATCHEL_READER_TIMEOUT %s: must be longer than zero, such as 2m", c.Timeout)
	}
	return Reader{program, c.Timeout, &cache{dir: dir}, &ready{now: time.Now}}, nil
}

// prepare compiles what the children share. What a file does to a child never reaches this
// folder: the child closes it before it opens the file.
func (r Reader) prepare(ctx context.Context) error {
	r.cache.mu.Lock()
	defer r.cache.mu.Unlock()
	if _, err := os.Stat(r.cache.dir); r.cache.done && err == nil {
		return nil
	}
	if err := os.MkdirAll(r.cache.dir, 0o700); err != nil {
		return fmt.Errorf("make the folder of compiled programs: %w", err)
	}
	result, err := sandbox.Start(ctx, sandbox.Child{Program: r.program, Args: []string{"--prepare", "--cache", r.cache.dir}, Limits: sandbox.Limits{Wall: 2 * time.Minute, CPU: 2 * time.Minute}})
	if err != nil || result.Exit != 0 {
		return fmt.Errorf("compile PDFium, exit code %d: %w: %s", result.Exit, err, result.Stderr)
	}
	r.cache.done = true
	return nil
}

// Result is what a run left.
type Result struct {
	Report
	CPU    time.Duration
	Waited bool // the child had been started before the file came
	path   string
}

// Each gives every text to a function.
func (r Result) Each(take func(segments.Place, io.Reader) error) error {
	f, err := os.OpenInRoot(filepath.Dir(r.path), Output)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("open segments: %w", err)
	}
	defer func() { _ = f.Close() }()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return segments.ErrFrames
	}
	return segments.Each(f, take)
}

// Exit codes of the program.
const (
	ExitUsage   = 64
	ExitFault   = 1
	exitMemory  = 2 // of Go's runtime when it gets no memory, and of a panic
	exitAborted = 134
)

// Read reads a file into an empty folder. A program that died of the file, or ran into a
// bound, leaves what it wrote before and a reason. Behind a PDF a child is started that waits
// for the next one.
func (r Reader) Read(ctx context.Context, path, mediaType, work string) (Result, error) {
	if err := r.prepare(ctx); err != nil {
		return Result{}, err
	}
	ended, waited, err := r.child(ctx, Job{Input: path, Media: mediaType, Output: work})
	result := Result{CPU: ended.CPU, Waited: waited, path: filepath.Join(work, Output)}
	var about sandbox.Finding
	switch {
	case errors.As(err, &about):
		result.Unread = []Unread{{Reason: string(about.Code)}}
		return result, nil
	case err != nil:
		return Result{}, err
	}
	switch ended.Exit {
	case 0:
	case exitMemory, exitAborted:
		result.Unread = []Unread{{Reason: string(sandbox.TooExpensive)}}
		return result, nil
	default:
		return Result{}, fmt.Errorf("reader: exit code %d: %s", ended.Exit, ended.Stderr)
	}
	if err := json.Unmarshal([]byte(ended.Stdout), &result.Report); err != nil {
		result.Unread = []Unread{{Reason: string(sandbox.Crashed)}} // taken over by the file
	}
	return result, nil
}

const pdf = "application/pdf"

// child has one child read a file: one that waits, or one of the file's own. Files of
// other kinds than PDF need no PDFium, or rarely.
func (r Reader) child(ctx context.Context, job Job) (ended sandbox.Result, waited bool, err error) {
	if job.Media == pdf {
		defer r.prepareNext(ctx)
		if w := r.ready.take(); w != nil {
			ended, err = w.read(ctx, job, r.timeout)
			return ended, true, err
		}
	}
	ended, err = sandbox.Start(ctx, sandbox.Child{Program: r.program, Args: []string{"--input", job.Input, "--media", job.Media, "--output", job.Output, "--cache", r.cache.dir},
		Limits: sandbox.Limits{Wall: r.timeout, CPU: CPU * time.Second}})
	return ended, false, err
}
