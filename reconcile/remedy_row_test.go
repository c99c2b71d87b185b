package reconcile_test

import (
	"maps"
	"strings"
)

// eachPerson begins a rule that grants a team to the rows for which what follows holds.
const eachPerson = "grant contains {\"principal\": $\"user:{p.email}\", \"resource\": \"team:Payments\", \"role\": \"manager\"} if {\n\tsome p in data.people\n"

// What authors write of rows of data, and what check recommends.
func init() {
	maps.Copy(remedies, map[string]remedy{
		"a list looked for in a text": {
			file: "access/a.rego", code: "policy/in-text", recommended: `did you mean p.team in ["Payments", "Search"]?`, gives: 1,
			old: `["Payments", "Search"] in p.team`, new: `p.team in ["Payments", "Search"]`,
			data: "- {email: u0@acme.com, team: Payments}\n- {email: u1@acme.com, team: Platform}\n",
			rego: eachPerson + "\t[\"Payments\", \"Search\"] in p.team\n}",
		},
		"what two sets have in common": {
			file: "access/a.rego", code: "policy/in-text", recommended: "of two sets | is all of both", old: "} & {", new: "} | {", gives: 2,
			data: "- {email: u0@acme.com}\n- {email: u1@acme.com}\n",
			rego: eachPerson + "\tp.email in ({\"u0@acme.com\"} & {\"u1@acme.com\"})\n}",
		},
		"a date in another form": {
			file: "people/people.yaml", code: "data/date-form", recommended: `did you mean "2026-10-31"?`, old: "31.10.2026", new: "2026-10-31", gives: 1,
			data: "- {email: u0@acme.com, until: 31.10.2026}\n- {email: u1@acme.com, until: 2027-01-01}\n",
			rego: eachPerson + "\tp.until > \"2026-11-23\"\n}",
		},
		"a default for a key misspelt": {
			file: "access/a.rego", code: "policy/unknown-key", recommended: `did you mean "active"?`, old: "aktive", new: "active", gives: 1,
			data: "- {email: u0@acme.com, active: true}\n- {email: u1@acme.com, active: false}\n",
			rego: eachPerson + "\tobject.get(p, \"aktive\", true)\n}",
		},
		"a path as one key": {
			file: "access/a.rego", code: "policy/unknown-key", recommended: `did you mean ["job", "lead"]?`, old: `"job.lead"`, new: `["job", "lead"]`, gives: 1,
			data: "- {email: u0@acme.com, job: {lead: true}}\n- {email: u1@acme.com, job: {lead: false}}\n",
			rego: eachPerson + "\tobject.get(p, \"job.lead\", false)\n}",
		},
		"a field that a function reads and no row has": {
			file: "access/a.rego", code: "policy/unknown-key", recommended: "did you mean level?", old: "p.lvel", new: "p.level", gives: 1,
			data: "- {email: u0@acme.com, level: 4}\n- {email: u1@acme.com, level: 2}\n",
			rego: eachPerson + "\tsenior(p)\n}\n\nsenior(p) if p.lvel >= 3",
		},
		"a word that a function compares with": {
			file: "access/a.rego", code: "policy/other-spelling", recommended: `did you mean "active"?`, old: "aktive", new: "active", gives: 1,
			data: "- {email: u0@acme.com, status: active}\n- {email: u1@acme.com, status: left}\n",
			rego: eachPerson + "\tis_active(p)\n}\n\ndefault is_active(_) := false\n\nis_active(p) if p.status == \"aktive\"",
		},
		"true or false compared with null": {
			file: "access/a.rego", code: "policy/other-type", recommended: "did you mean is_active(p)?", old: "is_active(p) != null", new: "is_active(p)", gives: 1,
			data: "- {email: u0@acme.com, status: active}\n- {email: u1@acme.com, status: left}\n",
			rego: eachPerson + "\tis_active(p) != null\n}\n\ndefault is_active(_) := false\n\nis_active(p) if p.status == \"active\"",
		},
		"every of an empty list": {
			file: "access/a.rego", code: "policy/every-of-none", recommended: "did you mean count(p.certs) > 0?", old: "\tevery c", new: "\tcount(p.certs) > 0\n\tevery c", gives: 1,
			data: "- {email: u0@acme.com, certs: [{valid: true}]}\n- {email: u1@acme.com, certs: []}\n",
			rego: eachPerson + "\tevery c in p.certs { c.valid }\n}",
		},
		"an expression up to the wrong end": {
			file: "access/a.rego", code: "policy/matches-no-row", recommended: "did you mean regex.match(`^u.*@acme`, p.email)?", old: "`^u.*@acme$`", new: "`^u.*@acme`", gives: 1,
			data: "- {email: u0@acme.com}\n- {email: x@example.com}\n",
			rego: eachPerson + "\tregex.match(`^u.*@acme$`, p.email)\n}",
		},
		"contains the wrong way round": {
			file: "access/a.rego", code: "policy/matches-no-row", recommended: `did you mean contains(p.email, "acme.com")?`, old: `contains("acme.com", p.email)`, new: `contains(p.email, "acme.com")`, gives: 1,
			data: "- {email: u0@acme.com}\n- {email: x@example.com}\n",
			rego: eachPerson + "\tcontains(\"acme.com\", p.email)\n}",
		},
		"a format that does not fit": {
			file: "access/a.rego", code: "policy/bad-reference", recommended: "%s for a text", old: "user:%d", new: "user:%s", gives: 2,
			data: "- {email: u0@acme.com}\n- {email: u1@acme.com}\n",
			rego: `grant contains {"principal": sprintf("user:%d", [p.email]), "resource": "team:Payments", "role": "manager"} if some p in data.people`,
		},
		"several addresses in one text": {
			file: "people/people.yaml", code: "policy/bad-reference", recommended: "several addresses in one text", old: `"u0@acme.com, u1@acme.com"`, new: "u0@acme.com", gives: 2,
			data: "- {email: \"u0@acme.com, u1@acme.com\"}\n- {email: u2@acme.com}\n",
			rego: eachPerson + "}",
		},
		"an address as mail programs write it": {
			file: "people/people.yaml", code: "policy/bad-reference", recommended: `did you mean "user:u0@acme.com"?`, old: `"U <u0@acme.com>"`, new: "u0@acme.com", gives: 2,
			data: "- {email: \"U <u0@acme.com>\"}\n- {email: u2@acme.com}\n",
			rego: eachPerson + "}",
		},
		"a list as a text": {
			file: "people/people.yaml", code: "policy/in-text", recommended: "without quotes around it", old: `people: "[{email: u0@acme.com}]"`, new: "people: [{email: u0@acme.com}]", gives: 1,
			data: "people: \"[{email: u0@acme.com}]\"\n",
			rego: strings.Replace(eachPerson, "data.people", "data.people.people", 1) + "}",
		},
		"seconds for nanoseconds": {
			file: "access/a.rego", code: "policy/nanoseconds", recommended: "30 * 24 * 3600 * 1000000000", old: "30 * 24 * 3600", new: "30 * 24 * 3600 * 1000000000", gives: 1,
			data: "- {email: u0@acme.com, since: \"2026-11-01T00:00:00Z\"}\n",
			rego: `grant contains {"principal": $"user:{p.email}", "resource": "team:Payments", "role": "manager", "until": time.format(time.parse_rfc3339_ns(p.since) + 30 * 24 * 3600)} if some p in data.people`,
		},
		"an address with a plus sign": {
			file: "people/people.yaml", code: "name/nearly-an-account", recommended: "did you mean user:u0@acme.com?", old: "u0+pager@", new: "u0@", gives: 2,
			data: "- {email: u0+pager@acme.com}\n- {email: u1@acme.com}\n",
			rego: eachPerson + "}",
		},
		"a key beside the one it is a slip of": {
			file: "people/people.yaml", code: "data/odd-key", recommended: "did you mean role?", old: ", rol:", new: ", role:", gives: 2,
			data: "- &d {email: u0@acme.com, role: responder}\n- {<<: *d, email: u1@acme.com, rol: manager}\n",
			rego: `grant contains {"principal": $"user:{p.email}", "resource": "team:Payments", "role": p.role} if some p in data.people`,
		},
		"a variable that goes over something and is not asked": {
			file: "access/a.rego", code: "policy/unused-variable", recommended: "a condition on lead", old: "some lead in p.leads", new: "some lead in p.leads\n\tlead.now", gives: 1,
			data: "- {email: u0@acme.com, leads: [{now: true}]}\n- {email: u1@acme.com, leads: [{now: false}]}\n",
			rego: eachPerson + "\tsome lead in p.leads\n}",
		},
	})
}
