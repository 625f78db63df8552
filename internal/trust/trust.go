// Package trust makes the TLS side of the connections that a program opens: which
// authorities it believes, and by which certificate it says who it is.
package trust

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
)

// Roots reads the authorities of a setting in PEM. They stand in the place of the
// machine's; nil, for an empty setting, means the machine's.
func Roots(setting, pem string) (*x509.CertPool, error) {
	if pem == "" {
		return nil, nil //nolint:nilnil // the machine's, as crypto/tls has it
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(pem)) {
		return nil, fmt.Errorf("%s holds no certificate in PEM", setting)
	}
	return roots, nil
}

// Client is what a setting says of a connection. Cert and Key name files, which are read
// again at each handshake: a certificate is replaced while the program runs.
type Client struct {
	Roots      *x509.CertPool
	ServerName string // as the server's certificate has it; empty: the host's name
	Cert, Key  string
}

// Config makes it. A pair of files that cannot be used is an error at the start, not at the
// first handshake.
func (c Client) Config() (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: c.Roots, ServerName: c.ServerName}
	if c.Cert == "" && c.Key == "" {
		return config, nil
	}
	if c.Cert == "" || c.Key == "" {
		return nil, errors.New("a client's certificate and its key are needed together")
	}
	if _, err := c.pair(); err != nil {
		return nil, err
	}
	config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return c.pair() }
	return config, nil
}

func (c Client) pair() (*tls.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(c.Cert, c.Key)
	if err != nil {
		return nil, fmt.Errorf("client certificate: %w", err)
	}
	return &pair, nil
}
