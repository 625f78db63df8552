package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/mail"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"satchel/client"
)

// shareFlags are what `satchel share` is told.
type shareFlags struct {
	with, classes, mails, accepted []string
	link, folder, space            bool
	permission, label, password    string
	downloads, files               int
	starts, expires                moment
}

func (a *app) share() *cobra.Command {
	f := shareFlags{expires: moment{ends: true}}
	cmd := &cobra.Command{
		Use: "share FILE", Short: "Share a file, a folder or a space, and see and end shares", Args: cobra.ExactArgs(1),
		Long: `Share a file, a folder (--folder) or a space (--space): with members, with classes,
with people outside by mail, or with anyone who holds a link. A link is shown once.

  view       previews, and not the original (people outside)
  download   the original too
  upload     puts files into the folder or space, and sees only those
  edit       changes it (members and classes)
` + namesHelp + "\n" + momentsHelp,
		Example: `  satchel share plan.docx --with "Teacher 4" --permission edit
  satchel share "Class 7b/Maps" --folder --class "8a" --expires 2026-12-18
  satchel share report.pdf --mail "Aunt May <may@home.example>"
  satchel share poster.pdf --link --expires 14d --password - --max-downloads 50
  satchel share ls --given
  satchel share extend SHARE --expires 30d
  satchel share resend SHARE may@home.example
  satchel share remove SHARE may@home.example
  satchel share revoke SHARE`,
		RunE: a.with(func(cmd *cobra.Command, c *client.Client, args []string) error {
			n, err := a.newShare(cmd, c, args[0], f)
			if err != nil {
				return err
			}
			s, err := c.CreateShare(cmd.Context(), n)
			if err != nil {
				return err
			}
			if s.URL != "" {
				return a.say(cmd, s, "%s\n%s  ends %s. The link is shown once.\n", s.URL, s.ID, untilWord(s))
			}
			return a.say(cmd, s, "%s  shared with %d, ends %s\n", s.ID, len(s.Recipients), untilWord(s))
		}),
	}
	fl := cmd.Flags()
	fl.BoolVar(&f.link, "link", false, "with anyone who holds the link")
	fl.StringArrayVar(&f.with, "with", nil, "a member; may be repeated")
	fl.StringArrayVar(&f.classes, "class", nil, "a class; may be repeated")
	fl.StringArrayVar(&f.mails, "mail", nil, "somebody outside, such as \"May <may@home.example>\"; may be repeated")
	fl.BoolVar(&f.folder, "folder", false, "what is named is a folder")
	fl.BoolVar(&f.space, "space", false, "what is named is a space")
	fl.StringVar(&f.permission, "permission", "download", "view, download, upload or edit")
	fl.StringVar(&f.label, "label", "", "what you call the share; visitors do not see it")
	fl.StringVar(&f.password, "password", "", "a password of 8 to 128 characters; - reads it from the standard input, where no other person sees it")
	fl.IntVar(&f.downloads, "max-downloads", 0, "exactly so many downloads")
	fl.IntVar(&f.files, "max-files", 0, "of upload: so many files in all")
	fl.StringSliceVar(&f.accepted, "accept", nil, "of upload: extensions that are taken, such as pdf,docx")
	fl.Var(&f.starts, "starts", "when it opens (default: now)")
	fl.Var(&f.expires, "expires", "when it ends by itself (default: outside 30 days, inside never)")
	cmd.AddCommand(a.shareList(), a.shareShow(), a.shareExtend(), a.shareResend(), a.shareRemove(), a.shareRevoke())
	return cmd
}

// newShare finds what is named.
func (a *app) newShare(cmd *cobra.Command, c *client.Client, what string, f shareFlags) (n client.NewShare, err error) {
	ctx := cmd.Context()
	n = client.NewShare{Permission: f.permission, Label: f.label, StartsAt: f.starts.at, ExpiresAt: f.expires.at, MaxFiles: f.files, Accepted: f.accepted}
	if cmd.Flags().Changed("max-downloads") { // 0 too, which the API refuses: left out, it would be no limit
		n.MaxDownloads = &f.downloads
	}
	if cmd.Flags().Changed("max-files") && f.files < 1 {
		return n, errors.New("--max-files is at least 1; leave it out for no limit")
	}
	if n.Password, err = readPassword(f.password, cmd.InOrStdin()); err != nil {
		return n, err
	}
	switch {
	case f.folder && f.space:
		return n, errors.New("name either a folder or a space")
	case f.folder:
		n.Folder, err = findFolder(ctx, c, what)
	case f.space:
		var s client.Space
		s, err = findSpace(ctx, c, what)
		n.Space = s.ID
	default:
		n.File, err = findFile(ctx, c, what)
	}
	if err != nil {
		return n, err
	}
	return n, a.recipients(cmd, c, f, &n)
}

// recipients wants exactly one way of naming them: that is the kind of the share.
func (a *app) recipients(cmd *cobra.Command, c *client.Client, f shareFlags, n *client.NewShare) error {
	kinds := map[string]bool{"link": f.link, "members": len(f.with) > 0, "classes": len(f.classes) > 0, "people": len(f.mails) > 0}
	for kind, named := range kinds {
		switch {
		case named && n.Kind != "":
			return errors.New("give one of --link, --with, --class and --mail: each is a share of its own")
		case named:
			n.Kind = kind
		}
	}
	if n.Kind == "" {
		return errors.New("say with whom: --with PERSON, --class CLASS, --mail ADDRESS or --link")
	}
	for _, name := range f.with {
		id, err := a.findPerson(cmd.Context(), name)
		if err != nil {
			return err
		}
		n.With = append(n.With, client.ShareWith{User: id})
	}
	for _, name := range f.classes {
		id, err := findClass(cmd, c, name)
		if err != nil {
			return err
		}
		n.With = append(n.With, client.ShareWith{Class: id})
	}
	for _, text := range f.mails {
		parsed, err := mail.ParseAddress(text)
		if err != nil {
			return fmt.Errorf("--mail is an address such as \"May <may@home.example>\", not %q", text)
		}
		n.With = append(n.With, client.ShareWith{Email: parsed.Address, Name: parsed.Name})
	}
	return nil
}

// readPassword reads the standard input for "-": a command line can be read by others of
// the machine.
func readPassword(given string, in io.Reader) (string, error) {
	if given != "-" {
		return given, nil
	}
	line, err := bufio.NewReader(in).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read the password: %w", err)
	}
	return strings.TrimRight(line, "\r\n"), nil
}

func untilWord(s client.Share) string {
	if s.ExpiresAt == nil {
		return "when you revoke it"
	}
	return shortTime(s.ExpiresAt)
}

func (a *app) shareList() *cobra.Command {
	var given, received, outside bool
	cmd := &cobra.Command{
		Use: "ls [FILE]", Aliases: []string{"list"}, Short: "List the shares that you gave, were given, or of a file", Args: cobra.MaximumNArgs(1),
		Example: "  satchel share ls\n  satchel share ls --received\n  satchel share ls plan.docx",
		Long:    "List the shares that you gave (ended ones too), what you have by a share now\n(--received), all that leaves the organization, as its owner or admin (--outside),\nor the shares of a file.\n" + namesHelp,
		RunE: a.with(func(cmd *cobra.Command, c *client.Client, args []string) error {
			which := "given"
			switch {
			case received:
				which = "received"
			case outside:
				which = "outside"
			}
			all, err := a.listedShares(cmd.Context(), c, which, args)
			if err != nil {
				return err
			}
			return a.showShares(cmd, all)
		}),
	}
	cmd.Flags().BoolVar(&given, "given", false, "those that you made (the default)")
	cmd.Flags().BoolVar(&received, "received", false, "what you have by a share now")
	cmd.Flags().BoolVar(&outside, "outside", false, "as an owner or admin: all with people outside")
	cmd.MarkFlagsMutuallyExclusive("given", "received", "outside")
	return cmd
}

func (a *app) listedShares(ctx context.Context, c *client.Client, which string, args []string) ([]client.Share, error) {
	if len(args) == 0 {
		return c.Shares(ctx, which)
	}
	file, err := findFile(ctx, c, args[0])
	if err != nil {
		return nil, err
	}
	return c.SharesOfFile(ctx, file)
}

func (a *app) showShares(cmd *cobra.Command, all []client.Share) error {
	if a.json {
		return a.say(cmd, all, "")
	}
	t := table(cmd, "SHARE", "WITH", "PERMISSION", "OF", "STATE", "UNTIL", "DOWNLOADS", "LABEL")
	for _, s := range all {
		of := "file " + s.File
		switch {
		case s.Folder != "":
			of = "folder " + s.Folder
		case s.Space != "":
			of = "space " + s.Space
		}
		downloads := strconv.Itoa(s.Downloads)
		if s.MaxDownloads != nil {
			downloads += " of " + strconv.Itoa(*s.MaxDownloads)
		}
		t.row(s.ID, s.Kind, s.Permission, of, s.Status, shortTime(s.ExpiresAt), downloads, s.Label)
	}
	t.flush()
	return nil
}

func (a *app) shareShow() *cobra.Command {
	return &cobra.Command{
		Use: "show SHARE", Short: "Show a share and with whom it is", Args: cobra.ExactArgs(1),
		Example: "  satchel share show 0198c2b4-…",
		RunE: a.with(func(cmd *cobra.Command, c *client.Client, args []string) error {
			s, err := c.Share(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if a.json {
				return a.say(cmd, s, "")
			}
			if err := a.showShares(cmd, []client.Share{s}); err != nil || len(s.Recipients) == 0 {
				return err
			}
			cmd.Println()
			t := table(cmd, "RECIPIENT", "WHO", "NAME", "MAIL", "ENDED")
			for _, r := range s.Recipients {
				t.row(r.ID, r.User+r.Class+r.Email, r.Name, r.Delivery, shortTime(r.EndedAt))
			}
			t.flush()
			return nil
		}),
	}
}

func (a *app) shareExtend() *cobra.Command {
	expires := moment{ends: true}
	var downloads int
	cmd := &cobra.Command{
		Use: "extend SHARE", Short: "Give a share more time or more downloads", Args: cobra.ExactArgs(1),
		Example: "  satchel share extend 0198c2b4-… --expires 30d\n  satchel share extend 0198c2b4-… --max-downloads 100",
		Long:    "Give a share that has not ended another end, or another number of downloads.\n" + momentsHelp,
		RunE: a.with(func(cmd *cobra.Command, c *client.Client, args []string) error {
			change := client.ShareChange{ExpiresAt: expires.at}
			if cmd.Flags().Changed("max-downloads") {
				change.MaxDownloads = &downloads
			}
			if change.ExpiresAt == nil && change.MaxDownloads == nil {
				return errors.New("say what it gets more of: --expires TIME or --max-downloads N")
			}
			s, err := c.ChangeShare(cmd.Context(), args[0], change)
			if err != nil {
				return err
			}
			return a.say(cmd, s, "%s  ends %s\n", s.ID, untilWord(s))
		}),
	}
	cmd.Flags().Var(&expires, "expires", "when it ends by itself")
	cmd.Flags().IntVar(&downloads, "max-downloads", 0, "so many downloads in all; 0 takes the limit away")
	return cmd
}

func (a *app) shareRevoke() *cobra.Command {
	return &cobra.Command{
		Use: "revoke SHARE", Short: "End a share at once", Args: cobra.MinimumNArgs(1),
		Example: "  satchel share revoke 0198c2b4-…",
		RunE: a.with(func(cmd *cobra.Command, c *client.Client, args []string) error {
			for _, id := range args {
				if err := c.RevokeShare(cmd.Context(), id); err != nil {
					return err
				}
			}
			return a.say(cmd, map[string]any{"ended": args}, "Ended: %d\n", len(args))
		}),
	}
}
