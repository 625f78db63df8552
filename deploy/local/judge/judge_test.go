package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/internal/clamd/clamdtest"
)

// folder makes files of which some are taken always, some never.
func folder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	var packed bytes.Buffer
	z := zip.NewWriter(&packed)
	w, err := z.Create("inner.zip")
	require.NoError(t, err)
	inner := zip.NewWriter(w)
	_, err = inner.Create("../outside.txt")
	require.NoError(t, err)
	require.NoError(t, inner.Close())
	require.NoError(t, z.Close())
	for name, content := range map[string]string{
		"letter.txt": "Dear parents", "copy.txt": "Dear parents", "photo.heic": "GIF89a\x01\x00\x01\x00\x00\x00\x00;", "setup.exe": "MZ\x00", "nested.zip": packed.String(),
		"course.h5p": "PK\x03\x04", "a/b.xyz": "x", ".git/config": "x", "bad\u202ename.txt": "x",
	} {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
	}
	return dir
}

func outcomesOf(t *testing.T, o options) map[string]outcome {
	t.Helper()
	var out bytes.Buffer
	o.json = true
	require.NoError(t, run(t.Context(), folder(t), o, &out))
	found := map[string]outcome{}
	for line := range strings.Lines(out.String()) {
		var of outcome
		require.NoError(t, json.Unmarshal([]byte(line), &of))
		found[string(of.Role)+" "+of.File] = of
	}
	return found
}

// Each file is judged as the pipeline judges it, for both roles, also by what only
// unpacking shows.
func TestOutcomes(t *testing.T) {
	t.Parallel()
	found := outcomesOf(t, options{})
	require.Len(t, found, 2*7, "a copy and what version control keeps are left out")
	require.True(t, found["student copy.txt"].Taken)
	require.Equal(t, "image/gif", found["student photo.heic"].MediaType)
	require.Equal(t, "image/heic", found["student photo.heic"].CorrectedFrom)
	for name, rule := range map[string]string{
		"student setup.exe": "executable", "student nested.zip": "unsafe_member_name", "student course.h5p": "staff_only", "staff course.h5p": "not_a_zip",
		"staff a/b.xyz": "type_not_allowed", "staff bad\u202ename.txt": "name",
	} {
		require.Equal(t, rule, found[name].Rule, name)
		require.False(t, found[name].Taken, name)
		require.NotEmpty(t, found[name].Sentence, name)
		require.NotContains(t, found[name].Sentence, "operator", name)
	}
}

// A running scanner is asked.
func TestScannerIsAsked(t *testing.T) {
	t.Parallel()
	fake := clamdtest.Start(t, clamdtest.Scanning(map[string][]byte{"Test": []byte("GIF89a")}))
	found := outcomesOf(t, options{clamd: fake.Socket})
	require.True(t, found["student copy.txt"].Taken)
	require.False(t, found["student photo.heic"].Taken)
	require.Equal(t, "Test", found["student photo.heic"].Rule)
	require.Error(t, run(t.Context(), folder(t), options{clamd: filepath.Join(t.TempDir(), "none")}, &bytes.Buffer{}), "a scanner that is away is no clean verdict")
}

func TestTables(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), folder(t), options{}, &out))
	require.Contains(t, out.String(), "As student: 7 files (copies that are left out: 1).")
	require.Regexp(t, `default +HEIC image +1 +1 +1 `, out.String())
	require.Regexp(t, `never +never: \.exe +1 +0 +0 +executable 1`, out.String())
	require.Regexp(t, `executable +setup\.exe\n +The file is a program`, out.String())
}
