// Command worker runs the platform's workflows and activities. It holds the
// database role of the application, the store's keys and the way to the virus
// scanner, and no port that a user could reach.
package main

import (
	"go.uber.org/fx"

	"satchel/cmd/worker/wiring"
	"satchel/internal/bootstrap"
)

func main() { fx.New(wiring.App(), bootstrap.QuietLogger).Run() }
