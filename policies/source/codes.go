package source

import "github.com/dutyward/dutyward/inventory/code"

// The codes of what can be wrong with files, data and Rego as they are read.
const (
	codeUnreadable   code.Code = "file/unreadable"
	codeNotRead      code.Code = "file/not-read"
	codeLink         code.Code = "file/link"
	codeRepeatedFile code.Code = "file/repeated"
	codeTooLarge     code.Code = "file/too-large"
	codeSecret       code.Code = "file/secret"
	codeNotText      code.Code = "file/not-text"

	codeMergeConflict code.Code = "file/merge-conflict"
	codeBadBundle     code.Code = "bundle/unusable"
	codeSignedBundle  code.Code = "bundle/signature"

	codeDataSyntax     code.Code = "data/syntax"
	codeEmptyData      code.Code = "data/empty"
	codeDuplicateKey   code.Code = "data/duplicate-key"
	codeSecondDocument code.Code = "data/second-document"
	codeTopLevel       code.Code = "data/top-level"
	codeReservedData   code.Code = "data/reserved-name"
	codeDataConflict   code.Code = "data/conflict"
	codeInvalidData    code.Code = "data/schema"
	codeBadSchema      code.Code = "schema/unusable"
	codeIdleSchema     code.Code = "schema/no-document"

	codeSyntax            code.Code = "rego/syntax"
	codeNoPackage         code.Code = "rego/no-package"
	codeUnsafe            code.Code = "rego/unsafe-variable"
	codeUndefinedFunction code.Code = "rego/undefined-function"
	codeUnknownReference  code.Code = "rego/unknown-reference"
	codeType              code.Code = "rego/type"
	codeRecursion         code.Code = "rego/recursion"
	codeRuleAndData       code.Code = "rego/rule-and-data"
	codeCompile           code.Code = "rego/compile"
)

// Pages explain the codes of this package.
var Pages = code.Pages{
	{
		Code:    codeUnreadable,
		Title:   "A policy root, directory or file cannot be read",
		Means:   "It does not exist, the process may not read it, or it is not a regular file.",
		Why:     "Policies are taken whole or not at all: with a part missing, access could be taken away wrongly.",
		Do:      "Correct the path under policies.roots, or the file's permissions.",
		Example: "policies: {roots: [polices]}  # policies",
	},
	{
		Code:    codeNotRead,
		Title:   "A file looks like a policy or data and is not read",
		Means:   "Its name nearly ends as policies and data do, or it is data in a form that is not read, such as a table.",
		Why:     "What it says has no effect.",
		Do:      "Rename it, or move it out of the policy root.",
		Example: "people.yaml.bak  # people.yaml",
	},
	{
		Code:    codeLink,
		Title:   "A symbolic link leads out of the policy root or back into itself",
		Means:   "Links are followed only within a root.",
		Why:     "Anything on the machine could become policy through such a link.",
		Do:      "Put the file in the link's place, or name the directory as a root of its own.",
		Example: "policies/people.yaml -> /srv/people.yaml",
	},
	{
		Code:    codeRepeatedFile,
		Title:   "A file is reached twice",
		Means:   "The same file lies under two roots, or a link leads to it.",
		Why:     "Its statements would count twice, with two places.",
		Do:      "Name each directory once, or delete the link.",
		Example: "policies: {roots: [policies, policies/access]}  # policies alone",
	},
	{
		Code:    codeTooLarge,
		Title:   "Policies and data are too large",
		Means:   "All files together are larger than what one revision may hold.",
		Why:     "A revision is kept and evaluated as a whole.",
		Do:      "Leave out data that no rule reads.",
		Example: "policies/export/audit.json  # read by no rule: move it out",
	},
	{
		Code:    codeSecret,
		Title:   "A file holds a secret of this program",
		Means:   "The PagerDuty token, or another secret of the process, stands in a file of the policies.",
		Why:     "Lines of policies are quoted in messages and kept in the state.",
		Do:      "Take it out, and replace the secret: whoever could read the file knows it.",
		Example: "token: u+…  # revoke it in PagerDuty, make a new one",
	},
	{
		Code:    codeNotText,
		Title:   "A policy is not text",
		Means:   "The file ends in .rego and holds binary data.",
		Why:     "It cannot be parsed.",
		Do:      "Save it as UTF-8, or move it out of the policy root.",
		Example: "UTF-16, as some editors on Windows save it",
	},
	{
		Code:    codeMergeConflict,
		Title:   "A merge conflict was left in a file",
		Means:   "The file has a line that begins with <<<<<<<.",
		Why:     "Both versions stand there, and neither is meant.",
		Do:      "Resolve the conflict.",
		Example: "<<<<<<< HEAD",
	},
	{
		Code:    codeBadBundle,
		Title:   "A bundle cannot be used",
		Means:   "The archive is not an OPA bundle, is damaged or too large, or holds links or files twice.",
		Why:     "A bundle is taken whole or not at all.",
		Do:      "Build it again, with opa build or tar -czf.",
		Example: "opa build --bundle policies --output policies.tar.gz",
	},
	{
		Code:    codeSignedBundle,
		Title:   "A bundle is signed, and nobody verifies it here",
		Means:   "The bundle has a .signatures.json.",
		Why:     "Its presence suggests a check that does not take place.",
		Do:      "Verify the signature when the bundle is fetched.",
		Example: "opa build --verification-key key.pem --bundle policies.tar.gz --output verified.tar.gz",
	},
	{
		Code:    codeDataSyntax,
		Title:   "A data file is not valid YAML or JSON",
		Means:   "The parser stopped at the place shown.",
		Why:     "Without the file, everything that follows from it would be missing.",
		Do:      "Correct the line, or the one above it.",
		Example: "{\"people\": [1, 2,]}  # no comma behind the last element",
	},
	{
		Code:    codeEmptyData,
		Title:   "A data file is empty",
		Means:   "It holds nothing, or only comments.",
		Why:     "An export that failed looks like this, and must not read as \"nobody\".",
		Do:      "Write [] or {} if nothing is meant; otherwise repair what writes the file.",
		Example: "people/data.yaml of 0 bytes",
	},
	{
		Code:    codeDuplicateKey,
		Title:   "A key stands twice in one object of data",
		Means:   "YAML and JSON keep one of the two values, silently.",
		Why:     "The other one is lost.",
		Do:      "Keep one.",
		Example: "ann@acme.com: payments\nann@acme.com: search  # a list of both, if both are meant",
	},
	{
		Code:    codeSecondDocument,
		Title:   "A data file holds a second document",
		Means:   "Something stands behind the first document, such as after \"---\" in YAML.",
		Why:     "It would not be read.",
		Do:      "Put it into a file of its own.",
		Example: "team: payments\n---\nteam: search  # not read",
	},
	{
		Code:    codeTopLevel,
		Title:   "A data file at the top of a root is not a mapping",
		Means:   "Data is named by directory. At the top of a root the keys of the file are the names, so it must have keys.",
		Why:     "A list there has no name.",
		Do:      "Move the file into a directory, or make it a mapping.",
		Example: "policies/people.yaml with a list  # policies/people/data.yaml: data.people",
	},
	{
		Code:    codeReservedData,
		Title:   "Data uses the name of the library",
		Means:   "A document would be data.dutyward.",
		Why:     "That is where the embedded library is.",
		Do:      "Choose another name.",
		Example: "policies/dutyward/data.yaml  # policies/ours/data.yaml",
	},
	{
		Code:    codeDataConflict,
		Title:   "Two files give the same document",
		Means:   "Both have a value at the same path of data.",
		Why:     "Which of them counts would be an accident.",
		Do:      "Remove one, or put it into another directory.",
		Example: "people/data.yaml and people/data.json",
	},
	{
		Code:    codeInvalidData,
		Title:   "Data does not satisfy its schema",
		Means:   "The JSON schema that is configured for the document refuses this value.",
		Why:     "Rules rely on what the schema promises.",
		Do:      "Correct the data, or the schema.",
		Example: "- {emial: ann@acme.com}  # additional property \"emial\"",
	},
	{
		Code:    codeBadSchema,
		Title:   "A schema cannot be used",
		Means:   "The file cannot be read, is not a JSON schema, or refers to another file.",
		Why:     "The data would go unchecked.",
		Do:      "Correct the schema; put what it refers to under $defs.",
		Example: "{\"$ref\": \"https://example.com/person.json\"}  # {\"$ref\": \"#/$defs/person\"}",
	},
	{
		Code:    codeIdleSchema,
		Title:   "A schema is for a document that does not exist",
		Means:   "No policy root has data of that name.",
		Why:     "The document may be missing, or have another name, and goes unchecked.",
		Do:      "Correct the name under policies.schemas, or add the document.",
		Example: "schemas: {peple: people.schema.json}  # people",
	},
	{
		Code:    codeSyntax,
		Title:   "A policy is not valid Rego",
		Means:   "The parser stopped at the place shown.",
		Why:     "Nothing of the file can be evaluated.",
		Do:      "Correct the line, or the one above it.",
		Example: "grant contains {\"principal\": \"group:core\" \"role\": \"manager\"}  # a comma is missing",
	},
	{
		Code:    codeNoPackage,
		Title:   "A policy has no package",
		Means:   "The .rego file is empty, or has nothing but comments.",
		Why:     "Its rules may have been lost.",
		Do:      "Delete the file if nothing is meant; otherwise begin it with a package.",
		Example: "package access.payments",
	},
	{
		Code:    codeUnsafe,
		Title:   "A variable is never given a value",
		Means:   "The name is neither a variable of the rule, a rule, nor an import. OPA calls it unsafe.",
		Why:     "The rule cannot be evaluated.",
		Do:      "Correct the name, declare it with := or some, or import it.",
		Example: "grant contains g if { p in data.people; … }  # some p in data.people",
	},
	{
		Code:    codeUndefinedFunction,
		Title:   "A function does not exist",
		Means:   "Neither OPA, the library nor the policies have a function of that name.",
		Why:     "The rule cannot be evaluated.",
		Do:      "Correct the name, or import the library with import data.dutyward.",
		Example: "start_with(x, \"p\")  # startswith(x, \"p\")",
	},
	{
		Code:    codeUnknownReference,
		Title:   "A reference leads to nothing",
		Means:   "What stands before the last part of it has a known type, and no such field.",
		Why:     "Rego would take it as undefined, silently.",
		Do:      "Use one of the fields that the message lists.",
		Example: "input.account.nmae  # input.account.name",
	},
	{
		Code:    codeType,
		Title:   "Values of different types are combined",
		Means:   "OPA's type checker found an operation that can never succeed, or a function with other arguments.",
		Why:     "The rule would never give anything.",
		Do:      "Compare and combine values of one type.",
		Example: "\"user:\" + u.email  # $\"user:{u.email}\"",
	},
	{
		Code:    codeRecursion,
		Title:   "Rules lead back to themselves",
		Means:   "Evaluating the rule needs the rule's own result.",
		Why:     "Rego has no recursion.",
		Do:      "Let rules lead to one another in one direction only. Groups may nest as deep as you like: use member.",
		Example: "over(x) := y if y := over(x)",
	},
	{
		Code:    codeRuleAndData,
		Title:   "A rule and a document have the same name",
		Means:   "Both would be the value of one path of data.",
		Why:     "One would hide the other.",
		Do:      "Rename one of them.",
		Example: "package access.people next to policies/access/people/data.yaml",
	},
	{
		Code:    codeCompile,
		Title:   "A policy does not compile",
		Means:   "OPA's compiler refuses the rule for the reason shown.",
		Why:     "It cannot be evaluated.",
		Do:      "See the message; the OPA documentation explains it in full.",
		Example: "import data.people twice under one name",
	},
}
