// Command vulnerabilities compares the output of `govulncheck -format json` with allowed.txt. It fails when the code
// reaches a vulnerability that the list does not name, and when the list names one that the code does not reach.
//
//	govulncheck -format json ./... | vulnerabilities
package main

import (
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
)

//go:embed allowed.txt
var allowList string

func main() {
	if err := run(allowList, os.Stdin, os.Stdout, time.Now()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(list string, in io.Reader, out io.Writer, today time.Time) error {
	allowed, err := readAllowed(strings.NewReader(list), today)
	if err != nil {
		return fmt.Errorf("allowed.txt: %w", err)
	}
	found, goVersion, err := readReachable(in)
	if err != nil {
		return err
	}
	complaints := compare(found, allowed)
	for _, line := range complaints {
		if _, err := fmt.Fprintln(out, line); err != nil {
			return err
		}
	}
	if len(complaints) > 0 {
		return errors.New("update the module or the toolchain that has the vulnerability; deploy/tools/vulnerabilities/allowed.txt is for those that do no harm here")
	}
	_, err = fmt.Fprintf(out, "  known vulnerabilities that the code reaches, built with %s: 0 without an entry, %d with one\n", goVersion, len(found))
	return err
}

// compare returns the lines that explain each difference of the two.
func compare(found []reachable, allowed []allowance) []string {
	var lines []string
	for _, one := range found {
		if !slices.ContainsFunc(allowed, func(a allowance) bool { return a.id == one.id }) {
			lines = append(lines, one.lines()...)
		}
	}
	for _, entry := range allowed {
		if !slices.ContainsFunc(found, func(r reachable) bool { return r.id == entry.id }) {
			lines = append(lines, entry.id+": the allow list names it and the code does not reach it; remove the entry of "+entry.date)
		}
	}
	return lines
}
