// Package workers starts one Temporal worker for each task queue, with what every
// workflow and activity of the platform has in common: the organization guard,
// the translation of faults, metrics, and the schedules; and it runs the sweeps.
package workers

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"go.uber.org/fx"

	"satchel/internal/queue"
	"satchel/tenancy"
	"satchel/workflows"
	"satchel/workflows/jobs"
)

// Config bounds the workers.
type Config struct {
	Namespace        string        `env:"SATCHEL_TEMPORAL_NAMESPACE" envDefault:"satchel"`    // Temporal namespace
	Maintained       bool          `env:"SATCHEL_MAINTENANCE" envDefault:"false"`             // the system was restored and is not open yet: only operators are answered, and workers begin nothing by themselves; the same for api and worker
	MakeNamespace    bool          `env:"SATCHEL_TEMPORAL_MAKE_NAMESPACE" envDefault:"false"` // whether the worker makes the namespace and its search attributes where they are missing, as after a restore
	ScanSlots        int           `env:"SATCHEL_SCAN_SLOTS" envDefault:"4"`                  // inspections, scans and pictures at once
	PreviewSlots     int           `env:"SATCHEL_PREVIEW_SLOTS" envDefault:"2"`               // previews of documents, texts, sound and film at once; each may take a processor and 2 GiB
	InteractiveSlots int           `env:"SATCHEL_INTERACTIVE_SLOTS" envDefault:"64"`          // activities at once on the queue of short steps
	BatchSlots       int           `env:"SATCHEL_BATCH_SLOTS" envDefault:"8"`                 // activities at once on the queue of clean-up, exports and reports
	ExternalSlots    int           `env:"SATCHEL_EXTERNAL_SLOTS" envDefault:"16"`             // activities at once on the queue of calls to other services
	AISlots          int           `env:"SATCHEL_AI_SLOTS" envDefault:"4"`                    // calls to models at once
	MailSlots        int           `env:"SATCHEL_MAIL_SLOTS" envDefault:"8"`                  // mails of notifications at once
	RobloxSlots      int           `env:"SATCHEL_ROBLOX_SLOTS" envDefault:"4"`                // calls to Roblox at once
	StopTimeout      time.Duration `env:"SATCHEL_WORKER_STOP_TIMEOUT" envDefault:"20s"`       // running activities may take this long to end when the worker stops
	Versioned        bool          `env:"SATCHEL_WORKER_VERSIONING" envDefault:"false"`       // whether workers name the build of their workflows, and a new build gets work only when `worker promote` says so (docs/upgrading.md); the same for api and worker
	BuildID          string        `env:"SATCHEL_WORKER_BUILD_ID"`                            // name of this build, with SATCHEL_WORKER_VERSIONING; empty: made of the code of the workflows, so that releases that do not change it have one name
}

// Build is the name of this build of the workers.
func (c Config) Build() string { return cmp.Or(c.BuildID, workflows.Build()) }

// Check refuses bounds under which nothing would ever run.
func (c Config) Check() error {
	for name, n := range map[string]int{
		"SATCHEL_SCAN_SLOTS": c.ScanSlots, "SATCHEL_PREVIEW_SLOTS": c.PreviewSlots, "SATCHEL_INTERACTIVE_SLOTS": c.InteractiveSlots,
		"SATCHEL_BATCH_SLOTS": c.BatchSlots, "SATCHEL_EXTERNAL_SLOTS": c.ExternalSlots,
		"SATCHEL_AI_SLOTS": c.AISlots, "SATCHEL_MAIL_SLOTS": c.MailSlots, "SATCHEL_ROBLOX_SLOTS": c.RobloxSlots,
	} {
		if n < 1 {
			return fmt.Errorf("%s is %d: a queue without slots runs nothing; use 1 or more", name, n)
		}
	}
	if strings.ContainsAny(c.BuildID, "'.: \t\n") || len(c.BuildID) > 64 {
		return fmt.Errorf("SATCHEL_WORKER_BUILD_ID is %q: use up to 64 letters, digits and hyphens", c.BuildID)
	}
	return nil
}

func (c Config) slots(q queue.Name) int {
	switch q {
	case queue.Files:
		return c.ScanSlots
	case queue.Previews:
		return c.PreviewSlots
	case queue.Interactive:
		return c.InteractiveSlots
	case queue.External:
		return c.ExternalSlots
	case queue.Batch:
		return c.BatchSlots
	case queue.AI:
		return c.AISlots
	case queue.Mails:
		return c.MailSlots
	case queue.Roblox:
		return c.RobloxSlots
	}
	return 1
}

// options bounds a worker. A panic blocks its workflow and does not fail it: a
// blocked one goes on when the deployment is rolled back, a failed one would have
// withdrawn somebody's file.
func (c Config) options(q queue.Name, guard interceptor.WorkerInterceptor, fatal func(error)) worker.Options {
	o := worker.Options{
		DeploymentOptions: c.deployment(),
		// A workflow's next step on its own queue comes with the answer to the
		// workflow task, if a slot is free: a third less for Temporal to write.
		// No one is overtaken, because where slots are free no one waits. Such a step goes
		// round the limit of its queue: what operators pause must not have it.
		DisableEagerActivities:             q.Pausable(),
		MaxConcurrentActivityExecutionSize: c.slots(q),
		// The steps that are done inside workflow tasks.
		MaxConcurrentLocalActivityExecutionSize: c.slots(q),
		WorkerStopTimeout:                       c.StopTimeout,
		WorkflowPanicPolicy:                     worker.BlockWorkflow,
		DisableRegistrationAliasing:             true,
		Interceptors:                            []interceptor.WorkerInterceptor{guard},
		OnFatalError:                            fatal,
	}
	if q == queue.Mails {
		// The client keeps beats back for four fifths of the timeout. A turn's is seconds, and a
		// beat that is kept back leaves less than a second for the way.
		o.MaxHeartbeatThrottleInterval = time.Second
	}
	return o
}

// Readiness is told what the workers wait for.
type Readiness interface {
	Add(name string, check func(context.Context) error)
}

// Params is what the workers are made of.
type Params struct {
	fx.In

	Lifecycle  fx.Lifecycle
	Shutdown   fx.Shutdowner
	Log        *slog.Logger
	Client     client.Client
	DB         *tenancy.DB
	Ready      Readiness
	Metrics    prometheus.Registerer
	Config     Config
	Components []queue.Component `group:"components"`
}

// Run starts a worker for every queue that a component names, with the program.
func Run(p Params) error {
	if err := p.Config.Check(); err != nil {
		return err
	}
	fatal := func(err error) {
		p.Log.Error("worker stopped after a fatal error", "error", err)
		_ = p.Shutdown.Shutdown(fx.ExitCode(1))
	}
	control := jobs.Control{Client: p.Client, Namespace: p.Config.Namespace}
	f := &runner{log: p.Log, client: p.Client, namespace: p.Config.Namespace, makes: p.Config.MakeNamespace, maintained: p.Config.Maintained, components: p.Components, fatal: fatal, ended: make(chan struct{})}
	f.versions = newVersions(p.Config, control, p.Log, p.Metrics)
	f.workers = build(p.Client, p.Config, p.Components, GuardWithJobs(p.Metrics, p.DB), fatal)
	f.sweeps = newSweeps(p.DB, p.Log, p.Metrics, p.Components)
	f.watch = newWatch(p.DB, control, p.Log, p.Metrics)
	p.Ready.Add("workers", f.check)
	p.Lifecycle.Append(fx.StartStopHook(f.start, f.stop))
	return nil
}

// build makes the workers, in the fixed order of the queues.
func build(c client.Client, config Config, components []queue.Component, guard interceptor.WorkerInterceptor, fatal func(error)) []worker.Worker {
	var built []worker.Worker
	for _, q := range queue.Names {
		var w worker.Worker
		for _, component := range components {
			if component.Queue != q {
				continue
			}
			if w == nil {
				w = worker.New(c, string(q), config.options(q, guard, fatal))
				built = append(built, w)
			}
			register(w, component, config.Versioned)
		}
	}
	return built
}

func register(w worker.Registry, component queue.Component, versioned bool) {
	for _, f := range component.Workflows {
		w.RegisterWorkflow(f)
	}
	o := workflow.RegisterOptions{}
	if versioned {
		o.VersioningBehavior = workflow.VersioningBehaviorPinned
	}
	for _, f := range component.Pinned {
		w.RegisterWorkflowWithOptions(f, o)
	}
	for _, a := range component.Activities {
		w.RegisterActivity(a)
	}
}
