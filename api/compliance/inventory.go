package compliance

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/api/request"
	"satchel/api/retention"
	"satchel/policies/compliance"
	"satchel/tenancy"
)

// HoldingView is a table and what it holds of people.
type HoldingView struct {
	Table    string              `json:"table"`
	Category compliance.Category `json:"category"`
	Purpose  string              `json:"purpose"`
	Kept     string              `json:"kept"`
	Columns  []compliance.Column `json:"columns"`
}

// StoreView is a place outside of the tables.
type StoreView struct {
	Name  string `json:"name"`
	Holds string `json:"holds"`
	Kept  string `json:"kept"`
}

// InventoryView is what is kept of people, where, what for and for how long.
type InventoryView struct {
	Organization uuid.UUID              `json:"organization_id"`
	AsOf         time.Time              `json:"as_of"`
	Tables       []HoldingView          `json:"tables"`
	Stores       []StoreView            `json:"stores"`
	Retention    []retention.PublicView `json:"retention"`
	ExhibitB     []compliance.Element   `json:"ndpa_exhibit_b"`
}

// Inventory reads the live schema and the organization's rules of retention.
func (r *Compliance) Inventory(c *gin.Context) error {
	ctx, org := c.Request.Context(), request.Caller(c).Org
	var holdings []compliance.Holding
	var kept []retention.PublicView
	err := r.All.InTx(ctx, org, func(tx *tenancy.Tx) (err error) {
		if holdings, err = compliance.Inventory(ctx, tx); err == nil {
			kept, err = retention.Policies(ctx, tx)
		}
		return err
	})
	if err != nil {
		return err
	}
	v := InventoryView{Organization: org.UUID(), AsOf: r.Now().UTC(), Tables: make([]HoldingView, len(holdings)), Retention: kept, ExhibitB: compliance.ExhibitB(holdings)}
	for i, h := range holdings {
		v.Tables[i] = HoldingView(h)
	}
	for _, s := range compliance.Stores {
		v.Stores = append(v.Stores, StoreView(s))
	}
	c.JSON(http.StatusOK, v)
	return nil
}
