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

// Load fills T from the environment by its `env` tags. NAME_FILE is
// NAME with the value in a file, as secrets are mounted.
func Load[T any]() (T, error) {
	environment, err := fromFiles(new(T), os.Environ())
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

// fromFiles reads only the files of the variables that c asks for: another
// program's secret may be out of this one's reach, and a variable that names a
// file by itself may end in _FILE too.
func fromFiles(c any, environ []string) (map[string]string, error) {
	values := env.ToMap(environ)
	fields, err := env.GetFieldParams(c)
	if err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	for _, field := range fields {
		name := field.Key + "_FILE"
		path := values[name]
		if path == "" || values[field.Key] != "" {
			continue
		}
		b, err := os.ReadFile(path) //nolint:gosec // the operator names the file
		if err != nil {
			return nil, fmt.Errorf("configuration: %s: %w", name, err)
		}
		values[field.Key] = strings.TrimRight(string(b), "\r\n")
		if values[field.Key] == "" {
			return nil, fmt.Errorf("configuration: %s: the file %s is empty; write the value into it or unset the variable", name, path)
		}
	}
	return values, nil
}
