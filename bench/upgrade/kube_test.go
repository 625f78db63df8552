package main

import (
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/internal/freeport"
)

// TestKubeAsksKubernetes: what is asked of the API server and of helm, without either.
func TestKubeAsksKubernetes(t *testing.T) {
	t.Parallel()
	left := 1
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer of-a-test" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		switch r.URL.String() {
		case "/api/v1/namespaces/platform/pods?labelSelector=app.kubernetes.io/instance=school,app.kubernetes.io/component=worker":
			_, _ = io.WriteString(w, `{"items": [{"metadata": {"name": "leaves", "deletionTimestamp": "2026-11-30T15:00:00Z"}, "status": {"podIP": "10.88.0.2"}}, {"metadata": {"name": "stays"}, "status": {"podIP": "10.88.0.3"}}]}`)
		case "/api/v1/namespaces/platform/pods?labelSelector=app.kubernetes.io/instance=school,app.kubernetes.io/component!=migrate":
			_, _ = io.WriteString(w, map[bool]string{true: `{"items": [{}]}`, false: `{"items": []}`}[left > 0])
			left--
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(server.Close)
	dir := t.TempDir()
	file := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), mode))
		return path
	}
	ca := file("ca.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})), 0o600)
	config, err := json.Marshal(map[string]any{
		"clusters": []any{map[string]any{"cluster": map[string]string{"server": server.URL, "certificate-authority": ca}}},
		"users":    []any{map[string]any{"user": map[string]string{"token": "of-a-test"}}},
	})
	require.NoError(t, err)
	k := &kube{kubeconfig: file("kubeconfig", string(config), 0o600), helm: file("helm", fmt.Sprintf("#!/bin/sh\necho \"$@\" >>%s/asked\n", dir), 0o700)}
	require.NoError(t, k.connect())

	worker, err := k.aWorker(t.Context())
	require.NoError(t, err)
	require.Equal(t, "stays", worker.name)
	require.Equal(t, "http://10.88.0.3:9090", worker.metrics)
	require.ErrorContains(t, k.get(t.Context(), "services/none", nil), "404")

	require.NoError(t, k.uninstall(t.Context()))
	require.Negative(t, left, "it waits for the last pod")
	asked, err := os.ReadFile(filepath.Join(dir, "asked"))
	require.NoError(t, err)
	require.Equal(t, fmt.Sprintf("uninstall school --kubeconfig %s --namespace platform --timeout 15m\n", k.kubeconfig), string(asked))
}

// TestRelay: a connection that the API takes is led to it, and one that it refuses fails.
func TestRelay(t *testing.T) {
	t.Parallel()
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "here") }))
	t.Cleanup(api.Close)
	address := freeport.Address(t).String()
	ended, err := relay(t.Context(), address, api.Listener.Addr().String())
	require.NoError(t, err)
	t.Cleanup(ended) // the context has ended by then
	resp, err := get(t.Context(), "http://"+address)
	require.NoError(t, err)
	said, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, "here", string(said))

	api.Close()
	resp, err = get(t.Context(), "http://"+address)
	if err == nil {
		_ = resp.Body.Close()
	}
	require.Error(t, err)
}
