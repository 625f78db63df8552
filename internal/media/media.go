// Package media shows sound and film as pictures, by ffmpeg in the sandbox.
package media

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"satchel/internal/sandbox"
)

// Config names the programs of ffmpeg.
type Config struct {
	Program string `env:"SATCHEL_MEDIA_PROGRAM" envDefault:"ffmpeg"`        // ffmpeg, for the previews of sound and film; without it they are not_available_here
	Probe   string `env:"SATCHEL_MEDIA_PROBE_PROGRAM" envDefault:"ffprobe"` // ffprobe, which tells length and size
}

// Player runs them.
type Player struct {
	runner sandbox.Runner
	config Config
	limits sandbox.Limits
}

// New makes a player.
func New(r sandbox.Runner, c Config) Player { return Player{r, c, limits} }

// Facts are what is known of a recording.
type Facts struct {
	Duration      time.Duration // zero when the file does not say
	Width, Height int           // of the film as it is seen; zero for sound
	Sound         bool
}

// limits bound decoding: an hour of sound takes about ten seconds.
var limits = sandbox.Limits{Wall: 2 * time.Minute, CPU: time.Minute, Memory: 1 << 30, File: 64 << 20, Folder: 128 << 20}

// quiet are what every call begins with. A recording can be a list of other files and
// addresses; only files are opened, and the sandbox leaves one of them.
func (p Player) quiet(path string) []string {
	return []string{"-v", "error", "-protocol_whitelist", "file", "-i", path}
}

// Probe reads length and size.
func (p Player) Probe(ctx context.Context, path, work string) (Facts, error) {
	args := append(p.quiet(path), "-show_entries", "format=duration:stream=codec_type,width,height,duration:stream_disposition=attached_pic:stream_side_data=rotation", "-of", "json")
	result, err := p.runner.Run(ctx, sandbox.Call{Program: p.config.Probe, Args: args, Input: path, Work: work, Limits: p.limits})
	if err != nil {
		return Facts{}, err
	}
	var told report
	if err := json.Unmarshal([]byte(result.Stdout), &told); result.Exit != 0 || err != nil {
		return Facts{}, unreadable(result)
	}
	return told.facts(), nil
}

// report is what ffprobe prints.
type report struct {
	Format struct {
		Duration string `json:"duration"`
	} `json:"format"`
	Streams []stream `json:"streams"`
}

type stream struct {
	Kind        string `json:"codec_type"`
	Width       int    `json:"width"`
	Height      int    `json:"height"`
	Duration    string `json:"duration"`
	Disposition struct {
		Cover int `json:"attached_pic"`
	} `json:"disposition"`
	Side []struct {
		Rotation float64 `json:"rotation"`
	} `json:"side_data_list"`
}

// The bounds of what is believed: a header can say anything.
const (
	longest = 1000 * time.Hour
	largest = 1 << 15
)

func (r report) facts() Facts {
	f := Facts{Duration: seconds(r.Format.Duration)}
	for _, s := range r.Streams {
		if f.Duration == 0 {
			f.Duration = seconds(s.Duration)
		}
		switch {
		case s.Kind == "audio":
			f.Sound = true
		case s.Kind == "video" && s.Disposition.Cover == 0 && f.Width == 0 && s.Width > 0 && s.Width < largest && s.Height > 0 && s.Height < largest:
			f.Width, f.Height = s.Width, s.Height
			if len(s.Side) > 0 && math.Mod(math.Abs(s.Side[0].Rotation), 180) == 90 {
				f.Width, f.Height = s.Height, s.Width
			}
		}
	}
	return f
}

func seconds(s string) time.Duration {
	n, err := strconv.ParseFloat(s, 64)
	if err != nil || n <= 0 || n > longest.Seconds() {
		return 0
	}
	return time.Duration(n * float64(time.Second))
}

// Poster gives the path of a PNG of one frame in work. It is taken a tenth of the way
// in, since films begin in the dark, and at the beginning where that shows nothing.
func (p Player) Poster(ctx context.Context, path, work string, f Facts) (string, error) {
	at := min(f.Duration/10, 10*time.Second)
	made, err := p.frame(ctx, path, work, at)
	if _, refused := err.(sandbox.Finding); refused && at > 0 { //nolint:errorlint // frame returns it bare
		return p.frame(ctx, path, work, 0)
	}
	return made, err
}

func (p Player) frame(ctx context.Context, path, work string, at time.Duration) (string, error) {
	args := append([]string{"-nostdin", "-ss", fmt.Sprintf("%.3f", at.Seconds())}, p.quiet(path)...)
	return p.picture(ctx, path, work, append(args, "-map", "0:V:0", "-frames:v", "1",
		"-vf", "scale='min(1600,iw)':'min(1600,ih)':force_original_aspect_ratio=decrease"))
}

// Waveform gives the path of a PNG of the sound's loudness in work.
func (p Player) Waveform(ctx context.Context, path, work string) (string, error) {
	args := append([]string{"-nostdin"}, p.quiet(path)...)
	return p.picture(ctx, path, work, append(args, "-filter_complex",
		"[0:a:0]aformat=channel_layouts=mono,showwavespic=s=1600x400:colors=0x2f6f9f:scale=sqrt", "-frames:v", "1"))
}

// picture runs ffmpeg for one PNG. What is in it is not verified: the caller's image
// renderer decodes it.
func (p Player) picture(ctx context.Context, path, work string, args []string) (string, error) {
	made := filepath.Join(work, "picture.png")
	args = append(args, "-threads", "2", "-map_metadata", "-1", "-c:v", "png", "-y", made)
	result, err := p.runner.Run(ctx, sandbox.Call{Program: p.config.Program, Args: args, Input: path, Work: work, Limits: p.limits})
	if err != nil {
		return "", err
	}
	if info, err := os.Lstat(made); result.Exit != 0 || err != nil || !info.Mode().IsRegular() || info.Size() == 0 {
		return "", unreadable(result)
	}
	return made, nil
}

func unreadable(r sandbox.Result) error {
	return sandbox.Finding{Code: sandbox.Unreadable, Message: fmt.Sprintf("exit code %d: %s", r.Exit, r.Stderr)}
}
