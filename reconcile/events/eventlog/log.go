// Package eventlog is the log as a sink of events: a line each.
package eventlog

import (
	"context"
	"log/slog"

	"github.com/dutyward/dutyward/reconcile/events"
)

// Log writes events to a log. The message is the event's title, and its code is among
// the attributes.
type Log struct{ Logger *slog.Logger }

var levels = map[events.Severity]slog.Level{
	events.Debug: slog.LevelDebug, events.Info: slog.LevelInfo, events.Warning: slog.LevelWarn, events.Error: slog.LevelError,
}

// Tell writes an event.
func (l Log) Tell(e events.Event) {
	var all []slog.Attr
	for _, a := range e.Attributes() {
		all = append(all, slog.Any(a.Name, a.Value))
	}
	all = append(all, slog.String("code", string(e.Code)))
	l.Logger.LogAttrs(context.Background(), levels[e.Severity], e.Title, all...)
}
