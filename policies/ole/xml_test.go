package ole

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// What runs is found wherever a piece of the text ends.
func TestPiecesHideNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		bad := rapid.SampledFrom([]string{
			"<ooo:source-code>", "<a:library-linked\n", `w:macrosPresent = "yes"`, `contentType="application/vnd.ms-office.vbaProject"`, `<!ENTITY a "x">`,
			"<" + strings.Repeat("p", 2*nearby) + ":source-code>", `contentType="` + strings.Repeat("a", 2*nearby) + `vbaProject"`,
		}).Draw(rt, "bad")
		before := strings.Repeat("<p>", (piece-rapid.IntRange(0, 3*nearby).Draw(rt, "before"))/3)
		after := strings.Repeat(rapid.SampledFrom([]string{"<p>", "\u212a", "\xff"}).Draw(rt, "filler"), rapid.IntRange(0, nearby).Draw(rt, "after"))
		var finding *Finding
		require.ErrorAs(rt, InspectXML(strings.NewReader(before+bad+after)), &finding)
		good := rapid.SampledFrom([]string{"source-code", "<p>the source-code of a program</p>", `macrosPresent="no"`, `contentType="application/xml"`, "<ooo:source-codex>", "the contentType of a page", "w:macrosPresent=&quot;yes&quot; contentType=&quot;"}).Draw(rt, "good")
		require.NoError(rt, InspectXML(strings.NewReader(before+good+after)))
	})
}

// A reader that fails is no finding.
func TestXMLReaderFails(t *testing.T) {
	t.Parallel()
	down := errors.New("down")
	require.ErrorIs(t, InspectXML(io.MultiReader(strings.NewReader("<a>"), iotest.ErrReader(down))), down)
}
