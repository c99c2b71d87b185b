package report

import (
	"bytes"
	"testing"
)

func TestWhatListsAccessThenGroups(t *testing.T) {
	st := smallStandings()
	var out bytes.Buffer
	for _, user := range []string{"P1", "P2", "P3", "P4"} {
		if err := WhatText(&out, st.About(user), Style{}); err != nil {
			t.Fatal(err)
		}
		out.WriteString("\n")
	}
	golden(t, "what.txt", out.Bytes())
}
