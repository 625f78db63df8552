package workers

import (
	"context"
	"errors"

	"github.com/prometheus/client_golang/prometheus"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"
)

// activityMetrics counts how activities end. The SDK's own metrics know that one
// failed; these know by which fault.
type activityMetrics struct{ ended *prometheus.CounterVec }

func newActivityMetrics(r prometheus.Registerer) *activityMetrics {
	o := &activityMetrics{prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "satchel_worker_activities_total", Help: "Attempts of activities that ended, by how they ended.",
	}, []string{"activity", "outcome"})}
	r.MustRegister(o.ended)
	return o
}

// metricsInterceptor sees an activity's error after it was translated, so its codes come
// from the closed list of faults.
type metricsInterceptor struct {
	interceptor.ActivityInboundInterceptorBase
	outcomes *activityMetrics
}

func (m *metricsInterceptor) ExecuteActivity(ctx context.Context, in *interceptor.ExecuteActivityInput) (any, error) {
	result, err := m.Next.ExecuteActivity(ctx, in)
	m.outcomes.ended.WithLabelValues(activity.GetInfo(ctx).ActivityType.Name, outcome(err)).Inc()
	return result, err
}

func outcome(err error) string {
	var failed *temporal.ApplicationError
	switch {
	case err == nil:
		return "done"
	case errors.Is(err, context.Canceled):
		return "cancelled"
	case errors.As(err, &failed) && failed.Type() != "":
		return failed.Type()
	}
	return "internal"
}
