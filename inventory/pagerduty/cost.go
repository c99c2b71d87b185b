package pagerduty

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/dutyward/dutyward/inventory/pagerduty/pace"
)

// Cost is what a client has used so far.
type Cost struct {
	// Endpoints are sorted by requests, most first.
	Endpoints []EndpointCost
	// Requests counts every request sent, retries among them.
	Requests int
	// Retries counts the requests that repeated another.
	Retries  int
	BytesIn  int64
	BytesOut int64
	// Waited is the time spent waiting for the rate limit and before retries,
	// summed over concurrent requests.
	Waited time.Duration
	// Elapsed is the time from the first request to the last answer.
	Elapsed time.Duration
	// Budget is how many requests PagerDuty allows in a minute, and BudgetUsed the
	// most that were used in one of the last five, others' requests among them. Both
	// are as answers said, and zero before the first.
	Budget, BudgetUsed int
}

// EndpointCost is the cost of one endpoint.
type EndpointCost struct {
	// Endpoint is method and path pattern: "GET /teams/{id}/members".
	Endpoint string
	Requests int
	BytesIn  int64
	BytesOut int64
}

// Cost says what c has used since it was made.
func (c *Client) Cost() Cost { return c.meter.cost() }

type meter struct {
	now func() time.Time

	mu          sync.Mutex
	endpoints   map[string]*EndpointCost
	total       Cost
	first, last time.Time
	windows     []window
}

// window is what answers said of one minute of the budget.
type window struct {
	end  time.Time
	used int
}

// recent is how long a window counts after its end.
const recent = 5 * time.Minute

func newMeter(now func() time.Time) *meter {
	return &meter{now: now, endpoints: map[string]*EndpointCost{}}
}

func (m *meter) sent() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.first.IsZero() {
		m.first = m.now()
	}
}

func (m *meter) answered(endpoint string, out, in int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.last = m.now()
	e := m.endpoints[endpoint]
	if e == nil {
		e = &EndpointCost{Endpoint: endpoint}
		m.endpoints[endpoint] = e
	}
	e.Requests++
	e.BytesIn += in
	e.BytesOut += out
	m.total.Requests++
	m.total.BytesIn += in
	m.total.BytesOut += out
}

// budgeted notes what an answer said of the budget.
func (m *meter) budgeted(b pace.Budget) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.total.Budget = b.Limit
	end, used := m.now().Add(b.Reset), b.Limit-b.Remaining
	if n := len(m.windows); n > 0 && end.Sub(m.windows[n-1].end).Abs() <= 5*time.Second {
		m.windows[n-1].used = max(m.windows[n-1].used, used)
		return
	}
	m.windows = append(m.windows, window{end, used})
}

func (m *meter) retried() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.total.Retries++
}

func (m *meter) waited(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.total.Waited += d
}

func (m *meter) cost() Cost {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := m.total
	if m.last.After(m.first) {
		c.Elapsed = m.last.Sub(m.first)
	}
	m.windows = slices.DeleteFunc(m.windows, func(w window) bool { return m.now().Sub(w.end) > recent })
	for _, w := range m.windows {
		c.BudgetUsed = max(c.BudgetUsed, w.used)
	}
	c.Endpoints = make([]EndpointCost, 0, len(m.endpoints))
	for _, e := range m.endpoints {
		c.Endpoints = append(c.Endpoints, *e)
	}
	slices.SortFunc(c.Endpoints, func(x, y EndpointCost) int {
		return cmp.Or(cmp.Compare(y.Requests, x.Requests), cmp.Compare(x.Endpoint, y.Endpoint))
	})
	return c
}
