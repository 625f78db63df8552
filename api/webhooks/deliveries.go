package webhooks

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/api/request"
	"satchel/policies/audit"
	"satchel/tenancy"
	"satchel/tenancy/events"
	"satchel/tenancy/webhooks"
)

// DeliveryView is one event on its way to one webhook.
type DeliveryView struct {
	ID        uuid.UUID              `json:"id"`
	Event     uuid.UUID              `json:"event_id"`
	Seq       int64                  `json:"seq"`
	Type      string                 `json:"type"`
	State     webhooks.DeliveryState `json:"state"`
	Code      string                 `json:"code"`
	Attempts  int                    `json:"attempts"`
	NextAt    *time.Time             `json:"next_at"`
	EndedAt   *time.Time             `json:"ended_at"`
	CreatedAt time.Time              `json:"created_at"`
	Log       []AttemptView          `json:"log,omitempty"`
}

// AttemptView is one request and its answer.
type AttemptView struct {
	Number       int       `json:"number"`
	At           time.Time `json:"at"`
	TookMS       int       `json:"took_ms"`
	Status       int       `json:"status"`
	Code         string    `json:"code"`
	RequestBody  string    `json:"request_body"`
	ResponseBody string    `json:"response_body"`
}

func viewOfDelivery(d webhooks.Delivery) DeliveryView {
	v := DeliveryView{ID: d.ID, Event: d.Event, Seq: d.Seq, Type: d.Type, State: d.State, Code: d.Code, Attempts: d.Attempts, EndedAt: request.UTC(d.EndedAt), CreatedAt: d.CreatedAt.UTC()}
	if d.State == webhooks.Pending {
		v.NextAt = request.UTC(&d.NextAt)
	}
	return v
}

var deliveryStates = []webhooks.DeliveryState{"", webhooks.Pending, webhooks.Delivered, webhooks.Failed, webhooks.Withheld}

// Deliveries lists the log, the newest event first.
func (r *Webhooks) Deliveries(c *gin.Context) error {
	org, id, err := request.Below(c, r.DB, "webhook", webhooks.ErrNotFound)
	if err != nil {
		return err
	}
	limit, err := request.Limit(c)
	if err != nil {
		return err
	}
	state := webhooks.DeliveryState(c.Query("state"))
	if !slices.Contains(deliveryStates, state) {
		return request.Invalid("state", "state is pending, delivered, failed or withheld.")
	}
	var before *int64
	if cursor := c.Query("cursor"); cursor != "" {
		n, err := strconv.ParseInt(cursor, 10, 64)
		if err != nil || n < 0 {
			return request.ErrCursor
		}
		before = &n
	}
	ctx, q := c.Request.Context(), r.DB.Single(org)
	if _, err := webhooks.Get(ctx, q, id); err != nil {
		return err
	}
	found, err := webhooks.Deliveries(ctx, q, id, state, before, limit+1)
	if err != nil {
		return err
	}
	p := request.Page[DeliveryView]{Items: make([]DeliveryView, 0, limit)}
	if len(found) > limit {
		found = found[:limit]
		p.NextCursor = strconv.FormatInt(found[limit-1].Seq, 10)
	}
	for _, d := range found {
		p.Items = append(p.Items, viewOfDelivery(d))
	}
	c.JSON(http.StatusOK, p)
	return nil
}

// GetDelivery shows one with its attempts.
func (r *Webhooks) GetDelivery(c *gin.Context) error {
	org, id, delivery, err := r.deliveryParams(c)
	if err != nil {
		return err
	}
	return r.showDelivery(c, org, id, delivery, http.StatusOK)
}

func (r *Webhooks) showDelivery(c *gin.Context, org tenancy.OrgID, id, delivery uuid.UUID, status int) error {
	d, attempts, err := webhooks.GetDelivery(c.Request.Context(), r.DB.Single(org), id, delivery)
	if err != nil {
		return err
	}
	v := viewOfDelivery(d)
	v.Log = make([]AttemptView, len(attempts))
	for i, a := range attempts {
		v.Log[i] = AttemptView(a)
		v.Log[i].At = a.At.UTC()
	}
	c.JSON(status, v)
	return nil
}

// Test sends an event of its own to a webhook, whatever its types.
func (r *Webhooks) Test(c *gin.Context) error {
	org, id, err := request.Below(c, r.DB, "webhook", webhooks.ErrNotFound)
	if err != nil {
		return err
	}
	ctx, event := c.Request.Context(), request.NewID(c)
	err = r.change(c, org, id, "webhook.test", "", func(tx *tenancy.Tx) error {
		return events.Record(ctx, tx, event, events.WebhookTest, map[string]any{"webhook_id": id})
	})
	if err != nil {
		return err
	}
	c.JSON(http.StatusAccepted, gin.H{"event_id": event})
	return nil
}

// change does something with an active webhook, records it, and wakes who delivers.
func (r *Webhooks) change(c *gin.Context, org tenancy.OrgID, id uuid.UUID, action, code string, do func(*tenancy.Tx) error) error {
	ctx := c.Request.Context()
	return r.DB.InTx(ctx, org, func(tx *tenancy.Tx) error {
		w, err := webhooks.Get(ctx, tx, id)
		if err != nil {
			return err
		}
		if w.State != webhooks.Active {
			return webhooks.ErrDisabled
		}
		if err := do(tx); err != nil {
			return err
		}
		if err := events.Notify(ctx, tx); err != nil {
			return err
		}
		return audit.Record(ctx, tx, audit.Event{Action: action, ObjectID: id.String(), Code: code})
	})
}

// ReplayDelivery has one delivery tried again.
func (r *Webhooks) ReplayDelivery(c *gin.Context) error {
	org, id, delivery, err := r.deliveryParams(c)
	if err != nil {
		return err
	}
	err = r.change(c, org, id, "webhook.replay", delivery.String(), func(tx *tenancy.Tx) error {
		return webhooks.Replay(c.Request.Context(), tx, id, delivery, time.Now())
	})
	if err != nil {
		return err
	}
	return r.showDelivery(c, org, id, delivery, http.StatusAccepted)
}

type replayBody struct {
	Since      time.Time  `json:"since"`
	Until      *time.Time `json:"until"`
	Everything bool       `json:"everything"`
}

// Replay has the failed deliveries of a span tried again.
func (r *Webhooks) Replay(c *gin.Context) error {
	org, id, err := request.Below(c, r.DB, "webhook", webhooks.ErrNotFound)
	if err != nil {
		return err
	}
	in, err := request.Body[replayBody](c)
	if err != nil {
		return err
	}
	var n int64
	now := time.Now()
	err = r.change(c, org, id, "webhook.replay", "", func(tx *tenancy.Tx) error {
		n, err = webhooks.ReplaySpan(c.Request.Context(), tx, id, webhooks.Span{Since: in.Since, Until: or(in.Until, now), Everything: in.Everything}, now)
		return err
	})
	if err != nil {
		return err
	}
	c.JSON(http.StatusAccepted, gin.H{"deliveries": n})
	return nil
}

func (r *Webhooks) deliveryParams(c *gin.Context) (tenancy.OrgID, uuid.UUID, uuid.UUID, error) {
	org, id, err := request.Below(c, r.DB, "webhook", webhooks.ErrNotFound)
	if err != nil {
		return org, id, uuid.Nil, err
	}
	delivery, err := uuid.Parse(c.Param("delivery"))
	if err != nil {
		err = webhooks.ErrNoDelivery.Because(err)
	}
	return org, id, delivery, err
}

// Schemas gives the JSON Schema of each type of event.
func (r *Webhooks) Schemas(c *gin.Context) error {
	schemas := make([]map[string]any, len(events.Types))
	for i, t := range events.Types {
		schemas[i] = t.Schema()
	}
	c.JSON(http.StatusOK, gin.H{"items": schemas})
	return nil
}
