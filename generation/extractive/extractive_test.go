package extractive

import (
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"satchel/generation"
	"satchel/internal/fault"
)

func source(t require.TestingT, language string) string {
	text, err := os.ReadFile("testdata/" + language + ".txt")
	require.NoError(t, err)
	return string(text)
}

func TestEveryKindInEveryLanguage(t *testing.T) {
	t.Parallel()
	for _, language := range generation.Languages {
		text := source(t, language)
		for _, kind := range generation.Kinds {
			d, err := Make(generation.Request{Kind: kind, Language: language, Level: "lower_secondary", Count: 6, Source: text})
			require.NoError(t, err, "%s in %s", kind, language)
			require.Equal(t, kind, d.Kind())
			require.GreaterOrEqual(t, d.Items(), 3, "%s in %s", kind, language)
			faithful(t, d, text)
		}
	}
}

// faithful checks that what a document says of the source is at its anchor.
func faithful(t require.TestingT, d *generation.Document, text string) {
	at := func(a *generation.Anchor) string {
		require.NotNil(t, a)
		return generation.OneLine(text[a.Start:a.End])
	}
	for _, p := range d.Passage {
		require.Equal(t, at(p.Anchor), p.Text)
	}
	for _, q := range d.Questions {
		sentence := at(q.Anchor)
		answers := q.Accepted
		if q.Type == generation.Choice {
			answers = []string{q.Options[q.Key]}
			for i, o := range q.Options {
				if i != q.Key && strings.Contains(q.Stem, generation.Gap) {
					require.NotContains(t, sentence, o, "a wrong answer is in the sentence")
				}
			}
		}
		if strings.Contains(q.Stem, generation.Gap) {
			require.Equal(t, sentence, strings.Replace(q.Stem, generation.Gap, answers[0], 1))
		} else {
			require.Contains(t, sentence, answers[0])
		}
	}
	for _, term := range d.Terms {
		require.Contains(t, strings.ToLower(at(term.Anchor)), strings.ToLower(term.Term))
		require.Contains(t, at(term.Anchor), term.Definition+term.Example)
	}
}

func TestQuestionsOfAText(t *testing.T) {
	t.Parallel()
	text := source(t, "en")
	d, err := Make(generation.Request{Kind: generation.Quiz, Language: "en", Count: 10, Source: text})
	require.NoError(t, err)
	require.GreaterOrEqual(t, d.Items(), 9)
	types, stems := map[generation.QuestionType]int{}, ""
	for _, q := range d.Questions {
		types[q.Type]++
		stems += q.Stem + "\n"
	}
	require.NotZero(t, types[generation.Choice])
	require.NotZero(t, types[generation.Cloze])
	require.Contains(t, stems, "“an instrument that records the shaking of the ground”")
	require.NotContains(t, stems, "https://")
	require.NotContains(t, stems, "it is called lava", "a sentence that begins with When is understood with the one before it only")

	fewer, err := Make(generation.Request{Kind: generation.Quiz, Language: "en", Count: 50, Source: text})
	require.NoError(t, err)
	require.Equal(t, 50, fewer.Asked)
	require.Less(t, fewer.Items(), 20, "a question has a sentence of its own")
}

func TestSourcesThatGiveNothing(t *testing.T) {
	t.Parallel()
	for what, tc := range map[string]struct {
		r    generation.Request
		code string
	}{
		"nothing":          {generation.Request{}, "empty_source"},
		"spaces":           {generation.Request{Source: " \n\t"}, "empty_source"},
		"a topic":          {generation.Request{Topic: "Volcanoes"}, "needs_source"},
		"numbers":          {generation.Request{Source: "1 2 3\n4 5 6"}, "poor_source"},
		"headings":         {generation.Request{Source: "Volcanoes\n\nIslands\n"}, "poor_source"},
		"another language": {generation.Request{Source: source(t, "de")}, "unsupported_language"},
		"too long":         {generation.Request{Source: strings.Repeat("a", generation.MaxSource+1)}, "source_too_long"},
		"no such language": {generation.Request{Source: "text", Language: "tlh"}, "unsupported_language"},
	} {
		tc.r.Kind, tc.r.Count = generation.Quiz, 5
		if tc.r.Language == "" {
			tc.r.Language = "en"
		}
		_, err := Make(tc.r)
		require.Equal(t, tc.code, fault.Of(err).Code, what)
	}
}

// 300 pages are read in bearable time, and give as many items as were asked for.
func TestALongSource(t *testing.T) {
	t.Parallel()
	text := strings.Repeat(source(t, "en")+"\n\n", generation.MaxSource/len(source(t, "en"))-1)
	d, err := Make(generation.Request{Kind: generation.Worksheet, Language: "en", Count: 10, Source: text})
	require.NoError(t, err)
	require.Equal(t, 10, d.Items())
}

// The same request gives the same bytes, and every anchor is at what it says, for any
// text that is made of the sentences and of junk.
func TestSameInputSameOutput(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		language := rapid.SampledFrom(generation.Languages).Draw(rt, "language")
		var b strings.Builder
		for _, s := range generation.Sentences(source(rt, language), language) {
			if rapid.IntRange(0, 3).Draw(rt, "keep") > 0 {
				b.WriteString(s.Text)
			}
			b.WriteString(rapid.SampledFrom([]string{" ", "\n", "\n\n", "  \u00a0", "\r\n\r\n", " \x00 ", " Ω. ", "\xff"}).Draw(rt, "between"))
		}
		r := generation.Request{
			Kind: rapid.SampledFrom(generation.Kinds).Draw(rt, "kind"), Language: language, Source: b.String(),
			Level: rapid.SampledFrom(generation.Levels).Draw(rt, "level"), Count: rapid.IntRange(1, 50).Draw(rt, "count"),
		}
		first, err := Make(r)
		if err != nil {
			require.NotEqual(rt, fault.Internal, fault.KindOf(err), "%v", err)
			return
		}
		faithful(rt, first, r.Source)
		again, err := Make(r)
		require.NoError(rt, err)
		one, err := generation.Marshal(first)
		require.NoError(rt, err)
		two, err := generation.Marshal(again)
		require.NoError(rt, err)
		require.Equal(rt, string(one), string(two))
		read, err := generation.Unmarshal(one, r.Source)
		require.NoError(rt, err)
		require.Equal(rt, first, read)
		require.LessOrEqual(rt, len(first.Questions), r.Count)
	})
}

func FuzzMake(f *testing.F) {
	for _, language := range generation.Languages {
		f.Add(source(f, language), uint8(0), language)
	}
	f.Add("A b is the c of the d in the e f g.\u2028\u202e", uint8(5), "en")
	f.Fuzz(func(t *testing.T, text string, kind uint8, language string) {
		d, err := Make(generation.Request{Kind: generation.Kinds[int(kind)%len(generation.Kinds)], Language: language, Count: 10, Source: text})
		if err != nil {
			require.NotEqual(t, fault.Internal, fault.KindOf(err), "%v", err)
			return
		}
		one, err := generation.Marshal(d)
		require.NoError(t, err)
		require.True(t, utf8.Valid(one))
	})
}

func BenchmarkMake(b *testing.B) {
	text := source(b, "en")
	for b.Loop() {
		if _, err := Make(generation.Request{Kind: generation.Quiz, Language: "en", Count: 10, Source: text}); err != nil {
			b.Fatal(err)
		}
	}
}
