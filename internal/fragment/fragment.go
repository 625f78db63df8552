// Package fragment shows texts, source code, Markdown and tables as pieces of HTML.
//
// Lexers and parsers run in cmd/fragment, one file each, where a pattern that takes for
// ever ends with its process. What comes back is cleaned here: only elements and classes
// that show text are left, and no address, style or script.
package fragment

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/microcosm-cc/bluemonday"

	"satchel/internal/sandbox"
)

// Kind says how a text is read.
type Kind string

// The closed list of kinds.
const (
	Code     Kind = "code" // source code by the ending of its name, and plain text
	Markdown Kind = "markdown"
	Table    Kind = "table" // separated by commas, semicolons, tabs or bars
)

// The bounds of a fragment. What is longer is cut, and says so.
const (
	MaxSource  = 128 << 10 // bytes of the text that are read
	MaxLines   = 2000
	MaxRows    = 100
	MaxColumns = 40
	MaxCell    = 200 // characters
	maxResult  = 4 << 20
)

// Name is the name of the file that cmd/fragment writes, and of the rendition.
const Name = "text.html"

// MediaType is what the fragment is served as.
const MediaType = "text/html; charset=utf-8"

// Report is the line of JSON that cmd/fragment prints.
type Report struct {
	Cut bool `json:"cut"` // the text goes on behind what is shown
}

// Config names the program.
type Config struct {
	Program string `env:"SATCHEL_FRAGMENT_PROGRAM" envDefault:"fragment"` // program that shows texts as HTML, without network and secrets
}

// Maker runs cmd/fragment. The zero value does not work; use New.
type Maker struct{ program string }

// New checks that the program is there, so that a wrong setting stops the worker at
// start and not the first upload of the day.
func New(c Config) (Maker, error) {
	program, err := sandbox.Find("SATCHEL_FRAGMENT_PROGRAM", c.Program, "fragment")
	return Maker{program}, err
}

var limits = sandbox.Limits{Wall: 20 * time.Second, CPU: 20 * time.Second, Folder: 64 << 20}

// Make writes the fragment of the text at path into the empty folder work, and gives its
// path and size. extension is the ending of the file's name, with its dot.
func (m Maker) Make(ctx context.Context, path, work string, kind Kind, extension string) (made string, size int64, err error) {
	result, err := sandbox.Start(ctx, sandbox.Child{Program: m.program, Work: work, Limits: limits,
		Args: []string{"--kind", string(kind), "--extension", extension, "--input", path, "--output", work}})
	if err != nil {
		return "", 0, err
	}
	var report Report
	if err := json.Unmarshal([]byte(result.Stdout), &report); result.Exit != 0 || err != nil {
		return "", 0, failed(result)
	}
	clean, err := read(work)
	if err != nil {
		return "", 0, err
	}
	made = filepath.Join(work, "clean.html")
	if err := os.WriteFile(made, clean, 0o600); err != nil {
		return "", 0, fmt.Errorf("write fragment: %w", err)
	}
	return made, int64(len(clean)), nil
}

// goCrash is the exit code of the Go runtime when it dies, of memory too.
const goCrash = 2

func failed(r sandbox.Result) error {
	if r.Exit == goCrash {
		return sandbox.Finding{Code: sandbox.TooExpensive, Message: r.Stderr}
	}
	return fmt.Errorf("fragment program failed with exit code %d: %s", r.Exit, r.Stderr)
}

// read cleans what the child wrote.
func read(work string) ([]byte, error) {
	root, err := os.OpenRoot(work)
	if err != nil {
		return nil, fmt.Errorf("open the program's folder: %w", err)
	}
	defer func() { _ = root.Close() }()
	info, err := root.Lstat(Name)
	if err != nil {
		return nil, fmt.Errorf("find fragment: %w", err)
	}
	if !info.Mode().IsRegular() || info.Size() > maxResult {
		return nil, sandbox.Finding{Code: sandbox.TooExpensive, Message: fmt.Sprintf("a fragment of %d bytes", info.Size())}
	}
	f, err := root.Open(Name)
	if err != nil {
		return nil, fmt.Errorf("open fragment: %w", err)
	}
	defer func() { _ = f.Close() }()
	content, err := io.ReadAll(io.LimitReader(f, maxResult))
	if err != nil {
		return nil, fmt.Errorf("read fragment: %w", err)
	}
	return policy.SanitizeBytes(content), nil
}

// policy is what a fragment may hold. Links and pictures are not in it: a preview asks no
// other server for anything.
var policy = shows()

func shows() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("div", "pre", "code", "span", "p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "ul", "ol", "li",
		"em", "strong", "del", "table", "thead", "tbody", "tr", "th", "td", "caption", "dl", "dt", "dd", "sup", "sub")
	p.AllowAttrs("class").Matching(regexp.MustCompile(`^[a-z0-9 -]{1,60}$`)).OnElements("div", "pre", "code", "span", "table", "p")
	p.AllowAttrs("align").Matching(regexp.MustCompile(`^(left|center|right)$`)).OnElements("th", "td")
	return p
}
