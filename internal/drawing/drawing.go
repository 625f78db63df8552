// Package drawing turns SVG drawings into pictures, by librsvg in the sandbox. A drawing
// can name other files and addresses; the sandbox gives it neither.
package drawing

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"satchel/internal/sandbox"
)

// Config names the program.
type Config struct {
	Program string `env:"SATCHEL_SVG_PROGRAM" envDefault:"rsvg-convert"` // program that draws SVG; without it drawings have no previews
}

// Drawer runs it.
type Drawer struct {
	runner sandbox.Runner
	config Config
	limits sandbox.Limits
}

// New makes a drawer.
func New(r sandbox.Runner, c Config) Drawer { return Drawer{r, c, limits} }

// side is the longest side of the picture in pixels.
const side = 1600

var limits = sandbox.Limits{Wall: 30 * time.Second, CPU: 10 * time.Second, Memory: 512 << 20, File: 32 << 20, Folder: 64 << 20}

// Picture draws the SVG at path and gives the path of a PNG in work. What is in it is not
// verified: the caller's image renderer decodes it.
func (d Drawer) Picture(ctx context.Context, path, work string) (string, error) {
	made := filepath.Join(work, "drawing.png")
	longest := strconv.Itoa(side)
	result, err := d.runner.Run(ctx, sandbox.Call{Program: d.config.Program, Input: path, Work: work, Limits: d.limits,
		Args: []string{"--width", longest, "--height", longest, "--keep-aspect-ratio", "--format", "png", "--output", made, path}})
	if err != nil {
		return "", err
	}
	if info, err := os.Lstat(made); result.Exit != 0 || err != nil || !info.Mode().IsRegular() || info.Size() == 0 {
		return "", sandbox.Finding{Code: sandbox.Unreadable, Message: fmt.Sprintf("exit code %d: %s", result.Exit, result.Stderr)}
	}
	return made, nil
}
