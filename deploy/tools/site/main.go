// Command site makes the static site of the documentation: the README, every page of docs, and a
// reference page of the API's contract. A link that leads nowhere is an error, and so is a page that
// no one finds from the navigation.
//
//	go run -C deploy/tools/site . -source https://code.example/satchel/blob/main ROOT OUT
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	source := flag.String("source", "", "address of the repository's files, for links to code; empty: code is named and not linked")
	flag.Parse()
	if flag.NArg() != 2 {
		fmt.Fprintln(os.Stderr, "usage: site [-source URL] ROOT OUT")
		os.Exit(2)
	}
	pages, err := build(flag.Arg(0), flag.Arg(1), *source)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Printf("%d pages in %s\n", pages, filepath.Join(flag.Arg(1), "index.html"))
}
