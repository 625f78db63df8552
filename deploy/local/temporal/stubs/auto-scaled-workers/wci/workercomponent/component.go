// Package workercomponent replaces the worker of the worker controller's workflows. The local server runs none.
package workercomponent

import "go.uber.org/fx"

// Module adds nothing to the server.
var Module = fx.Options()
