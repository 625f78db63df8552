// Package settings reads a program's configuration from the environment. A
// value that cannot be read stops the program at its start and names the
// variable.
package settings

import (
	"fmt"
	"os"
	"strings"

	"github.com/caarlos0/env/v11"
)

// Load fills T from the environment by its `env` tags. NAME_FILE stands for
// NAME with the value in a file, as secrets are mounted.
func Load[T any]() (T, error) {
	environment, err := fromFiles(os.Environ())
	if err != nil {
		var zero T
		return zero, err
	}
	c, err := env.ParseAsWithOptions[T](env.Options{Environment: environment})
	if err != nil {
		return c, fmt.Errorf("configuration: %w", err)
	}
	return c, nil
}

func fromFiles(environ []string) (map[string]string, error) {
	values := env.ToMap(environ)
	for name, path := range values {
		base, isFile := strings.CutSuffix(name, "_FILE")
		if !isFile || !strings.HasPrefix(name, "SATCHEL_") || path == "" || values[base] != "" {
			continue
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("configuration: %s: %w", name, err)
		}
		values[base] = strings.TrimRight(string(b), "\r\n")
	}
	return values, nil
}
