package check

import (
	"fmt"
	"strings"

	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/source"
)

var pointlessUntils = Analyzer{
	Name: "pointless-untils",
	Doc:  "an until that a permanent grant makes pointless",
	Run:  checkPointlessUntils,
}

// checkPointlessUntils warns of an until that a grant without one makes pointless.
func checkPointlessUntils(p *source.Pass) {
	s := statedIn(p)
	key := func(g statedElement) (string, bool) {
		for _, f := range []string{"principal", "resource", "role"} {
			if !g.Fields[f].Known() {
				return "", false
			}
		}
		return strings.Join([]string{g.Text("principal"), g.Text("resource"), g.Text("role"), g.Text("layer")}, "\x00"), true
	}
	permanent := map[string]statedElement{}
	for _, g := range s.grants {
		_, from := g.Fields["from"]
		_, until := g.Fields["until"]
		if k, ok := key(g); ok && g.always && !from && !until && !g.Open {
			permanent[k] = g
		}
	}
	for _, g := range s.grants {
		until, ok := g.Fields["until"]
		k, known := key(g)
		other, swallows := permanent[k]
		if !ok || !known || !swallows || until.Key == nil {
			continue
		}
		p.Besides(until.Key.Location, policies.Problem{Code: policies.CodePointlessUntil, Warning: true, See: shortPlace(other.rule),
			Found:    fmt.Sprintf(`an "until" that ends nothing: %s grants the same permanently`, shortPlace(other.Term.Location)),
			Expected: "one of the two grants"})
	}
}
