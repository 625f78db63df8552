package tenancy_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/tenancy"
)

var update = flag.Bool("update", false, "write the table of docs/members.md from Grants")

// inWords is what docs/members.md calls each action, in its order.
var inWords = []struct {
	action tenancy.Action
	words  string
}{
	{tenancy.Upload, "send files"},
	{tenancy.ReadFiles, "read the files of one's spaces, those about oneself, and a parent those about their students"},
	{tenancy.EditFiles, "change, delete and restore files: one's own, and as staff of a space those of others"},
	{tenancy.Share, "share with members and classes what one may change where it is; see and end those shares"},
	{tenancy.ShareOutside, "share it with people outside too, by a link or by name"},
	{tenancy.ReadSpaces, "see one's spaces, their folders and people"},
	{tenancy.MakeSpaces, "make groups, staff rooms and confidential spaces, give access to what one manages, return work"},
	{tenancy.ManageSpaces, "make libraries and classes, and say who is in a class"},
	{tenancy.BreakGlass, "go into a space that one is not in, for two hours, with a reason, announced and on record"},
	{tenancy.ReviewGlass, "see and review what others did by break-glass: owners what admins did, and admins what an owner did"},
	{tenancy.ReadAccess, "see how many files each teacher reads, and how many not"},
	{tenancy.ReadQuota, "see how much room there is"},
	{tenancy.ReadOrganization, "see the organization and its policies"},
	{tenancy.ChangeOrganization, "change the organization's settings and policies"},
	{tenancy.ExportOrganization, "export the organization"},
	{tenancy.ReadMembers, "see who is a member"},
	{tenancy.ManageMembers, "change roles and remove members"},
	{tenancy.ManageLogins, "say which login is which person's"},
	{tenancy.Invite, "invite, resend, withdraw"},
	{tenancy.Leave, "leave"},
	{tenancy.ReadGuardians, "see which parent belongs to which student"},
	{tenancy.SetGuardians, "link parents and students"},
	{tenancy.ReadRosters, "see rosters, what an import changes and what came of it"},
	{tenancy.SendRosters, "send a roster"},
	{tenancy.ManageRosters, "say where rosters come from, decide about an import, undo it"},
	{tenancy.Generate, "let documents be made from a text, and decide about the drafts"},
	{tenancy.ReadGenerations, "see one's drafts, and what the organization spends on them"},
	{tenancy.MakeReports, "have reports made, of the organization by who administers it and of a class by its teachers, and say when they come"},
	{tenancy.ReadReports, "see one's reports"},
	{tenancy.ReadRoblox, "see connections to Roblox and what files became there"},
	{tenancy.ManageRoblox, "connect to Roblox, choose what goes there, sync, publish places, decide about unsure assets"},
	{tenancy.ReadConsent, "see on what basis children's data is here, and who else gets data"},
	{tenancy.ManageConsent, "record decisions of guardians and subprocessors, choose the gate"},
	{tenancy.Authorize, "record and end agreements of the school"},
	{tenancy.ReviewPersonalData, "have files inspected for personal data again, and decide about files that wait for it"},
	{tenancy.ReadRetention, "see for how long files are kept, and what waits for a decision"},
	{tenancy.ManageRetention, "say for how long files are kept, and decide about what is due"},
	{tenancy.ReadCompliance, "see the compliance report, the data inventory, duties, incidents and directives"},
	{tenancy.ManageCompliance, "record duties that were done, incidents with whom was told, and directives about data"},
	{tenancy.ReadHolds, "see holds, and which files are on hold"},
	{tenancy.ManageHolds, "place holds, ask for their release, and approve what another one asked for"},
	{tenancy.ReadRecords, "see what files are under FERPA"},
	{tenancy.ClassifyRecords, "say what a file is under FERPA, and which students it is about"},
	{tenancy.ReadDisclosures, "read the record of disclosures; students and parents for their own records"},
	{tenancy.ReadDirectory, "see what is directory information of the school, and whether oneself or one's children are opted out"},
	{tenancy.ManageDirectory, "say what is directory information, and until when it may be refused"},
	{tenancy.ListOptOuts, "see who is opted out of directory information"},
	{tenancy.OptOut, "opt out of directory information: parents for their children, students of 18 or more; owners and admins on behalf of others"},
	{tenancy.AskAmendment, "ask that a record of oneself or of one's children is amended, and for a hearing; owners and admins decide, and ask on behalf of others"},
	{tenancy.ReadAmendments, "see requests for amendment; students and parents their own"},
	{tenancy.ReadDisclosureConsents, "see consents to disclosures of records; students of 18 or more and parents those of theirs"},
	{tenancy.AskDisclosureConsents, "ask for a consent to a disclosure of records"},
	{tenancy.SignDisclosureConsents, "sign and revoke such a consent: parents, students of 18 or more; owners and admins what came on paper"},
	{tenancy.AskAccess, "ask to see the records of oneself or of one's children; owners and admins on behalf of others"},
	{tenancy.ReadAccessRequests, "see requests for access; students and parents their own. Owners, admins and who asked fetch the package"},
	{tenancy.ManageAccessRequests, "verify, review, release, close and reject requests for access"},
	{tenancy.ReadErasures, "see erasures and their certificates; operators those of organizations"},
	{tenancy.ManageErasures, "have a file erased, or the files of a person"},
	{tenancy.AskErasure, "ask that the data of one's child is erased; students of 18 or more that of theirs"},
	{tenancy.ReadErasureRequests, "see such requests: who asked their own, owners, admins and auditors all; with the certificates"},
	{tenancy.ReadWebhooks, "see webhooks and what was sent to them"},
	{tenancy.ManageWebhooks, "make, change, test, replay and delete webhooks"},
	{tenancy.ManageKeys, "make, rotate and revoke API keys"},
	{tenancy.ReadUsage, "see the usage"},
	{tenancy.ReadEvents, "read the events, such as warnings of limits"},
	{tenancy.ReadAudit, "read and verify the audit log"},
	{tenancy.ReadStats, "see the storage's figures"},
	{tenancy.Rescan, "have files scanned again"},
	{tenancy.ReadOperation, "look at long-running work, such as a verification of the audit log"},
	{tenancy.ReadJobs, "see jobs: one's own, and who administers those of the organization"},
	{tenancy.ChangeJobs, "cancel those jobs, run them again, and say how early they come"},
	{tenancy.ManageJobs, "pause queues, run schedules, and change jobs of all organizations"},
	{tenancy.ReadTiers, "see the tiers"},
	{tenancy.SetTiers, "change the tiers"},
	{tenancy.SetQuota, "set an organization's limits"},
	{tenancy.CreateOrganization, "set up organizations"},
	{tenancy.ManageOrganizations, "suspend, resume, delete and keep organizations"},
	{tenancy.Reconcile, "run the reconciler"},
}

// rolesTable is the table between the marks of docs/members.md.
func rolesTable() string {
	var b strings.Builder
	b.WriteString("| may |")
	for _, role := range tenancy.Roles {
		b.WriteString(" " + string(role) + " |")
	}
	b.WriteString("\n|---|" + strings.Repeat(":-:|", len(tenancy.Roles)) + "\n")
	for _, line := range inWords {
		fmt.Fprintf(&b, "| %s |", line.words)
		for _, role := range tenancy.Roles {
			mark := "  "
			if slices.Contains(tenancy.Grants[line.action], role) {
				mark = " ✓ "
			}
			b.WriteString(mark + "|")
		}
		b.WriteString("\n")
	}
	return b.String()
}

// TestRolesOfTheDocs: what administrators read is the table by which authentication
// decides, whole.
func TestRolesOfTheDocs(t *testing.T) {
	t.Parallel()
	for action := range tenancy.Grants {
		require.True(t, slices.ContainsFunc(inWords, func(l struct {
			action tenancy.Action
			words  string
		}) bool {
			return l.action == action
		}), "say in words what %s is", action)
	}
	const from, to = "<!-- roles: made from the table of grants -->\n", "<!-- end of roles -->\n"
	path := filepath.Join("..", "docs", "members.md")
	page, err := os.ReadFile(path)
	require.NoError(t, err)
	before, rest, found := strings.Cut(string(page), from)
	require.True(t, found)
	table, after, found := strings.Cut(rest, to)
	require.True(t, found)
	if *update {
		table = rolesTable()
		require.NoError(t, os.WriteFile(path, []byte(before+from+table+to+after), 0o600))
	}
	require.Equal(t, rolesTable(), table, "run: go test ./tenancy -run TestRolesOfTheDocs -update")
}
