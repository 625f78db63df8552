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

// Actions is that table, by group. Record refuses a name that is not in it, and
// docs/audit.md is made from it.
var Actions = []Action{
	{"file.upload", "file", "An upload was started: a file or a new version of one was created."},
	{"file.change", "file", "A file was renamed, described or categorized."},
	{"file.trash", "file", "A file was put into the trash; the code names the policy of retention by which it was, if by one."},
	{"file.restore", "file", "A file was taken out of the trash."},
	{"file.revert", "file", "An earlier version was made the newest again."},
	{"file.read", "file", "Bytes of a published file were sent."},
	{"file.publish", "version", "A version was found clean and made readable."},
	{"file.hold", "version", "A version was made to wait for a decision about its personal data."},
	{"file.release", "version", "A version that waited was released: it is published."},
	{"file.rescan_pii", "version", "A version is inspected for personal data again."},
	{"file.quarantine", "version", "A version was quarantined: infected, or impossible to scan."},
	{"file.withdraw", "version", "A version ended unpublished: rejected, failed, or cancelled while it was processed."},
	{"file.delete_version", "version", "A published version was deleted for good; the code says whether by a person or by the organization's limit of versions or of their age."},
	{"file.tag", "file", "Tags were added to a file or taken from it."},
	{"file.bulk", "operation", "A change of many files was requested; what was done to each is recorded by itself."},
	{"file.expire", "version", "An unfinished upload was ended after its time."},
	{"file.revoke", "version", "A published version was found infected by a later scan and revoked."},
	{"file.purge", "file", "A file was removed for good after its time in the trash."},

	{"file.link", "file", "A file was shown in another space; the code is the space."},
	{"file.unlink", "file", "A file is no longer shown in another space; the code is the space."},

	{"share.download", "share", "A visitor of a share began a download, which is counted; the code is the download."},
	{"share.drop", "share", "A visitor of a drop box began to send a file, as the sharer; the code is the version."},

	{"space.create", "space", "A space was made; the code is its kind."},
	{"space.change", "space", "A space was renamed, frozen, archived or opened, or its trash was set."},
	{"share.create", "share", "Something was shared; the code is with whom: link, members, classes or people."},
	{"share.change", "share", "A share was changed."},
	{"share.revoke", "share", "A share was ended by a person."},
	{"share.expire", "share", "A share ran out."},
	{"share.remove", "share", "A recipient was taken out of a share; the code is the recipient."},
	{"share.resend", "share", "The mail of a share was requested again; the code is the recipient."},
	{"share.send", "share", "The mail of a share was sent to somebody outside; the code is the recipient."},
	{"space.grant", "space", "A person was given access to a space; the code is the person."},
	{"space.revoke", "space", "Access to a space was ended; the code is the access."},
	{"space.break_glass", "space", "An owner or admin went into a space that they are not in, for two hours; the code is the access."},
	{"space.approve", "space", "A second owner or admin approved that for a confidential space."},
	{"folder.create", "folder", "A folder was made; the code is its mode."},
	{"folder.change", "folder", "A folder was renamed, moved or given times."},
	{"folder.delete", "folder", "An empty folder was deleted."},
	{"folder.link", "folder", "A folder was shown in another space; the code is the space."},
	{"folder.unlink", "folder", "A folder is no longer shown in another space; the code is the space."},
	{"folder.hand_in", "folder", "A student handed in."},
	{"folder.take_back", "folder", "A student took back what they had handed in."},
	{"folder.return", "folder", "A student's work was returned; the code is the student."},
	{"class.create", "class", "A class was made by hand."},
	{"class.change", "class", "A class was renamed or archived."},
	{"class.member_set", "class", "A person was put into a class by hand; the code is the person."},
	{"class.member_remove", "class", "A person was taken out of a class by hand; the code is the person."},

	{"retention_policy.create", "retention policy", "A policy of retention was made; the code is what becomes of files that are due."},
	{"retention_policy.change", "retention policy", "A policy of retention was changed; the code is what becomes of files that are due."},
	{"retention_policy.delete", "retention policy", "A policy of retention was deleted."},
	{"retention.review", "file", "A file that is due was listed for a decision; the code names the policy."},
	{"retention.keep", "file", "A listed file is kept until a day; the code names the policy."},
	{"retention.dispose", "file", "A listed file was disposed of, into the trash; the code names the policy."},
	{"access_request.receive", "access_request", "A request to see education records came in; what it is about is held from then on."},
	{"access_request.verify", "access_request", "It was said how it is known who asks, and the records were collected."},
	{"access_request.decide", "access_request", "A record of the request is included or withheld, as the code says."},
	{"access_request.release", "access_request", "The records of a request were released, and their package is being made."},
	{"access_request.read", "access_request", "A part of the package of a request was handed out; the code is its number."},
	{"access_request.end", "access_request", "A request was closed, rejected or withdrawn, as the code says; its hold ended with it."},
	{"access_request.due", "access_request", "Owners and admins were told of the 30th, the 40th or the 45th day of a request, on which it is late."},
	{"record.classify", "file", "It was said what a file is under FERPA; the code is the class."},
	{"hold.place", "hold", "A hold was placed: what it covers is not destroyed. The code is its kind and its scope."},
	{"hold.ask_release", "hold", "The release of a hold was asked for; it covers as before."},
	{"hold.release", "hold", "A hold was released by a second person; the code names who had asked for it."},

	{"quota.set", "organization", "An organization's limits of bytes were changed."},
	{"job.cancel", "job", "A job was asked to end; the code is its kind."},
	{"job.retry", "job", "A job that had failed, or was cancelled, was run again; the code is its kind."},
	{"job.change", "job", "The priority of a job was changed; the code is the new one."},
	{"job.bulk", "request", "One thing was done to all jobs that a filter found, of which each has an event of its own; the code says what."},
	{"queue.change", "queue", "A queue was paused, resumed or limited by an operator; the code says which. Why, the queue itself says."},
	{"schedule.change", "schedule", "A recurring job was paused or resumed by an operator; the code says which."},
	{"schedule.run", "schedule", "A recurring job was run at once by an operator."},
	{"edge.replay", "organization", "An operator had the cache in front of the content host told again what was given up; the code is how many keys."},
	{"storage.rescan", "operation", "A new scan of all published versions was requested."},
	{"storage.repair", "version", "The reconciler repaired an inconsistency; the code is its kind."},
	{"storage.reconcile", "operation", "A check of rows, objects, quota and workflows against each other was requested."},

	{"organization.create", "organization", "An organization was requested."},
	{"organization.activate", "organization", "An organization was set up and opened."},
	{"organization.change", "organization", "An organization's name or settings were changed."},
	{"organization.suspend", "organization", "An organization was suspended."},
	{"organization.resume", "organization", "A suspended organization was opened again."},
	{"organization.export", "operation", "An export was requested."},
	{"organization.delete", "organization", "An organization's deletion was requested, or done."},
	{"organization.erase", "organization", "An organization was removed for good, with everything in it."},
	{"organization.keep", "organization", "An organization's deletion was cancelled in its grace period."},
	{"policy.change", "organization", "An organization's policies were changed."},
	{"usage.warn", "organization", "An organization came near a limit of its tier; the code says which limit, and the percentage passed."},
	{"tier.set", "tier", "What a tier allows was changed."},
	{"export.read", "operation", "A part of an export was downloaded."},

	{"member.add", "member", "A person was given a role."},
	{"member.change", "member", "A person was given another role."},
	{"member.remove", "member", "A person was removed."},
	{"member.leave", "member", "A person left."},
	{"invitation.create", "invitation", "A person was invited."},
	{"invitation.send", "invitation", "An invitation was mailed."},
	{"invitation.resend", "invitation", "An invitation was requested to be mailed again."},
	{"invitation.revoke", "invitation", "An invitation was revoked."},
	{"invitation.accept", "invitation", "An invitation was accepted."},
	{"invitation.decline", "invitation", "An invitation was declined."},
	{"invitation.expire", "invitation", "An invitation ran out."},
	{"guardian.add", "member", "A parent was linked to a student."},
	{"guardian.remove", "member", "A parent's link to a student was removed."},
	{"person.create", "person", "A person was made by hand."},
	{"person.change", "person", "What is known of a person was changed by hand; the code names the columns."},
	{"person.merge", "person", "A person who had not signed in, and a member, were made one; the object is the member, the code the person."},
	{"person.end", "person", "A person's time in the organization ended, and a membership with it."},
	{"login.link", "person", "A login was linked to a person; the code says by what: claim, verified, invitation, admin or jit. Of known, it had been before."},
	{"login.unlink", "person", "A login was taken from a person."},
	{"login.dismiss", "login_request", "A login that waited was dismissed: no rule links it any more."},
	{"login_rules.change", "organization", "What the organization believes about logins was changed."},
	{"login_rules.confirm", "login_rule", "An operator confirmed that a tenant of an issuer is the organization's."},

	{"roster.source", "source", "A roster source was made or changed."},
	{"roster.import", "import", "A roster was received, to be imported."},
	{"roster.decide", "import", "A person decided about an import of a roster; the code is the decision."},
	{"roster.undo", "import", "An import of a roster was requested to be undone."},
	{"roster.end", "import", "An import of a roster ended; the code is its state."},
	{"roster.read", "import", "The changes of an import of a roster were read, with the names in them."},
	{"person.gain", "person", "A roster made a person a student, a member of staff or a guardian; the code says which."},
	{"person.lose", "person", "By a roster a person is a student, a member of staff or a guardian no more; the code says which."},

	{"generation.request", "generation", "A document was asked for, to be made from a text; the code is the provider."},
	{"generation.draft", "generation", "A draft was made."},
	{"generation.edit", "generation", "A draft was changed by a person; the code is its revision."},
	{"generation.approve", "generation", "A person approved a draft, which becomes a file; the code is the version."},
	{"generation.reject", "generation", "A person rejected a draft."},
	{"generation.cancel", "generation", "A generation was called off."},
	{"generation.publish", "generation", "The file of an approved draft was sent on its way; the code is the version."},
	{"generation.expire", "generation", "A draft ended about which no one had decided for 30 days."},
	{"generation.fail", "generation", "A generation failed; the code says why."},

	{"report.request", "report", "A report was asked for."},
	{"report.deliver", "report", "A report was made and its file sent on its way; the code is the version."},
	{"report.fail", "report", "A report could not be made; the code says why."},
	{"report.cancel", "report", "A report was called off."},
	{"report.schedule", "report_schedule", "A report was made to come by itself; the code is its kind."},
	{"report.schedule_change", "report_schedule", "When, where or how such a report comes was changed; of stopped, its person may not have it any more."},
	{"report.schedule_delete", "report_schedule", "A report does not come by itself any more."},
	{"roblox.connect", "roblox_connection", "A connection to Roblox was made, with the key that it uses: files of its spaces that are no one's data may leave."},
	{"roblox.change", "roblox_connection", "A connection to Roblox was changed; the code says whether its key was replaced or it was resumed."},
	{"roblox.disconnect", "roblox_connection", "A connection to Roblox was deleted, with its key."},
	{"roblox.sync", "roblox_connection", "A sync with Roblox was asked for, or is due; the object is its operation."},
	{"roblox.stop", "roblox_connection", "A connection to Roblox was stopped; the code says why."},
	{"roblox.decide", "roblox_asset", "A person said whether an asset is at Roblox that may have been made there."},
	{"roblox.publish_place", "roblox_publication", "A version of a place of Roblox was asked for; the object is its operation."},
	{"roblox.erasure", "roblox_connection", "Roblox asked to erase a person; who it is is not in this log."},

	{"key.create", "key", "An API key was made."},
	{"key.all_spaces", "key", "An API key was made that acts in all spaces, also in those that owners do not see."},
	{"key.rotate", "key", "An API key was replaced by a new one."},
	{"key.revoke", "key", "An API key was revoked."},

	{"mail.unsuppress", "mail_suppression", "An address that had bounced or complained gets mail again."},
	{"webhook.create", "webhook", "A webhook was made: events are sent to its address."},
	{"webhook.change", "webhook", "A webhook was changed; the code says whether it was disabled or enabled."},
	{"webhook.delete", "webhook", "A webhook was deleted."},
	{"webhook.rotate", "webhook", "A webhook was given a new secret; the code is its kind."},
	{"webhook.test", "webhook", "A test of a webhook was requested."},
	{"webhook.replay", "webhook", "Deliveries to a webhook were requested again; the code is the delivery, if it is one."},
	{"webhook.disable", "webhook", "A webhook was disabled because its receiver was gone or failed for three days; the code says which."},

	{"access.refuse", "", "A call that only reads was refused to somebody of the organization."},
	{"access.flood", "", "More of the caller's calls were refused in this minute than the audit log holds one by one."},
	{"audit.read", "organization", "The audit log itself was read."},
	{"audit.verify", "operation", "A verification of the audit log was asked for."},
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
