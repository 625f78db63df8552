package settings_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"satchel/internal/settings"
)

type config struct {
	Password string        `env:"SATCHEL_X_PASSWORD,required"`
	KeyFile  string        `env:"SATCHEL_X_KEY_FILE"`
	Wait     time.Duration `env:"SATCHEL_X_WAIT" envDefault:"3s"`
}

func file(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

// The environment belongs to the process, so these run one after another.
func TestLoad(t *testing.T) {
	cases := []struct {
		name string
		set  map[string]string
		want config
		err  string
	}{
		{"defaults", map[string]string{"SATCHEL_X_PASSWORD": "p"}, config{"p", "", 3 * time.Second}, ""},
		{"from a file, its line's end taken off", map[string]string{"SATCHEL_X_PASSWORD_FILE": file(t, " p \r\n")}, config{" p ", "", 3 * time.Second}, ""},
		{"the value wins over the file", map[string]string{"SATCHEL_X_PASSWORD": "p", "SATCHEL_X_PASSWORD_FILE": "/nowhere"}, config{"p", "", 3 * time.Second}, ""},
		{"a file that is not there is named", map[string]string{"SATCHEL_X_PASSWORD_FILE": "/nowhere"}, config{}, "SATCHEL_X_PASSWORD_FILE"},
		{"an empty file is no value", map[string]string{"SATCHEL_X_PASSWORD_FILE": file(t, "\n")}, config{}, "is empty"},
		{"another program's secret is not read", map[string]string{"SATCHEL_X_PASSWORD": "p", "SATCHEL_Y_PASSWORD_FILE": "/nowhere"}, config{"p", "", 3 * time.Second}, ""},
		{"a variable that is a file's name stays one", map[string]string{"SATCHEL_X_PASSWORD": "p", "SATCHEL_X_KEY_FILE": "/new/key"}, config{"p", "/new/key", 3 * time.Second}, ""},
		{"what is missing is named", nil, config{}, "SATCHEL_X_PASSWORD"},
		{"what cannot be read is named", map[string]string{"SATCHEL_X_PASSWORD": "p", "SATCHEL_X_WAIT": "soon"}, config{}, "Wait"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			for name, value := range c.set {
				t.Setenv(name, value)
			}
			got, err := settings.Load[config]()
			if c.err != "" {
				require.ErrorContains(t, err, c.err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.want, got)
		})
	}
}
