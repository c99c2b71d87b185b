package trace

import (
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// personal are the members that tell of people and of what they call things, or where
// these are found: a trace has a made-up value for each, the same for the same.
var personal = []string{
	"name", "email", "summary", "address", "label", "job_title", "description", "user_name", "title", "message", "details",
	"html_url", "self", "avatar_url", "secret", "integration_email", "integration_key", "endpoint_url", "url", "point_of_contact",
	"content", "errors", "remote_address", "truncated_token", "incident_key",
}

// free are the members in which people put what they like, in members of their own
// names.
var free = []string{"details", "custom_details", "config", "custom_headers", "contexts"}

// kept are the members whose text tells of nobody, whatever it looks like.
var kept = []string{"time_zone", "recurrence", "method", "rotation_virtual_start"}

// plain is how ids, types, times and numbers look. Any other text may tell of people.
var plain = regexp.MustCompile(`^([A-Z][A-Z0-9]{5,15}|[a-z0-9]+([_.-][a-z0-9]+)*|[0-9]{4}-[0-9-]{5}([T ][0-9:.]+)?(Z|[+-][0-9:]{4,5})?|[0-9:]+)$`)

// masked says that what a member holds is left out of comparisons.
func masked(name string) bool { return slices.Contains(personal, name) || slices.Contains(free, name) }

// madeUp says that a text is one that a mask made up for a member.
func madeUp(name string, v any) bool {
	text, ok := v.(string)
	number, named := strings.CutPrefix(text, name+" ")
	return ok && named && strings.Trim(number, "0123456789") == ""
}

// mask makes up values, the same for the same.
type mask struct {
	made map[string]string
	seen map[string]int
}

func newMask() *mask { return &mask{made: map[string]string{}, seen: map[string]int{}} }

// pseudonym is what a member holds instead of a value.
func (m *mask) pseudonym(name, value string) string {
	if value == "" {
		return ""
	}
	key := name + "\x00" + strings.ToLower(value)
	if made, ok := m.made[key]; ok {
		return made
	}
	m.seen[name]++
	n := m.seen[name]
	made := fmt.Sprintf("%s %d", name, n)
	switch name {
	case "email", "integration_email":
		made = fmt.Sprintf("person%d@example.com", n)
	case "address":
		made = fmt.Sprintf("415555%04d", n)
		if strings.Contains(value, "@") {
			made = m.pseudonym("email", value)
		}
	case "url", "html_url", "self", "avatar_url", "endpoint_url":
		made = fmt.Sprintf("https://example.com/%d", n)
	}
	m.made[key] = made
	return made
}

// json is a body without what is personal; nil for one that is no JSON.
func (m *mask) json(body []byte) json.RawMessage {
	var v any
	if json.Unmarshal(body, &v) != nil {
		return nil
	}
	out, err := json.Marshal(m.value("", v, false))
	if err != nil {
		return nil
	}
	return out
}

// value is a value without what is personal; all of its texts are where it stands in a
// member in which people put what they like.
func (m *mask) value(name string, v any, all bool) any {
	all = all || slices.Contains(free, name)
	switch v := v.(type) {
	case map[string]any:
		for key, inner := range v {
			v[key] = m.value(key, inner, all)
		}
		return v
	case []any:
		for i := range v {
			v[i] = m.value(name, v[i], all)
		}
		return v
	case string:
		if all || masked(name) || !slices.Contains(kept, name) && !plain.MatchString(v) {
			return m.pseudonym(name, v)
		}
	}
	return v
}

// asked are the parameters whose text tells of nobody, whatever it looks like.
var asked = []string{"time_zone", "since", "until", "cursor", "sort_by", "type"}

// text is the address of a request without what is searched for in it, unless that was
// made up.
func (m *mask) text(uri string) string {
	u, err := url.Parse(uri)
	if err != nil {
		return "/"
	}
	q := u.Query()
	for name, values := range q {
		for i, value := range values {
			if name == "query" || name == "name" || !plain.MatchString(value) && !slices.Contains(asked, name) {
				values[i] = m.pseudonym("query", value)
			}
		}
	}
	u.RawQuery = q.Encode()
	return u.RequestURI()
}
