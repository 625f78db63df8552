package oneroster_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"satchel/rosters/generate"
	"satchel/rosters/oneroster"
)

// sample is a complete 1.2 package, by file. Tests change one thing of it.
func sample() map[string]string {
	return map[string]string{
		"manifest.csv": "propertyName,value\nmanifest.version,1.0\noneroster.version,1.2\nfile.orgs,bulk\nfile.academicSessions,bulk\n" +
			"file.classes,bulk\nfile.users,bulk\nfile.roles,bulk\nfile.enrollments,bulk\nfile.demographics,absent\n",
		"orgs.csv":             "sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId\ns1,,,Oak,school,,\n",
		"academicSessions.csv": "sourcedId,status,dateLastModified,title,type,startDate,endDate,parentSourcedId,schoolYear\nt1,,,Year,term,2026-08-01,2027-08-01,,2027\n",
		"classes.csv": "sourcedId,status,dateLastModified,title,grades,courseSourcedId,classCode,classType,location,schoolSourcedId,termSourcedIds,subjects,subjectCodes,periods\n" +
			"c1,,,Art,,k1,A1,scheduled,,s1,t1,,,\n",
		"users.csv": "sourcedId,status,dateLastModified,enabledUser,username,userIds,givenName,familyName,middleName,identifier,email,sms,phone,agentSourcedIds,grades,password,userMasterIdentifier,preferredGivenName,preferredMiddleName,preferredFamilyName,primaryOrgSourcedId,pronouns\n" +
			"p1,,,true,ada,{sis:77},Ada,Löwe,,N7,ADA@school.invalid,,,p2,\"07,08\",,,Addie,,,s1,\n" +
			"p2,,,true,bo,,Bo,Löwe,,,,,,,,,,,,,s1,\n",
		"roles.csv": "sourcedId,status,dateLastModified,userSourcedId,roleType,role,beginDate,endDate,orgSourcedId,userProfileSourcedId\n" +
			"r1,,,p1,primary,student,,,s1,\nr2,,,p2,primary,guardian,,,s1,\n",
		"enrollments.csv": "sourcedId,status,dateLastModified,classSourcedId,schoolSourcedId,userSourcedId,role,primary,beginDate,endDate\n" +
			"e1,,,c1,s1,p1,student,,2026-08-01,2027-08-01\n",
	}
}

func pack(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, body := range files {
		w, err := z.Create(name)
		require.NoError(t, err)
		_, err = io.WriteString(w, body)
		require.NoError(t, err)
	}
	require.NoError(t, z.Close())
	return b.Bytes()
}

// read opens a package and reads all of it.
func read(b []byte, options ...oneroster.Option) (map[oneroster.Kind][]oneroster.Record, *oneroster.Package, error) {
	p, err := oneroster.Open(bytes.NewReader(b), int64(len(b)), oneroster.DefaultLimits, options...)
	if err != nil {
		return nil, nil, err
	}
	all := map[oneroster.Kind][]oneroster.Record{}
	for _, k := range oneroster.Kinds {
		err := p.Rows(context.Background(), k, func(r oneroster.Record) error {
			all[k] = append(all[k], r)
			return nil
		})
		if err != nil {
			return nil, p, err
		}
	}
	return all, p, nil
}

func TestReadsTheSample(t *testing.T) {
	t.Parallel()
	all, p, err := read(pack(t, sample()))
	require.NoError(t, err)
	require.Empty(t, p.Warnings.Issues())
	require.Equal(t, oneroster.V12, p.Version)
	require.Equal(t, oneroster.Absent, p.Modes[oneroster.Demographics])
	ada := all[oneroster.Users][0]
	require.Equal(t, oneroster.Record{
		Kind: oneroster.Users, Row: 2, SourcedID: "p1", Name: "Addie Löwe", Given: "Addie", Family: "Löwe", Grade: "07", Username: "ada",
		Email: "ada@school.invalid", Identifiers: []string{"N7", "77"}, Agents: []string{"p2"}, Org: "s1",
	}, ada)
	e := all[oneroster.Enrollments][0]
	require.Equal(t, "c1", e.Class)
	require.Equal(t, time.Date(2027, 8, 1, 0, 0, 0, 0, time.UTC), e.Ends)
	require.Equal(t, []string{"t1"}, all[oneroster.Classes][0].Terms)
	require.True(t, all[oneroster.Orgs][0].School)
}

func TestReadsVersion11(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	d := generate.New(1, generate.Size{People: 120})
	require.NoError(t, d.Write(&b, generate.V11))
	all, p, err := read(b.Bytes())
	require.NoError(t, err)
	require.Equal(t, oneroster.V11, p.Version)
	require.Len(t, all[oneroster.Users], len(d.People))
	require.Len(t, all[oneroster.Enrollments], len(d.Enrollments))
	require.Equal(t, "student", all[oneroster.Users][0].Role)
	require.Empty(t, p.Warnings.Issues())
}

// TestStops: what cannot be read without a guess ends the reading, with the place
// and without a value.
func TestStops(t *testing.T) {
	t.Parallel()
	replace := func(file, old, with string) func(map[string]string) {
		return func(f map[string]string) { f[file] = strings.Replace(f[file], old, with, 1) }
	}
	for name, c := range map[string]struct {
		change func(map[string]string)
		code   oneroster.Code
		file   string
	}{
		"no manifest":            {func(f map[string]string) { delete(f, "manifest.csv") }, oneroster.ManifestMissing, "manifest.csv"},
		"unknown version":        {replace("manifest.csv", "1.2", "2.0"), oneroster.VersionUnknown, "manifest.csv"},
		"unknown mode":           {replace("manifest.csv", "users,bulk", "users,full"), oneroster.ManifestInvalid, "manifest.csv"},
		"property twice":         {replace("manifest.csv", "file.users,bulk", "file.users,bulk\nfile.users,delta"), oneroster.ManifestInvalid, "manifest.csv"},
		"declared and missing":   {func(f map[string]string) { delete(f, "enrollments.csv") }, oneroster.DeclaredMissing, "enrollments.csv"},
		"declared absent, there": {replace("manifest.csv", "users,bulk", "users,absent"), oneroster.DeclaredAbsent, "users.csv"},
		"users without roles": {func(f map[string]string) {
			delete(f, "roles.csv")
			replace("manifest.csv", "roles,bulk", "roles,absent")(f)
		}, oneroster.RolesMissing, "roles.csv"},
		"empty file":              {func(f map[string]string) { f["orgs.csv"] = "" }, oneroster.HeaderMissing, "orgs.csv"},
		"column missing":          {replace("users.csv", "familyName", "surname"), oneroster.ColumnMissing, "users.csv"},
		"no header":               {func(f map[string]string) { f["orgs.csv"] = "s1,,,Oak,school,,\n" }, oneroster.ColumnTwice, "orgs.csv"},
		"column twice":            {replace("orgs.csv", "identifier", "name"), oneroster.ColumnTwice, "orgs.csv"},
		"semicolons":              {func(f map[string]string) { f["orgs.csv"] = strings.ReplaceAll(f["orgs.csv"], ",", ";") }, oneroster.SemicolonDivides, "orgs.csv"},
		"Windows-1252":            {replace("users.csv", "ö", "\xf6"), oneroster.NotUTF8, "users.csv"},
		"UTF-16":                  {func(f map[string]string) { f["orgs.csv"] = "\xff\xfes\x00o\x00" }, oneroster.NotUTF8, "orgs.csv"},
		"a quote that stays open": {replace("users.csv", "Ada", "\""+strings.Repeat("a\n", 40<<10)), oneroster.RecordTooLong, "users.csv"},
		"a row of commas":         {replace("users.csv", "Ada", strings.Repeat(",", 100<<10)), oneroster.RecordTooLong, "users.csv"},
		"a path":                  {func(f map[string]string) { f["../x.csv"] = "x" }, oneroster.PathInPackage, ""},
		"folders":                 {func(f map[string]string) { f["a/b.csv"] = "x" }, oneroster.PathInPackage, ""},
		"file twice by case":      {func(f map[string]string) { f["Users.csv"] = f["users.csv"] }, oneroster.FileTwice, "users.csv"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := sample()
			c.change(files)
			_, _, err := read(pack(t, files))
			var s *oneroster.Stop
			require.ErrorAs(t, err, &s)
			require.Equal(t, c.code, s.Code, s.Error())
			require.Equal(t, c.file, s.File)
			require.NotContains(t, s.Error(), "Ada", "a report has no values")
		})
	}
}

func TestHalfAPackageStops(t *testing.T) {
	t.Parallel()
	b := pack(t, sample())
	for _, part := range [][]byte{b[:len(b)/2], b[:len(b)-1], nil, []byte("not a zip")} {
		_, _, err := read(part)
		var s *oneroster.Stop
		require.ErrorAs(t, err, &s)
		require.Equal(t, oneroster.NotZip, s.Code)
	}
	b[60] ^= 0xff // within the first file
	_, _, err := read(b)
	require.Error(t, err)
}

// TestBombsAreBounded: what unpacks to far more than it is does not get read.
func TestBombsAreBounded(t *testing.T) {
	t.Parallel()
	files := sample()
	files["orgs.csv"] += strings.Repeat(strings.Repeat(",", 4000)+"\n", 6000) // 24 MB of commas
	_, _, err := read(pack(t, files))
	var s *oneroster.Stop
	require.ErrorAs(t, err, &s)
	require.Equal(t, oneroster.TooDense, s.Code)

	b := pack(t, sample())
	_, err = oneroster.Open(bytes.NewReader(b), int64(len(b)), oneroster.Limits{Bytes: 1 << 20, Unpacked: 500, Ratio: 100, Entries: 64})
	require.ErrorAs(t, err, &s)
	require.Equal(t, oneroster.TooLarge, s.Code)
	_, err = oneroster.Open(bytes.NewReader(b), int64(len(b)), oneroster.Limits{Bytes: 10, Unpacked: 500, Ratio: 100, Entries: 64})
	require.ErrorAs(t, err, &s)
	require.Equal(t, oneroster.TooLarge, s.Code)
	many := sample()
	for i := range 64 {
		many[fmt.Sprintf("x%d.csv", i)] = "x"
	}
	_, _, err = read(pack(t, many))
	require.ErrorAs(t, err, &s)
	require.Equal(t, oneroster.TooManyEntries, s.Code)
}

// TestPutsRight: what is harmless is read, and noted.
func TestPutsRight(t *testing.T) {
	t.Parallel()
	files := sample()
	files["users.csv"] = "\xef\xbb\xbf" + strings.Replace(files["users.csv"], ",true,ada", ",TRUE,ada", 1)
	files["users.csv"] = strings.Replace(files["users.csv"], "familyName,middleName", "FamilyName,middleName", 1) + ",,,,,,,,,,,,,,,,,,,,,\r\n"
	files["Orgs.CSV"] = strings.Replace(files["orgs.csv"], "name,type", "type,name", 1)
	files["Orgs.CSV"] = strings.Replace(files["Orgs.CSV"], "Oak,school", "school,Oak", 1)
	delete(files, "orgs.csv")
	files["enrollments.csv"] = strings.Replace(files["enrollments.csv"], "e1,,,", "e 1,tobedeleted,,", 1)
	files["enrollments.csv"] = strings.Replace(files["enrollments.csv"], "2026-08-01", "2026-08-01T00:00:00.000Z", 1)
	in := map[string]string{"__MACOSX/._users.csv": "x", "district/.DS_Store": "x"}
	for name, body := range files {
		in["district/"+name] = body
	}
	all, p, err := read(pack(t, in))
	require.NoError(t, err)
	require.True(t, all[oneroster.Enrollments][0].Leaving)
	require.Equal(t, "e 1", all[oneroster.Enrollments][0].SourcedID)
	require.Equal(t, "Oak", all[oneroster.Orgs][0].Title)
	require.Equal(t, "Löwe", all[oneroster.Users][0].Family)
	require.Len(t, all[oneroster.Users], 2)
	for _, code := range []oneroster.Code{
		oneroster.ByteOrderMark, oneroster.ValueCase, oneroster.ColumnCase, oneroster.RowEmpty, oneroster.FileNameCase, oneroster.ColumnOrder,
		oneroster.StatusInBulk, oneroster.IdentifierUnusual, oneroster.DateWithTime, oneroster.Folder, oneroster.OtherSystemFile,
	} {
		require.Positive(t, p.Warnings.Count(code), code)
	}
}

func TestWindows1252IsReadWhereAPersonChoseIt(t *testing.T) {
	t.Parallel()
	files := sample()
	files["users.csv"] = strings.ReplaceAll(files["users.csv"], "ö", "\xf6")
	all, _, err := read(pack(t, files), oneroster.Windows1252())
	require.NoError(t, err)
	require.Equal(t, "Löwe", all[oneroster.Users][0].Family)
}

// TestRefusedRowsAreMentioned: a row that cannot be used is given all the same,
// with its identifier, so that it does not count as omitted.
func TestRefusedRowsAreMentioned(t *testing.T) {
	t.Parallel()
	files := sample()
	files["enrollments.csv"] += "e2,,,c1,s1,p2,pilot,,,\ne3,,,c1\ne4,,,c1,s1,p\"2,student,,,\ne5,,,c1,s1,,student,,,\ne6,,,c1,s1,p2,student,,31.12.2026,\n,,,c1,s1,p2,student,,,\n"
	all, p, err := read(pack(t, files))
	require.NoError(t, err)
	var got []string
	for _, r := range all[oneroster.Enrollments] {
		got = append(got, r.SourcedID+"/"+string(r.Refused))
	}
	require.Equal(t, []string{"e1/", "e2/value_invalid", "e3/column_count", "/quotes", "e5/value_missing", "e6/value_invalid", "/value_missing"}, got)
	require.Contains(t, p.Warnings.Issues(), oneroster.Issue{Code: oneroster.ValueInvalid, File: "enrollments.csv", Row: 3, Column: "role", Count: 1})
	require.Contains(t, p.Warnings.Issues(), oneroster.Issue{Code: oneroster.ValueMissing, File: "enrollments.csv", Row: 6, Column: "userSourcedId", Count: 1})
}

// TestAMillionBadRowsGiveAShortReport: the report stays readable.
func TestAMillionBadRowsGiveAShortReport(t *testing.T) {
	t.Parallel()
	var r oneroster.Report
	for i := range 1_000_000 {
		r.Add(oneroster.ValueMissing, "users.csv", i+2, "username")
	}
	for i := range 1000 {
		r.Add(oneroster.ValueMissing, fmt.Sprintf("f%d.csv", i), 2, "x")
	}
	issues := r.Issues()
	require.Len(t, issues, 500)
	require.Positive(t, r.Omitted())
	require.Equal(t, 1_000_000, r.Count(oneroster.ValueMissing)-499)
}

func TestRolesOfNoMeaningHereAreIgnored(t *testing.T) {
	t.Parallel()
	files := sample()
	files["roles.csv"] += "r3,,,p2,secondary,relative,,,s1,\nr4,,,p2,secondary,ext:coach,,,s1,\nr5,,,p2,secondary,systemAdministrator,,,s1,\n"
	all, p, err := read(pack(t, files))
	require.NoError(t, err)
	require.Equal(t, 2, p.Warnings.Count(oneroster.RoleIgnored))
	require.Equal(t, "staff", all[oneroster.Roles][4].Role, "an administrator of the school's system is staff, never an admin here")
}

var errStore = errors.New("the store does not answer")

type failing struct{ io.ReaderAt }

func (f failing) ReadAt(b []byte, off int64) (int, error) {
	if off < 100 {
		return 0, errStore
	}
	return f.ReaderAt.ReadAt(b, off)
}

// TestAStoreThatFailsIsNoFaultOfThePackage: such a reading is tried again.
func TestAStoreThatFailsIsNoFaultOfThePackage(t *testing.T) {
	t.Parallel()
	b := pack(t, sample())
	p, err := oneroster.Open(failing{bytes.NewReader(b)}, int64(len(b)), oneroster.DefaultLimits)
	if err == nil {
		for _, k := range oneroster.Kinds {
			err = errors.Join(err, p.Rows(t.Context(), k, func(oneroster.Record) error { return nil }))
		}
	}
	require.ErrorIs(t, err, errStore)
	var s *oneroster.Stop
	require.NotErrorAs(t, err, &s)
}

func FuzzRead(f *testing.F) {
	for _, body := range []string{sample()["users.csv"], "sourcedId\n\"", "sourcedId;x\n", "\xef\xbb\xbf,,,\n", "sourcedId,status\r\na,\"b\nc\"\n"} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		files := sample()
		files["users.csv"] = body
		all, p, err := read(pack(t, files))
		var s *oneroster.Stop
		if err != nil {
			require.ErrorAs(t, err, &s)
			return
		}
		for _, r := range all[oneroster.Users] {
			require.True(t, r.Refused != "" || r.SourcedID != "", "a row that is used has an identifier")
			require.LessOrEqual(t, len([]rune(r.Name)), 200)
		}
		require.LessOrEqual(t, len(p.Warnings.Issues()), 500)
	})
}
