package preview

import (
	"archive/zip"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path"
	"strings"

	"satchel/files"
	"satchel/policies/previews"
)

// The bounds of what is read of a zip. Its directory has passed policies/archives.
const (
	maxMember  = 64 << 20 // bytes of a picture
	maxPackage = 4 << 20  // bytes of a book's description
)

// inside shows a picture that lies in a zip: the cover of a book, or what the program that
// wrote the file left for this purpose.
func (j job) inside(ctx context.Context) (made, error) {
	archive, err := zip.OpenReader(j.path)
	if err != nil {
		return made{}, unreadable(err)
	}
	defer func() { _ = archive.Close() }()
	names := j.row.Members
	if j.row.Method == previews.Cover {
		if names, err = coverNames(&archive.Reader); err != nil {
			return made{}, err
		}
	}
	for _, name := range names {
		member := find(&archive.Reader, name)
		if member == nil {
			continue
		}
		if err := j.extract(member); err != nil {
			return made{}, err
		}
		var result made
		if strings.EqualFold(path.Ext(name), ".svg") {
			result, err = j.drawing(ctx, j.folder.Path(memberName))
		} else {
			result, err = j.picture(ctx, j.folder.Path(memberName))
		}
		result.width, result.height = 0, 0 // of the picture, not of the file
		return result, err
	}
	return made{}, errNoPicture
}

var errNoPicture = &Finding{State: files.PreviewUnavailable, Reason: "no_picture", Detail: "the file holds none"}

const memberName = "member"

func (j job) extract(member *zip.File) error {
	body, err := member.Open()
	if err != nil {
		return unreadable(err)
	}
	defer func() { _ = body.Close() }()
	bounded := &boundedReader{r: body, left: maxMember}
	err = j.folder.Write(memberName, bounded)
	if bounded.err != nil {
		return unreadable(bounded.err)
	}
	return err
}

// boundedReader tells an error of the archive from one of the disk.
type boundedReader struct {
	r    io.Reader
	left int64
	err  error
}

func (b *boundedReader) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if b.left -= int64(n); b.left < 0 {
		err = errors.New("the picture in the file is too large")
	}
	if err != nil && !errors.Is(err, io.EOF) {
		b.err = err
	}
	return n, err
}

// find ignores the case of names, as the programs do that write them.
func find(archive *zip.Reader, name string) *zip.File {
	for _, member := range archive.File {
		if strings.EqualFold(member.Name, name) {
			return member
		}
	}
	return nil
}

func unreadable(err error) error {
	return &Finding{State: files.PreviewUnavailable, Reason: "unreadable", Detail: err.Error()}
}

// container is META-INF/container.xml of an EPUB (OCF 3.3, 4.2.6.3.1).
type container struct {
	Roots []struct {
		Path string `xml:"full-path,attr"`
	} `xml:"rootfiles>rootfile"`
}

// publication is the package document (EPUB 3.3, 5): the cover is the item with the
// property cover-image, or in EPUB 2 the one that the meta element named cover names.
type publication struct {
	Meta []struct {
		Name    string `xml:"name,attr"`
		Content string `xml:"content,attr"`
	} `xml:"metadata>meta"`
	Items []struct {
		ID         string `xml:"id,attr"`
		Href       string `xml:"href,attr"`
		MediaType  string `xml:"media-type,attr"`
		Properties string `xml:"properties,attr"`
	} `xml:"manifest>item"`
}

func coverNames(archive *zip.Reader) ([]string, error) {
	var root container
	if err := readXML(archive, "META-INF/container.xml", &root); err != nil {
		return nil, err
	}
	if len(root.Roots) == 0 {
		return nil, unreadable(errors.New("the book names no package document"))
	}
	at := root.Roots[0].Path
	var book publication
	if err := readXML(archive, at, &book); err != nil {
		return nil, err
	}
	var names []string
	for _, href := range book.covers() {
		if decoded, err := url.PathUnescape(href); err == nil {
			names = append(names, path.Join(path.Dir(at), decoded))
		}
	}
	return names, nil
}

// covers are the addresses of pictures that may be the cover, the best first.
func (p publication) covers() (hrefs []string) {
	named := ""
	for _, m := range p.Meta {
		if m.Name == "cover" {
			named = m.Content
		}
	}
	is := []func(id, properties string) bool{
		func(_, properties string) bool {
			return strings.Contains(" "+properties+" ", " cover-image ")
		},
		func(id, _ string) bool { return named != "" && id == named },
		func(id, _ string) bool { return strings.Contains(strings.ToLower(id), "cover") },
	}
	for _, matches := range is {
		for _, item := range p.Items {
			if strings.HasPrefix(item.MediaType, "image/") && matches(item.ID, item.Properties) {
				hrefs = append(hrefs, item.Href)
			}
		}
	}
	return hrefs
}

func readXML(archive *zip.Reader, name string, into any) error {
	member := find(archive, name)
	if member == nil {
		return unreadable(fmt.Errorf("the book has no %s", path.Base(name)))
	}
	body, err := member.Open()
	if err != nil {
		return unreadable(err)
	}
	defer func() { _ = body.Close() }()
	if err := xml.NewDecoder(io.LimitReader(body, maxPackage)).Decode(into); err != nil {
		return unreadable(err)
	}
	return nil
}
