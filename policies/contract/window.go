package contract

import "fmt"

// wholeWindow checks that a window has an inside.
func wholeWindow(e Element) []Complaint {
	from, _, ok1 := ParseMoment(e.Text("from"))
	until, _, ok2 := ParseMoment(e.Text("until"))
	if !ok1 || !ok2 || from.Before(until) {
		return nil
	}
	return []Complaint{{Code: codeEmptyWindow, Term: e.Fields["until"].Term,
		Found:    fmt.Sprintf("%q %s, which is not after %q %s", "until", e.Fields["until"].Text, "from", e.Fields["from"].Text),
		Expected: "a window that ends after it begins"}}
}
