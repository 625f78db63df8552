// Command render makes the renditions of one image, and exits. It is the only program of
// the platform with C code in it, and decodes what strangers upload, so it holds no secret
// and confines itself first.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"

	"satchel/cmd/render/picture"
	"satchel/internal/confine"
	"satchel/internal/vips"
	"satchel/policies/transforms"
)

const usage = `render makes the renditions of one image.

  render --input FILE --output DIR

FILE   a JPEG, PNG, WebP, GIF, AVIF, HEIC, TIFF, BMP, ICO, JPEG 2000 or JPEG XL image; its
       name does not matter
DIR    an existing, empty directory; gets fit320, fit800 and fit1600 as .webp and .jpg,
       each fitted into a square of that many pixels, never enlarged, without metadata

It prints one line of JSON: the picture's width, height, orientation, format and pages with
the list of renditions, or {"error": {"code", "message"}}.

Exit codes: 0 done, 3 this image cannot be rendered (trying again gives the same),
64 wrong flags, anything else is a fault worth another try.

  render --transform KEY --input FILE --output DIR

makes one picture of the image: KEY is that of policies/transforms, such as
640x0-inside-none-q75-p0.webp. The picture is in DIR as picture.webp, .jpeg or .png.

  render --check --output DIR

tries what the sandbox must refuse on this machine, prints each attempt, and exits with 0
when all were refused.
`

// maxSource bounds the file held in memory. It leaves room in the address
// space for the picture decoded from it.
const maxSource = 256 << 20

// heapLimit makes the collector work before the address space runs out.
const heapLimit = 512 << 20

type task struct {
	input, output string
	check         bool
	transform     string // key of a picture that was asked for
}

func main() {
	debug.SetMemoryLimit(heapLimit)
	job, err := parse(os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		fmt.Print(usage)
		return
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "render: %v\nrender --help explains the flags\n", err)
		os.Exit(vips.ExitUsage)
	}
	if job.check {
		os.Exit(check(job.output))
	}
	os.Exit(exit(run(job)))
}

func parse(args []string) (task, error) {
	var job task
	flags := flag.NewFlagSet("render", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&job.input, "input", "", "image to read")
	flags.StringVar(&job.output, "output", "", "directory to write to")
	flags.StringVar(&job.transform, "transform", "", "key of one picture")
	flags.BoolVar(&job.check, "check", false, "try the sandbox")
	if err := flags.Parse(args); err != nil {
		return task{}, err
	}
	switch {
	case flags.NArg() > 0:
		return task{}, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	case job.output == "":
		return task{}, errors.New("--output is missing")
	case job.input == "" && !job.check:
		return task{}, errors.New("--input is missing")
	}
	return job, nil
}

func run(job task) (any, error) {
	content, sandbox, err := confined(job)
	if err != nil {
		return nil, err
	}
	report, made, err := job.make(content)
	if err != nil {
		return nil, err
	}
	report.Sandbox = sandbox
	for _, m := range made {
		if err := confine.Write(filepath.Join(job.output, m.File), m.Content); err != nil {
			return nil, err
		}
		report.Renditions = append(report.Renditions, m.Rendition)
	}
	return report, nil
}

func (job task) make(content []byte) (vips.Report, []picture.Rendition, error) {
	if job.transform == "" {
		return picture.Render(content)
	}
	spec, ok := transforms.Parse(job.transform)
	if !ok || spec.Format == "" {
		return vips.Report{}, nil, fmt.Errorf("%q is not the key of a picture", job.transform)
	}
	return picture.Transform(content, spec)
}

// confined opens the input while files can still be opened, and reads its first
// byte when nothing else can be reached any more.
func confined(job task) (content []byte, sandbox []string, err error) {
	source, err := os.Open(job.input)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = source.Close() }()
	if sandbox, err = confine.Apply(job.output); err != nil {
		return nil, nil, err
	}
	content, err = read(source)
	return content, sandbox, err
}

func read(source *os.File) ([]byte, error) {
	info, err := source.Stat()
	if err != nil {
		return nil, err
	}
	switch {
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is not a regular file", source.Name())
	case info.Size() > maxSource:
		return nil, vips.NotRenderable{Code: vips.TooManyBytes, Message: fmt.Sprintf("%d bytes; at most %d are rendered", info.Size(), int64(maxSource))}
	}
	content := make([]byte, info.Size())
	if _, err := io.ReadFull(source, content); err != nil {
		return nil, fmt.Errorf("read %s: %w", source.Name(), err)
	}
	return content, nil
}

// exit prints the outcome and says with which code to leave.
func exit(report any, err error) int {
	var finding vips.NotRenderable
	code := 0
	switch {
	case errors.As(err, &finding):
		report = vips.Report{Error: &vips.Failure{Code: finding.Code, Message: finding.Message}}
		code = vips.ExitNotRenderable
	case err != nil:
		fmt.Fprintf(os.Stderr, "render: %v\n", err)
		return vips.ExitFault
	}
	if err := json.NewEncoder(os.Stdout).Encode(report); err != nil {
		fmt.Fprintf(os.Stderr, "render: print report: %v\n", err)
		return vips.ExitFault
	}
	return code
}

func check(output string) int {
	inForce, err := confine.Apply(output)
	if err != nil {
		fmt.Fprintf(os.Stderr, "render: %v\n", err)
		return vips.ExitFault
	}
	attempts := confine.Check(output, inForce)
	code := 0
	for _, attempt := range attempts {
		if !attempt.Refused {
			code = vips.ExitFault
		}
	}
	result := map[string]any{"sandbox": inForce, "attempts": attempts}
	if err := json.NewEncoder(os.Stdout).Encode(result); err != nil {
		fmt.Fprintf(os.Stderr, "render: print attempts: %v\n", err)
		return vips.ExitFault
	}
	return code
}
