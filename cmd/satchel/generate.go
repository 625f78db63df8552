package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"satchel/client"
)

// generate are the commands of those who let documents be made from texts.
func (a *app) generate() *cobra.Command {
	cmd := &cobra.Command{
		Use: "generate", Short: "Let quizzes, worksheets and lesson plans be made from a file's text",
		Long: `Let quizzes, worksheets and lesson plans be made from a file's text.

  satchel generate create quiz FILE --language en --count 10
  satchel generate show ID               the draft, as JSON with --json
  satchel generate approve ID --format docx --answers
  satchel generate reject ID

Nothing is published by itself: a draft waits 30 days for you. Without --provider the
questions are cut from the text by rules, and nothing is sent anywhere. With a model,
look at what is sent with --preview, and send it with --confirm HASH.
docs/generation.md explains kinds, formats and providers.`,
	}
	cmd.AddCommand(a.generateCreate(), a.generateList(), a.generateShow(), a.generateApprove(),
		a.generateEnd("reject", "End a draft that is not wanted"), a.generateEnd("cancel", "Call a generation off, whatever it waits for"))
	return cmd
}

func (a *app) generateCreate() *cobra.Command {
	n := client.NewGeneration{}
	preview, wait := false, true
	cmd := &cobra.Command{
		Use:     "create KIND [FILE]",
		Short:   "Ask for a quiz, worksheet, lesson_plan, reading_passage, rubric or vocabulary",
		Args:    cobra.RangeArgs(1, 2),
		Example: "  satchel generate create quiz cells.md --count 5",
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			if n.Kind = args[0]; len(args) > 1 {
				if n.File, err = findFile(cmd.Context(), c, args[1]); err != nil {
					return err
				}
			}
			if preview {
				return a.sayPreview(cmd, c, n)
			}
			g, err := c.Generate(cmd.Context(), n)
			for err == nil && wait && g.Making() {
				_, _ = fmt.Fprintln(cmd.ErrOrStderr(), g.ID, g.State)
				g, err = c.Generation(cmd.Context(), g.ID, waitAtOnce)
			}
			if err != nil {
				return err
			}
			return a.sayGeneration(cmd, g)
		},
	}
	f := cmd.Flags()
	f.StringVar(&n.Language, "language", "en", "of the text and the document: en or de")
	f.StringVar(&n.Level, "level", "", "for whom: primary, lower_secondary, upper_secondary or adult")
	f.IntVar(&n.Count, "count", 0, "how many items, 1 to 50 (10 if it is not said)")
	f.StringVar(&n.Topic, "topic", "", "a topic instead of a file; a model is needed for it")
	f.StringVar(&n.Provider, "provider", "", "who makes it: extractive, openai or anthropic")
	f.BoolVar(&preview, "preview", false, "show what would be sent to a model, and send nothing")
	f.StringVar(&n.ConfirmPrompt, "confirm", "", "the hash that --preview shows: you have seen what is sent")
	f.BoolVar(&wait, "wait", true, "wait until there is a draft")
	return cmd
}

func (a *app) sayPreview(cmd *cobra.Command, c *client.Client, n client.NewGeneration) error {
	p, err := c.PreviewGeneration(cmd.Context(), n)
	if err != nil {
		return err
	}
	if p.Company == "" {
		return a.say(cmd, p, "Nothing is sent anywhere.\n")
	}
	return a.say(cmd, p, "%s\n\n%s\nTo %s (%s), model %s, for at most %s. Confirm with --confirm %s\n", p.System, p.Prompt, p.Company, p.Country, p.Model, money(p.WorstMicro, p.Currency), p.PromptSHA256)
}

// money writes millionths of a unit of money.
func money(micro int64, currency string) string {
	return fmt.Sprintf("%d.%06d %s", micro/1_000_000, micro%1_000_000, currency)
}

func (a *app) generateList() *cobra.Command {
	var state string
	cmd := &cobra.Command{
		Use: "list", Aliases: []string{"ls"}, Short: "List your newest generations", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			found, err := c.Generations(cmd.Context(), state)
			if err != nil || a.json {
				return or(err, func() error { return a.say(cmd, found, "") })
			}
			t := table(cmd, "ID", "KIND", "STATE", "TITLE", "COST", "MADE")
			for _, g := range found {
				t.row(g.ID, g.Kind, stateOfGeneration(g), g.Title, money(g.CostMicro, g.Currency), shownMoment(&g.CreatedAt))
			}
			t.flush()
			return nil
		},
	}
	cmd.Flags().StringVar(&state, "state", "", "only this state: waiting, draft, approved, published, rejected, expired, failed or cancelled")
	return cmd
}

func stateOfGeneration(g client.Generation) string {
	if g.Code != "" {
		return g.State + ": " + g.Code
	}
	return g.State
}

func (a *app) generateShow() *cobra.Command {
	return &cobra.Command{
		Use: "show ID", Short: "Show a generation and its draft", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			g, err := c.Generation(cmd.Context(), args[0], 0)
			if err != nil {
				return err
			}
			return a.sayGeneration(cmd, g)
		},
	}
}

func (a *app) sayGeneration(cmd *cobra.Command, g client.Generation) error {
	if a.json {
		return a.say(cmd, g, "")
	}
	t := table(cmd, "ID", "KIND", "STATE", "REVISION", "TITLE", "COST", "FILE")
	t.row(g.ID, g.Kind, stateOfGeneration(g), fmt.Sprint(g.Revision), g.Title, money(g.CostMicro, g.Currency), g.FileID)
	t.flush()
	if g.State == "failed" {
		return fmt.Errorf("the generation failed: %s; docs/generation.md says what that means", g.Code)
	}
	return nil
}

func (a *app) generateApprove() *cobra.Command {
	in := client.GenerationApproval{}
	cmd := &cobra.Command{
		Use: "approve ID", Short: "Make a draft a file", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			if in.Revision == 0 {
				g, err := c.Generation(cmd.Context(), args[0], 0)
				if err != nil {
					return err
				}
				in.Revision = g.Revision
			}
			g, err := c.ApproveGeneration(cmd.Context(), args[0], in)
			if err != nil {
				return err
			}
			return a.sayGeneration(cmd, g)
		},
	}
	f := cmd.Flags()
	f.StringVar(&in.Format, "format", "docx", "markdown, html, docx, pdf, qti_2.1, qti_3.0, gift or csv")
	f.BoolVar(&in.Answers, "answers", false, "with a key to the questions")
	f.StringVar(&in.Space, "space", "", "id of the space where the file goes; none is your own")
	f.StringVar(&in.Folder, "folder", "", "id of the folder where the file goes")
	f.StringVar(&in.Name, "name", "", "of the file; none is made from the title")
	f.IntVar(&in.Revision, "revision", 0, "the revision that you looked at; none is the newest")
	return cmd
}

func (a *app) generateEnd(how, short string) *cobra.Command {
	return &cobra.Command{
		Use: how + " ID", Short: short, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			g, err := c.EndGeneration(cmd.Context(), args[0], how)
			if err != nil {
				return err
			}
			return a.sayGeneration(cmd, g)
		},
	}
}
