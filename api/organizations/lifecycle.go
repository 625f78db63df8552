package organizations

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"satchel/api/request"
	"satchel/generation/providers"
	"satchel/internal/fault"
	"satchel/internal/mailtext"
	"satchel/policies/audit"
	"satchel/policies/consent"
	"satchel/policies/pii"
	"satchel/policies/transforms"
	"satchel/policies/types"
	"satchel/tenancy"
)

// lifecycle is the organization that an operator's call decides about.
func (r *Organizations) lifecycle(c *gin.Context) (tenancy.OrgID, error) {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err == nil && org == tenancy.Platform {
		err = errPlatform
	}
	return org, err
}

type suspendBody struct {
	Reason string `json:"reason"`
}

// Suspend suspends an organization.
func (r *Organizations) Suspend(c *gin.Context) error {
	org, err := r.lifecycle(c)
	if err != nil {
		return err
	}
	in, err := request.OptionalBody[suspendBody](c)
	if err != nil {
		return err
	}
	if in.Reason != "" && !request.IsText(in.Reason, 500) {
		return request.Invalid("reason", "reason is a text of at most 500 characters.")
	}
	op := request.NewID(c)
	if err := r.Workflows.Suspend(c.Request.Context(), request.Caller(c), org, op, in.Reason); err != nil {
		return err
	}
	request.Accepted(c, tenancy.Platform, op)
	return nil
}

// Resume ends a suspension.
func (r *Organizations) Resume(c *gin.Context) error {
	org, err := r.lifecycle(c)
	if err != nil {
		return err
	}
	op := request.NewID(c)
	if err := r.Workflows.Resume(c.Request.Context(), request.Caller(c), org, op); err != nil {
		return err
	}
	request.Accepted(c, tenancy.Platform, op)
	return nil
}

type deleteBody struct {
	Slug  string `json:"slug"`
	Grace *int64 `json:"grace"` // seconds
}

const (
	defaultGrace = 30 * 24 * time.Hour
	maxGrace     = 365 * 24 * time.Hour
)

// Delete begins the grace period after which an organization is gone.
func (r *Organizations) Delete(c *gin.Context) error {
	org, err := r.lifecycle(c)
	if err != nil {
		return err
	}
	in, err := request.Body[deleteBody](c)
	if err != nil {
		return err
	}
	grace, err := request.Seconds("grace", in.Grace, defaultGrace)
	if err != nil {
		return err
	}
	if grace > maxGrace {
		return request.Invalid("grace", "grace is a number of seconds from 0 to %d.", int64(maxGrace/time.Second))
	}
	ctx := c.Request.Context()
	o, err := tenancy.GetOrganization(ctx, r.DB.Single(org))
	if err != nil {
		return err
	}
	if in.Slug != o.Slug {
		return request.Invalid("slug", "Repeat the organization's slug in slug: what is deleted does not come back.")
	}
	op := request.NewID(c)
	if err := r.Workflows.Delete(ctx, request.Caller(c), org, op, grace); err != nil {
		return err
	}
	request.Accepted(c, tenancy.Platform, op)
	return nil
}

// CancelDeletion ends the grace period of a deletion.
func (r *Organizations) CancelDeletion(c *gin.Context) error {
	org, err := r.lifecycle(c)
	if err != nil {
		return err
	}
	if err := r.Workflows.CancelDeletion(c.Request.Context(), org); err != nil {
		return err
	}
	return r.showOrganization(c, org)
}

// GetPolicies answers with an organization's rules.
func (r *Organizations) GetPolicies(c *gin.Context) error {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return err
	}
	p, err := tenancy.GetPolicies(c.Request.Context(), r.DB.Single(org))
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, p)
	return nil
}

type policiesBody struct {
	TrashDays    *int      `json:"trash_days"` // 0: as long as the platform keeps trash
	AllowedTypes *[]string `json:"allowed_types"`
	Switches     *[]string `json:"type_switches"`
	Extensions   *[]string `json:"extra_extensions"`
	EmptyFiles   *bool     `json:"empty_files"`
	VersionKeep  *int      `json:"version_keep"`  // 0: all
	VersionDays  *int      `json:"version_days"`  // 0: for ever
	PictureSizes *[]int    `json:"picture_sizes"` // none: the platform's

	ShareOutside  *bool `json:"share_outside"`
	ShareUpload   *bool `json:"share_upload"`
	SharePassword *bool `json:"share_password"`
	ShareDays     *int  `json:"share_days"`        // 0: without a limit
	AccessDays    *int  `json:"share_access_days"` // 0: for as long as the share
	ShareRecords  *bool `json:"share_records"`

	MailStudents *bool   `json:"mail_students"`
	MailLanguage *string `json:"mail_language"`
	TimeZone     *string `json:"time_zone"`

	Generation          *bool     `json:"generation"`
	GenerationProviders *[]string `json:"generation_providers"`
	GenerationJob       *int64    `json:"generation_job_micro"` // -1: the platform's bound
	GenerationDay       *int64    `json:"generation_day_micro"`
	GenerationMonth     *int64    `json:"generation_month_micro"`

	ReportThreshold *int `json:"report_threshold"` // 0: ten

	PersonalData *string   `json:"pii_policy"`
	StudentIDs   *[]string `json:"pii_student_ids"`
}

func (b policiesBody) change(p *tenancy.Policies) error {
	if b.TrashDays != nil {
		if *b.TrashDays < 0 || *b.TrashDays > 3650 {
			return request.Invalid("trash_days", "trash_days is a number of days from 1 to 3650, or 0 for the platform's.")
		}
		p.TrashDays = b.TrashDays
		if *b.TrashDays == 0 {
			p.TrashDays = nil
		}
	}
	if b.EmptyFiles != nil {
		p.EmptyFiles = *b.EmptyFiles
	}
	if err := b.changeVersions(p); err != nil {
		return err
	}
	if b.PictureSizes != nil {
		sizes, ok := transforms.SizesOf(*b.PictureSizes)
		if !ok {
			return request.Invalid("picture_sizes", "picture_sizes are up to %d sides in pixels, from %d to %d, or none for the platform's.", transforms.MaxSizes, transforms.MinSide, transforms.MaxSide)
		}
		p.PictureSizes = sizes
	}
	for _, change := range []func(*tenancy.Policies) error{b.changeTypes, b.changeShares, b.changeMail, b.changeGeneration, b.changeReports, b.changePersonalData} {
		if err := change(p); err != nil {
			return err
		}
	}
	if b.AllowedTypes == nil {
		return nil
	}
	known := mediaTypes()
	for _, t := range *b.AllowedTypes {
		if !slices.Contains(known, t) {
			return request.Invalid("allowed_types", "allowed_types names media types that the platform takes; docs/types.md lists them.")
		}
	}
	p.AllowedTypes = *b.AllowedTypes
	return nil
}

// changeVersions sets how many versions of a file are kept, and for how long.
func (b policiesBody) changeVersions(p *tenancy.Policies) error {
	const mostKept, mostDays = 1000, 3650
	if b.VersionKeep != nil {
		if *b.VersionKeep < 0 || *b.VersionKeep > mostKept {
			return request.Invalid("version_keep", "version_keep is how many versions of a file are kept, from 1 to %d, or 0 for all.", mostKept)
		}
		p.VersionKeep = unlessZero(b.VersionKeep)
	}
	if b.VersionDays != nil {
		if *b.VersionDays < 0 || *b.VersionDays > mostDays {
			return request.Invalid("version_days", "version_days is for how many days a version is kept that was replaced, from 1 to %d, or 0 for ever.", mostDays)
		}
		p.VersionDays = unlessZero(b.VersionDays)
	}
	return nil
}

// leastAccessDays keeps who was given what on record for as long as it takes to be asked.
const leastAccessDays = 30

// changeShares sets the bounds of shares with people outside.
func (b policiesBody) changeShares(p *tenancy.Policies) error {
	for given, to := range map[*bool]*bool{b.ShareOutside: &p.ShareOutside, b.ShareUpload: &p.ShareUpload, b.SharePassword: &p.SharePassword, b.ShareRecords: &p.ShareRecords} {
		if given != nil {
			*to = *given
		}
	}
	if b.ShareDays != nil {
		if *b.ShareDays < 0 || *b.ShareDays > mostShareDays {
			return request.Invalid("share_days", "share_days is the longest life of a share with people outside, from 1 to %d days, or 0 without a limit.", mostShareDays)
		}
		p.ShareDays = unlessZero(b.ShareDays)
	}
	if b.AccessDays != nil {
		if *b.AccessDays != 0 && (*b.AccessDays < leastAccessDays || *b.AccessDays > mostShareDays) {
			return request.Invalid("share_access_days", "share_access_days is for how many days accesses by shares are on record, from %d to %d, or 0 for as long as the share is there.", leastAccessDays, mostShareDays)
		}
		p.ShareAccessDays = unlessZero(b.AccessDays)
	}
	return nil
}

// changeMail sets what members are written.
func (b policiesBody) changeMail(p *tenancy.Policies) error {
	if b.MailStudents != nil {
		p.MailStudents = *b.MailStudents
	}
	if b.MailLanguage != nil {
		if !slices.Contains(mailtext.Languages(), *b.MailLanguage) {
			return request.Invalid("mail_language", "mail_language is one of %v.", mailtext.Languages())
		}
		p.MailLanguage = *b.MailLanguage
	}
	if b.TimeZone != nil {
		if _, err := time.LoadLocation(*b.TimeZone); err != nil || *b.TimeZone == "" || *b.TimeZone == "Local" || len(*b.TimeZone) > 64 {
			return request.Invalid("time_zone", "time_zone is a name of the IANA time zone database, such as Europe/Berlin.")
		}
		p.TimeZone = *b.TimeZone
	}
	return nil
}

// changeGeneration sets who makes documents from texts, and what they may cost.
func (b policiesBody) changeGeneration(p *tenancy.Policies) error {
	const most = 1 << 50
	if b.Generation != nil {
		p.Generation = *b.Generation
	}
	if b.GenerationProviders != nil {
		for _, name := range *b.GenerationProviders {
			if !slices.Contains(providers.Names, name) {
				return request.Invalid("generation_providers", "generation_providers names some of %s.", strings.Join(providers.Names, ", "))
			}
		}
		p.GenerationProviders = slices.Compact(slices.Sorted(slices.Values(*b.GenerationProviders)))
	}
	for _, c := range []struct {
		name string
		from *int64
		to   **int64
	}{{"generation_job_micro", b.GenerationJob, &p.GenerationJob}, {"generation_day_micro", b.GenerationDay, &p.GenerationDay}, {"generation_month_micro", b.GenerationMonth, &p.GenerationMonth}} {
		switch {
		case c.from == nil:
		case *c.from < -1 || *c.from > most:
			return request.Invalid(c.name, "%s is a sum in millionths of the unit of money, or -1 for the platform's bound.", c.name)
		case *c.from == -1:
			*c.to = nil
		default:
			*c.to = c.from
		}
	}
	return nil
}

// changeReports sets which groups of people are too small to be shown in reports.
func (b policiesBody) changeReports(p *tenancy.Policies) error {
	if b.ReportThreshold == nil {
		return nil
	}
	if n := *b.ReportThreshold; n != 0 && (n < 5 || n > 1000) {
		return request.Invalid("report_threshold", "report_threshold is the size of the smallest group of people that reports show, from 5 to 1000, or 0 for the usual ten.")
	}
	p.ReportThreshold = unlessZero(b.ReportThreshold)
	return nil
}

// changePersonalData sets what is done about personal data in files.
func (b policiesBody) changePersonalData(p *tenancy.Policies) error {
	if b.PersonalData != nil {
		switch *b.PersonalData {
		case tenancy.PersonalDataLabel, tenancy.PersonalDataHold, tenancy.PersonalDataRestrict, tenancy.PersonalDataAsk:
			p.PersonalData = *b.PersonalData
		default:
			return request.Invalid("pii_policy", "pii_policy is label, hold, restrict_sharing or ask.")
		}
	}
	if b.StudentIDs == nil {
		return nil
	}
	options := pii.Options{Key: make([]byte, 16)} // the patterns alone are tried
	for _, expression := range *b.StudentIDs {
		options.StudentIDs = append(options.StudentIDs, pii.Pattern{Expression: expression})
	}
	if _, err := pii.New(options); err != nil {
		return request.Invalid("pii_student_ids", "pii_student_ids lists at most 16 regular expressions (RE2) of 1 to 200 characters, none of which matches an empty text.")
	}
	p.StudentIDs = *b.StudentIDs
	return nil
}

// mayTurnOn refuses to let texts out of an organization for anyone but its owner, what its
// tier does not have, and models of others without written assurances.
func (b policiesBody) mayTurnOn(ctx context.Context, q tenancy.Queries, actor tenancy.Actor, was, becomes tenancy.Policies) error {
	more := becomes.Generation && (!was.Generation || slices.ContainsFunc(becomes.GenerationProviders, func(name string) bool { return !slices.Contains(was.GenerationProviders, name) }))
	switch {
	case !more:
		return nil
	case actor.IsOperator():
		return errOwnersAlone
	case slices.ContainsFunc(becomes.GenerationProviders, func(name string) bool { return name != providers.Extractive }):
		if err := tenancy.RequireFeature(ctx, q, tenancy.FeatureModels); err != nil {
			return err
		}
		return consent.RequireAssurance(ctx, q, consent.Model)
	}
	return nil
}

var errOwnersAlone = fault.New(fault.Denied, "owner_required", "An owner of the organization turns generation on, and says by which providers. Operators turn it off.")

func unlessZero(n *int) *int {
	if *n == 0 {
		return nil
	}
	return n
}

// changeTypes sets what the organization decided about kinds of files.
func (b policiesBody) changeTypes(p *tenancy.Policies) error {
	if b.Switches != nil {
		for _, s := range *b.Switches {
			if !types.IsSwitch(s) {
				return request.Invalid("type_switches", "type_switches names switches of kinds of files; docs/types.md lists them.")
			}
		}
		p.Switches = *b.Switches
	}
	if b.Extensions != nil {
		extensions, err := types.ExtraExtensions(*b.Extensions)
		if err != nil {
			return request.Invalid("extra_extensions", "%s", err.Error())
		}
		p.Extensions = extensions
	}
	return nil
}

// ChangePolicies changes an organization's rules.
func (r *Organizations) ChangePolicies(c *gin.Context) error {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return err
	}
	in, err := request.Body[policiesBody](c)
	if err != nil {
		return err
	}
	ctx, caller := c.Request.Context(), request.Caller(c)
	var p tenancy.Policies
	err = r.DB.InTx(ctx, org, func(tx *tenancy.Tx) error {
		if p, err = tenancy.GetPolicies(ctx, tx); err != nil {
			return err
		}
		was := p
		if err := in.change(&p); err != nil {
			return err
		}
		if err := in.mayTurnOn(ctx, tx, caller, was, p); err != nil {
			return err
		}
		if err := tenancy.SetPolicies(ctx, tx, p); err != nil {
			return err
		}
		return audit.Record(ctx, tx, audit.Event{Action: "policy.change", ObjectID: org.String()})
	})
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, p)
	return nil
}
