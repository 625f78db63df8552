// Package office turns documents, tables and slides into PDF, by LibreOffice in the
// sandbox. Each call has a profile folder of its own, so that no document finds what
// another one left.
package office

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"satchel/internal/sandbox"
)

// Config names LibreOffice.
type Config struct {
	Program string        `env:"SATCHEL_OFFICE_PROGRAM" envDefault:"soffice"` // LibreOffice, for the previews of documents; without it they are not_available_here
	Timeout time.Duration `env:"SATCHEL_OFFICE_TIMEOUT" envDefault:"90s"`     // the longest that one document may take
}

// Converter runs LibreOffice.
type Converter struct {
	runner sandbox.Runner
	config Config
	limits sandbox.Limits
}

// New makes a converter.
func New(r sandbox.Runner, c Config) Converter {
	return Converter{r, c, sandbox.Limits{
		Wall: c.Timeout, CPU: min(60*time.Second, c.Timeout), Memory: 2 << 30, File: 256 << 20, Folder: 512 << 20,
	}}
}

// exitRestart is how LibreOffice says that its new profile is ready and that it wants to
// be started again, which its start script would do.
const exitRestart = 81

// PDF converts the document at path, whose name ends as its kind says, and gives the
// path of the result in work.
func (c Converter) PDF(ctx context.Context, path, work string) (string, error) {
	call := sandbox.Call{Program: program(c.config.Program), Office: true, Input: path, Work: work, Args: arguments(path, work), Limits: c.limits}
	result, err := c.runner.Run(ctx, call)
	if err == nil && result.Exit == exitRestart {
		result, err = c.runner.Run(ctx, call)
	}
	if err != nil {
		return "", err
	}
	made := filepath.Join(work, strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))+".pdf")
	if info, err := os.Lstat(made); err != nil || !info.Mode().IsRegular() || info.Size() == 0 {
		return "", sandbox.Finding{Code: sandbox.Unreadable, Message: fmt.Sprintf("exit code %d: %s", result.Exit, result.Stderr)}
	}
	return made, nil
}

// arguments start LibreOffice without a window, a first-start page, a lock beside the
// document or a look at documents that crashed, and with its socket in its own folder.
func arguments(path, work string) []string {
	profile := url.URL{Scheme: "file", Path: filepath.Join(work, "profile")}
	return []string{"-env:UserInstallation=" + profile.String(), "-env:OSL_SOCKET_PATH=.",
		"--headless", "--norestore", "--nolockcheck", "--nodefault", "--nologo", "--convert-to", "pdf", "--outdir", work, path}
}

// program finds LibreOffice itself beside its start script, which would start other
// programs.
func program(name string) string {
	found, err := exec.LookPath(name)
	if err != nil {
		return name
	}
	if script, err := filepath.EvalSymlinks(found); err == nil {
		if _, err := os.Stat(script + ".bin"); err == nil {
			return script + ".bin"
		}
	}
	return found
}
