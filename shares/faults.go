package shares

import (
	"satchel/internal/fault"
)

// What a caller can meet. What an actor may not see is not there.
var (
	ErrNoShare     = fault.New(fault.NotFound, "share_not_found", "There is no such share for you.")
	ErrNoTarget    = fault.New(fault.NotFound, "share_target_not_found", "There is no such file, folder or space for you.")
	ErrNoVersion   = fault.New(fault.NotFound, "version_not_found", "The file has no such published version. GET …/versions lists them.")
	ErrNoRecipient = fault.New(fault.NotFound, "recipient_not_found", "The share has no such recipient, or they are not in it any more.")

	// The three below are also what the database's triggers answer (tenancy).
	ErrNotAllowed = fault.New(fault.Denied, "share_not_allowed", "Who may change this where it is, or manages the space, may share it: ask them. What you have by a share is not shared on.")
	ErrEnded      = fault.New(fault.Conflict, "share_is_over", "This share has ended and does not begin again. Make a new one.")
	errFar        = fault.New(fault.Invalid, "invalid_expires_at", "expires_at is a time before the year 2200. Give an earlier one.")
	ErrExpires    = fault.New(fault.Invalid, "invalid_expires_at", "expires_at is over already, or not after starts_at. Give a later time; DELETE ends a share at once.")

	ErrMade       = fault.New(fault.Conflict, "share_made", "This share was made by the first try. Its link is shown once and kept nowhere: end the share and make a new one if you have not got it.")
	ErrTrashed    = fault.New(fault.Conflict, "share_target_trashed", "This file is in the trash. Restore it, then share it.")
	ErrRefused    = fault.New(fault.Conflict, "share_target_refused", "This file was not taken, so there is nothing to share. GET the file to read why.")
	ErrOutside    = fault.New(fault.Denied, "share_outside_not_allowed", "Teachers, admins and owners share with people outside. Share with members or a class, or ask your teacher.")
	ErrLonger     = fault.New(fault.Denied, "share_too_long", "Your organization lets a share with people outside last for less time. Give an earlier expires_at.")
	ErrPassword   = fault.New(fault.Denied, "share_password_required", "Your organization wants a password on every link. Give one of 8 to 128 characters.")
	ErrRecipient  = fault.New(fault.Invalid, "unknown_recipient", "A recipient is another active member, or a class that is not over, and you must be allowed to share with them: staff share with everybody, students with the people of their classes and groups.")
	ErrRecipients = fault.New(fault.Invalid, "invalid_with", "A share with members, classes or people names 1 to 200 of them, and a link names none.")
	ErrDownloads  = fault.New(fault.Conflict, "share_limit_below", "So many downloads have been made already. Give a higher limit, or end the share.")
	ErrResend     = fault.New(fault.Limited, "resend_too_soon", "The mail went out less than a minute ago. Give it time to arrive.")

	errKind       = fault.New(fault.Invalid, "invalid_kind", "kind is link, members, classes or people.")
	errPermission = fault.New(fault.Invalid, "invalid_permission", "permission is view, download, upload or edit.")
	errTarget     = fault.New(fault.Invalid, "invalid_target", "Name exactly one of file_id, folder_id and space_id.")
	errUploadFile = fault.New(fault.Invalid, "invalid_permission", "upload is of a folder or a space: a file takes nothing in. To let members change the file, give edit.")
	errEditLink   = fault.New(fault.Invalid, "invalid_permission", "edit is given to members and classes. People outside view, download or upload.")
	errViewInside = fault.New(fault.Invalid, "invalid_permission", "A member who reads a file has its original too: give download. view, which keeps the original back, is of a link or of people outside.")
	errClassSpace = fault.New(fault.Invalid, "invalid_target", "A space is shared with members. With a class, share a folder of it, or make a group of the class.")
	errLabel      = fault.New(fault.Invalid, "invalid_label", "label is at most 200 characters of text.")
	errConsented  = fault.New(fault.Invalid, "invalid_disclosure_basis", "A consent names files: share one of them on the basis 99.30.")
	errOtherBasis = fault.New(fault.Invalid, "invalid_disclosure_basis", "This share has another basis; directory information, and what is disclosed on a consent, has a share of its own. Make a new share.")
	errNewPass    = fault.New(fault.Invalid, "invalid_password", "A password is 8 to 128 characters, of a link or of people outside.")
	errLimit      = fault.New(fault.Invalid, "invalid_max_downloads", "max_downloads is a number from 1 to 1,000,000, of a link or of people outside who download.")
	errBounds     = fault.New(fault.Invalid, "invalid_bounds", "max_files is from 1 to 100,000, max_bytes from 1 to 2^50, accepted names up to 100 extensions; they bound a drop box: permission upload, of a link or of people outside.")
	errStarts     = fault.New(fault.Invalid, "invalid_starts_at", "starts_at is a time between the years 2000 and 2200.")
	errPin        = fault.New(fault.Invalid, "invalid_version", "version is the number of a published version of the file that is shared by a link or with people outside. Members see the current one.")
	errName       = fault.New(fault.Invalid, "invalid_name", "The name of a recipient is at most 200 characters of text.")
)
