package config

import (
	"fmt"
	"strings"

	"github.com/dutyward/dutyward/policies/source"
)

// configKey documents one key of the configuration.
type configKey struct {
	key string
	// standard is the value where nothing is said.
	standard string
	// text says what it is and when to change it.
	text string
}

// Keys are all keys, in the order of the file.
func Keys() []configKey {
	modes := "`observe` reports only, `grant-only` raises and never lowers, `sync` does both"
	return []configKey{
		{"account.name", "pagerduty", "What the account is called in plans, in the snapshot and in the state, which belongs to one account. Set it, before the first apply, if you have several."},
		{"account.region", "us", "The service region, `us` or `eu`. Set `eu` if your account's address ends in `.eu.pagerduty.com`."},
		{"account.base_url", "the region's", "The address of the API. Set it to speak to a simulator (`dutyward sim`) or through a proxy of your own."},
		{"account.token.env", "PAGERDUTY_TOKEN", "The environment variable that holds the API token. Change it if that name is taken. A token itself can't stand in this file."},
		{"account.token.file", "", "A file that holds the token and nothing else; it is read again when the token is refused. Use it for mounted secrets."},
		{"account.token.command", "", "A program and its arguments, as a list, that prints the token; no shell is involved. Use it for a password manager."},
		{"account.auth", "token", "`token` for an account's or a user's API key, `oauth` for a scoped OAuth token."},
		{"account.acting_user", "", "The e-mail address of the user in whose name an account's API key writes; PagerDuty wants one for changes of people. Set it before the first apply, unless the token belongs to a user. This person is never changed."},
		{"account.request_share", "50", "How much of PagerDuty's request limit, in percent, is used while others use the same key too; they show in PagerDuty's answers. While nobody else does, all of it is used but an eighth. Lower it if others need more than half of the limit."},
		{"policies", "[policies]", "The directories of Rego policies and their data, or OPA bundles (`.tar.gz`), relative to this file. Several are united."},
		{"state", "dutyward.db", "The file of what earlier rounds recorded, relative to this file. Move it to a disk that lasts: limits, holds and the names' identities depend on it."},
		{"state.postgres.env", "", "The environment variable that holds the address of a PostgreSQL database (`postgres://USER:PASSWORD@HOST:PORT/DATABASE`, or key words and values) that holds the state in place of a file: `state: {postgres: {env: DUTYWARD_DATABASE_URL}}`. Use it for several instances; the address itself can't stand in this file."},
		{"state.postgres.schema", "`dutyward_` and the account's name", "The schema of the database that is the state's own, one for each account. Name one if the database's owner made it for you."},
		{"history.keep", "400d", "How long rounds that changed something are kept for `dutyward history` and `revert` (`90d`, `400d`; a week or more). Lower it if the state's disk is small; what limits, holds and raises need stays however old it is."},
		{"operators", "[]", "People, by e-mail address or `#` and id, whose access is never changed, so that nobody locks out those who could fix it. Name whoever runs this program."},
		{"manage.default", "observe", "How far enforcement goes where nothing else is said: " + modes + ". Leave it, and widen single kinds or resources."},
		{"manage.account.mode", "the default", "The mode of base roles."},
		{"manage.teams.mode", "the default", "The mode of teams."},
		{"manage.teams.include", "all", "Which teams are managed at all: a list of names, globs (`Payments*`) and `#` with an id. Others are read by policies and never changed."},
		{"manage.teams.resources", "{}", "Modes of single teams, by name, glob or `#` with an id; the last that matches wins. Use it to go team by team from `observe` to `sync`."},
		{"manage.schedules.mode", "the default", "The mode of schedules."},
		{"manage.schedules.include", "all", "Which schedules are managed at all, as for teams."},
		{"manage.schedules.resources", "{}", "Modes of single schedules, as for teams."},
		{"schemas", "{}", "JSON schemas by the path of the data document they are for (`people: people.schema.json` for `data.people`), relative to this file. Data that does not conform is an error before it becomes a missing grant."},
		{"access.longest", "", "How long a grant or a membership with an `until` may last (`720h`, `30d`), counted from its `from`, or from now where it has none. One that is longer is an error that names the rule and its row of data, and gives nothing; what it would have given is left as it is until somebody fixes the row. Set it where people other than you write exceptions. Shifts and grants without an end are not bounded."},
		{"access.warn_before", "24h", "How long before its end (`24h`, `3d`) access that was given for a while is listed in plans and reported in the log, once. Plans also list access that starts within it. Raise it if renewals need more time; `0` for never."},
		{"edits.displaced_turns", "30", "How many turns of people who neither join nor leave may move on a schedule in one plan, counted over the next eight weeks, before the changes are held for a person to release. A weekly rotation that gets longer or shorter stays below 30; one of days does not. `0` holds whatever moves anybody's turn."},
		{"edits.joins", "5", "By how many people a layer or event may grow in one plan before those who join are held for a person to release. Who takes over from somebody who leaves does not count."},
		{"limits", "{}", limitsText},
		{"freezes", "{}", freezesText},
		{"risk.packs", "all", "The packs of rules that look for risks: a list of `access`, `escalation`, `paging`, `people`, `rules` and `schedules`. `[]` for none."},
		{"risk.without", "[]", "Rules of the packs that are switched off, such as `dutyward.seat-unused`. To accept a single risk for a while, write a `waive` statement instead."},
		{"risk.in_plan", "false", "Whether plans and rounds look for the packs' risks, too, and not `dutyward risk` alone. Set it once those that you don't mean to fix are waived or switched off."},
		{"risk.parameters.max_admins", "5", "How many global admins, with the owner, an account may have."},
		{"risk.parameters.break_glass", "[]", "The e-mail addresses of people who are to stay global admin all the time."},
		{"risk.parameters.readiness", "[]", "PagerDuty's on-call readiness profiles that people who are on call must satisfy: `never-miss-a-page`, `try-every-notification-method`, `more-than-email`, `must-include-phone`."},
		{"risk.parameters.domains", "[]", "The domains of e-mail addresses that are not strange. Where there are none, a domain is strange that less than a twentieth of the people have."},
		{"risk.parameters.max_turn_days", "14", "How many days somebody may be on call on a schedule without a break."},
		{"risk.parameters.max_schedules_at_once", "2", "On how many schedules somebody may be on call at once."},
		{"risk.parameters.max_free_seats", "20", "How many seats of a license may be free."},
		{"risk.parameters.page_within_minutes", "15", "How long the first notice that makes a device ring may take."},
		{"risk.parameters.paging_days", "90", "How many days ahead holes in paging are looked for."},
		{"window.back_days", "7", "How many days of past shifts the snapshot holds. Raise it if policies look further back; it must reach the last round."},
		{"window.ahead_days", "35", "How many days of coming shifts the snapshot holds. Raise it if policies or risk rules look further ahead; large accounts may lower it to save time."},
		{"evaluation.time_limit", "30s", "How long loading the policies, and evaluating those of one phase, may take (`10s`, `2m`) before it is stopped and they are refused. Raise it only for very large accounts: what needs minutes is usually a join that `dutyward check` warns of."},
		{"evaluation.memory_limit", "2GiB", "How much memory loading and evaluating the policies may take (`512MiB`, `4GiB`) before it is stopped and they are refused. Lower it where the machine or container has less than that to spare; raise it for very large accounts."},
		{"evaluation.max_elements", "1000000", "How many elements the rules of one phase may give before the evaluation is stopped and the round fails. Lower it to notice a runaway rule earlier."},
		{"evaluation.allow_builtins", "[]", "Names of Rego's functions that reach out or answer differently each time and that policies may use all the same: " + refusedBuiltins() + ". Leave it empty: a plan that depends on them can't be made again, nor checked by a reviewer; bring what they would fetch as data."},
		{"check.ignore", "[]", "Codes of warnings that `dutyward check` does not report: a list of them (`[speed/search]`), or each with the files, directories or patterns where it is (`{policy/unused-group: [policies/generated]}`), relative to this file. Use it for what many lines share; a single line is better served by a comment, `# dutyward:ignore CODE`. Errors can't be ignored."},
		{"run.schedule", "every 5 minutes", "When `dutyward run` makes a round, besides those that boundaries and saved policies make: a cron expression of five fields (`*/5 * * * *`), `@every 10m` or `@hourly`; `CRON_TZ=Europe/Berlin` before it sets a time zone other than the machine's. Make it rarer if the account is large or others need the request budget."},
		{"run.oncall_interval", "1m", "How often `dutyward run` looks at who is on call, to notice overrides between rounds; `0` for never. It takes a tenth of PagerDuty's request budget at most, and looks more rarely where that does not suffice. Make it longer if others need the budget."},
		{"run.audit", "true", "Whether `dutyward run` asks PagerDuty's audit trail what others changed, instead of reading the whole account for each round of the schedule: then what they change in people, teams and memberships takes effect within `run.oncall_interval`, and what it does not record is read within `run.max_age`. An account without the trail (it needs the Business plan, and a token of an admin or of the account) is read in full each time or, if it is large, in parts. Set it to `false` if the trail is not to be read."},
		{"run.max_age", "15m", "How old the last full refresh of the account, or of a large account each part, may be for a handoff, or with the audit trail a round of `run.schedule`, to build on it; if it is older, the account is read in full. Raise it if `run.schedule` is rarer than that and a full refresh takes long; `0` has every round read the whole account."},
		{"run.settle", "1m", "How long an edit of policies or configuration must stay unchanged before `dutyward run` lowers what it newly lowers: so long for each lowering, ten times that at most, and not at all where it is a commit. What it raises is raised at once. `0` for no wait."},
		{"run.listen", "127.0.0.1:9465", "Where `dutyward run` serves `/healthz`, `/readyz`, `/metrics` and `/groups`. The first three need no password: let the network in (`:9465`) only where that is fine. Empty for none."},
		{"run.groups_token.env", "", "The environment variable with the token that whoever asks for `/groups` must send, as `Authorization: Bearer TOKEN`. Without a token the groups, which have people's names and addresses, are served to this machine alone."},
		{"run.groups_token.file", "", "A file that holds that token and nothing else."},
		{"run.groups_token.command", "", "A program and its arguments, as a list, that prints that token."},
		{"notify.keep_trying", "7d", "How long an event is sent again and again to a receiver that does not take it (`1h` to `30d`) before it is given up; `dutyward events redeliver` sends it nonetheless. Raise it if receivers may be away for longer."},
		{"notify.webhooks", "{}", webhooksText},
	}
}

const webhooksText = "Who gets [events](events.md) over HTTP, by name, each with `url` and `keys` (a list): where the address is and where the keys are to sign with, each as `{env: NAME}`, `{file: PATH}` or `{command: [PROGRAM, ARGUMENT, …]}`. " +
	"A key is `whsec_` and base64; with several, each makes a signature, so that keys can be rotated. `types` (globs such as `access-*`), `resources` (globs such as `team:Payments*`, `group:*`) and `owners` (e-mail addresses) say which events it gets, all where they are left out. " +
	"Addresses in private networks are refused unless `allow_private` is `true`. See [events](../events.md)."

const freezesText = "Times in which changes wait, by name: `from` and `until` (days, which begin at midnight in UTC, or moments with their offset), or `cron` and `lasts` for one that recurs; with a `reason` for whoever waits. " +
	"Changes of the causes `policy`, `facts` and `drift` wait then, or of those in `causes`; handoffs, expiries and leavers go on, and a released change does too. What waited is planned again at the end. Use it for holidays, launches and weekends."

const limitsText = "How many changes are made without a person's release, by name. `lowerings` holds what is lowered for one cause beyond a share of 10% of the pairs held on resources in `sync`, taken as at least 5 and at most 50, in 24 hours; " +
	"`admins` what raises base roles to `admin` or `owner` (1%, at least 3, at most 10); `managers` what makes managers of teams (10%, at least 10, at most 50). Set `share`, `least`, `most`, `window` (a week or less), `causes`, `kinds` (`account`, `teams`, `schedules`), `roles` or `resources` of one to change it: `{admins: {most: 3}}`. " +
	"A limit of another name is added to these: it needs `effect` (`lower` or `raise`) and `most`. Handoffs and expiries are never limited, and what a person released does not count. Raise one for a reorganization that you expect; release single changes for all else."

func refusedBuiltins() string {
	return "`" + strings.Join(source.RefusedBuiltins(), "`, `") + "`"
}

// Reference is the reference of the configuration in Markdown.
func Reference() string {
	var b strings.Builder
	b.WriteString("# Configuration\n\n" +
		"The configuration is `dutyward.yaml` in the working directory, or the file that `--config` or `DUTYWARD_CONFIG` names. " +
		"Without one the defaults hold. Flags are over `DUTYWARD_*` variables, which are over the file. " +
		"What is not a setting is an error, in the file and in `DUTYWARD_*`, and all errors are reported at once.\n\n" +
		"```yaml\n" + Example + "```\n\n")
	b.WriteString("| key | default | what it is, and when to change it |\n| --- | --- | --- |\n")
	for _, k := range Keys() {
		standard := k.standard
		if standard != "" && !strings.Contains(standard, " ") {
			standard = "`" + standard + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", k.key, standard, k.text)
	}
	b.WriteString("\nEvery key whose value is a text, a number or a list of texts has a variable: `" + envName("account.base_url") + "` for `account.base_url`. " +
		"Lists are separated by commas there, and paths are relative to the working directory.\n\n" +
		"The mode `webhook` is refused: it is not available yet.\n")
	return b.String()
}

const Example = `account:
  name: acme
  region: us
  token: {env: PAGERDUTY_TOKEN}
  acting_user: ops@acme.com
policies: [policies]
state: dutyward.db
history: {keep: 400d}
operators: [ops@acme.com]
manage:
  default: observe
  teams:
    mode: grant-only
    include: ["Payments*", "#PABC123"]
    resources: {"Payments": sync}
schemas: {people: people.schema.json}
access: {longest: 30d, warn_before: 24h}
limits: {lowerings: {most: 30}, admins: {least: 1, most: 2}, cutover: {effect: raise, resources: ["team:Payments*"], most: 5, window: 1h}}
freezes:
  year-end: {from: 2026-12-20, until: 2027-01-03, reason: nobody is there to fix it}
  weekend: {cron: "CRON_TZ=Europe/Berlin 0 18 * * 5", lasts: 62h}
risk: {without: [dutyward.seat-unused], in_plan: false, parameters: {max_admins: 4, readiness: [must-include-phone], domains: [acme.com]}}
window: {back_days: 7, ahead_days: 35}
evaluation: {time_limit: 30s, memory_limit: 2GiB, max_elements: 1000000}
run: {schedule: "*/5 * * * *", oncall_interval: 1m, audit: true, max_age: 15m, listen: "127.0.0.1:9465"}
notify: {keep_trying: 7d, webhooks: {ops: {url: {env: OPS_URL}, keys: [{env: OPS_KEY}], types: ["access-*", held], resources: ["team:*"]}}}
`
