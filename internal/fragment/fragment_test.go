package fragment_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/internal/fragment"
	"satchel/internal/sandbox"
	"satchel/internal/sandbox/sandboxtest"
)

// program is cmd/fragment.
var program = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "fragment-test-*")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "fragment")
	build := exec.Command("go", "build", "-o", path, "satchel/cmd/fragment")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := build.CombinedOutput()
	if err != nil {
		return string(out), err
	}
	return path, nil
})

func fragmentOf(t *testing.T, content string, kind fragment.Kind, extension string) (string, error) {
	t.Helper()
	path, err := program()
	require.NoError(t, err, path)
	return makeBy(t, path, content, kind, extension)
}

func makeBy(t *testing.T, program, content string, kind fragment.Kind, extension string) (string, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "source")
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	maker, err := fragment.New(fragment.Config{Program: program})
	require.NoError(t, err)
	made, size, err := maker.Make(t.Context(), path, t.TempDir(), kind, extension)
	if err != nil {
		return "", err
	}
	html, err := os.ReadFile(made)
	require.NoError(t, err)
	require.Len(t, html, int(size))
	return string(html), nil
}

func TestProgramThatIsMissing(t *testing.T) {
	t.Parallel()
	_, err := fragment.New(fragment.Config{Program: "/nonexistent/fragment"})
	require.ErrorContains(t, err, "SATCHEL_FRAGMENT_PROGRAM")
}

func TestFragments(t *testing.T) {
	t.Parallel()
	html, err := fragmentOf(t, "print('rain')\n", fragment.Code, ".py")
	require.NoError(t, err)
	require.Contains(t, html, `<span class="nb">print</span>`)
	html, err = fragmentOf(t, "Name;Points\nAda;12\n", fragment.Table, ".csv")
	require.NoError(t, err)
	require.Contains(t, html, "<th>Points</th>")
	html, err = fragmentOf(t, "# Rain\n\n[link](javascript:alert(1)) ![picture](http://127.0.0.1/x.png)\n", fragment.Markdown, ".md")
	require.NoError(t, err)
	require.Contains(t, html, "<h1>Rain</h1>")
	require.NotContains(t, html, "127.0.0.1")
	require.NotContains(t, html, "javascript")
}

// TestHostileTexts ends within the bounds: deep nesting, one endless line, every bracket.
func TestHostileTexts(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{
		"brackets": strings.Repeat("[", 20<<10), "quotes": strings.Repeat("> ", 10<<10), "one line": strings.Repeat("a b ", 30<<10),
		"stars": strings.Repeat("*a_", 10<<10), "zeros": strings.Repeat("\x00", 200<<10),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, kind := range []fragment.Kind{fragment.Markdown, fragment.Code, fragment.Table} {
				_, err := fragmentOf(t, content, kind, ".js")
				var finding sandbox.Finding
				if err != nil {
					require.ErrorAs(t, err, &finding)
				}
			}
		})
	}
}

// TestProgramThatWasTakenOver: what it writes is cleaned, and a link is not followed.
func TestProgramThatWasTakenOver(t *testing.T) {
	t.Parallel()
	script := `while [ $# -gt 1 ]; do [ "$1" = --output ] && out=$2; shift; done
printf '<script>x</script><p onclick="x" style="y">rain<img src="http://127.0.0.1/"><a href="http://x">there</a></p>' >"$out/text.html"; echo '{}'`
	html, err := makeBy(t, sandboxtest.Bad{Name: "fake-taken-over", Script: script}.Install(t), "x", fragment.Code, ".txt")
	require.NoError(t, err)
	require.Equal(t, "<p>rainthere</p>", html)
	script = strings.ReplaceAll(script, `printf`, `/bin/ln -s /etc/passwd "$out/text.html"; false && printf`)
	_, err = makeBy(t, sandboxtest.Bad{Name: "fake-linked", Script: script}.Install(t), "x", fragment.Code, ".txt")
	var finding sandbox.Finding
	require.ErrorAs(t, err, &finding)
}
