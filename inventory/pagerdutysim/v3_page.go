package pagerdutysim

import (
	"net/http"
	"strconv"
)

// The sizes of pages of v3. Sources: PagerDuty's API description, parameters
// schedule_v3_limit and schedule_v3_limit_schedules.
const (
	v3DefaultSchedules = 100
	v3MaxSchedules     = 1_000
	v3DefaultParts     = 25
	v3MaxParts         = 100
)

// v3Paginate answers a page of items under key, with limit, offset and more but
// never a total. A limit beyond the maximum is cut, and echoed as used.
func v3Paginate[T any](s *Server, w http.ResponseWriter, r *http.Request, key string, byDefault, most int, items []T, render func(T) object) {
	limit, offset := byDefault, 0
	q := r.URL.Query()
	for name, into := range map[string]*int{"limit": &limit, "offset": &offset} {
		if !q.Has(name) {
			continue
		}
		n, err := strconv.Atoi(q.Get(name))
		if err != nil || n < 0 || name == "limit" && n == 0 {
			writeV3Invalid(w, v3Refused(name, "is not a valid number"))
			return
		}
		*into = n
	}
	if s.fault(r, FaultShift) != nil && offset > 0 && len(items) > 0 {
		items = append(items[1:len(items):len(items)], items[0])
	}
	limit = min(limit, most)
	from := min(offset, len(items))
	to := min(from+limit, len(items))
	page := []object{}
	for _, item := range items[from:to] {
		page = append(page, render(item))
	}
	writeJSON(w, http.StatusOK, object{key: page, "limit": limit, "offset": offset, "more": to < len(items)})
}
