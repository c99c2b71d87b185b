# METADATA
# title: Access that being on call needs
# description: >-
#   Groups follow the shifts: payments-oncall is part of tier-1-oncall, which is
#   part of production.
# custom: {owner: dan.weber@acme.test}
package access.oncall

group contains {"name": name, "description": description} if {
	some name, description in {
		"payments-oncall": "On call for Payments, primary and secondary",
		"platform-oncall": "On call for Platform, day and night",
		"search-oncall": "On call for Search, wherever the sun is",
		"sre-oncall": "On call for SRE, and the person paged next",
		"tier-1-oncall": "On call for what customers notice first",
		"production": "Whoever may touch production now",
	}
}

member contains {"group": "payments-oncall", "principal": $"oncall:Payments {line}", "lead": "15m"} if {
	some line in {"Primary", "Secondary"}
}

# Between the night's end and the day's start whoever had the night stays.
member contains {
	"group": "platform-oncall",
	"principal": $"oncall:Platform {half}",
	"lag": "30m",
	"when_empty": "keep-last",
} if {
	some half in {"Day", "Night"}
}

member contains {"group": "search-oncall", "principal": "oncall:Search Follow-the-Sun"}

member contains {"group": "sre-oncall", "principal": "escalation:SRE"}

member contains {"group": "tier-1-oncall", "principal": $"group:{part}"} if {
	some part in {"payments-oncall", "platform-oncall", "sre-oncall"}
}

member contains {"group": "production", "principal": "group:tier-1-oncall"}

# METADATA
# title: Whoever is on call for tier 1 may touch production
grant contains {"principal": "group:production", "resource": "team:Production Access", "role": "responder"}

# METADATA
# title: Whoever is on call for SRE manages production access
grant contains {"principal": "group:sre-oncall", "resource": "team:Production Access", "role": "manager"}

# METADATA
# title: Whoever is on call for Search helps Platform
grant contains {"principal": "group:search-oncall", "resource": "team:Platform", "role": "observer"}
