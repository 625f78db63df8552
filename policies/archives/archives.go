// Package archives is the policy of what a zip container may hold: archives,
// Office documents and OpenDocument files alike.
//
// It exists because a virus scanner says "clean" without having looked at what
// it cannot open, and because two readers of one zip can see different files.
// Whatever this package cannot see completely and in one way only is a Finding,
// never a pass.
//
// Inspect reads only the directory, the headers and the few members that say
// what a document is, so it may run over a remote object. Walk reads every byte.
package archives

import (
	"fmt"

	"satchel/internal/spool"
)

// Kind is what a container claims to be.
type Kind string

// The closed list of kinds.
const (
	Zip          Kind = "zip"
	WordDocument Kind = "docx"
	Spreadsheet  Kind = "xlsx"
	Presentation Kind = "pptx"
	ODFText      Kind = "odt"
	ODFSheet     Kind = "ods"
	ODFSlides    Kind = "odp"
)

var kinds = map[string]Kind{
	"application/zip": Zip,
	"application/vnd.openxmlformats-officedocument.wordprocessingml.document":   WordDocument,
	"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet":         Spreadsheet,
	"application/vnd.openxmlformats-officedocument.presentationml.presentation": Presentation,
	"application/vnd.oasis.opendocument.text":                                   ODFText,
	"application/vnd.oasis.opendocument.spreadsheet":                            ODFSheet,
	"application/vnd.oasis.opendocument.presentation":                           ODFSlides,
}

// KindOf maps a media type of the type policy to the kind of its container. It
// is false for what is no zip container.
func KindOf(mediaType string) (Kind, bool) {
	kind, ok := kinds[mediaType]
	return kind, ok
}

// Limits bound what a container may hold and what looking at it may cost. They
// hold for everything inside together, however deeply it is nested.
type Limits struct {
	// Entries is the largest number of members.
	Entries int
	// Total is the largest number of bytes that all members unpack to. Nested
	// containers count themselves and what they hold.
	Total int64
	// Ratio is how many times its packed size a member, or everything together,
	// may unpack to, once it is beyond RatioFloor. Small things may shrink well.
	Ratio      int64
	RatioFloor int64
	// Depth is how many containers may be inside each other; 1 is a container
	// without any inside.
	Depth int
	// SpoolMemory is the largest nested container that is unpacked in memory.
	// Larger ones go to a file of TempFile.
	SpoolMemory int64
	// TempFile makes a nameless file, in the system's folder for temporary files
	// by default.
	TempFile func() (*spool.File, error)
}

// DefaultLimits are the platform's.
func DefaultLimits() Limits {
	return Limits{
		Entries:     10_000,
		Total:       2000 << 20,
		Ratio:       200,
		RatioFloor:  4 << 20,
		Depth:       4,
		SpoolMemory: 1 << 20,
		TempFile:    systemFile,
	}
}

func systemFile() (*spool.File, error) {
	f, err := spool.Nameless("")
	if err != nil {
		return nil, err
	}
	return spool.NewFile(f), nil
}

// check refuses limits that someone forgot to fill in: a zero would otherwise
// refuse every file with a misleading reason.
func (l Limits) check() error {
	if l.Entries <= 0 || l.Total <= 0 || l.Ratio <= 0 || l.RatioFloor < 0 || l.Depth <= 0 || l.SpoolMemory < 0 || l.TempFile == nil {
		return fmt.Errorf("archive limits %+v are incomplete, start from DefaultLimits", l)
	}
	return nil
}

// Report is what a container without findings declares.
type Report struct {
	// Entries counts the members, folders included.
	Entries int
	// Packed and Unpacked are the sums of the declared sizes.
	Packed, Unpacked int64
	// Nested counts members that are archives by their name.
	Nested int
	// Zip64 says that the container uses the format's large form.
	Zip64 bool
}
