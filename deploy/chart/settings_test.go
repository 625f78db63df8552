// Package chart checks the Helm chart of this folder: its settings against docs/settings.md and the compose file, what it
// renders (make chart), and what a Kubernetes API server says of it (make kube-api).
package chart

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

var update = flag.Bool("update", false, "write the settings of the chart and of the compose file instead of comparing them")

// setting is a row of docs/settings.md, which a test of its own compares with the code.
type setting struct {
	name, value, meaning string
	programs             []string // of a deployment: api, worker, migrate
}

// byTheChart are the settings that the chart gives itself: they belong to its ports, volumes and probes.
var byTheChart = []string{
	"SATCHEL_API_LISTEN", "SATCHEL_API_REPLICAS", "SATCHEL_CLAMD_SOCKET", "SATCHEL_CONTENT_LISTEN", "SATCHEL_EDGE_LISTEN",
	"SATCHEL_METRICS_LISTEN", "SATCHEL_SPOOL_DIR",
}

var parts = []string{"api", "worker", "migrate"}

func (s setting) readBy(part string) bool { return slices.Contains(s.programs, part) }

// secret tells what must not be in an environment, by the name that such settings have.
func (s setting) secret() bool {
	return secretName.MatchString(s.name) && s.name != "SATCHEL_KMS_TRANSIT_KEY" // the name of a key
}

var secretName = regexp.MustCompile(`_(KEY|KEYS|PASSWORD|SECRET|TOKEN)$|_DATABASE(_SESSION|_REPLICA)?_URL$|_DATABASE_CLUSTERS$`)

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	require.NoError(t, err)
	return string(b)
}

// deployed gives the settings of a deployment.
func deployed(t *testing.T) []setting {
	t.Helper()
	var found []setting
	for line := range strings.Lines(read(t, "../../docs/settings.md")) {
		cells := strings.SplitN(line, "|", 5)
		if len(cells) != 5 || !regexp.MustCompile(`^ [A-Z]+_[A-Z0-9_]+ $`).MatchString(cells[1]) {
			continue
		}
		s := setting{name: strings.TrimSpace(cells[1]), value: strings.TrimSpace(cells[2]), meaning: strings.Trim(cells[4], " |\n")}
		for program := range strings.SplitSeq(cells[3], ",") {
			if program = strings.TrimSpace(program); slices.Contains(parts, program) {
				s.programs = append(s.programs, program)
			}
		}
		if len(s.programs) > 0 {
			found = append(found, s)
		}
	}
	require.Greater(t, len(found), 100)
	return found
}

func (s setting) described() string {
	switch s.value {
	case "":
		return s.meaning
	case "*required*":
		return s.meaning + " (required)"
	}
	return fmt.Sprintf("%s (default: %s)", s.meaning, s.value)
}

type object = map[string]any

func closed(properties object, required []string) object {
	o := object{"type": "object", "additionalProperties": false, "properties": properties}
	if len(required) > 0 {
		o["required"] = required
	}
	return o
}

// definitions of the schema: those of the settings, from their list, and those that the rest of the schema shares.
func definitions(all []setting) object {
	list := func(of object) object { return object{"type": "array", "items": of} }
	ref := func(name string) object { return object{"$ref": "#/definitions/" + name} }
	amounts := object{"type": "object", "additionalProperties": object{"type": []string{"string", "number"}}}
	found := object{
		"name":        object{"type": "string", "pattern": "^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$"},
		"secretKey":   object{"type": []string{"string", "null"}, "pattern": "^[-._a-zA-Z0-9]+$"},
		"quantity":    object{"type": "string", "pattern": "^[1-9][0-9]*(Ki|Mi|Gi|Ti|k|M|G|T)?$"},
		"resources":   closed(object{"requests": amounts, "limits": amounts}, nil),
		"peers":       list(closed(object{"podSelector": object{"type": "object"}, "namespaceSelector": object{"type": "object"}, "ipBlock": object{"type": "object"}}, nil)),
		"destination": closed(object{"ports": list(object{"type": "integer", "minimum": 1, "maximum": 65535}), "to": ref("peers")}, nil),
	}
	settings := func(of func(setting) bool, required ...string) object {
		properties := object{}
		for _, s := range all {
			if of(s) && !s.secret() && !slices.Contains(byTheChart, s.name) {
				properties[s.name] = object{"type": "string", "description": s.described()}
				if len(required) > 0 && s.value == "*required*" {
					required = append(required, s.name)
				}
			}
		}
		o := closed(properties, required)
		o["patternProperties"] = object{"^OTEL_[A-Z0-9_]+$": object{"type": "string"}} // OpenTelemetry's library reads more of them
		return o
	}
	// Their defaults are addresses of one machine.
	found["settings"] = settings(func(setting) bool { return true }, "SATCHEL_API_URL", "SATCHEL_CONTENT_URL")
	for _, part := range parts {
		found[part+"Settings"] = settings(func(s setting) bool { return s.readBy(part) })
		properties, required := object{}, []string(nil)
		for _, s := range all {
			if !s.readBy(part) || slices.Contains(byTheChart, s.name) || strings.HasPrefix(s.name, "OTEL_") {
				continue
			}
			properties[s.name] = ref("secretKey")
			if s.secret() && s.value == "*required*" {
				required = append(required, s.name)
			}
		}
		found[part+"Secrets"] = closed(properties, required)
	}
	return found
}

// golden compares a file, or a part of it, with what it must be.
func golden(t *testing.T, name, want string) {
	t.Helper()
	if *update {
		require.NoError(t, os.WriteFile(name, []byte(want), 0o644))
	}
	written, err := os.ReadFile(name)
	require.NoError(t, err)
	require.Equal(t, want, string(written), "%s is out of date: go test ./deploy/chart -update", name)
}

// TestSettingsOfTheChart: the schema knows every setting, and settings.yaml which program reads it.
func TestSettingsOfTheChart(t *testing.T) {
	t.Parallel()
	all := deployed(t)
	var readers strings.Builder
	readers.WriteString("# Which programs read a setting. Generated from docs/settings.md: go test ./deploy/chart -update\n")
	for _, s := range all {
		fmt.Fprintf(&readers, "%s: [%s]\n", s.name, strings.Join(s.programs, ", "))
	}
	golden(t, "settings.yaml", readers.String())

	schema := read(t, "values.schema.json")
	written, _, cut := strings.Cut(schema, "\n  \"definitions\": {")
	require.True(t, cut)
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("  ", "  ")
	require.NoError(t, e.Encode(definitions(all)))
	golden(t, "values.schema.json", written+"\n  \"definitions\": "+b.String()+"}\n")
}

// allowed walks through values and fails on a name that the schema has no place for, and on one that it asks for in vain.
// It is no validator: helm is, in make chart.
func allowed(t *testing.T, root, schema object, values any, at string) {
	t.Helper()
	if ref, is := schema["$ref"].(string); is {
		schema = root["definitions"].(object)[strings.TrimPrefix(ref, "#/definitions/")].(object)
	}
	of, is := values.(object)
	if !is {
		return
	}
	require.Equal(t, "object", schema["type"], at)
	properties, _ := schema["properties"].(object)
	for name, value := range of {
		if inner, known := properties[name].(object); known {
			allowed(t, root, inner, value, at+"."+name)
			continue
		}
		patterns, _ := schema["patternProperties"].(object)
		matched := false
		for pattern := range patterns {
			matched = matched || regexp.MustCompile(pattern).MatchString(name)
		}
		require.True(t, matched || schema["additionalProperties"] != false, "%s: the schema has no %s", at, name)
	}
	required, _ := schema["required"].([]any)
	for _, name := range required {
		require.Contains(t, of, name, at)
	}
}

// TestValuesAreInTheSchema: the defaults, with what an installation must say, have a place each, and every place has a default.
func TestValuesAreInTheSchema(t *testing.T) {
	t.Parallel()
	var schema, values, least object
	require.NoError(t, json.Unmarshal([]byte(read(t, "values.schema.json")), &schema))
	require.NoError(t, yaml.Unmarshal([]byte(read(t, "values.yaml")), &values))
	require.NoError(t, yaml.Unmarshal([]byte(read(t, "testdata/values.yaml")), &least))
	maps.Copy(values["settings"].(object), least["settings"].(object))
	allowed(t, schema, schema, values, "values")
	for name, of := range schema["properties"].(object) {
		if name == "global" {
			continue
		}
		require.Contains(t, values, name)
		inner, _ := of.(object)["properties"].(object)
		for key := range inner {
			require.Contains(t, values[name], key, name)
		}
	}
}

// TestRulesHaveOneSource: the rules in the chart are the file that promtool tests, not a copy of it.
func TestRulesHaveOneSource(t *testing.T) {
	t.Parallel()
	target, err := os.Readlink("rules.yaml")
	require.NoError(t, err)
	require.Equal(t, "../prometheus/rules.yaml", target)
}

// inCompose gives the variables that the compose file sets for a program, by the name of the setting.
func inCompose(t *testing.T) map[string]map[string]bool {
	t.Helper()
	var compose struct {
		Services map[string]struct {
			Environment map[string]any `yaml:"environment"`
			EnvFile     any            `yaml:"env_file"`
		} `yaml:"services"`
	}
	require.NoError(t, yaml.Unmarshal([]byte(read(t, "../compose/compose.yaml")), &compose))
	found := map[string]map[string]bool{}
	for _, part := range parts {
		found[part] = map[string]bool{}
		for name := range compose.Services[part].Environment {
			found[part][name] = true
		}
		require.NotEmpty(t, found[part], part)
		if part != "migrate" {
			require.Equal(t, []any{"settings.env"}, compose.Services[part].EnvFile, "%s has the settings that the compose file does not name", part)
		}
	}
	return found
}

// TestSettingsOfCompose: a setting is in the compose file, or in the file of those that may be set beside it; and what the
// compose file names is a setting.
func TestSettingsOfCompose(t *testing.T) {
	t.Parallel()
	set, all := inCompose(t), deployed(t)
	fromImage := []string{"SATCHEL_API_LISTEN", "SATCHEL_CONTENT_LISTEN", "SATCHEL_METRICS_LISTEN"} // health checks know these addresses
	var others strings.Builder
	others.WriteString("# Settings of api and worker that compose.yaml does not set itself. init.sh copies this file to settings.env; take the\n" +
		"# sign off a line to set it, and `docker compose up -d`. NAME_FILE works too, for a file of /run/secrets.\n" +
		"# Generated from docs/settings.md: go test ./deploy/chart -update\n")
	for _, s := range all {
		var named []string
		for _, part := range s.programs {
			if set[part][s.name] || set[part][s.name+"_FILE"] {
				named = append(named, part)
			}
		}
		switch {
		case len(named) > 0:
			if s.value == "*required*" {
				require.Equal(t, s.programs, named, "%s is required by all that read it", s.name)
			}
		case slices.Contains(fromImage, s.name):
		default:
			require.NotEqual(t, []string{"migrate"}, s.programs, "%s is in no file that migrate gets", s.name)
			value := s.value
			if strings.ContainsAny(value, " ") {
				value = "" // quotes mean something else to each version of compose
			}
			fmt.Fprintf(&others, "\n# %s\n#%s=%s\n", s.meaning, s.name, value)
		}
	}
	golden(t, "../compose/settings.env.example", others.String())
	require.Contains(t, read(t, "../compose/init.sh"), "settings.env.example")

	for part, names := range set {
		for name := range names {
			require.True(t, slices.ContainsFunc(all, func(s setting) bool {
				return s.readBy(part) && (s.name == name || s.name+"_FILE" == name) || part != "migrate" && s.name == strings.TrimSuffix(name, "_FILE")
			}), "%s of compose.yaml: %s is no setting", part, name)
		}
	}
}
