package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"satchel/client"
)

func (a *app) folder() *cobra.Command {
	cmd := &cobra.Command{
		Use: "folder", Short: "Make, rename, move and delete folders, hand-outs and hand-ins",
		Long: `Make, rename, move and delete folders, hand-outs and hand-ins.

  satchel folder list "Class 7b"
  satchel folder create "Class 7b/Maps"
  satchel folder create "Class 7b/Test" --mode handout --opens "2026-12-01 08:00"
  satchel folder create "Class 7b/Essay 1" --mode handin --due 2026-12-04 --accept pdf,docx
  satchel folder rename "Class 7b/Maps" Atlas
  satchel folder move "Class 7b/Atlas" "Class 8a"
  satchel folder delete "Class 8a/Atlas"
` + namesHelp,
	}
	cmd.AddCommand(a.folderList(), a.folderCreate(), a.folderRename(), a.folderMove(), a.folderDelete())
	return cmd
}

func (a *app) folderList() *cobra.Command {
	return &cobra.Command{
		Use: "list SPACE|FOLDER", Short: "List the folders in a space or in a folder", Args: cobra.ExactArgs(1),
		Example: "  satchel folder list \"Class 7b\"\n  satchel folder list \"Class 7b/Maps\"",
		Long:    "List the folders in a space or in a folder. `satchel ls --in` lists the files.\n" + namesHelp,
		RunE: a.with(func(cmd *cobra.Command, c *client.Client, args []string) error {
			p, err := findPlace(cmd.Context(), c, args[0])
			if err != nil {
				return err
			}
			folders, err := c.Folders(cmd.Context(), p.space.ID, p.folder)
			if err != nil {
				return err
			}
			if p.folder == "" {
				shown, err := c.Space(cmd.Context(), p.space.ID)
				if err != nil {
					return err
				}
				folders = append(folders, shown.Linked...)
			}
			return a.showFolders(cmd, p.space.ID, folders)
		}),
	}
}

// showFolders marks those of other spaces.
func (a *app) showFolders(cmd *cobra.Command, space string, folders []client.Folder) error {
	if a.json {
		return a.say(cmd, folders, "")
	}
	t := table(cmd, "FOLDER", "NAME", "MODE", "OPENS", "DUE", "CLOSES", "NOTE")
	for _, f := range folders {
		note := ""
		if f.Space != space {
			note = "shown from space " + f.Space
		}
		t.row(f.ID, f.Name, f.Mode, shortTime(f.OpensAt), shortTime(f.DueAt), shortTime(f.ClosesAt), note)
	}
	t.flush()
	return nil
}

func (a *app) folderCreate() *cobra.Command {
	var n client.NewFolder
	opens, due, closes := moment{}, moment{ends: true}, moment{ends: true}
	cmd := &cobra.Command{
		Use: "create SPACE/NAME", Short: "Make a folder, a hand-out or a hand-in", Args: cobra.ExactArgs(1),
		Example: `  satchel folder create "Class 7b/Maps"
  satchel folder create "Class 7b/Test" --mode handout --opens "2026-12-01 08:00"
  satchel folder create "Class 7b/Essay 1" --mode handin --due 2026-12-04 --accept pdf,docx`,
		Long: `Make a folder, a hand-out or a hand-in, at most 8 deep. NAME is what is behind the
last slash: satchel folder rename gives a name that holds one.

  shared   who adds to the space adds to it
  handout  the staff add; everybody reads it from --opens on
  handin   each student adds and hands in, seen by the staff alone; after --due it
           is late, after --closes it is refused
` + namesHelp + "\n" + momentsHelp,
		RunE: a.with(func(cmd *cobra.Command, c *client.Client, args []string) error {
			above, name, err := splitName(args[0])
			if err != nil {
				return err
			}
			p, err := findPlace(cmd.Context(), c, above)
			if err != nil {
				return err
			}
			n.Name, n.Parent, n.OpensAt, n.DueAt, n.ClosesAt = name, p.folder, opens.at, due.at, closes.at
			f, err := c.CreateFolder(cmd.Context(), p.space.ID, n)
			if err != nil {
				return err
			}
			return a.say(cmd, f, "%s  %s\n", f.ID, f.Name)
		}),
	}
	cmd.Flags().StringVar(&n.Mode, "mode", "shared", "shared, handout or handin")
	cmd.Flags().StringVar(&n.Instructions, "instructions", "", "what people read above it, at most 2,000 characters")
	cmd.Flags().StringSliceVar(&n.Accepted, "accept", nil, "of a hand-in: only these extensions, such as pdf,docx")
	cmd.Flags().Var(&opens, "opens", "of a hand-out or hand-in: from when on it is open")
	cmd.Flags().Var(&due, "due", "of a hand-in: what comes after it is late")
	cmd.Flags().Var(&closes, "closes", "of a hand-in: from when on it takes nothing")
	return cmd
}

// splitName gives the place and the new folder's own name.
func splitName(path string) (above, name string, err error) {
	i := strings.LastIndexByte(path, '/')
	if i < 1 || i == len(path)-1 {
		return "", "", fmt.Errorf("%q names no folder in a space: give SPACE/NAME, such as 'Class 7b/Maps'", path)
	}
	return path[:i], path[i+1:], nil
}

func (a *app) folderRename() *cobra.Command {
	return &cobra.Command{
		Use: "rename FOLDER NAME", Short: "Give a folder another name", Args: cobra.ExactArgs(2),
		Example: "  satchel folder rename \"Class 7b/Maps\" Atlas",
		Long:    "Give a folder another name, which no other folder beside it has.\n" + namesHelp,
		RunE: a.with(func(cmd *cobra.Command, c *client.Client, args []string) error {
			id, err := findFolder(cmd.Context(), c, args[0])
			if err != nil {
				return err
			}
			f, err := c.RenameFolder(cmd.Context(), id, args[1])
			if err != nil {
				return err
			}
			return a.say(cmd, f, "%s  %s\n", f.ID, f.Name)
		}),
	}
}

func (a *app) folderMove() *cobra.Command {
	return &cobra.Command{
		Use: "move FOLDER SPACE|FOLDER", Short: "Move a folder, with all that is in it", Args: cobra.ExactArgs(2),
		Example: "  satchel folder move \"Class 7b/Atlas\" \"Class 8a\"\n  satchel folder move \"Class 7b/Atlas\" \"Class 7b/Geography\"",
		Long:    "Move a folder, with all that is in it, into another folder or to the top of a space.\n" + namesHelp,
		RunE: a.with(func(cmd *cobra.Command, c *client.Client, args []string) error {
			id, err := findFolder(cmd.Context(), c, args[0])
			if err != nil {
				return err
			}
			to, err := findPlace(cmd.Context(), c, args[1])
			if err != nil {
				return err
			}
			f, err := c.MoveFolder(cmd.Context(), id, to.space.ID, to.folder)
			if err != nil {
				return err
			}
			return a.say(cmd, f, "%s  %s is in %s now\n", f.ID, f.Name, args[1])
		}),
	}
}

func (a *app) folderDelete() *cobra.Command {
	return &cobra.Command{
		Use: "delete FOLDER", Short: "Delete an empty folder", Args: cobra.ExactArgs(1),
		Example: "  satchel folder delete \"Class 7b/Atlas\"",
		Long:    "Delete an empty folder. Move its files with satchel mv, or put them into the trash with satchel rm, first.\n" + namesHelp,
		RunE: a.with(func(cmd *cobra.Command, c *client.Client, args []string) error {
			id, err := findFolder(cmd.Context(), c, args[0])
			if err != nil {
				return err
			}
			if err := c.DeleteFolder(cmd.Context(), id); err != nil {
				return err
			}
			return a.say(cmd, map[string]any{"deleted": id}, "Deleted\n")
		}),
	}
}

func (a *app) move() *cobra.Command {
	var onConflict string
	cmd := &cobra.Command{
		Use: "mv FILE…|- SPACE|FOLDER", Short: "Move files into a space or folder", Args: cobra.MinimumNArgs(2),
		Example: "  satchel mv atlas.pdf \"Class 7b/Maps\"\n  satchel mv atlas.pdf map.png \"Class 7b\"\n  satchel ls --tag maps | satchel mv - \"Class 7b/Maps\"",
		Long:    "Move files into a folder, or to the top of a space. Who is there sees them from then on, others no longer.\nWith - the ids of files come from standard input, one a line.\n" + namesHelp,
		RunE: a.with(func(cmd *cobra.Command, c *client.Client, args []string) error {
			files, target := args[:len(args)-1], args[len(args)-1]
			to, err := findPlace(cmd.Context(), c, target)
			if err != nil {
				return err
			}
			if len(files) > 1 || files[0] == "-" || onConflict != "" {
				return a.moveMany(cmd, files, to, onConflict)
			}
			moved, err := moveOne(cmd, c, files[0], to)
			if err != nil {
				return err
			}
			return a.say(cmd, moved, "Moved to %s.\n", target)
		}),
	}
	cmd.Flags().StringVar(&onConflict, "on-conflict", "", "of a name that the folder has already: fail, rename (a number behind the name) or skip")
	return cmd
}

func (a *app) moveMany(cmd *cobra.Command, files []string, to place, onConflict string) error {
	return a.change(cmd, files, client.NewBulk{Action: "move", Space: to.space.ID, Folder: to.folder, OnConflict: onConflict})
}

func moveOne(cmd *cobra.Command, c *client.Client, name string, to place) (client.File, error) {
	id, err := findFile(cmd.Context(), c, name)
	if err != nil {
		return client.File{}, err
	}
	return c.Move(cmd.Context(), id, to.space.ID, to.folder)
}
