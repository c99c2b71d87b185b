package report

import (
	"fmt"
	"io"
	"time"

	"github.com/dutyward/dutyward/inventory/pagerduty"
)

// CostText writes what speaking to PagerDuty cost.
func CostText(w io.Writer, c pagerduty.Cost, s Style) error {
	p := newPage(w, s)
	p.line("%s", CostSummary(c))
	var names []string
	for _, e := range c.Endpoints {
		names = append(names, e.Endpoint)
	}
	width := widest(names, 60)
	for _, e := range c.Endpoints {
		p.line("  %5d  %s  %s", e.Requests, pad(e.Endpoint, width), p.mild(size(e.BytesIn)+" read"))
	}
	return p.err
}

// CostSummary is the cost in one line.
func CostSummary(c pagerduty.Cost) string {
	text := fmt.Sprintf("%s in %s, %s read", count(c.Requests, "request", "requests"), c.Elapsed.Round(10*time.Millisecond), size(c.BytesIn))
	if c.Retries > 0 {
		text += ", " + count(c.Retries, "retry", "retries")
	}
	if c.Waited >= time.Second {
		text += fmt.Sprintf(", %s waited for PagerDuty's rate limit and before retries", c.Waited.Round(time.Second))
	}
	return text + "."
}

func size(n int64) string {
	switch {
	case n < 1000:
		return fmt.Sprintf("%d B", n)
	case n < 1000_000:
		return fmt.Sprintf("%.1f kB", float64(n)/1000)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/1000_000)
}
