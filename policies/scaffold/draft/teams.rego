# METADATA
# title: Teams
# description: What policies/teams/teams.yaml says of each team.
package access.teams

# METADATA
# title: Everybody is on the teams of the list
grant contains {
	"principal": $"user:{who}",
	"resource": $"team:{team.name}",
	"role": role,
	"source": $"teams.yaml: {team.name}",
} if {
	some team in data.teams
	some role, people in team.members
	some who in people
}

# What lists can't say is for rules. Whoever is on call, for as long as they are:
#
#	grant contains {"principal": "oncall:Payments Primary", "resource": "team:Payments", "role": "manager"}
