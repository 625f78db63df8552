package redact

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func roster() *Redactor {
	return New([]string{"Zoë Beispiel", "Max von Muster", "Ann-Kathrin O'Sample", "Li Wu", "Musterschule"})
}

func TestWhatIsTakenOut(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Zoë Beispiel wrote this.":                              "[name 1] wrote this.",
		"ZOE BEISPIEL and beispiel, zoe":                        "[name 1] and [name 2]",
		"Beispiels Heft, Max und Muster":                        "[name 1] Heft, [name 2] und [name 3]",
		"Zoe\u0308 sings":                                       "[name 1] sings",
		"Ann-Kathrin O'Sample's book":                           "[name 1] O'[name 2]'s book",
		"[Zoë], (Beispiel)":                                     "[[name 1]], ([name 2])",
		"Li Wu is here":                                         "[name 1] is here",
		"zum beispiel das muster":                               "zum beispiel das muster",
		"Write to a.b@school.example now":                       "Write to [mail 1] now",
		"a.b [at] school.example":                               "[mail 1]",
		"Call +49 30 1234567 or 0171-2345678":                   "Call [phone 1] or [phone 2]",
		"Call (555) 123-4567.":                                  "Call [phone 1].",
		"DE89 3704 0044 0532 0130 00":                           "[account 1]",
		"123-45-6789":                                           "[account 1]",
		"Lange Straße 12a, 12345 Berlin":                        "[address 1]",
		"at 12 Long Hill Road today":                            "at [address 1] today",
		"In 1883 the island exploded; 300 km, 3.14159, 10,000.": "In 1883 the island exploded; 300 km, 3.14159, 10,000.",
		"Der Wald ist ein Lebensraum.":                          "Der Wald ist ein Lebensraum.",
		"Zoë, a@b.example, Zoë":                                 "[name 2], [mail 1], [name 2]",
	} {
		r := roster()
		got := r.Redact(in)
		require.Equal(t, want, got)
		require.Equal(t, in, r.Restore(got))
	}
	r := roster()
	r.Redact("Zoë and Zoë, a@b.example")
	require.Equal(t, map[string]int{"name": 2, "mail": 1}, r.Count())
}

// No name of the roster is left, wherever it is in a text.
func TestNoNameIsLeft(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		var b strings.Builder
		for range rapid.IntRange(1, 12).Draw(rt, "words") {
			b.WriteString(rapid.SampledFrom([]string{"Zoë", "ZOE", "Beispiel", "Zoë Beispiel", "Musterschule", "Water", "boils", "1883", "a@b.example", "+49 30 1234567", "[", "]"}).Draw(rt, "word"))
			b.WriteString(rapid.SampledFrom([]string{" ", ". ", ", ", "\n", "-", "/", "'s ", "\u00a0"}).Draw(rt, "between"))
		}
		r := roster()
		got := r.Redact(b.String())
		for _, left := range []string{"Zo", "ZOE", "Beispiel", "Musterschule", "b.example"} {
			require.NotContains(rt, got, left, "of %q", b.String())
		}
		require.Equal(rt, b.String(), r.Restore(got))
	})
}

func FuzzRedact(f *testing.F) {
	f.Add("Zoë Beispiel, +49 30 1234567, a@b.example", "Zoë Beispiel")
	f.Fuzz(func(t *testing.T, text, who string) {
		r := New([]string{who})
		_ = r.Restore(r.Redact(text))
	})
}

// TestDetectorsAreAsked: what they call identifying is taken out, and dates of birth, of
// which history is made, stay.
func TestDetectorsAreAsked(t *testing.T) {
	t.Parallel()
	r := roster()
	require.Equal(t, "The IP address [account 1] asked.", r.Redact("The IP address 203.0.113.77 asked."))
	require.Equal(t, "The IP address 203.0.113.77 asked.", r.Restore("The IP address [account 1] asked."))
	require.Equal(t, "The painter was born on 14 March 1879.", r.Redact("The painter was born on 14 March 1879."))
}
