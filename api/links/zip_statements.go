package links

import (
	"strings"
	"time"

	"github.com/google/uuid"

	"satchel/api/delivery/zipped"
	"satchel/files"
	"satchel/internal/fault"
)

// ErrZipStatement is why a zip is cut at a record: a statement about it came, or went with its student, since
// the zip was made, and a record is not disclosed without what is said about it (34 CFR 99.21(c)).
var ErrZipStatement = fault.New(fault.Conflict, "record_has_statement", "What the student's side says about this record changed since the zip was made. Ask for a new zip.")

// statementHead is the first line of the file that goes with a record.
const statementHead = "What the student's side says about the record beside this file. Both are disclosed together (34 CFR 99.21(c)).\n"

// StatementText is what a zip carries beside a record; empty: nothing is said about it. The text of the same
// statements is the same: what is sent is compared with what is said then.
func StatementText[S interface{ Said() (time.Time, string) }](said []S) string {
	var b strings.Builder
	for _, s := range said {
		if b.Len() == 0 {
			b.WriteString(statementHead)
		}
		at, text := s.Said()
		b.WriteString("\n" + at.UTC().Format("2006-01-02 15:04 UTC") + "\n" + text + "\n")
	}
	return b.String()
}

// AddFile adds a file to the entries of a zip, named by itself, behind the statements about it, which the entry
// brings: where a download ends early there is no record without them.
func AddFile(entries []files.ZipEntry, names *zipped.Names, folders []string, e files.ZipEntry) []files.ZipEntry {
	said, name := e.Statement, e.Name
	e.Statement, e.Name = "", names.Add(folders, name)
	if said != "" {
		entries = append(entries, files.ZipEntry{
			Number: int32(len(entries)), FileID: e.FileID, VersionID: e.VersionID, Size: int64(len(said)), ModifiedAt: e.ModifiedAt,
			Name: names.Add(folders, name+".statement.txt"), Statement: said,
		})
	}
	e.Number = int32(len(entries))
	return append(entries, e)
}

// Carried are the texts that a zip carries, by the file about which they are.
func Carried(entries []files.ZipEntry) map[uuid.UUID]string {
	carried := map[uuid.UUID]string{}
	for _, e := range entries {
		if e.Statement != "" {
			carried[e.FileID] = e.Statement
		}
	}
	return carried
}
