package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// message is one message of `govulncheck -format json`, with the parts that are needed here.
type message struct {
	Config  *config  `json:"config"`
	OSV     *entry   `json:"osv"`
	Finding *finding `json:"finding"`
}

type config struct {
	GoVersion string `json:"go_version"`
	ScanLevel string `json:"scan_level"`
}

type entry struct {
	ID      string `json:"id"`
	Summary string `json:"summary"`
}

// finding is one way to a vulnerability. A trace without a function says that the module is required or the package is
// imported, and that the code calls no vulnerable function.
type finding struct {
	ID    string  `json:"osv"`
	Fixed string  `json:"fixed_version"`
	Trace []frame `json:"trace"` // from the vulnerable function to the function of Satchel that reaches it
}

type frame struct {
	Module   string   `json:"module"`
	Version  string   `json:"version"`
	Package  string   `json:"package"`
	Receiver string   `json:"receiver"`
	Function string   `json:"function"`
	Position position `json:"position"`
}

type position struct {
	File string `json:"filename"`
	Line int    `json:"line"`
}

func (f frame) String() string {
	name := f.Function
	if f.Receiver != "" {
		name = strings.TrimPrefix(f.Receiver, "*") + "." + name
	}
	return f.Package + "." + name
}

// reachable is a vulnerability that the code reaches, with one of the ways to it.
type reachable struct {
	id      string
	summary string
	way     finding
}

// lines says what the vulnerability is, where its fix is, and one way to it.
func (r reachable) lines() []string {
	at := r.way.Trace[0]
	from := r.way.Trace[len(r.way.Trace)-1]
	fixed := "no version fixes it"
	if r.way.Fixed != "" {
		fixed = "fixed in " + r.way.Fixed
	}
	return []string{
		fmt.Sprintf("%s: %s", r.id, r.summary),
		fmt.Sprintf("    %s %s, %s", at.Module, at.Version, fixed),
		fmt.Sprintf("    %s:%d: %s reaches %s", from.Position.File, from.Position.Line, from, at),
	}
}

// readReachable reads the output of govulncheck and returns the vulnerabilities that the code reaches, by id, and the
// version of Go that it was checked for.
func readReachable(in io.Reader) ([]reachable, string, error) {
	var checked *config
	summaries := map[string]string{}
	shortest := map[string]finding{}
	for messages := json.NewDecoder(in); ; {
		var next message
		err := messages.Decode(&next)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, "", fmt.Errorf("read the output of govulncheck: %w", err)
		}
		switch {
		case next.Config != nil:
			checked = next.Config
		case next.OSV != nil:
			summaries[next.OSV.ID] = next.OSV.Summary
		case next.Finding != nil && called(*next.Finding):
			known, found := shortest[next.Finding.ID]
			if !found || len(next.Finding.Trace) < len(known.Trace) {
				shortest[next.Finding.ID] = *next.Finding
			}
		}
	}
	if checked == nil || checked.ScanLevel != "symbol" {
		return nil, "", errors.New("the output is not that of a whole run of govulncheck with the scan level symbol")
	}
	list := make([]reachable, 0, len(shortest))
	for id, way := range shortest {
		list = append(list, reachable{id: id, summary: summaries[id], way: way})
	}
	slices.SortFunc(list, func(a, b reachable) int { return strings.Compare(a.id, b.id) })
	return list, checked.GoVersion, nil
}

func called(f finding) bool { return len(f.Trace) > 0 && f.Trace[0].Function != "" }
