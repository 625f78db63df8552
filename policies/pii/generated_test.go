package pii_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/policies/pii"
)

// sentences without personal data, with numbers and words that look like it. %d is a small
// number, %D a number of 5 to 16 digits, %y a year, %m a decimal number.
var sentences = []string{
	"Read chapter %d and answer questions %d to %d.", "The book has the ISBN 978-0-306-40615-7 and costs $%m.", "ISBN-10: 0-306-40615-2, %d pages.",
	"Solve %d + %d = x and show your work.", "Compute 100-200-3000 and 555-123-4567 - 200 by hand.", "415 - 555 - 2671 is a negative number; why?",
	"The meeting is on 05/%d/%y at 12:30:45 in room %d.", "Homework is due by May %d, %y.", "Install version 1.%d.3.4 of the program, or release 10.4.2.%d.",
	"Section 4.%d.5.6 of the manual says how.", "The speed of light is 299792458 m/s.", "Pi begins with 3.14159265358979323846264338327950288.",
	"Abraham Lincoln was born on February 12, 1809, in Kentucky.", "The author was born in %y and wrote %d novels.", "The war lasted from 1914 to 1918.",
	"In %y the town had %D people.", "The sum is %D and the remainder %d.", "Sample %d weighs %m g, sample %d weighs %m g.",
	"| %d | %d | %d | %d |", "%d %d %d %d %d %d %d %d %d", "%d, %d, %d, %d, %d", "A ratio of %d:%d:%d is fine.", "use std::vector and a::b in C++.",
	"The students in the same place may walk 5 ways to drive there.", "Our school is at 1600 Maple Avenue, Springfield.", "The library is open from 8-12 and 13-17.",
	"A suspension is a mixture of %d g chalk in water.", "Asthma is a disease of the lungs that %d%% of people have.", "Insulin lowers the sugar in the blood.",
	"A depression in the ground holds water.", "The handbook explains detention, truancy and expulsion.", "What is a free lunch worth to an economist?",
	"An IEP is a plan that a team writes every year.", "Rule %d: no phones in class.", "Bring your library card and a pencil.", "Vote on account of rule %d.",
	"The bank of the river is %d m high.", "Call the function with %d arguments.", "The routing of packets takes %d hops.", "Send it to the office at info@school.org.",
	"Write to ann@example.com in the exercise.", "The ticket has number %D.", "Order no. %D-%d was shipped.", "Commit 3f2a%d9c fixes it.", "UUID 0190a6c4-7b1e-7c3a-9f6e-2a4b6c8d0e1f is random.",
	"La clase empieza a las 8:%d y termina a las 14:%d.", "El capítulo %d tiene %d páginas.", "Die Klasse 7b liest Seite %d bis %d.", "Der Ausflug kostet %m Euro.",
	"Das Blatt hat %d Aufgaben.", "Temperature: -%d to %d degrees.", "Grade %d, unit %d, lesson %d.", "A passport is a document for travel; it has %d pages.",
	"Social security began in 1935 in the United States.", "Credit is given for %d of %d labs.", "The driver of the bus has a license since %y.", "x = %D / %d",
	"She was born to sing, and he sang %d songs.", "His score was %d of %d.", "Her experiment used %d ml of acid.", "Table 3.%d.1.2 shows the masses.", "%y-%y school year",
	"MAC 00:1b:44:11:3a:b7 is not an address of the internet.", "The code is A1B2-C3D4-E5F6.", "Chart 12.%d.%y", "Museum of Art, 11 West 53 Street, New York, NY 10019",
}

func schoolText(r *rand.Rand) string {
	var b strings.Builder
	for range 20 + r.IntN(60) {
		s := sentences[r.IntN(len(sentences))]
		for i := 0; i < len(s); i++ {
			if s[i] != '%' || i+1 == len(s) {
				b.WriteByte(s[i])
				continue
			}
			i++
			switch s[i] {
			case 'd':
				fmt.Fprint(&b, r.IntN(1000))
			case 'D':
				b.WriteByte('1' + byte(r.IntN(9)))
				for range 4 + r.IntN(12) {
					b.WriteByte('0' + byte(r.IntN(10)))
				}
			case 'y':
				fmt.Fprint(&b, 1500+r.IntN(530))
			case 'm':
				fmt.Fprintf(&b, "%d.%02d", r.IntN(500), r.IntN(100))
			default:
				b.WriteByte(s[i])
			}
		}
		b.WriteString([]string{" ", " ", "\n"}[r.IntN(3)])
	}
	return b.String()
}

func TestSchoolTextsWithoutPersonalData(t *testing.T) {
	d := detector(t)
	r := rand.New(rand.NewPCG(1, 2))
	wrong := map[pii.Category]int{}
	const texts = 1000
	marked := 0
	for range texts {
		text := schoolText(r)
		found := d.ScanString(text).Findings
		if len(found) > 0 {
			marked++
		}
		for _, f := range found {
			if wrong[f.Category]++; wrong[f.Category] <= 3 {
				t.Logf("%s %.2f %v: %q", f.Category, f.Score, f.Reasons, text[max(0, f.Start-40):min(int64(len(text)), f.End+10)])
			}
		}
	}
	t.Logf("%d of %d texts are marked: %v", marked, texts, wrong)
	require.LessOrEqual(t, marked, texts/100)
}

// TestLicenceTexts counts findings by line: a licence is long, and there are few of them.
func TestLicenceTexts(t *testing.T) {
	files, err := filepath.Glob("/usr/share/common-licenses/*")
	require.NoError(t, err)
	if len(files) == 0 {
		t.Skip("this system has no licence texts")
	}
	d := detector(t)
	found, lines, marked := 0, 0, 0
	for _, path := range files {
		content, err := os.ReadFile(path)
		require.NoError(t, err)
		text := string(content)
		r := d.ScanString(text)
		lines += strings.Count(text, "\n")
		found += len(r.Findings)
		if len(r.Findings) > 0 {
			marked++
		}
		for _, f := range r.Findings {
			t.Logf("%s: %s %.2f %v: %q", filepath.Base(path), f.Category, f.Score, f.Reasons, text[f.Start:f.End])
		}
	}
	t.Logf("%d findings in %d lines; %d of %d texts are marked", found, lines, marked, len(files))
	require.LessOrEqual(t, marked*100, len(files))
}
