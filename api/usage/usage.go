package usage

import (
	"encoding/csv"
	"fmt"
	"mime"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"satchel/api/request"
	"satchel/tenancy/usage"
)

// usageDays bounds what one answer covers.
const usageDays = 400

// UsageDay is one day.
type UsageDay struct {
	Day string `json:"day"`
	UsageSums
	StoredBytes int64  `json:"stored_bytes"`
	ActiveUsers *int64 `json:"active_users"` // null: fewer people than are shown
}

// UsageSums are the numbers that can be added over days.
type UsageSums struct {
	Uploads    int64 `json:"uploads"`
	BytesIn    int64 `json:"bytes_in"`
	BytesOut   int64 `json:"bytes_out"`
	Downloads  int64 `json:"downloads"`
	Scans      int64 `json:"scans"`
	Renditions int64 `json:"renditions"`
	Jobs       int64 `json:"jobs"`
	usage.ModelSums
}

// UsageView is an organization's days, their sums, its limits, and the open
// warnings about them.
type UsageView struct {
	Items  []UsageDay   `json:"items"`
	Totals UsageSums    `json:"totals"`
	Limits usage.Limits `json:"limits"`

	Currency string `json:"currency"` // of ai_cost_micro

	Warnings []usage.Warning `json:"warnings"`
}

// GetUsage shows an organization's days, today as it is now.
func (r *Usage) GetUsage(c *gin.Context) error {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return err
	}
	now := time.Now()
	from, to, err := daysParam(c, now)
	if err != nil {
		return err
	}
	asCSV, err := wantsCSV(c)
	if err != nil {
		return err
	}
	ctx, q := c.Request.Context(), r.DB.Single(org)
	days, err := usage.Days(ctx, q, from, to, now)
	if err != nil {
		return err
	}
	models, err := usage.ModelDays(ctx, q, from, to)
	if err != nil {
		return err
	}
	least, err := usage.LeastShown(ctx, q)
	if err != nil {
		return err
	}
	v := UsageView{Items: make([]UsageDay, len(days)), Currency: r.Currency}
	for i, d := range days {
		v.Items[i] = viewDay(d, least)
		v.Items[i].ModelSums = models[v.Items[i].Day]
		v.Totals.add(v.Items[i].UsageSums)
	}
	if asCSV {
		return sendCSV(c, v.Items, from, to)
	}
	if v.Limits, err = usage.GetLimits(ctx, q); err != nil {
		return err
	}
	if v.Warnings, err = usage.Warnings(ctx, q); err != nil {
		return err
	}
	c.JSON(http.StatusOK, v)
	return nil
}

// viewDay shows no number of people that is small, as reports do not: with their days it
// would tell who was here.
func viewDay(d usage.Day, least int64) UsageDay {
	var people *int64
	if d.ActiveUsers == 0 || d.ActiveUsers >= least {
		people = &d.ActiveUsers
	}
	return UsageDay{Day: d.Day.Format(time.DateOnly), StoredBytes: d.StoredBytes, ActiveUsers: people, UsageSums: UsageSums{
		Uploads: d.Uploads, BytesIn: d.BytesIn, BytesOut: d.BytesOut, Downloads: d.Downloads, Scans: d.Scans, Renditions: d.Renditions, Jobs: d.Jobs,
	}}
}

func (s *UsageSums) add(d UsageSums) {
	s.Uploads += d.Uploads
	s.BytesIn += d.BytesIn
	s.BytesOut += d.BytesOut
	s.Downloads += d.Downloads
	s.Scans += d.Scans
	s.Renditions += d.Renditions
	s.Jobs += d.Jobs
	s.Add(d.ModelSums)
}

// daysParam reads the range, by default the last 30 days.
func daysParam(c *gin.Context, now time.Time) (from, to time.Time, err error) {
	today := now.UTC().Truncate(24 * time.Hour)
	if to, err = dayParam(c, "to", today); err != nil {
		return from, to, err
	}
	if from, err = dayParam(c, "from", to.AddDate(0, 0, -29)); err != nil {
		return from, to, err
	}
	if to.Before(from) || to.Sub(from) >= usageDays*24*time.Hour {
		return from, to, request.Invalid("range", "from is not after to, and they are at most %d days.", usageDays)
	}
	return from, to, nil
}

func dayParam(c *gin.Context, name string, otherwise time.Time) (time.Time, error) {
	text := c.Query(name)
	if text == "" {
		return otherwise, nil
	}
	day, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return day, request.Invalid(name, "%s is a day of UTC such as 2026-01-31.", name)
	}
	return day, nil
}

func wantsCSV(c *gin.Context) (bool, error) {
	switch c.Query("format") {
	case "csv":
		return true, nil
	case "json":
		return false, nil
	case "":
		media, _, err := mime.ParseMediaType(c.GetHeader("Accept"))
		return err == nil && media == "text/csv", nil
	}
	return false, request.Invalid("format", "format is json or csv.")
}

var csvHeader = []string{"day", "uploads", "bytes_in", "bytes_out", "downloads", "scans", "renditions", "jobs", "active_users", "stored_bytes", "ai_input_tokens", "ai_output_tokens", "ai_cost_micro"}

// hiddenCell stands for a number that is not shown, as in reports.
const hiddenCell = "*"

// sendCSV sends the days as RFC 4180 has it. Every cell is a number, a day or a star, so
// none can be taken for a formula.
func sendCSV(c *gin.Context, days []UsageDay, from, to time.Time) error {
	c.Header("Content-Type", "text/csv; charset=utf-8; header=present")
	c.Header("Content-Disposition", fmt.Sprintf(`attachment; filename="usage-%s-%s.csv"`, from.Format(time.DateOnly), to.Format(time.DateOnly)))
	w := csv.NewWriter(c.Writer)
	w.UseCRLF = true
	if err := w.Write(csvHeader); err != nil {
		return err
	}
	for _, d := range days {
		cells := []string{d.Day}
		for _, n := range []*int64{&d.Uploads, &d.BytesIn, &d.BytesOut, &d.Downloads, &d.Scans, &d.Renditions, &d.Jobs, d.ActiveUsers, &d.StoredBytes, &d.InputTokens, &d.OutputTokens, &d.CostMicro} {
			if n == nil {
				cells = append(cells, hiddenCell)
				continue
			}
			cells = append(cells, strconv.FormatInt(*n, 10))
		}
		if err := w.Write(cells); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}
