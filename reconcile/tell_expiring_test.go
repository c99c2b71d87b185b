package reconcile_test

import (
	"fmt"
	"testing"
	"time"
)

// What is said once of access that ends soon is said once, also by the process
// that follows; another end is said again, and so is one that came back.
func TestS28_AnEndThatIsNearIsToldOnceAlsoAcrossARestart(t *testing.T) {
	w := newWatch(t)
	w.folder = t.TempDir()
	until := func(days int) {
		w.edit("a.rego", fmt.Sprintf(`package access

grant contains {"principal": "user:priya.nair@acme.test", "resource": "team:Data", "role": "responder", "until": %q}
`, w.clock.Truncate(time.Hour).Add(time.Duration(days)*24*time.Hour).Format(time.RFC3339)))
	}
	start := func() {
		w.restart()
		w.Settings.WarnBefore = 3 * 24 * time.Hour
	}
	until(5)
	start()
	w.pass(0)
	w.told("ends soon", 0)
	w.pass(2*24*time.Hour + time.Hour)
	w.told("ends soon", 1)
	w.pass(time.Minute)
	w.told("ends soon", 1)

	start()
	w.pass(time.Minute)
	w.pass(time.Hour)
	w.told("ends soon", 0)

	until(2) // it ends at another time
	w.pass(time.Minute)
	w.told("ends soon", 1)
	start()
	w.pass(time.Minute)
	w.told("ends soon", 0)

	until(30) // it was renewed, and its end comes near again
	w.pass(time.Minute)
	start()
	w.pass(28 * 24 * time.Hour)
	w.told("ends soon", 1)
}
