package usage

import (
	"context"
	"fmt"
	"time"

	"satchel/tenancy"
	"satchel/tenancy/usage/usagedb"
)

// ModelSums are what models of others read, wrote and cost.
type ModelSums struct {
	InputTokens  int64 `json:"ai_input_tokens"`
	OutputTokens int64 `json:"ai_output_tokens"`
	CostMicro    int64 `json:"ai_cost_micro"` // millionths of the unit of money
}

// Add adds another day's.
func (s *ModelSums) Add(o ModelSums) {
	s.InputTokens += o.InputTokens
	s.OutputTokens += o.OutputTokens
	s.CostMicro += o.CostMicro
}

// ModelDays reads the sums of the days on which a model was asked, by the day as 2026-01-31.
func ModelDays(ctx context.Context, q tenancy.Queries, from, to time.Time) (map[string]ModelSums, error) {
	rows, err := usagedb.New(q).ModelDays(ctx, usagedb.ModelDaysParams{Since: from.UTC(), Until: to.UTC()})
	if err != nil {
		return nil, fmt.Errorf("read what models cost: %w", err)
	}
	days := map[string]ModelSums{}
	for _, r := range rows {
		days[r.Day.Format(time.DateOnly)] = ModelSums{r.InputTokens, r.OutputTokens, r.SpentMicro}
	}
	return days, nil
}

// The bounds of the smallest group of people that is shown; those of reports are the same.
const (
	usualLeast = 10
	leastLeast = 5
)

// LeastShown is the size of the smallest group of people that the organization shows.
func LeastShown(ctx context.Context, q tenancy.Queries) (int64, error) {
	p, err := tenancy.GetPolicies(ctx, q)
	if err != nil {
		return 0, fmt.Errorf("read policies: %w", err)
	}
	if t := p.ReportThreshold; t != nil && *t > 0 {
		return int64(max(*t, leastLeast)), nil
	}
	return usualLeast, nil
}
