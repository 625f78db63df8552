package extract

import (
	"context"
	"fmt"

	"satchel/policies/previews"
)

// The states of a text, as file_texts has them.
const (
	Ready        = "ready"
	None         = "none"               // of this kind, or in this file, there is none
	Unavailable  = "unavailable"        // this file cannot be read
	NotAvailable = "not_available_here" // this server has no program for the kind
)

// Finding is about the file or this machine, and no fault: another try would give the
// same. Every other error of a tool is worth another try.
type Finding struct {
	State  string // None, Unavailable or NotAvailable
	Reason string // a code
	Detail string // for the log
}

func (f *Finding) Error() string { return fmt.Sprintf("%s (%s): %s", f.State, f.Reason, f.Detail) }

// Tools read files whose formats are not read here. Each reads one file and writes into a
// folder; paths that it returns lie in it.
type Tools struct {
	Documents Documents
	Office    Converter
	Pictures  Shrinker
	Scans     Recognizer

	// Available says whether the programs are here by which kinds of a method are read;
	// those of pictures recognize letters. nil: no one knows.
	Available func(previews.Method) bool
}

// Documents reads PDF.
type Documents interface {
	// Text is the text of at most that many first pages.
	Text(ctx context.Context, path, dir string, pages int, most int64) (string, error)
	// Pictures are the first pages as pictures.
	Pictures(ctx context.Context, path, dir string, pages int) ([]string, error)
}

// Converter turns a document into a PDF.
type Converter interface {
	PDF(ctx context.Context, path, dir string) (string, error)
}

// Shrinker makes a JPEG of any picture that is large enough to be read and no larger.
type Shrinker interface {
	Shrink(ctx context.Context, path, dir string) (string, error)
}

// Recognizer reads what is printed on a picture.
type Recognizer interface {
	Read(ctx context.Context, path, dir string) (string, error)
}
