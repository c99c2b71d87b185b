package pagerduty

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"unicode"
)

// Bounds of the search for what lies beyond the ceiling.
const (
	// filterBatch is how many ids stand in one filter.
	filterBatch = 25
	// maxQueryLength is how far a name query is refined.
	maxQueryLength = 3
	// maxRequests bounds what is asked in all: some two minutes of the budget.
	maxRequests = 2_000
)

// beyond reads what of a list lies behind the first 10,000 records: the same
// list under filters, each of which shows another part of it. It is done when
// the records are as many as the total; what stays short is for the caller to
// report.
type beyond[T any] struct {
	c    *Client
	l    list[T]
	name func(T) string
	// filters are tried first, e.g. by team ids. May be empty.
	filters []url.Values
	// byName allows queries by name.
	byName bool

	got      contents[T]
	prefix   map[string]bool // ids that the unfiltered list gave
	seen     map[string]bool
	requests int
	// inOrder and disordered count the pages that bear out, and that contradict,
	// that a filtered list is in the order of the unfiltered one.
	inOrder, disordered int
}

// readOfTeams reads a list whose records belong to teams and have names, also those behind
// the first 10,000.
func readOfTeams[T any](ctx context.Context, r *reading, l list[T], name func(T) string) (contents[T], error) {
	got, err := readList(ctx, r.c, l)
	if err != nil || got.total <= len(got.items) {
		return got, err
	}
	<-r.members // for the teams
	b := beyond[T]{c: r.c, l: l, name: name, filters: batches("team_ids[]", r.teamIDs()), byName: true}
	return b.read(ctx, got)
}

// read adds to what the unfiltered list gave. The result may stay short of the
// total, which is read again at the end.
func (b *beyond[T]) read(ctx context.Context, prefix contents[T]) (contents[T], error) {
	b.got, b.seen, b.prefix = prefix, b.l.index(prefix.items), b.l.index(prefix.items)
	for _, f := range b.filters {
		if _, err := b.search(ctx, f, false); err != nil || b.done() {
			return b.finish(ctx, err)
		}
	}
	if !b.byName {
		return b.finish(ctx, nil)
	}
	// A filtered list is in the order of the unfiltered one, so what the prefix
	// lacks stands at its end: from there the first round reads, and stops where
	// it meets the prefix. Should that not be so, the second reads everything;
	// where it was seen to be so, that would find no more.
	err := b.byNames(ctx, false)
	if err == nil && !b.done() && (b.inOrder == 0 || b.disordered > 0) {
		err = b.byNames(ctx, true)
	}
	return b.finish(ctx, err)
}

func (b *beyond[T]) done() bool {
	return len(b.got.items) >= b.got.total || b.requests >= maxRequests
}

func (b *beyond[T]) byNames(ctx context.Context, whole bool) error {
	letters := b.letters()
	queue := slices.Clone(letters)
	for len(queue) > 0 && !b.done() {
		q := queue[0]
		queue = queue[1:]
		total, err := b.search(ctx, url.Values{"query": {q}}, whole)
		if err != nil {
			return err
		}
		if total > ceiling && len([]rune(q)) < maxQueryLength {
			for _, letter := range letters {
				queue = append(queue, q+letter)
			}
		}
	}
	return nil
}

// letters are the characters of the names seen, the most frequent first.
func (b *beyond[T]) letters() []string {
	count := map[rune]int{}
	for r := 'a'; r <= 'z'; r++ {
		count[r] = 0
	}
	for _, item := range b.got.items {
		for _, r := range strings.ToLower(b.name(item)) {
			if unicode.IsLetter(r) || unicode.IsDigit(r) {
				count[r]++
			}
		}
	}
	runes := slices.SortedFunc(maps.Keys(count), func(x, y rune) int {
		return cmp.Or(cmp.Compare(count[y], count[x]), cmp.Compare(x, y))
	})
	letters := make([]string, len(runes))
	for i, r := range runes {
		letters[i] = string(r)
	}
	return letters
}

// search reads the list under a filter, from its end, and returns the filter's
// total. Unless whole, it stops at a page that lies in the prefix.
func (b *beyond[T]) search(ctx context.Context, filter url.Values, whole bool) (int, error) {
	l := b.l.with(filter)
	b.requests++
	first, err := readPage(ctx, b.c, l, 0, true)
	if err != nil {
		return 0, err
	}
	b.add(first.items)
	total := max(totalOf(first), 0)
	pages := (min(total, ceiling) + pageSize - 1) / pageSize
	for i := pages - 1; i >= 1 && !b.done(); i-- {
		b.requests++
		p, err := readPage(ctx, b.c, l, i*pageSize, false)
		if err != nil {
			return 0, err
		}
		b.add(p.items)
		if !whole && b.known(p.items) {
			break
		}
	}
	return total, nil
}

// known says that all of items lie in the prefix.
func (b *beyond[T]) known(items []T) bool {
	return !slices.ContainsFunc(items, func(item T) bool { return !b.prefix[b.l.id(item)] })
}

// add takes in a page, and notes whether what the prefix lacks stands at its
// end.
func (b *beyond[T]) add(items []T) {
	b.judge(items)
	for _, item := range items {
		if id := b.l.id(item); !b.seen[id] {
			b.seen[id] = true
			b.got.items = append(b.got.items, item)
		}
	}
}

func (b *beyond[T]) judge(items []T) {
	first := slices.IndexFunc(items, func(item T) bool { return !b.prefix[b.l.id(item)] })
	switch {
	case first < 0:
	case slices.ContainsFunc(items[first:], func(item T) bool { return b.prefix[b.l.id(item)] }):
		b.disordered++
	case first > 0:
		b.inOrder++
	}
}

// finish asks for the total once more, for reading so much takes a while.
func (b *beyond[T]) finish(ctx context.Context, err error) (contents[T], error) {
	if err != nil {
		return b.got, err
	}
	last, err := readPage(ctx, b.c, b.l.with(nil), 0, true)
	if err != nil {
		return b.got, err
	}
	if n := totalOf(last); n != len(b.got.items) {
		return b.got, &shortError{read: len(b.got.items), total: n}
	}
	return b.got, nil
}

// shortError says that records beyond the ceiling could not all be found.
type shortError struct{ read, total int }

func (e *shortError) Error() string {
	return fmt.Sprintf("%d of %d records could be read: PagerDuty lists no more than %d, and filters by name and team found no others",
		e.read, e.total, ceiling)
}

// batches are filters over ids, some at a time.
func batches(key string, ids []string) []url.Values {
	var out []url.Values
	for chunk := range slices.Chunk(ids, filterBatch) {
		out = append(out, url.Values{key: chunk})
	}
	return out
}
