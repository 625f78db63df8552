// Command reader takes the texts out of one file and exits. It holds no secret, and confines
// itself before it reads a byte of the file.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"satchel/cmd/reader/read"
	"satchel/internal/confine"
	"satchel/internal/reader"
	"satchel/internal/segments"
)

const usage = `reader takes the texts out of one file.

  reader --input FILE --media TYPE --output DIR --cache CACHE

FILE   the file; its name does not matter
TYPE   its media type
DIR    an existing, empty directory; gets the file segments: a line of JSON for each place
       with a text, and its text in pieces
CACHE  the directory that --prepare filled

It prints one line of JSON with what it could not read, each with a reason.

  reader --wait --cache CACHE

starts the part that reads PDFs, waits for a line of JSON on its input with "input", "media"
and "output" in place of the flags, reads that one file, and exits. An input that ends
without a line is the end too.

  reader --prepare --cache CACHE

compiles the part that reads PDFs into CACHE.

Exit codes: 0 done, 2 out of memory, 64 wrong flags, anything else is a fault worth another
try.
`

var limits = confine.Limits{Heap: 96 << 20, Memory: reader.Memory, CPU: reader.CPU, File: reader.MostText + 16<<20}

type task struct {
	input, media, output, cache string
	prepare, wait               bool
}

func main() {
	job, err := parse(os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		fmt.Print(usage)
		return
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "reader: %v\nreader --help explains the flags\n", err)
		os.Exit(reader.ExitUsage)
	}
	if err := run(job); err != nil {
		fmt.Fprintf(os.Stderr, "reader: %v\n", err)
		os.Exit(reader.ExitFault)
	}
}

func parse(args []string) (task, error) {
	var job task
	flags := flag.NewFlagSet("reader", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&job.input, "input", "", "file to read")
	flags.StringVar(&job.media, "media", "", "its media type")
	flags.StringVar(&job.output, "output", "", "directory to write to")
	flags.StringVar(&job.cache, "cache", "", "directory of compiled parts")
	flags.BoolVar(&job.prepare, "prepare", false, "compile into the cache")
	flags.BoolVar(&job.wait, "wait", false, "be told on the input what to read")
	if err := flags.Parse(args); err != nil {
		return task{}, err
	}
	switch {
	case flags.NArg() > 0:
		return task{}, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	case job.cache == "":
		return task{}, errors.New("--cache is missing")
	case !job.prepare && !job.wait && (job.input == "" || job.media == "" || job.output == ""):
		return task{}, errors.New("--input, --media and --output go together")
	}
	return job, nil
}

func run(job task) error {
	if job.prepare {
		_, err := read.Prepare(context.Background(), job.cache)
		return err
	}
	if err := limits.Apply(); err != nil {
		return err
	}
	var pages *read.PDF
	if job.wait || read.NeedsPDF(job.media) {
		var err error
		if pages, err = read.Prepare(context.Background(), job.cache); err != nil {
			return err
		}
	}
	if job.wait {
		if err := job.told(os.Stdin); err != nil {
			return err
		}
	}
	source, err := os.Open(job.input)
	if err != nil {
		return err
	}
	defer func() { _ = source.Close() }()
	info, err := source.Stat()
	if err != nil {
		return err
	}
	made, err := os.OpenFile(filepath.Join(job.output, reader.Output), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	status, err := os.Open("/proc/self/status")
	if err != nil {
		return errors.Join(err, made.Close())
	}
	defer func() { _ = status.Close() }()
	if _, err := confine.Apply(job.output); err != nil {
		return errors.Join(err, made.Close())
	}
	// From here on nothing but these files can be reached.
	report, err := read.File(source, info.Size(), job.media, pages, segments.NewFrames(made, reader.MostText))
	if err := errors.Join(err, made.Close()); err != nil {
		return err
	}
	report.Memory = resident(status)
	return json.NewEncoder(os.Stdout).Encode(report)
}

// told takes what to read from the worker that started this process. Nothing of a file comes by
// this way.
func (t *task) told(input io.ReadCloser) error {
	var job reader.Job
	if err := errors.Join(json.NewDecoder(input).Decode(&job), input.Close()); err != nil {
		return fmt.Errorf("no file to read: %w", err)
	}
	t.input, t.media, t.output = job.Input, job.Media, job.Output
	if t.input == "" || t.media == "" || t.output == "" {
		return errors.New("input, media and output go together")
	}
	return nil
}

// resident is the most memory that this process had at once. The kernel's account of a child
// begins with that of its parent, which is larger.
func resident(status io.Reader) int64 {
	lines := bufio.NewScanner(status)
	for lines.Scan() {
		var kilobytes int64
		if n, _ := fmt.Sscanf(lines.Text(), "VmHWM: %d kB", &kilobytes); n == 1 {
			return kilobytes << 10
		}
	}
	return 0
}
