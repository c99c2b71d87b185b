package contract

import (
	"fmt"
	"math"
	"strconv"
)

// MostTurns is how many turns within a cycle a grant may give somebody.
const MostTurns = 10

// turnOrder checks where in a cycle somebody who joins comes: any number.
func turnOrder(string, Value, Element) *Complaint { return nil }

// turnWeight checks how many turns within a cycle somebody has.
func turnWeight(name string, v Value, e Element) *Complaint {
	if v.Text == "" {
		return nil
	}
	n, err := strconv.ParseFloat(v.Text, 64)
	if err == nil && n == math.Trunc(n) && n >= 1 && n <= MostTurns {
		return nil
	}
	c := &Complaint{Code: codeUnknownValue, Term: v.Term, Found: fmt.Sprintf("%q: %s", name, v.Text), Expected: fmt.Sprintf("how many turns within a cycle: a whole number from 1 to %d", MostTurns)}
	if err == nil && n == 0 {
		c.Expected += "; whoever is to have none gets no grant"
	}
	return c
}

// wholeTurns refuses what says something of turns where a grant is not about them.
func wholeTurns(e Element, role string) []Complaint {
	var out []Complaint
	for _, name := range []string{"layer", "order", "weight"} {
		if v, ok := e.Fields[name]; ok && role != "rotation" {
			out = append(out, Complaint{Code: codeUnfitField, Term: v.Term, Found: fmt.Sprintf("%q with role %q", name, role),
				Expected: fmt.Sprintf("%q only with role \"rotation\"", name)})
		}
	}
	return out
}

// order is where in a cycle somebody who joins comes; nil where that is not said.
func (e Element) order() *float64 {
	n, err := strconv.ParseFloat(e.Text("order"), 64)
	if err != nil {
		return nil
	}
	return &n
}

// weight is how many turns within a cycle somebody has; 0 where that is not said.
func (e Element) weight() int {
	n, err := strconv.ParseFloat(e.Text("weight"), 64)
	if err != nil {
		return 0
	}
	return int(n)
}
