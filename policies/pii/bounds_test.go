package pii_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"unicode"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"satchel/policies/pii"
)

func TestUnreadIsNeverNone(t *testing.T) {
	d := detector(t, func(o *pii.Options) { o.MostBytes = 100 })
	require.Equal(t, pii.False, d.ScanString("nothing").Contains())
	require.Equal(t, pii.False, d.ScanString(strings.Repeat("a ", 50)).Contains())
	require.Equal(t, pii.Unknown, d.ScanString(strings.Repeat("a ", 51)).Contains())
	require.Equal(t, []string{pii.TooLong}, d.ScanString(strings.Repeat("a ", 51)).Uninspectable)
	require.Equal(t, pii.True, d.ScanString("ssn 536-22-1876"+strings.Repeat(" a", 51)).Contains())
	require.Equal(t, []string{pii.NotText}, d.ScanString(strings.Repeat("a\xff", 40)).Uninspectable)
	require.Equal(t, pii.Unknown, pii.Uninspectable("password").Contains())
	require.Equal(t, pii.Unknown, pii.Result{}.Contains())

	broken := errors.New("broken")
	r, err := d.Scan(t.Context(), io.MultiReader(strings.NewReader("hello"), iotest.ErrReader(broken)))
	require.ErrorIs(t, err, broken)
	require.Equal(t, pii.Unknown, r.Contains())

	ended, cancel := context.WithCancel(t.Context())
	cancel()
	r, err = d.Scan(ended, strings.NewReader("hello"))
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, pii.Unknown, r.Contains())
}

func TestOptionsAreRefused(t *testing.T) {
	for _, o := range []pii.Options{
		{}, {Key: key[:15]},
		{Key: key, People: make([]pii.Person, pii.MostPeople+1)},
		{Key: key, StudentIDs: []pii.Pattern{{Expression: ""}}}, {Key: key, StudentIDs: []pii.Pattern{{Expression: "a*"}}},
		{Key: key, StudentIDs: []pii.Pattern{{Expression: "(a"}}}, {Key: key, StudentIDs: []pii.Pattern{{Expression: `a(?=b)`}}},
		{Key: key, StudentIDs: []pii.Pattern{{Expression: `((a{30}){30}){30}`}}}, {Key: key, StudentIDs: []pii.Pattern{{Expression: `a{900}b{900}c{900}`}}},
		{Key: key, StudentIDs: []pii.Pattern{{Expression: strings.Repeat("a", 201)}}}, {Key: key, StudentIDs: make([]pii.Pattern, 17)},
	} {
		_, err := pii.New(o)
		require.ErrorIs(t, err, pii.ErrOptions)
	}
}

func TestFindingsAreCapped(t *testing.T) {
	d := detector(t, func(o *pii.Options) { o.MostEach = 5 })
	r := d.ScanString(strings.Repeat("ssn 536-22-1876\n", 9000) + "ann@school.org")
	require.Len(t, r.Findings, 6)
	require.Equal(t, []pii.Category{pii.SSN}, r.Capped)
	require.Equal(t, 9001, r.Findings[5].Line)
}

// values that the property tests put into texts.
var values = []struct {
	category pii.Category
	text     string
}{
	{pii.SSN, "536-22-1876"}, {pii.Card, "4012888888881881"}, {pii.IBAN, "DE89370400440532013000"}, {pii.Email, "ann.lee@school.org"},
	{pii.Phone, "(415) 555-2671"}, {pii.IP, "81.169.145.66"}, {pii.RosterName, "Zoë Müller"}, {pii.MBI, "1EG4-TE5-MK73"}, {pii.StudentID, "S24-01882"},
}

// TestPlacesAcrossWindows puts values anywhere in a long text: the windows' edges do not show.
func TestPlacesAcrossWindows(t *testing.T) {
	d := detector(t)
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		filler := []string{"word ", "Ärger ", "two\n", "日本 ", "zero\u200bwidth ", "x; ", strings.Repeat("long", 200) + " "}
		var b strings.Builder
		type planted struct {
			value, line int
			start, end  int64
		}
		var all []planted
		line := 1
		for b.Len() < 200<<10 {
			if r.IntN(300) == 0 {
				v := r.IntN(len(values))
				start := int64(b.Len())
				b.WriteString(values[v].text)
				all = append(all, planted{v, line, start, int64(b.Len())})
				b.WriteString(" und ")
				continue
			}
			f := filler[r.IntN(len(filler))]
			line += strings.Count(f, "\n")
			b.WriteString(f)
		}
		got, err := d.Scan(context.Background(), iotest.HalfReader(strings.NewReader(b.String())))
		if err != nil || len(got.Findings) != len(all) {
			t.Fatalf("%v: %d of %d found", err, len(got.Findings), len(all))
		}
		for i, f := range got.Findings {
			p := all[i]
			if f.Category != values[p.value].category || f.Start != p.start || f.End != p.end || f.Line != p.line {
				t.Fatalf("%+v is not %+v", f, p)
			}
		}
	})
}

// TestEvasions writes values in other widths, with invisible characters anywhere.
func TestEvasions(t *testing.T) {
	d := detector(t)
	rapid.Check(t, func(t *rapid.T) {
		v := values[rapid.IntRange(0, len(values)-1).Draw(t, "value")]
		var b strings.Builder
		for _, c := range v.text {
			for range rapid.IntRange(0, 3).Draw(t, "invisible") {
				b.WriteRune(rapid.SampledFrom([]rune{0x200b, 0x200c, 0x200d, 0x2060, 0xfeff, 0xad, 0x202e, 0xfe0f, 0xe0001, 0x180e}).Draw(t, "which"))
			}
			switch {
			case c >= '!' && c <= '~' && rapid.Bool().Draw(t, "wide"):
				b.WriteRune(c - '!' + 0xff01)
			case c >= '0' && c <= '9' && rapid.Bool().Draw(t, "script"):
				b.WriteRune(c - '0' + rapid.SampledFrom([]rune{0x660, 0x966, 0x1d7ce, 0x1d7d8, 0x1d7f6, 0x6f0}).Draw(t, "zero"))
			case c == ' ':
				b.WriteRune(rapid.SampledFrom([]rune{' ', 0xa0, 0x2007, 0x202f, 0x3000}).Draw(t, "space"))
			case c == '-':
				b.WriteRune(rapid.SampledFrom([]rune{'-', 0x2010, 0x2011, 0x2013, 0x2212, 0xff0d}).Draw(t, "dash"))
			default:
				b.WriteRune(c)
			}
		}
		text := "say: " + b.String() + " end"
		for _, f := range d.ScanString(text).Findings {
			// The place has all visible characters, and may have invisible ones at its edges.
			visible := strings.TrimFunc(text[f.Start:f.End], invisibleRune)
			whole := strings.TrimFunc(strings.TrimSuffix(strings.TrimPrefix(text, "say: "), " end"), invisibleRune)
			if f.Category == v.category && visible == whole {
				return
			}
		}
		t.Fatalf("%s is not found in %q", v.category, text)
	})
}

func invisibleRune(r rune) bool {
	return unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Variation_Selector, r)
}

// TestNoFindingHoldsTheValue looks for the values in all that a result has.
func TestNoFindingHoldsTheValue(t *testing.T) {
	d := detector(t)
	for _, row := range rows {
		for _, marked := range row.texts {
			before, rest, expected := strings.Cut(marked, "⟦")
			if !expected || row.category == pii.SpecialEd || row.category == pii.Health || row.category == pii.Discipline || row.category == pii.LunchStatus {
				continue
			}
			value, after, _ := strings.Cut(rest, "⟧")
			r := d.ScanString(before + value + after)
			for i := range r.Findings {
				r.Findings[i].HMAC = [32]byte{} // numbers that may be anything
			}
			out, err := json.Marshal(r)
			require.NoError(t, err)
			said := bare(string(out))
			require.NotContains(t, said, bare(value))
			for _, f := range r.Findings {
				require.LessOrEqual(t, len([]rune(f.Masked)), 5)
				require.LessOrEqual(t, 3*(len([]rune(f.Masked))-1), len([]rune(value)), "%s of %q", f.Masked, value)
			}
		}
	}
}

func bare(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, text)
}

// largeRoster is too large for a table of all states.
func largeRoster(o *pii.Options) {
	r := rand.New(rand.NewPCG(5, 6))
	word := func() string {
		var b strings.Builder
		for range 2 + r.IntN(3) {
			b.WriteString([]string{"ba", "ren", "ki", "lo", "mar", "tus", "ne", "shi", "wo", "dal", "fe", "gru", "hin", "jo", "pel", "sa", "ty", "vo", "xan", "zi"}[r.IntN(20)])
		}
		return strings.ToUpper(b.String()[:1]) + b.String()[1:]
	}
	for len(o.People) < pii.MostPeople {
		o.People = append(o.People, pii.Person{ID: "x", Given: word(), Family: word()})
	}
}

func TestLargeRosterFindsTheSame(t *testing.T) {
	d := detector(t, largeRoster)
	for _, row := range rows {
		if row.category != pii.RosterName {
			continue
		}
		for _, marked := range row.texts {
			text := strings.NewReplacer("⟦", "", "⟧", "").Replace(marked)
			require.Equal(t, detector(t).ScanString(text).Findings, d.ScanString(text).Findings, text)
		}
	}
}

func BenchmarkLargeRoster(b *testing.B) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	d := detector(b, largeRoster)
	runtime.GC()
	runtime.ReadMemStats(&after)
	text := strings.Repeat("The pupils read a long story about the sea. Marine Marlow sat on the shore. ", 30_000)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		d.ScanString(text)
	}
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/(1<<20), "MiB")
}

func FuzzScan(f *testing.F) {
	for _, row := range rows {
		for _, text := range row.texts {
			f.Add([]byte(strings.NewReplacer("⟦", "", "⟧", "").Replace(text)))
		}
	}
	d := detector(f, func(o *pii.Options) { o.Least = 0.01 })
	f.Fuzz(func(t *testing.T, text []byte) {
		r := d.ScanString(string(text))
		last := int64(0)
		for _, found := range r.Findings {
			if found.Start < last || found.End <= found.Start || found.End > int64(len(text)) || found.Line < 1 || found.Score > 1 {
				t.Fatalf("%+v of %d bytes", found, len(text))
			}
			last = found.Start
		}
	})
}

func BenchmarkScan(b *testing.B) {
	r := rand.New(rand.NewPCG(3, 4))
	var prose, dense strings.Builder
	for prose.Len() < 4<<20 {
		prose.WriteString(schoolText(r))
	}
	for dense.Len() < 1<<20 {
		v := values[r.IntN(len(values))]
		dense.WriteString(v.text + "\nname; ")
	}
	var licenses strings.Builder
	for _, path := range []string{"GPL-3", "MPL-2.0", "Apache-2.0", "GFDL-1.3"} {
		content, _ := os.ReadFile("/usr/share/common-licenses/" + path)
		for licenses.Len() < 1<<20 && len(content) > 0 {
			licenses.Write(content)
		}
	}
	for name, text := range map[string]string{
		"licenses": licenses.String(), "school texts": prose.String(), "only values": dense.String(), "words": strings.Repeat("The pupils read a long story about the sea. ", 50_000),
		"digits": strings.Repeat("1", 2<<20), "digits and spaces": strings.Repeat("1 ", 1<<20), "phones": strings.Repeat("415-555-2671 ", 100_000),
		"at signs": strings.Repeat("a@", 1<<20), "colons": strings.Repeat("a:", 1<<20), "Chinese": strings.Repeat("学校的学生在图书馆里读书。", 30_000),
		"accents": strings.Repeat("äöüß é ", 100_000), "invisible": strings.Repeat("1\u200b", 500_000), "house numbers": strings.Repeat("1 A ", 500_000),
		"cues": strings.Repeat("his ssn dob iep ", 100_000), "dates of birth": strings.Repeat("dob 1/2/", 200_000), "card groups": strings.Repeat("4012 8888 ", 200_000),
	} {
		b.Run(name, func(b *testing.B) {
			d := detector(b)
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				d.ScanString(text)
			}
		})
	}
}
