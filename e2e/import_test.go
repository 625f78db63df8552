package e2e

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/stretchr/testify/require"

	"satchel/client"
)

type importSummary struct {
	Listed, Published, Refused, Failed int
	Before                             int `json:"done_before"`
	Adopted                            int `json:"already_there"`
	Ledger                             string
	Not                                []struct{ Path, Status, Reason string } `json:"not_published"`
}

// importer runs `satchel import` with a configuration folder of its own.
func (s *shell) importer(p person, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(testContext(s.t), s.program, append([]string{"import", "--json"}, args...)...)
	cmd.Env = append(os.Environ(), "XDG_CONFIG_HOME="+s.dir+"/config", "SATCHEL_API="+local.API, "SATCHEL_TOKEN="+p.Token, "SATCHEL_ORGANIZATION="+s.ID,
		"AWS_ACCESS_KEY_ID="+local.S3.AccessKey, "AWS_SECRET_ACCESS_KEY="+local.S3.SecretKey)
	return cmd
}

func (s *shell) imported(p person, args ...string) (out importSummary) {
	s.t.Helper()
	cmd := s.importer(p, args...)
	var said, wrong bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &wrong
	_ = cmd.Run() // it exits with 1 when something was refused
	require.NoError(s.t, json.Unmarshal(said.Bytes(), &out), "%s %s", said.String(), wrong.String())
	return out
}

// inSpace gives the published files below a space by their paths.
func (s *shell) inSpace(p person, space string) map[string]client.File {
	s.t.Helper()
	ctx := testContext(s.t)
	files, err := client.All[client.File](ctx, p.Client, "/api/v1/storage/files", url.Values{"space_id": {space}, "status": {"published"}, "include": {"details"}})
	require.NoError(s.t, err)
	all := map[string]client.File{}
	for _, f := range files {
		at := f.Name
		if f.Folder != "" {
			folder, err := p.Folder(ctx, f.Folder)
			require.NoError(s.t, err)
			at = ""
			for _, above := range folder.Path {
				at += above.Name + "/"
			}
			at += f.Name
		}
		require.NotContains(s.t, all, at, "two files of one name in one folder")
		all[at] = f
	}
	return all
}

// TestImportOfAFolder brings a folder, again after a change, and again without its ledger.
func TestImportOfAFolder(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	source := t.TempDir()
	want := map[string]string{}
	put := func(at string, content []byte) {
		t.Helper()
		name := filepath.Join(source, at)
		require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o700))
		require.NoError(t, os.WriteFile(name, content, 0o600))
		sum := sha256.Sum256(content)
		want[at] = hex.EncodeToString(sum[:])
	}
	put("letter.txt", text(900))
	put("Year 7/Maths/sheet.txt", text(2000))
	put("Year 7/Maths/large.txt", text(5<<20))
	put("1/2/3/4/5/6/7/8/9/10/deep.txt", text(100))
	want["1/2/3/4/5/6/7/8 - 9 - 10/deep.txt"] = want["1/2/3/4/5/6/7/8/9/10/deep.txt"]
	delete(want, "1/2/3/4/5/6/7/8/9/10/deep.txt")
	put("virus.txt", eicar())
	put("setup.exe", append([]byte("MZ\x90\x00"), text(4000)...))
	delete(want, "virus.txt")
	delete(want, "setup.exe")

	space, err := s.teacher.CreateSpace(testContext(t), client.NewSpace{Kind: "group", Name: "Archive"})
	require.NoError(t, err)
	check := func(versions map[string]int) {
		t.Helper()
		have := s.inSpace(s.teacher, space.ID)
		require.Len(t, have, len(want))
		for at, sum := range want {
			require.Equal(t, sum, have[at].SHA256, at)
			require.Equal(t, max(versions[at], 1), have[at].Version, at)
		}
	}
	first := s.imported(s.teacher, "folder", source, "--to", "Archive")
	require.Equal(t, []int{6, 4, 2, 0}, []int{first.Listed, first.Published, first.Refused, first.Failed}, "%+v", first)
	for _, not := range first.Not {
		require.Contains(t, []string{"virus.txt", "setup.exe"}, not.Path)
		require.NotEmpty(t, not.Reason, not.Path)
	}
	check(nil)

	require.Equal(t, 6, s.imported(s.teacher, "folder", source, "--to", "Archive").Before)
	put("letter.txt", text(1000))
	second := s.imported(s.teacher, "folder", source, "--to", "Archive")
	require.Equal(t, []int{5, 1}, []int{second.Before, second.Published})
	check(map[string]int{"letter.txt": 2})

	require.NoError(t, os.Remove(first.Ledger))
	third := s.imported(s.teacher, "folder", source, "--to", "Archive")
	require.Equal(t, []int{4, 0}, []int{third.Adopted, third.Published}, "what is there with the same bytes is not sent again: %+v", third)
	check(map[string]int{"letter.txt": 2})
}

// TestImportOfABucketKilled ends the import of a bucket by SIGKILL until it is done.
func TestImportOfABucketKilled(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	ctx := testContext(t)
	store, err := minio.New(local.S3.Endpoint, &minio.Options{Creds: credentials.NewStaticV4(local.S3.AccessKey, local.S3.SecretKey, "")})
	require.NoError(t, err)
	bucket := "import-" + uuid.NewString()
	require.NoError(t, store.MakeBucket(ctx, bucket, minio.MakeBucketOptions{}))
	const objects = 120
	want := map[string]string{}
	for n := range objects {
		content, key := text(500+n), fmt.Sprintf("class %d/%03d.txt", n%7, n)
		_, err := store.PutObject(ctx, bucket, "old/"+key, bytes.NewReader(content), int64(len(content)), minio.PutObjectOptions{})
		require.NoError(t, err)
		sum := sha256.Sum256(content)
		want[key] = hex.EncodeToString(sum[:])
	}
	t.Cleanup(func() {
		for o := range store.ListObjects(testContext(t), bucket, minio.ListObjectsOptions{Recursive: true}) {
			_ = store.RemoveObject(testContext(t), bucket, o.Key, minio.RemoveObjectOptions{})
		}
		_ = store.RemoveBucket(testContext(t), bucket)
	})
	space, err := s.teacher.CreateSpace(ctx, client.NewSpace{Kind: "group", Name: "From the bucket"})
	require.NoError(t, err)
	ledger := filepath.Join(s.dir, "ledger.jsonl")
	args := []string{"s3", "--endpoint", "http://" + local.S3.Endpoint, "--bucket", bucket, "--prefix", "old/", "--to", "From the bucket", "--ledger", ledger}

	lines := func() int {
		b, _ := os.ReadFile(ledger)
		return bytes.Count(b, []byte("\n"))
	}
	for _, most := range []int{5, 40, 80} {
		cmd := s.importer(s.teacher, args...)
		require.NoError(t, cmd.Start())
		require.Eventually(t, func() bool { return lines() >= most }, patience, 5*time.Millisecond)
		require.NoError(t, cmd.Process.Kill())
		_ = cmd.Wait()
	}
	last := s.imported(s.teacher, args...)
	require.Equal(t, []int{objects, objects, 0}, []int{last.Listed, last.Before + last.Published + last.Adopted, len(last.Not)}, "%+v", last)
	have := s.inSpace(s.teacher, space.ID)
	require.Len(t, have, objects, "no object came twice")
	for at, sum := range want {
		require.True(t, strings.EqualFold(sum, have[at].SHA256), at)
	}
}
