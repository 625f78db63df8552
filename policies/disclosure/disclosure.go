// Package disclosure is the one check that everything passes which leaves an
// organization: by a link, to a person outside, through a drop box, a webhook, an
// export, a connector or a model. A way out asks when it is opened and each time it is
// used. What a way may carry is data: app.disclosure_default has the platform's rules,
// disclosure_rules what an organization decided otherwise. What the basis of a child's file
// permits is app.consent_matrix, before which neither counts.
package disclosure

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"satchel/internal/fault"
	"satchel/policies/disclosure/disclosuredb"
	"satchel/tenancy"
)

// Way is how something leaves.
type Way string

// The ways.
const (
	Link          Way = "link"           // with anyone who holds it
	OutsidePerson Way = "outside_person" // by name, with an address that they proved
	DropBox       Way = "drop_box"       // shows a name, and takes files in
	Webhook       Way = "webhook"        // ids, codes and numbers
	Export        Way = "export"         // the organization's own data, for its owner
	Connector     Way = "connector"      // another system
	Model         Way = "model"          // a model of somebody else
)

// Ways lists every way. TestEveryWayOutAsks, at the root, knows who goes which way.
var Ways = []Way{Link, OutsidePerson, DropBox, Webhook, Export, Connector, Model}

// Target is what leaves: one of the three, or none, which is what the organization says
// about itself as a whole.
type Target struct {
	File, Folder, Space uuid.UUID
}

// Decision says whether the target may leave, by which rule, and what it is: general,
// personal, education_record or confidential.
type Decision struct {
	Allowed bool
	Rule    string
	Class   string
}

// Check decides. An error is not a decision: nothing leaves on one.
func Check(ctx context.Context, q tenancy.Queries, way Way, t Target) (Decision, error) {
	return CheckOn(ctx, q, way, t, Purpose{}, nil)
}

// CheckOn is Check of what leaves on a basis of the law to parties, which are addresses: as directory information
// nothing does that the school did not designate, or of which somebody opted out, and on a
// consent nothing that it does not name, nor to others than its party.
func CheckOn(ctx context.Context, q tenancy.Queries, way Way, t Target, p Purpose, parties []string) (Decision, error) {
	d, err := disclosuredb.New(q).Disclosure(ctx, disclosuredb.DisclosureParams{Way: string(way), FileID: id(t.File), FolderID: id(t.Folder), SpaceID: id(t.Space), Basis: p.Basis, Consent: id(p.Consent), Parties: append([]string{}, parties...)})
	if err != nil {
		return Decision{}, fmt.Errorf("check disclosure: %w", err)
	}
	return Decision(d), nil
}

func id(u uuid.UUID) *uuid.UUID {
	if u == uuid.Nil {
		return nil
	}
	return &u
}

// ErrRefused is what a refusal equals, whichever rule it names.
var ErrRefused = fault.New(fault.Denied, "not_disclosed", "This may not leave the organization.")

// texts says for each rule what it protects and what may be done instead.
var texts = map[string]string{
	"records_stay_inside":         "This is an education record: it is about a student. It is shared with members and classes of the school, and not with people outside. An owner can allow it for your organization.",
	"confidential_stays_inside":   "This is in a confidential space: it is seen by the people of that space alone. Who manages the space lets others in.",
	"personal_needs_named_people": "This file contains personal data: a link that anybody can pass on is not for it. Share it with people by name, or with members and classes.",
	"outside_shares_off":          "Your organization does not share with people outside. Share with members and classes, or ask an owner to allow it.",
	"outside_upload_off":          "Your organization takes no files from people outside. Let them be sent to a member, or ask an owner to allow drop boxes.",
	"personal_not_to_models":      "This file contains personal data, which is not given to a model of others. Choose another file, or the provider extractive, which sends nothing.",
	"records_not_to_models":       "This is an education record: it is about a student. It is not given to a model of others. Choose another file, or the provider extractive, which sends nothing.",
	"personal_stays_inside":       "This file contains personal data, and your organization does not let such files out. Share it with members and classes, or take the personal data out and upload it again.",
	"personal_not_known":          "It is not known whether this file contains personal data: it was not inspected yet, or could not be read. Wait for its inspection; what cannot be read stays inside. Share it with members and classes.",
	"no_agreement":                "Your organization has no agreement for giving this to another system. Ask an owner.",
}

// ErrConsent refuses what the basis of a child's file does not permit. It equals ErrRefused
// too.
var ErrConsent = fault.New(ErrRefused.Kind, "consent_scope", "This is a file of a child. The consent or the authorization by which it is here does not cover this. Ask an owner which consent your organization has.")

// consented says of each section that refuses a disclosure on a consent what is missing.
var consented = map[string]string{
	"34 CFR 99.30(a)":    "There is no such consent of a parent or student, or it is not signed, is over, or was revoked. Ask for a new one.",
	"34 CFR 99.30(b)(1)": "The consent does not name this record. Ask for one that does.",
	"34 CFR 99.30(b)(3)": "The consent is to a disclosure to its party alone: share with that person alone, by the address that it names.",
	"34 CFR 99.12(a)":    "This record tells of other students than the one of the consent. Share a file without them.",
}

// directory says of each section that refuses directory information what is missing.
var directory = map[string]string{
	"34 CFR 99.3":        "It was not said that this file is directory information. An owner or admin says so, with its categories; or share it on another basis.",
	"34 CFR 99.37(a)":    "Your organization has given no public notice of its directory information. An owner or admin records it.",
	"34 CFR 99.37(a)(1)": "This file holds a category that your organization did not designate as directory information, or it is not known which it holds. Share it on another basis, or ask an owner or admin.",
	"34 CFR 99.37(a)(2)": "A parent of a student in this file, or the student, refused that it is disclosed as directory information, or it is not known which students are in it. Share a file without that student, or on another basis.",
	"34 CFR 99.37(a)(3)": "Parents and students may still refuse directory information until the day that your organization's notice names. Share it after that day.",
	"34 CFR 99.37(b)":    "A student in this file, who has left, opted out of directory information while they were here, and that stays. Share a file without that student, or on another basis.",
	"34 CFR 99.37(e)":    "A social security number was found in this file: it is never directory information. Take it out and upload the file again.",
}

// ByLaw says whether a law refused, and no rule of the platform or the organization.
func (d Decision) ByLaw() bool {
	return !d.Allowed && (strings.HasPrefix(d.Rule, "16 CFR ") || strings.HasPrefix(d.Rule, "34 CFR "))
}

// Refusal is the error for a person, with the rule and what to do; nil for what is
// allowed.
func (d Decision) Refusal() error {
	if d.Allowed {
		return nil
	}
	if text := directory[d.Rule]; text != "" {
		return fault.New(ErrRefused.Kind, "not_directory_information", "%s", text).Under(d.Rule).Because(ErrRefused)
	}
	if text := consented[d.Rule]; text != "" {
		return fault.New(ErrRefused.Kind, "not_consented", "%s", text).Under(d.Rule).Because(ErrRefused)
	}
	if d.ByLaw() {
		return ErrConsent.Under(d.Rule).Because(ErrRefused)
	}
	text, known := texts[d.Rule]
	if !known {
		text = "Your organization does not let this out by this way. Ask an owner which way is open."
	}
	return fault.New(ErrRefused.Kind, ErrRefused.Code, "%s", text).Under(d.Rule)
}

// Bounds are those of shares with people outside: of the tier and the organization the
// stricter one.
type Bounds struct {
	Outside, Upload         bool
	Password                bool // links have one
	Days                    int32
	TierOutside, TierUpload bool
}

// GetBounds reads them.
func GetBounds(ctx context.Context, q tenancy.Queries) (Bounds, error) {
	b, err := disclosuredb.New(q).Bounds(ctx)
	if err != nil {
		return Bounds{}, fmt.Errorf("read bounds of shares: %w", err)
	}
	return Bounds{Outside: b.Outside, Upload: b.Upload, Password: b.Password, Days: b.Days, TierOutside: b.TierOutside, TierUpload: b.TierUpload}, nil
}
