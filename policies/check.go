package policies

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/dutyward/dutyward/inventory"
)

// scheduleRoles are the roles that a grant may give on a schedule.
var scheduleRoles = []string{"rotation", "override"}

// kind is the kind of the reference that v is or begins; ok is false while it
// can't be told.
func (v value) kind() (kind inventory.Kind, ok bool) {
	if v.known() && v.text == string(inventory.KindAccount) {
		return inventory.KindAccount, true
	}
	head, _, found := strings.Cut(v.text, ":")
	if !found {
		return "", false
	}
	base, _, _ := strings.Cut(head, "@")
	return inventory.Kind(base), true
}

func reference(kinds []inventory.Kind) check {
	return func(name string, v value, e element) *complaint {
		if c := checkKind(name, v, kinds); c != nil {
			return c
		}
		if !v.known() {
			return nil
		}
		if v.written {
			if c := checkWriting(name, v); c != nil {
				return c
			}
		}
		if what := compositeName(v.text); what != "" {
			return &complaint{term: v.term, found: fmt.Sprintf("%q: %q, in which %s stands for the address", name, v.text, what),
				expected: "one address; some x in … goes through several"}
		}
		ref, err := inventory.ParseRef(v.text)
		if err != nil {
			return &complaint{term: v.term, found: fmt.Sprintf("%q: %s", name, err), suggestion: nearestReference(v.text, kinds)}
		}
		if ref.Name == "*" {
			return &complaint{term: v.term, found: fmt.Sprintf("%q: %q", name, v.text),
				expected: "one thing by its name; '*' stands only in the resource of a limit"}
		}
		return nil
	}
}

// compositeName says what a person's address or id is if a template made it of
// something else than a text; empty if it is a text. Of anything else it may be
// the name.
func compositeName(text string) string {
	kind, name, _ := strings.Cut(text, ":")
	if inventory.Kind(kind) != inventory.KindUser {
		return ""
	}
	name = strings.TrimPrefix(name, "#")
	if !strings.HasPrefix(name, "[") && !strings.HasPrefix(name, "{") {
		return ""
	}
	var x any
	if json.Unmarshal([]byte(name), &x) == nil {
		return article(typeOf(x)) + " " + typeOf(x)
	}
	if t, err := ast.ParseTerm(name); err == nil {
		if _, ok := t.Value.(ast.Set); ok {
			return "a set"
		}
	}
	return ""
}

var bracesInText = regexp.MustCompile(`\$?\{([a-z_][\w.\[\]"]*)\}`)

// checkWriting reports what is surely a slip of writing in a reference.
func checkWriting(name string, v value) *complaint {
	kind, thing, found := strings.Cut(v.text, ":")
	trimmed := kind + ":" + strings.TrimSpace(thing)
	switch {
	case bracesInText.MatchString(v.text):
		return &complaint{term: v.term, found: fmt.Sprintf("%q: %q, in which braces are braces", name, v.text),
			expected: "$ before the quotes of a text with expressions in it", suggestion: "$" + strconv.Quote(bracesInText.ReplaceAllString(v.text, "{$1}"))}
	case found && trimmed != v.text:
		return &complaint{term: v.term, found: fmt.Sprintf("%q: %q, with space around the name", name, v.text),
			expected: "the name exactly", suggestion: strconv.Quote(trimmed)}
	case found && kind == string(inventory.KindUser) && strings.ContainsAny(thing, " \t") && strings.Contains(thing, "@"):
		return &complaint{term: v.term, found: fmt.Sprintf("%q: %q, an e-mail address with a space in it", name, v.text),
			expected: "the address alone", suggestion: strconv.Quote(kind + ":" + strings.Join(strings.Fields(thing), ""))}
	}
	return nil
}

// wildcard is reference, where "team:*", "schedule:*" and "group:*" may stand
// too.
func wildcard(kinds []inventory.Kind) check {
	exact := reference(kinds)
	return func(name string, v value, e element) *complaint {
		if v.known() && slices.Contains([]string{"team:*", "schedule:*", "group:*"}, v.text) {
			return nil
		}
		return exact(name, v, e)
	}
}

func checkKind(name string, v value, kinds []inventory.Kind) *complaint {
	kind, ok := v.kind()
	if !ok || slices.Contains(kinds, kind) {
		return nil
	}
	c := &complaint{term: v.term, found: fmt.Sprintf("%q: %q", name, v.text), expected: kindList(kinds)}
	if !v.whole {
		c.found = fmt.Sprintf("%q beginning with %q", name, v.text)
	}
	if hint, ok := kindHints[kind]; ok && slices.Contains(kinds, hint) {
		c.suggestion = strconv.Quote(string(hint) + ":…")
	} else if near, ok := nearest(string(kind), kindNames(kinds)); ok {
		c.suggestion = strconv.Quote(near + ":…")
	}
	return c
}

// kindHints are the kinds that authors mean by another word.
var kindHints = map[inventory.Kind]inventory.Kind{
	inventory.KindSchedule: inventory.KindOnCall, inventory.KindOnCall: inventory.KindSchedule,
	"email": inventory.KindUser, "person": inventory.KindUser, "mailto": inventory.KindUser,
	"on_call": inventory.KindOnCall, "on-call": inventory.KindOnCall,
	"escalation_policy": inventory.KindEscalation, "policy": inventory.KindEscalation, "ep": inventory.KindEscalation,
}

func kindNames(kinds []inventory.Kind) []string {
	out := make([]string, len(kinds))
	for i, k := range kinds {
		out[i] = string(k)
	}
	return out
}

func kindList(kinds []inventory.Kind) string {
	out := make([]string, len(kinds))
	for i, k := range kinds {
		out[i] = string(k) + ":"
		if k == inventory.KindAccount {
			out[i] = string(k)
		}
	}
	return list(out, "or")
}

// nearestReference is the quoted reference that text may have meant.
func nearestReference(text string, kinds []inventory.Kind) string {
	_, _, hasKind := strings.Cut(text, ":")
	switch {
	case !hasKind && strings.Contains(text, "@") && slices.Contains(kinds, inventory.KindUser):
		return strconv.Quote("user:" + text)
	case !hasKind && text != "" && slices.Contains(kinds, inventory.KindTeam) && !slices.Contains(kinds, inventory.KindUser) && !strings.EqualFold(text, "account"):
		return strconv.Quote("team:" + text)
	case !hasKind && text != "" && slices.Contains(kinds, inventory.KindGroup) && !strings.ContainsAny(text, " @"):
		return strconv.Quote("group:" + text)
	case strings.EqualFold(text, "account") && slices.Contains(kinds, inventory.KindAccount):
		return strconv.Quote("account")
	}
	return ""
}

func words(name string, v value, e element) *complaint {
	if v.known() && strings.TrimSpace(v.text) == "" {
		return &complaint{term: v.term, found: fmt.Sprintf("%q: an empty string", name), expected: "some text"}
	}
	return nil
}

func anyText(string, value, element) *complaint { return nil }

func groupName(name string, v value, e element) *complaint {
	if bare, ok := strings.CutPrefix(v.text, "group:"); ok {
		c := &complaint{
			term:     v.term,
			found:    fmt.Sprintf("%q: %q", name, v.text),
			expected: fmt.Sprintf("the group's bare name: %q is where the group is named, %q is how others refer to it", name, "group:…"),
		}
		if v.known() {
			c.suggestion = strconv.Quote(bare)
		}
		return c
	}
	bad := ""
	switch {
	case v.known() && v.text == "":
		bad = "an empty string"
	case strings.ContainsAny(v.text, "\r\n"):
		bad = "a name with a line break"
	case strings.HasPrefix(v.text, "#"):
		bad = fmt.Sprintf("%q, which begins with '#'", v.text)
	default:
		return nil
	}
	return &complaint{term: v.term, found: fmt.Sprintf("%q: %s", name, bad),
		expected: "a name that is not empty, has no line break and does not begin with '#'"}
}

func moment(name string, v value, e element) *complaint {
	if !v.known() {
		return nil
	}
	if t, err := time.Parse(time.RFC3339, v.text); err == nil {
		if year := t.UTC().Year(); year < 1 || year > 9999 {
			return &complaint{term: v.term, found: fmt.Sprintf("%q: %q, which is in the year %d in UTC", name, v.text, year),
				expected: "a time of the years 1 to 9999 in UTC", suggestion: strconv.Quote(t.Format("2006-01-02T15:04:05Z"))}
		}
		return nil
	}
	c := &complaint{term: v.term, found: fmt.Sprintf("%q: %q", name, v.text), expected: "an RFC 3339 time such as 2026-12-01T09:00:00Z"}
	if _, err := time.Parse(time.DateOnly, v.text); err == nil {
		c.suggestion = strconv.Quote(v.text + "T00:00:00Z")
	} else if _, err := time.Parse(time.RFC3339, v.text+"Z"); err == nil {
		c.suggestion = strconv.Quote(v.text + "Z")
	} else if _, err := time.Parse(time.DateTime, v.text); err == nil {
		c.suggestion = strconv.Quote(strings.Replace(v.text, " ", "T", 1) + "Z")
	} else if t, err := time.Parse("2006-01-02T15:04Z07:00", v.text); err == nil {
		c.suggestion = strconv.Quote(t.Format(time.RFC3339))
	} else {
		for _, layout := range []string{"2006-01-02T15:04", "2006-01-02 15:04", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04Z07:00", "2006-01-02T15:04:05Z0700"} {
			if t, err := time.Parse(layout, v.text); err == nil {
				c.suggestion = strconv.Quote(t.Format(time.RFC3339))
			}
		}
	}
	return c
}

func duration(name string, v value, e element) *complaint {
	if !v.known() {
		return nil
	}
	if d, err := time.ParseDuration(v.text); err == nil && d >= 0 {
		return nil
	}
	c := &complaint{term: v.term, found: fmt.Sprintf("%q: %q", name, v.text),
		expected: `a length of time, not negative, such as "15m" or "1h30m"`}
	if _, err := strconv.Atoi(v.text); err == nil && !strings.HasPrefix(v.text, "-") {
		c.suggestion = strconv.Quote(v.text + "m")
	} else if m := wordyLength.FindStringSubmatch(strings.ToLower(v.text)); m != nil {
		n, _ := strconv.Atoi(m[1])
		switch m[2][0] {
		case 'd':
			c.suggestion = strconv.Quote(fmt.Sprintf("%dh", 24*n))
		default:
			c.suggestion = strconv.Quote(fmt.Sprintf("%d%c", n, m[2][0]))
		}
	}
	return c
}

// wordyLength is how people write lengths of time.
var wordyLength = regexp.MustCompile(`^(\d{1,6})\s*(s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?)$`)

func oneOf(what string, allowed []string) check {
	return func(name string, v value, e element) *complaint {
		if !v.known() || slices.Contains(allowed, v.text) {
			return nil
		}
		c := &complaint{term: v.term, found: fmt.Sprintf("unknown %s %q", what, v.text), expected: list(allowed, "or")}
		if near, ok := nearest(v.text, allowed); ok {
			c.suggestion = strconv.Quote(near)
		}
		return c
	}
}

func grantRole(name string, v value, e element) *complaint {
	kind, known := e.fields["resource"].kind()
	return checkRole(v, kind, known, rolesOn)
}

func protectRole(name string, v value, e element) *complaint {
	kind, known := e.fields["resource"].kind()
	return checkRole(v, kind, known, func(k inventory.Kind) []string {
		if k == inventory.KindAccount {
			return append([]string{"owner"}, rolesOn(k)...)
		}
		return rolesOn(k)
	})
}

func limitRole(name string, v value, e element) *complaint {
	kind, known := e.fields["resource"].kind()
	return checkRole(v, kind, known, func(k inventory.Kind) []string {
		if k == inventory.KindSchedule || k == inventory.KindGroup {
			return []string{inventory.None}
		}
		return append(rolesOn(k), inventory.None)
	})
}

// rolesOn are the roles that a grant may give on a kind of resource.
func rolesOn(kind inventory.Kind) []string {
	switch kind {
	case inventory.KindAccount:
		return inventory.BaseRoles()
	case inventory.KindTeam:
		return inventory.TeamRoles()
	case inventory.KindSchedule:
		return slices.Clone(scheduleRoles)
	}
	return nil
}

// checkRole checks a role against those of the resource's kind, or against all
// while the kind is not known.
func checkRole(v value, kind inventory.Kind, kindKnown bool, roles func(inventory.Kind) []string) *complaint {
	if !v.known() {
		return nil
	}
	where, allowed := "", roles(kind)
	switch {
	case !kindKnown:
		for _, k := range limitKinds {
			allowed = append(allowed, roles(k)...)
		}
	case allowed == nil:
		return nil // the resource itself is what is wrong
	case kind == inventory.KindAccount:
		where = " on the account"
	default:
		where = " on a " + string(kind)
	}
	if slices.Contains(allowed, v.text) {
		return nil
	}
	c := &complaint{term: v.term, found: fmt.Sprintf("unknown role %q%s", v.text, where), expected: list(uniq(allowed), "or")}
	if v.text == "owner" && kind == inventory.KindAccount {
		c.expected += "; PagerDuty's API can't make anybody owner"
	}
	if role, ok := roleLabelled(v.text); ok && kind == inventory.KindAccount {
		c.suggestion = fmt.Sprintf("%q, which PagerDuty's pages call %s", role, inventory.BaseRoleLabel(role))
	} else if near, ok := nearest(v.text, allowed); ok {
		c.suggestion = strconv.Quote(near)
	}
	return c
}

// roleLabelled is the base role of that label on PagerDuty's own pages.
func roleLabelled(label string) (string, bool) {
	for _, role := range inventory.BaseRoles() {
		if l := inventory.BaseRoleLabel(role); l != role && strings.EqualFold(l, label) {
			return role, true
		}
	}
	return "", false
}

func uniq(words []string) []string {
	var out []string
	for _, w := range words {
		if !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	return out
}

func wholeGrant(e element) []complaint {
	out := wholeWindow(e)
	role, hasRole := e.fields["role"]
	if !hasRole || !role.known() {
		return out
	}
	if role.text == "override" && !e.open {
		for _, name := range []string{"from", "until"} {
			if _, ok := e.fields[name]; !ok {
				out = append(out, complaint{term: e.term, found: fmt.Sprintf("an override without %q", name),
					expected: `an override to have "from" and "until"`})
			}
		}
	}
	if layer, ok := e.fields["layer"]; ok && role.text != "rotation" {
		out = append(out, complaint{term: layer.term, found: fmt.Sprintf("%q with role %q", "layer", role.text),
			expected: `"layer" only with role "rotation"`})
	}
	if replaces, ok := e.fields["replaces"]; ok && role.text != "override" {
		out = append(out, complaint{term: replaces.term, found: fmt.Sprintf("%q with role %q", "replaces", role.text),
			expected: `"replaces" only with role "override"`})
	}
	return out
}

func wholeMember(e element) []complaint {
	out := wholeWindow(e)
	kind, ok := e.fields["principal"].kind()
	if !ok || kind == inventory.KindOnCall || kind == inventory.KindEscalation {
		return out
	}
	for _, field := range []struct{ name, why string }{
		{"lead", "it widens shifts"}, {"lag", "it widens shifts"}, {"when_empty", "it is about the time between shifts"},
	} {
		if v, ok := e.fields[field.name]; ok {
			out = append(out, complaint{term: v.term, found: fmt.Sprintf("%q with a principal %s:", field.name, kind),
				expected: fmt.Sprintf("%q only with oncall: or escalation:, for %s", field.name, field.why)})
		}
	}
	return out
}

// wholeWindow checks that a window has an inside.
func wholeWindow(e element) []complaint {
	from, err1 := time.Parse(time.RFC3339, e.fields["from"].text)
	until, err2 := time.Parse(time.RFC3339, e.fields["until"].text)
	if err1 != nil || err2 != nil || from.Before(until) {
		return nil
	}
	return []complaint{{term: e.fields["until"].term,
		found:    fmt.Sprintf("%q %s, which is not after %q %s", "until", e.fields["until"].text, "from", e.fields["from"].text),
		expected: "a window that ends after it begins"}}
}

func wholeProtect(e element) []complaint {
	_, principal := e.fields["principal"]
	_, resource := e.fields["resource"]
	if principal || resource || e.open {
		return nil
	}
	return []complaint{{term: e.term, found: "a protect with neither principal nor resource", expected: "one of them, or both"}}
}

func wholeEmpty(e element) []complaint {
	layer, ok := e.fields["layer"]
	kind, known := e.fields["resource"].kind()
	if !ok || !known || kind == inventory.KindSchedule {
		return nil
	}
	return []complaint{{term: layer.term, found: fmt.Sprintf("%q with a resource %s:", "layer", kind), expected: `"layer" only with a schedule`}}
}

// looksLikeID is the form of PagerDuty's ids. Source: ids in PagerDuty's API
// reference, 7 or 14 characters.
var looksLikeID = regexp.MustCompile(`^[PQ](?:[A-Z0-9]{6}|[A-Z0-9]{13})$`)

// idsForNames warns of names that look like ids: an id stands behind '#'.
func (e element) idsForNames() []complaint {
	var out []complaint
	for _, field := range e.order {
		v := e.fields[field]
		kind, name, found := strings.Cut(v.text, ":")
		if !v.known() || !found || kind == string(inventory.KindGroup) || !looksLikeID.MatchString(name) || !strings.ContainsAny(name, "0123456789") {
			continue
		}
		out = append(out, complaint{term: v.term, warning: true, found: fmt.Sprintf("%q: %q, whose name looks like a PagerDuty id", field, v.text),
			expected: "an id behind '#'", suggestion: strconv.Quote(kind + ":#" + name)})
	}
	return out
}
