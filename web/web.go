// Package web holds the built console: `npm run build` writes dist, and git keeps
// only its .gitkeep, so that a fresh checkout compiles without Node.
package web

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// Files is the built console. It has no index.html when the program was compiled
// before the console was built.
func Files() fs.FS {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // the name is a constant of this file
	}
	return files
}
