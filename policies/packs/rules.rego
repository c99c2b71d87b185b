# METADATA
# title: Statements that are never in force
# custom: {pack: rules}
package risk.rules

# METADATA
# title: An access rule gives nothing
# description: It is read and maintained and does nothing, or its data changed under it.
# custom:
#   rule: dutyward.rule-gives-nothing
#   severity: low
#   remedy: look whether its data and conditions are still right; delete it if it is done with
#   controls: {cis: "6.1", soc2: CC6.1, iso27001: A.5.15}
finding contains {
	"rule": "dutyward.rule-gives-nothing",
	"subject": "account",
	"severity": "low",
	"message": sprintf("%d access rules give nothing: %s", [count(idle), concat(", ", idle)]),
} if {
	idle := [$"{rule.rule} at {rule.file}:{rule.line}" |
		some rule in input.statements.rules
		rule.elements == 0
		rule.rule in {"grant", "member", "limit"}
	]
	count(idle) > 0
}

# METADATA
# title: An exception is over
# description: It no longer does anything, and who reads the policies takes it for one that does.
# custom:
#   rule: dutyward.expired-statement
#   severity: low
#   remedy: delete its row or rule
#   controls: {cis: "6.2", soc2: CC6.3, iso27001: A.5.18}
finding contains {
	"rule": "dutyward.expired-statement",
	"subject": expired.subject,
	"severity": "low",
	"message": $"the {expired.kind} of {expired.what} ended {expired.until} ({expired.file}:{expired.line})",
} if {
	some expired in input.statements.expired
}

# METADATA
# title: A limit reaches nobody
# description: It is about people or a group of whom there are none, so that it limits nothing.
# custom:
#   rule: dutyward.limit-reaches-nobody
#   severity: low
#   remedy: look whether the group or name is still right
#   controls: {cis: "6.1", soc2: CC6.1, iso27001: A.5.15}
finding contains {
	"rule": "dutyward.limit-reaches-nobody",
	"subject": "account",
	"severity": "low",
	"message": sprintf("%d limits reach nobody: %s", [count(void), concat(", ", void)]),
} if {
	void := [$"that on {limit.principal} at {limit.file}:{limit.line}" |
		some limit in input.statements.limits
		limit.people == 0
	]
	count(void) > 0
}
