package pagerdutysim

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
)

// The sizes of pages of classic pagination. Source: PagerDuty's developer
// documentation, "Pagination".
const (
	defaultLimit = 25
	classicLimit = 100
	// maxOffset is what offset+limit may not exceed.
	maxOffset = 10_000
)

// paginate answers a page of items under key, with PagerDuty's classic
// pagination: 25 by default, at most 100, offset+limit at most 10,000, total
// only for total=true. render makes an item's JSON.
func paginate[T any](s *Server, w http.ResponseWriter, r *http.Request, key string, items []T, render func(T) any) {
	p, ok := readPage(w, r)
	if !ok {
		return
	}
	total := len(items)
	if f := s.fault(r, FaultShift); f != nil && p.offset > 0 && total > 0 {
		// Somebody renamed the first record: everything moves up by one.
		items = slices.Concat(items[1:], items[:1])
	}
	if f := s.fault(r, FaultTotal); f != nil {
		total += f.Delta
	}
	from := min(p.offset, len(items))
	to := min(from+p.limit, len(items))
	page := make([]any, 0, to-from)
	for _, item := range items[from:to] {
		page = append(page, render(item))
	}
	body := object{key: page, "limit": p.limit, "offset": p.offset, "more": to < len(items), "total": nil}
	if p.total {
		body["total"] = total
	}
	writeJSON(w, http.StatusOK, body)
}

type page struct {
	offset, limit int
	total         bool
}

// readPage reads offset, limit and total; if they are wrong it has answered 400.
func readPage(w http.ResponseWriter, r *http.Request) (page, bool) {
	q := r.URL.Query()
	p := page{limit: defaultLimit, total: q.Get("total") == "true"}
	for name, into := range map[string]*int{"offset": &p.offset, "limit": &p.limit} {
		if !q.Has(name) {
			continue
		}
		n, err := strconv.Atoi(q.Get(name))
		if err != nil || n < 0 {
			writeInvalid(w, fmt.Sprintf("%s must be a non-negative integer", name))
			return page{}, false
		}
		*into = n
	}
	// More than the maximum is not an error: the page is cut, and the limit that
	// was used is echoed.
	p.limit = max(1, min(p.limit, classicLimit))
	if p.offset+p.limit > maxOffset {
		writeInvalid(w, fmt.Sprintf("Offset+limit exceeds maximum allowed value of %d. Please try to refine your search to a smaller range.", maxOffset))
		return page{}, false
	}
	return p, true
}
