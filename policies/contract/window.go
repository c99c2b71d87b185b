package contract

import (
	"fmt"
	"time"
)

// wholeWindow checks that a window has an inside.
func wholeWindow(e Element) []Complaint {
	from, err1 := time.Parse(time.RFC3339, e.Fields["from"].Text)
	until, err2 := time.Parse(time.RFC3339, e.Fields["until"].Text)
	if err1 != nil || err2 != nil || from.Before(until) {
		return nil
	}
	return []Complaint{{Code: codeEmptyWindow, Term: e.Fields["until"].Term,
		Found:    fmt.Sprintf("%q %s, which is not after %q %s", "until", e.Fields["until"].Text, "from", e.Fields["from"].Text),
		Expected: "a window that ends after it begins"}}
}
