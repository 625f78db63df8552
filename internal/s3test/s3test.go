// Package s3test gives each test a real S3 store of its own: versitygw over a
// temporary folder, on loopback.
package s3test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/stretchr/testify/require"

	"satchel/internal/freeport"
	"satchel/internal/s3"
)

const programVariable = "SATCHEL_TEST_VERSITYGW"

// Credentials of every test store. It listens on loopback and dies with its test.
const accessKey, secretKey = "satchel-test", "satchel-test-secret"

// Inbox is the bucket in which schools put rosters. Only tests of it look into it.
const Inbox = "inbox"

// New starts a store with its empty buckets. It ends with the test.
func New(t testing.TB) *s3.Store {
	t.Helper()
	return Open(t, Serve(t))
}

// Serve does the same and says how to reach the store.
func Serve(t testing.TB) s3.Config {
	t.Helper()
	program, err := find()
	require.NoError(t, err)
	address := freeport.Address(t).String()
	start(t, program, address)
	c := s3.Config{Endpoint: address, AccessKey: accessKey, SecretKey: secretKey, Region: "us-east-1",
		Staging: "staging", Clean: "clean", Quarantine: "quarantine", Audit: "audit", Exports: "exports", Keys: "keys"}
	client := Client(t, c)
	for _, bucket := range []string{c.Staging, c.Clean, c.Quarantine, c.Audit, c.Exports, c.Keys, Inbox} {
		require.NoError(t, client.MakeBucket(context.Background(), bucket, minio.MakeBucketOptions{}))
	}
	return c
}

// find looks where the build puts the program, and then in PATH.
func find() (string, error) {
	if p := os.Getenv(programVariable); p != "" {
		return p, nil
	}
	for dir, err := os.Getwd(); err == nil && dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		built := filepath.Join(dir, ".local", "bin", "versitygw")
		if _, err := os.Stat(built); err == nil {
			return built, nil
		}
	}
	p, err := exec.LookPath("versitygw")
	if err != nil {
		return "", fmt.Errorf("versitygw is not there: run `make unit`, which builds it, or set %s to the program", programVariable)
	}
	return p, nil
}

// ServeAccounts starts a store without buckets that knows accounts, by their access keys, beside
// that of the configuration, which may do everything.
func ServeAccounts(t testing.TB, secrets map[string]string) s3.Config {
	t.Helper()
	program, err := find()
	require.NoError(t, err)
	address := freeport.Address(t).String()
	accounts := map[string]map[string]any{}
	for access, secret := range secrets {
		accounts[access] = map[string]any{"access": access, "secret": secret, "role": "user", "userID": 0, "groupID": 0, "projectID": 0}
	}
	text, err := json.Marshal(map[string]any{"accessAccounts": accounts})
	require.NoError(t, err)
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "users.json"), text, 0o600))
	start(t, program, address, "--iam-dir", folder)
	return s3.Config{Endpoint: address, AccessKey: accessKey, SecretKey: secretKey, Region: "us-east-1",
		Staging: "staging", Clean: "clean", Quarantine: "quarantine", Audit: "audit", Exports: "exports", Keys: "keys"}
}

func start(t testing.TB, program, address string, options ...string) {
	t.Helper()
	log, err := os.Create(filepath.Join(t.TempDir(), "versitygw.log"))
	require.NoError(t, err)
	arguments := append([]string{"--port", address, "--access", accessKey, "--secret", secretKey, "--quiet", "--keep-alive"}, options...)
	cmd := exec.Command(program, append(arguments, "posix", "--data-integrity-etag", t.TempDir())...) // as deploy/local/services/s3.sh does
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = dieWithParent()
	require.NoError(t, cmd.Start())
	exited := make(chan struct{})
	go func() { _ = cmd.Wait(); close(exited) }()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-exited
		_ = log.Close()
	})
	require.NoError(t, await(address, exited), "versitygw did not start; its output is in %s", log.Name())
}

// await is done when the port answers. It is no store of the test that answers when the test's own
// program has ended.
func await(address string, exited <-chan struct{}) error {
	deadline := time.Now().Add(30 * time.Second)
	for {
		conn, err := net.DialTimeout("tcp", address, time.Second)
		if err == nil {
			_ = conn.Close()
		}
		select {
		case <-exited:
			return errors.New("the program ended")
		default:
		}
		if err == nil {
			return nil
		}
		select {
		case <-exited:
		case <-time.After(10 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("no answer within 30 s: %w", err)
		}
	}
}
