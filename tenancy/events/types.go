package events

import (
	"slices"
	"strings"
)

// Field is one member of an event's data.
type Field struct {
	Name     string
	Kind     Kind
	What     string
	Optional bool // it may be missing
}

// Kind is what a field holds.
type Kind string

// The kinds. An id that may be absent is NullableID: null says that there is none,
// such as no folder.
const (
	ID         Kind = "id"
	NullableID Kind = "nullable id"
	Count      Kind = "number"
	Code       Kind = "code"
)

// Type is one row of the table of everything that an event can tell.
type Type struct {
	Name string
	What string
	Data []Field
}

var (
	ofFile    = []Field{{"file_id", ID, "the file", false}}
	ofVersion = append(slices.Clone(placed), Field{"version_id", ID, "the version", false}, Field{"version", Count, "its number in the file", false})
	refused   = append(slices.Clone(ofVersion), Field{"status", Code, "the status of the version", false}, Field{"code", Code, "why: the first word of status_reason", false})
	placed    = append(slices.Clone(ofFile), Field{"space_id", ID, "the space it is in", false})
	ofFolder  = []Field{{"folder_id", ID, "the folder", false}, {"space_id", ID, "the space it is in", false}}
	ofSpace   = []Field{{"space_id", ID, "the space", false}, {"kind", Code, "its kind", false}, {"state", Code, "open, frozen or archived", false}, {"class_id", NullableID, "the class it belongs to", false}}
	ofMember  = []Field{{"user_id", ID, "the member", false}, {"role", Code, "the member's role", false}}
	ofClass   = []Field{{"class_id", ID, "the class", false}}
	inClass   = append(slices.Clone(ofClass), Field{"user_id", ID, "the person", false}, Field{"role", Code, "student or teacher", false})
	handedIn  = []Field{{"folder_id", ID, "the folder of the hand-in", false}, {"student_id", ID, "the student", false}}
	ofLogin   = []Field{{"user_id", ID, "the person", false}, {"via", Code, "by what it was linked", true}}
	ofImport  = []Field{{"import_id", ID, "the import", false}, {"source_id", ID, "its source", false}}
	ofShare   = []Field{{"share_id", ID, "the share", false}, {"file_id", ID, "the file that is shared", true}, {"folder_id", ID, "the folder that is shared", true},
		{"space_id", ID, "the space that is shared", true}, {"kind", Code, "link, members, classes or people", false}, {"permission", Code, "view, download, upload or edit", false}}
	ofSubprocessor = []Field{{"subprocessor_id", ID, "the subprocessor", false}, {"kind", Code, "roblox, model, webhook or other", false}}
	byShare        = []Field{{"share_id", ID, "the share", false}, {"download_id", ID, "the download: all its ranges are one", false}, {"file_id", ID, "the file; missing when all that is shared was taken as a zip", true},
		{"folder_id", ID, "the folder that is shared", true}, {"space_id", ID, "the space that is shared", true}, {"kind", Code, "link or people", false}, {"permission", Code, "download", false}}
)

// Types is that table, by noun. docs/events.md and the JSON Schemas are made from it.
var Types = []Type{
	{"version.created", "An upload of a file or of a new version of one began.", append(slices.Clone(ofVersion), Field{"size", Count, "bytes", false})},
	{"version.deleted", "A published version was deleted for good.", ofVersion},
	{"file.published", "A version was found clean and can be read.", append(slices.Clone(ofVersion), Field{"size", Count, "bytes", false},
		Field{"mime_type", Code, "the media type of the content", false}, Field{"sha256", Code, "of the content, in hexadecimal", false})},
	{"file.quarantined", "A version was quarantined: infected, or impossible to scan.", refused},
	{"file.held", "A version waits for a person or for a consent.", refused},
	{"file.rejected", "A version ended unpublished: rejected, failed or expired.", refused},
	{"file.changed", "A file was renamed, described or categorized.", placed},
	{"file.moved", "A file was moved to another folder or space.", append(slices.Clone(placed), Field{"folder_id", NullableID, "the folder it is in", false},
		Field{"from_space_id", ID, "the space it was in", false}, Field{"from_folder_id", NullableID, "the folder it was in", false})},
	{"file.trashed", "A file was put into the trash.", placed},
	{"file.restored", "A file was taken out of the trash.", placed},
	{"file.deleted", "A file was removed for good.", placed},
	{"preview.added", "The previews of a version are ready.", ofVersion},

	{"folder.created", "A folder was made.", append(slices.Clone(ofFolder), Field{"parent_id", NullableID, "the folder above it", false}, Field{"mode", Code, "shared, handout or handin", false})},
	{"folder.changed", "A folder was renamed or given times.", ofFolder},
	{"folder.moved", "A folder was moved.", append(slices.Clone(ofFolder), Field{"parent_id", NullableID, "the folder above it", false},
		Field{"from_space_id", ID, "the space it was in", false}, Field{"from_parent_id", NullableID, "the folder it was in", false})},
	{"folder.deleted", "An empty folder was deleted.", ofFolder},
	{"hand_in.submitted", "A student handed in.", handedIn},
	{"hand_in.withdrawn", "A student took back what they had handed in.", handedIn},
	{"hand_in.returned", "A student's work was returned.", handedIn},

	{"space.created", "A space was made.", ofSpace},
	{"space.changed", "A space was renamed, frozen, archived or opened.", ofSpace},
	{"space.deleted", "A space was removed.", ofSpace},

	{"member.added", "A person became a member.", ofMember},
	{"member.changed", "A member was given another role.", ofMember},
	{"member.removed", "A person is a member no more.", ofMember},
	{"person.left", "A person left the organization.", []Field{{"user_id", ID, "the person", false}}},
	{"login.linked", "A login was linked to a person.", ofLogin},
	{"login.unlinked", "A login was taken from a person.", ofLogin},
	{"login.requested", "A login waits for a decision.", []Field{{"request_id", ID, "the request", false}, {"reason", Code, "why no rule linked it", false}}},

	{"class.created", "A class was made.", ofClass},
	{"class.changed", "A class was renamed or archived.", ofClass},
	{"class.member_added", "A person came into a class.", inClass},
	{"class.member_removed", "A person's place in a class ended.", inClass},
	{"roster.import.received", "A roster was received.", ofImport},
	{"roster.import.waiting", "An import of a roster waits for a decision.", ofImport},
	{"roster.import", "An import of a roster ended.", []Field{{"import", ID, "the import", false}, {"source", ID, "its source", false}, {"state", Code, "how it ended", false}, {"changes", Count, "the changes that were found", false}}},

	{ShareCreated, "A share was made.", ofShare},
	{ShareChanged, "A share was changed, or its recipients.", ofShare},
	{ShareEnded, "A share ended: it was revoked, its time is over, or what it rested on is gone.", append(slices.Clone(ofShare),
		Field{"reason", Code, "revoked, expired, sharer_left, sharer_demoted, target_deleted, target_moved, class_deleted or recipients_left", false})},
	{ShareDownloaded, "A download by a share of somebody outside began.", byShare},

	{"subprocessor.added", "Somebody else gets data of the organization: the public list of subprocessors has a row more.", ofSubprocessor},
	{"subprocessor.ended", "Somebody else gets data of the organization no more.", ofSubprocessor},

	{UsageWarning, "The organization came near a limit of its tier.", []Field{{"metric", Code, "bytes or members", false}, {"threshold", Count, "the percentage that was passed", false},
		{"used", Count, "how much is used", false}, {"limit", Count, "how much there is", false}, {"percent", Count, "how full it is", false}}},
	{WebhookDisabled, "A webhook was disabled because its receiver was gone or failed for three days.", []Field{{"webhook_id", ID, "the webhook", false}, {"code", Code, "gone or failing", false}}},
	{WebhookTest, "Somebody asked for a test of a webhook. It goes to that webhook alone, whatever its types.", []Field{{"webhook_id", ID, "the webhook", false}}},
}

// Known says whether a filter names a type, or with an asterisk at least one, such
// as file.*.
func Known(filter string) bool {
	return slices.ContainsFunc(Types, func(t Type) bool { return Matches(filter, t.Name) })
}

// Matches says whether a filter includes a type. An asterisk is the last of its parts
// and includes every type below it.
func Matches(filter, name string) bool {
	if prefix, some := strings.CutSuffix(filter, ".*"); some {
		return strings.HasPrefix(name, prefix+".")
	}
	return filter == name
}
