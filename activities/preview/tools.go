package preview

import (
	"context"
	"fmt"
	"time"

	"satchel/policies/previews"
	"satchel/policies/transforms"
)

// Finding is about the file or this machine, and no fault: another try would give the
// same. Every other error of a tool is worth another try.
type Finding struct {
	State  string // files.PreviewUnavailable or files.PreviewNotAvailable
	Reason string // a code
	Detail string // for the log
}

func (f *Finding) Error() string { return fmt.Sprintf("%s (%s): %s", f.State, f.Reason, f.Detail) }

// Picture is one rendition in a file. One that is not a picture has no width and height.
type Picture struct {
	Name, Path, MimeType string
	Width, Height        int
	Size                 int64
}

// Pictures are a picture in several sizes.
type Pictures struct {
	Width, Height int // of the picture as it is seen
	Renditions    []Picture
}

// Recording is what is known of sound or film.
type Recording struct {
	Duration      time.Duration // zero when it does not say
	Width, Height int           // of a film
	Sound         bool
}

// Tools are what previews are made with. Each reads one file and writes into a folder;
// paths that it returns lie in it.
type Tools struct {
	// Available says whether the programs of a method are on this machine. Nil: they are.
	Available func(previews.Method) bool

	Pictures Renderer
	Pages    Pager
	Office   Converter
	Player   Player
	Drawer   Drawer
	Texts    Texts
}

// Renderer writes the renditions of the picture at path into an empty folder. It is the
// only tool whose pictures are trusted.
type Renderer interface {
	Render(ctx context.Context, path, dir string) (Pictures, error)
	// Transform writes the one picture that spec says.
	Transform(ctx context.Context, path, dir string, spec transforms.Spec) (Picture, error)
}

// Pager shows pages of a PDF.
type Pager interface {
	Count(ctx context.Context, path, dir string) (int, error)
	Show(ctx context.Context, path, dir string, first, last int) ([]Picture, error)
}

// Converter turns a document into a PDF.
type Converter interface {
	PDF(ctx context.Context, path, dir string) (string, error)
}

// Player shows sound and film as pictures.
type Player interface {
	Probe(ctx context.Context, path, dir string) (Recording, error)
	Poster(ctx context.Context, path, dir string, r Recording) (string, error)
	Waveform(ctx context.Context, path, dir string) (string, error)
}

// Drawer turns a drawing into a picture.
type Drawer interface {
	Picture(ctx context.Context, path, dir string) (string, error)
}

// Texts makes HTML of a text. extension is the ending of its name, with the dot.
type Texts interface {
	Fragment(ctx context.Context, path, dir string, method previews.Method, extension string) (Picture, error)
}
