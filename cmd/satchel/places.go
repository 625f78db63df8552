package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/spf13/cobra"
	"golang.org/x/text/unicode/norm"

	"satchel/client"
)

// namesHelp is in the help of every command that takes a name in place of an id.
const namesHelp = `
A SPACE is its name or id, a FOLDER is SPACE/FOLDER/… or its id, a FILE its name
or id, a PERSON the whole name or the user id. Case does not matter. A name that
several things have is refused with their ids. A folder's name may hold a slash:
SPACE/a/b is the folder a/b, and the folder b in a; where both are, it is refused
with their ids.`

// work is a command's work with the API as the one who logged in.
type work func(cmd *cobra.Command, c *client.Client, args []string) error

func (a *app) with(do work) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		c, err := a.client()
		if err != nil {
			return err
		}
		return do(cmd, c, args)
	}
}

// place is a space, or a folder in one.
type place struct {
	space  client.Space
	folder string // its id; empty: the top of the space
}

// findPlace finds what a person calls a place: an id, a name, or a path of names.
func findPlace(ctx context.Context, c *client.Client, text string) (place, error) {
	if isID(text) {
		return placeOfID(ctx, c, text)
	}
	spaces, err := c.Spaces(ctx, "")
	if err != nil {
		return place{}, err
	}
	space, rest, err := splitPlace(spaces, text)
	if err != nil || rest == "" {
		return place{space: space}, err
	}
	folder, err := folderAt(ctx, c, space, rest)
	return place{space, folder}, err
}

func placeOfID(ctx context.Context, c *client.Client, id string) (place, error) {
	s, err := c.Space(ctx, id)
	if !client.HasCode(err, "space_not_found") {
		return place{space: s}, err
	}
	f, err := c.Folder(ctx, id)
	if client.HasCode(err, "folder_not_found") {
		err = fmt.Errorf("there is no space and no folder %s for you: `satchel space list` lists your spaces", id)
	}
	if err != nil {
		return place{}, err
	}
	s, err = c.Space(ctx, f.Space)
	if client.HasCode(err, "space_not_found") { // a linked folder's space may be hidden
		return place{space: client.Space{ID: f.Space}, folder: f.ID}, nil
	}
	return place{s, f.ID}, err
}

// splitPlace finds the space that a path begins with. A space's name may hold a slash,
// so the longest beginning that names one decides.
func splitPlace(spaces []client.Space, path string) (space client.Space, rest string, err error) {
	for head := path; ; {
		if s, err := oneNamed("space", head, spaces, nameOfSpace, "satchel space list"); !errors.Is(err, errNone) {
			return s, strings.Trim(strings.TrimPrefix(path, head), "/"), err
		}
		i := strings.LastIndexByte(head, '/')
		if i < 0 {
			_, err := oneNamed("space", path, spaces, nameOfSpace, "satchel space list")
			return space, "", err
		}
		head = head[:i]
	}
}

func nameOfSpace(s client.Space) (id, name string) { return s.ID, s.Name }

// folderAt finds the folder of a path of names below a space. A folder that is shown in the
// space from elsewhere is found by its name too. A folder's name may hold a slash, so that a
// path can be read in several ways: all are followed, and two that lead to folders are
// refused, because the wrong one could be deleted or handed in.
func folderAt(ctx context.Context, c *client.Client, space client.Space, path string) (string, error) {
	shown, err := c.Space(ctx, space.ID)
	if err != nil {
		return "", err
	}
	w := walk{c: c, found: map[string]bool{}}
	if err := w.below(ctx, space.ID, "", space.Name, strings.Split(path, "/"), shown.Linked); err != nil {
		return "", err
	}
	ids := slices.Sorted(maps.Keys(w.found))
	switch len(ids) {
	case 0:
		return "", w.missing
	case 1:
		return ids[0], nil
	}
	return "", fmt.Errorf("the path %q names %d folders: give the id of the folder: %s", space.Name+"/"+path, len(ids), strings.Join(ids, ", "))
}

// walk follows a path in all the ways in which it can be read.
type walk struct {
	c       *client.Client
	found   map[string]bool
	missing noneNamed // where the way that came farthest ended
	far     int
}

// below follows what is left of the path in one folder; linked are folders of other spaces that
// are shown there.
func (w *walk) below(ctx context.Context, space, parent, inside string, names []string, linked []client.Folder) error {
	folders, err := w.c.Folders(ctx, space, parent)
	if err != nil {
		return err
	}
	none := true
	for _, f := range append(folders, linked...) {
		n := takes(f, names)
		if n == 0 {
			continue
		}
		none = false
		if n == len(names) {
			w.found[f.ID] = true
		} else if err := w.below(ctx, f.Space, f.ID, inside+"/"+f.Name, names[n:], nil); err != nil {
			return err
		}
	}
	if far := strings.Count(inside, "/") + 1; none && far > w.far {
		w.far, w.missing = far, noneNamed{"folder", strings.Join(names, "/"), "satchel folder list '" + inside + "'"}
	}
	return nil
}

// takes is with how many parts of a path a folder is named by its name or its id; 0: not.
func takes(f client.Folder, names []string) int {
	if f.ID == names[0] {
		return 1
	}
	n := strings.Count(f.Name, "/") + 1
	if n > len(names) || !sameName(f.Name, strings.Join(names[:n], "/")) {
		return 0
	}
	return n
}

// findSpace is findPlace where a folder will not do.
func findSpace(ctx context.Context, c *client.Client, text string) (client.Space, error) {
	p, err := findPlace(ctx, c, text)
	if err == nil && p.folder != "" {
		err = fmt.Errorf("%s is a folder; name the space alone: `satchel space list` lists yours", text)
	}
	return p.space, err
}

// findFolder is findPlace where a space will not do.
func findFolder(ctx context.Context, c *client.Client, text string) (string, error) {
	p, err := findPlace(ctx, c, text)
	if err == nil && p.folder == "" {
		err = fmt.Errorf("%s is a space; name a folder in it as '%s/FOLDER': `satchel folder list '%s'` lists them", text, text, text)
	}
	return p.folder, err
}

// findFile finds a file by its id or its whole name.
func findFile(ctx context.Context, c *client.Client, text string) (string, error) {
	if isID(text) {
		return text, nil
	}
	files, err := client.All[client.File](ctx, c, "/api/v1/storage/files", url.Values{"q": {text}})
	if err != nil {
		return "", err
	}
	f, err := oneNamed("file", text, files, func(f client.File) (string, string) { return f.ID, f.Name }, "satchel ls -q '"+text+"'")
	return f.ID, err
}

// findPerson finds the user id of a person of the organization.
func (a *app) findPerson(ctx context.Context, text string) (string, error) {
	if isID(text) {
		return text, nil
	}
	c, organization, err := a.inOrganization(ctx)
	if err != nil {
		return "", err
	}
	people, err := client.All[knownPerson](ctx, c, organization+"/people", url.Values{"q": {text}})
	if client.HasCode(err, "not_granted") {
		return "", fmt.Errorf("only teachers, owners and admins find people by name: give the user id of %q", text)
	}
	if err != nil {
		return "", err
	}
	p, err := oneNamed("person", text, people, func(p knownPerson) (string, string) { return p.User, p.Name }, "satchel people list")
	return p.User, err
}

// findPeople puts user ids in the place of names.
func (a *app) findPeople(ctx context.Context, names []string) (err error) {
	for i, name := range names {
		if names[i], err = a.findPerson(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

var errNone = errors.New("none of this name")

// noneNamed says what is not there and which command lists what is.
type noneNamed struct{ what, name, list string }

func (e noneNamed) Error() string {
	return fmt.Sprintf("there is no %s %q for you: `%s` lists what there is", e.what, e.name, e.list)
}

func (noneNamed) Is(target error) bool { return target == errNone }

// oneNamed finds the only one with an id or a name; list is the command that shows all.
func oneNamed[T any](what, wanted string, all []T, of func(T) (id, name string), list string) (found T, err error) {
	var ids []string
	for _, v := range all {
		id, name := of(v)
		if id == wanted || sameName(name, wanted) {
			found, ids = v, append(ids, id)
		}
	}
	switch len(ids) {
	case 0:
		return found, noneNamed{what, wanted, list}
	case 1:
		return found, nil
	}
	return found, fmt.Errorf("%d have the name %q: give the id of the %s: %s", len(ids), wanted, what, strings.Join(ids, ", "))
}

// sameName compares as people do: the form of accents and case say nothing.
func sameName(a, b string) bool { return strings.EqualFold(norm.NFC.String(a), norm.NFC.String(b)) }

func isID(text string) bool { return uuid.Validate(text) == nil && len(text) == len(uuid.Nil.String()) }

// nextSteps says what to do about refusals whose own text cannot name a command.
var nextSteps = map[string]string{
	"space_not_found":        "`satchel space list` lists your spaces",
	"folder_not_found":       "`satchel folder list SPACE` lists its folders",
	"file_not_found":         "`satchel ls` lists the files that you see",
	"grant_not_found":        "`satchel space show SPACE` lists the access that was given",
	"unknown_person":         "`satchel people list` lists the people here",
	"invalid_ends_at":        "give --until, such as --until 14d",
	"reason_required":        "give --reason",
	"second_person_required": "another owner or admin gives `satchel space approve GRANT`",
	"nothing_to_hand_in":     "`satchel upload FILE --to FOLDER` puts a file into it",
	"invalid_body":           "where the help of the command says ID, give an id such as 0198c2b4-5f3e-7a01-8b9c-2d4e6f8a0b1c, as the lists show it, and no name",
	"queue_paused":           "`satchel queue resume QUEUE --reason WHY` lets it go on, and then it takes a rate",
	"folder_not_empty":       "`satchel ls --in FOLDER` and `satchel ls --in FOLDER --status deleted` list what is in it",
}

// advised adds the next step to a refusal.
func advised(err error) error {
	var p *client.Problem
	if errors.As(err, &p) && nextSteps[p.Code] != "" {
		return fmt.Errorf("%w\n  %s", err, nextSteps[p.Code])
	}
	if errors.As(err, &p) && p.Status == http.StatusForbidden {
		return fmt.Errorf("%w\n  `satchel whoami` shows your role, `satchel space list` how far you get in each space", err)
	}
	return err
}
