package jobs

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/grpc"
)

// busyServer is a Temporal that is too busy for its next answers, as many as left says.
type busyServer struct {
	workflowservice.WorkflowServiceClient

	left, asked int
}

type busyClient struct {
	client.Client
	server *busyServer
}

func (c busyClient) WorkflowService() workflowservice.WorkflowServiceClient { return c.server }

func (s *busyServer) answer() error {
	s.asked++
	if s.left > 0 {
		s.left--
		return serviceerror.NewResourceExhausted(enumspb.RESOURCE_EXHAUSTED_CAUSE_BUSY_WORKFLOW, "too many requests issued to Worker Deployment 'satchel'. Please try again later")
	}
	return nil
}

func (s *busyServer) DescribeWorkerDeployment(context.Context, *workflowservice.DescribeWorkerDeploymentRequest, ...grpc.CallOption) (*workflowservice.DescribeWorkerDeploymentResponse, error) {
	return &workflowservice.DescribeWorkerDeploymentResponse{}, s.answer()
}

func (s *busyServer) SetWorkerDeploymentCurrentVersion(context.Context, *workflowservice.SetWorkerDeploymentCurrentVersionRequest, ...grpc.CallOption) (*workflowservice.SetWorkerDeploymentCurrentVersionResponse, error) {
	return nil, s.answer()
}

func (s *busyServer) SetWorkerDeploymentRampingVersion(context.Context, *workflowservice.SetWorkerDeploymentRampingVersionRequest, ...grpc.CallOption) (*workflowservice.SetWorkerDeploymentRampingVersionResponse, error) {
	return nil, s.answer()
}

func (s *busyServer) UpdateWorkflowExecutionOptions(context.Context, *workflowservice.UpdateWorkflowExecutionOptionsRequest, ...grpc.CallOption) (*workflowservice.UpdateWorkflowExecutionOptionsResponse, error) {
	return nil, s.answer()
}

// TestBusyTemporal: what asks about builds, and what changes them, waits while Temporal says that it is asked too often,
// and tells of it when that does not end.
func TestBusyTemporal(t *testing.T) {
	t.Parallel()
	for name, call := range map[string]func(context.Context, Control) error{
		"which build has the work": func(ctx context.Context, c Control) error {
			_, err := c.Chosen(ctx)
			return err
		},
		"give the work":        func(ctx context.Context, c Control) error { return c.Choose(ctx, "b") },
		"give a part of it":    func(ctx context.Context, c Control) error { return c.Ramp(ctx, "b", 10) },
		"release one workflow": func(ctx context.Context, c Control) error { return c.release(ctx, nil) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { // its clock moves on when all wait
				s := &busyServer{left: 5}
				require.NoError(t, call(t.Context(), Control{Client: busyClient{server: s}}))
				require.Equal(t, 6, s.asked)

				s = &busyServer{left: 1 << 20}
				var busy *serviceerror.ResourceExhausted
				require.ErrorAs(t, call(t.Context(), Control{Client: busyClient{server: s}}), &busy)
				require.Less(t, s.asked, 40, "it asks less often while the server is busy")

				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				s = &busyServer{left: 1 << 20}
				require.ErrorIs(t, call(ctx, Control{Client: busyClient{server: s}}), context.Canceled)
				require.Equal(t, 1, s.asked)
			})
		})
	}
}
