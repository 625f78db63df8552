package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"satchel/client"
)

// roblox are the commands of those who bring files to Roblox.
func (a *app) roblox() *cobra.Command {
	cmd := &cobra.Command{
		Use: "roblox", Short: "Bring files of spaces to an experience of Roblox",
		Long: `Bring files of spaces to an experience of Roblox.

  satchel roblox connect "Our world" --universe 123 --group 456 --space SPACE < key.txt
  satchel roblox sync CONNECTION           the job is followed with satchel jobs watch
  satchel roblox assets CONNECTION --state unsure
  satchel roblox lessons CONNECTION
  satchel roblox resolve CONNECTION ASSET --there 789      or --not-there
  satchel roblox publish CONNECTION PLACE FILE
  satchel roblox quota CONNECTION
  satchel roblox progress CONNECTION volcano-quiz      satchel roblox figures CONNECTION

The API key is read from standard input, so that no list of processes shows it. What
Roblox may have made without saying so is unsure: look in its Creator Dashboard for the
name of the asset, and say whether it is there. docs/roblox.md explains the rest.`,
	}
	cmd.AddCommand(a.robloxConnect(), a.robloxList(), a.robloxShow(), a.robloxKey(), a.robloxResume(), a.robloxDisconnect(), a.robloxSync(), a.robloxAssets(), a.robloxLessons(), a.robloxResolve(), a.robloxPublish(), a.robloxQuota(), a.robloxProgress(), a.robloxFigures())
	return cmd
}

// readKey reads an API key that is passed in.
func readKey(cmd *cobra.Command) (string, error) {
	in := cmd.InOrStdin()
	if f, ok := in.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
			_, _ = fmt.Fprintln(cmd.ErrOrStderr(), "Paste the API key of Open Cloud, then press Enter and Ctrl-D:")
		}
	}
	const most = 8 << 10
	text, err := io.ReadAll(io.LimitReader(in, most))
	if err != nil {
		return "", err
	}
	key := strings.TrimSpace(string(text))
	if key == "" {
		return "", errors.New("no API key was given: pass it on standard input")
	}
	return key, nil
}

func (a *app) sayConnection(cmd *cobra.Command, r client.RobloxConnection) error {
	state := r.State
	if r.Code != "" {
		state += ": " + r.Code
	}
	text := fmt.Sprintf("%s  %s\nuniverse %d, assets of %s %d\nstate    %s\nsynced   %s\n", r.ID, r.Name, r.UniverseID, r.Creator.Type, r.Creator.ID, state, shownMoment(r.SyncedAt))
	if len(r.Key.Missing) > 0 {
		text += "the key lacks " + strings.Join(r.Key.Missing, ", ") + "\n"
	}
	for _, s := range slices.Sorted(maps.Keys(r.Assets)) {
		text += fmt.Sprintf("%-10s %d\n", s, r.Assets[s])
	}
	for _, s := range slices.Sorted(maps.Keys(r.Lessons)) {
		text += fmt.Sprintf("lessons %s: %d\n", s, r.Lessons[s])
	}
	if r.Secret != "" {
		text += fmt.Sprintf("\nFor Roblox's notifications, in the Creator Dashboard:\naddress  %s\nsecret   %s   (it is not shown again)\n", r.WebhookURL, r.Secret)
	}
	return a.say(cmd, r, "%s", text)
}

func (a *app) robloxConnect() *cobra.Command {
	n := client.NewRobloxConnection{}
	var user, group int64
	cmd := &cobra.Command{
		Use: "connect NAME", Short: "Connect an experience; the API key comes by standard input", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			n.Name, n.Creator = args[0], client.RobloxCreator{Type: "user", ID: user}
			if group != 0 {
				n.Creator = client.RobloxCreator{Type: "group", ID: group}
			}
			if n.APIKey, err = readKey(cmd); err != nil {
				return err
			}
			r, err := c.ConnectRoblox(cmd.Context(), n)
			if err != nil {
				return err
			}
			return a.sayConnection(cmd, r)
		},
	}
	f := cmd.Flags()
	f.Int64Var(&n.UniverseID, "universe", 0, "number of the experience")
	f.Int64Var(&group, "group", 0, "number of the group that owns the assets")
	f.Int64Var(&user, "user", 0, "number of the account that owns the assets")
	f.StringSliceVar(&n.SpaceIDs, "space", nil, "id of a space whose files become assets; may be given again")
	f.BoolVar(&n.Automatic, "automatic", true, "sync each hour")
	_ = cmd.MarkFlagRequired("universe") // it exists
	cmd.MarkFlagsOneRequired("group", "user")
	cmd.MarkFlagsMutuallyExclusive("group", "user")
	return cmd
}

func (a *app) robloxList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Aliases: []string{"ls"}, Short: "List the connections", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			all, err := c.RobloxConnections(cmd.Context())
			if err != nil || a.json {
				return or(err, func() error { return a.say(cmd, all, "") })
			}
			t := table(cmd, "ID", "NAME", "UNIVERSE", "STATE", "SYNCED")
			for _, r := range all {
				t.row(r.ID, r.Name, strconv.FormatInt(r.UniverseID, 10), strings.TrimSuffix(r.State+": "+r.Code, ": "), shownMoment(r.SyncedAt))
			}
			t.flush()
			return nil
		},
	}
}

// ofConnection is a command over one connection.
func (a *app) ofConnection(use, short string, more int, run func(cmd *cobra.Command, c *client.Client, args []string) error) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Args: cobra.ExactArgs(1 + more),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			return run(cmd, c, args)
		},
	}
}

func (a *app) robloxShow() *cobra.Command {
	return a.ofConnection("show CONNECTION", "Show a connection and how its assets are", 0, func(cmd *cobra.Command, c *client.Client, args []string) error {
		r, err := c.RobloxConnection(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		return a.sayConnection(cmd, r)
	})
}

func (a *app) changeConnection(use, short string, change func(cmd *cobra.Command) (map[string]any, error)) *cobra.Command {
	return a.ofConnection(use, short, 0, func(cmd *cobra.Command, c *client.Client, args []string) error {
		in, err := change(cmd)
		if err != nil {
			return err
		}
		r, err := c.ChangeRoblox(cmd.Context(), args[0], in)
		if err != nil {
			return err
		}
		return a.sayConnection(cmd, r)
	})
}

func (a *app) robloxKey() *cobra.Command {
	return a.changeConnection("key CONNECTION", "Replace the API key, which comes by standard input", func(cmd *cobra.Command) (map[string]any, error) {
		key, err := readKey(cmd)
		return map[string]any{"api_key": key}, err
	})
}

func (a *app) robloxResume() *cobra.Command {
	return a.changeConnection("resume CONNECTION", "Resume a connection that was stopped", func(*cobra.Command) (map[string]any, error) {
		return map[string]any{"state": "active"}, nil
	})
}

func (a *app) robloxDisconnect() *cobra.Command {
	return a.ofConnection("disconnect CONNECTION", "Delete a connection with its key; assets stay at Roblox", 0, func(cmd *cobra.Command, c *client.Client, args []string) error {
		return c.DisconnectRoblox(cmd.Context(), args[0])
	})
}

// sayBegun says where what began is followed.
func (a *app) sayBegun(cmd *cobra.Command, id string) error {
	return a.say(cmd, map[string]string{"operation_id": id}, "%s   follow it with: satchel jobs watch %s\n", id, id)
}

func (a *app) robloxSync() *cobra.Command {
	return a.ofConnection("sync CONNECTION", "Bring its files to Roblox now", 0, func(cmd *cobra.Command, c *client.Client, args []string) error {
		id, err := c.SyncRoblox(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		return a.sayBegun(cmd, id)
	})
}

// everyPage reads a list to its end.
func everyPage[T any](read func(cursor string) (page []T, next string, err error)) (all []T, err error) {
	for cursor := ""; ; {
		page, next, err := read(cursor)
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
		if cursor = next; next == "" {
			return all, nil
		}
	}
}

func (a *app) robloxAssets() *cobra.Command {
	var state string
	cmd := a.ofConnection("assets CONNECTION", "List what files became", 0, func(cmd *cobra.Command, c *client.Client, args []string) error {
		all, err := everyPage(func(cursor string) ([]client.RobloxAsset, string, error) {
			return c.RobloxAssets(cmd.Context(), args[0], state, cursor)
		})
		if err != nil || a.json {
			return or(err, func() error { return a.say(cmd, all, "") })
		}
		t := table(cmd, "ID", "FILE", "TYPE", "STATE", "ASSET", "NAME AT ROBLOX")
		for _, r := range all {
			number := ""
			if r.AssetID != nil {
				number = strconv.FormatInt(*r.AssetID, 10)
			}
			t.row(r.ID, r.Name, r.Type, strings.TrimSuffix(r.State+": "+r.Code, ": "), number, r.DisplayName)
		}
		t.flush()
		return nil
	})
	cmd.Flags().StringVar(&state, "state", "", "only this state, such as live, unsure, rejected, refused or withheld")
	return cmd
}

func (a *app) robloxLessons() *cobra.Command {
	return a.ofConnection("lessons CONNECTION", "List what documents became: quizzes and lesson plans as entries of the data store", 0, func(cmd *cobra.Command, c *client.Client, args []string) error {
		all, err := everyPage(func(cursor string) ([]client.RobloxLesson, string, error) {
			return c.RobloxLessons(cmd.Context(), args[0], cursor)
		})
		if err != nil || a.json {
			return or(err, func() error { return a.say(cmd, all, "") })
		}
		t := table(cmd, "FILE", "KIND", "STATE", "ENTRY", "WRITTEN")
		for _, l := range all {
			t.row(l.Name, l.Kind, strings.TrimSuffix(l.State+": "+cmp.Or(l.Code, l.Rule), ": "), l.Key, shownMoment(l.WrittenAt))
		}
		t.flush()
		return nil
	})
}

func (a *app) robloxResolve() *cobra.Command {
	var there int64
	var not bool
	cmd := a.ofConnection("resolve CONNECTION ASSET", "Say whether an unsure asset is at Roblox", 1, func(cmd *cobra.Command, c *client.Client, args []string) error {
		r, err := c.ResolveRobloxAsset(cmd.Context(), args[0], args[1], there)
		if err != nil {
			return err
		}
		return a.say(cmd, r, "%s is %s; the next sync goes on with it\n", r.Name, r.State)
	})
	cmd.Flags().Int64Var(&there, "there", 0, "it is there, and this is its number")
	cmd.Flags().BoolVar(&not, "not-there", false, "it is not there, and is uploaded again")
	cmd.MarkFlagsOneRequired("there", "not-there")
	cmd.MarkFlagsMutuallyExclusive("there", "not-there")
	return cmd
}

func (a *app) robloxPublish() *cobra.Command {
	var save bool
	cmd := a.ofConnection("publish CONNECTION PLACE FILE", "Publish a place of an uploaded .rbxl or .rbxlx", 2, func(cmd *cobra.Command, c *client.Client, args []string) error {
		place, err := strconv.ParseInt(args[1], 10, 64)
		if err != nil {
			return fmt.Errorf("%s is no number of a place", args[1])
		}
		id, err := c.PublishRobloxPlace(cmd.Context(), args[0], place, args[2], !save)
		if err != nil {
			return err
		}
		return a.sayBegun(cmd, id)
	})
	cmd.Flags().BoolVar(&save, "save-only", false, "save a version and publish nothing")
	return cmd
}

func (a *app) robloxQuota() *cobra.Command {
	return a.ofConnection("quota CONNECTION", "Ask Roblox how many assets may be made still", 0, func(cmd *cobra.Command, c *client.Client, args []string) error {
		all, err := c.RobloxQuotas(cmd.Context(), args[0])
		if err != nil || a.json {
			return or(err, func() error { return a.say(cmd, all, "") })
		}
		t := table(cmd, "TYPE", "PER", "USED", "OF", "PLANNED HERE", "BEGINS AGAIN")
		for _, q := range all {
			t.row(q.AssetType, q.Period, strconv.FormatInt(q.Used, 10), strconv.FormatInt(q.Max, 10), strconv.FormatInt(q.Planned, 10), shownMoment(q.ResetsAt))
		}
		t.flush()
		return nil
	})
}
