package main

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/dutyward/dutyward/cmd/internal/demo"
	"github.com/dutyward/dutyward/cmd/internal/exit"
	"github.com/dutyward/dutyward/cmd/internal/session"
)

const demoGolden = "testdata/demo.golden"

// told is what the living demo tells over a span of the account's time, without
// waiting.
func told(t *testing.T, span string) string {
	t.Helper()
	t.Setenv("TMPDIR", t.TempDir())
	var stdout, stderr bytes.Buffer
	if code := run([]string{"demo", "--speed", "0", "--for", span}, nil, &stdout, &stderr, nil); code != exit.OK || stderr.Len() > 0 {
		t.Fatalf("exit code %d: %s", code, stderr.String())
	}
	if left, err := os.ReadDir(os.Getenv("TMPDIR")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	return stdout.String()
}

// untilFarewell is what is reported before the last words, which count.
func untilFarewell(text string) string {
	before, _, _ := strings.Cut(text, " rounds, by cause:")
	return before[:strings.LastIndex(before, "\n\n")]
}

func TestTheDemoTellsTheSameStoryEachTime(t *testing.T) {
	span := "50m" // the first round, and somebody tampers
	if *update || os.Getenv("DUTYWARD_LONG") != "" {
		span = "48h"
	}
	got := told(t, span)
	if *update {
		if err := os.WriteFile(demoGolden, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(demoGolden)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(want), untilFarewell(got)) {
		t.Errorf("%s does not begin with what was told; look at the difference and run go test ./cmd/dutyward -run TheDemo -update:\n%s", demoGolden, got)
	}
}

func TestTheDemoEndsCleanlyWhenItIsInterrupted(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	home, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	stdout := &interrupting{at: "Tara Singh", interrupt: cancel}
	p := &session.Process{Stdout: stdout, Stderr: stdout, Now: time.Now}
	if err := demo.Live(ctx, p, demo.Commands{Run: runQuietly, Apply: applyShown}, 1e6, 0); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(folder)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if now, err := os.Getwd(); err != nil || now != home {
		t.Errorf("it ended in %s, %v", now, err)
	}
	if !strings.Contains(stdout.String(), "nothing is left behind") {
		t.Errorf("no last words in\n%s", stdout.String())
	}
}

// interrupting interrupts once a text is written.
type interrupting struct {
	bytes.Buffer
	at        string
	interrupt func()
}

func (w *interrupting) Write(p []byte) (int, error) {
	if strings.Contains(string(p), w.at) {
		w.interrupt()
	}
	return w.Buffer.Write(p)
}
