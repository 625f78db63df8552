// Package analytics is what reports are: their kinds, the days that they are about, and
// the tables of which they are made. The figures are read by analytics/reports, the files
// written by analytics/render, and small groups hidden by analytics/suppress.
package analytics

import (
	"slices"
	"time"

	"satchel/internal/fault"
)

// Kind is what a report is about.
type Kind string

// The kinds.
const (
	Storage    Kind = "storage"
	Activity   Kind = "activity"
	Types      Kind = "types"
	HandIns    Kind = "hand_ins"
	Refusals   Kind = "refusals"
	Jobs       Kind = "jobs"
	Generation Kind = "generation"
	Class      Kind = "class" // of one class, for its teachers
)

// Kinds lists every kind.
var Kinds = []Kind{Storage, Activity, Types, HandIns, Refusals, Jobs, Generation, Class}

// Title is what people call a report of the kind.
func (k Kind) Title(language string) string { return Say(language, "kind."+string(k)) }

// Format is a form of a file.
type Format string

// The formats.
const (
	JSON Format = "json"
	CSV  Format = "csv"
	XLSX Format = "xlsx"
	PDF  Format = "pdf"
)

// Formats lists every format.
var Formats = []Format{JSON, CSV, XLSX, PDF}

// Place is where the file of a report goes.
type Place string

// The places.
const (
	Personal Place = "personal" // of who asked
	Staff    Place = "staff"    // the staff room of the organization
)

// What is refused before a report is made.
var (
	errKind   = fault.New(fault.Invalid, "invalid_kind", "kind is one of storage, activity, types, hand_ins, refusals, jobs, generation and class.")
	errFormat = fault.New(fault.Invalid, "invalid_format", "format is one of json, csv, xlsx and pdf.")
	errPlace  = fault.New(fault.Invalid, "invalid_place", "place is personal or staff. The report of a class goes to your own files alone.")
	errPeriod = fault.New(fault.Invalid, "invalid_period", "from and to are days such as 2026-11-01, with to not before from, not in the future, and at most 400 days in all.")
)

// Definition is what a report is made of.
type Definition struct {
	Kind   Kind
	Format Format
	Place  Place
}

// Check refuses what is no report.
func (d Definition) Check() error {
	switch {
	case !slices.Contains(Kinds, d.Kind):
		return errKind
	case !slices.Contains(Formats, d.Format):
		return errFormat
	case d.Place != Personal && d.Place != Staff, d.Kind == Class && d.Place != Personal:
		return errPlace
	}
	return nil
}

// Period is days in a time zone, the last one included.
type Period struct{ From, To time.Time } // midnights of UTC: dates

const mostDays = 400

// Check refuses days that no report is about. today is that of the organization.
func (p Period) Check(today time.Time) error {
	if p.To.Before(p.From) || p.To.After(today) || p.Days() > mostDays {
		return errPeriod
	}
	return nil
}

// Days counts them.
func (p Period) Days() int { return int(p.To.Sub(p.From).Hours()/24) + 1 }

// Bounds are the moments at which the period begins and is over, in the time zone.
func (p Period) Bounds(zone *time.Location) (since, until time.Time) {
	at := func(day time.Time) time.Time { return time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, zone) }
	return at(p.From), at(p.To.AddDate(0, 0, 1))
}

// Date is the day of a moment in a time zone.
func Date(moment time.Time, zone *time.Location) time.Time {
	y, m, d := moment.In(zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// Zone is the time zone of that name; UTC where it is not known.
func Zone(name string) *time.Location {
	if zone, err := time.LoadLocation(name); err == nil && name != "Local" {
		return zone
	}
	return time.UTC
}

// Unit says what the numbers of a column count.
type Unit string

// The units.
const (
	Count        Unit = "count"
	Bytes        Unit = "bytes"
	Milliseconds Unit = "milliseconds"
	Micro        Unit = "micro" // millionths of the unit of money
)

// Column is one column of numbers.
type Column struct {
	Name  string `json:"name"`
	Title string `json:"title"`
	Unit  Unit   `json:"unit"`
}

// Value is one figure. A hidden one is about too few people.
type Value struct {
	N      int64
	Hidden bool
}

// Row is what it is about, and the figures.
type Row struct {
	Labels []string
	Values []Value
}

// Table is one table of a report.
type Table struct {
	Name    string
	Title   string
	Labels  []string // what the labels of the rows are
	Columns []Column
	Rows    []Row
	Total   *Row
	Note    string
	Chart   Chart
	Plotted int // the column that the chart shows
}

// Chart is how a table is drawn.
type Chart string

// The charts.
const (
	NoChart Chart = ""
	Bars    Chart = "bars" // of the largest
	Line    Chart = "line" // in the order of the rows
)

// Document is a report.
type Document struct {
	Kind         Kind
	Language     string // in which its texts are
	Title        string
	Organization string
	Period       Period
	TimeZone     string
	AsOf         time.Time
	Threshold    int // groups of fewer people are hidden
	Notes        []string
	Tables       []Table
}

// Rows counts those of all tables.
func (d *Document) Rows() (n int) {
	for _, t := range d.Tables {
		n += len(t.Rows)
	}
	return n
}
