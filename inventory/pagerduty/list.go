package pagerduty

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	pageSize = 100
	// ceiling is what offset+limit may not exceed. Source: PagerDuty's page on
	// pagination.
	ceiling = 10_000
	// readings is how often a list is read before its count is given up.
	readings = 3
)

// list describes a list of the API in classic pagination.
type list[T any] struct {
	pattern string
	ids     []string
	query   url.Values
	// key is where the records stand in the answer.
	key string
	// id tells records apart; a record without one is none of PagerDuty's.
	id func(T) string
	// lacks says what a record lacks that every one has; nil if its id is all that
	// is asked for.
	lacks func(T) string
	// limit is the page size; pageSize where 0.
	limit int
	// uncounted says that the list gives no total: only "more" is to go by.
	uncounted bool
	// progress is called with the records read, and the total or 0.
	progress func(done, of int)
}

// page is one answer of a list.
type page[T any] struct {
	items []T
	more  bool
	total *int
	// header is the answer's.
	header http.Header
}

// contents are the distinct records of a list, in PagerDuty's order.
type contents[T any] struct {
	items []T
	// total is what PagerDuty says there are. Beyond the ceiling it is more
	// than the items.
	total int
	// header is that of the first page.
	header http.Header
}

// CountError says that a list could not be read so that its records are as many
// as PagerDuty says.
type CountError struct {
	// Read is the number of distinct records.
	Read int
	// First and Last are the totals on the first and last page; -1 where the
	// page had none.
	First, Last int
	// Records counts repeated ones as often as they came.
	Records int
	// Readings is how often the list was read.
	Readings int
}

func (e *CountError) Error() string {
	said := "no total"
	switch {
	case e.First < 0 && e.Records > e.Read:
		return fmt.Sprintf("the list moved while it was read: of %d records %d are distinct, in the last of %d readings", e.Records, e.Read, e.Readings)
	case e.First >= 0 && e.First == e.Last:
		said = strconv.Itoa(e.First)
	case e.First >= 0 && e.Last >= 0:
		said = fmt.Sprintf("%d on the first page and %d on the last", e.First, e.Last)
	case e.First >= 0:
		said = fmt.Sprintf("%d on the first page and no total on the last", e.First)
	}
	return fmt.Sprintf("%d distinct records could be read where PagerDuty says %s, in the last of %d readings", e.Read, said, e.Readings)
}

// readList reads a list until its count is right, a bounded number of times. A
// list beyond the ceiling comes back with its first 10,000 records.
func readList[T any](ctx context.Context, c *Client, l list[T]) (contents[T], error) {
	var got contents[T]
	var err error
	for n := range readings {
		if n > 0 {
			if err := c.o.Wait(ctx, time.Duration(n)*time.Second); err != nil {
				return got, err
			}
		}
		// The first reading is quick, a later one careful: page after page,
		// advancing by what came.
		if n == 0 && !l.uncounted {
			got, err = readAtOnce(ctx, c, l)
		} else {
			got, err = readInTurn(ctx, c, l)
		}
		count, miscounted := err.(*CountError)
		if !miscounted {
			return got, err
		}
		count.Readings = n + 1
	}
	return got, err
}

// readAtOnce reads the first page, then all others concurrently.
func readAtOnce[T any](ctx context.Context, c *Client, l list[T]) (contents[T], error) {
	first, err := readPage(ctx, c, l, 0, true)
	if err != nil {
		return contents[T]{}, err
	}
	l.report(len(first.items), first.total)
	if first.total == nil {
		return contents[T]{}, &CountError{Read: len(first.items), First: -1, Last: -1}
	}
	reachable := min(*first.total, ceiling)
	pages := make([]page[T], max(1, (reachable+pageSize-1)/pageSize))
	pages[0] = first
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(c.o.Concurrency)
	for i := 1; i < len(pages); i++ {
		group.Go(func() (err error) {
			pages[i], err = readPage(groupCtx, c, l, i*pageSize, i == len(pages)-1)
			l.report(min((i+1)*pageSize, reachable), first.total)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return contents[T]{}, err
	}
	return l.counted(pages)
}

// readInTurn reads page after page for as long as there is more.
func readInTurn[T any](ctx context.Context, c *Client, l list[T]) (contents[T], error) {
	var pages []page[T]
	for offset := 0; ; {
		p, err := readPage(ctx, c, l, offset, !l.uncounted)
		if err != nil {
			return contents[T]{}, err
		}
		pages = append(pages, p)
		offset += len(p.items)
		l.report(offset, p.total)
		if !p.more || len(p.items) == 0 || offset+l.size() > ceiling {
			return l.counted(pages)
		}
	}
}

// counted puts pages together and holds them against the totals.
func (l list[T]) counted(pages []page[T]) (contents[T], error) {
	got := contents[T]{header: pages[0].header}
	seen, records := map[string]bool{}, 0
	for _, p := range pages {
		records += len(p.items)
		for _, item := range p.items {
			if id := l.id(item); !seen[id] {
				seen[id] = true
				got.items = append(got.items, item)
			}
		}
	}
	first, last := pages[0], pages[len(pages)-1]
	if l.uncounted {
		got.total = len(got.items)
		switch {
		case last.more:
			return got, fmt.Errorf("the list goes on beyond %d records, where PagerDuty ends it", len(got.items))
		case records > len(got.items): // what came twice has pushed another out
			return got, &CountError{Read: len(got.items), First: -1, Last: -1, Records: records}
		}
		return got, nil
	}
	count := &CountError{Read: len(got.items), First: totalOf(first), Last: totalOf(last), Records: records}
	got.total = count.First
	beyond := count.First > ceiling
	switch {
	case count.First < 0 || count.First != count.Last,
		len(got.items) != min(count.First, ceiling),
		last.more != beyond:
		return got, count
	}
	return got, nil
}

func totalOf[T any](p page[T]) int {
	if p.total == nil {
		return -1
	}
	return *p.total
}

func (l list[T]) size() int {
	if l.limit > 0 {
		return l.limit
	}
	return pageSize
}

func (l list[T]) report(done int, of *int) {
	if l.progress == nil {
		return
	}
	if of == nil {
		of = new(int)
	}
	l.progress(done, *of)
}

func readPage[T any](ctx context.Context, c *Client, l list[T], offset int, total bool) (page[T], error) {
	query := maps.Clone(l.query)
	if query == nil {
		query = url.Values{}
	}
	query.Set("limit", strconv.Itoa(l.size()))
	query.Set("offset", strconv.Itoa(offset))
	if total {
		query.Set("total", "true")
	}
	var raw map[string]json.RawMessage
	header, err := c.get(ctx, l.pattern, l.ids, query, &raw)
	if err != nil {
		return page[T]{}, err
	}
	p := page[T]{header: header}
	for key, out := range map[string]any{l.key: &p.items, "more": &p.more, "total": &p.total} {
		switch {
		case key == l.key && absent(raw[key]):
			return p, l.unexpected(fmt.Errorf("it has no %q", key))
		case absent(raw[key]):
			continue
		}
		if err := json.Unmarshal(raw[key], out); err != nil {
			return p, l.unexpected(fmt.Errorf("%q: %w", key, err))
		}
	}
	for _, item := range p.items {
		if what := l.lacking(item); what != "" {
			return p, l.unexpected(fmt.Errorf("one of its %q has no %s", l.key, what))
		}
	}
	return p, nil
}

// lacking is what a record lacks that every one of PagerDuty's has; empty if
// nothing.
func (l list[T]) lacking(item T) string {
	switch {
	case l.id(item) == "":
		return "id"
	case l.lacks != nil:
		return l.lacks(item)
	}
	return ""
}

func (l list[T]) unexpected(err error) error {
	return misshapen(request{method: http.MethodGet, pattern: l.pattern, ids: l.ids}, err)
}

// index returns the ids of items.
func (l list[T]) index(items []T) map[string]bool {
	seen := make(map[string]bool, len(items))
	for _, item := range items {
		seen[l.id(item)] = true
	}
	return seen
}

// with returns l under another filter.
func (l list[T]) with(filter url.Values) list[T] {
	query := maps.Clone(l.query)
	if query == nil {
		query = url.Values{}
	}
	for k, v := range filter {
		query[k] = slices.Clone(v)
	}
	l.query = query
	l.progress = nil
	return l
}
