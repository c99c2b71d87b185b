package desired

import (
	"iter"
	"maps"
	"slices"
)

// ByPair holds something for each of many pairs: by target, then by person. What
// is asked for is mostly that of one target, and a pair's own hash would cost
// more than both of these.
type ByPair[T any] map[Target]map[string]T

// Get is what there is for a pair, and whether there is anything.
func (m ByPair[T]) Get(p Pair) (T, bool) {
	v, ok := m[p.Target()][p.User]
	return v, ok
}

// On is what there is on a target, by person. It is not to be changed.
func (m ByPair[T]) On(t Target) map[string]T { return m[t] }

// Set puts v in the place of what there was for a pair.
func (m ByPair[T]) Set(p Pair, v T) {
	t := p.Target()
	on := m[t]
	if on == nil {
		on = map[string]T{}
		m[t] = on
	}
	on[p.User] = v
}

// Delete takes away what there is for a pair.
func (m ByPair[T]) Delete(p Pair) {
	t := p.Target()
	delete(m[t], p.User)
	if len(m[t]) == 0 {
		delete(m, t)
	}
}

// Len counts the pairs.
func (m ByPair[T]) Len() int {
	n := 0
	for _, on := range m {
		n += len(on)
	}
	return n
}

// All are the pairs, in no order.
func (m ByPair[T]) All() iter.Seq2[Pair, T] {
	return func(yield func(Pair, T) bool) {
		for t, on := range m {
			for user, v := range on {
				if !yield(Pair{User: user, Resource: t.Resource, Layer: t.Layer}, v) {
					return
				}
			}
		}
	}
}

// Pairs are the pairs, sorted.
func (m ByPair[T]) Pairs() []Pair {
	targets := slices.SortedFunc(maps.Keys(m), compareTargets)
	pairs := make([]Pair, 0, m.Len())
	for _, t := range targets {
		for _, user := range slices.Sorted(maps.Keys(m[t])) {
			pairs = append(pairs, Pair{User: user, Resource: t.Resource, Layer: t.Layer})
		}
	}
	return pairs
}
