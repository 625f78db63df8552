package reports

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"satchel/analytics"
	"satchel/analytics/reports/reportsdb"
	"satchel/tenancy"
)

// Reader reads the figures of one report.
type Reader struct {
	All    tenancy.Queries // of the organization
	Person tenancy.Queries // as who asked: what a teacher sees of a class
	About
	Now time.Time
	k   int64
	db  *reportsdb.Queries
}

// Read makes the document of a report.
func (r *Reader) Read(ctx context.Context, rep Report) (*analytics.Document, error) {
	r.db, r.k = reportsdb.New(r.All), int64(r.Threshold)
	d := &analytics.Document{Kind: rep.Kind, Title: rep.Kind.Title(), Organization: r.Name, Period: rep.Period, TimeZone: r.Zone.String(), AsOf: r.Now}
	read, known := map[analytics.Kind]func(context.Context, *analytics.Document) error{
		analytics.Storage: r.storage, analytics.Activity: r.activity, analytics.Types: r.types, analytics.HandIns: r.handIns,
		analytics.Refusals: r.refusals, analytics.Jobs: r.jobs, analytics.Generation: r.generation,
	}[rep.Kind]
	if rep.Kind == analytics.Class && rep.Class != nil {
		return d, r.class(ctx, d, *rep.Class)
	}
	if !known {
		return nil, fmt.Errorf("no figures for reports of the kind %q", rep.Kind)
	}
	if err := read(ctx, d); err != nil {
		return nil, fmt.Errorf("read figures of %s: %w", rep.Kind, err)
	}
	return d, nil
}

func shown(numbers ...int64) []analytics.Value {
	values := make([]analytics.Value, len(numbers))
	for i, n := range numbers {
		values[i].N = n
	}
	return values
}

func column(name, title string, unit analytics.Unit) analytics.Column {
	return analytics.Column{Name: name, Title: title, Unit: unit}
}

// counts are columns of counts: names and titles in turn.
func counts(names ...string) (all []analytics.Column) {
	for i := 0; i+1 < len(names); i += 2 {
		all = append(all, column(names[i], names[i+1], analytics.Count))
	}
	return all
}

// total adds up the columns of a table of which nothing is hidden.
func total(t *analytics.Table) {
	sums := make([]int64, len(t.Columns))
	for _, row := range t.Rows {
		for i, v := range row.Values {
			sums[i] += v.N
		}
	}
	t.Total = &analytics.Row{Values: shown(sums...)}
}

func day(t time.Time) string { return t.Format(time.DateOnly) }

func (r *Reader) storage(ctx context.Context, d *analytics.Document) error {
	days, err := r.db.StorageDays(ctx, reportsdb.StorageDaysParams{Since: d.Period.From, Until: d.Period.To})
	if err != nil {
		return err
	}
	t := analytics.Table{Name: "days", Title: "Stored at the end of each day", Labels: []string{"Day"}, Chart: analytics.Line, Note: "These days are those of UTC.",
		Columns: []analytics.Column{column("stored_bytes", "Stored", analytics.Bytes), column("uploads", "Uploads", analytics.Count), column("bytes_in", "Received", analytics.Bytes),
			column("downloads", "Downloads", analytics.Count), column("bytes_out", "Sent", analytics.Bytes)}}
	for _, x := range days {
		t.Rows = append(t.Rows, analytics.Row{Labels: []string{day(x.Day)}, Values: shown(x.StoredBytes, x.Uploads, x.BytesIn, x.Downloads, x.BytesOut)})
	}
	kinds, err := r.db.StorageSpaces(ctx)
	if err != nil {
		return err
	}
	spaces := analytics.Table{Name: "spaces", Title: "Where files are now", Labels: []string{"Kind of space"}, Chart: analytics.Bars, Plotted: 2, Note: "The newest published version of each file counts; the trash does not.",
		Columns: []analytics.Column{column("spaces", "Spaces", analytics.Count), column("files", "Files", analytics.Count), column("bytes", "Size", analytics.Bytes)}}
	for _, x := range kinds {
		spaces.Rows = append(spaces.Rows, analytics.Row{Labels: []string{x.Kind}, Values: shown(x.Spaces, x.Files, x.Bytes)})
	}
	total(&spaces)
	d.Tables = []analytics.Table{t, spaces}
	return nil
}

func (r *Reader) types(ctx context.Context, d *analytics.Document) error {
	rows, err := r.db.TypeSums(ctx, reportsdb.TypeSumsParams{Since: d.Period.From, Until: d.Period.To})
	if err != nil {
		return err
	}
	t := analytics.Table{Name: "types", Title: "Published versions by kind of file", Labels: []string{"Media type"}, Chart: analytics.Bars,
		Columns: []analytics.Column{column("versions", "Versions", analytics.Count), column("bytes", "Size", analytics.Bytes)}}
	for _, x := range rows {
		t.Rows = append(t.Rows, analytics.Row{Labels: []string{x.Part}, Values: shown(x.N, x.Bytes)})
	}
	total(&t)
	d.Tables = []analytics.Table{t}
	return nil
}

func (r *Reader) refusals(ctx context.Context, d *analytics.Document) error {
	days, err := r.db.OutcomeDays(ctx, reportsdb.OutcomeDaysParams{Since: d.Period.From, Until: d.Period.To})
	if err != nil {
		return err
	}
	t := analytics.Table{Name: "days", Title: "What became of versions", Labels: []string{"Day"}, Chart: analytics.Line,
		Columns: counts("published", "Found clean and published", "rejected", "Rejected", "quarantined", "Quarantined", "held", "Held")}
	for _, x := range days {
		t.Rows = append(t.Rows, analytics.Row{Labels: []string{day(x.Day)}, Values: shown(x.Published, x.Rejected, x.Quarantined, x.Held)})
	}
	total(&t)
	reasons, err := r.db.RefusalSums(ctx, reportsdb.RefusalSumsParams{Since: d.Period.From, Until: d.Period.To})
	if err != nil {
		return err
	}
	why := analytics.Table{Name: "reasons", Title: "Why versions were not published", Labels: []string{"Reason", "Outcome"}, Chart: analytics.Bars, Columns: counts("versions", "Versions")}
	for _, x := range reasons {
		why.Rows = append(why.Rows, analytics.Row{Labels: []string{x.Part, x.Verb}, Values: shown(x.N)})
	}
	total(&why)
	d.Tables = []analytics.Table{t, why}
	return nil
}

func (r *Reader) jobs(ctx context.Context, d *analytics.Document) error {
	since, until := d.Period.Bounds(r.Zone)
	rows, err := r.db.JobSums(ctx, reportsdb.JobSumsParams{Since: since, Until: until})
	if err != nil {
		return err
	}
	t := analytics.Table{Name: "kinds", Title: "Jobs by kind", Labels: []string{"Kind"}, Chart: analytics.Bars, Note: "Half of the jobs waited, and ran, at most as long as the median; 95 of 100 as long as p95.",
		Columns: append(counts("jobs", "Jobs", "succeeded", "Succeeded", "failed", "Failed", "cancelled", "Cancelled"),
			column("wait_p50", "Wait, median", analytics.Milliseconds), column("wait_p95", "Wait, p95", analytics.Milliseconds),
			column("run_p50", "Run, median", analytics.Milliseconds), column("run_p95", "Run, p95", analytics.Milliseconds), column("cost_micro", "Cost", analytics.Micro))}
	for _, x := range rows {
		t.Rows = append(t.Rows, analytics.Row{Labels: []string{x.Kind}, Values: shown(x.N, x.Succeeded, x.Failed, x.Cancelled, x.WaitP50, x.WaitP95, x.RunP50, x.RunP95, x.CostMicro)})
	}
	d.Tables = []analytics.Table{t}
	return nil
}

// class is what the staff of a class sees of it by name, counted: nothing of it is hidden
// from them, and it goes to their own files alone.
func (r *Reader) class(ctx context.Context, d *analytics.Document, id uuid.UUID) error {
	since, until := d.Period.Bounds(r.Zone)
	own := reportsdb.New(r.Person)
	staff, err := own.ClassStaff(ctx, id)
	switch {
	case err != nil:
		return fmt.Errorf("look for class: %w", err)
	case !staff:
		return ErrClass
	}
	title, err := r.db.ClassTitle(ctx, id)
	if err != nil {
		return orNotFound(err, ErrClass, "read class")
	}
	rows, err := own.ClassHandIns(ctx, reportsdb.ClassHandInsParams{ClassID: id, Since: since, Until: until})
	if err != nil {
		return fmt.Errorf("read hand-ins of class: %w", err)
	}
	d.Title += ": " + title
	d.Notes = []string{"This report is for the teachers of the class, who see each hand-in. Small groups are not hidden in it: do not hand it on."}
	t := analytics.Table{Name: "hand_ins", Title: "Hand-ins", Labels: []string{"Hand-in", "Due"}, Chart: analytics.Bars, Plotted: 3, Note: "The chart shows what is missing.",
		Columns: counts("students", "Students", "on_time", "On time", "late", "Late", "missing", "Missing", "returned", "Returned")}
	for _, x := range rows {
		t.Rows = append(t.Rows, analytics.Row{Labels: []string{x.Name, r.due(x.DueAt)}, Values: shown(x.Students, x.OnTime, x.Late, x.Students-x.OnTime-x.Late, x.Returned)})
	}
	d.Tables = []analytics.Table{t}
	return nil
}

func (r *Reader) due(at *time.Time) string {
	if at == nil {
		return ""
	}
	return at.In(r.Zone).Format("2006-01-02 15:04")
}
