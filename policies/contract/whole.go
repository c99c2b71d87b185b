package contract

import (
	"fmt"
	"time"

	"github.com/dutyward/dutyward/inventory"
)

func wholeGrant(e Element) []Complaint {
	out := wholeWindow(e)
	role, hasRole := e.Fields["role"]
	if !hasRole || !role.Known() {
		return out
	}
	if role.Text == "override" && !e.Open {
		for _, name := range []string{"from", "until"} {
			if _, ok := e.Fields[name]; !ok {
				out = append(out, Complaint{Code: CodeOverrideBounds, Term: e.Term, Found: fmt.Sprintf("an override without %q", name),
					Expected: `an override to have "from" and "until"`})
			}
		}
	}
	if layer, ok := e.Fields["layer"]; ok && role.Text != "rotation" {
		out = append(out, Complaint{Code: codeUnfitField, Term: layer.Term, Found: fmt.Sprintf("%q with role %q", "layer", role.Text),
			Expected: `"layer" only with role "rotation"`})
	}
	if replaces, ok := e.Fields["replaces"]; ok && role.Text != "override" {
		out = append(out, Complaint{Code: codeUnfitField, Term: replaces.Term, Found: fmt.Sprintf("%q with role %q", "replaces", role.Text),
			Expected: `"replaces" only with role "override"`})
	}
	return out
}

func wholeMember(e Element) []Complaint {
	out := wholeWindow(e)
	kind, ok := e.Fields["principal"].Kind()
	if !ok || kind == inventory.KindOnCall || kind == inventory.KindEscalation {
		return out
	}
	for _, field := range []struct{ name, why string }{
		{"lead", "it widens shifts"}, {"lag", "it widens shifts"}, {"when_empty", "it is about the time between shifts"},
	} {
		if v, ok := e.Fields[field.name]; ok {
			out = append(out, Complaint{Code: codeUnfitField, Term: v.Term, Found: fmt.Sprintf("%q with a principal %s:", field.name, kind),
				Expected: fmt.Sprintf("%q only with oncall: or escalation:, for %s", field.name, field.why)})
		}
	}
	return out
}

// wholeWindow checks that a window has an inside.
func wholeWindow(e Element) []Complaint {
	from, err1 := time.Parse(time.RFC3339, e.Fields["from"].Text)
	until, err2 := time.Parse(time.RFC3339, e.Fields["until"].Text)
	if err1 != nil || err2 != nil || from.Before(until) {
		return nil
	}
	return []Complaint{{Code: codeEmptyWindow, Term: e.Fields["until"].Term,
		Found:    fmt.Sprintf("%q %s, which is not after %q %s", "until", e.Fields["until"].Text, "from", e.Fields["from"].Text),
		Expected: "a window that ends after it begins"}}
}

func wholeProtect(e Element) []Complaint {
	_, principal := e.Fields["principal"]
	_, resource := e.Fields["resource"]
	if principal || resource || e.Open {
		return nil
	}
	return []Complaint{{Code: codeUnboundedProtect, Term: e.Term, Found: "a protect with neither principal nor resource", Expected: "one of them, or both"}}
}

func wholeEmpty(e Element) []Complaint {
	layer, ok := e.Fields["layer"]
	kind, known := e.Fields["resource"].Kind()
	if !ok || !known || kind == inventory.KindSchedule {
		return nil
	}
	return []Complaint{{Code: codeUnfitField, Term: layer.Term, Found: fmt.Sprintf("%q with a resource %s:", "layer", kind), Expected: `"layer" only with a schedule`}}
}
