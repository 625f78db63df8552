package workers

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"satchel/workflows/jobs"
)

// deployment says to Temporal which build these workers are. Workers that are not versioned name
// none: Temporal gives them what is for every build.
func (c Config) deployment() worker.DeploymentOptions {
	if !c.Versioned {
		return worker.DeploymentOptions{}
	}
	return worker.DeploymentOptions{
		UseVersioning: true,
		Version:       worker.WorkerDeploymentVersion{DeploymentName: jobs.Deployment, BuildID: c.Build()},
		// What may last for days goes on in the newest code, which is held to the recorded histories.
		DefaultVersioningBehavior: workflow.VersioningBehaviorAutoUpgrade,
	}
}

// chooser is Temporal as versions know it.
type chooser interface {
	Chosen(ctx context.Context) (jobs.Routing, error)
	ChooseFirst(ctx context.Context, build string) (string, error)
}

// versions compares what this worker is with what Temporal gives work to.
type versions struct {
	on      bool
	build   string
	control chooser
	log     *slog.Logger
}

func newVersions(c Config, control chooser, log *slog.Logger, r prometheus.Registerer) *versions {
	info := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "satchel_worker_build_info", Help: "1; the labels say which build of the workflows this worker has, and whether it is versioned."}, []string{"build", "versioned"})
	v := &versions{on: c.Versioned, build: c.Build(), control: control, log: log}
	info.WithLabelValues(v.build, fmt.Sprint(v.on)).Set(1)
	r.MustRegister(info)
	return v
}

// before refuses to start workers that would get nothing: those that name no build, where a build
// is current. The ones that run stay, since this worker does not become ready.
func (v *versions) before(ctx context.Context) error {
	if v.on {
		return nil
	}
	r, err := v.control.Chosen(ctx)
	var unknown *serviceerror.Unimplemented // a server that knows no versions gives work to all
	switch {
	case errors.As(err, &unknown):
		return nil
	case err != nil:
		return err
	case r.Current != "":
		return fmt.Errorf("this namespace gives work to workers of build %s alone, and SATCHEL_WORKER_VERSIONING is false here: set it to true, or run `worker unversion`", r.Current)
	}
	return nil
}

// after makes the first build that there ever is the current one. Every later one gets work when
// an operator says so.
func (v *versions) after(ctx context.Context) error {
	if !v.on {
		return nil
	}
	current, err := v.control.ChooseFirst(ctx, v.build)
	if err != nil {
		return err
	}
	if current != v.build {
		v.log.Info("another build has the work; `worker promote` gives it to this one", "build", v.build, "current", current)
	}
	return nil
}
