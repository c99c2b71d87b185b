package apply

import (
	"sync"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// freshFor is how old a read may be when a write builds on it (S8).
const freshFor = 10 * time.Second

// look sees what PagerDuty holds through the writes that it may not yet show.
type look struct {
	now func() time.Time

	mu     sync.Mutex
	writes map[desired.Pair][]plan.Write
}

func newLook(now func() time.Time, overlay []plan.Write) *look {
	l := &look{now: now, writes: map[desired.Pair][]plan.Write{}}
	for _, w := range overlay {
		l.wrote(w)
	}
	return l
}

// wrote remembers an acknowledged write.
func (l *look) wrote(w plan.Write) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.writes[w.Pair] = append(l.writes[w.Pair], w)
}

// through is what a read means in view of the acknowledged writes that
// PagerDuty may not yet show: any value that it held around them is the last
// one written. Another value is the truth, for somebody else wrote it.
func (l *look) through(p desired.Pair, read string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	now, seen := l.now(), read
	old := map[string]bool{}
	for _, w := range l.writes[p] {
		if now.Sub(w.At) >= inventory.StaleFor {
			continue
		}
		old[w.Before] = true
		if old[read] {
			seen = w.Role
		}
	}
	return seen
}
