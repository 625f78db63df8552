package kms

import (
	"bufio"
	"bytes"
	"context"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
)

// Config names the key service: a key file, or the transit engine of another server. The
// text of a key file is mounted, like every secret, as a file by the name of the setting with
// _FILE behind it.
type Config struct {
	Keys string `env:"SATCHEL_KMS_KEYS"` // text of the key file that wraps the data keys of files and of credentials of other systems: each line is a name and the base64 of 32 bytes (`openssl rand -base64 32`), the first one wraps, all unwrap, so a new key is put in front of the old one; empty: SATCHEL_KMS_TRANSIT_URL is used; without either, files cannot be encrypted and connections to Roblox cannot be made

	// How the transit engine of Vault or OpenBao is reached.
	TransitURL       string `env:"SATCHEL_KMS_TRANSIT_URL"`                        // address of a Vault or OpenBao server whose transit engine wraps data keys, instead of SATCHEL_KMS_KEYS
	TransitToken     string `env:"SATCHEL_KMS_TRANSIT_TOKEN"`                      // token that may encrypt and decrypt with the key and read it; a file of it is read at each call, so an agent may renew it
	TransitKey       string `env:"SATCHEL_KMS_TRANSIT_KEY" envDefault:"satchel"`   // name of the key in the engine, of type aes256-gcm96
	TransitMount     string `env:"SATCHEL_KMS_TRANSIT_MOUNT" envDefault:"transit"` // path at which the engine is mounted
	TransitNamespace string `env:"SATCHEL_KMS_TRANSIT_NAMESPACE"`                  // namespace of the server, where it has some
	TransitCA        string `env:"SATCHEL_KMS_TRANSIT_CA"`                         // authorities in PEM that sign the server's certificate; empty: the machine's
}

// File is the driver that has its keys in a file.
type File struct {
	first string
	keys  map[string]cipher.AEAD
}

var keyName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)

// Open makes a box of the configuration. Without keys there is none, and no error.
func (c Config) Open() (*Box, error) {
	if c.TransitURL != "" {
		if c.Keys != "" {
			return nil, errors.New("SATCHEL_KMS_KEYS or SATCHEL_KMS_TRANSIT_URL is set, not both: to move from one to the other, all values are encrypted again first")
		}
		t, err := NewTransit(c)
		if err != nil {
			return nil, err
		}
		return New(t), nil
	}
	if c.Keys == "" {
		return nil, nil //nolint:nilnil // no keys is a setting, and each use says what to do
	}
	f, err := ParseFile([]byte(c.Keys))
	if err != nil {
		return nil, fmt.Errorf("SATCHEL_KMS_KEYS: %w", err)
	}
	if path := os.Getenv("SATCHEL_KMS_KEYS_FILE"); path != "" && os.Getenv("SATCHEL_KMS_KEYS") == "" {
		return New(Watch(path, f)), nil
	}
	return New(f), nil
}

// ParseFile reads the text of a key file. Empty lines and lines that begin with # are
// passed over. An error names a line and never what is in it.
func ParseFile(text []byte) (*File, error) {
	f := &File{keys: map[string]cipher.AEAD{}}
	lines := bufio.NewScanner(bytes.NewReader(text))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		fields := strings.Fields(line)
		if len(fields) != 2 || !keyName.MatchString(fields[0]) {
			return nil, fmt.Errorf("line %d: a line is a name of small letters, digits, dots and hyphens, and a key", n)
		}
		key, err := base64.StdEncoding.DecodeString(fields[1])
		if err != nil || len(key) != keySize {
			return nil, fmt.Errorf("line %d: a key is the base64 of %d bytes; make one with `openssl rand -base64 32`", n, keySize)
		}
		if f.keys[fields[0]] != nil {
			return nil, fmt.Errorf("line %d: there is a key of this name already", n)
		}
		if f.keys[fields[0]], err = gcm(key); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		if f.first == "" {
			f.first = fields[0]
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read keys: %w", err)
	}
	if f.first == "" {
		return nil, fmt.Errorf("there is no key in it; a line is a name and the base64 of %d bytes", keySize)
	}
	return f, nil
}

// Current names the first key.
func (f *File) Current(context.Context) (string, error) { return f.first, nil }

// Wrap encrypts a data key under the first key.
func (f *File) Wrap(_ context.Context, dataKey, bound []byte) (string, []byte, error) {
	aead := f.keys[f.first]
	nonce := make([]byte, aead.NonceSize())
	_, _ = rand.Read(nonce)
	return f.first, aead.Seal(nonce, nonce, dataKey, bound), nil
}

// Unwrap decrypts a data key.
func (f *File) Unwrap(_ context.Context, keyID string, wrapped, bound []byte) ([]byte, error) {
	aead := f.keys[keyID]
	if aead == nil {
		return nil, ErrNoKey
	}
	if len(wrapped) < aead.NonceSize() {
		return nil, ErrOpen
	}
	dataKey, err := aead.Open(nil, wrapped[:aead.NonceSize()], wrapped[aead.NonceSize():], bound)
	if err != nil {
		return nil, ErrOpen
	}
	return dataKey, nil
}
