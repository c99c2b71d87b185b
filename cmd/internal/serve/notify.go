package serve

import (
	"context"
	"reflect"
	"sync"

	"github.com/dutyward/dutyward/cmd/internal/config"
	"github.com/dutyward/dutyward/cmd/internal/notify"
	"github.com/dutyward/dutyward/reconcile/daemon"
)

// sending has events sent while this instance leads: two that send would send twice, and
// out of order.
type sending struct {
	outbox  notify.Outbox
	senders notify.Senders

	mu sync.Mutex
	// leading is nil while this instance does not lead.
	leading context.Context
}

// begin has events sent until leading ends, and end waits for that.
func (s *sending) begin(leading context.Context, senders []*notify.Sender) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leading = leading
	s.senders.Start(leading, senders)
}

func (s *sending) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leading = nil
	s.senders.Stop()
}

// exchange has them sent by others, if they are sent at all.
func (s *sending) exchange(senders []*notify.Sender) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.leading != nil {
		s.senders.Start(s.leading, senders)
	}
}

// notifies has events sent to the receivers of the configuration in force, unless they
// are those of the one before.
func (r *Service) notifies(before *config.Config) {
	if c := r.inForce.Load(); !reflect.DeepEqual(before.Notify, c.Notify) {
		r.sending.exchange(r.sendersOf(c))
	}
}

func (r *Service) sendersOf(c *config.Config) []*notify.Sender {
	var all []*notify.Sender
	for _, w := range c.Webhooks() {
		all = append(all, &notify.Sender{
			Receiver: w.Name, Outbox: r.sending.outbox, KeepTrying: c.KeepTrying(), Wall: r.Process.Now, Sink: r.Daemon,
			Courier: notify.NewWebhook(w, r.Process.Now, r.Version),
		})
	}
	return all
}

// round makes a round and has what came of it sent.
func (r *Service) round(ctx context.Context, why string) (daemon.Next, error) {
	defer r.sending.senders.Wake()
	return r.Daemon.Round(ctx, why)
}
