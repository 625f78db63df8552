package compliance

import (
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/api/privacypage"
	"satchel/api/retention"
	"satchel/internal/fault"
	"satchel/policies/compliance"
	"satchel/policies/consent"
	"satchel/policies/consent/requests"
	"satchel/tenancy"
)

var errNoOrganization = fault.New(fault.NotFound, "organization_not_found", "There is no such organization.")

// NoticeView is the newest version of the direct notice to parents.
type NoticeView struct {
	Number   int32           `json:"number"`
	Language string          `json:"language"`
	SHA256   string          `json:"sha256"`
	Notice   requests.Notice `json:"notice"`
}

// SubprocessorView is what anybody may read of one.
type SubprocessorView struct {
	Kind       string    `json:"kind"`
	Name       string    `json:"name"`
	Purpose    string    `json:"purpose"`
	Categories string    `json:"categories"`
	Location   string    `json:"location"`
	Since      time.Time `json:"since"`
}

// PrivacyView is the privacy notice of an organization: what is in force now.
type PrivacyView struct {
	Organization  string                 `json:"organization"`
	AsOf          time.Time              `json:"as_of"`
	Contact       string                 `json:"contact"`
	Gate          string                 `json:"gate"`
	Purposes      []string               `json:"purposes"`
	Notice        *NoticeView            `json:"notice"`
	Subprocessors []SubprocessorView     `json:"subprocessors"`
	Retention     []retention.PublicView `json:"retention"`
}

// privacy reads it, of an organization that is open.
func (r *Compliance) privacy(c *gin.Context) (v PrivacyView, err error) {
	id, err := uuid.Parse(c.Param("id"))
	org := tenancy.OrgID(id)
	if err != nil || org.IsZero() || org == tenancy.Platform {
		return v, errNoOrganization
	}
	ctx := c.Request.Context()
	err = r.All.InTx(ctx, org, func(tx *tenancy.Tx) error {
		o, err := tenancy.GetOrganization(ctx, tx)
		if err != nil || o.Status != tenancy.Active {
			return errNoOrganization
		}
		v = PrivacyView{Organization: o.Name, AsOf: r.Now().UTC(), Subprocessors: []SubprocessorView{}}
		if v.Contact, err = compliance.WhomToAsk(ctx, tx); err != nil {
			return err
		}
		if v.Purposes, err = compliance.Purposes(ctx, tx); err != nil {
			return err
		}
		settings, err := consent.GetSettings(ctx, tx)
		if err != nil {
			return err
		}
		v.Gate = settings.Gate
		others, err := consent.PublicList(ctx, tx, org)
		if err != nil {
			return err
		}
		for _, s := range others {
			v.Subprocessors = append(v.Subprocessors, SubprocessorView{s.Kind, s.Name, s.Purpose, s.Categories, s.Location, s.Since.UTC()})
		}
		if v.Retention, err = retention.Policies(ctx, tx); err != nil {
			return err
		}
		n, err := requests.Newest(ctx, tx)
		if err == nil {
			v.Notice = &NoticeView{n.Number, n.Language, n.SHA256, n.Notice}
		} else if !errors.Is(err, requests.ErrNothingToAsk) {
			return err
		}
		return nil
	})
	return v, err
}

// Privacy answers anybody with the privacy notice.
func (r *Compliance) Privacy(c *gin.Context) error {
	v, err := r.privacy(c)
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, v)
	return nil
}

// PrivacyPage is the same for people.
func (r *Compliance) PrivacyPage(c *gin.Context) error {
	v, err := r.privacy(c)
	if err != nil {
		return err
	}
	page := privacypage.View{Organization: v.Organization, Contact: v.Contact, AsOf: v.AsOf, Gate: v.Gate, Purposes: v.Purposes}
	for _, s := range v.Subprocessors {
		page.Subprocessors = append(page.Subprocessors, privacypage.Subprocessor{Name: s.Name, Purpose: s.Purpose, Categories: s.Categories, Location: s.Location, Since: s.Since})
	}
	for _, p := range v.Retention {
		page.Retention = append(page.Retention, privacypage.Retention{Category: p.Category, Children: p.Children, Purpose: p.Purpose, BusinessNeed: p.BusinessNeed, Days: p.Days})
	}
	if n := v.Notice; n != nil {
		page.Notice = &privacypage.Notice{Number: n.Number, Language: n.Language, SHA256: n.SHA256, Parts: []string{n.Notice.Summary}}
		for _, b := range requests.Blocks {
			page.Notice.Parts = append(page.Notice.Parts, b.Text(n.Notice))
		}
	}
	return privacypage.Write(c.Writer, c.Request, page)
}
