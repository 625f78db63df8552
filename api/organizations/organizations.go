// Package organizations answers for organizations themselves: their lives, their
// rules and their tiers.
package organizations

import (
	"context"
	"net/http"
	"regexp"
	"slices"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/api/delivery"
	"satchel/api/listen"
	"satchel/api/request"
	"satchel/internal/fault"
	"satchel/policies/audit"
	"satchel/policies/compliance"
	"satchel/tenancy"
	"satchel/tenancy/members"
	"satchel/tenancy/operations"
)

var (
	slugPattern    = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
	errOperatorOwn = fault.New(fault.Denied, "not_granted", "Only an operator changes an organization's tier.")
	errNoReport    = fault.New(fault.Denied, "not_granted", "Owners, admins and auditors see which rules an organization meets.")
	errPlatform    = fault.New(fault.Conflict, "platform_organization", "The platform's own organization cannot be suspended, exported or deleted.")
)

// Workflows are the workflows behind an organization's life.
type Workflows interface {
	// Provision starts to set an organization up and gives the operation's id,
	// which is the platform's.
	Provision(ctx context.Context, by tenancy.Actor, n tenancy.NewOrganization) (uuid.UUID, error)
	// Suspend, Resume and Delete change the organization at once and follow it up
	// as the given operation of the platform. Keep ends a deletion's grace period.
	Suspend(ctx context.Context, by tenancy.Actor, org tenancy.OrgID, op uuid.UUID, reason string) error
	Resume(ctx context.Context, by tenancy.Actor, org tenancy.OrgID, op uuid.UUID) error
	Delete(ctx context.Context, by tenancy.Actor, org tenancy.OrgID, op uuid.UUID, grace time.Duration) error
	CancelDeletion(ctx context.Context, org tenancy.OrgID) error
	// StartAdmitted lets waiting files into the pipeline, as far as there is room.
	StartAdmitted(ctx context.Context, org tenancy.OrgID) error
	// Export begins a copy of everything that an organization has, and gives the
	// operation, which is the organization's own.
	Export(ctx context.Context, by tenancy.Actor, org tenancy.OrgID, op uuid.UUID) (uuid.UUID, error)
}

// Organizations answers for organizations.
type Organizations struct {
	DB               *tenancy.DB
	All              *tenancy.DB // of the organization: whether rules are met is counted over all rows
	Workflows        Workflows
	Listener         *listen.Listener
	Exports          delivery.Source
	Invites          bool          // owners can be invited by mail
	ProvisionTimeout time.Duration // how long a call may wait for an organization to be ready
}

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
	Cluster      string     `json:"cluster"` // of SATCHEL_DATABASE_CLUSTERS; "": the directory's
}

func (b *organizationBody) check(invites bool) error {
	if !slugPattern.MatchString(b.Slug) {
		return request.Invalid("slug", "slug is 1 to 63 of the characters a-z, 0-9 and -, and neither begins nor ends with -.")
	}
	if err := tenancy.CheckOrganizationName(b.Name); err != nil {
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
	return request.CheckLimits(b.Max, b.MaxFileSize)
}

func (o *ownerBody) check(invites bool) error {
	direct := o.Issuer != "" && o.Subject != ""
	switch {
	case direct == (o.Email != "") || !direct && (o.Issuer != "" || o.Subject != ""):
		return request.Invalid("owner", "owner is either issuer and subject, as in the person's tokens, or email.")
	case direct && (!request.IsText(o.Issuer, 500) || !request.IsText(o.Subject, 255)):
		return request.Invalid("owner", "issuer and subject name a person as their tokens do, in iss and sub.")
	case !direct && !invites:
		return request.Invalid("owner", "Invitations by mail are not set up here. Name the owner by issuer and subject.")
	case !direct && checkEmail("owner", o.Email) != nil:
		return request.Invalid("owner", "owner.email is one mail address such as name@school.example, of at most 254 characters.")
	}
	return nil
}

func checkEmail(field, text string) error {
	if text == "" {
		return nil
	}
	if members.CheckEmail(text) != nil { // the rule of invitations: who passes here can be invited
		return request.Invalid(field, "%s is one mail address such as name@school.example, of at most 254 characters.", field)
	}
	return nil
}

// Create starts provisioning. With wait, it answers with the
// organization once it is ready.
func (r *Organizations) Create(c *gin.Context) error {
	in, err := request.Body[organizationBody](c)
	if err != nil {
		return err
	}
	if err := in.check(r.Invites); err != nil {
		return err
	}
	wait, err := request.Wait(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	if in.Cluster != "" && !slices.Contains(r.DB.Clusters(), in.Cluster) {
		return tenancy.ErrNoCluster
	}
	if _, err := r.DB.Tier(ctx, in.Tier); err != nil {
		return err
	}
	n := tenancy.NewOrganization{ID: tenancy.OrgID(request.NewID(c)), Slug: in.Slug, Name: in.Name, Tier: in.Tier, ContactEmail: in.ContactEmail, Cluster: in.Cluster,
		ProvisioningSetup: tenancy.ProvisioningSetup{MaxBytes: in.Max, MaxFileSize: in.MaxFileSize}}
	if err := r.nameOwner(ctx, &n, in.Owner); err != nil {
		return err
	}
	op, err := r.Workflows.Provision(ctx, request.Caller(c), n)
	if err != nil {
		return err
	}
	return r.answerProvisioning(c, n.ID, op, wait)
}

func (r *Organizations) answerProvisioning(c *gin.Context, org tenancy.OrgID, op uuid.UUID, wait time.Duration) error {
	if wait <= 0 {
		request.Accepted(c, tenancy.Platform, op)
		return nil
	}
	return r.provisioned(c, org, op, min(wait, r.ProvisionTimeout))
}

func (r *Organizations) nameOwner(ctx context.Context, n *tenancy.NewOrganization, owner *ownerBody) error {
	if owner == nil {
		return nil
	}
	if owner.Email != "" {
		invitation := tenancy.NewID()
		n.OwnerEmail, n.Invitation = owner.Email, &invitation
		return nil
	}
	user, err := r.DB.EnsureUser(ctx, owner.Issuer, owner.Subject)
	n.Owner = &user
	return err
}

var errProvisioning = fault.New(fault.Unavailable, "provisioning_failed", "The organization could not be set up, and nothing of it is left. Try again; the operation says which step failed.")

func (r *Organizations) provisioned(c *gin.Context, org tenancy.OrgID, op uuid.UUID, wait time.Duration) error {
	ctx := c.Request.Context()
	o, err := r.awaitOperation(ctx, tenancy.Platform, op, wait)
	switch {
	case err != nil:
		return err
	case o.State.Open():
		request.Accepted(c, tenancy.Platform, op)
		return nil
	case o.State != operations.Succeeded:
		return errProvisioning
	}
	made, err := tenancy.GetOrganization(ctx, r.DB.Single(org))
	if err != nil {
		return err
	}
	c.Header("Location", "/api/v1/organizations/"+org.String())
	c.JSON(http.StatusCreated, made)
	return nil
}

// awaitOperation gives an operation once it has ended, or once the time is up.
func (r *Organizations) awaitOperation(ctx context.Context, org tenancy.OrgID, id uuid.UUID, patience time.Duration) (operations.Operation, error) {
	return listen.WaitFor(ctx, r.Listener, org, id, patience, func() (operations.Operation, bool, error) {
		o, err := operations.Get(ctx, r.DB.Single(org), id)
		return o, !o.State.Open(), err
	})
}

// List is the operators' list, in the order of creation.
func (r *Organizations) List(c *gin.Context) error {
	limit, err := request.Limit(c)
	if err != nil {
		return err
	}
	status := c.Query("status")
	if status != "" && !slices.Contains([]string{tenancy.Provisioning, tenancy.Active, tenancy.Suspended, tenancy.Deleting}, status) {
		return request.Invalid("status", "status is one of provisioning, active, suspended, deleting.")
	}
	var after tenancy.OrgID
	if text := c.Query("cursor"); text != "" {
		id, err := uuid.Parse(text)
		if err != nil {
			return request.ErrCursor.Because(err)
		}
		after = tenancy.OrgID(id)
	}
	found, err := r.DB.ListOrganizations(c.Request.Context(), after, status, c.Query("q"), limit+1)
	if err != nil {
		return err
	}
	next := ""
	if len(found) > limit {
		found = found[:limit]
		next = found[limit-1].ID.String()
	}
	c.JSON(http.StatusOK, request.Page[tenancy.Organization]{Items: found, NextCursor: next})
	return nil
}

// Get answers with one organization.
func (r *Organizations) Get(c *gin.Context) error {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return err
	}
	switch c.Query("include") {
	case "":
		return r.showOrganization(c, org)
	case "compliance":
		return r.showCompliance(c, org)
	}
	return request.Invalid("include", "include is compliance.")
}

// showCompliance shows the organization with what its compliance report derives, which takes a
// pass over rows and is for those who may read the report.
func (r *Organizations) showCompliance(c *gin.Context, org tenancy.OrgID) error {
	if !request.Caller(c).May(tenancy.ReadCompliance) {
		return errNoReport
	}
	ctx := c.Request.Context()
	o, err := tenancy.GetOrganization(ctx, r.DB.Single(org))
	if err != nil {
		return err
	}
	report, err := compliance.Make(ctx, r.All, org, time.Now())
	if err != nil {
		return err
	}
	if !request.Caller(c).SeesContact() {
		o.ContactEmail, o.StatusReason = "", ""
	}
	c.JSON(http.StatusOK, struct {
		tenancy.Organization
		COPPA bool `json:"coppa_compliant"`
		FERPA bool `json:"ferpa_compliant"`
	}{o, report.Compliant(compliance.COPPA), report.Compliant(compliance.FERPA)})
	return nil
}

// showOrganization leaves out what is between the owner and the operators.
func (r *Organizations) showOrganization(c *gin.Context, org tenancy.OrgID) error {
	o, err := tenancy.GetOrganization(c.Request.Context(), r.DB.Single(org))
	if err != nil {
		return err
	}
	if !request.Caller(c).SeesContact() {
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
		if err := tenancy.CheckOrganizationName(*b.Name); err != nil {
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
		return request.Invalid("allowed_origins", "allowed_origins holds at most 20 origins.")
	}
	for _, o := range *b.AllowedOrigins {
		// The rule of the CORS check: an origin that it can never match would
		// look like a permission without effect.
		if err := tenancy.ValidOrigin(o); err != nil {
			return request.Invalid("allowed_origins", "%.100q cannot be allowed. %s", o, tenancy.ErrOrigin.Text)
		}
	}
	return nil
}

// Change changes an organization.
func (r *Organizations) Change(c *gin.Context) error {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return err
	}
	in, err := request.Body[organizationChange](c)
	if err != nil {
		return err
	}
	if err := in.check(); err != nil {
		return err
	}
	ctx := c.Request.Context()
	if in.Tier != nil {
		if !request.Caller(c).IsOperator() {
			return errOperatorOwn
		}
		if _, err := r.DB.Tier(ctx, *in.Tier); err != nil {
			return err
		}
	}
	err = r.DB.InTx(ctx, org, func(tx *tenancy.Tx) error { return in.apply(ctx, tx) })
	if err != nil {
		return err
	}
	if in.Tier != nil {
		// A larger tier may have room for files that wait. Where this fails, the
		// sweep moves the admission queue, as it does when a tier itself is changed.
		_ = r.Workflows.StartAdmitted(ctx, org)
	}
	return r.showOrganization(c, org)
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
