package main

import (
	"errors"
	"math"
	"time"

	"github.com/spf13/cobra"

	"satchel/client"
)

// picture is what --width and its companions ask for.
type picture struct {
	Width   int    `json:"width,omitempty"`
	Height  int    `json:"height,omitempty"`
	Fit     string `json:"fit,omitempty"`
	Format  string `json:"format,omitempty"`
	Quality int    `json:"quality,omitempty"`
	Page    int    `json:"page,omitempty"`
}

func (a *app) link() *cobra.Command {
	var of client.AddressRequest
	var p picture
	life := time.Minute
	cmd := &cobra.Command{
		Use: "link FILE", Short: "Print an address of a file's bytes that needs no login, for a minute", Args: cobra.ExactArgs(1),
		Long: `Print an address of a file's bytes for a browser or another program. It needs no
login, ends within a minute, and gives what you may read when it is used: after a
deletion, a quarantine or the loss of your access it gives nothing. To give a file
to somebody else, share it: satchel share --help.

With --width or --height it is the address of a picture of the file in that size.
` + namesHelp,
		Example: `  satchel link plan.docx
  satchel link photo.jpg --width 640 --height 480 --fit cover --format webp
  curl -o plan.docx "$(satchel link plan.docx)"`,
		RunE: a.with(func(cmd *cobra.Command, c *client.Client, args []string) error {
			if p != (picture{}) {
				if p.Width == 0 && p.Height == 0 {
					return errors.New("say how large the picture is: --width or --height")
				}
				of.Transform = p
			}
			of.ExpiresIn = int(math.Ceil(life.Seconds()))
			file, err := findFile(cmd.Context(), c, args[0])
			if err != nil {
				return err
			}
			given, err := c.Address(cmd.Context(), file, of)
			if err != nil {
				return err
			}
			return a.say(cmd, given, "%s\n", given.URL)
		}),
	}
	fl := cmd.Flags()
	fl.IntVar(&of.Version, "version", 0, "this version (default: the published one)")
	fl.StringVar(&of.Rendition, "rendition", "", "a preview by its `name`; satchel status ID --json lists them")
	fl.BoolVar(&of.Attachment, "attachment", false, "browsers save it and do not show it")
	fl.DurationVar(&life, "expires-in", life, "for how long, at most 1m")
	fl.IntVar(&p.Width, "width", 0, "of a picture, in pixels")
	fl.IntVar(&p.Height, "height", 0, "of a picture, in pixels")
	fl.StringVar(&p.Fit, "fit", "", "contain, cover, fill or inside")
	fl.StringVar(&p.Format, "format", "", "avif, webp, jpeg, png, or auto for what the reader accepts")
	fl.IntVar(&p.Quality, "quality", 0, "1 to 100")
	fl.IntVar(&p.Page, "page", 0, "of a document")
	return cmd
}
