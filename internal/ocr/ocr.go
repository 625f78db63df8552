// Package ocr reads what is printed on a picture, by tesseract in the sandbox.
package ocr

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"satchel/internal/sandbox"
)

// Config names tesseract.
type Config struct {
	Program   string `env:"SATCHEL_OCR_PROGRAM" envDefault:"tesseract"`             // program that recognizes letters on pictures; without it their texts are not_available_here
	Languages string `env:"SATCHEL_OCR_LANGUAGES" envDefault:"eng+deu+ukr"`         // languages that are looked for, by their codes in tesseract; those whose data is not installed are left out
	Data      string `env:"SATCHEL_OCR_DATA" envDefault:"/usr/share/tesseract-ocr"` // folder of the languages' data
}

// Reader runs it.
type Reader struct {
	runner    sandbox.Runner
	program   string
	languages string
}

// New makes a reader of the languages whose data is there.
func New(r sandbox.Runner, c Config) Reader {
	var there []string
	for _, language := range strings.Split(c.Languages, "+") {
		for _, pattern := range []string{"*.traineddata", "*/tessdata/*.traineddata"} {
			found, err := filepath.Glob(filepath.Join(c.Data, pattern))
			if err == nil && slices.ContainsFunc(found, func(path string) bool { return filepath.Base(path) == language+".traineddata" }) {
				there = append(there, language)
				break
			}
		}
	}
	return Reader{r, c.Program, strings.Join(there, "+")}
}

// Installed says whether the program is there, and was with the data of a language when the
// reader was made.
func (r Reader) Installed() bool {
	_, err := exec.LookPath(r.program)
	return err == nil && r.languages != ""
}

// limits are those of one page of 1,600 pixels.
var limits = sandbox.Limits{Wall: 90 * time.Second, CPU: 45 * time.Second, Memory: 1 << 30, File: 16 << 20, Folder: 32 << 20}

// leastConfidence of a word in percent. Below it, the leaves of a tree become words.
const leastConfidence = 60

// Read gives the words on a picture, line by line, and none where there are none.
func (r Reader) Read(ctx context.Context, path, work string) (string, error) {
	if r.languages == "" {
		return "", sandbox.Absent{Reason: sandbox.NotInstalled}
	}
	result, err := r.runner.Run(ctx, sandbox.Call{Program: r.program, Input: path, Work: work, Limits: limits, Args: []string{
		path, filepath.Join(work, "words"), "-l", r.languages, "-c", "tessedit_create_tsv=1", "-c", "tessedit_create_txt=0"}})
	if err != nil {
		return "", err
	}
	if result.Exit != 0 {
		return "", sandbox.Finding{Code: sandbox.Unreadable, Message: fmt.Sprintf("exit code %d: %s", result.Exit, result.Stderr)}
	}
	f, err := os.OpenInRoot(work, "words.tsv")
	if err != nil {
		return "", sandbox.Finding{Code: sandbox.Empty, Message: "no words"}
	}
	defer func() { _ = f.Close() }()
	return words(bufio.NewScanner(f))
}

// words reads tesseract's table: level, page, block, paragraph, line, word, left, top,
// width, height, confidence, text.
func words(lines *bufio.Scanner) (string, error) {
	var b strings.Builder
	last := ""
	for lines.Scan() {
		fields := strings.SplitN(lines.Text(), "\t", 12)
		if len(fields) < 12 || fields[0] != "5" {
			continue
		}
		confidence, err := strconv.ParseFloat(fields[10], 64)
		if word := strings.TrimSpace(fields[11]); err != nil || confidence < leastConfidence || word == "" {
			continue
		}
		line := strings.Join(fields[1:5], ".")
		if b.Len() > 0 {
			if line == last {
				b.WriteByte(' ')
			} else {
				b.WriteByte('\n')
			}
		}
		last = line
		b.WriteString(strings.TrimSpace(fields[11]))
	}
	if err := lines.Err(); err != nil {
		return "", sandbox.Finding{Code: sandbox.Unreadable, Message: err.Error()}
	}
	return b.String(), nil
}
