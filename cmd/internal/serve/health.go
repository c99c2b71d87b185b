package serve

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/dutyward/dutyward/inventory/pagerduty"
	"github.com/dutyward/dutyward/reconcile/daemon"
	"github.com/dutyward/dutyward/reconcile/journal"
)

// newStatusHandler serves how a daemon and the client that it uses now stand, and
// how many lines of the log were lost:
//
//	/healthz  200 while the process lives
//	/readyz   200 if the last round succeeded and no alarm stands, else 503; the status as
//	          JSON. An instance that waits for another to fail is ready and says whom it
//	          waits for
//	/metrics  the status for Prometheus
func newStatusHandler(d *daemon.Daemon, client func() *pagerduty.Client, lost func() int64, standby func() *journal.Holder) http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		statusCollector{daemon: d, client: client, lost: lost, standby: standby},
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		s := d.Status()
		w.Header().Set("Content-Type", "application/json")
		out := json.NewEncoder(w)
		out.SetIndent("", "  ")
		if leader := standby(); leader != nil {
			by := "another instance"
			if *leader != (journal.Holder{}) {
				by = leader.String()
			}
			_ = out.Encode(map[string]string{"standby": "rounds are made by " + by}) // whoever asked is gone
			return
		}
		if !s.Ready() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		_ = out.Encode(s) // whoever asked is gone
	})
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{DisableCompression: true}))
	return mux
}

// redacting answers as a handler does, but for what redact takes out. Anybody who
// reaches the port may ask.
func redacting(h http.Handler, redact func(string) string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a := &answer{ResponseWriter: w, status: http.StatusOK}
		h.ServeHTTP(a, r)
		w.Header().Del("Content-Length")
		w.WriteHeader(a.status)
		_, _ = io.WriteString(w, redact(a.body.String())) // whoever asked is gone
	})
}

// answer keeps what is answered.
type answer struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

// WriteHeader keeps the status.
func (a *answer) WriteHeader(status int) { a.status = status }

// Write keeps a part of the body.
func (a *answer) Write(p []byte) (int, error) { return a.body.Write(p) }
