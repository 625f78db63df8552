package e2e

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bep/imagemeta"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"satchel/client"
)

// childrensDataHasDays: the API refuses a rule without, and the database does for whatever
// program asks, as the platform's own role and as a superuser.
func childrensDataHasDays(t *testing.T) {
	f := newFamily(t, true)
	ctx := testContext(t)
	rule := client.RetentionRule{Category: "homework", Children: true, Purpose: "school work", BusinessNeed: "until the grade is given", Begins: "published", Disposal: "delete"}
	_, err := f.owner.CreateRetentionPolicy(ctx, f.ID, rule)
	ruled(t, err, http.StatusBadRequest, "invalid_days", "16 CFR 312.10")
	for _, conn := range []*pgx.Conn{f.application(), superuser(t)} {
		for _, days := range []*int{nil, new(int)} {
			_, err := conn.Exec(ctx, `insert into retention_policies (organization_id, id, category, children, purpose, business_need, days, begins, disposal, created_by)
				values ($1, $2, 'homework', true, 'p', 'n', $3, 'published', 'delete', $4)`, f.ID, uuid.NewString(), days, f.owner.id)
			var refusal *pgconn.PgError
			require.ErrorAs(t, err, &refusal)
			require.Equal(t, "23514", refusal.Code, "a check of the table: %s", refusal.Message)
		}
	}
	days := int32(400)
	rule.Days = &days
	_, err = f.owner.CreateRetentionPolicy(ctx, f.ID, rule)
	require.NoError(t, err)
}

// application is the database as the platform's programs reach it, for this school.
func (f family) application() *pgx.Conn {
	f.t.Helper()
	ctx := testContext(f.t)
	conn, err := pgx.Connect(ctx, local.AppURL)
	require.NoError(f.t, err)
	f.t.Cleanup(func() { _ = conn.Close(testContext(f.t)) })
	_, err = conn.Exec(ctx, "select set_config('app.current_org_id', $1, false)", f.ID)
	require.NoError(f.t, err)
	return conn
}

// auditLogIsKept: the platform's role adds events and changes none; who is above all rules and
// changes one byte is found by the verification, which says where.
func auditLogIsKept(t *testing.T) {
	f := newFamily(t, true)
	ctx := testContext(t)
	f.sends(f.teacher, "plan.txt", text(100))
	app := f.application()
	for _, sql := range []string{"update audit_events set event = event", "delete from audit_events", "truncate audit_events", "update audit_heads set seq = 1", "delete from audit_heads"} {
		_, err := app.Exec(ctx, sql)
		var refusal *pgconn.PgError
		require.ErrorAs(t, err, &refusal, sql)
		require.Equal(t, "42501", refusal.Code, "%s: %s", sql, refusal.Message)
	}
	report := f.verified(ctx, t)
	require.True(t, report.OK, report.FirstBroken)
	require.Greater(t, report.Events, int64(5))

	db := superuser(t)
	_, err := db.Exec(ctx, "set session_replication_role = replica") // past the triggers that refuse it to everyone
	require.NoError(t, err)
	const place = 3
	var event string
	require.NoError(t, db.QueryRow(ctx, "select event from audit_events where organization_id = $1 and seq = $2", f.ID, place).Scan(&event))
	write := func(event string) {
		t.Helper()
		done, err := db.Exec(ctx, "update audit_events set event = $3 where organization_id = $1 and seq = $2", f.ID, place, event)
		require.NoError(t, err)
		require.EqualValues(t, 1, done.RowsAffected())
	}
	i := strings.Index(event, f.ID)
	require.Positive(t, i, event)
	changed := []byte(event)
	changed[i] ^= 1
	write(string(changed))
	report = f.verified(ctx, t)
	write(event) // the operators of this stack need not look for it
	require.False(t, report.OK)
	require.NotNil(t, report.FirstBroken)
	require.EqualValues(t, place, report.FirstBroken.Seq)
	require.True(t, f.verified(ctx, t).OK)
}

// temporalHoldsNothingPersonal plants a name, a number and an address in all that compliance asks
// people to write, and in files; TestHistoriesHoldNothingPersonal does it with the rest.
func temporalHoldsNothingPersonal(t *testing.T) {
	f := newFamily(t, true)
	ctx := testContext(t)
	mark := plantedName + " " + plantedNumber + " " + plantedMail
	f.must(f.owner, http.MethodPatch, f.within("/people/"+f.ben.id), map[string]any{"display_name": plantedName, "email": plantedMail}, nil)
	file := f.record(mark+".txt", "education_record", map[string]any{"reason": mark}, f.ben)
	f.asks()
	h, err := f.owner.PlaceHold(ctx, f.ID, client.NewHold{Kind: "legal", Scope: "file", Target: file.ID, Reason: mark})
	require.NoError(t, err)
	_, err = f.owner.AskHoldRelease(ctx, f.ID, h.ID, mark)
	require.NoError(t, err)
	_, err = f.admin.ApproveHoldRelease(ctx, f.ID, h.ID)
	require.NoError(t, err)
	a, err := f.parent.AskAmendment(ctx, f.ID, file.ID, f.ben.id, mark)
	require.NoError(t, err)
	_, err = f.parent.StepAmendment(ctx, f.ID, a.ID, client.AmendmentStep{Step: "withdraw"})
	require.NoError(t, err)
	r, err := f.parent.AskAccess(ctx, f.ID, f.ben.id, mark)
	require.NoError(t, err)
	_, err = f.owner.VerifyAccessRequest(ctx, f.ID, r.ID, mark)
	require.NoError(t, err)
	require.Contains(t, string(f.packaged(r.ID)["request.json"]), plantedMail, "people are told what was written")
	_, err = f.parent.EndAccessRequest(ctx, f.ID, r.ID, "withdrawn", mark)
	require.NoError(t, err)
	f.erased(client.NewErasure{Scope: "file", Target: file.ID, Basis: "school_directive", Reference: mark})
	kinds := f.historiesHoldNothing(t, 4)
	for _, kind := range []string{"UploadFile", "AskForConsent", "EraseRecords"} {
		require.Contains(t, kinds, kind)
	}
	nothingIsWrittenElsewhere(t)
}

// withLuhn adds the check digit.
func withLuhn(digits string) string {
	sum := 0
	for i := range digits {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 0 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return digits + strconv.Itoa((10-sum%10)%10)
}

func digits(r *rand.Rand, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = '0' + byte(r.IntN(10))
	}
	return string(b)
}

// written makes sentences with a value of a category. The values are drawn in each run, so
// that no detector was made for them.
var written = map[string]func(r *rand.Rand) string{
	"us_ssn": func(r *rand.Rand) string {
		return fmt.Sprintf("The social security number on the form is %03d-%02d-%04d.", 100+r.IntN(500), 1+r.IntN(99), 1+r.IntN(9999))
	},
	"payment_card": func(r *rand.Rand) string {
		n := withLuhn("4" + digits(r, 14))
		return "Please charge " + strings.Join([]string{n[:4], n[4:8], n[8:12], n[12:]}, " ") + " for the trip."
	},
	"email": func(r *rand.Rand) string {
		return fmt.Sprintf("Write to family%s@mail%s.org about the costume.", digits(r, 4), digits(r, 3))
	},
	"phone": func(r *rand.Rand) string {
		return fmt.Sprintf("The grandmother is reached at (212) %d%s-%s in the evening.", 2+r.IntN(7), digits(r, 2), digits(r, 4))
	},
	"iban": func(r *rand.Rand) string {
		account := digits(r, 18)
		n, rest := account+"131400", 0 // DE00 behind the account
		for i := range n {
			rest = (rest*10 + int(n[i]-'0')) % 97
		}
		return fmt.Sprintf("The refund goes to DE%02d%s next week.", 98-rest, account)
	},
	"date_of_birth": func(r *rand.Rand) string {
		return fmt.Sprintf("Date of birth: %d-%02d-%02d, place unknown.", 2008+r.IntN(10), 1+r.IntN(12), 1+r.IntN(28))
	},
}

// plain makes sentences with numbers that belong to no person.
var plain = []func(r *rand.Rand) string{
	func(r *rand.Rand) string {
		return fmt.Sprintf("Read pages %d to %d before the lesson.", r.IntN(100), 100+r.IntN(300))
	},
	func(r *rand.Rand) string {
		return fmt.Sprintf("The experiment was repeated on 20%02d-%02d-%02d in room %s.", 10+r.IntN(16), 1+r.IntN(12), 1+r.IntN(28), digits(r, 3))
	},
	func(r *rand.Rand) string {
		return fmt.Sprintf("Solve %s + %s = x and round to tens.", digits(r, 5), digits(r, 6))
	},
	func(r *rand.Rand) string {
		return fmt.Sprintf("The town had %s people in %d.", digits(r, 6), 1700+r.IntN(300))
	},
	func(r *rand.Rand) string {
		return fmt.Sprintf("The mean of the sample is %s.%s grams.", digits(r, 2), digits(r, 9))
	},
	func(r *rand.Rand) string { return fmt.Sprintf("Order no. %s was shipped to the school.", digits(r, 7)) },
}

// personalDataInNewRows sends a text in which every line is known to hold a value of a category
// or none, and counts what the platform says of each.
func personalDataInNewRows(t *testing.T) {
	f := newFamily(t, true)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	const rows = 25
	var lines, truth []string
	for category, sentence := range written {
		for range rows {
			lines, truth = append(lines, sentence(r)), append(truth, category)
		}
	}
	for range rows {
		for _, sentence := range plain {
			lines, truth = append(lines, sentence(r)), append(truth, "")
		}
	}
	r.Shuffle(len(lines), func(i, j int) { lines[i], lines[j], truth[i], truth[j] = lines[j], lines[i], truth[j], truth[i] })
	file := f.sends(f.teacher, "rows.txt", []byte(strings.Join(lines, "\n")+"\n"))
	type finding struct {
		Category string
		Line     int
	}
	var found struct {
		State  string
		PII    *bool `json:"contains_pii"`
		Capped []string
	}
	path := "/api/v1/storage/files/" + file.ID + "/pii-findings"
	comes(t, "it is inspected", func() bool {
		f.must(f.teacher, http.MethodGet, path, nil, &found)
		return found.State != "pending"
	})
	require.Equal(t, "found", found.State)
	require.True(t, *found.PII)
	require.Empty(t, found.Capped)
	all, err := client.All[finding](testContext(t), f.teacher.Client, path, nil)
	require.NoError(t, err)
	right, wrong := map[string]map[int]bool{}, 0
	for _, x := range all {
		require.Positive(t, x.Line)
		if truth[x.Line-1] != x.Category {
			wrong++
			t.Logf("%s in %q", x.Category, lines[x.Line-1])
			continue
		}
		if right[x.Category] == nil {
			right[x.Category] = map[int]bool{}
		}
		right[x.Category][x.Line] = true
	}
	hits := 0
	for category := range written {
		hits += len(right[category])
		require.GreaterOrEqual(t, float64(len(right[category]))/rows, 0.9, "recall of %s", category)
	}
	require.GreaterOrEqual(t, float64(hits)/float64(hits+wrong), 0.95, "precision")
}

// taken is a photo that says where it was taken: 46° 57' north, 7° 26' east.
func taken(t *testing.T) []byte {
	t.Helper()
	const gps = 26
	var b bytes.Buffer
	put := func(values ...any) {
		for _, v := range values {
			require.NoError(t, binary.Write(&b, binary.BigEndian, v))
		}
	}
	entry := func(tag, kind uint16, count, value uint32) { put(tag, kind, count, value) }
	b.WriteString("MM\x00*")
	put(uint32(8), uint16(1))
	entry(0x8825, 4, 1, gps)
	put(uint32(0), uint16(4))
	const data = gps + 2 + 4*12 + 4
	entry(1, 2, 2, uint32('N')<<24)
	entry(2, 5, 3, data)
	entry(3, 2, 2, uint32('E')<<24)
	entry(4, 5, 3, data+24)
	put(uint32(0))
	for _, n := range []uint32{46, 57, 0, 7, 26, 0} {
		put(n, uint32(1))
	}
	segment := append([]byte("Exif\x00\x00"), b.Bytes()...)
	jpg := photo(t)
	head := append(append([]byte{}, jpg[:2]...), 0xff, 0xe1, byte((len(segment)+2)>>8), byte(len(segment)+2))
	return append(append(head, segment...), jpg[2:]...)
}

// place says where a picture was taken, if it tells.
func place(t *testing.T, content []byte) (north, east float64) {
	t.Helper()
	format := map[string]imagemeta.ImageFormat{"image/jpeg": imagemeta.JPEG, "image/png": imagemeta.PNG, "image/webp": imagemeta.WebP, "image/avif": imagemeta.AVIF}[http.DetectContentType(content)]
	var tags imagemeta.Tags
	_, err := imagemeta.Decode(imagemeta.Options{
		R: bytes.NewReader(content), ImageFormat: format, Sources: imagemeta.EXIF | imagemeta.IPTC | imagemeta.XMP,
		HandleTag: func(tag imagemeta.TagInfo) error { tags.Add(tag); return nil },
	})
	require.NoError(t, err)
	north, east, err = tags.GetLatLong()
	if err != nil {
		return 0, 0
	}
	return north, east
}

// picturesTellNoPlace: none that the platform makes of a photo, and the photo itself does not
// leave where the school restricts what holds personal data.
func picturesTellNoPlace(t *testing.T) {
	f := newFamily(t, true)
	ctx := testContext(t)
	content := taken(t)
	north, east := place(t, content)
	require.InDelta(t, 46.95, north, 0.01)
	require.InDelta(t, 7.43, east, 0.01)
	file := f.sends(f.teacher, "trip.jpg", content)
	require.Equal(t, "published", file.Status, file.StatusReason)
	require.NotEmpty(t, file.Renditions)
	served := map[string][]byte{}
	for _, r := range file.Renditions {
		at, err := url.Parse(r.URL)
		require.NoError(t, err)
		var b bytes.Buffer
		_, err = f.teacher.DownloadRendition(ctx, at.RequestURI(), 0, &b)
		require.NoError(t, err)
		served[r.Name] = b.Bytes()
	}
	serves := func(name, address string) {
		t.Helper()
		var r reply
		require.Eventually(t, func() bool { // who asks while it is made is told to ask again
			r = fetch(t, address)
			return r.status != http.StatusServiceUnavailable
		}, patience, time.Second)
		require.Equal(t, http.StatusOK, r.status, "%s: %s", name, r.body)
		served[name] = r.body
	}
	for _, want := range []map[string]any{{"width": 640, "format": "jpeg"}, {"width": 300, "height": 300, "fit": "cover", "format": "png"}, {"preset": "card"}} {
		address, err := f.teacher.Address(ctx, file.ID, client.AddressRequest{Transform: want})
		require.NoError(t, err)
		serves(fmt.Sprint(want), address.URL)
	}
	shared, err := f.teacher.CreateShare(ctx, client.NewShare{Kind: "link", File: file.ID})
	require.NoError(t, err)
	serves("the share's", into[struct {
		URL string `json:"preview_url"`
	}](t, visitorOf(t, shared.URL).call(http.MethodGet, "", nil), http.StatusOK).URL)
	for name, picture := range served {
		north, east := place(t, picture)
		require.Zero(t, north, name)
		require.Zero(t, east, name)
		for _, sign := range []string{"Exif\x00", "EXIF", "xmpmeta", "8BIM"} {
			require.NotContains(t, string(picture), sign, name)
		}
	}

	path := "/api/v1/storage/files/" + file.ID + "/pii-findings"
	comes(t, "the place is found", func() bool {
		all, err := client.All[struct{ Category string }](ctx, f.teacher.Client, path, nil)
		require.NoError(t, err)
		for _, x := range all {
			if x.Category == "location" {
				return true
			}
		}
		return false
	})
	f.must(f.owner, http.MethodPatch, f.within("/policies"), map[string]any{"pii_policy": "restrict_sharing"}, nil)
	_, err = f.teacher.CreateShare(ctx, client.NewShare{Kind: "link", File: file.ID})
	ruled(t, err, http.StatusForbidden, "not_disclosed", "personal_stays_inside")
}
