// Package lines is how text is laid out for people: in which order names stand, and where a
// line is broken.
package lines

import (
	"slices"
	"strings"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"
)

// Order compares names as people put them in order: numbers by their value ("Squad 2" before
// "Squad 10"), letters whatever their case and accents first. It is not for several
// goroutines at once.
type Order struct {
	collator *collate.Collator
	buffer   collate.Buffer
	keys     map[string][]byte
}

// NewOrder makes an order.
func NewOrder() *Order {
	return &Order{collator: collate.New(language.English, collate.Numeric), keys: map[string][]byte{}}
}

// Compare is -1, 0 or 1. Only equal names are 0.
func (o *Order) Compare(a, b string) int {
	if a == b {
		return 0
	}
	if c := slices.Compare(o.key(a), o.key(b)); c != 0 {
		return c
	}
	return strings.Compare(a, b)
}

func (o *Order) key(name string) []byte {
	key, known := o.keys[name]
	if !known {
		key = slices.Clone(o.collator.KeyFromString(&o.buffer, name))
		o.buffer.Reset()
		o.keys[name] = key
	}
	return key
}
