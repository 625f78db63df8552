package pipelinetest

import (
	"context"
	"time"

	"satchel/activities/preview"
	"satchel/policies/previews"
)

// Tools are fakes that make one picture of every kind of file, by the renderer.
func Tools(r Renderer) preview.Tools {
	f := fakeTools{r}
	return preview.Tools{Pictures: r, Pages: f, Office: f, Player: f, Drawer: f, Texts: f}
}

// fakeTools hand the file on.
type fakeTools struct{ render Renderer }

func (f fakeTools) Count(context.Context, string, string) (int, error) { return 1, nil }

func (f fakeTools) Show(ctx context.Context, path, dir string, _, _ int) ([]preview.Picture, error) {
	p, err := f.render(ctx, path, dir)
	return p.Renditions, err
}

func (f fakeTools) PDF(_ context.Context, path, _ string) (string, error) { return path, nil }

func (f fakeTools) Probe(context.Context, string, string) (preview.Recording, error) {
	return preview.Recording{Duration: time.Second, Sound: true}, nil
}

func (f fakeTools) Poster(_ context.Context, path, _ string, _ preview.Recording) (string, error) {
	return path, nil
}

func (f fakeTools) Waveform(_ context.Context, path, _ string) (string, error) { return path, nil }

func (f fakeTools) Picture(_ context.Context, path, _ string) (string, error) { return path, nil }

func (f fakeTools) Fragment(ctx context.Context, path, dir string, _ previews.Method, _ string) (preview.Picture, error) {
	p, err := f.render(ctx, path, dir)
	if err != nil {
		return preview.Picture{}, err
	}
	return p.Renditions[0], nil
}
