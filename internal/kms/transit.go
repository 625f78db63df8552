package kms

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"satchel/internal/trust"
)

// Transit is the driver whose keys stay in the transit engine of Vault or OpenBao, by its
// HTTP API: https://openbao.org/api-docs/secret/transit/. A rotation there makes a new version of
// the key; the versions that are in use must stay above min_decryption_version.
type Transit struct {
	config Config
	client *http.Client
}

// transitTimeout bounds one call.
const transitTimeout = 10 * time.Second

// maxAnswer bounds what is read of an answer.
const maxAnswer = 64 << 10

// NewTransit makes it, and asks the server nothing.
func NewTransit(c Config) (*Transit, error) {
	u, err := url.Parse(c.TransitURL)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.RawQuery != "" || u.User != nil {
		return nil, errors.New("SATCHEL_KMS_TRANSIT_URL is an address such as https://vault.example:8200")
	}
	if c.TransitKey == "" || c.TransitMount == "" || strings.ContainsAny(c.TransitKey, "/?#") {
		return nil, errors.New("SATCHEL_KMS_TRANSIT_KEY and SATCHEL_KMS_TRANSIT_MOUNT name a key and a path")
	}
	roots, err := trust.Roots("SATCHEL_KMS_TRANSIT_CA", c.TransitCA)
	if err != nil {
		return nil, err
	}
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.Proxy = nil // a proxy variable of the environment must not see data keys
	t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots}
	return &Transit{c, &http.Client{Transport: t, Timeout: transitTimeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}, nil
}

// Wrap encrypts a data key under the latest version of the key. The name is the key's and
// its version's, such as satchel:v3.
func (t *Transit) Wrap(ctx context.Context, dataKey, bound []byte) (string, []byte, error) {
	var answer struct {
		Ciphertext string `json:"ciphertext"`
	}
	err := t.call(ctx, http.MethodPost, "encrypt", map[string]string{
		"plaintext": base64.StdEncoding.EncodeToString(dataKey), "associated_data": base64.StdEncoding.EncodeToString(bound)}, &answer)
	if err != nil {
		return "", nil, err
	}
	v, err := versionOf(answer.Ciphertext)
	if err != nil {
		return "", nil, err
	}
	return t.name(v), []byte(answer.Ciphertext), nil
}

// Unwrap decrypts a data key.
func (t *Transit) Unwrap(ctx context.Context, keyID string, wrapped, bound []byte) ([]byte, error) {
	if name, _, ok := strings.Cut(keyID, ":v"); !ok || name != t.config.TransitKey {
		return nil, ErrNoKey
	}
	var answer struct {
		Plaintext string `json:"plaintext"`
	}
	err := t.call(ctx, http.MethodPost, "decrypt", map[string]string{
		"ciphertext": string(wrapped), "associated_data": base64.StdEncoding.EncodeToString(bound)}, &answer)
	if err != nil {
		return nil, err
	}
	dataKey, err := base64.StdEncoding.DecodeString(answer.Plaintext)
	if err != nil {
		return nil, fmt.Errorf("transit engine: the answer is no base64")
	}
	return dataKey, nil
}

// Current names the latest version of the key.
func (t *Transit) Current(ctx context.Context) (string, error) {
	var answer struct {
		Latest int `json:"latest_version"`
	}
	if err := t.call(ctx, http.MethodGet, "keys", nil, &answer); err != nil {
		return "", err
	}
	if answer.Latest < 1 {
		return "", errors.New("transit engine: the key has no version")
	}
	return t.name(answer.Latest), nil
}

func (t *Transit) name(version int) string { return t.config.TransitKey + ":v" + strconv.Itoa(version) }

// versionOf reads the version of the key that a cipher text begins with: vault:v3:…
func versionOf(ciphertext string) (int, error) {
	parts := strings.SplitN(ciphertext, ":", 3)
	if len(parts) == 3 && strings.HasPrefix(parts[1], "v") {
		if v, err := strconv.Atoi(parts[1][1:]); err == nil && v > 0 {
			return v, nil
		}
	}
	return 0, errors.New("transit engine: the cipher text names no version of the key")
}

// call asks the engine. No error of it holds what was sent or answered but the engine's own
// sentences, which name keys and never their content.
func (t *Transit) call(ctx context.Context, method, action string, in map[string]string, out any) error {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("transit engine: %w", err)
		}
		body = bytes.NewReader(b)
	}
	address := strings.TrimRight(t.config.TransitURL, "/") + "/v1/" + strings.Trim(t.config.TransitMount, "/") + "/" + action + "/" + url.PathEscape(t.config.TransitKey)
	req, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return fmt.Errorf("transit engine: %w", err)
	}
	token, err := t.token()
	if err != nil {
		return err
	}
	req.Header.Set("X-Vault-Token", token)
	req.Header.Set("X-Vault-Request", "true")
	req.Header.Set("Content-Type", "application/json")
	if t.config.TransitNamespace != "" {
		req.Header.Set("X-Vault-Namespace", t.config.TransitNamespace)
	}
	res, err := t.client.Do(req)
	if err != nil {
		return fmt.Errorf("transit engine: %w", err)
	}
	defer func() { _ = res.Body.Close() }()
	content, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("transit engine: %w", err)
	}
	return t.answer(action, res.StatusCode, content, out)
}

func (t *Transit) answer(action string, status int, content []byte, out any) error {
	var answer struct {
		Data   json.RawMessage `json:"data"`
		Errors []string        `json:"errors"`
	}
	bad := json.Unmarshal(content, &answer)
	switch {
	case status == http.StatusOK && bad == nil && len(answer.Data) > 0:
		if err := json.Unmarshal(answer.Data, out); err != nil {
			return errors.New("transit engine: the answer has another form")
		}
		return nil
	case status == http.StatusBadRequest && action == "decrypt":
		// The engine has one status for a cipher text that does not open and for a version of
		// the key that is no longer there.
		if said := strings.Join(answer.Errors, "; "); strings.Contains(said, "encryption key not found") || strings.Contains(said, "disallowed by policy") {
			return ErrNoKey
		}
		return ErrOpen
	case status == http.StatusNotFound:
		return ErrNoKey
	}
	return fmt.Errorf("transit engine: status %d at %s: %s", status, action, strings.Join(answer.Errors, "; "))
}

// token reads the token's file again, if it is in one: agents renew tokens there.
func (t *Transit) token() (string, error) {
	path := os.Getenv("SATCHEL_KMS_TRANSIT_TOKEN_FILE")
	if path == "" || os.Getenv("SATCHEL_KMS_TRANSIT_TOKEN") != "" {
		return t.config.TransitToken, nil
	}
	b, err := os.ReadFile(path) //nolint:gosec // the operator names the file
	if err != nil {
		return "", fmt.Errorf("SATCHEL_KMS_TRANSIT_TOKEN_FILE: %w", err)
	}
	return strings.TrimSpace(string(b)), nil
}
