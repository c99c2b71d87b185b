package source

import (
	"regexp"
	"strings"
)

// slip is a mistake of syntax that a message of OPA's parser, or the line that
// it is about, gives away, and how it is fixed.
type slip struct {
	message, line *regexp.Regexp
	expected      string
}

func saying(message, line, expected string) slip {
	s := slip{expected: expected}
	if message != "" {
		s.message = regexp.MustCompile(message)
	}
	if line != "" {
		s.line = regexp.MustCompile(line)
	}
	return s
}

// slips are tried in their order; the first that fits is reported.
var slips = []slip{
	saying("expected .n or ; or }", `^\s*(default\s+\w+|\w+\s+contains\b|\w+(\(.*\))?\s*:=)`, "'}' before this rule: a brace of the rule above is not closed"),
	saying("", `^\s*import\s+future\b`, "no such import: all of Rego is there without it"),
	saying("", `[“”„‘’]`, `straight quotes, "…", instead of typographic ones`),
	saying("illegal token", `'`, `double quotes, "…"`),
	saying("", `[^A-Za-z0-9_$][fF]"`, `$ before a string with expressions in it: $"user:{u.email}"`),
	saying("", `&&|\S\s+and\s+\S`, "a line for each condition, or ';' between them: all of a body must hold"),
	saying("", `\|\||\S\s+or\s+\S`, "two rules of one name, either of which may hold; or x in {…} where one value is compared"),
	saying(`unexpected ; token\s*$`, `\bif\b`, "braces around several conditions: if { …; … }, or a line for each between the braces"),
	saying("unexpected div token", `^\s*//`, "# before a comment"),
	saying("illegal ! character", "", "not in place of '!'"),
	saying("", `\bnot\s+in\b`, "not x in xs"),
	saying("illegal negation of 'some'", "", "count({x | some x in xs; …}) == 0, or not and the name of a rule that says it"),
	saying("", `\bfor\s+\w+\s+in\b`, "if some x in xs"),
	saying("unexpected (if|else) keyword", "", "no if or else within a body: alternatives are rules of their own, each with its condition behind if"),
	saying("unexpected assign token", `\bcontains\b`, "the element behind contains, and its assignment in the body: grant contains g if g := {…}"),
	saying("`if` keyword is required", `^\s*\w+\[`, "contains and if, as in Rego v1: grant contains g if {…}"),
	saying("`if` keyword is required", "", "if before the body: name if {…}, or name contains {…} if {…}"),
	saying("`contains` keyword is required", "", "contains and the element: grant contains {…}"),
	saying("package expected", "", "package access.NAME as the first line"),
	saying("unexpected minus token", `^\s*package\b`, "letters, digits and '_' in a package's name"),
	saying("unexpected eof token", "", "an end to every '{', '[', '(' and string: one of them is not closed"),
	saying("non-terminated (object|array|set)", "", "a comma between two fields, here or in the line above, and a quote at both ends of each string"),
	saying("illegal utf-8 character|illegal null character|unexpected illegal token", "", "a file in UTF-8: save it so"),
	saying("var cannot be used for rule name", "", "a rule: name contains … if …, or name := …"),
	saying("non-terminated string|illegal token", "", `strings between double quotes, "…", in one line`),
	saying(`^plus: invalid argument`, "", `numbers; texts are put together in a template, $"user:{u.email}"`),
	saying(`^match error`, "", `two values of one kind, for others are never equal; a set is written {"a"}, an array ["a"]`),
	saying("rule name conflicts with built-in function", "", "another name for a rule; a call of the function stands in a rule's body"),
	saying("else keyword cannot be used on multi-value rules", "", "a rule of its own for each alternative: grant contains {…} if {…}"),
	saying(`is recursive|may be recursive`, "", "rules that lead to one another in one direction only"),
	saying("produced conflicting values", "", "one value: conditions that exclude one another, or the second behind else"),
	saying("object keys must be unique", "", "each key once; where several share it, a set of all of them: by_key[key] contains value if …"),
	saying("to_number: .*invalid syntax", "", "a text that is a number; a document's schema keeps others out"),
	saying("divide by zero", "", "a divisor other than 0, tested before"),
	saying(`^invalid annotation scope ''`, "", "the rule or package that it describes below METADATA: a block at the end of a file describes nothing"),
	saying(`^invalid annotation scope '`, "", "scope: rule or scope: document before a rule, scope: package or scope: subpackages before a package; without scope it is the rule or package below"),
	saying(`^annotation scope '(sub)?packages?' must be applied to package`, "", "METADATA with this scope before the package line; or no scope, for the rule alone"),
	saying(`^annotation scope '(rule|document)' must be applied to rule`, "", "METADATA with this scope before a rule; or no scope, for the whole package"),
	saying(`^yaml: .*mapping values are not allowed`, "", `a space behind the colon of each key in METADATA, and quotes around a value with a colon in it: title: "Prod: the tier-1 people"`),
	saying(`^yaml: .*cannot start any token`, "", "quotes around a value in METADATA that begins with a sign such as ` or @"),
	saying(`^yaml: `, "", "METADATA in YAML: a key, a colon and a space, and its value"),
	saying("undefined function", "", "a function of Rego, of your own, or of the library with import data.dutyward"),
}

// HowToMend says what was probably meant by a line of which OPA says the
// message; empty if that can't be known.
func HowToMend(message, line string) string {
	line, _, _ = strings.Cut(line, " # ")
	for _, s := range slips {
		if (s.message == nil || s.message.MatchString(message)) && (s.line == nil || s.line.MatchString(line)) {
			return s.expected
		}
	}
	return ""
}
