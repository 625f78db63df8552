package tenancy

// PlatformWork marks the input of an activity or workflow that works across
// organizations. The workers refuse one that names another organization than
// Platform, before the work begins.
type PlatformWork interface{ PlatformWork() }
