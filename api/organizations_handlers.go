package api

import (
	"context"
	"net/http"
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/internal/fault"
	"satchel/policies/audit"
	"satchel/tenancy"
	"satchel/tenancy/operations"
)

var (
	slugForm       = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
	errOperatorOwn = fault.New(fault.Denied, "not_granted", "Only an operator changes an organization's tier.")
	errPlatform    = fault.New(fault.Conflict, "platform_organization", "The platform's own organization cannot be suspended or deleted.")
)

type ownerBody struct {
	Issuer  string `json:"issuer"`
	Subject string `json:"subject"`
	Email   string `json:"email"`
}

type organizationBody struct {
	Slug         string     `json:"slug"`
	Name         string     `json:"name"`
	Tier         string     `json:"tier"`
	Max          *int64     `json:"max"`
	MaxFileSize  *int64     `json:"max_file_size"`
	ContactEmail string     `json:"contact_email"`
	Owner        *ownerBody `json:"owner"`
}

func (b *organizationBody) check(invites bool) error {
	if !slugForm.MatchString(b.Slug) {
		return invalid("slug", "slug is 1 to 63 of the characters a-z, 0-9 and -, and neither begins nor ends with -.")
	}
	if err := checkName(b.Name); err != nil {
		return err
	}
	if err := checkEmail("contact_email", b.ContactEmail); err != nil {
		return err
	}
	if b.Tier == "" {
		b.Tier = "free"
	}
	if b.Owner != nil {
		if err := b.Owner.check(invites); err != nil {
			return err
		}
	}
	return checkLimits(b.Max, b.MaxFileSize)
}

func (o *ownerBody) check(invites bool) error {
	direct := o.Issuer != "" && o.Subject != ""
	switch {
	case direct == (o.Email != "") || !direct && (o.Issuer != "" || o.Subject != ""):
		return invalid("owner", "owner is either issuer and subject, as in the person's tokens, or email.")
	case direct && (!isText(o.Issuer, 500) || !isText(o.Subject, 255)):
		return invalid("owner", "issuer and subject name a person as their tokens do, in iss and sub.")
	case !direct && !invites:
		return invalid("owner", "Invitations by mail are not set up here. Name the owner by issuer and subject.")
	case !direct && checkEmail("owner", o.Email) != nil:
		return invalid("owner", "owner.email is a mail address.")
	}
	return nil
}

func checkName(name string) error {
	if name == "" || !isText(name, 200) {
		return invalid("name", "name is a text of 1 to 200 characters.")
	}
	return nil
}

func checkEmail(field, text string) error {
	if text == "" {
		return nil
	}
	address, err := mail.ParseAddress(text)
	if err != nil || address.Address != text || len(text) > 254 {
		return invalid(field, "%s is a mail address of at most 254 characters.", field)
	}
	return nil
}

// createOrganization starts provisioning. With wait, it answers with the
// organization once it is ready.
func (a *API) createOrganization(c *gin.Context) error {
	in, err := body[organizationBody](c)
	if err != nil {
		return err
	}
	if err := in.check(a.Invites); err != nil {
		return err
	}
	wait, err := waitParam(c)
	if err != nil {
		return err
	}
	wait = min(wait, quickLimit-5*time.Second) // the route's own limit answers otherwise
	ctx := c.Request.Context()
	if _, err := a.DB.Tier(ctx, in.Tier); err != nil {
		return err
	}
	n := tenancy.NewOrganization{ID: tenancy.OrgID(newID(c)), Slug: in.Slug, Name: in.Name, Tier: in.Tier, ContactEmail: in.ContactEmail,
		Setup: tenancy.Setup{MaxBytes: in.Max, MaxFileSize: in.MaxFileSize}}
	if err := a.nameOwner(ctx, &n, in.Owner); err != nil {
		return err
	}
	op, err := a.Processes.Provision(ctx, caller(c), n)
	if err != nil {
		return err
	}
	if wait <= 0 {
		accepted(c, tenancy.Platform, op)
		return nil
	}
	return a.provisioned(c, n.ID, op, wait)
}

func (a *API) nameOwner(ctx context.Context, n *tenancy.NewOrganization, owner *ownerBody) error {
	if owner == nil {
		return nil
	}
	if owner.Email != "" {
		invitation := tenancy.NewID()
		n.OwnerEmail, n.Invitation = owner.Email, &invitation
		return nil
	}
	user, err := a.DB.EnsureUser(ctx, owner.Issuer, owner.Subject)
	n.Owner = &user
	return err
}

var errProvisioning = fault.New(fault.Unavailable, "provisioning_failed", "The organization could not be set up, and nothing of it is left. Try again; the operation says which step failed.")

func (a *API) provisioned(c *gin.Context, org tenancy.OrgID, op uuid.UUID, wait time.Duration) error {
	ctx := c.Request.Context()
	o, err := a.awaitOperation(ctx, tenancy.Platform, op, wait)
	switch {
	case err != nil:
		return err
	case o.State == operations.Running:
		accepted(c, tenancy.Platform, op)
		return nil
	case o.State != operations.Succeeded:
		return errProvisioning
	}
	made, err := tenancy.GetOrganization(ctx, a.DB.Once(org))
	if err != nil {
		return err
	}
	c.Header("Location", "/api/v1/organizations/"+org.String())
	c.JSON(http.StatusCreated, made)
	return nil
}

// awaitOperation gives an operation once it has ended, or once the time is up.
func (a *API) awaitOperation(ctx context.Context, org tenancy.OrgID, id uuid.UUID, patience time.Duration) (operations.Operation, error) {
	return waitFor(ctx, a, org, id, patience, func() (operations.Operation, bool, error) {
		o, err := operations.Get(ctx, a.DB.Once(org), id)
		return o, o.State != operations.Running, err
	})
}

// listOrganizations is the operators' list, in the order of creation.
func (a *API) listOrganizations(c *gin.Context) error {
	limit, err := limitParam(c)
	if err != nil {
		return err
	}
	status := c.Query("status")
	if status != "" && !slices.Contains([]string{tenancy.Provisioning, tenancy.Active, tenancy.Suspended, tenancy.Deleting}, status) {
		return invalid("status", "status is one of provisioning, active, suspended, deleting.")
	}
	var after tenancy.OrgID
	if text := c.Query("cursor"); text != "" {
		id, err := uuid.Parse(text)
		if err != nil {
			return errCursor.Because(err)
		}
		after = tenancy.OrgID(id)
	}
	found, err := a.DB.ListOrganizations(c.Request.Context(), after, status, c.Query("q"), limit+1)
	if err != nil {
		return err
	}
	var next *string
	if len(found) > limit {
		found = found[:limit]
		last := found[limit-1].ID.String()
		next = &last
	}
	c.JSON(http.StatusOK, gin.H{"items": found, "next_cursor": next})
	return nil
}

func (a *API) getOrganization(c *gin.Context) error {
	org, err := a.subject(c, c.Param("id"))
	if err != nil {
		return err
	}
	return a.showOrganization(c, org)
}

// showOrganization leaves out what is between the owner and the operators.
func (a *API) showOrganization(c *gin.Context, org tenancy.OrgID) error {
	o, err := tenancy.GetOrganization(c.Request.Context(), a.DB.Once(org))
	if err != nil {
		return err
	}
	if role := caller(c).Role; role != tenancy.Owner && role != tenancy.Operator {
		o.ContactEmail, o.StatusReason = "", ""
	}
	c.JSON(http.StatusOK, o)
	return nil
}

type organizationChange struct {
	Name                *string   `json:"name"`
	ContactEmail        *string   `json:"contact_email"`
	AllowedOrigins      *[]string `json:"allowed_origins"`
	ReadsWhileSuspended *bool     `json:"reads_while_suspended"`
	Tier                *string   `json:"tier"`
}

func (b organizationChange) check() error {
	if b.Name != nil {
		if err := checkName(*b.Name); err != nil {
			return err
		}
	}
	if b.ContactEmail != nil {
		if err := checkEmail("contact_email", *b.ContactEmail); err != nil {
			return err
		}
	}
	if b.AllowedOrigins == nil {
		return nil
	}
	if len(*b.AllowedOrigins) > 20 {
		return invalid("allowed_origins", "allowed_origins holds at most 20 origins.")
	}
	for _, o := range *b.AllowedOrigins {
		u, err := url.Parse(o)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || o != u.Scheme+"://"+u.Host {
			return invalid("allowed_origins", "An origin is a scheme and a host, such as https://school.example.")
		}
	}
	return nil
}

func (a *API) changeOrganization(c *gin.Context) error {
	org, err := a.subject(c, c.Param("id"))
	if err != nil {
		return err
	}
	in, err := body[organizationChange](c)
	if err != nil {
		return err
	}
	if err := in.check(); err != nil {
		return err
	}
	ctx := c.Request.Context()
	if in.Tier != nil {
		if caller(c).Role != tenancy.Operator {
			return errOperatorOwn
		}
		if _, err := a.DB.Tier(ctx, *in.Tier); err != nil {
			return err
		}
	}
	err = a.DB.InTx(ctx, org, func(tx *tenancy.Tx) error { return in.apply(ctx, tx) })
	if err != nil {
		return err
	}
	return a.showOrganization(c, org)
}

func (b organizationChange) apply(ctx context.Context, tx *tenancy.Tx) error {
	change := tenancy.OrganizationChange{Name: b.Name, ContactEmail: b.ContactEmail, AllowedOrigins: b.AllowedOrigins, ReadsWhileSuspended: b.ReadsWhileSuspended}
	if err := tenancy.UpdateOrganization(ctx, tx, change); err != nil {
		return err
	}
	event := audit.Event{Action: "organization.change", ObjectID: tx.Org().String()}
	if b.Tier != nil {
		if err := tenancy.SetTier(ctx, tx, *b.Tier); err != nil {
			return err
		}
		event.Code = "tier:" + *b.Tier
	}
	return audit.Record(ctx, tx, event)
}
