package types

import (
	"regexp"
	"strings"
)

// scriptStarts are first lines that belong to a script and hardly to an essay.
// They are matched against the first line that is neither empty nor a comment
// of the language, in lower case. A script in front of a PDF makes a file that is
// both: text is taken whatever it says, but nothing may be two things.
var scriptStarts = []*regexp.Regexp{
	regexp.MustCompile(`^<\?(php|=)`),
	regexp.MustCompile(`^<%@?\s*(page|language|eval|execute|response|request|import)\b`),
	regexp.MustCompile(`^<(job|package|scriptlet|component|hta:application)[\s>]`),
	// Windows batch
	regexp.MustCompile(`^@?echo\s+(off|on)\s*($|[&|>])`),
	regexp.MustCompile(`^@(rem|setlocal|powershell|cmd(\.exe)?\s+/|set\s+\w+\s*=)`),
	regexp.MustCompile(`^setlocal(\s+enable(delayedexpansion|extensions))*$`),
	// PowerShell
	regexp.MustCompile(`^#requires\s+-`),
	regexp.MustCompile(`^\[cmdletbinding\(`),
	regexp.MustCompile(`^param\s*\(`),
	regexp.MustCompile(`^set-strictmode\b|^import-module\b|^set-executionpolicy\b|^invoke-(expression|webrequest)\b|^start-process\b|^new-object\b|^iex\s*\(`),
	regexp.MustCompile(`^(powershell|pwsh)(\.exe)?\s+-`),
	regexp.MustCompile(`^\$[a-z_]\w*\s*=\s*(new-object|get-|\[system\.|\[convert\]|'|"|\$env:)`),
	regexp.MustCompile(`^function\s+[a-z]+-[a-z]+\s*[({]`),
	// VBScript and VBA
	regexp.MustCompile(`^on error resume next\b|^option explicit\b|^attribute vb_`),
	regexp.MustCompile(`^(set\s+)?[a-z_]\w*\s*=\s*(wscript\.)?createobject\s*\(`),
	regexp.MustCompile(`^(private |public )?sub\s+(auto_?open|document_open|workbook_open|main)\s*\(`),
	regexp.MustCompile(`^wscript\.(echo|sleep|quit|createobject)\b|^execute(global)?\s*\(`),
	// JScript and JavaScript
	regexp.MustCompile(`^["']use strict["'];?\s*$`),
	regexp.MustCompile(`^(var|let|const)\s+[a-z_$][\w$]*\s*=\s*(new\s+activexobject|wscript\.|require\s*\(|function\b|\(\s*(\w+\s*(,\s*\w+\s*)*)?\)\s*=>)`),
	regexp.MustCompile(`^[;!]?\(?function\s*\w*\s*\([\w$,\s]*\)\s*\{`),
	regexp.MustCompile(`^(eval|settimeout)\s*\(|^document\.(write|location)\b|^window\.location\b|^javascript:`),
	regexp.MustCompile(`^new\s+activexobject\s*\(`),
	// Windows registry and shortcut files
	regexp.MustCompile(`^windows registry editor version|^regedit4\s*$|^\[internetshortcut\]`),
}

// comments begin lines that say nothing about the language's first statement.
var comments = []string{"#", "//", "::", "rem ", "'", "; "}

// scriptLines and scriptLine bound the search for the first statement, so that
// no head costs more than some milliseconds.
const (
	scriptLines = 200
	scriptLine  = 1 << 10
)

func isScript(start string) bool {
	block := false
	for i, line := range strings.SplitN(strings.ToLower(start), "\n", scriptLines+1) {
		if i == scriptLines {
			return false
		}
		line = strings.TrimSpace(line)
		line = line[:min(len(line), scriptLine)]
		if block || strings.HasPrefix(line, "/*") || strings.HasPrefix(line, "<#") {
			block = !strings.Contains(line, "*/") && !strings.Contains(line, "#>")
			continue
		}
		// Asked first, because one language's comment is another's statement.
		if beginsScript(line) {
			return true
		}
		if line != "" && !isComment(line) {
			return false
		}
	}
	return false
}

func isComment(line string) bool {
	for _, mark := range comments {
		if strings.HasPrefix(line, mark) || line == strings.TrimSpace(mark) {
			return true
		}
	}
	return false
}

func beginsScript(line string) bool {
	for _, start := range scriptStarts {
		if start.MatchString(line) {
			return true
		}
	}
	return false
}
