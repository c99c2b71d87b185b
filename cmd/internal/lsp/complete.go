package lsp

import (
	"regexp"
	"slices"
	"strings"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/contract"
)

// mostItems bounds a completion; editors ask again as more is typed.
const mostItems = 200

// offer is what may stand at the cursor.
type offer struct {
	text, detail string
	kind         int
	// also is what else somebody may type who means it, such as a person's name.
	also string
	doc  []string
}

// complete is what may stand at the cursor.
func (d *document) complete() completionList {
	if text, start, end, ok := d.inQuotes(); ok {
		return d.completeText(text, start, end)
	}
	line := d.line()
	typed := line[:d.at]
	if d.isRego() && statementStart.MatchString(typed) {
		return d.listed(d.statements(), 0, d.at)
	}
	if kind, name, found := strings.Cut(d.bare(), ":"); !d.isRego() && found {
		start := max(0, strings.LastIndex(typed, kind+":")+len(kind)+1)
		return d.listed(d.names(kind), start, max(d.at, start+len(name)))
	}
	return completionList{Items: []completionItem{}}
}

var statementStart = regexp.MustCompile(`^[a-z]*$`)

// completeText completes in a text in quotes.
func (d *document) completeText(text string, start, end int) completionList {
	typed := d.line()[start:d.at]
	if !closes(d.line(), end) {
		end = d.at // what follows an open quote is not its own
	}
	if kind, _, found := strings.Cut(typed, ":"); found {
		return d.listed(d.names(kind), start+len(kind)+1, end)
	}
	if m := libraryCall.FindStringSubmatch(d.line()[:start-1]); m != nil {
		return d.listed(d.names(m[1]), start, end)
	}
	name, head := d.rule()
	rule, ok := contract.ContractNamed(name)
	if !ok {
		return completionList{Items: []completionItem{}}
	}
	field, inside := d.field(head)
	switch {
	case !inside:
		return completionList{Items: []completionItem{}}
	case field == "":
		return d.listed(d.fields(rule, head, text), start, end)
	}
	return d.listed(d.values(rule, field, head), start, end)
}

// closes says that a quote closes a text at a place of a line.
func closes(line string, end int) bool { return end < len(line) }

// listed are offers that what is typed from start to the cursor may become, in place of
// what stands there up to end.
func (d *document) listed(offers []offer, start, end int) completionList {
	out := completionList{Items: []completionItem{}}
	typed := strings.ToLower(d.line()[min(start, d.at):d.at])
	span := spanOf(d.line(), d.n, start, end)
	for _, o := range offers {
		if !strings.Contains(strings.ToLower(o.text+" "+o.also), typed) {
			continue
		}
		if len(out.Items) == mostItems {
			out.IsIncomplete = true
			break
		}
		item := completionItem{
			Label: o.text, Kind: o.kind, Detail: o.detail,
			TextEdit: textEdit{span, o.text},
		}
		if o.also != "" {
			item.FilterText = o.text + " " + o.also
		}
		if len(o.doc) > 0 {
			item.Documentation = &markupContent{"plaintext", strings.Join(o.doc, "\n")}
		}
		out.Items = append(out.Items, item)
	}
	return out
}

var packageName = regexp.MustCompile(`(?m)^package\s+([a-z_]+)`)

// statements are the contract rules that may stand in the file's package.
func (d *document) statements() []offer {
	phase := policies.PhaseAccess
	if m := packageName.FindStringSubmatch(d.text); m != nil {
		phase = policies.Phase(m[1])
	}
	var out []offer
	for _, name := range contract.ContractNames(phase) {
		out = append(out, offer{text: name + " contains ", kind: itemKeyword, detail: "statement"})
	}
	return out
}

// fields are those of a rule that its element does not have yet, the required first.
func (d *document) fields(rule *contract.ContractRule, head int, typed string) []offer {
	var out []offer
	written := strings.Join(d.lines[head:min(len(d.lines), d.n+1)], "\n")
	for _, f := range rule.Fields {
		if f.Refused != "" || f.Name != typed && strings.Contains(written, `"`+f.Name+`":`) {
			continue
		}
		o := offer{text: f.Name, kind: itemField, detail: "optional"}
		if f.Required {
			o.detail = "required"
		}
		out = append(out, o)
	}
	slices.SortStableFunc(out, func(a, b offer) int { return strings.Compare(b.detail, a.detail) })
	return out
}

// kindsIn are the kinds of reference that stand in fields.
var kindsIn = map[string][]string{
	"principal": {"user", "group", "oncall", "escalation", "rotation", "team"},
	"resource":  {"team", "schedule"},
	"subject":   {"user", "group", "team", "schedule", "escalation", "service"},
	"replaces":  {"user"},
	"for":       {"user"},
}

// values are what may stand in a field.
func (d *document) values(rule *contract.ContractRule, field string, head int) []offer {
	switch field {
	case "role", "at_most":
		return d.roles(rule.Name, head)
	case "severity":
		return valueOffers(policies.Severities...)
	case "when_empty":
		return valueOffers(policies.KeepLast, policies.LeaveEmpty)
	case "group":
		return d.names("group")
	}
	var out []offer
	if field == "resource" || field == "subject" {
		out = append(out, offer{text: "account", kind: itemReference})
	}
	if rule.Name == "limit" && field == "resource" {
		out = append(out, valueOffers("team:*", "schedule:*", "group:*")...)
	}
	for _, kind := range kindsIn[field] {
		out = append(out, offer{text: kind + ":", kind: itemKeyword, detail: "whose name follows"})
	}
	for _, kind := range kindsIn[field] {
		for _, o := range d.names(kind) {
			o.text = kind + ":" + o.text
			out = append(out, o)
		}
	}
	return out
}

var resourceOfHead = regexp.MustCompile(`"resource":\s*\$?"([a-z]+)`)

// roles are those of the resource that the element names, or of all kinds.
func (d *document) roles(rule string, head int) []offer {
	kind := ""
	if m := resourceOfHead.FindStringSubmatch(strings.Join(d.lines[head:min(len(d.lines), d.n+5)], "\n")); m != nil {
		kind = m[1]
	}
	var out []offer
	if kind == "team" || kind == "" {
		for _, r := range inventory.TeamRoles() {
			out = append(out, offer{text: r, kind: itemValue, detail: "on a team"})
		}
	}
	if (kind == "schedule" || kind == "") && rule == "grant" {
		out = append(out, offer{text: "rotation", kind: itemValue, detail: "on a schedule"}, offer{text: "override", kind: itemValue, detail: "on a schedule"})
	}
	if kind == "account" || kind == "" {
		for _, r := range inventory.BaseRoles() {
			out = append(out, offer{text: r, kind: itemValue, detail: inventory.BaseRoleLabel(r) + ", on the account"})
		}
	}
	if rule == "limit" {
		out = append(out, offer{text: inventory.None, kind: itemValue, detail: "nothing"})
	}
	return out
}

func valueOffers(values ...string) []offer {
	out := make([]offer, len(values))
	for i, v := range values {
		out[i] = offer{text: v, kind: itemValue}
	}
	return out
}

// names are those that may stand behind a kind and a colon: of groups those that the
// policies declare, of all else those of the account.
func (d *document) names(kind string) []offer {
	kind, _, _ = strings.Cut(strings.TrimSpace(kind), "@")
	var out []offer
	if kind == string(inventory.KindGroup) {
		for _, g := range d.groups {
			out = append(out, offer{text: g.Name, kind: itemReference, detail: g.Description})
		}
		return out
	}
	for _, t := range d.things.byKind[string(inventory.Kind(kind).Thing())] {
		o := offer{text: t.Name, kind: itemReference, detail: t.Detail, doc: t.Text}
		if t.Kind == string(inventory.KindUser) {
			o.also = t.Detail
		}
		out = append(out, o)
	}
	return out
}
