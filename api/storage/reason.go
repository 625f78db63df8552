package storage

import (
	"maps"
	"strings"

	"satchel/files"
	"satchel/policies/archives"
	"satchel/policies/ole"
	"satchel/policies/types"
	"satchel/shares/visitors"
)

// reasonTexts are the sentences of reasons that are no rule of a policy.
var reasonTexts = map[string]string{
	files.ErrChecksum.Code:   files.ErrChecksum.Text,
	errOrder.Code:            errOrder.Text,
	"too_large":              "The file is larger than the virus scanner takes. Upload it in smaller parts.",
	"scanner_unavailable":    "The virus scanner gave no verdict for too long, so the file was kept back. Upload it again later.",
	"stored_bytes_differ":    "The stored bytes are not the ones that were received. Upload the file again.",
	"object_changed":         "The stored bytes changed while the file was checked. Upload it again.",
	"object_missing":         "The stored bytes were not there when the file was checked. Upload it again.",
	"interrupted":            "The upload broke off before all bytes had come. Upload the file again.",
	"body_cut_short":         "The upload broke off before all bytes had come. Upload the file again.",
	"store_unavailable":      "The file could not be stored. Upload it again.",
	"expired":                "The upload was not finished in its time. Upload the file again.",
	"terminated":             "The upload was ended by its sender.",
	"personal_data_found":    "The file waits: personal data was found in it, and your organization publishes such files when an administrator released them.",
	"personal_data_unknown":  "The file waits: it could not be read whole, so it is not known whether it contains personal data. An administrator decides about it.",
	"consent_required":       "The file waits: it is a child's, and neither a parent's consent nor an authorization of the school covers it. Ask your school.",
	"personal_data_rejected": "The file was rejected because of its personal data. Take that out and upload it again.",
	"held_too_long":          "The file waited for a decision about its personal data for too long, and was deleted. Upload it again and ask an administrator.",
	files.LostInRestore:      "The stored bytes were lost, and a backup did not have them. Upload the file again.",
	"deleted":                "The file was deleted while it was checked.",
	"erased":                 "The version was erased with its file, and its bytes are gone.",
	string(files.ByPerson):   "A person deleted this version, and its bytes are gone. Upload them again as a new version if you still have them.",
	string(files.ByCount):    "The organization keeps fewer versions of a file than it has: this one was replaced, and its bytes are gone.",
	string(files.ByAge):      "This version was replaced longer ago than the organization keeps such versions, and its bytes are gone.",
}

// sentences are those of all reasons: these, and those of the rules of the
// policies. A list of files asks for one an item.
var sentences = func() map[string]string {
	all := map[string]string{}
	for _, r := range ole.Reasons() {
		all[string(r.Rule)] = r.What + " " + r.Next
	}
	for _, r := range archives.Reasons() {
		all[string(r.Rule)] = r.What + " " + r.Next
	}
	for _, r := range types.Reasons() {
		all[string(r.Rule)] = r.What + " " + r.Next
	}
	maps.Copy(all, reasonTexts)
	return all
}()

// reasonText says to people what a status reason means and what to do: what the
// content is and what the name says, where they were found to differ. The reason
// stays the stable code for programs; one without a sentence of its own gets the
// one of its status.
func reasonText(status files.Status, reason, found, expected string) string {
	if reason == "" {
		return ""
	}
	verdict, code, qualified := strings.Cut(reason, ":")
	if !qualified {
		code = reason
	}
	if verdict == "infected" {
		return "The virus scanner found something in the file (" + code + "). No one can read it. Check the computer that it comes from."
	}
	if found != "" || expected != "" {
		return types.Rule(code).Sentence(found, expected)
	}
	if text, ok := sentences[code]; ok {
		return text
	}
	if status == files.Quarantined {
		return "The file could not be checked completely, so it is kept back. Save it again in an ordinary form and upload that."
	}
	if status == files.Failed {
		return "Something failed on our side before the file was published. Upload it again."
	}
	return "The file was refused. Ask the operator of this service about the reason " + reason + "."
}

// ReasonOfDrop is reasonText for a visitor who sent the file. What the scanner found is
// said without its name.
func ReasonOfDrop(d visitors.Dropped) string {
	if strings.HasPrefix(d.Reason, "infected") {
		return "The virus scanner found something in the file. Check the computer that it comes from."
	}
	return reasonText(files.Status(d.Status), d.Reason, d.Found, d.Expected)
}
