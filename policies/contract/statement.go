package contract

import (
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
)

// Problem is c for the element shown.
func (c Complaint) Problem(shown string) policies.Problem {
	return policies.Problem{Code: c.Code, About: c.About, Message: shown, Found: shortened(c.Found), Expected: c.Expected, Suggestion: c.Suggestion, Warning: c.Warning}
}

// Key is equal for elements that say the same.
func (e Element) Key() string {
	var b strings.Builder
	b.Grow(96)
	b.WriteString(e.Rule.Name)
	for _, f := range e.Rule.Fields {
		if f.Name == "source" {
			continue
		}
		b.WriteByte(0)
		if t := e.moment(f.Name); t != nil {
			b.WriteString(t.Format(time.RFC3339Nano))
			continue
		}
		b.WriteString(e.Text(f.Name))
	}
	return b.String()
}

// Statement is what a checked element says, without its origins.
func (e Element) Statement() any {
	switch e.Rule.Name {
	case "grant":
		return policies.Grant{
			Principal: e.ref("principal"), Resource: e.ref("resource"), Role: e.Text("role"),
			From: e.moment("from"), Until: e.moment("until"), Layer: e.Text("layer"),
			Replaces: e.ref("replaces"), Reason: e.Text("reason"),
		}
	case "group":
		return policies.Group{Name: e.Text("name"), Description: e.Text("description"), Owner: e.Text("owner")}
	case "member":
		return policies.Member{
			Group: e.Text("group"), Principal: e.ref("principal"), From: e.moment("from"), Until: e.moment("until"),
			Lead: e.length("lead"), Lag: e.length("lag"), WhenEmpty: e.Text("when_empty"),
		}
	case "limit":
		return policies.Limit{
			Principal: e.ref("principal"), Resource: e.ref("resource"), AtMost: e.Text("at_most"), Reason: e.Text("reason"),
		}
	case "protect":
		return policies.Protect{
			Principal: e.ref("principal"), Resource: e.ref("resource"), Role: e.Text("role"),
			Until: e.moment("until"), Reason: e.Text("reason"),
		}
	case "leaver":
		return policies.Leaver{Principal: e.ref("principal"), Since: e.moment("since"), Reason: e.Text("reason")}
	case "empty":
		return policies.Empty{Resource: e.ref("resource"), Layer: e.Text("layer"), Reason: e.Text("reason")}
	case "finding":
		return policies.Finding{
			Rule: e.Text("rule"), Subject: e.ref("subject"), Severity: e.Text("severity"), Message: e.Text("message"),
			Resource: e.ref("resource"), Remediation: e.Text("remediation"),
		}
	case "waive":
		return policies.Waiver{
			Rule: e.Text("rule"), Subject: e.ref("subject"), Resource: e.ref("resource"),
			Reason: e.Text("reason"), Until: *e.moment("until"),
		}
	}
	return nil
}

// Text is a field's string; empty where it is absent.
func (e Element) Text(name string) string { return e.Fields[name].Text }

// moment is a field's time; nil where it is absent or no time.
func (e Element) moment(name string) *time.Time {
	if name != "from" && name != "until" && name != "since" {
		return nil
	}
	v, ok := e.Fields[name]
	if !ok {
		return nil
	}
	t, err := time.Parse(time.RFC3339, v.Text)
	if err != nil {
		return nil
	}
	t = t.UTC()
	return &t
}

// ref is a field's reference, which has been checked.
func (e Element) ref(name string) inventory.Ref {
	var r inventory.Ref
	if text := e.Text(name); text != "" {
		r, _ = inventory.ParseRef(text)
	}
	return r
}

func (e Element) length(name string) time.Duration {
	d, _ := time.ParseDuration(e.Text(name))
	return d
}
