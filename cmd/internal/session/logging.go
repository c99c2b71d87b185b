package session

import (
	"errors"
	"io"
	"log/slog"
	"sync/atomic"
	"syscall"

	"github.com/dutyward/dutyward/cmd/internal/terminal"
	"github.com/dutyward/dutyward/reconcile/report"
)

// LogOutput is where the log goes. Each line goes through redact, for what a
// library or a panic says could hold the token. A line that can't be written is
// counted and lost, since a full disk is no reason to leave access as it is.
type LogOutput struct {
	W      io.Writer
	Redact func(string) string
	// Gone is called when nobody reads the log any more; may be nil.
	Gone func(error)
	Lost atomic.Int64
}

// Write writes a line, or what of it may be said.
func (o *LogOutput) Write(line []byte) (int, error) {
	_, err := io.WriteString(o.W, o.Redact(string(line)))
	if err != nil {
		o.Failed(err)
	}
	return len(line), err
}

// Failed counts a line that is lost.
func (o *LogOutput) Failed(err error) {
	o.Lost.Add(1)
	if o.Gone != nil && errors.Is(err, syscall.EPIPE) {
		o.Gone(err)
	}
}

// shown is what a log says without what a terminal would obey, or an eye not see.
func shown(_ []string, a slog.Attr) slog.Attr {
	switch v := a.Value.Any().(type) {
	case string:
		a.Value = slog.StringValue(report.Text(v))
	case error:
		a.Value = slog.StringValue(report.Text(v.Error()))
	case []string:
		texts := make([]string, len(v))
		for i, text := range v {
			texts[i] = report.Text(text)
		}
		a.Value = slog.AnyValue(texts)
	}
	return a
}

// Logger logs to out: as text for a person, else as JSON.
func (p *Process) Logger(out io.Writer, verbose bool) *slog.Logger {
	o := &slog.HandlerOptions{Level: slog.LevelInfo, ReplaceAttr: shown}
	if verbose {
		o.Level = slog.LevelDebug
	}
	if terminal.Is(p.Stderr) {
		return slog.New(slog.NewTextHandler(out, o))
	}
	return slog.New(slog.NewJSONHandler(out, o))
}
