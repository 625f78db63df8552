package pii_test

import (
	"crypto/sha256"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"satchel/policies/pii"
)

var key = []byte("0123456789abcdef0123456789abcdef")

func detector(t testing.TB, change ...func(*pii.Options)) *pii.Detector {
	t.Helper()
	o := pii.Options{
		Key: key,
		People: []pii.Person{
			{ID: "p1", Given: "Zoë", Family: "Müller"}, {ID: "p2", Given: "Anna-Lena", Family: "O'Brien"},
			{ID: "p3", Given: "Will", Family: "Young"}, {ID: "p4", Given: "伟", Family: "王"}, {ID: "p5", Given: "Иван", Family: "Петров"},
		},
		Emails:     map[[32]byte]string{pii.Hash(key, pii.RosterEmail, "Zoe.Mueller@schule-am-see.de"): "p1"},
		StudentIDs: []pii.Pattern{{Expression: `S[0-9]{2}-[0-9]{5}`}, {Expression: `[0-9]{6}`, Weak: true}},
	}
	for _, c := range change {
		c(&o)
	}
	d, err := pii.New(o)
	require.NoError(t, err)
	return d
}

// Each row has the category, and the exact place of the value between ⟦ and ⟧; a row without
// has nothing of its category.
var rows = []struct {
	category pii.Category
	texts    []string
}{
	{pii.SSN, []string{
		"ssn ⟦53622-1876⟧ ⟦536-221877⟧", "SSN: ⟦536-22-1876⟧", "her social security number is ⟦536 22 1876⟧.", "ssn ⟦536.22.1876⟧", "SSN ⟦536221876⟧",
		"⟦536-22-1876⟧", "ssn ⟦５３６-２２-１８７６⟧", "ssn ⟦5\u200b36-22-18\u200d76⟧", "ssn ⟦536\u00a022\u00a01876⟧", "ssn ⟦536‑22‑1876⟧",
		"ssn ⟦53\u00ad6-22-1876⟧", "ssn ⟦5 3 6 - 2 2 - 1 8 7 6⟧", "ssn ⟦5 3 6 2 2 1 8 7 6⟧", "ssn ⟦536 - 22 - 1876⟧", "ssn ⟦٥٣٦-٢٢-١٨٧٦⟧",
		"ssn ⟦3O6-22-l876⟧", "ssn ⟦3О6-22-1876⟧", "ssn ⟦𝟝𝟛𝟞-𝟚𝟚-𝟙𝟠𝟟𝟞⟧", "name,ssn\nAnn,⟦536221876⟧", "ssn ⟦536-221876⟧", "ssn ⟦53622-1876⟧", "Springfield 53622-1876", "Seguro social: ⟦536-22-1876⟧",
		"⟦536-22-1876⟧ (SSN)", "Social\u00a0Security: ⟦536-22-1876⟧", "s\x00s\x00n\x00 \x00⟦5\x003\x006\x00-\x002\x002\x00-\x001\x008\x007\x006⟧\x00",
		"ssn 000-22-1876", "ssn 666-22-1876", "ssn 536-00-1876", "ssn 536-22-0000", "ssn 078-05-1120", "ssn 123-45-6789", "ssn 936-22-1876",
		"ssn 536-22.1876", "536221876", "pages 536 22 1876", "1-536-22-1876", "536-22-1876-4", "0.536221876", "A536221876", "ssn 536-221-876",
	}},
	{pii.ITIN, []string{"ITIN ⟦912-70-1234⟧", "⟦912-94-1234⟧", "itin ⟦912701234⟧", "ITIN 912-66-1234", "itin 912-93-1234", "812-70-1234"}},
	{pii.Card, []string{
		"card ⟦4111 1111 1111 1111⟧", "⟦4012-8888-8888-1881⟧", "⟦4012888888881881⟧", "⟦378282246310005⟧", "⟦3782 822463 10005⟧", "⟦5555555555554444⟧",
		"⟦2223003122003222⟧", "⟦6011111111111117⟧", "⟦30569309025904⟧", "⟦3530111333300000⟧", "card ⟦4 0 1 2 8 8 8 8 8 8 8 8 1 8 8 1⟧",
		"card ⟦4o12888888881881⟧", "card ⟦122000000000003⟧", "122000000000003", "card ⟦4012\u200b8888\u200b8888\u200b1881⟧",
		"4012888888881882", "9780306406157", "978-0-306-40615-7", "1234567890123456", "3.14159265358979323846", "0.4012888888881881",
		"40 12 88 88 88 88 18 81", "x4012888888881881", "40128888888818811234567", "$4012888888881881",
	}},
	{pii.IBAN, []string{
		"⟦DE89370400440532013000⟧", "IBAN: ⟦DE89 3704 0044 0532 0130 00⟧.", "⟦GB29NWBK60161331926819⟧", "⟦gb29nwbk60161331926819⟧", "⟦NO9386011117947⟧",
		"⟦D E 8 9 3 7 0 4 0 0 4 4 0 5 3 2 0 1 3 0 0 0⟧", "⟦ＤＥ８９370400440532013000⟧", "⟦FR14 2004 1010 0505 0001 3M02 606⟧",
		"DE88370400440532013000", "XX89370400440532013000", "DE8937040044053201300", "at 20 people came to school on a sunny day", "XDE89370400440532013000",
	}},
	{pii.Routing, []string{"routing ⟦021000021⟧", "ABA ⟦122105155⟧", "routing 021000022", "021000021"}},
	{pii.BankAccount, []string{"account number: ⟦000123456789⟧", "Kontonummer ⟦0532013000⟧", "000123456789", "account on 2024-05-12"}},
	{pii.Phone, []string{
		"⟦(415) 555-2671⟧", "call ⟦415-555-2671⟧", "⟦415.555.2671⟧", "phone ⟦415 555 2671⟧", "phone ⟦4155552671⟧", "⟦1-415-555-2671⟧", "⟦+1 415 555 2671⟧",
		"⟦+49 30 901820⟧", "⟦+44 20 7946 0958⟧", "Tel. ⟦030 901820⟧", "Telefon: ⟦030/901820⟧", "⟦+34 912 345 678⟧", "name;phone\nA;⟦4155552671⟧", "⟦（４１５）５５５-２６７１⟧",
		"4155552671", "100-200-3000", "x = 415-555-2671 + 3", "415 - 555 - 2671", "ISBN 0-306-40615-2", "2024-05-12", "version 415.555.26", "911-911-9111",
		"12 415 555 2671 18 20", "415-555-2671-9", "1,415 555",
	}},
	{pii.Email, []string{
		"⟦ann.lee@school.org⟧", "mail <⟦ann@lycée.fr⟧>", "⟦ann+x@a.b.co.uk⟧.", "mailto:⟦ann@school.org⟧", "⟦ann＠school．org⟧", "⟦an\u200bn@school.org⟧",
		"⟦ann@xn--mller-kva.de⟧", "ann@school", "ann@school.invalidtld", "@school.org", "a@b@", "info@school.org", "ann@example.com", "git@v1.2.3", "ann@co.uk",
		"ann@school..org", "mention @ann. Then",
	}},
	{pii.IP, []string{
		"from ⟦81.169.145.66⟧", "⟦2a01:4f8:c17:b0f::2⟧ said", "ip ⟦10.0.0.7⟧", "ip address: ⟦192.168.1.20⟧", "[⟦2a01:4f8:c17:b0f::2⟧]",
		"version 81.169.145.66", "v81.169.145.66", "1.2.3.4", "section 4.40.5.60", "999.1.1.1", "81.169.145.66.7", "std::vector", "12:30:45", "a::b", "::", "ratio 1:2:3",
		"192.168.1.20", "dead::beef", "81.169.145",
	}},
	{pii.BirthDate, []string{
		"DOB: ⟦05/12/2011⟧", "date of birth ⟦2011-05-12⟧", "born on ⟦May 12, 2011⟧", "geboren am ⟦12. Mai 2011⟧", "Geburtsdatum: ⟦12.05.2011⟧",
		"fecha de nacimiento: ⟦12 de mayo de 2011⟧", "name,dob\nA,⟦2011-05-12⟧", "birthday ⟦12 May 2011⟧", "dob ⟦5/12/11⟧", "dob ⟦20110512⟧", "D.O.B. ⟦5-12-2011⟧",
		"date_of_birth: ⟦2011-05-12⟧", "dob ⟦０５/１２/２０１１⟧", "name,dob,joined\n\"A, B\",⟦2011-05-12⟧,2020-01-01",
		"due 05/12/2011", "Abraham Lincoln was born on February 12, 1809", "he was born on January 15, 1929", "dob 13/45/2011", "dob: unknown. Sold on 5 items",
	}},
	{pii.Passport, []string{"passport ⟦A12345678⟧", "Passport No: ⟦123456782⟧", "Reisepass ⟦C01X00T47⟧", "A12345678", "passport photo 2024-05-12"}},
	{pii.License, []string{"driver's license ⟦D1234567⟧", "DL# ⟦A123-4567-8901⟧", "Führerschein: ⟦B072RRE2I55⟧", "D1234567", "driver license 2024-05-12"}},
	{pii.MBI, []string{"⟦1EG4-TE5-MK73⟧", "MBI ⟦1EG4TE5MK73⟧", "1EG4-TE5-MK7S", "0EG4TE5MK73", "1SG4TE5MK73"}},
	{pii.NHS, []string{"NHS number ⟦943 476 5919⟧", "nhs ⟦9434765919⟧", "NHS 943 476 5918", "943 476 5919"}},
	{pii.MedicalID, []string{"MRN: ⟦00482913⟧", "patient id ⟦P-482913⟧", "00482913", "patient 12"}},
	{pii.StudentID, []string{"⟦S24-01882⟧", "student id ⟦204881⟧", "Student ID: ⟦99-20481⟧", "studentid,x\n⟦204881⟧,1", "204881", "S24-018821", "XS24-01882"}},
	{pii.RosterName, []string{
		"⟦Zoë Müller⟧ is here", "⟦Zoe Mueller⟧", "⟦MÜLLER, ZOE⟧", "⟦Müller Zoë⟧", "⟦Zo\u0065\u0308 Mu\u0308ller⟧", "⟦Anna Lena O’Brien⟧", "⟦Zoë\n Müller⟧", "⟦Ｚoe Muller⟧",
		"⟦Z\u200boë Müller⟧", "⟦Will Young⟧ sings", "那⟦王伟⟧来了", "⟦Иван Петров⟧", "⟦ИВАН ПЕТРОВ⟧",
		"will young people come", "Zoe", "Müllerin Zoe", "Zoë Müllers", "Anna O'Brien",
	}},
	{pii.RosterEmail, []string{"⟦zoe.mueller@schule-am-see.de⟧", "⟦ZOE.MUELLER@schule-am-see.de⟧", "zoe.mueller@schule-am-berg.de"}},
	{pii.SpecialEd, []string{"⟦IEP status⟧: active", "his ⟦IEP⟧ says", "my daughter has her ⟦504 plan⟧", "mein Sohn hat ⟦sonderpädagogischen Förderbedarf⟧", "What an IEP is"}},
	{pii.Health, []string{"she takes her ⟦insulin⟧ at noon", "He ⟦was diagnosed with⟧ it", "⟦Allergies:⟧ nuts", "Mi hijo tiene ⟦asma⟧", "Asthma is a disease of the lungs"}},
	{pii.Discipline, []string{"He ⟦was suspended for⟧ three days", "her ⟦detention⟧ is over", "a suspension of chalk in water", "Rules on detention"}},
	{pii.LunchStatus, []string{"⟦Lunch status⟧: R", "⟦eligible for free lunch⟧", "her ⟦reduced-price lunch⟧", "What is a free lunch worth?", "⟦Recibe almuerzo gratis⟧"}},
	{pii.Address, []string{
		"lives at ⟦12 Elm Street⟧", "⟦1600 Maple Ave, Springfield, IL 62704⟧", "⟦221B Oak Tree Lane\nDenver, CO 80202-1234⟧", "address: ⟦12 elm street⟧",
		"12 Elm Street", "5 ways to drive", "3 students in the same place", "Free Software Foundation, Inc., 51 Franklin Street, Fifth Floor, Boston, MA 02110-1301 USA",
		"Lincoln Elementary School, 1600 Maple Ave, Springfield, IL 62704", "12 Elm Street, XY 80202",
	}},
}

func TestRecognizers(t *testing.T) {
	d := detector(t)
	for _, row := range rows {
		for _, marked := range row.texts {
			before, rest, expected := strings.Cut(marked, "⟦")
			value, after, _ := strings.Cut(rest, "⟧")
			text := before + value + after
			var got []string
			for _, f := range d.ScanString(text).Findings {
				if f.Category == row.category {
					got = append(got, text[f.Start:f.End])
				}
			}
			if expected {
				assert.Equal(t, []string{value}, got, "%s in %q", row.category, text)
			} else {
				assert.Empty(t, got, "%s in %q", row.category, text)
			}
		}
	}
}

func TestFindingTellsWhereAndNotWhat(t *testing.T) {
	text := "one\r\ntwo\nSSN: ５３６-22-1876\u2028zoe.mueller@schule-am-see.de"
	r := detector(t).ScanString(text)
	require.Equal(t, pii.Version, r.Version)
	require.Equal(t, pii.True, r.Contains())
	require.Len(t, r.Findings, 2)
	f := r.Findings[0]
	require.Equal(t, pii.SSN, f.Category)
	require.Equal(t, 3, f.Line)
	require.Equal(t, "…876", f.Masked)
	require.InDelta(t, 0.95, f.Score, 0.001)
	require.Equal(t, []string{"form", "context"}, f.Reasons)
	require.Equal(t, pii.Hash(key, pii.SSN, "536221876"), f.HMAC)
	require.Equal(t, "p1", r.Findings[1].Person)
	require.Equal(t, 4, r.Findings[1].Line)
}

func TestSameValueHasTheSameHMAC(t *testing.T) {
	d := detector(t)
	one := d.ScanString("ssn 536-22-1876").Findings[0].HMAC
	require.Equal(t, one, d.ScanString("ssn 5 3 6 2 2 1 8 7 6").Findings[0].HMAC)
	other := detector(t, func(o *pii.Options) { o.Key = []byte("another key of some length") })
	require.NotEqual(t, one, other.ScanString("ssn 536-22-1876").Findings[0].HMAC)
}

func TestTwoPeopleOfOneNameAreNeither(t *testing.T) {
	d := detector(t, func(o *pii.Options) {
		o.People = append(o.People, pii.Person{ID: "p9", Given: "Zoe", Family: "Muller"})
	})
	r := d.ScanString("Zoe Muller")
	require.Len(t, r.Findings, 1)
	require.Empty(t, r.Findings[0].Person)
}

// TestAddressesAreKnownByAHashOfOthers: the roster keeps its addresses hashed in a way of its
// own.
func TestAddressesAreKnownByAHashOfOthers(t *testing.T) {
	t.Parallel()
	own := func(address string) [32]byte { return sha256.Sum256([]byte("roster " + strings.ToLower(address))) }
	d := detector(t, func(o *pii.Options) {
		o.Emails, o.HashEmail = map[[32]byte]string{own("ann@school.de"): "p9"}, own
	})
	found := d.ScanString("write to Ann@School.de or to zoe.mueller@schule-am-see.de").Findings
	require.Len(t, found, 2)
	require.Equal(t, []any{pii.RosterEmail, "p9", pii.Email, ""}, []any{found[0].Category, found[0].Person, found[1].Category, found[1].Person})
	place := d.Noted(pii.Location, "48.5,11.25", "GPS")
	require.Equal(t, pii.Hash(key, pii.Location, "48.5,11.25"), place.HMAC)
	require.NotContains(t, place.Masked, "48")
}
