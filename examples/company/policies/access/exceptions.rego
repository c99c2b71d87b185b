# METADATA
# title: Exceptions
# description: Access for a while, each row with its end, reason and approver.
# custom: {owner: aaron.blum@acme.test}
package access.exceptions

# METADATA
# title: Access for a while
grant contains {
	"principal": $"user:{row.who}",
	"resource": row.resource,
	"role": row.role,
	"from": row.from,
	"until": row.until,
	"reason": $"{row.why} (approved by {row.approved_by})",
	"source": $"exceptions.yaml: {row.who}",
} if {
	some row in data.exceptions
	lower(row.who) != lower(row.approved_by)
}

# METADATA
# title: The emergency account is nobody's to change
protect contains {"principal": "user:break.glass@acme.test", "reason": "break glass"}

# METADATA
# title: The executive office runs its own team
protect contains {"resource": "team:Board Room", "reason": "run by the executive office"}
