package oneroster

import (
	"errors"
	"io"
	"slices"
	"strings"
)

const manifestFile = "manifest.csv"

// manifest reads which version the package has and what each file is.
func (p *Package) manifest() error {
	if p.files[manifestFile] == nil {
		return stop(ManifestMissing, manifestFile, 0, "", "The package has no manifest.csv, which says what its files mean. Export as OneRoster 1.1 or 1.2 CSV.")
	}
	values, err := p.properties()
	if err != nil {
		return err
	}
	if err := p.version(values["oneroster.version"]); err != nil {
		return err
	}
	for _, name := range manifestNames {
		if err := p.declared(name, Mode(strings.ToLower(values["file."+strings.ToLower(name)]))); err != nil {
			return err
		}
	}
	if p.Version == V12 && p.Modes[Users] == Bulk && p.Modes[Roles] == Absent {
		return stop(RolesMissing, FileOf[Roles], 0, "", "The package lists users and no roles, so that no user is a student or a teacher. Export roles.csv too.")
	}
	return nil
}

// properties reads the two columns of the manifest. Names are compared without
// case.
func (p *Package) properties() (map[string]string, error) {
	t, err := p.table(manifestFile, []column{{"propertyName", true}, {"value", true}}, []string{"propertyName", "value"})
	if err != nil {
		return nil, err
	}
	defer t.close()
	values := map[string]string{}
	for {
		line, err := t.next()
		var bad *badRow
		switch {
		case errors.Is(err, io.EOF):
			return values, nil
		case errors.As(err, &bad):
			return nil, stop(ManifestInvalid, manifestFile, bad.row, "", "The row has not two columns. Export the package again.")
		case err != nil:
			return nil, err
		}
		name := strings.ToLower(t.get(line, "propertyName"))
		if _, twice := values[name]; twice {
			return nil, stop(ManifestInvalid, manifestFile, t.row, "propertyName", "The property is there twice. Export the package again.")
		}
		values[name] = t.get(line, "value")
	}
}

func (p *Package) version(v string) error {
	switch {
	case v == string(V11) || v == string(V12):
	case strings.HasPrefix(v, "1.1.") || strings.HasPrefix(v, "1.2."):
		p.Warnings.Add(VersionClose, manifestFile, 0, "oneroster.version")
	default:
		return stop(VersionUnknown, manifestFile, 0, "oneroster.version", "The version of the package is not one that is read: 1.1 and 1.2. Choose one of them in the export.")
	}
	p.Version = Version(v[:3])
	return nil
}

// declared compares what the manifest says of a file with what is there.
func (p *Package) declared(name string, mode Mode) error {
	file := name + ".csv"
	there := p.files[file] != nil
	switch mode {
	case "":
		if there {
			p.Warnings.Add(FileUndeclared, file, 0, "")
		}
		mode = Absent
	case Absent:
		if there {
			return stop(DeclaredAbsent, file, 0, "", "The manifest says that the file is absent, and it is there. Export the package again, or correct the manifest.")
		}
	case Bulk, Delta:
		if !there {
			return stop(DeclaredMissing, file, 0, "", "The manifest names the file, and it is not in the package. Export the package again.")
		}
	default:
		return stop(ManifestInvalid, manifestFile, 0, "file."+name, "The value is none of absent, bulk and delta. Export the package again.")
	}
	if i := slices.IndexFunc(Kinds, func(k Kind) bool { return FileOf[k] == file }); i >= 0 {
		p.Modes[Kinds[i]] = mode
	}
	return nil
}
