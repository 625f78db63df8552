package wiring

import (
	"go.uber.org/fx"

	"satchel/activities/email"
	"satchel/activities/export"
	"satchel/activities/extract"
	"satchel/activities/finalize"
	"satchel/activities/invitation"
	"satchel/activities/notification"
	"satchel/activities/pii"
	"satchel/activities/preview"
	"satchel/activities/roster"
	"satchel/activities/scan"
	"satchel/activities/sweep"
	"satchel/generation/providers"
	"satchel/internal/drawing"
	"satchel/internal/edge"
	"satchel/internal/fragment"
	"satchel/internal/kms"
	"satchel/internal/mail"
	"satchel/internal/media"
	"satchel/internal/ocr"
	"satchel/internal/office"
	"satchel/internal/outbound"
	"satchel/internal/pdf"
	"satchel/internal/reader"
	adapter "satchel/internal/roblox"
	"satchel/internal/sandbox"
	"satchel/internal/sealed"
	"satchel/internal/settings"
	"satchel/internal/spool"
	"satchel/internal/vips"
	"satchel/policies/archives"
	"satchel/tenancy/people"
	"satchel/workers"
	"satchel/workflows/upload"
)

// scannerConfig is how the worker reaches the virus scanner, and up to which
// size it hands a file over in memory instead of streaming it.
type scannerConfig struct {
	Socket      string `env:"SATCHEL_CLAMD_SOCKET,required"`                   // unix socket of clamd
	MemoryBytes int64  `env:"SATCHEL_SCAN_MEMORY_BYTES" envDefault:"16777216"` // a file of at most this size is passed to clamd in memory (FILDES) instead of through the socket; 0 streams every file
}

// signerConfig is the key with which checkpoints of the audit logs are signed.
type signerConfig struct {
	Key string `env:"SATCHEL_AUDIT_KEY,required"` // private key that signs the checkpoints of the audit logs and the certificates of erasures; `satchel audit keygen` makes the pair. To replace it, write the new one, and below it a line public: with what audit-public-key held for each earlier one
}

var settingsModule = fx.Module("settings", fx.Provide(
	settings.Load[scannerConfig],
	settings.Load[signerConfig],
	settings.Load[edge.Config],
	settings.Load[email.Config],
	settings.Load[export.Config],
	settings.Load[extract.Config],
	settings.Load[invitation.Config],
	settings.Load[mail.Config],
	settings.Load[notification.ReportsConfig],
	settings.Load[people.HashConfig],
	settings.Load[pii.Config],
	settings.Load[providers.Config],
	settings.Load[ModelKeys],
	settings.Load[kms.Config],
	settings.Load[adapter.Config],
	func() RobloxBudget { return RobloxBudget{} },
	settings.Load[roster.InboxConfig],
	settings.Load[scan.Config],
	settings.Load[spool.Config],
	settings.Load[sweep.Config],
	settings.Load[finalize.RemovalConfig],
	settings.Load[upload.AdmissionConfig],
	settings.Load[vips.Config],
	settings.Load[drawing.Config],
	settings.Load[fragment.Config],
	settings.Load[media.Config],
	settings.Load[ocr.Config],
	settings.Load[office.Config],
	settings.Load[outbound.Config],
	settings.Load[pdf.Config],
	settings.Load[preview.Config],
	settings.Load[reader.Config],
	settings.Load[sandbox.Config],
	settings.Load[sealed.Config],
	settings.Load[workers.Config],
	archives.DefaultLimits,
))
