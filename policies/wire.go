package policies

import (
	"encoding/json"
	"fmt"
)

// wire is Statements as they go from one process to another: each origin once.
type wire struct {
	Origins []Origin
	// Statements have no origins, By says which they have: of all lists, in order.
	Statements *Statements
	By         [][]int
}

// Encode writes the statements, so that DecodeStatements reads equal ones.
func (st *Statements) Encode() ([]byte, error) {
	bare := *st
	w := wire{Statements: &bare}
	known := map[Origin]int{}
	bare.eachOrigins(func(origins *[]Origin) {
		by := make([]int, len(*origins))
		for i, o := range *origins {
			n, ok := known[o]
			if !ok {
				n = len(w.Origins)
				known[o] = n
				w.Origins = append(w.Origins, o)
			}
			by[i] = n
		}
		w.By = append(w.By, by)
		*origins = nil
	})
	text, err := json.Marshal(w)
	if err != nil {
		return nil, fmt.Errorf("encode statements: %w", err)
	}
	return text, nil
}

// DecodeStatements reads what Encode wrote.
func DecodeStatements(text []byte) (*Statements, error) {
	var w wire
	if err := json.Unmarshal(text, &w); err != nil {
		return nil, fmt.Errorf("decode statements: %w", err)
	}
	if w.Statements == nil {
		return nil, fmt.Errorf("decode statements: there are none")
	}
	next, fits := 0, true
	alone := make(map[int][]Origin, len(w.Origins))
	w.Statements.eachOrigins(func(origins *[]Origin) {
		if next >= len(w.By) {
			fits = false
			return
		}
		by := w.By[next]
		next++
		for _, n := range by {
			if n < 0 || n >= len(w.Origins) {
				fits = false
				return
			}
			if len(by) == 1 && alone[n] == nil {
				alone[n] = []Origin{w.Origins[n]}
			}
			if len(by) == 1 {
				*origins = alone[n]
				return
			}
			*origins = append(*origins, w.Origins[n])
		}
	})
	if !fits || next != len(w.By) {
		return nil, fmt.Errorf("decode statements: their origins do not fit")
	}
	return w.Statements, nil
}

// eachOrigins lets f change the origins of every statement, in copies of the lists.
func (st *Statements) eachOrigins(f func(*[]Origin)) {
	st.Grants = eachOf(st.Grants, func(x *Grant) { f(&x.Origins) })
	st.Groups = eachOf(st.Groups, func(x *Group) { f(&x.Origins) })
	st.Members = eachOf(st.Members, func(x *Member) { f(&x.Origins) })
	st.Limits = eachOf(st.Limits, func(x *Limit) { f(&x.Origins) })
	st.Protects = eachOf(st.Protects, func(x *Protect) { f(&x.Origins) })
	st.Leavers = eachOf(st.Leavers, func(x *Leaver) { f(&x.Origins) })
	st.Empties = eachOf(st.Empties, func(x *Empty) { f(&x.Origins) })
	st.Findings = eachOf(st.Findings, func(x *Finding) { f(&x.Origins) })
	st.Waivers = eachOf(st.Waivers, func(x *Waiver) { f(&x.Origins) })
}

func eachOf[T any](list []T, f func(*T)) []T {
	list = append([]T(nil), list...)
	for i := range list {
		f(&list[i])
	}
	return list
}
