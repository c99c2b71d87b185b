package main

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/dutyward/dutyward/inventory/pagerduty"
	"github.com/dutyward/dutyward/reconcile"
)

// newStatusHandler serves how a daemon and the client that it uses now stand, and
// how many lines of the log were lost:
//
//	/healthz  200 while the process lives
//	/readyz   200 if the last round succeeded, else 503; the status as JSON
//	/metrics  the status for Prometheus
func newStatusHandler(d *reconcile.Daemon, client func() *pagerduty.Client, lost func() int64) http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		statusCollector{daemon: d, client: client, lost: lost},
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		s := d.Status()
		w.Header().Set("Content-Type", "application/json")
		if s.Succeeded == nil || s.Error != "" {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		out := json.NewEncoder(w)
		out.SetIndent("", "  ")
		_ = out.Encode(s) // whoever asked is gone
	})
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	return mux
}
