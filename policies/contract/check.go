package contract

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
	"github.com/dutyward/dutyward/policies"
)

// Kind is the kind of the reference that v is or begins; ok is false while it
// can't be known.
func (v Value) Kind() (kind inventory.Kind, ok bool) {
	if v.Known() && v.Text == string(inventory.KindAccount) {
		return inventory.KindAccount, true
	}
	head, _, found := strings.Cut(v.Text, ":")
	if !found {
		return "", false
	}
	base, _, _ := strings.Cut(head, "@")
	return inventory.Kind(base), true
}

func reference(kinds []inventory.Kind) check {
	return func(name string, v Value, e Element) *Complaint {
		if c := checkKind(name, v, kinds); c != nil {
			return c
		}
		if !v.Known() {
			return nil
		}
		if v.Written {
			if c := checkWriting(name, v); c != nil {
				return c
			}
		}
		if what := compositeName(v.Text); what != "" {
			return &Complaint{Code: codeBadReference, Term: v.Term, Found: fmt.Sprintf("%q: %q, in which %s stands for the address", name, v.Text, what),
				Expected: "one address; some x in … goes through several"}
		}
		if c := checkMade(name, v); c != nil {
			return c
		}
		ref, err := inventory.ParseRef(v.Text)
		if err != nil {
			return &Complaint{Code: codeBadReference, Term: v.Term, Found: fmt.Sprintf("%q: %s", name, err), Suggestion: nearestReference(v.Text, kinds)}
		}
		if ref.Name == "*" {
			return &Complaint{Code: codeBadReference, Term: v.Term, Found: fmt.Sprintf("%q: %q", name, v.Text),
				Expected: "one thing by its name; '*' stands only in the resource of a limit"}
		}
		return nil
	}
}

// formatMark is what sprintf leaves where a verb and its value do not fit.
var formatMark = regexp.MustCompile(`%!(?:[a-zA-Z]\(|\()`)

// checkMade reports a reference that was made wrongly: by a format that does not fit, or
// of several addresses.
func checkMade(name string, v Value) *Complaint {
	kind, thing, _ := strings.Cut(v.Text, ":")
	switch {
	case formatMark.MatchString(v.Text):
		return &Complaint{Code: codeBadReference, Term: v.Term, Found: fmt.Sprintf("%q with %q, by which sprintf says that a verb and its value do not fit", name, formatMark.FindString(v.Text)),
			Expected: "%s for a text, %d for a number, %v for anything; a template is simpler: $\"user:{p.email}\""}
	case inventory.Kind(kind) == inventory.KindUser && address(thing) != "":
		return &Complaint{Code: codeBadReference, Term: v.Term, Found: fmt.Sprintf("%q: %q, in which more than the address stands behind the colon", name, v.Text),
			Expected: "the address alone", Suggestion: strconv.Quote("user:" + address(thing))}
	case inventory.Kind(kind) == inventory.KindUser && strings.Count(thing, "@") > 1 && strings.ContainsAny(thing, ",; "):
		return &Complaint{Code: codeBadReference, Term: v.Term, Found: fmt.Sprintf("%q: %q, several addresses in one text", name, v.Text),
			Expected: "one address for each element: a list in the data, such as [ann@acme.com, bob@acme.com], and some email in p.emails"}
	}
	return nil
}

// addressed is an address as mail programs write it, or as a reference already.
var addressed = regexp.MustCompile(`^(?:(?:mailto|user|email):\s*|[^<>@]*<)([^<>@\s]+@[^<>@\s]+)>?$`)

// address is the e-mail address in what is more than one; empty if it is none, or alone.
func address(text string) string {
	if m := addressed.FindStringSubmatch(strings.TrimSpace(text)); m != nil {
		return m[1]
	}
	return ""
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
		return policies.Article(TypeOf(x)) + " " + TypeOf(x)
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
func checkWriting(name string, v Value) *Complaint {
	kind, thing, found := strings.Cut(v.Text, ":")
	trimmed := kind + ":" + strings.TrimSpace(thing)
	switch {
	case bracesInText.MatchString(v.Text):
		return &Complaint{Code: codeBadReference, Term: v.Term, Found: fmt.Sprintf("%q: %q, in which braces are braces", name, v.Text),
			Expected: "$ before the quotes of a text with expressions in it", Suggestion: "$" + strconv.Quote(bracesInText.ReplaceAllString(v.Text, "{$1}"))}
	case found && trimmed != v.Text:
		return &Complaint{Code: codeBadReference, Term: v.Term, Found: fmt.Sprintf("%q: %q, with space around the name", name, v.Text),
			Expected: "the name exactly", Suggestion: strconv.Quote(trimmed)}
	case found && kind == string(inventory.KindUser) && strings.ContainsAny(thing, " \t") && strings.Contains(thing, "@"):
		return &Complaint{Code: codeBadReference, Term: v.Term, Found: fmt.Sprintf("%q: %q, an e-mail address with a space in it", name, v.Text),
			Expected: "the address alone", Suggestion: strconv.Quote(kind + ":" + strings.Join(strings.Fields(thing), ""))}
	}
	return nil
}

// wildcard is reference, where "team:*", "schedule:*" and "group:*" may stand
// too.
func wildcard(kinds []inventory.Kind) check {
	exact := reference(kinds)
	return func(name string, v Value, e Element) *Complaint {
		if v.Known() && slices.Contains([]string{"team:*", "schedule:*", "group:*"}, v.Text) {
			return nil
		}
		return exact(name, v, e)
	}
}

func checkKind(name string, v Value, kinds []inventory.Kind) *Complaint {
	kind, ok := v.Kind()
	if !ok || slices.Contains(kinds, kind) {
		return nil
	}
	c := &Complaint{Code: codeWrongKind, Term: v.Term, Found: fmt.Sprintf("%q: %q", name, v.Text), Expected: kindList(kinds)}
	if !v.Whole {
		c.Found = fmt.Sprintf("%q beginning with %q", name, v.Text)
	}
	if hint, ok := kindHints[kind]; ok && slices.Contains(kinds, hint) {
		c.Suggestion = strconv.Quote(string(hint) + ":…")
	} else if near, ok := policies.Nearest(string(kind), kindNames(kinds)); ok {
		c.Suggestion = strconv.Quote(near + ":…")
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
	return policies.List(out, "or")
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

func words(name string, v Value, e Element) *Complaint {
	if v.Known() && strings.TrimSpace(v.Text) == "" {
		return &Complaint{Code: codeEmptyText, Term: v.Term, Found: fmt.Sprintf("%q: an empty string", name), Expected: "some text"}
	}
	return nil
}

func anyText(string, Value, Element) *Complaint { return nil }

func groupName(name string, v Value, e Element) *Complaint {
	if bare, ok := strings.CutPrefix(v.Text, "group:"); ok {
		c := &Complaint{
			Code:     codeGroupName,
			Term:     v.Term,
			Found:    fmt.Sprintf("%q: %q", name, v.Text),
			Expected: fmt.Sprintf("the group's bare name: %q is where the group is named, %q is how others refer to it", name, "group:…"),
		}
		if v.Known() {
			c.Suggestion = strconv.Quote(bare)
		}
		return c
	}
	bad := ""
	switch {
	case v.Known() && v.Text == "":
		bad = "an empty string"
	case strings.ContainsAny(v.Text, "\r\n"):
		bad = "a name with a line break"
	case strings.HasPrefix(v.Text, "#"):
		bad = fmt.Sprintf("%q, which begins with '#'", v.Text)
	default:
		return nil
	}
	return &Complaint{Code: codeGroupName, Term: v.Term, Found: fmt.Sprintf("%q: %s", name, bad),
		Expected: "a name that is not empty, has no line break and does not begin with '#'"}
}

func duration(name string, v Value, e Element) *Complaint {
	if !v.Known() {
		return nil
	}
	if d, err := time.ParseDuration(v.Text); err == nil && d >= 0 {
		return nil
	}
	c := &Complaint{Code: codeBadDuration, Term: v.Term, Found: fmt.Sprintf("%q: %q", name, v.Text),
		Expected: `a length of time, not negative, such as "15m" or "1h30m"`}
	if _, err := strconv.Atoi(v.Text); err == nil && !strings.HasPrefix(v.Text, "-") {
		c.Suggestion = strconv.Quote(v.Text + "m")
	} else if m := wordyLength.FindStringSubmatch(strings.ToLower(v.Text)); m != nil {
		n, _ := strconv.Atoi(m[1])
		switch m[2][0] {
		case 'd':
			c.Suggestion = strconv.Quote(fmt.Sprintf("%dh", 24*n))
		default:
			c.Suggestion = strconv.Quote(fmt.Sprintf("%d%c", n, m[2][0]))
		}
	}
	return c
}

// wordyLength is how people write lengths of time.
var wordyLength = regexp.MustCompile(`^(\d{1,6})\s*(s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?)$`)

func oneOf(what string, allowed []string) check {
	return func(name string, v Value, e Element) *Complaint {
		if !v.Known() || slices.Contains(allowed, v.Text) {
			return nil
		}
		c := &Complaint{Code: codeUnknownValue, Term: v.Term, Found: fmt.Sprintf("unknown %s %q", what, v.Text), Expected: policies.List(allowed, "or")}
		if near, ok := policies.Nearest(v.Text, allowed); ok {
			c.Suggestion = strconv.Quote(near)
		}
		return c
	}
}

// Uniq is words without repetitions, in their order.
func Uniq(words []string) []string {
	var out []string
	for _, w := range words {
		if !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	return out
}

// looksLikeID is the form of PagerDuty's ids. Source: ids in PagerDuty's API
// reference, 7 or 14 characters.
var looksLikeID = regexp.MustCompile(`^[PQ](?:[A-Z0-9]{6}|[A-Z0-9]{13})$`)

// IdsForNames warns of names that look like ids: an id stands behind '#'.
func (e Element) IdsForNames() []Complaint {
	var out []Complaint
	for _, field := range e.Order {
		v := e.Fields[field]
		kind, name, found := strings.Cut(v.Text, ":")
		if !v.Known() || !found || kind == string(inventory.KindGroup) || !looksLikeID.MatchString(name) || !strings.ContainsAny(name, "0123456789") {
			continue
		}
		ref, _ := inventory.ParseRef(v.Text)
		out = append(out, Complaint{Code: CodeIDAsName, About: policies.Subject(ref), Term: v.Term, Warning: true, Found: fmt.Sprintf("%q: %q, whose name looks like a PagerDuty id", field, v.Text),
			Expected: "an id behind '#'", Suggestion: strconv.Quote(kind + ":#" + name)})
	}
	return out
}
