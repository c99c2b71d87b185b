package pagerdutysim

import (
	"encoding/json"
	"net/http"
	"slices"
)

// shapes are the faults after which an answer is JSON, and says something else.
var shapes = []struct {
	kind FaultKind
	make func(answer map[string]any)
}{
	{FaultKeyless, func(answer map[string]any) {
		for _, key := range subjects(answer) {
			delete(answer, key)
		}
	}},
	{FaultNull, func(answer map[string]any) {
		for _, key := range subjects(answer) {
			answer[key] = nil
		}
	}},
	{FaultEmpty, func(answer map[string]any) {
		keep(answer, func(int) bool { return false })
	}},
	{FaultHalf, func(answer map[string]any) {
		keep(answer, func(i int) bool { return i%2 == 0 })
	}},
	{FaultUnrendered, func(answer map[string]any) {
		for _, schedule := range schedulesOf(answer) {
			delete(schedule, "final_schedule")
		}
	}},
	{FaultNobody, func(answer map[string]any) {
		for _, schedule := range schedulesOf(answer) {
			if final, ok := schedule["final_schedule"].(map[string]any); ok {
				empty(final, "rendered_schedule_entries", "computed_shift_assignments")
				final["rendered_coverage_percentage"] = 0
			}
		}
	}},
}

// reshape gives an answer of success another shape, or other records.
func (s *Server) reshape(p *reply, r *http.Request) {
	for _, shape := range shapes {
		if s.fault(r, shape.kind) == nil || p.status != http.StatusOK {
			continue
		}
		var answer map[string]any
		if json.Unmarshal(p.body.Bytes(), &answer) != nil {
			continue
		}
		shape.make(answer)
		p.replace()
		writeJSON(p, http.StatusOK, answer)
	}
}

// subjects are the keys of an answer under which stands what was asked for,
// rather than where in a list one is.
func subjects(answer map[string]any) []string {
	var keys []string
	for key, v := range answer {
		switch v.(type) {
		case []any, map[string]any:
			keys = append(keys, key)
		}
	}
	return keys
}

// keep keeps of each list in an answer the records at certain places.
func keep(answer map[string]any, at func(i int) bool) {
	for _, key := range subjects(answer) {
		list, ok := answer[key].([]any)
		if !ok {
			continue
		}
		kept := []any{}
		for i, record := range list {
			if at(i) {
				kept = append(kept, record)
			}
		}
		answer[key] = kept
		if answer["total"] != nil {
			answer["total"] = len(kept)
		}
		if answer["more"] != nil {
			answer["more"] = false
		}
	}
}

// schedulesOf are the schedules in an answer, be it one or a list.
func schedulesOf(answer map[string]any) []map[string]any {
	all, _ := answer["schedules"].([]any)
	all = append(slices.Clone(all), answer["schedule"])
	var schedules []map[string]any
	for _, v := range all {
		if schedule, ok := v.(map[string]any); ok {
			schedules = append(schedules, schedule)
		}
	}
	return schedules
}

// empty empties the lists of an object under these keys, where they are.
func empty(o map[string]any, keys ...string) {
	for _, key := range keys {
		if _, ok := o[key]; ok {
			o[key] = []any{}
		}
	}
}
