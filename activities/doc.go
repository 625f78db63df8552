// Package activities holds one package for each capability of the platform.
// Each does one side effect inside one organization's row-level security, is
// safe to repeat, and declares the one- or two-method ports that it needs;
// only cmd binds adapters to them.
package activities
