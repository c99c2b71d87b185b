package pace

import (
	"context"
	"net/http"
	"time"
)

// Limits hold one pacer for all requests, and one for each endpoint that has a limit of
// its own beside the general one.
type Limits struct {
	general *Pacer
	own     map[string]*Pacer
}

// NewLimits makes the pacers of a client; the endpoints are those with a limit of their
// own. Share is as for New.
func NewLimits(share float64, endpoints map[string]bool, now func() time.Time, wait func(context.Context, time.Duration) error) *Limits {
	l := &Limits{general: New(share, now, wait), own: map[string]*Pacer{}}
	for endpoint := range endpoints {
		l.own[endpoint] = New(share, now, wait)
	}
	return l
}

// Acquire waits until the endpoint may be asked. The answer, nil if there was none, goes
// to the function returned.
func (l *Limits) Acquire(ctx context.Context, endpoint string, urgent bool) (func(*http.Response), error) {
	own := l.own[endpoint]
	if own == nil {
		if err := l.general.Acquire(ctx, urgent); err != nil {
			return nil, err
		}
		return l.general.Answered, nil
	}
	if err := own.Acquire(ctx, urgent); err != nil {
		return nil, err
	}
	if err := l.general.Acquire(ctx, urgent); err != nil {
		own.Answered(nil)
		return nil, err
	}
	// The headers show the nearest limit, which here may be the endpoint's.
	return func(resp *http.Response) { own.Answered(resp); l.general.Answered(nil) }, nil
}
