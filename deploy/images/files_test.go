// Package images checks the files of this folder and of ../compose against each other, without an engine.
package images

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	require.NoError(t, err)
	return string(b)
}

// TestScannersAreSetAlike: what clamd did not look into must never be called clean, in a container as elsewhere.
func TestScannersAreSetAlike(t *testing.T) {
	t.Parallel()
	settings := func(name string) map[string]string {
		found := map[string]string{}
		for line := range strings.Lines(read(t, name)) {
			key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
			if key != "" && !strings.HasPrefix(key, "#") {
				found[key] = value
			}
		}
		return found
	}
	local, container := settings("../local/clamd/clamd.conf"), settings("clamd.conf")
	for key, value := range local {
		switch key {
		case "LocalSocket", "LocalSocketMode", "DatabaseDirectory", "TemporaryDirectory": // paths, and a socket that a group shares
			require.Contains(t, container, key)
		default:
			require.Equal(t, value, container[key], key)
		}
	}
}

// TestImagesAreThere: each image of the compose file is one that make images builds, and none runs as root.
func TestImagesAreThere(t *testing.T) {
	t.Parallel()
	targets := map[string]bool{}
	stages := regexp.MustCompile(`(?m)^FROM `).Split(read(t, "Dockerfile"), -1)[1:]
	for _, stage := range stages {
		name := regexp.MustCompile(`AS (\w+)`).FindStringSubmatch(stage)[1]
		if name == "debian" {
			continue
		}
		targets[name] = true
		require.Regexp(t, `(?m)^USER 10\d\d:10\d\d$`, stage, name)
	}
	built := strings.Fields(regexp.MustCompile(`\|\| images=\((.*)\)`).FindStringSubmatch(read(t, "build.sh"))[1])
	require.Len(t, built, len(targets))
	for _, name := range built {
		require.True(t, targets[name], name)
	}
	for _, file := range []string{"../compose/compose.yaml", "../compose/trial.yaml"} {
		var compose struct {
			Services map[string]struct {
				Image       string   `yaml:"image"`
				ReadOnly    bool     `yaml:"read_only"`
				CapDrop     []string `yaml:"cap_drop"`
				SecurityOpt []string `yaml:"security_opt"`
			} `yaml:"services"`
		}
		require.NoError(t, yaml.Unmarshal([]byte(read(t, file)), &compose))
		require.NotEmpty(t, compose.Services)
		for name, s := range compose.Services {
			if s.Image == "" {
				continue // an addition to a service of the other file
			}
			image := regexp.MustCompile(`^satchel/(\w+):`).FindStringSubmatch(s.Image)
			require.NotNil(t, image, name)
			require.True(t, targets[image[1]], name)
			require.True(t, s.ReadOnly, name)
			require.Equal(t, []string{"ALL"}, s.CapDrop, name)
			require.Equal(t, []string{"no-new-privileges:true"}, s.SecurityOpt, name)
		}
	}
}

// TestSecretsAreMade: init.sh, or trial.sh, makes each secret that a service is given.
func TestSecretsAreMade(t *testing.T) {
	t.Parallel()
	made := read(t, "../compose/init.sh") + read(t, "../compose/trial.sh")
	var compose struct {
		Secrets map[string]struct{ File string } `yaml:"secrets"`
	}
	require.NoError(t, yaml.Unmarshal([]byte(read(t, "../compose/compose.yaml")), &compose))
	require.NotEmpty(t, compose.Secrets)
	for name, s := range compose.Secrets {
		require.Equal(t, "./secrets/"+name, s.File)
		parts := strings.Split(name, "-")
		require.Contains(t, made, parts[0], name)
	}
}
