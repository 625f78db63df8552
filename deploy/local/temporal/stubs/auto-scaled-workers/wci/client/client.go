// Package client replaces the client of Temporal's worker controller, which starts and resizes workers on AWS, Google
// Cloud and Kubernetes and links the SDKs of all three. The local server has no worker controller.
//
// The server calls this client for each version of a worker deployment. A version never has a controller here: a
// description answers NotFound and a deletion has nothing to delete. A request to configure one is refused.
package client

import (
	"context"

	deploymentpb "go.temporal.io/api/deployment/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/auto-scaled-workers/wci/workflow/iface"
	"go.uber.org/fx"
)

// Module provides the client to the server.
var Module = fx.Provide(func() Client { return Client{} })

const refusal = "worker controllers are not available in the local server"

// Client refuses to configure a worker controller. The namespaces are of a type of the server, hence any.
type Client struct{}

// DescribeWorkerControllerInstance returns NotFound, as for a version without a compute configuration.
func (Client) DescribeWorkerControllerInstance(context.Context, any, *deploymentpb.WorkerDeploymentVersion) (
	*iface.QueryDescribeWorkerControllerInstanceResponse, []byte, error,
) {
	return nil, nil, serviceerror.NewNotFound(refusal)
}

// UpdateWorkerControllerInstance returns an error.
func (Client) UpdateWorkerControllerInstance(
	context.Context, any, *deploymentpb.WorkerDeploymentVersion, []byte, string, map[string]iface.ScalingGroupSpecUpdate, []string,
) (*iface.UpdateWorkerControllerInstanceResponse, error) {
	return nil, serviceerror.NewInvalidArgument(refusal)
}

// ValidateWorkerControllerInstanceSpec returns an error.
func (Client) ValidateWorkerControllerInstanceSpec(
	context.Context, any, *deploymentpb.WorkerDeploymentVersion, string, map[string]iface.ScalingGroupSpecUpdate, []string,
) error {
	return serviceerror.NewInvalidArgument(refusal)
}

// DeleteWorkerControllerInstance does nothing: there is none.
func (Client) DeleteWorkerControllerInstance(context.Context, any, *deploymentpb.WorkerDeploymentVersion, string) error {
	return nil
}
