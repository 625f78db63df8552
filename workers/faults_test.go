package workers

import (
	"context"
	"fmt"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"satchel/internal/fault"
	"satchel/tenancy"
)

// TestEveryKindIsTranslated walks the closed list of kinds, so that a new one
// cannot be forgotten here.
func TestEveryKindIsTranslated(t *testing.T) {
	t.Parallel()
	require.Len(t, retryable, len(fault.Kinds))
	for _, kind := range fault.Kinds {
		t.Run(kind.String(), func(t *testing.T) {
			t.Parallel()
			again, known := retryable[kind]
			require.True(t, known, "say in workers/faults.go whether %s may succeed later", kind)
			g := newGuard()
			env := activityEnvironment(t, g)
			env.RegisterActivityWithOptions(func(context.Context, input) error {
				return fmt.Errorf("while reading report.pdf: %w", fault.New(kind, "some_code", "Text about report.pdf.").After(time.Minute))
			}, activity.RegisterOptions{Name: "Fail"})
			_, err := env.ExecuteActivity("Fail", input{Org: tenancy.Platform})
			var failed *temporal.ApplicationError
			require.ErrorAs(t, err, &failed)
			require.Equal(t, "some_code", failed.Type())
			require.Equal(t, again, !failed.NonRetryable())
			require.GreaterOrEqual(t, failed.NextRetryDelay(), time.Minute, "the wait that the fault names")
			require.Less(t, failed.NextRetryDelay(), 75*time.Second)
			require.NotContains(t, err.Error(), "report.pdf", "histories hold no personal text")
			var counted dto.Metric
			require.NoError(t, g.outcomes.ended.WithLabelValues("Fail", "some_code").Write(&counted))
			require.InDelta(t, 1, counted.GetCounter().GetValue(), 0)
		})
	}
}

func TestOnlyOurOwnPassesByItself(t *testing.T) {
	t.Parallel()
	for kind, again := range retryable {
		require.Equal(t, kind == fault.Internal || kind == fault.Unavailable || kind == fault.Limited, again, kind.String())
	}
}

func TestTypedErrorsPassThrough(t *testing.T) {
	t.Parallel()
	env := activityEnvironment(t, newGuard())
	env.RegisterActivityWithOptions(func(context.Context, input) error {
		return temporal.NewNonRetryableApplicationError("as it is", "own_code", nil)
	}, activity.RegisterOptions{Name: "Fail"})
	_, err := env.ExecuteActivity("Fail", input{Org: tenancy.Platform})
	requireRefused(t, err, "own_code")
}

func TestOutcomes(t *testing.T) {
	t.Parallel()
	for want, err := range map[string]error{
		"done": nil, "cancelled": context.Canceled, "internal": fmt.Errorf("plain"), "x": refusal("x", "y"),
	} {
		require.Equal(t, want, outcome(err))
	}
}
