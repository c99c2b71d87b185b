package serve

import (
	"maps"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/dutyward/dutyward/inventory/code"
	"github.com/dutyward/dutyward/inventory/pagerduty"
	"github.com/dutyward/dutyward/reconcile/daemon"
	"github.com/dutyward/dutyward/reconcile/events"
	"github.com/dutyward/dutyward/reconcile/journal"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// statusCollector makes metrics of a daemon's status and a client's cost when
// they are asked for, so that neither knows of metrics. A moment is in seconds
// since 1970, and 0 where there is none.
type statusCollector struct {
	daemon *daemon.Daemon
	client func() *pagerduty.Client
	lost   func() int64
	// standby is who makes the rounds in this one's place; nil if it does.
	standby func() *journal.Holder
}

// Describe says nothing, for which metrics there are depends on the status.
func (statusCollector) Describe(chan<- *prometheus.Desc) {}

// Collect makes the metrics.
func (c statusCollector) Collect(out chan<- prometheus.Metric) {
	s := c.daemon.Status()
	m := metrics{out}
	m.count("rounds_total", "Rounds by how they ended.", float64(s.Rounds-s.Failures), "result", "succeeded")
	m.count("rounds_total", "Rounds by how they ended.", float64(s.Failures), "result", "failed")
	m.gauge("last_round_timestamp_seconds", "When the last round ended.", moment(s.Ended))
	m.gauge("last_success_timestamp_seconds", "When the last round that succeeded ended.", moment(s.Succeeded))
	m.gauge("next_boundary_timestamp_seconds", "When access next changes on its own.", moment(s.Boundary))
	m.gauge("policies_broken_since_timestamp_seconds", "Since when the policies as they stand are not in force.", since(s.Broken))
	m.gauge("lowering_suspended_since_timestamp_seconds", "Since when nothing is lowered.", since(s.Suspended))
	m.gauge("clock_doubted_since_timestamp_seconds", "Since when nothing that depends on the time is lowered, for the clocks disagree.", since(s.Clock))
	m.gauge("configuration_broken_since_timestamp_seconds", "Since when the configuration as it stands is not in force.", since(s.Configuration))
	m.gauge("alarms", "Schedules that need attention, since an edit of their turns could not be completed.", float64(len(s.Alarms)))
	var first float64
	if len(s.Alarms) > 0 {
		first = moment(&s.Alarms[0].Since)
	}
	m.gauge("alarm_since_timestamp_seconds", "Since when the oldest alarm stands.", first)
	leads := 1.0
	if c.standby() != nil {
		leads = 0
	}
	m.gauge("leader", "1 while this instance makes the rounds, 0 while it stands by.", leads)
	var paused float64
	if s.Paused != nil {
		paused = 1
	}
	m.gauge("paused", "1 while a person has stopped all changes.", paused)
	m.changes(s.Changes)
	m.events(s.Events)
	m.count("changes_undone_total", "Changes that were tried and did not come about.", float64(s.Undone))
	for _, n := range []struct {
		name, help string
		value      int
	}{
		{"held", "Changes of the last plan that need a person's decision.", s.Summary.Held},
		{"blocked", "Changes of the last plan that PagerDuty would refuse.", s.Summary.Blocked},
		{"unknown", "Pairs of the last plan whose desired access is unknown.", s.Summary.Unknown},
		{"unenforced", "Changes of the last plan that the mode keeps from being made.", s.Summary.Unenforced},
		{"extra", "Access in the last plan that no policy gives and that is left as it is.", s.Summary.Extra},
	} {
		m.gauge(n.name, n.help, float64(n.value))
	}
	for _, severity := range slices.Sorted(maps.Keys(s.Findings)) {
		m.gauge("findings", "Open findings of the last plan.", float64(s.Findings[severity]), "severity", severity)
	}
	for _, c := range s.Coverage {
		m.gauge("schedule_coverage_ratio", "Share of the window of the last reading in which somebody is on call, of the schedules that access depends on.",
			c.Share, "schedule", c.Name, "id", c.Schedule)
	}
	m.count("log_lines_lost_total", "Lines of the log that could not be written.", float64(c.lost()))
	m.readings(c.daemon.Costs())
	m.cost(c.client().Cost())
}

// metrics sends metrics, whose labels are pairs of name and value.
type metrics struct{ out chan<- prometheus.Metric }

// changes counts the changes made, with a zero where there were none: Prometheus
// sees no increase in a series that begins with the first burst.
func (m metrics) changes(made []daemon.ChangeCount) {
	for _, cause := range plan.Causes() {
		for _, effect := range []plan.Effect{plan.Raise, plan.Lower} {
			n := 0
			for _, c := range made {
				if c.Cause == cause && c.Effect == effect {
					n += c.Count
				}
			}
			m.count("changes_total", "Changes made.", float64(n), "cause", string(cause), "effect", string(effect))
		}
	}
}

// events counts what happened by its code, with a zero where it did not.
func (m metrics) events(counts map[code.Code]int) {
	for _, p := range events.Pages {
		m.count("events_total", "What happened, by its code: see dutyward help codes.", float64(counts[p.Code]), "code", string(p.Code))
	}
}

// readings are what rounds read and how long handoffs took.
func (m metrics) readings(c daemon.Costs) {
	for _, kind := range []string{daemon.KindFull, daemon.KindHandoff, daemon.KindOnCalls, daemon.KindChanges} {
		m.count("readings_total", "Rounds and looks at on-calls by what they read.", float64(c.Rounds[kind]), "kind", kind)
		m.count("reading_requests_total", "Requests to PagerDuty, writes among them, by what the round read.", float64(c.Requests[kind]), "kind", kind)
	}
	m.gauge("oncall_interval_seconds", "How often on-calls are looked at between rounds; 0 for never.", c.Interval.Seconds(), "as", "done")
	m.gauge("oncall_interval_seconds", "How often on-calls are looked at between rounds; 0 for never.", c.Configured.Seconds(), "as", "configured")
	buckets := map[float64]uint64{}
	for i, bound := range daemon.DelayBounds() {
		buckets[bound.Seconds()] = 0
		if i < len(c.Delays) {
			buckets[bound.Seconds()] = c.Delays[i]
		}
	}
	m.out <- prometheus.MustNewConstHistogram(prometheus.NewDesc("dutyward_handoff_delay_seconds",
		"From a moment at which access changes on its own to the last of its writes.", nil, nil), c.Delayed, c.DelaySum.Seconds(), buckets)
}

func (m metrics) cost(cost pagerduty.Cost) {
	for _, e := range cost.Endpoints {
		m.count("requests_total", "Requests to PagerDuty, retries among them.", float64(e.Requests), "endpoint", e.Endpoint)
	}
	m.count("request_retries_total", "Requests that repeated another.", float64(cost.Retries))
	m.gauge("request_budget", "Requests that PagerDuty allows in a minute; 0 before it said so.", float64(cost.Budget))
	m.gauge("request_budget_used", "The most requests used in one of the last five minutes, others' among them, as PagerDuty counts.", float64(cost.BudgetUsed))
	m.count("request_wait_seconds_total", "Time spent waiting for the rate limit and before retries.", cost.Waited.Seconds())
}

func (m metrics) count(name, help string, value float64, labels ...string) {
	m.send(prometheus.CounterValue, name, help, value, labels)
}

func (m metrics) gauge(name, help string, value float64, labels ...string) {
	m.send(prometheus.GaugeValue, name, help, value, labels)
}

func (m metrics) send(kind prometheus.ValueType, name, help string, value float64, labels []string) {
	var names, values []string
	for i := 0; i+1 < len(labels); i += 2 {
		names, values = append(names, labels[i]), append(values, labels[i+1])
	}
	m.out <- prometheus.MustNewConstMetric(prometheus.NewDesc("dutyward_"+name, help, names, nil), kind, value, values...)
}

func moment(t *time.Time) float64 {
	if t == nil {
		return 0
	}
	return float64(t.Unix())
}

func since(c *events.Condition) float64 {
	if c == nil {
		return 0
	}
	return moment(&c.Since)
}
