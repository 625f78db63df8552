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
	d := &analytics.Document{Kind: rep.Kind, Language: r.Language, Title: rep.Kind.Title(r.Language), Organization: r.Name, Period: rep.Period, TimeZone: r.Zone.String(), AsOf: r.Now}
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

// say is a text in the language of the report.
func (r *Reader) say(key string, args ...any) string { return analytics.Say(r.Language, key, args...) }

// table is one without rows. Its title, and what its labels are, are texts of the catalog.
func (r *Reader) table(kind analytics.Kind, name string, chart analytics.Chart, labels ...string) analytics.Table {
	t := analytics.Table{Name: name, Title: r.say("table." + string(kind) + "." + name), Chart: chart}
	for _, l := range labels {
		t.Labels = append(t.Labels, r.say("label."+l))
	}
	return t
}

func (r *Reader) column(name string, unit analytics.Unit) analytics.Column {
	return analytics.Column{Name: name, Title: r.say("column." + name), Unit: unit}
}

// counts are columns of counts.
func (r *Reader) counts(names ...string) (all []analytics.Column) {
	for _, name := range names {
		all = append(all, r.column(name, analytics.Count))
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
	t := r.table(analytics.Storage, "days", analytics.Line, "day")
	t.Note = r.say("note.utc")
	t.Columns = []analytics.Column{r.column("stored_bytes", analytics.Bytes), r.column("uploads", analytics.Count), r.column("bytes_in", analytics.Bytes),
		r.column("downloads", analytics.Count), r.column("bytes_out", analytics.Bytes)}
	for _, x := range days {
		t.Rows = append(t.Rows, analytics.Row{Labels: []string{day(x.Day)}, Values: shown(x.StoredBytes, x.Uploads, x.BytesIn, x.Downloads, x.BytesOut)})
	}
	kinds, err := r.db.StorageSpaces(ctx)
	if err != nil {
		return err
	}
	spaces := r.table(analytics.Storage, "spaces", analytics.Bars, "space_kind")
	spaces.Note, spaces.Plotted = r.say("note.newest"), 2
	spaces.Columns = append(r.counts("spaces", "files"), r.column("bytes", analytics.Bytes))
	for _, x := range kinds {
		spaces.Rows = append(spaces.Rows, analytics.Row{Labels: []string{analytics.Called(r.Language, "space", x.Kind)}, Values: shown(x.Spaces, x.Files, x.Bytes)})
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
	t := r.table(analytics.Types, "types", analytics.Bars, "media_type")
	t.Columns = append(r.counts("versions"), r.column("bytes", analytics.Bytes))
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
	t := r.table(analytics.Refusals, "days", analytics.Line, "day")
	t.Columns = r.counts("published", "rejected", "quarantined", "held")
	t.Columns[0].Title = r.say("column.found_clean")
	for _, x := range days {
		t.Rows = append(t.Rows, analytics.Row{Labels: []string{day(x.Day)}, Values: shown(x.Published, x.Rejected, x.Quarantined, x.Held)})
	}
	total(&t)
	reasons, err := r.db.RefusalSums(ctx, reportsdb.RefusalSumsParams{Since: d.Period.From, Until: d.Period.To})
	if err != nil {
		return err
	}
	why := r.table(analytics.Refusals, "reasons", analytics.Bars, "reason", "outcome")
	why.Columns = r.counts("versions")
	for _, x := range reasons {
		why.Rows = append(why.Rows, analytics.Row{Labels: []string{x.Part, analytics.Called(r.Language, "outcome", x.Verb)}, Values: shown(x.N)})
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
	t := r.table(analytics.Jobs, "kinds", analytics.Bars, "kind")
	t.Note = r.say("note.jobs")
	t.Columns = append(r.counts("jobs", "succeeded", "failed", "cancelled"), r.column("wait_p50", analytics.Milliseconds), r.column("wait_p95", analytics.Milliseconds),
		r.column("run_p50", analytics.Milliseconds), r.column("run_p95", analytics.Milliseconds), r.column("cost_micro", analytics.Micro))
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
	d.Notes = []string{r.say("note.class")}
	t := r.table(analytics.Class, "hand_ins", analytics.Bars, "hand_in", "due")
	t.Note, t.Plotted = r.say("note.missing_plotted"), 3
	t.Columns = r.counts("students", "on_time", "late", "missing", "returned")
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
