package workflows

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"go/scanner"
	"go/token"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"satchel/activities/operation"
	"satchel/internal/queue"
)

//go:embed */*.go
var processes embed.FS

// Build names the code of the workflows in this program: programs of which it is the same go on
// with each other's workflows, whatever else differs between their releases. It is a hash over
// the tokens of all sources that run inside workflows, so a comment or the form of a line
// changes nothing.
var Build = sync.OnceValue(func() string {
	build, err := BuildOf(Sources())
	if err != nil {
		panic(fmt.Sprintf("the sources of workflows in this program cannot be read: %v", err)) // they are what it was compiled from
	}
	return build
})

// buildLength is how many hexadecimal digits name a build.
const buildLength = 12

// Sources are the folders whose code runs inside workflows, by their names.
func Sources() map[string]fs.FS {
	return map[string]fs.FS{"workflows": processes, "internal/queue": queue.WorkflowCode, "activities/operation": operation.WorkflowCode}
}

// BuildOf names the code in folders. Tests are left out.
func BuildOf(folders map[string]fs.FS) (string, error) {
	hash := sha256.New()
	names := make([]string, 0, len(folders))
	for name := range folders {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		// In the order of their names, as WalkDir has them.
		err := fs.WalkDir(folders[name], ".", func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			source, err := fs.ReadFile(folders[name], path)
			if err != nil {
				return err
			}
			note := func(t string) { _, _ = hash.Write([]byte(t + "\x00")) } // a hash takes everything
			note(name + "/" + path)
			return tokens(source, note)
		})
		if err != nil {
			return "", fmt.Errorf("%s: %w", name, err)
		}
	}
	return hex.EncodeToString(hash.Sum(nil))[:buildLength], nil
}

// tokens gives the tokens of a source in their order.
func tokens(source []byte, each func(string)) error {
	var errs scanner.ErrorList
	files := token.NewFileSet()
	var s scanner.Scanner
	s.Init(files.AddFile("", files.Base(), len(source)), source, func(at token.Position, said string) { errs.Add(at, said) }, 0)
	for {
		_, kind, literal := s.Scan()
		switch {
		case kind == token.EOF:
			return errs.Err()
		case kind == token.SEMICOLON: // also the end of a line, which has another literal
			each(kind.String())
		case literal != "":
			each(literal)
		default:
			each(kind.String())
		}
	}
}
