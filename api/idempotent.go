package api

import "satchel/api/idempotency"

// idempotent says of each route that makes something how it answers a request that is
// sent again with its Idempotency-Key. A POST that is neither here nor among the
// exceptions of its test fails that test.
func (a *API) idempotent() map[string]idempotency.Route {
	return map[string]idempotency.Route{
		"POST " + storagePath + "/upload":                {Replay: a.storage.ReplayUpload, Streaming: true},
		"POST " + tusPath:                                {Replay: a.storage.ReplayTus, Streaming: true},
		"POST " + filePath + "/versions/:n/restore":      {Replay: a.storage.ReplayRestoreVersion},
		"POST " + adminPath + "/storage/scan":            {Replay: a.operations.ReplayRescan},
		"POST " + adminPath + "/reconcile":               {Replay: a.operations.ReplayReconcile},
		"POST /api/v1/organizations":                     {Replay: a.organizations.ReplayCreate},
		"POST " + organizationPath + "/suspend":          {Replay: a.organizations.ReplaySuspend},
		"POST " + organizationPath + "/resume":           {Replay: a.organizations.ReplaySuspend},
		"POST " + organizationPath + "/export":           {Replay: a.organizations.ReplayExport},
		"POST " + organizationPath + "/members":          {Replay: a.members.ReplaySetMember},
		"POST " + organizationPath + "/invitations":      {Replay: a.members.ReplayInvite},
		"POST /api/v1/invitations/accept":                {Replay: a.members.ReplayAcceptInvitation},
		"POST " + organizationPath + "/guardians":        {Replay: a.members.ReplayAddGuardian},
		"POST " + organizationPath + "/keys":             {Replay: a.keys.Replay},
		"POST " + organizationPath + "/keys/:key/rotate": {Replay: a.keys.Replay},
	}
}
