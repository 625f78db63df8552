package reports

import (
	"context"

	"satchel/analytics"
	"satchel/analytics/reports/reportsdb"
	"satchel/analytics/suppress"
)

// What is about people: small groups are hidden here.

// roles in the order in which they are shown.
var roles = []string{"owner", "admin", "teacher", "student", "parent"}

// verbs are what people do, in the order of the columns.
var verbs = []string{"upload", "download", "change", "share", "hand_in", "return", "generate"}

func (r *Reader) verbColumns() []analytics.Column {
	return r.counts("people", "uploads", "downloads", "changes", "shares", "hand_ins", "returns", "generations")
}

// group is one row of cells.
type group struct {
	labels []string
	cells  []suppress.Cell
}

// hide makes a table of groups, of which the small ones are hidden. The first column has no
// total where it counts people of whom one may be in several groups.
func (r *Reader) hide(t *analytics.Table, groups []group, apart bool) {
	cells := make([][]suppress.Cell, len(groups))
	for i, g := range groups {
		cells[i] = g.cells
	}
	hidden := suppress.Groups(cells, r.k)
	for i, g := range groups {
		row := analytics.Row{Labels: g.labels}
		for _, c := range g.cells {
			row.Values = append(row.Values, value(c.N, hidden[i]))
		}
		t.Rows = append(t.Rows, row)
	}
	sums, may := suppress.Total(cells, r.k)
	if len(groups) == 0 {
		return
	}
	t.Total = &analytics.Row{}
	for i, s := range sums {
		t.Total.Values = append(t.Total.Values, value(s.N, !may || i == 0 && !apart))
	}
}

func value(n int64, hidden bool) analytics.Value {
	if hidden {
		n = 0 // it is in no format
	}
	return analytics.Value{N: n, Hidden: hidden}
}

func (r *Reader) activity(ctx context.Context, d *analytics.Document) error {
	since, until := d.Period.Bounds(r.Zone)
	byRole, err := r.db.ActivityRoles(ctx, reportsdb.ActivityRolesParams{Since: since, Until: until})
	if err != nil {
		return err
	}
	byDay, err := r.db.ActivityDays(ctx, reportsdb.ActivityDaysParams{Since: d.Period.From, Until: d.Period.To})
	if err != nil {
		return err
	}
	of := map[[2]string]suppress.Cell{}
	for _, x := range byRole {
		of[[2]string{x.Role, x.Verb}] = suppress.Cell{N: x.N, People: x.People}
	}
	d.Threshold = int(r.k)
	d.Notes = append(d.Notes, r.say("note.keys"))
	byRoles := r.table(analytics.Activity, "roles", analytics.Bars, "role")
	byRoles.Columns = r.verbColumns()
	groups := make([]group, 0, len(roles))
	for _, role := range roles {
		all := of[[2]string{role, ""}]
		g := group{labels: []string{r.say("role." + role)}, cells: []suppress.Cell{{N: all.People, People: all.People}}}
		for _, verb := range verbs {
			g.cells = append(g.cells, of[[2]string{role, verb}])
		}
		groups = append(groups, g)
	}
	r.hide(&byRoles, groups, true)
	days := r.table(analytics.Activity, "days", analytics.Line, "day")
	days.Columns, days.Note = r.verbColumns(), r.say("note.people_days")
	groups = nil
	for _, x := range byDay {
		if n := len(groups); n == 0 || groups[n-1].labels[0] != day(x.Day) {
			groups = append(groups, group{labels: []string{day(x.Day)}, cells: make([]suppress.Cell, 1+len(verbs))})
		}
		cells := groups[len(groups)-1].cells
		if x.Verb == "any" {
			cells[0] = suppress.Cell{N: x.People, People: x.People}
			continue
		}
		for i, verb := range verbs {
			if x.Verb == verb {
				cells[i+1] = suppress.Cell{N: x.N, People: x.People}
			}
		}
	}
	r.hide(&days, groups, false)
	d.Tables = []analytics.Table{byRoles, days}
	return nil
}

// handIns has the parts of each hand-in, and how many students there are.
func (r *Reader) handIns(ctx context.Context, d *analytics.Document) error {
	since, until := d.Period.Bounds(r.Zone)
	rows, err := r.db.HandInSums(ctx, reportsdb.HandInSumsParams{Since: since, Until: until})
	if err != nil {
		return err
	}
	d.Threshold = int(r.k)
	t := r.table(analytics.HandIns, "hand_ins", analytics.NoChart, "class", "hand_in", "due")
	t.Note, t.Columns, t.Rows = r.say("note.students_now"), r.counts("students", "on_time", "late", "missing"), make([]analytics.Row, len(rows))
	cells := make([][]suppress.Cell, len(rows))
	for i, x := range rows {
		cells[i] = make([]suppress.Cell, 3) //nolint:mnd // on time, late, missing
		for c, n := range []int64{x.OnTime, x.Late, max(x.Students-x.OnTime-x.Late, 0)} {
			cells[i][c] = suppress.Cell{N: n, People: n}
		}
	}
	parts, sizes := suppress.Parts(cells, r.k)
	var students int64
	for i, x := range rows {
		students += x.Students
		t.Rows[i] = analytics.Row{Labels: []string{x.Class, x.Name, r.due(x.DueAt)}, Values: []analytics.Value{value(x.Students, sizes[i]),
			value(cells[i][0].N, parts[i]), value(cells[i][1].N, parts[i]), value(cells[i][2].N, parts[i])}}
	}
	if len(rows) > 0 {
		sums, may := suppress.Total(cells, r.k)
		t.Total = &analytics.Row{Values: []analytics.Value{value(students, students > 0 && students < r.k), value(sums[0].N, !may), value(sums[1].N, !may), value(sums[2].N, !may)}}
	}
	d.Tables = []analytics.Table{t}
	return nil
}

// generation has what was asked for and what it cost. What few people asked for is hidden.
func (r *Reader) generation(ctx context.Context, d *analytics.Document) error {
	since, until := d.Period.Bounds(r.Zone)
	kinds, err := r.db.GenerationKinds(ctx, reportsdb.GenerationKindsParams{Since: since, Until: until})
	if err != nil {
		return err
	}
	days, err := r.db.GenerationDays(ctx, reportsdb.GenerationDaysParams{Since: d.Period.From, Until: d.Period.To})
	if err != nil {
		return err
	}
	d.Threshold = int(r.k)
	cost := r.table(analytics.Generation, "days", analytics.Line, "day")
	cost.Note, cost.Plotted = r.say("note.utc"), 3
	cost.Columns = append(r.counts("calls", "input_tokens", "output_tokens"), r.column("cost_micro", analytics.Micro))
	for _, x := range days {
		cost.Rows = append(cost.Rows, analytics.Row{Labels: []string{day(x.StartsOn)}, Values: shown(x.Calls, x.InputTokens, x.OutputTokens, x.SpentMicro)})
	}
	total(&cost)
	asked := r.table(analytics.Generation, "kinds", analytics.Bars, "kind")
	asked.Columns = r.counts("asked", "published", "rejected", "failed")
	groups := make([]group, 0, len(kinds))
	for _, x := range kinds {
		groups = append(groups, group{[]string{analytics.Called(r.Language, "document", x.Kind)}, []suppress.Cell{{N: x.N, People: x.People}, {N: x.Published, People: x.PublishedPeople},
			{N: x.Rejected, People: x.RejectedPeople}, {N: x.Failed, People: x.FailedPeople}}})
	}
	r.hide(&asked, groups, true)
	d.Tables = []analytics.Table{cost, asked}
	return nil
}
