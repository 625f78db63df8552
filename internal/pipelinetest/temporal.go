package pipelinetest

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"

	"satchel/internal/freeport"
	"satchel/internal/payloads"
	"satchel/internal/sealed"
	"satchel/internal/tracing"
)

// temporalServer is one real server for the tests of a package. Each test has
// a namespace of its own, because the task queues' names are fixed.
type temporalServer struct {
	address string
	command *exec.Cmd
	taken   atomic.Int32
}

const namespaces = 144

// started is the server, if a test needed one, for the end of the package.
var started atomic.Pointer[temporalServer]

var startTemporal = sync.OnceValues(func() (*temporalServer, error) {
	program, err := findTemporal()
	if err != nil {
		return nil, err
	}
	address, err := freeport.Take()
	if err != nil {
		return nil, err
	}
	args := []string{"server", "start-dev", "--headless", "--ip", address.Addr().String(), "--port", fmt.Sprint(address.Port()), "--log-level", "error",
		"--search-attribute", "OrgId=Keyword", "--search-attribute", "JobKind=Keyword",
		// As deploy/temporal/dynamicconfig.yaml has it: priorities and fairness are exact within one partition.
		"--dynamic-config-value", "matching.enableFairness=true", "--dynamic-config-value", "matching.numTaskqueueReadPartitions=1", "--dynamic-config-value", "matching.numTaskqueueWritePartitions=1"}
	for i := range namespaces {
		args = append(args, "--namespace", fmt.Sprintf("test-%d", i))
	}
	s := &temporalServer{address: address.String(), command: exec.Command(program, args...)}
	s.command.Stderr = os.Stderr
	s.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.command.Start(); err != nil {
		return nil, err
	}
	started.Store(s)
	return s, nil
})

func findTemporal() (string, error) {
	if p := os.Getenv("SATCHEL_TEST_TEMPORAL"); p != "" {
		return p, nil
	}
	p, err := filepath.Abs("../../.local/bin/temporal")
	if err != nil {
		return "", err
	}
	_, err = os.Stat(p)
	return p, err
}

// StopTemporal ends the server, if a test needed one. TestMain calls it behind
// the last test.
func StopTemporal() {
	if s := started.Load(); s != nil {
		_ = s.command.Process.Kill()
		_ = s.command.Wait()
	}
}

// Dial gives a client of an unused namespace of the real server.
func Dial(t *testing.T) (client.Client, string) {
	t.Helper()
	if _, err := findTemporal(); err != nil {
		t.Skip("needs the Temporal server that `make run` builds into .local/bin, or SATCHEL_TEST_TEMPORAL")
	}
	s, err := startTemporal()
	require.NoError(t, err)
	n := s.taken.Add(1) - 1
	require.Less(t, int(n), namespaces, "give the test server more namespaces")
	namespace := fmt.Sprintf("test-%d", n)
	c := dial(t, s, namespace)
	require.Eventually(t, func() bool {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_, err := c.CheckHealth(ctx, &client.CheckHealthRequest{})
		return err == nil
	}, time.Minute, 50*time.Millisecond)
	return c, namespace
}

// dialTraced gives a client whose calls and workers make spans and whose payloads are encrypted,
// as the programs have it.
func dialTraced(t *testing.T, namespace string, traces *tracing.Traces) client.Client {
	t.Helper()
	s, err := startTemporal()
	require.NoError(t, err)
	box, err := sealed.New(sealed.Config{Keys: SecretsKey})
	require.NoError(t, err)
	codec, err := payloads.New(box, true)
	require.NoError(t, err)
	values, failures := payloads.Converters(codec)
	interceptors, err := traces.Workflows()
	require.NoError(t, err)
	return dialWith(t, client.Options{HostPort: s.address, Namespace: namespace, DataConverter: values, FailureConverter: failures, Interceptors: interceptors})
}

// Address is where the server is that Dial started.
func Address(t *testing.T) string {
	t.Helper()
	s, err := startTemporal()
	require.NoError(t, err)
	return s.address
}

// DialNew gives a client of a namespace that does not exist.
func DialNew(t *testing.T) (client.Client, string) {
	t.Helper()
	s, err := startTemporal()
	require.NoError(t, err)
	namespace := fmt.Sprintf("restored-%d", s.taken.Add(1)) // of another name than those that exist
	return dial(t, s, namespace), namespace
}

func dial(t *testing.T, s *temporalServer, namespace string) client.Client {
	t.Helper()
	return dialWith(t, client.Options{HostPort: s.address, Namespace: namespace})
}

func dialWith(t *testing.T, o client.Options) client.Client {
	t.Helper()
	o.Identity, o.Logger = "test", log.NewStructuredLogger(slog.New(slog.DiscardHandler))
	c, err := client.NewLazyClient(o)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	t.Cleanup(func() { endSchedules(c) })
	return c
}

// endSchedules deletes the schedules of a namespace whose worker has stopped. The server would
// go on starting sweeps that nothing takes, and the tests after it would wait for that.
func endSchedules(c client.Client) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	found, err := c.ScheduleClient().List(ctx, client.ScheduleListOptions{PageSize: 100})
	if err != nil {
		return
	}
	for found.HasNext() {
		s, err := found.Next()
		if err != nil {
			return
		}
		_ = c.ScheduleClient().GetHandle(ctx, s.ID).Delete(ctx)
	}
}
