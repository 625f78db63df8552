package prometheus

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
)

// types are the options of client_golang by what they make.
var types = map[string]dto.MetricType{
	"CounterOpts": dto.MetricType_COUNTER, "GaugeOpts": dto.MetricType_GAUGE, "HistogramOpts": dto.MetricType_HISTOGRAM, "SummaryOpts": dto.MetricType_SUMMARY,
}

// through are the metrics of Temporal's handler, which the exporter gives their suffix.
var through = map[string]struct {
	suffix string
	kind   dto.MetricType
}{"Counter": {"_total", dto.MetricType_COUNTER}, "Gauge": {"", dto.MetricType_GAUGE}, "Timer": {"_seconds", dto.MetricType_HISTOGRAM}}

// exported reads every metric of the programs out of their source: a scrape has only those
// that something was counted in.
var exported = sync.OnceValues(func() (map[string]*dto.MetricFamily, error) {
	found := map[string]*dto.MetricFamily{}
	add := func(name, help string, kind dto.MetricType) {
		found[name] = &dto.MetricFamily{Name: proto.String(name), Help: proto.String(help), Type: kind.Enum(), Metric: []*dto.Metric{{}}}
	}
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && (e.Name() == "node_modules" || e.Name() == "web" || strings.HasPrefix(e.Name(), ".") && path != root):
			return filepath.SkipDir
		case filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil || !strings.Contains(string(text), "prometheus.") && !strings.Contains(string(text), "GetMetricsHandler(") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, text, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CompositeLit:
				if of, is := n.Type.(*ast.SelectorExpr); is && isPrometheus(of) {
					name, help := field(n, "Name"), field(n, "Help")
					add(name, help, types[of.Sel.Name])
					if name == "" {
						add(path+": a name that is no literal", help, types[of.Sel.Name])
					}
				}
			case *ast.CallExpr:
				f, is := n.Fun.(*ast.SelectorExpr)
				if !is || len(n.Args) == 0 {
					return true
				}
				name := text0(n.Args[0])
				if kind, is := through[f.Sel.Name]; is && strings.HasPrefix(name, "satchel_") {
					add(name+kind.suffix, "Has that of Temporal's handler.", kind.kind)
				}
				if f.Sel.Name == "NewDesc" {
					add(name, text0(n.Args[1]), dto.MetricType_GAUGE)
				}
			}
			return true
		})
		return nil
	})
	return found, err
})

// isPrometheus says whether a type is one of the options that make a metric.
func isPrometheus(of *ast.SelectorExpr) bool {
	_, makes := types[of.Sel.Name]
	from, is := of.X.(*ast.Ident)
	return makes && is && from.Name == "prometheus"
}

// field gives the text of a field of a composite literal.
func field(of *ast.CompositeLit, name string) string {
	for _, e := range of.Elts {
		if pair, is := e.(*ast.KeyValueExpr); is {
			if key, is := pair.Key.(*ast.Ident); is && key.Name == name {
				return text0(pair.Value)
			}
		}
	}
	return ""
}

// text0 gives a string literal, or the first one of a sum.
func text0(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		if s, err := strconv.Unquote(e.Value); err == nil && e.Kind == token.STRING {
			return s
		}
	case *ast.BinaryExpr:
		return text0(e.X)
	}
	return ""
}

// TestMetricsAreNamedRight: what `promtool check metrics` says of names, types and help, of
// every metric that a program can export. What is scraped is checked by e2e TestMetrics.
func TestMetricsAreNamedRight(t *testing.T) {
	t.Parallel()
	found, err := exported()
	require.NoError(t, err)
	require.Greater(t, len(found), 50)
	var families []*dto.MetricFamily
	for name, f := range found {
		require.Regexp(t, `^satchel_[a-z_]+$`, name)
		families = append(families, f)
	}
	problems, err := promlint.NewWithMetricFamilies(families).Lint()
	require.NoError(t, err)
	require.Empty(t, problems)
}

var (
	metric = regexp.MustCompile(`\b(satchel|temporal|node|probe|pg|varnish|up|persistence|service|process|go)(_[a-z][a-z0-9_]*)?\b`)
	parts  = regexp.MustCompile(`_(bucket|count|sum)$`)

	recording = regexp.MustCompile(`\bsatchel:[a-z0-9_:]+`)
	labels    = regexp.MustCompile(`"[^"]*"|\b(by|on|ignoring|without) ?\([^)]*\)`)
)

// names are the metrics of a query, but for those that rules.yaml records.
func names(query string) []string {
	return metric.FindAllString(recording.ReplaceAllString(labels.ReplaceAllString(query, ""), ""), -1)
}

// others are the metrics of other exporters that rules, boards and docs name, from others.txt.
func others(t *testing.T) map[string]bool {
	t.Helper()
	text, err := os.ReadFile("others.txt")
	require.NoError(t, err)
	known := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		if name, _, _ := strings.Cut(strings.TrimSpace(line), " "); name != "" && name != "#" {
			known[name] = true
		}
	}
	return known
}

// requireMetric demands that a program exports a metric of this name.
func requireMetric(t *testing.T, name, where string) {
	t.Helper()
	ours, err := exported()
	require.NoError(t, err)
	_, is := ours[parts.ReplaceAllString(name, "")]
	_, whole := ours[name]
	known := others(t)
	require.True(t, is || whole || known[name] || known[parts.ReplaceAllString(name, "")],
		"%s asks for %s, which no program exports: correct it, or name its exporter in others.txt", where, name)
}

// TestMetricsExist: a rule that names a metric which no program has never fires.
func TestMetricsExist(t *testing.T) {
	t.Parallel()
	for _, r := range rules(t) {
		for _, name := range names(r.Expr) {
			requireMetric(t, name, r.Alert+r.Record)
		}
	}
}

// roles are words of the documentation that look like a metric and are a role or a schema.
var roles = map[string]bool{"satchel_app": true, "satchel_backup": true, "satchel_monitor": true, "satchel_owner": true, "satchel_system": true, "satchel_views": true}

// TestDocsNameMetrics: a page that names a metric which is not there sends people looking.
func TestDocsNameMetrics(t *testing.T) {
	t.Parallel()
	code := regexp.MustCompile("`[^`]+`")
	ours := regexp.MustCompile(`\b(satchel|temporal)_[a-z][a-z0-9_]*[a-z0-9]\b(\*)?`)
	named := 0
	require.NoError(t, filepath.WalkDir(filepath.Join(root, "docs"), func(path string, e fs.DirEntry, err error) error {
		if err == nil && e.Name() == "decisions" { // they say what was true on their day
			return filepath.SkipDir
		}
		if err != nil || filepath.Ext(path) != ".md" || e.Name() == "settings.md" {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, span := range code.FindAllString(string(text), -1) {
			for _, name := range ours.FindAllString(span, -1) {
				if !roles[name] {
					named++
					requireMetric(t, name, path)
				}
			}
		}
		return nil
	}))
	require.Greater(t, named, 30)
}
