package eventlog_test

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/dutyward/dutyward/reconcile/events"
	"github.com/dutyward/dutyward/reconcile/events/eventlog"
)

func TestAnEventIsALineWithItsCode(t *testing.T) {
	var out bytes.Buffer
	log := eventlog.Log{Logger: slog.New(slog.NewTextHandler(&out, nil))}
	var told events.Told
	for _, e := range told.Configures(time.Now(), errors.New("line 2")) {
		log.Tell(e)
	}
	log.Tell(events.Waiting(time.Now(), "nobody sees this one"))
	_, line, _ := strings.Cut(out.String(), " ")
	want := "level=WARN msg=\"the configuration is broken, the last good one stays in force\" why=\"line 2\" code=event/configuration-broken\n"
	if line != want {
		t.Errorf("got  %swant %s", line, want)
	}
}
