package types

// textKinds are the kinds of content that are text: what a text is written in
// does not change that it is text.
var textKinds = []string{plainText, htmlFragment, htmlPage, svgDrawing, xmlText, officeXML}

// text is a kind that any text may be.
func text(family Family, title, mediaType string, extensions ...string) Row {
	return Row{Title: title, MediaType: mediaType, Extensions: extensions, Family: family, Tier: Default, contents: textKinds}
}

// script is source code that a computer may run when it is opened by its name. It
// leaves as name.js.txt.
func script(title, mediaType string, extensions ...string) Row {
	r := text(Source, title, mediaType, extensions...)
	r.Script = true
	return r
}

// shell is a script that is made to be run, and taken only where the organization
// allows it.
func shell(title, mediaType string, extensions ...string) Row {
	r := script(title, mediaType, extensions...)
	r.Tier, r.Switch = OptIn, Scripts
	return r
}

var texts = []Row{
	text(Text, "text", plainText, ".txt", ".text", ".log", ".ini", ".cfg", ".conf", ".readme", ".nfo", ".asc"),
	{Title: "CSV table", MediaType: "text/csv", Extensions: []string{".csv"}, Claims: []string{"application/csv", "application/vnd.ms-excel"},
		Family: Text, Tier: Default, contents: textKinds},
	text(Text, "TSV table", "text/tab-separated-values", ".tsv", ".tab"),
	text(Text, "Markdown text", "text/markdown", ".md", ".markdown", ".mdown"),
	text(Text, "TeX text", "application/x-tex", ".tex", ".latex", ".bib", ".cls", ".sty"),
	text(Text, "reStructuredText", "text/x-rst", ".rst", ".adoc", ".org"),
	text(Text, "calendar", "text/calendar", ".ics", ".ical"),
	text(Text, "contact", "text/vcard", ".vcf", ".vcard"),
	text(Text, "SubRip subtitles", "application/x-subrip", ".srt"),
	text(Text, "WebVTT subtitles", "text/vtt", ".vtt"),
	text(Text, "JSON data", "application/json", ".json", ".jsonl", ".geojson", ".webmanifest"),
	text(Text, "Jupyter notebook", "application/x-ipynb+json", ".ipynb"),
	text(Text, "YAML data", "application/yaml", ".yaml", ".yml"),
	text(Text, "TOML data", "application/toml", ".toml"),
	text(Text, "map data", "application/gpx+xml", ".gpx", ".kml"),
	text(Text, "diagram", "application/vnd.jgraph.mxfile", ".drawio", ".dio"),
	text(Text, "MusicXML score", "application/vnd.recordare.musicxml+xml", ".musicxml"),
	text(Text, "LilyPond score", "text/x-lilypond", ".ly", ".abc"),

	{Title: "HTML page", MediaType: "text/html", Extensions: []string{".html", ".htm", ".xhtml"}, Claims: []string{"application/xhtml+xml"},
		Family: Markup, Tier: Default, contents: textKinds},
	{Title: "SVG drawing", MediaType: "image/svg+xml", Extensions: []string{".svg"}, Claims: []string{"image/svg"},
		Family: Markup, Tier: Default, contents: []string{svgDrawing}},
	text(Markup, "XML data", "application/xml", ".xml", ".xsd", ".xsl", ".xslt", ".dtd", ".rss", ".atom", ".plist"),
	text(Markup, "flat OpenDocument", odf+"text-flat-xml", ".fodt", ".fods", ".fodp", ".fodg"),
}

var sources = []Row{
	text(Source, "Python source", "text/x-python", ".py"),
	text(Source, "Java source", "text/x-java-source", ".java"),
	text(Source, "Kotlin source", "text/x-kotlin", ".kt", ".kts"),
	text(Source, "Scala source", "text/x-scala", ".scala", ".groovy"),
	text(Source, "C source", "text/x-c", ".c", ".h"),
	text(Source, "C++ source", "text/x-c++", ".cpp", ".hpp", ".cc", ".cxx", ".hh"),
	text(Source, "C# source", "text/x-csharp", ".cs"),
	text(Source, "Go source", "text/x-go", ".go"),
	text(Source, "Rust source", "text/x-rust", ".rs"),
	text(Source, "Swift source", "text/x-swift", ".swift"),
	text(Source, "MATLAB or Objective-C source", "text/x-matlab", ".m", ".mm"),
	text(Source, "R source", "text/x-r", ".r", ".rmd"),
	text(Source, "SQL source", "application/sql", ".sql"),
	text(Source, "assembler source", "text/x-asm", ".asm", ".s"),
	text(Source, "Pascal source", "text/x-pascal", ".pas", ".pp", ".dpr"),
	text(Source, "Haskell source", "text/x-haskell", ".hs", ".lhs"),
	text(Source, "Prolog source", "text/x-prolog", ".pro", ".prolog"),
	text(Source, "Julia source", "text/x-julia", ".jl"),
	text(Source, "Dart source", "text/x-dart", ".dart"),
	text(Source, "Lisp source", "text/x-lisp", ".lisp", ".lsp", ".scm", ".rkt", ".clj"),
	text(Source, "Fortran or COBOL source", "text/x-fortran", ".f90", ".f", ".for", ".cob"),
	text(Source, "style sheet", "text/css", ".css", ".scss", ".sass", ".less"),
	text(Source, "TypeScript source", "text/x-typescript", ".ts", ".tsx", ".jsx", ".vue", ".svelte"),
	text(Source, "Arduino or Processing sketch", "text/x-arduino", ".ino", ".pde"),
	text(Source, "VHDL or Verilog source", "text/x-vhdl", ".vhdl", ".v", ".sv"),
	text(Source, "build file", "text/x-makefile", ".mk", ".cmake", ".gradle", ".properties", ".gitignore", ".dockerfile"),
	script("JavaScript source", "text/javascript", ".js", ".mjs", ".cjs"),
	script("PHP source", "application/x-php", ".php", ".php3", ".php4", ".php5"),
	script("Ruby source", "text/x-ruby", ".rb"),
	script("Perl source", "text/x-perl", ".pl", ".pm"),
	script("Lua source", "text/x-lua", ".lua", ".luau"),
	shell("shell script", "text/x-shellscript", ".sh", ".bash", ".zsh"),
	shell("Windows batch file", "application/x-bat", ".bat", ".cmd"),
	shell("PowerShell script", "application/x-powershell", ".ps1"),
	shell("VBScript", "text/vbscript", ".vbs"),
	shell("windowed Python script", "text/x-python-windowed", ".pyw"),
}
