// Package histories opens for operators what Temporal stores encrypted: it is the codec
// server that the Temporal UI and its command line ask.
package histories

import (
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"

	"github.com/gin-gonic/gin"
	commonpb "go.temporal.io/api/common/v1"
	"google.golang.org/protobuf/encoding/protojson"

	"satchel/api/request"
	"satchel/internal/fault"
	"satchel/internal/payloads"
	"satchel/policies/audit"
	"satchel/tenancy"
)

// Histories answers operators.
type Histories struct {
	DB    *tenancy.DB // of the whole platform
	Codec *payloads.Codec
}

var errUnreadable = fault.New(fault.Invalid, "payload_unreadable", "No key of SATCHEL_SECRETS_KEY opens one of the payloads, or it was changed. Payloads older than a key that was taken out stay closed.")

// Decode opens payloads. Whose they were is put on record before they are answered.
func (r *Histories) Decode(c *gin.Context) error {
	body, err := io.ReadAll(c.Request.Body)
	if err != nil {
		return request.BodyError(err)
	}
	var in commonpb.Payloads
	if err := protojson.Unmarshal(body, &in); err != nil {
		return request.Invalid("body", "The body is {\"payloads\": […]} as Temporal gives it.")
	}
	opened, err := r.Codec.Decode(in.GetPayloads())
	if err != nil {
		return errUnreadable
	}
	whose := map[string]int{}
	for _, p := range in.GetPayloads() {
		if org, encrypted := payloads.OrganizationOf(p); encrypted {
			whose[org]++
		}
	}
	ctx := c.Request.Context()
	for _, org := range slices.Sorted(maps.Keys(whose)) {
		if err := audit.Record(ctx, r.DB.Single(tenancy.Platform), audit.Event{Action: "history.decode", ObjectID: org, Code: strconv.Itoa(whose[org])}); err != nil {
			return err
		}
	}
	out, err := protojson.Marshal(&commonpb.Payloads{Payloads: opened})
	if err != nil {
		return err
	}
	c.Data(http.StatusOK, "application/json", out)
	return nil
}
