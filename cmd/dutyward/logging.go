package main

import (
	"errors"
	"io"
	"log/slog"
	"sync/atomic"
	"syscall"

	"github.com/dutyward/dutyward/reconcile/report"
)

// logOutput is where the log goes. Each line goes through redact, for what a
// library or a panic says could hold the token. A line that can't be written is
// counted and lost, since a full disk is no reason to leave access as it is.
type logOutput struct {
	w      io.Writer
	redact func(string) string
	// gone is called when nobody reads the log any more; may be nil.
	gone func(error)
	lost atomic.Int64
}

// Write writes a line, or what of it may be said.
func (o *logOutput) Write(line []byte) (int, error) {
	_, err := io.WriteString(o.w, o.redact(string(line)))
	if err != nil {
		o.failed(err)
	}
	return len(line), err
}

// failed counts a line that is lost.
func (o *logOutput) failed(err error) {
	o.lost.Add(1)
	if o.gone != nil && errors.Is(err, syscall.EPIPE) {
		o.gone(err)
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

// logger logs to out: as text for a person, else as JSON.
func (a *process) logger(out io.Writer, verbose bool) *slog.Logger {
	o := &slog.HandlerOptions{Level: slog.LevelInfo, ReplaceAttr: shown}
	if verbose {
		o.Level = slog.LevelDebug
	}
	if isTerminal(a.stderr) {
		return slog.New(slog.NewTextHandler(out, o))
	}
	return slog.New(slog.NewJSONHandler(out, o))
}
