package pii_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/policies/pii"
)

// presidioFiles are the tests of Microsoft Presidio's recognizers whose rows name what these
// detectors find too.
var presidioFiles = map[string][]pii.Category{
	"test_us_ssn_recognizer.py":      {pii.SSN},
	"test_us_itin_recognizer.py":     {pii.ITIN},
	"test_credit_card_recognizer.py": {pii.Card},
	"test_iban_recognizer.py":        {pii.IBAN},
	"test_phone_recognizer.py":       {pii.Phone},
	"test_email_recognizer.py":       {pii.Email, pii.RosterEmail},
	"test_ip_recognizer.py":          {pii.IP},
	"test_us_passport_recognizer.py": {pii.Passport},
	"test_us_mbi_recognizer.py":      {pii.MBI},
	"test_uk_nhs_recognizer.py":      {pii.NHS},
}

// presidioRow begins with a text and how many entities are in it.
var presidioRow = regexp.MustCompile(`(?m)^\s*\(\s*(?:#[^\n]*\n\s*)*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')\s*,\s*(\d+)\s*,`)

// TestPresidioRows compares with the published expectations of Presidio's recognizer tests: a
// folder that holds them is named by SATCHEL_PRESIDIO_TESTS (make presidio DIR=folder). Their
// counts are what Presidio itself reaches, at recall and precision 1. A row counts by how
// many values it has.
func TestPresidioRows(t *testing.T) {
	folder := os.Getenv("SATCHEL_PRESIDIO_TESTS")
	if folder == "" {
		t.Skip("SATCHEL_PRESIDIO_TESTS names no folder with Presidio's recognizer tests")
	}
	// Presidio's rows count what one recognizer proposes alone, with any score.
	alone := func(categories []pii.Category) *pii.Detector {
		return detector(t, func(o *pii.Options) { o.Least, o.Only = 0.01, categories })
	}
	usual := detector(t)
	require.NotZero(t, presidioRows(t, folder, "one recognizer alone, any score", alone), "no recognizer tests in %s", folder)
	presidioRows(t, folder, "all together, score 0.4 and more, as files are inspected", func([]pii.Category) *pii.Detector { return usual })
}

func presidioRows(t *testing.T, folder, how string, of func([]pii.Category) *pii.Detector) (seen int) {
	t.Helper()
	t.Log(how)
	for name, categories := range presidioFiles {
		content, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			continue
		}
		d := of(categories)
		right, missed, wrong, rows := 0, 0, 0, 0
		for _, row := range presidioRow.FindAllSubmatch(content, -1) {
			text := unquoted(string(row[1]))
			want, err := strconv.Atoi(string(row[2]))
			require.NoError(t, err)
			got := 0
			for _, f := range d.ScanString(text).Findings {
				for _, c := range categories {
					if f.Category == c {
						got++
					}
				}
			}
			rows++
			right += min(got, want)
			missed += max(0, want-got)
			wrong += max(0, got-want)
			if got != want {
				t.Logf("%s: %d instead of %d in %q", categories[0], got, want, text)
			}
		}
		if rows == 0 {
			continue
		}
		seen++
		precision, recall := ratio(right, right+wrong), ratio(right, right+missed)
		f2 := 0.0
		if precision+recall > 0 {
			f2 = 5 * precision * recall / (4*precision + recall)
		}
		t.Logf("%-16s %4d rows  precision %.2f  recall %.2f  F2 %.2f", categories[0], rows, precision, recall, f2)
	}
	return seen
}

func ratio(part, whole int) float64 {
	if whole == 0 {
		return 1
	}
	return float64(part) / float64(whole)
}

func unquoted(literal string) string {
	inner := literal[1 : len(literal)-1]
	if text, err := strconv.Unquote(`"` + strings.ReplaceAll(strings.ReplaceAll(inner, `\'`, `'`), "\n", `\n`) + `"`); err == nil {
		return text
	}
	return inner
}
