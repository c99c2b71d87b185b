package trace

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// personal are the members that tell of people and of what they call things, or where
// these are found: a trace has a made-up value for each, the same for the same.
var personal = []string{
	"name", "email", "summary", "address", "label", "job_title", "description", "user_name", "title", "message", "details",
	"html_url", "self", "avatar_url", "secret", "integration_email", "integration_key", "endpoint_url", "url", "point_of_contact",
}

// masked says that what a member holds is left out of comparisons.
func masked(name string) bool { return slices.Contains(personal, name) }

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
	out, err := json.Marshal(m.value("", v))
	if err != nil {
		return nil
	}
	return out
}

func (m *mask) value(name string, v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, inner := range v {
			v[key] = m.value(key, inner)
		}
		return v
	case []any:
		for i := range v {
			v[i] = m.value(name, v[i])
		}
		return v
	case string:
		if masked(name) {
			return m.pseudonym(name, v)
		}
	}
	return v
}

// text is the address of a request without what is searched for in it, unless that was
// made up.
func (m *mask) text(uri string) string {
	u, err := url.Parse(uri)
	if err != nil {
		return "/"
	}
	q := u.Query()
	for _, name := range []string{"query", "name"} {
		if value := q.Get(name); value != "" {
			q.Set(name, m.pseudonym("query", value))
		}
	}
	u.RawQuery = q.Encode()
	return u.RequestURI()
}
