package satchel_test

import (
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// figure is one that was measured, and how docs/performance.md says it.
type figure struct {
	value float64
	said  string
}

// What was measured. A figure that changes there has to change here, and the page with it.
var (
	fileCPU    = figure{0.215, "215 ms of processor time a file"}            // s: a file of 10 MB, all programs, from its first byte to its publication
	requestCPU = figure{0.0015, "1.46 ms by key, 1.51 ms by token"}          // s: one GET, taken as if all of its time were processor time
	bytesRate  = figure{1 << 30 / 0.93, "p50 0.93 s, minio-go's GET 0.39 s"} // bytes/s and core of the content host
)

// school is what one pupil does. It is assumed, and the page says so.
var school = struct {
	files, requests, downloads, mean, kept, peak float64
}{
	files:     0.5,       // files that they, or their teachers for them, send on a school day
	requests:  60,        // requests of the API on such a day
	downloads: 5,         // files and previews read
	mean:      2 << 20,   // bytes of a file
	kept:      190 * 0.5, // files that are kept of a year
	peak:      0.2,       // part of a day's work that comes in its fullest hour
}

// needs is what so many pupils need.
type needs struct {
	filesPerSecond, requestsPerSecond, bytesPerSecond float64
	pipelineCores, apiCores, contentCores             float64
	storedTiB                                         float64
}

// headroom is how full cores may be in the fullest hour.
const headroom = 0.5

func of(pupils float64) needs {
	perSecond := func(perDay float64) float64 { return pupils * perDay * school.peak / 3600 }
	n := needs{filesPerSecond: perSecond(school.files), requestsPerSecond: perSecond(school.requests), bytesPerSecond: perSecond(school.downloads) * school.mean}
	n.pipelineCores = n.filesPerSecond * fileCPU.value / headroom
	n.apiCores = n.requestsPerSecond * requestCPU.value / headroom
	n.contentCores = n.bytesPerSecond / bytesRate.value / headroom
	n.storedTiB = pupils * school.kept * school.mean / (1 << 40)
	return n
}

func scaleTable() string {
	var b strings.Builder
	b.WriteString("| pupils | files/s | requests/s | Gbit/s out | cores: pipeline | API | content | together | TiB a year |\n|---|---|---|---|---|---|---|---|---|\n")
	for _, pupils := range []float64{10_000, 1_000_000, 50_000_000} {
		n := of(pupils)
		up := func(x float64) float64 { return math.Ceil(x) }
		cells := []string{thousands(pupils), about(n.filesPerSecond), about(n.requestsPerSecond), about(n.bytesPerSecond * 8 / 1e9)}
		for _, cores := range []float64{up(n.pipelineCores), up(n.apiCores), up(n.contentCores), up(n.pipelineCores) + up(n.apiCores) + up(n.contentCores)} {
			cells = append(cells, thousands(cores))
		}
		fmt.Fprintf(&b, "| %s |\n", strings.Join(append(cells, about(n.storedTiB)), " | "))
	}
	return b.String()
}

// about gives two digits that count.
func about(x float64) string {
	if x < 10 {
		return fmt.Sprintf("%.2g", x)
	}
	unit := math.Pow(10, math.Max(0, math.Floor(math.Log10(x))-1))
	return thousands(math.Round(x/unit) * unit)
}

func thousands(x float64) string {
	text := fmt.Sprintf("%.0f", x)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// TestScalePage: the table of docs/scale.md follows from the figures that docs/performance.md has.
func TestScalePage(t *testing.T) {
	t.Parallel()
	measured, err := os.ReadFile("docs/performance.md")
	require.NoError(t, err)
	for _, f := range []figure{fileCPU, requestCPU, bytesRate} {
		require.Contains(t, string(measured), f.said, "docs/performance.md does not say %q any more: put its figure into scale_test.go, then go test . -run TestScalePage -update", f.said)
	}
	page, err := os.ReadFile("docs/scale.md")
	require.NoError(t, err)
	before, rest, ok := strings.Cut(string(page), "<!-- table -->\n\n")
	require.True(t, ok)
	_, after, ok := strings.Cut(rest, "\n<!-- end -->")
	require.True(t, ok)
	wanted := before + "<!-- table -->\n\n" + scaleTable() + "\n<!-- end -->" + after
	if *update {
		require.NoError(t, os.WriteFile("docs/scale.md", []byte(wanted), 0o600))
		return
	}
	require.Equal(t, wanted, string(page), "docs/scale.md is out of date: go test . -run TestScalePage -update")
}
