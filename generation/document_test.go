package generation

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"satchel/internal/fault"
)

const text = "Water boils. Größe 3 m. Ice is cold."

func quiz() *Document {
	return &Document{
		Schema: Quiz.Schema(), Title: "Water", Language: "en", Source: SourceOf(text), Asked: 2,
		Questions: []Question{
			{ID: "q1", Type: Choice, Stem: "Water ____.", Options: []string{"boils", "burns"}, Key: 0, Points: 1, Anchor: &Anchor{0, 12}},
			{ID: "q2", Type: Cloze, Stem: "Ice is ____.", Accepted: []string{"cold"}, Points: 1},
			{ID: "q3", Type: Open, Stem: "Why?", Points: 2},
		},
	}
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	data, err := Marshal(quiz())
	require.NoError(t, err)
	d, err := Unmarshal(data, text)
	require.NoError(t, err)
	require.Equal(t, quiz(), d)
}

// What is wrong is refused with a sentence.
func TestWhatIsRefused(t *testing.T) {
	t.Parallel()
	for what, change := range map[string]func(*Document){
		"unknown schema":          func(d *Document) { d.Schema = "satchel-quiz/2" },
		"no title":                func(d *Document) { d.Title = "" },
		"title of two lines":      func(d *Document) { d.Title = "a\nb" },
		"turned writing":          func(d *Document) { d.Title = "a\u202eb" },
		"language":                func(d *Document) { d.Language = "xx" },
		"level":                   func(d *Document) { d.Level = "expert" },
		"another source":          func(d *Document) { d.Source.Bytes++ },
		"no questions":            func(d *Document) { d.Questions = nil },
		"a part of another kind":  func(d *Document) { d.Criteria = []Criterion{{}} },
		"an id twice":             func(d *Document) { d.Questions[1].ID = "q1" },
		"an id with a quote":      func(d *Document) { d.Questions[1].ID = `"` },
		"one option":              func(d *Document) { d.Questions[0].Options = []string{"boils"} },
		"the same options":        func(d *Document) { d.Questions[0].Options = []string{"boils", "Boils "} },
		"a key outside":           func(d *Document) { d.Questions[0].Key = 2 },
		"a negative key":          func(d *Document) { d.Questions[0].Key = -1 },
		"no gap":                  func(d *Document) { d.Questions[1].Stem = "Ice" },
		"two gaps":                func(d *Document) { d.Questions[1].Stem = "____ ____" },
		"a gap without an answer": func(d *Document) { d.Questions[1].Accepted = nil },
		"another type":            func(d *Document) { d.Questions[1].Type = "essay" },
		"options of an open one":  func(d *Document) { d.Questions[2].Options = []string{"a", "b"} },
		"an anchor outside":       func(d *Document) { d.Questions[0].Anchor = &Anchor{0, 99} },
		"an empty anchor":         func(d *Document) { d.Questions[0].Anchor = &Anchor{5, 5} },
		"half a character":        func(d *Document) { d.Questions[0].Anchor = &Anchor{0, strings.Index(text, "ö") + 1} },
		"anchor without a source": func(d *Document) { d.Source = nil },
		"many points":             func(d *Document) { d.Questions[0].Points = 101 },
		"many questions":          func(d *Document) { d.Questions = make([]Question, MaxItems+1) },
	} {
		d := quiz()
		change(d)
		err := Validate(d, text)
		require.Equal(t, "invalid_document", fault.Of(err).Code, what)
		require.Equal(t, fault.Invalid, fault.KindOf(err), what)
	}
	for _, bad := range []string{"", "{", "[]", `{"schema":"satchel-quiz/1","html":"<b>"}`, `{} {}`, strings.Repeat(" ", MaxBytes+1)} {
		_, err := Unmarshal([]byte(bad), "")
		require.Equal(t, "invalid_document", fault.Of(err).Code)
	}
}

func TestSentences(t *testing.T) {
	t.Parallel()
	for language, tc := range map[string]map[string][]string{
		"en": {
			"Dr. Smith came. He left.":                          {"Dr. Smith came.", "He left."},
			"It cost 3.5 dollars. Really?  Yes!":                {"It cost 3.5 dollars.", "Really?", "Yes!"},
			"A heading\n\nA text\nof two lines. \"Said.\" Then": {"A heading", "A text of two lines.", "\"Said.\"", "Then"},
			"J. K. Miller wrote e.g. plays. end":                {"J. K. Miller wrote e.g. plays. end"},
			"":                                                  nil, " \n\n ": nil,
		},
		"de": {
			"Am 3. Oktober war es kalt. Es gab z.B. Schnee.": {"Am 3. Oktober war es kalt.", "Es gab z.B. Schnee."},
			"Er sagte: „Geh!“ Dann ging er.":                 {"Er sagte: „Geh!“", "Dann ging er."},
		},
	} {
		for in, want := range tc {
			var got []string
			for _, s := range Sentences(in, language) {
				got = append(got, s.Text)
				require.Equal(t, s.Text, OneLine(in[s.Anchor.Start:s.Anchor.End]))
			}
			require.Equal(t, want, got, in)
		}
	}
}

// Sentences are in order, do not overlap, and leave out only spaces.
func TestSentencesCoverTheText(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		in := rapid.StringOf(rapid.SampledFrom([]rune("Aab.?! \n\t\"“ß3,\u00a0\u202e"))).Draw(rt, "text")
		at := 0
		for _, s := range Sentences(in, rapid.SampledFrom(Languages).Draw(rt, "language")) {
			require.GreaterOrEqual(rt, s.Anchor.Start, at)
			require.Empty(rt, OneLine(in[at:s.Anchor.Start]))
			require.Equal(rt, s.Text, OneLine(in[s.Anchor.Start:s.Anchor.End]))
			at = s.Anchor.End
		}
		require.Empty(rt, OneLine(in[at:]))
	})
}

// FuzzUnmarshal reads what anybody may send as an edited draft.
func FuzzUnmarshal(f *testing.F) {
	data, err := Marshal(quiz())
	require.NoError(f, err)
	f.Add(data)
	f.Add([]byte(`{"schema":"satchel-rubric/1","title":"a","language":"de","criteria":[{"name":"a","levels":[]}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := Unmarshal(data, text)
		if err != nil {
			require.Equal(t, fault.Invalid, fault.KindOf(err))
			return
		}
		out, err := Marshal(d)
		require.NoError(t, err)
		again, err := Unmarshal(out, text)
		require.NoError(t, err)
		second, err := Marshal(again)
		require.NoError(t, err)
		require.Equal(t, string(out), string(second))
	})
}
