# METADATA
# title: Base roles
# description: What policies/people/people.yaml says of each person.
package access.people

# METADATA
# title: Everybody has the base role of the list
grant contains {
	"principal": $"user:{person.who}",
	"resource": "account",
	"role": person.base_role,
	"source": $"people.yaml: {person.who}",
} if {
	some person in data.people
	person.base_role
}
