package main

// group is a part of the navigation, for one kind of reader.
type group struct {
	Title string
	Pages []entry
}

type entry struct{ Title, Page string }

// navigation is by who reads. A page that is in none of the groups, and that no page links, is an error.
var navigation = []group{
	{"Begin", []entry{
		{"What Satchel is", "README.md"}, {"Overview", "docs/overview.md"}, {"Install", "docs/installing.md"}, {"Good practice", "docs/good-practice.md"},
		{"When something is wrong", "docs/troubleshooting.md"}, {"What changed", "CHANGELOG.md"},
	}},
	{"At school", []entry{
		{"Teachers", "docs/guides/teacher.md"}, {"Students", "docs/guides/student.md"}, {"Parents", "docs/guides/parent.md"}, {"Parents: consent", "docs/compliance/parents.md"},
		{"Spaces and classes", "docs/spaces.md"}, {"Versions", "docs/versions.md"}, {"Search", "docs/search.md"}, {"Sharing", "docs/sharing.md"}, {"Which files are taken", "docs/types.md"}, {"Previews", "docs/previews.md"},
		{"Worksheets from files", "docs/generation.md"},
	}},
	{"Administrators", []entry{
		{"Guide", "docs/guides/administrator.md"}, {"Members and roles", "docs/members.md"}, {"People and sign-in", "docs/people.md"}, {"Rosters", "docs/rosters.md"}, {"Notifications", "docs/notifications.md"},
		{"Reports", "docs/analytics.md"}, {"Export", "docs/export.md"}, {"Audit log", "docs/audit.md"}, {"Roblox", "docs/roblox.md"},
	}},
	{"Compliance", []entry{
		{"Officers", "docs/compliance/officers.md"}, {"Auditors", "docs/compliance/auditors.md"}, {"Report", "docs/compliance/report.md"}, {"Duties and incidents", "docs/compliance/duties.md"},
		{"Consent", "docs/compliance/consent.md"}, {"Asking parents", "docs/compliance/consent-requests.md"}, {"Education records", "docs/compliance/records.md"}, {"Requests for access", "docs/compliance/access-requests.md"},
		{"Amendments", "docs/compliance/amendments.md"}, {"Consent to disclosures", "docs/compliance/disclosure-consents.md"}, {"Directory information", "docs/compliance/directory-information.md"},
		{"Personal data", "docs/compliance/personal-data.md"}, {"Retention", "docs/compliance/retention.md"}, {"Holds", "docs/compliance/holds.md"}, {"Erasure", "docs/compliance/erasure.md"}, {"Encryption", "docs/compliance/encryption.md"},
	}},
	{"Developers", []entry{
		{"API reference", referencePage}, {"Uploads", "docs/uploads.md"}, {"Delivery", "docs/delivery.md"}, {"Pages of your own", "docs/frontend.md"}, {"Webhooks", "docs/webhooks.md"}, {"Events", "docs/events.md"}, {"Coming from elsewhere", "docs/import.md"},
	}},
	{"Operators", []entry{
		{"Guide", "docs/guides/operator.md"}, {"Operating", "docs/operating.md"}, {"Settings", "docs/settings.md"}, {"Containers", "docs/containers.md"}, {"Kubernetes", "docs/kubernetes.md"}, {"Object stores", "docs/stores.md"}, {"CDN", "docs/cdn.md"},
		{"Backups", "docs/backup.md"}, {"Upgrading", "docs/upgrading.md"}, {"Rotation of keys", "docs/rotation.md"}, {"Scale", "docs/scale.md"}, {"Figures", "docs/performance.md"}, {"Runbooks", "docs/runbooks/README.md"},
	}},
	{"How it works", []entry{
		{"Architecture", "ARCHITECTURE.md"}, {"Storage", "docs/storage.md"}, {"Multi-tenancy", "docs/tenancy.md"}, {"Jobs", "docs/jobs.md"}, {"Failures", "docs/failures.md"}, {"Decisions", "docs/decisions/README.md"},
		{"The console", "web/README.md"}, {"Contributing", "CONTRIBUTING.md"},
	}},
	{"Security", []entry{
		{"Security", "SECURITY.md"}, {"Threat model", "docs/threat-model.md"}, {"ASVS 5.0", "docs/asvs.md"},
	}},
}

// indexed are folders whose README is shown for each of their pages.
var indexed = []string{"docs/decisions/", "docs/runbooks/"}
