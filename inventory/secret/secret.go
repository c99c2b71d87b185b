// Package secret knows the secrets of this process and keeps them out of whatever
// leaves it: output, logs, files, answers. It holds them in closures, where no
// formatting verb, encoder or debugger dump finds them.
package secret

import (
	"bytes"
	"crypto/sha256"
	"slices"
	"strings"
	"sync"
)

// Mark stands where a secret stood.
const Mark = "[token]"

// Shortest is how long a secret must be to be looked for anywhere: a shorter one
// is found by chance in what has nothing to do with it.
const Shortest = 8

// Keeper knows secrets. Its zero value knows none, and so does nil. It is safe for
// concurrent use.
type Keeper struct {
	mu sync.RWMutex
	// known are digests of the secrets.
	known map[[sha256.Size]byte]bool
	// finder finds the secrets that are known; nil for none.
	finder *finder
	// follow is called with each secret that becomes known; nil if nobody asks.
	follow func(secret string)
}

// Follow has f called with each secret that becomes known from now on, before anybody
// can say it.
func (k *Keeper) Follow(f func(secret string)) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.follow = f
}

// Add makes secrets known. What is not at least eight characters long is passed
// over.
func (k *Keeper) Add(secrets ...string) {
	if k == nil {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, s := range secrets {
		for _, part := range strings.Fields(s) { // a file may hold one a line
			digest := sha256.Sum256([]byte(part))
			if len(part) < Shortest || k.known[digest] {
				continue
			}
			if k.known == nil {
				k.known = map[[sha256.Size]byte]bool{}
			}
			k.known[digest] = true
			k.finder = k.finder.with(part)
			if k.follow != nil {
				k.follow(part)
			}
		}
	}
}

// Redact is a text without the secrets, in whatever form they stand there: as they
// are, escaped or encoded, and also if they go over the end of a line.
func (k *Keeper) Redact(text string) string {
	f := k.current()
	if f == nil {
		return text
	}
	found := f.find([]byte(text))
	if len(found) == 0 {
		return text
	}
	var b strings.Builder
	at := 0
	for _, s := range found {
		b.WriteString(text[at:s.begin])
		b.WriteString(Mark)
		at = s.end
	}
	b.WriteString(text[at:])
	return b.String()
}

// Holds says whether a secret stands in something, in any of its forms.
func (k *Keeper) Holds(content []byte) bool {
	f := k.current()
	return f != nil && len(f.find(content)) > 0
}

func (k *Keeper) current() *finder {
	if k == nil {
		return nil
	}
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.finder
}

// finder finds secrets in all their forms. What breaks a line is left out on both
// sides, so that a form is found also where it is wrapped.
type finder struct {
	// find returns where secrets stand, in order, none within another.
	find func(text []byte) []span
	// begun says how many bytes at the end of a text may be the beginning of a
	// secret.
	begun func(text []byte) int
	// forms are what is looked for.
	forms func() [][]byte
}

type span struct{ begin, end int }

// with is a finder of one secret more.
func (f *finder) with(secret string) *finder {
	var forms [][]byte
	if f != nil {
		forms = slices.Clone(f.forms())
	}
	for _, form := range formsOf(secret) {
		compact, _ := unbroken([]byte(form), false)
		if len(compact) >= Shortest && !slices.ContainsFunc(forms, func(other []byte) bool { return bytes.Equal(other, compact) }) {
			forms = append(forms, compact)
		}
	}
	longest := 0
	for _, form := range forms {
		longest = max(longest, len(form))
	}
	return &finder{
		find:  func(text []byte) []span { return find(forms, text) },
		begun: func(text []byte) int { return begun(forms, longest, text) },
		forms: func() [][]byte { return forms },
	}
}

func find(forms [][]byte, text []byte) []span {
	compact, _ := unbroken(text, false)
	var hits []span
	for _, form := range forms {
		for from := 0; ; {
			i := bytes.Index(compact[from:], form)
			if i < 0 {
				break
			}
			hits = append(hits, span{from + i, from + i + len(form)})
			from += i + 1
		}
	}
	if len(hits) == 0 {
		return nil
	}
	_, places := unbroken(text, true)
	slices.SortFunc(hits, func(a, b span) int { return a.begin - b.begin })
	var out []span
	for _, h := range hits {
		s := span{places[h.begin], places[h.end-1] + 1}
		if n := len(out); n > 0 && s.begin < out[n-1].end {
			out[n-1].end = max(out[n-1].end, s.end)
			continue
		}
		out = append(out, s)
	}
	return out
}

// begun is how much of the end of a text waits for what follows. A line that has
// ended waits only if much of a secret stands there, so that none does by chance.
func begun(forms [][]byte, longest int, text []byte) int {
	// Where white space is most of a form, it is another's beginning that is meant.
	tail := text[max(0, len(text)-4*longest):]
	compact, places := unbroken(bytes.TrimSuffix(tail, []byte(`\`)), true) // of \n, perhaps
	least := 1
	if len(tail) > 0 && isBreak(tail[len(tail)-1]) {
		least = Shortest
	}
	most := 0
	for _, form := range forms {
		most = max(most, overlap(compact, form, least))
	}
	if most == 0 {
		return 0
	}
	return len(tail) - places[len(compact)-most]
}

// overlap is the length of the longest end of a text, if not shorter than least,
// that is a beginning of form and not all of it; 0 if there is none.
func overlap(text, form []byte, least int) int {
	text = text[max(0, len(text)-len(form)+1):]
	head := form[:min(Shortest, len(form))]
	for from := 0; ; {
		i := bytes.Index(text[from:], head)
		if i < 0 {
			break
		}
		if from += i; bytes.HasPrefix(form, text[from:]) {
			return len(text) - from
		}
		from++
	}
	for n := min(len(head)-1, len(text)); n >= least; n-- {
		if bytes.HasSuffix(text, head[:n]) {
			return n
		}
	}
	return 0
}
