package api

import "satchel/api/repeat"

// makes says of each route that makes something how it answers a request that is
// sent again with its Idempotency-Key. A POST that is neither here nor among the
// exceptions of its test fails that test.
func (a *API) makes() map[string]repeat.Way {
	return map[string]repeat.Way{
		"POST " + storagePath + "/upload":                {Again: a.storage.UploadAgain, Flows: true},
		"POST " + tusPath:                                {Again: a.storage.TusAgain, Flows: true},
		"POST " + filePath + "/versions/:n/restore":      {Again: a.storage.RestoreVersionAgain},
		"POST " + adminPath + "/storage/scan":            {Again: a.operations.RescanAgain},
		"POST " + adminPath + "/reconcile":               {Again: a.operations.ReconcileAgain},
		"POST /api/v1/organizations":                     {Again: a.organizations.CreateAgain},
		"POST " + organizationPath + "/suspend":          {Again: a.organizations.SuspendAgain},
		"POST " + organizationPath + "/resume":           {Again: a.organizations.SuspendAgain},
		"POST " + organizationPath + "/export":           {Again: a.organizations.ExportAgain},
		"POST " + organizationPath + "/members":          {Again: a.people.SetMemberAgain},
		"POST " + organizationPath + "/invitations":      {Again: a.people.InviteAgain},
		"POST /api/v1/invitations/accept":                {Again: a.people.AcceptInvitationAgain},
		"POST " + organizationPath + "/guardians":        {Again: a.people.AddGuardianAgain},
		"POST " + organizationPath + "/keys":             {Again: a.keys.Again},
		"POST " + organizationPath + "/keys/:key/rotate": {Again: a.keys.Again},
	}
}
