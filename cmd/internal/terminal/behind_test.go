package terminal_test

import (
	"bytes"
	"testing"

	"github.com/dutyward/dutyward/cmd/internal/terminal"
)

func TestWhatIsWrittenAfterTheEndErrs(t *testing.T) {
	var out bytes.Buffer
	b := terminal.NewBehind(&out, nil)
	if _, err := b.Write([]byte("before\n")); err != nil {
		t.Fatal(err)
	}
	b.Finish(0)
	if _, err := b.Write([]byte("after\n")); err == nil {
		t.Error("it was taken")
	}
	b.Finish(0)
	if out.String() != "before\n" {
		t.Errorf("passed on: %q", out.String())
	}
}
