// Package clientcmd refuses to read a kubeconfig.
package clientcmd

import "k8s.io/client-go/rest"

// Config would be a kubeconfig's content.
type Config struct{}

// ConfigOverrides choose among its contexts.
type ConfigOverrides struct{ CurrentContext string }

// ClientConfig would name the cluster.
type ClientConfig struct{}

// Load refuses.
func Load([]byte) (*Config, error) { return nil, rest.ErrWithout }

// NewDefaultClientConfig gives what refuses.
func NewDefaultClientConfig(Config, *ConfigOverrides) ClientConfig { return ClientConfig{} }

// ClientConfig refuses.
func (ClientConfig) ClientConfig() (*rest.Config, error) { return nil, rest.ErrWithout }
