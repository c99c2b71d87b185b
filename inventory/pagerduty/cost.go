package pagerduty

import (
	"cmp"
	"slices"
	"sync"
	"time"
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
}

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
	c.Endpoints = make([]EndpointCost, 0, len(m.endpoints))
	for _, e := range m.endpoints {
		c.Endpoints = append(c.Endpoints, *e)
	}
	slices.SortFunc(c.Endpoints, func(x, y EndpointCost) int {
		return cmp.Or(cmp.Compare(y.Requests, x.Requests), cmp.Compare(x.Endpoint, y.Endpoint))
	})
	return c
}
