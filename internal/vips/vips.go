// Package vips makes renditions of images in a child process per image.
//
// libvips and the codecs below it parse hostile bytes in C. So they run in
// cmd/render, without network, secrets or a way to start programs, and this
// package is the side that stays clean: it starts the child, bounds it, reads
// its report and believes nothing in it that it has not checked.
package vips

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"satchel/internal/sandbox"
)

// Config names the render program and how long it may take.
type Config struct {
	Program string        `env:"SATCHEL_RENDER_PROGRAM" envDefault:"render"` // program that opens pictures, without network and secrets
	Timeout time.Duration `env:"SATCHEL_RENDER_TIMEOUT" envDefault:"60s"`    // the longest that one picture may take
}

// Renderer runs the render program. The zero value does not work; use New.
type Renderer struct {
	program  string
	timeout  time.Duration
	cpuLimit time.Duration
}

// New checks that the program can be started, so that a wrong setting stops
// the worker at start and not the first upload of the day.
func New(c Config) (Renderer, error) {
	program, err := sandbox.Find("SATCHEL_RENDER_PROGRAM", c.Program, "render")
	if err != nil {
		return Renderer{}, err
	}
	if c.Timeout <= 0 {
		return Renderer{}, fmt.Errorf("SATCHEL_RENDER_TIMEOUT %s: must be longer than zero, such as 60s", c.Timeout)
	}
	return Renderer{program: program, timeout: c.Timeout, cpuLimit: cpuLimit}, nil
}

// Result is what is known about an image that was rendered.
type Result struct {
	Width       int // as it is seen, after Orientation
	Height      int
	Orientation int
	Format      string
	Pages       int
	Renditions  []Rendition
	Sandbox     []string // for the log: which confinements this machine offers
}

// NotRenderable is a finding about the image: the same bytes will give the
// same answer, so a caller records it and does not try again. Every other
// error of Render is a fault of the machinery and worth another try.
type NotRenderable struct {
	Code    Code
	Message string
}

func (e NotRenderable) Error() string {
	return fmt.Sprintf("image cannot be rendered (%s): %s", e.Code, e.Message)
}

// Render writes the renditions of the image at sourcePath into outDir, which
// must exist and be empty, and returns those it has verified. After an error
// outDir is empty again: there is no half a set of renditions.
func (r Renderer) Render(ctx context.Context, sourcePath, outDir string) (Result, error) {
	if err := mustBeEmpty(outDir); err != nil {
		return Result{}, err
	}
	result, err := r.render(ctx, sourcePath, outDir)
	if err != nil {
		return Result{}, errors.Join(err, empty(outDir))
	}
	return result, nil
}

func (r Renderer) render(ctx context.Context, sourcePath, outDir string) (Result, error) {
	ended, err := r.run(ctx, sourcePath, outDir)
	if err != nil {
		return Result{}, fmt.Errorf("render %s: %w", sourcePath, err)
	}
	report, err := ended.report()
	if err != nil {
		return Result{}, fmt.Errorf("render %s: %w", sourcePath, err)
	}
	result, err := verify(report, outDir)
	if err != nil {
		return Result{}, fmt.Errorf("verify renditions of %s: %w", sourcePath, err)
	}
	return result, nil
}

func mustBeEmpty(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("look into output directory: %w", err)
	}
	if len(entries) > 0 {
		return fmt.Errorf("output directory %s holds %d entries: give each image a new, empty directory", dir, len(entries))
	}
	return nil
}

// empty removes what the child left behind. Everything in the directory is the
// child's, since it was empty before.
func empty(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("look into output directory: %w", err)
	}
	for _, entry := range entries {
		if err := os.RemoveAll(filepath.Join(dir, entry.Name())); err != nil {
			return fmt.Errorf("clear output directory: %w", err)
		}
	}
	return nil
}
