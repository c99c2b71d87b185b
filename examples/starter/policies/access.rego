package access

# METADATA
# title: Ann and Bob run the team
grant contains {"principal": $"user:{email}", "resource": "team:Payments", "role": "manager"} if {
	some email in {"ann@example.com", "bob@example.com"}
}

group contains {"name": "payments-oncall"}

member contains {"group": "payments-oncall", "principal": "oncall:Payments Primary"}

# METADATA
# title: Whoever is on call can respond
grant contains {"principal": "group:payments-oncall", "resource": "team:Payments", "role": "responder"}
