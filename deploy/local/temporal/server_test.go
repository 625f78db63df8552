package main

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

// The test binary is also the program under test, when this variable says so.
const actAsServer = "SATCHEL_TEST_ACT_AS_SERVER"

func TestMain(m *testing.M) {
	if os.Getenv(actAsServer) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

const queue = "test"

func greet(_ context.Context, name string) (string, error) { return "hello " + name, nil }

func greeting(ctx workflow.Context, name string) (string, error) {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: time.Minute})
	var s string
	err := workflow.ExecuteActivity(ctx, greet, name).Get(ctx, &s)
	return s, err
}

var organization = temporal.NewSearchAttributeKeyKeyword("OrgId")

// greetWith runs one workflow with one activity through the server.
func greetWith(t *testing.T, c client.Client, id string) {
	t.Helper()
	w := worker.New(c, queue, worker.Options{})
	w.RegisterWorkflow(greeting)
	w.RegisterActivity(greet)
	require.NoError(t, w.Start())
	defer w.Stop()
	run, err := c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{
		ID: id, TaskQueue: queue, TypedSearchAttributes: temporal.NewSearchAttributes(organization.ValueSet("o1")),
	}, greeting, "world")
	require.NoError(t, err)
	var s string
	require.NoError(t, run.Get(t.Context(), &s))
	require.Equal(t, "hello world", s)
}

// A kill must lose nothing that the server has confirmed: the platform's own fault tests rest on that.
func TestStateOutlivesAKill(t *testing.T) {
	t.Setenv(actAsServer, "yes")
	file := filepath.Join(t.TempDir(), "state.db")
	ports, err := freePorts("127.0.0.1", 1)
	require.NoError(t, err)
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(ports[0]))
	start := func() (*exec.Cmd, client.Client) {
		cmd := exec.Command(os.Args[0], "server", "start-dev", "--port", strconv.Itoa(ports[0]), "--headless", "--namespace", "satchel",
			"--db-filename", file, "--sqlite-pragma", "journal_mode=wal", "--sqlite-pragma", "synchronous=normal",
			"--search-attribute", "OrgId=Keyword", "--dynamic-config-value", "matching.enableFairness=true")
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		require.NoError(t, cmd.Start())
		t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
		var c client.Client
		require.Eventually(t, func() bool {
			c, err = client.Dial(client.Options{HostPort: address, Namespace: "satchel"})
			return err == nil
		}, 30*time.Second, 50*time.Millisecond)
		t.Cleanup(c.Close)
		return cmd, c
	}

	cmd, c := start()
	greetWith(t, c, "before")
	require.NoError(t, cmd.Process.Kill())
	_ = cmd.Wait()

	_, c = start()
	var s string
	require.NoError(t, c.GetWorkflow(t.Context(), "before", "").Get(t.Context(), &s))
	require.Equal(t, "hello world", s)
	greetWith(t, c, "after")
}

// Workflow tests start the server through the SDK's test suite, in memory.
func TestTestsuiteMayStartIt(t *testing.T) {
	t.Setenv(actAsServer, "yes")
	server, err := testsuite.StartDevServer(t.Context(), testsuite.DevServerOptions{
		ExistingPath: os.Args[0], ClientOptions: &client.Options{Namespace: "satchel"},
		ExtraArgs: []string{"--search-attribute", "OrgId=Keyword"},
	})
	require.NoError(t, err)
	defer func() { require.NoError(t, server.Stop()) }()
	greetWith(t, server.Client(), "in-memory")
}

func TestOptions(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		args []string
		fail string
	}{
		"defaults":                   {args: nil},
		"loopback of version 6":      {args: []string{"--ip", "::1"}},
		"open to the network":        {args: []string{"--ip", "0.0.0.0"}, fail: "not a loopback address"},
		"UI open to the network":     {args: []string{"--ui-ip", "192.0.2.1"}, fail: "not a loopback address"},
		"a name is not an address":   {args: []string{"--ip", "localhost"}, fail: "not a loopback address"},
		"unknown attribute type":     {args: []string{"--search-attribute", "A=Colour"}, fail: "search-attribute"},
		"value without a key":        {args: []string{"--dynamic-config-value", "=1"}, fail: "not NAME=VALUE"},
		"value that is not readable": {args: []string{"--dynamic-config-value", "a={"}, fail: "value of a"},
		"stray argument":             {args: []string{"now"}, fail: "unexpected argument"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, err := parseOptions(tc.args)
			if tc.fail != "" {
				require.ErrorContains(t, err, tc.fail)
				return
			}
			require.NoError(t, err)
			require.Equal(t, []string{"default"}, o.namespaces)
			require.Equal(t, o.port+1000, o.uiPort)
		})
	}
}
