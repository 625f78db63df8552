// Command boards writes the boards of deploy/grafana: what they show is here, and how Grafana
// wants to have it said is the foundation SDK's to know.
//
//	go run -C deploy/tools/boards . ../../grafana          writes them
//	go run -C deploy/tools/boards . -check ../../grafana   says whether they are current
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
)

func main() {
	check := flag.Bool("check", false, "compare instead of writing")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: boards [-check] FOLDER")
		os.Exit(2)
	}
	for _, b := range boards {
		if err := b.write(flag.Arg(0), *check); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

// board is one page of Grafana.
type board struct {
	name, title, about string
	rows               []row
}

// row is a heading with panels beneath it.
type row struct {
	title  string
	panels []panel
}

// panel is one picture: lines over time.
type panel struct {
	title, about string
	unit         string // as Grafana names units
	lines        []line
}

// line is a query, and what its lines are called.
type line struct{ query, legend string }

// one gives the lines of one query.
func one(query, legend string) []line { return []line{{query, legend}} }

func (b board) write(folder string, check bool) error {
	text, err := b.text()
	if err != nil {
		return fmt.Errorf("%s: %w", b.name, err)
	}
	path := filepath.Join(folder, b.name+".json")
	if !check {
		return os.WriteFile(path, text, 0o644)
	}
	written, err := os.ReadFile(path)
	if err == nil && !bytes.Equal(written, text) {
		err = fmt.Errorf("%s is not what deploy/tools/boards makes: run `go run -C deploy/tools/boards . ../../grafana`", path)
	}
	return err
}

func (b board) text() ([]byte, error) {
	uid, kind := "${source}", "prometheus"
	source := common.DataSourceRef{Type: &kind, Uid: &uid}
	d := dashboard.NewDashboardBuilder(b.title).Uid("satchel-"+b.name).Description(b.about).Tags([]string{"satchel"}).
		Refresh("1m").Time("now-6h", "now").Timezone(common.TimeZoneBrowser).Tooltip(dashboard.DashboardCursorSyncCrosshair).Readonly().
		WithVariable(dashboard.NewDatasourceVariableBuilder("source").Label("Prometheus").Type(kind))
	for _, r := range b.rows {
		d.WithRow(dashboard.NewRowBuilder(r.title))
		for _, p := range r.panels {
			view := timeseries.NewPanelBuilder().Title(p.title).Description(p.about).Unit(p.unit).Min(0).FillOpacity(8).Datasource(source).Span(12).Height(8)
			for i, l := range p.lines {
				view.WithTarget(prometheus.NewDataqueryBuilder().Expr(l.query).LegendFormat(l.legend).RefId(string(rune('A' + i))).Datasource(source))
			}
			d.WithPanel(view)
		}
	}
	made, err := d.Build()
	if err != nil {
		return nil, err
	}
	text, err := json.MarshalIndent(made, "", "  ")
	return append(text, '\n'), err
}
