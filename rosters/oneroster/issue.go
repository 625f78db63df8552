package oneroster

import (
	"cmp"
	"fmt"
	"slices"
)

// Code is the stable name of what is wrong with a package, a file or a row.
type Code string

// What stops the reading of a package. Nothing of a stopped package is used.
const (
	NotZip           Code = "not_zip"
	TooLarge         Code = "too_large"
	TooManyEntries   Code = "too_many_entries"
	TooDense         Code = "too_dense"
	PathInPackage    Code = "path_in_package"
	FileTwice        Code = "file_twice"
	Unreadable       Code = "unreadable"
	ManifestMissing  Code = "manifest_missing"
	ManifestInvalid  Code = "manifest_invalid"
	VersionUnknown   Code = "version_unknown"
	DeclaredMissing  Code = "declared_missing"
	DeclaredAbsent   Code = "declared_absent"
	RolesMissing     Code = "roles_missing"
	HeaderMissing    Code = "header_missing"
	ColumnMissing    Code = "column_missing"
	ColumnTwice      Code = "column_twice"
	NotUTF8          Code = "not_utf8"
	SemicolonDivides Code = "semicolon_delimiter"
	RecordTooLong    Code = "record_too_long"
	TooManyRefused   Code = "too_many_refused"
	TooManyRows      Code = "too_many_rows"
)

// What refuses a row. The row is left as the platform has it, and does not count
// as omitted.
const (
	Quotes         Code = "quotes"
	ColumnCount    Code = "column_count"
	ValueMissing   Code = "value_missing"
	ValueInvalid   Code = "value_invalid"
	Duplicate      Code = "duplicate"
	UnknownClass   Code = "unknown_class"
	UnknownUser    Code = "unknown_user"
	UnknownSchool  Code = "unknown_school"
	SourcedIDReuse Code = "sourced_id_reused"
)

// What is put right and noted.
const (
	ByteOrderMark     Code = "byte_order_mark"
	Folder            Code = "folder"
	OtherSystemFile   Code = "other_system_file"
	FileNameCase      Code = "file_name_case"
	FileUndeclared    Code = "file_undeclared"
	ColumnOrder       Code = "column_order"
	ColumnCase        Code = "column_case"
	ColumnUnknown     Code = "column_unknown"
	ValueCase         Code = "value_case"
	DateWithTime      Code = "date_with_time"
	StatusInBulk      Code = "status_in_bulk"
	StatusMissing     Code = "status_missing"
	IdentifierUnusual Code = "identifier_unusual"
	ValueShortened    Code = "value_shortened"
	ControlCharacter  Code = "control_character"
	RowEmpty          Code = "row_empty"
	NoRows            Code = "no_rows"
	RoleIgnored       Code = "role_ignored"
	VersionClose      Code = "version_close"
	UnknownTerm       Code = "unknown_term"
	UserWithoutRole   Code = "user_without_role"
)

// Stop ends the reading of a package. Its text says what was found, what was
// expected and what to do; it holds no value of a row, because rows are about
// persons.
type Stop struct {
	Code   Code
	File   string
	Row    int // the line in the file, from 1 on; 0: the file as a whole
	Column string
	Text   string
}

// Error gives the text with its place.
func (s *Stop) Error() string {
	return place(s.File, s.Row, s.Column) + s.Text
}

func stop(code Code, file string, row int, column, text string, args ...any) *Stop {
	return &Stop{Code: code, File: file, Row: row, Column: column, Text: fmt.Sprintf(text, args...)}
}

func place(file string, row int, column string) string {
	switch {
	case file == "":
		return ""
	case row == 0:
		return file + ": "
	case column == "":
		return fmt.Sprintf("%s, row %d: ", file, row)
	}
	return fmt.Sprintf("%s, row %d, %s: ", file, row, column)
}

// Issue is one place that was refused or put right. It never has the value.
type Issue struct {
	Code   Code   `json:"code"`
	File   string `json:"file"`
	Row    int    `json:"row,omitempty"`
	Column string `json:"column,omitempty"`
	Count  int    `json:"count"` // of this code in this file and column; the place is the first one's
}

// Bounds of a report: a package with a million bad rows gets a report that a
// person can read.
const (
	placesEach = 20
	mostIssues = 500
)

// Report collects issues. Of each code, file and column it keeps the first
// twenty places and the number of all.
type Report struct {
	groups map[groupKey]*issueGroup
	order  []groupKey
	lost   int
}

type groupKey struct {
	code         Code
	file, column string
}

type issueGroup struct {
	rows  []int
	count int
}

// Add notes one issue.
func (r *Report) Add(code Code, file string, row int, column string) {
	r.AddMany(code, file, row, column, 1)
}

// AddMany notes n issues of which the first is in the row.
func (r *Report) AddMany(code Code, file string, row int, column string, n int) {
	if n == 0 {
		return
	}
	if r.groups == nil {
		r.groups = map[groupKey]*issueGroup{}
	}
	key := groupKey{code, file, column}
	g := r.groups[key]
	if g == nil {
		if len(r.groups) >= mostIssues {
			r.lost += n
			return
		}
		g = &issueGroup{}
		r.groups[key] = g
		r.order = append(r.order, key)
	}
	g.count += n
	if len(g.rows) < placesEach {
		g.rows = append(g.rows, row)
	}
}

// Count says how often a code was noted.
func (r *Report) Count(code Code) (n int) {
	for key, g := range r.groups {
		if key.code == code {
			n += g.count
		}
	}
	return n
}

// Issues lists the places, the first file and row first. Each carries the number
// of all of its code, file and column.
func (r *Report) Issues() []Issue {
	issues := []Issue{}
	for _, key := range r.order {
		g := r.groups[key]
		for _, row := range g.rows {
			issues = append(issues, Issue{Code: key.code, File: key.file, Row: row, Column: key.column, Count: g.count})
		}
	}
	slices.SortStableFunc(issues, func(a, b Issue) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Row, b.Row))
	})
	return issues[:min(len(issues), mostIssues)]
}

// Omitted counts the issues that are beyond what a report holds.
func (r *Report) Omitted() int { return r.lost }
