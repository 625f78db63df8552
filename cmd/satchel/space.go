package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"satchel/client"
)

// levels are the words for how far a person gets in a space, from 1 on.
var levels = []string{"read", "add", "staff", "manage"}

func levelWord(n int) string {
	if n < 1 || n > len(levels) {
		return ""
	}
	return levels[n-1]
}

// levelOf reads a word of levels.
func levelOf(word string) (int, error) {
	n := slices.Index(levels, word) + 1
	if n == 0 {
		return 0, fmt.Errorf("--level is read, add, staff or manage, not %q", word)
	}
	return n, nil
}

func (a *app) space() *cobra.Command {
	cmd := &cobra.Command{
		Use: "space", Short: "See your spaces, make them, and say who gets in",
		Long: `See your spaces, make them, and say who gets in. Every file is in one space, and
who is in the space sees it.

  satchel space list
  satchel space show "Class 7b"
  satchel space create "Chess club" --kind group
  satchel space grant "Chess club" "Student 12" --level add
  satchel space revoke "Chess club" "Student 12"
  satchel space substitute "Class 7b" "Teacher 4" --until 14d
  satchel space link "Class 7b/Maps" "Class 8a" --until 2026-12-18
  satchel space break-glass --person "Student 12" --reason "why it cannot wait"
  satchel space report --csv report.csv
` + namesHelp,
	}
	cmd.AddCommand(a.spaceList(), a.spaceShow(), a.spaceCreate(), a.spaceGrant(), a.spaceRevoke(), a.spaceSubstitute(),
		a.spaceBreakGlass(), a.spaceApprove(), a.spaceLink(), a.spaceUnlink(), a.spaceReport())
	return cmd
}

func (a *app) spaceList() *cobra.Command {
	var kind string
	cmd := &cobra.Command{
		Use: "list", Short: "List the spaces that you are in, by name", Args: cobra.NoArgs,
		Example: "  satchel space list\n  satchel space list --kind class --json",
		RunE: a.with(func(cmd *cobra.Command, c *client.Client, _ []string) error {
			spaces, err := c.Spaces(cmd.Context(), kind)
			if err != nil {
				return err
			}
			return a.showSpaces(cmd, spaces)
		}),
	}
	cmd.Flags().StringVar(&kind, "kind", "", "only personal, class, group, library, staff or confidential ones")
	return cmd
}

func (a *app) showSpaces(cmd *cobra.Command, spaces []client.Space) error {
	if a.json {
		return a.say(cmd, spaces, "")
	}
	t := table(cmd, "SPACE", "NAME", "KIND", "YOU", "STATE")
	for _, s := range spaces {
		t.row(s.ID, s.Name, s.Kind, levelWord(s.MyLevel), s.State)
	}
	t.flush()
	return nil
}

// shownSpace is a space with what the caller may know of it.
type shownSpace struct {
	client.Space
	Folders []client.Folder      `json:"folders"`
	People  []client.SpacePerson `json:"people"`
	Grants  []client.Grant       `json:"grants"`
}

func (a *app) spaceShow() *cobra.Command {
	return &cobra.Command{
		Use: "show SPACE", Short: "Show a space: its folders, its people, the access that was given", Args: cobra.ExactArgs(1),
		Example: "  satchel space show \"Class 7b\"",
		Long: `Show a space: its folders, those that are shown in it from elsewhere, its people,
and the access that was given to it. Who only reads sees the folders alone.
` + namesHelp,
		RunE: a.with(func(cmd *cobra.Command, c *client.Client, args []string) error {
			ctx := cmd.Context()
			named, err := findSpace(ctx, c, args[0])
			if err != nil {
				return err
			}
			var s shownSpace
			if s.Space, err = c.Space(ctx, named.ID); err != nil {
				return err
			}
			if s.Folders, err = c.Folders(ctx, s.ID, ""); err != nil {
				return err
			}
			if s.People, err = c.SpacePeople(ctx, s.ID); err != nil {
				return err
			}
			if s.Grants, err = c.Grants(ctx, s.ID); err != nil {
				return err
			}
			return a.showSpace(cmd, s)
		}),
	}
}

func (a *app) showSpace(cmd *cobra.Command, s shownSpace) error {
	if a.json {
		return a.say(cmd, s, "")
	}
	if err := a.showSpaces(cmd, []client.Space{s.Space}); err != nil {
		return err
	}
	folders := append(slices.Clone(s.Folders), s.Linked...)
	if len(folders) > 0 {
		cmd.Println()
		if err := a.showFolders(cmd, s.ID, folders); err != nil {
			return err
		}
	}
	if len(s.People) > 0 {
		cmd.Println()
		t := table(cmd, "PERSON", "NAME", "LEVEL", "BY", "UNTIL")
		for _, p := range s.People {
			t.row(p.User, p.Name, levelWord(p.Level), p.Via, shortTime(p.EndsAt))
		}
		t.flush()
	}
	if len(s.Grants) > 0 {
		cmd.Println()
		a.showGrants(cmd, s.Grants)
	}
	return nil
}

func (a *app) showGrants(cmd *cobra.Command, grants []client.Grant) {
	t := table(cmd, "GRANT", "PERSON", "LEVEL", "AS", "UNTIL", "REASON")
	for _, g := range grants {
		t.row(g.ID, g.User, levelWord(g.Level), g.Via, shortTime(g.EndsAt), g.Reason)
	}
	t.flush()
}

func (a *app) spaceCreate() *cobra.Command {
	var n client.NewSpace
	var about, class string
	cmd := &cobra.Command{
		Use: "create NAME", Short: "Make a space, which you then manage", Args: cobra.ExactArgs(1),
		Example: `  satchel space create "Chess club" --kind group
  satchel space create "Support plan" --kind confidential --about "Student 12"`,
		Long: `Make a space, which you then manage.

  group         the people you let in; of a class with --class: its teachers too
  library       everybody here reads it, teachers add; owners and admins make it
  staff         all teachers, owners and admins
  confidential  only the people you let in: no owner and no admin

A personal space comes with its person, a class's with its class.
` + namesHelp,
		RunE: a.with(func(cmd *cobra.Command, c *client.Client, args []string) error {
			var err error
			n.Name = args[0]
			if about != "" {
				if n.About, err = a.findPerson(cmd.Context(), about); err != nil {
					return err
				}
			}
			if class != "" {
				if n.Class, err = findClass(cmd, c, class); err != nil {
					return err
				}
			}
			s, err := c.CreateSpace(cmd.Context(), n)
			if err != nil {
				return err
			}
			return a.say(cmd, s, "%s  %s\n", s.ID, s.Name)
		}),
	}
	cmd.Flags().StringVar(&n.Kind, "kind", "group", "group, library, staff or confidential")
	cmd.Flags().StringVar(&class, "class", "", "of a group: the class that it belongs to")
	cmd.Flags().StringVar(&about, "about", "", "of a confidential space: the person its records are about")
	return cmd
}

// findClass finds a class by its id or title.
func findClass(cmd *cobra.Command, c *client.Client, text string) (string, error) {
	if isID(text) {
		return text, nil
	}
	all, err := c.Classes(cmd.Context())
	if err != nil {
		return "", err
	}
	k, err := oneNamed("class", text, all, func(k client.Class) (string, string) { return k.ID, k.Title }, "satchel space list --kind class")
	return k.ID, err
}

func (a *app) spaceLink() *cobra.Command {
	var n client.NewLink
	until, from := moment{ends: true}, moment{}
	cmd := &cobra.Command{
		Use: "link FILE|FOLDER SPACE", Short: "Show a file or folder in another space of yours too", Args: cobra.ExactArgs(2),
		Example: `  satchel space link "Class 7b/Maps" "Class 8a" --until 2026-12-18
  satchel space link atlas.pdf "Class 8a" --level edit`,
		Long: `Show a file or folder in another space of yours too. A folder is shown with all
that is below it. The same command again changes the link; unlink ends it.
` + namesHelp + "\n" + momentsHelp,
		RunE: a.with(func(cmd *cobra.Command, c *client.Client, args []string) error {
			thing, err := findThing(cmd, c, args[0])
			if err != nil {
				return err
			}
			space, err := findSpace(cmd.Context(), c, args[1])
			if err != nil {
				return err
			}
			n.StartsAt, n.EndsAt = from.at, until.at
			link := c.LinkFile
			if thing.folder {
				link = c.LinkFolder
			}
			if err := link(cmd.Context(), thing.id, space.ID, n); err != nil {
				return err
			}
			return a.say(cmd, map[string]any{"id": thing.id, "space_id": space.ID, "level": n.Level}, "Shown in %s\n", space.Name)
		}),
	}
	cmd.Flags().StringVar(&n.Level, "level", "read", "what people there may do: read, add (to a folder) or edit")
	cmd.Flags().Var(&from, "from", "when the link begins (default: now)")
	cmd.Flags().Var(&until, "until", "when it ends by itself (default: it does not)")
	return cmd
}

func (a *app) spaceUnlink() *cobra.Command {
	return &cobra.Command{
		Use: "unlink FILE|FOLDER SPACE", Short: "End the showing of a file or folder in a space", Args: cobra.ExactArgs(2),
		Example: "  satchel space unlink \"Class 7b/Maps\" \"Class 8a\"",
		Long:    "End the showing of a file or folder in a space, at once.\n" + namesHelp,
		RunE: a.with(func(cmd *cobra.Command, c *client.Client, args []string) error {
			thing, err := findThing(cmd, c, args[0])
			if err != nil {
				return err
			}
			space, err := findSpace(cmd.Context(), c, args[1])
			if err != nil {
				return err
			}
			unlink := c.UnlinkFile
			if thing.folder {
				unlink = c.UnlinkFolder
			}
			if err := unlink(cmd.Context(), thing.id, space.ID); err != nil {
				return err
			}
			return a.say(cmd, map[string]any{"id": thing.id, "space_id": space.ID}, "No longer shown in %s\n", space.Name)
		}),
	}
}

// thing is a file or a folder.
type thing struct {
	id     string
	folder bool
}

// findThing finds a folder by its path or id, a file by its name or id.
func findThing(cmd *cobra.Command, c *client.Client, text string) (thing, error) {
	if isID(text) {
		_, err := c.Folder(cmd.Context(), text)
		if client.HasCode(err, "folder_not_found") {
			return thing{id: text}, nil
		}
		return thing{text, true}, err
	}
	if strings.Contains(text, "/") {
		id, err := findFolder(cmd.Context(), c, text)
		return thing{id, true}, err
	}
	id, err := findFile(cmd.Context(), c, text)
	return thing{id: id}, err
}
