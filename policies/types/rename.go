package types

import (
	"slices"
	"strings"
)

// Rename judges a new name for a file that is stored as mediaType under an old
// name, and returns the kind that it then is: a text follows its name, anything
// else stays what it is. Its error is a *Refusal.
func Rename(mediaType, oldName, newName string, rules Rules) (Row, error) {
	stored, known := byMediaType(mediaType)
	if !known {
		stored = opaqueRow
	}
	ending := extension(newName)
	if rule := never(ending); rule != "" {
		return Row{}, &Refusal{Rule: rule}
	}
	if ending == extension(oldName) {
		return stored.public(), nil
	}
	named, rule := admit(newName, rules)
	switch {
	case rule != "":
		return Row{}, &Refusal{Rule: rule, Found: named.Title}
	case named.MediaType == stored.MediaType:
		return stored.public(), nil
	case named.MediaType != "" && rules.Narrows(named.MediaType):
		return Row{}, &Refusal{Rule: NotAllowedHere, Found: named.Title}
	case named.textual() && stored.textual() && slices.Equal(named.contents, textKinds):
		return named.public(), nil
	case ending != "" && (named.Family == Image || named.Family == Audio || named.Family == Video) && relatives(named, stored):
		return stored.public(), nil
	case named.MediaType == zipContent && stored.Container == Zip:
		return stored.public(), nil
	}
	return Row{}, &Refusal{Rule: ExtensionChanged}
}

// DeliveryName is the name under which the original leaves. A corrected file gets
// an extension of what it is, so that it opens; a script gets .txt behind its
// name, so that it does not run, unless the organization says otherwise.
func DeliveryName(name, mediaType string, native bool) string {
	row, known := byMediaType(mediaType)
	if !known || row.MediaType == Opaque {
		return name
	}
	ending := extension(name)
	switch {
	case row.Script && !native:
		return name + ".txt"
	case len(row.Extensions) == 0:
		return name
	}
	named, ok := byExtension(ending)
	switch {
	case !ok:
		return name + row.Extensions[0]
	case named.MediaType == row.MediaType, named.textual() && row.textual(), named.MediaType == zipContent && row.Container == Zip:
		return name
	}
	return name[:strings.LastIndexByte(name, '.')] + row.Extensions[0]
}
