package roblox

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"satchel/analytics/suppress"
	"satchel/api/request"
	"satchel/roblox/connections"
	"satchel/tenancy"
)

// PartsView is how many people are how far; null where that would tell of few.
type PartsView struct {
	Quarter *int64 `json:"below_quarter"`
	Half    *int64 `json:"below_half"`
	Most    *int64 `json:"below_three_quarters"`
	Further *int64 `json:"below_done"`
	Done    *int64 `json:"done"`
}

// FigureView is a figure of an experience.
type FigureView struct {
	Kind    connections.FigureKind `json:"kind"`
	Name    string                 `json:"name"`
	Day     string                 `json:"day"`
	People  *int64                 `json:"people"` // null: fewer than are shown
	Parts   *PartsView             `json:"parts"`  // of progress
	Certain bool                   `json:"certain"`
	ReadAt  time.Time              `json:"read_at"`
}

// shownDays is how far back the use of an experience is shown.
const shownDays = 90

// Figures shows how far people are, and how many used the experience, without small groups.
func (r *Connections) Figures(c *gin.Context) error {
	found, err := r.find(c)
	if err != nil {
		return err
	}
	ctx, q := c.Request.Context(), r.DB.Single(request.Caller(c).Org)
	policies, err := tenancy.GetPolicies(ctx, q)
	if err != nil {
		return err
	}
	k := int64(suppress.Usual)
	if t := policies.ReportThreshold; t != nil && *t > 0 {
		k = int64(max(*t, suppress.Least))
	}
	all, err := connections.Figures(ctx, q, found.ID, r.Now().AddDate(0, 0, -shownDays))
	if err != nil {
		return err
	}
	views := make([]FigureView, len(all))
	for i, f := range all {
		views[i] = figureView(f, k)
	}
	c.JSON(http.StatusOK, gin.H{"items": views})
	return nil
}

func figureView(f connections.Figure, k int64) FigureView {
	v := FigureView{Kind: f.Kind, Name: f.Name, Day: f.Day.Format(time.DateOnly), Certain: f.Numbers.Certain, ReadAt: f.ReadAt.UTC()}
	if n := f.Numbers.People; n == 0 || n >= k {
		v.People = &n
	}
	if f.Numbers.Parts == nil {
		return v
	}
	groups := make([][]suppress.Cell, len(f.Numbers.Parts))
	for i, n := range f.Numbers.Parts {
		groups[i] = []suppress.Cell{{N: n, People: n}}
	}
	hidden := suppress.Groups(groups, k)
	if _, shown := suppress.Total(groups, k); !shown {
		v.People = nil
	}
	part := func(i int) *int64 {
		if hidden[i] || v.People == nil {
			return nil
		}
		n := f.Numbers.Parts[i]
		return &n
	}
	v.Parts = &PartsView{part(0), part(1), part(2), part(3), part(4)}
	return v
}
