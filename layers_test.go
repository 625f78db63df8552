// Package satchel_test keeps the layers of the project: imports go down, never
// sideways. It reads the import lines of the files themselves, because what
// `go list` says is not among the things that the test cache watches.
package satchel_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A group is a package with the packages beneath it, except those that have a
// group of their own. "*" is one name: activities/* is a group for each
// capability. Groups of one layer do not import each other.
type group struct {
	layer int
	why   string
}

const tests = 9 // tests and measurements only: no program can import them

var groups = map[string]group{
	"cmd/*":                {8, "wiring only"},
	"deploy/local/issuer":  {8, "a program of the local stack"},
	"deploy/local/demo":    {8, "a program of the local stack"},
	"deploy/local/mailbox": {8, "a program of the local stack"},
	"deploy/local/model":   {8, "a program of the local stack"},
	"deploy/local/roblox":  {8, "a program of the local stack"},

	"deploy/tools/vulnerabilities": {8, "a program of make lint"},

	"api":                  {7, "the HTTP edge"},
	"workers":              {7, "the Temporal edge"},
	"internal/s3":          {7, "adapter: object store"},
	"internal/clamd":       {7, "adapter: virus scanner"},
	"internal/vips":        {7, "adapter: picture renderer"},
	"internal/pdf":         {7, "adapter: poppler"},
	"internal/office":      {7, "adapter: LibreOffice"},
	"internal/ocr":         {7, "adapter: tesseract"},
	"internal/media":       {7, "adapter: ffmpeg"},
	"internal/drawing":     {7, "adapter: librsvg"},
	"internal/reader":      {7, "adapter: the texts of files with their places"},
	"internal/fragment":    {7, "adapter: texts as HTML"},
	"internal/confine":     {7, "adapter: the kernel's walls around a program"},
	"internal/oidc":        {7, "adapter: identity provider"},
	"internal/mail":        {7, "adapter: mail server"},
	"internal/models":      {7, "adapter: models of others"},
	"internal/roblox":      {7, "adapter: Roblox's Open Cloud"},
	"internal/outbound":    {7, "adapter: receivers of webhooks on the internet"},
	"internal/edge":        {7, "adapter: caches in front of the content host"},
	"internal/tiermetrics": {7, "adapter: the numbers by tier, for Prometheus"},
	"internal/imports":     {7, "files of other systems, brought through the REST contract"},
	"internal/devstack":    {7, "adapter: a running local stack, for the demonstration and the end-to-end tests"},

	"internal/bootstrap": {6, "logger, database, store, Temporal client: what every server has"},
	"internal/sandbox":   {6, "starts programs behind walls, for the adapters that know them"},
	"client":             {6, "client of the REST contract, below every program that uses it; does not import the server"},

	"workflows":                  {5, "the page that says what a process is"},
	"workflows/*":                {5, "order, timeouts, waits, compensation"},
	"activities":                 {4, "the page that says what a capability is"},
	"activities/*":               {4, "one side effect each"},
	"search":                     {4, "finds files, over the files"},
	"tenancy/logins":             {3, "which login is which person's: it changes people, members and the audit log together"},
	"tenancy/records":            {3, "what a file is under FERPA, and to whom records were disclosed, with the audit log"},
	"tenancy/directory":          {3, "what is directory information, and who opted out of it, with the audit log"},
	"tenancy/amendments":         {3, "who asks that a record is amended, hearings and statements, with the audit log"},
	"tenancy/disclosureconsents": {3, "who consented to which disclosure of records, with the audit log"},
	"tenancy/accessrequests":     {3, "who asks to see education records, and what became of it, with the audit log"},
	"tenancy/erasures":           {3, "what must not be kept any more, and the certificates of that, with the audit log"},
	"tenancy/evidence":           {3, "what an organization records of its duties, with the audit log"},
	"tenancy/holds":              {3, "what must not be destroyed, with who placed and released it in the audit log"},
	"tenancy/retention":          {3, "for how long files are kept, with who said so in the audit log"},
	"files":                      {3, "the state machine of files and versions"},
	"spaces":                     {3, "where files are, and who reaches them there"},
	"shares":                     {3, "who was given what, until when"},
	"policies/previews":          {3, "which kind of file gets which preview, over the kinds"},
	"generation":                 {3, "documents made from texts: their forms, their drafts, what they cost"},
	"analytics":                  {3, "reports: their kinds, figures, files and schedules"},
	"roblox":                     {3, "what is brought to Roblox: the vocabulary, the connections and their assets"},
	"rosters":                    {3, "what a roster changes, and the changes applied"},

	"policies/types":        {2, "rules as data"},
	"policies/archives":     {2, "rules as data"},
	"policies/ole":          {2, "rules as data"},
	"policies/pictures":     {2, "rules as data"},
	"policies/pii":          {2, "detectors of personal data in text"},
	"policies/consent":      {2, "on what basis children's data is here"},
	"personal":              {3, "what is known of personal data in versions, over the detectors"},
	"policies/disclosure":   {2, "what may leave, by which way"},
	"policies/transforms":   {2, "rules as data"},
	"policies/audit":        {2, "the audit log: one row an action, chained"},
	"policies/compliance":   {2, "how far an organization meets each rule"},
	"tenancy/members":       {2, "what an organization has, over the tenant transaction"},
	"tenancy/people":        {2, "what an organization has, over the tenant transaction"},
	"tenancy/apikeys":       {2, "what an organization has, over the tenant transaction"},
	"tenancy/idempotency":   {2, "Idempotency-Keys of earlier requests"},
	"tenancy/usage":         {2, "what an organization has, over the tenant transaction"},
	"tenancy/webhooks":      {2, "what an organization has, over the tenant transaction"},
	"tenancy/notifications": {2, "what members are told, and what they want of it"},
	"internal/messages":     {0, "reads catalogs of texts in several languages"},
	"internal/mailtext":     {3, "what the mails to members say, by language"},
	"internal/bounce":       {1, "reads the reports of mail servers"},
	"tenancy/events":        {2, "what an organization has, over the tenant transaction"},
	"tenancy/exports":       {2, "what an organization has, over the tenant transaction"},
	"tenancy/operations":    {2, "what an organization has, over the tenant transaction"},
	"rosters/oneroster":     {2, "reads rosters in OneRoster's CSV binding"},
	"rosters/generate":      {2, "synthetic districts for tests, the demonstration and the benchmarks"},
	"internal/payloads":     {2, "encrypts what Temporal stores of workflows, with keys of the sealed secrets"},
	"internal/keyring":      {2, "the data keys of versions, over the key service"},
	"internal/schema":       {2, "applies migrations and rules; only the owner's program and the tests use it"},

	"tenancy":                {1, "OrgID, DB, Tx"},
	"internal/vips/metadata": {1, "what a picture carries besides pixels"},
	"internal/sealed":        {1, "secrets in the database, encrypted"},
	"internal/jpegs":         {1, "the JPEG images that lie in other files"},
	"internal/kms":           {1, "envelope encryption of what other systems entrust to an organization"},
	"internal/spool":         {1, "temporary files of this program and of its child programs"},

	"internal/envelope": {0, "the form of encrypted bytes in the store"},
	"internal/segments": {0, "texts of files and where they are: formats that are read here, and the form in which others come"},
	"internal/fault":    {0, "vocabulary"},
	"internal/queue":    {0, "vocabulary"},
	"internal/tracing":  {0, "traces of requests and of the work behind them"},
	"internal/trust":    {0, "TLS of the connections that a program opens"},
	"internal/settings": {0, "reads a struct from the environment and declares none"},
	"internal/ttlcache": {0, "values that are known for a while"},
	"migrations":        {0, "SQL"},
	"policies/rls":      {0, "SQL"},
	"policies/verdict":  {0, "vocabulary"},
	"web":               {0, "the built console"},

	".":                            {tests, "this test"},
	"e2e":                          {tests, "end-to-end tests"},
	"deploy/prometheus":            {tests, "alerts, and what each of them does in its cases"},
	"deploy/images":                {tests, "the files of images and of compose against each other"},
	"deploy/chart":                 {tests, "the Helm chart: its settings, what it renders, what Kubernetes says of it"},
	"deploy/local/judge":           {tests, "the worker's judgment and previews on a folder"},
	"bench":                        {tests, "benchmarks of the whole platform"},
	"workers/pipeline":             {tests, "tests of the worker's processes together, on a real Temporal"},
	"internal/pipelinetest":        {tests, "the worker's processes on a real database, store and Temporal, for the tests"},
	"internal/pgtest":              {tests, "a Postgres database for each test"},
	"internal/activitytest":        {tests, "an organization, a store and the guard for the tests of activities"},
	"internal/replaytest":          {tests, "recorded histories for the tests"},
	"internal/s3test":              {tests, "an object store for the tests"},
	"internal/freeport":            {tests, "addresses for the programs that tests start"},
	"internal/oletest":             {tests, "compound files for the tests"},
	"internal/clamd/clamdtest":     {tests, "a fake clamd for the tests"},
	"internal/oidc/oidctest":       {tests, "an issuer for the tests"},
	"internal/sandbox/sandboxtest": {tests, "the sandbox and bad programs for the tests"},
}

// exceptions are the imports that break the rule, each with its reason. An unused
// one must be removed.
var exceptions = map[string]string{
	"internal/bootstrap -> internal/s3": "every server opens the store once and reports its readiness, as it does for the database",
	"api -> internal/s3":                "uploads speak S3's multipart protocol part by part; a port would be the adapter's whole surface again",
	"policies/rls -> tenancy":           "in its tests: the rules are proven through the transaction that they bind",
	"api -> internal/oidc":              "the edge works with verified tokens, and there is one kind of them",
}

// only says who may import a library.
var only = map[string][]string{
	"go.uber.org/fx":        {"cmd/*", "internal/bootstrap", "internal/pipelinetest", "workers", "api"},
	"github.com/h2non/bimg": {"cmd/render"},
	"C":                     {"cmd/render"},
	"github.com/gin-gonic/gin": {
		"api", "cmd/api", // the router
	},
	"github.com/minio/minio-go/v7":       {"internal/s3", "internal/s3test", "internal/imports", "bench"},
	"github.com/jackc/pgx/v5/pgxpool":    {"tenancy", "bench"},
	"github.com/tus/tusd/v2/pkg/handler": {"api"},
}

// importLine is one import of one file.
type importLine struct {
	dir, file, imports string
	test               bool
}

func TestLayers(t *testing.T) {
	t.Parallel()
	used := map[string]bool{}
	for _, l := range importLines(t, ".") {
		own, from, ok := groupOf(l.dir)
		if !ok {
			t.Errorf("%s is in no layer: add %s to groups in layers_test.go, with its reason", l.file, l.dir)
			continue
		}
		inner, isOurs := strings.CutPrefix(l.imports, "satchel/")
		if !isOurs {
			continue
		}
		other, to, ok := groupOf(inner)
		if !ok || own == other || l.test && (to.layer == tests || to.layer <= from.layer) || to.layer < from.layer && to.layer != tests {
			continue // a missing group is reported for its own files
		}
		edge := own + " -> " + other
		if _, allowed := exceptions[edge]; allowed {
			used[edge] = true
			continue
		}
		if from.layer == tests && to.layer == tests {
			continue
		}
		t.Errorf("%s imports %s: layer %d (%s) may not import layer %d (%s)", l.file, l.imports, from.layer, from.why, to.layer, to.why)
	}
	for edge := range exceptions {
		require.True(t, used[edge], "%s is unused: remove it from exceptions", edge)
	}
}

func TestLibrariesAreImportedByTheirPackagesOnly(t *testing.T) {
	t.Parallel()
	for _, l := range importLines(t, ".") {
		allowed, limited := only[l.imports]
		if limited && !l.test {
			require.True(t, slices.ContainsFunc(allowed, func(p string) bool { return covers(p, l.dir) }), "%s imports %s, which only %v may", l.file, l.imports, allowed)
		}
	}
}

// handlers are the packages of the edge that answer routes. What two of them
// need is in api/request, and none imports the table of routes.
var handlers = []string{
	"api/storage", "api/usage", "api/operations", "api/organizations", "api/members", "api/apikeys", "api/auditlog", "api/public",
}

func TestHandlersDoNotImportEachOther(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, l := range importLines(t, ".") {
		if l.test || !strings.HasPrefix(l.dir, "api/") {
			continue
		}
		seen[l.dir] = true
		inner := strings.TrimPrefix(l.imports, "satchel/")
		require.NotEqual(t, "api", inner, "%s imports the table of routes", l.file)
		require.False(t, inner != l.dir && slices.Contains(handlers, inner), "%s imports %s: only api combines the handlers", l.file, inner)
	}
	for _, dir := range handlers {
		require.True(t, seen[dir], "%s does not exist: remove it from handlers", dir)
	}
}

// TestServersNeedNoC follows the imports of the programs that are built with
// CGO_ENABLED=0.
func TestServersNeedNoC(t *testing.T) {
	t.Parallel()
	graph := map[string][]string{}
	for _, l := range importLines(t, ".") {
		if !l.test {
			graph[l.dir] = append(graph[l.dir], strings.TrimPrefix(l.imports, "satchel/"))
		}
	}
	for _, program := range []string{"cmd/api", "cmd/worker", "cmd/migrate", "cmd/satchel"} {
		require.NotEmpty(t, graph[program])
		reached := map[string]bool{program: true}
		for queue := []string{program}; len(queue) > 0; queue = queue[1:] {
			for _, next := range graph[queue[0]] {
				require.NotContains(t, []string{"C", "github.com/h2non/bimg"}, next, "%s reaches it through %s", program, queue[0])
				if !reached[next] {
					reached[next] = true
					queue = append(queue, next)
				}
			}
		}
	}
}

// TestGroups shows which group a folder has, and which have none.
func TestGroups(t *testing.T) {
	t.Parallel()
	for dir, want := range map[string]string{
		"files/filesdb": "files", "api/uploads": "api", "cmd/render/picture": "cmd/*", "tenancy/operations": "tenancy/operations",
		"internal/clamd/clamdtest": "internal/clamd/clamdtest", "activities/scan": "activities/*", "activities": "activities",
		"shared": "", "internal/helper": "", "policies": "",
	} {
		name, _, ok := groupOf(dir)
		require.Equal(t, want != "", ok, dir)
		if ok {
			require.Equal(t, want, pattern(name), dir)
		}
	}
}

// pattern returns the key of a group in the table.
func pattern(name string) string {
	if _, ok := groups[name]; ok {
		return name
	}
	return path.Dir(name) + "/*"
}

// groupOf finds the group of a folder: the longest name that covers it. The group
// of a "*" is named by the folder in its place.
func groupOf(dir string) (name string, g group, ok bool) {
	for at := dir; at != "."; at = path.Dir(at) {
		for p, g := range groups {
			if matched, _ := path.Match(p, at); matched {
				return at, g, true
			}
		}
	}
	return ".", groups["."], dir == "."
}

// covers says whether the folder is the named one or beneath it.
func covers(p, dir string) bool {
	for at := dir; at != "."; at = path.Dir(at) {
		if matched, _ := path.Match(p, at); matched {
			return true
		}
	}
	return false
}

// importLines reads every Go file of the module; folders with a go.mod of their
// own are other modules.
func importLines(t *testing.T, root string) (all []importLine) {
	t.Helper()
	files := token.NewFileSet()
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return enter(root, p, d.Name())
		}
		if path.Ext(p) != ".go" {
			return nil
		}
		f, err := parser.ParseFile(files, p, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		dir := filepath.ToSlash(filepath.Dir(p))
		all = append(all, importLine{dir: dir, file: p, imports: "", test: true}) // a file without imports has a group too
		for _, spec := range f.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			all = append(all, importLine{dir: dir, file: p, imports: name, test: strings.HasSuffix(p, "_test.go")})
		}
		return nil
	})
	require.NoError(t, err)
	require.NotEmpty(t, all, "no Go files found below %s", root)
	return all
}

func enter(root, p, name string) error {
	if p == root {
		return nil
	}
	if strings.HasPrefix(name, ".") || name == "testdata" || name == "node_modules" {
		return filepath.SkipDir
	}
	if _, err := os.Stat(filepath.Join(p, "go.mod")); err == nil {
		return filepath.SkipDir
	}
	return nil
}

// roleName is a role by its constant.
var roleName = regexp.MustCompile(`\btenancy\.(Owner|Admin|Teacher|Student|Parent|Operator)\b`)

// TestHandlersCompareNoRoles keeps authorization in one file: handlers ask
// tenancy/authorization.go and name no role.
func TestHandlersCompareNoRoles(t *testing.T) {
	t.Parallel()
	require.NoError(t, filepath.WalkDir("api", func(path string, _ os.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Empty(t, roleName.FindString(string(text)), "%s names a role: ask a method of tenancy/authorization.go", path)
		return nil
	}))
}

// TestActivityOptionsArePresets keeps one place that says how long and how often
// an activity is tried: workflows take a preset of internal/queue.
func TestActivityOptionsArePresets(t *testing.T) {
	t.Parallel()
	for _, dir := range []string{"workflows", "activities"} {
		require.NoError(t, filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			for _, typed := range []string{"workflow.ActivityOptions{", "workflow.WithStartToCloseTimeout(", "workflow.WithScheduleToCloseTimeout("} {
				require.NotContains(t, string(text), typed, "%s types activity options: take a preset of internal/queue", path)
			}
			return nil
		}))
	}
}
