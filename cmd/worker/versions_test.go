package main

import (
	"context"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"satchel/internal/pgtest"
	"satchel/internal/pipelinetest"
	"satchel/internal/queue"
	"satchel/workflows"
)

func TestMain(m *testing.M) {
	code := m.Run()
	pipelinetest.StopTemporal()
	os.Exit(code)
}

type idler struct{}

// Nothing is no work.
func (*idler) Nothing(context.Context) error { return nil }

// TestCommandsOfVersions: what an operator types, on workers of two builds.
func TestCommandsOfVersions(t *testing.T) { //nolint:paralleltest // it sets the environment of the program
	db := pgtest.New(t)
	c, namespace := pipelinetest.Dial(t)
	t.Setenv("SATCHEL_TEMPORAL_ADDRESS", pipelinetest.Address(t))
	t.Setenv("SATCHEL_TEMPORAL_NAMESPACE", namespace)
	say := func(args ...string) (string, error) {
		t.Helper()
		var out strings.Builder
		cmd := root()
		cmd.SetOut(&out)
		cmd.SetErr(&out)
		cmd.SetArgs(args)
		err := cmd.ExecuteContext(t.Context())
		return out.String(), err
	}
	said, err := say("versions")
	require.NoError(t, err)
	require.Contains(t, said, "not versioned here")
	require.Contains(t, said, workflows.Build())

	t.Setenv("SATCHEL_WORKER_BUILD_ID", "a")
	idle := queue.Component{Queue: queue.Interactive, Activities: []any{&idler{}}}
	stop := pipelinetest.StartBuild(t, db.DB, c, namespace, "a", idle)
	current := func(build string) bool {
		said, err := say("versions", "--json")
		var printed struct{ Current string }
		return err == nil && json.Unmarshal([]byte(said), &printed) == nil && printed.Current == build
	}
	require.Eventually(t, func() bool { return current("a") }, pipelinetest.Patience, 200*time.Millisecond) // the server bounds how often it is asked

	_, err = say("promote", "none")
	require.ErrorContains(t, err, `make build "none" current`)
	_, err = say("promote", "--percent", "101")
	require.ErrorContains(t, err, "--percent")
	require.True(t, current("a"))

	t.Setenv("SATCHEL_WORKER_BUILD_ID", "b")
	pipelinetest.StartBuild(t, db.DB, c, namespace, "b", idle)
	said, err = say("promote", "--percent", "10", "--timeout", time.Minute.String())
	require.NoError(t, err)
	require.Contains(t, said, "ramping 10 %")
	said, err = say("promote", "--percent", "0")
	require.NoError(t, err)
	require.NotContains(t, said, "ramping")
	said, err = say("promote", "--timeout", time.Minute.String())
	require.NoError(t, err)
	require.Contains(t, said, "this program's")
	require.True(t, current("b"))
	_, err = say("promote", "a")
	require.NoError(t, err)
	require.True(t, current("a"))

	said, err = say("release", "b")
	require.NoError(t, err)
	require.Equal(t, "released 0 workflows of build b\n", said)
	_, err = say("unversion")
	require.NoError(t, err)
	said, err = say("versions")
	require.NoError(t, err)
	require.Contains(t, said, "No build is current")
	stop()
}
