// Package schema has the questions and answers of Vault that versitygw refers to.
package schema

// AppRoleLoginRequest signs in.
type AppRoleLoginRequest struct {
	RoleId, SecretId string
}

// KvV2WriteRequest writes a secret.
type KvV2WriteRequest struct{ Data, Options map[string]any }

// KvV2WriteMetadataRequest says how long a secret is kept.
type KvV2WriteMetadataRequest struct{ DeleteVersionAfter string }

// KvV2ReadResponse is a secret.
type KvV2ReadResponse struct{ Data, Metadata map[string]any }

// KvV2WriteResponse says which version was written.
type KvV2WriteResponse struct{ Version int64 }

// StandardListResponse names secrets.
type StandardListResponse struct{ Keys []string }
