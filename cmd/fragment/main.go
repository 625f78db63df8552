// Command fragment makes the piece of HTML that shows one text, and exits. It holds no
// secret, and confines itself before it reads a byte of the text. It is not part of
// cmd/render, which takes longer to load libvips than this takes for most texts.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"satchel/cmd/fragment/text"
	"satchel/internal/confine"
	"satchel/internal/fragment"
)

const usage = `fragment makes the piece of HTML that shows one text.

  fragment --kind code|markdown|table --extension .EXT --input FILE --output DIR

FILE  the text; its name does not matter
.EXT  the ending of its name, which says which language it is in
DIR   an existing, empty directory; gets text.html: the first 2,000 lines of a text with the
      words of its language marked by classes, a text with its Markdown structure, or the
      first 100 rows of a table

It prints one line of JSON: {"cut": true} when the text goes on.

Exit codes: 0 done, 2 out of memory, 64 wrong flags, anything else is a fault worth another
try.
`

// The exit codes are those of the other programs that open what people send.
const (
	exitFault = 1
	exitUsage = 64
)

var limits = confine.Limits{Heap: 256 << 20, Memory: 512 << 20, CPU: 20, File: 8 << 20}

type task struct{ kind, extension, input, output string }

func main() {
	job, err := parse(os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		fmt.Print(usage)
		return
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "fragment: %v\nfragment --help explains the flags\n", err)
		os.Exit(exitUsage)
	}
	if err := run(job); err != nil {
		fmt.Fprintf(os.Stderr, "fragment: %v\n", err)
		os.Exit(exitFault)
	}
}

func parse(args []string) (task, error) {
	var job task
	flags := flag.NewFlagSet("fragment", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&job.kind, "kind", "", "kind of text")
	flags.StringVar(&job.extension, "extension", "", "ending of the text's name")
	flags.StringVar(&job.input, "input", "", "text to read")
	flags.StringVar(&job.output, "output", "", "directory to write to")
	if err := flags.Parse(args); err != nil {
		return task{}, err
	}
	switch {
	case flags.NArg() > 0:
		return task{}, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	case job.kind == "" || job.input == "" || job.output == "":
		return task{}, errors.New("--kind, --input and --output go together")
	}
	return job, nil
}

func run(job task) error {
	if err := limits.Apply(); err != nil {
		return err
	}
	source, err := os.Open(job.input)
	if err != nil {
		return err
	}
	defer func() { _ = source.Close() }()
	if _, err := confine.Apply(job.output); err != nil {
		return err
	}
	// From here on nothing but the text can be read. One byte more than a fragment is made
	// of tells that there is more.
	content, err := io.ReadAll(io.LimitReader(source, fragment.MaxSource+1))
	if err != nil {
		return err
	}
	var made bytes.Buffer
	cut, err := text.Render(&made, content, fragment.Kind(job.kind), job.extension)
	if err != nil {
		return err
	}
	if err := confine.Write(filepath.Join(job.output, fragment.Name), made.Bytes()); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(fragment.Report{Cut: cut})
}
