package audit

import (
	"fmt"
	"slices"
)

// Action is one row of the table of everything that the audit log can speak of.
type Action struct {
	Name   string // object.verb
	Object string // what ObjectID names
	What   string // for people who read the audit log
}

// Actions is that table, by room. Record refuses a name that is not in it, and
// docs/audit.md is made from it.
var Actions = []Action{
	{"file.upload", "file", "Bytes were announced: a file or a new version of one was created."},
	{"file.change", "file", "A file was renamed, described or categorized."},
	{"file.trash", "file", "A file was put into the trash."},
	{"file.restore", "file", "A file was taken out of the trash."},
	{"file.revert", "file", "An earlier version was made the newest again."},
	{"file.read", "file", "Bytes of a published file were handed out."},
	{"file.publish", "version", "A version was found clean and made readable."},
	{"file.quarantine", "version", "A version was put aside: infected, or not to be looked into."},
	{"file.withdraw", "version", "A version ended unpublished: rejected, failed, or given up by somebody on its way."},
	{"file.expire", "version", "An upload that nobody finished was given up."},
	{"file.revoke", "version", "A published version was found infected by a later scan and taken back."},
	{"file.purge", "file", "A file was removed for good after its time in the trash."},

	{"quota.set", "organization", "An organization's limits of bytes were changed."},
	{"storage.rescan", "operation", "A new scan of everything published was asked for."},
	{"storage.repair", "version", "That check repaired a disagreement; the code is its kind."},
	{"storage.reconcile", "operation", "A check of rows, objects, quota and workflows against each other was asked for."},

	{"organization.create", "organization", "An organization was asked for."},
	{"organization.activate", "organization", "An organization was set up and opened."},
	{"organization.change", "organization", "An organization's name or settings were changed."},
	{"organization.suspend", "organization", "An organization was suspended."},
	{"organization.resume", "organization", "A suspended organization was opened again."},
	{"organization.export", "operation", "A copy of everything was asked for."},
	{"organization.delete", "organization", "An organization's deletion was asked for, or done."},
	{"organization.forget", "organization", "An organization was removed for good, with everything in it."},
	{"organization.keep", "organization", "An organization's deletion was called off in its grace period."},
	{"policy.change", "organization", "An organization's policies were changed."},
	{"usage.warn", "organization", "An organization came near a limit of its tier; the code says which limit, and the percentage passed."},
	{"tier.set", "tier", "What a tier allows was changed."},
	{"export.read", "operation", "A part of a copy of everything was handed out."},

	{"member.add", "member", "A person was given a role."},
	{"member.change", "member", "A person was given another role."},
	{"member.remove", "member", "A person was removed."},
	{"member.leave", "member", "A person left."},
	{"invitation.create", "invitation", "A person was invited."},
	{"invitation.send", "invitation", "An invitation was mailed."},
	{"invitation.resend", "invitation", "An invitation was asked to be mailed again."},
	{"invitation.revoke", "invitation", "An invitation was taken back."},
	{"invitation.accept", "invitation", "An invitation was accepted."},
	{"invitation.decline", "invitation", "An invitation was declined."},
	{"invitation.expire", "invitation", "An invitation ran out."},
	{"guardian.add", "member", "A parent was linked to a student."},
	{"guardian.remove", "member", "A parent's link to a student was removed."},

	{"key.create", "key", "An API key was made."},
	{"key.rotate", "key", "An API key was replaced by a new one."},
	{"key.revoke", "key", "An API key was revoked."},

	{"access.refuse", "", "A call that only reads was refused to somebody of the organization."},
	{"access.flood", "", "More of the caller's calls were refused in this minute than the audit log holds one by one."},
	{"audit.read", "organization", "The audit log itself was read."},
	{"audit.export", "organization", "The audit log was exported."},
}

// known finds an action by its name.
func known(name string) (Action, error) {
	i := slices.IndexFunc(Actions, func(a Action) bool { return a.Name == name })
	if i < 0 {
		return Action{}, fmt.Errorf("action %q is not in the table of policies/audit", name)
	}
	return Actions[i], nil
}
