package oneroster

import (
	"archive/zip"
	"errors"
	"io"
	"path"
	"slices"
	"strings"
)

// Limits bound a package before it is unpacked, and while.
type Limits struct {
	Bytes    int64 // of the zip
	Unpacked int64 // of all its files
	Ratio    int64 // unpacked by packed, of one file above RatioFrom
	Entries  int
}

// RatioFrom is the unpacked size from which on the ratio is looked at. Small
// files of equal rows compress better than any bound that is of use.
const RatioFrom = 16 << 20

// DefaultLimits are those of the platform.
var DefaultLimits = Limits{Bytes: 50 << 20, Unpacked: 1 << 30, Ratio: 100, Entries: 64}

// Package is an opened package, whose manifest fits its files.
type Package struct {
	Version  Version
	Modes    map[Kind]Mode
	Warnings Report // of the package and its headers and rows, as far as it was read

	files       map[string]*zip.File // by the name in the binding
	limits      Limits
	windows1252 bool
}

// Option changes how a package is read.
type Option func(*Package)

// Windows1252 reads the files as Windows-1252 instead of UTF-8. A person has to
// look at the names before anything is applied: every byte is a letter in this
// encoding, so a wrong choice is not noticed here.
func Windows1252() Option { return func(p *Package) { p.windows1252 = true } }

// Open reads the directory and the manifest. An error about the package is a
// *Stop; every other one is the reader's.
func Open(r io.ReaderAt, size int64, limits Limits, options ...Option) (*Package, error) {
	if size > limits.Bytes {
		return nil, stop(TooLarge, "", 0, "", "The package has %d MiB; at most %d MiB are taken. Leave out files that are not part of a roster.", size>>20, limits.Bytes>>20)
	}
	source := &reader{r: r}
	z, err := zip.NewReader(source, size)
	if err != nil {
		if source.err != nil {
			return nil, source.err
		}
		return nil, stop(NotZip, "", 0, "", "The package is not a complete zip. Export it again and send the whole file.")
	}
	p := &Package{Modes: map[Kind]Mode{}, files: map[string]*zip.File{}, limits: limits}
	for _, o := range options {
		o(p)
	}
	if err := p.directory(z.File); err != nil {
		return nil, err
	}
	if err := p.manifest(); err != nil {
		return nil, err
	}
	return p, nil
}

// reader remembers what the source said: the zip reader hides it behind its own
// errors, and a store that does not answer is no fault of the package.
type reader struct {
	r   io.ReaderAt
	err error
}

func (s *reader) ReadAt(b []byte, off int64) (int, error) {
	n, err := s.r.ReadAt(b, off)
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
	}
	return n, err
}

func (p *Package) directory(entries []*zip.File) error {
	if len(entries) > p.limits.Entries {
		return stop(TooManyEntries, "", 0, "", "The package has %d entries; a roster has at most %d. Leave out what is not part of it.", len(entries), p.limits.Entries)
	}
	folder, err := topFolder(entries)
	if err != nil {
		return err
	}
	if folder != "" {
		p.Warnings.Add(Folder, "", 0, "")
	}
	var unpacked uint64
	for _, f := range entries {
		unpacked += f.UncompressedSize64
		if unpacked > uint64(p.limits.Unpacked) {
			return stop(TooLarge, "", 0, "", "The package unpacks to more than %d MiB. Split it by school, or export without history.", p.limits.Unpacked>>20)
		}
		name := strings.TrimPrefix(f.Name, folder)
		switch {
		case f.FileInfo().IsDir() || name == "":
		case noise(f.Name):
			p.Warnings.Add(OtherSystemFile, "", 0, "")
		case strings.Contains(name, "/"):
			return stop(PathInPackage, "", 0, "", "The package has folders; the files of a roster are at the top of the zip, or in one folder. Pack the files themselves.")
		default:
			if err := p.enter(name, f); err != nil {
				return err
			}
		}
	}
	return nil
}

// enter takes a file by its name in the binding.
func (p *Package) enter(name string, f *zip.File) error {
	exact := name
	if i := slices.IndexFunc(append([]string{"manifest"}, manifestNames...), func(n string) bool { return strings.EqualFold(n+".csv", name) }); i >= 0 {
		exact = append([]string{"manifest"}, manifestNames...)[i] + ".csv"
	}
	if exact != name {
		p.Warnings.Add(FileNameCase, exact, 0, "")
	}
	if p.files[exact] != nil {
		return stop(FileTwice, exact, 0, "", "The file is in the package twice. Leave one of them out.")
	}
	if f.UncompressedSize64 > RatioFrom && f.UncompressedSize64 > uint64(p.limits.Ratio)*max(f.CompressedSize64, 1) {
		return stop(TooDense, exact, 0, "", "The file unpacks to more than %d times its size, which no roster does. Export it again.", p.limits.Ratio)
	}
	p.files[exact] = f
	return nil
}

// topFolder finds the one folder that all files are in, with its slash.
func topFolder(entries []*zip.File) (string, error) {
	folder, found := "", false
	for _, f := range entries {
		name := f.Name
		if strings.HasPrefix(name, "/") || strings.Contains(name, "\\") || slices.Contains(strings.Split(name, "/"), "..") {
			return "", stop(PathInPackage, "", 0, "", "The package has a name that leads out of it. Pack the files themselves, without paths.")
		}
		if noise(name) || f.FileInfo().IsDir() {
			continue
		}
		first, _, nested := strings.Cut(name, "/")
		if !nested {
			return "", nil
		}
		if found && folder != first+"/" {
			return "", nil
		}
		folder, found = first+"/", true
	}
	return folder, nil
}

// noise knows what desktops add to a zip.
func noise(name string) bool {
	base := path.Base(name)
	return strings.HasPrefix(name, "__MACOSX/") || strings.HasPrefix(base, "._") || base == ".DS_Store" || strings.EqualFold(base, "Thumbs.db") || strings.EqualFold(base, "desktop.ini")
}
