package serve

import (
	"context"
	"reflect"

	"github.com/dutyward/dutyward/cmd/internal/config"
	"github.com/dutyward/dutyward/cmd/internal/notify"
	"github.com/dutyward/dutyward/reconcile/daemon"
)

// notifies has events sent to the receivers of the configuration in force, unless they
// are those of the one before.
func (r *Service) notifies(ctx context.Context, before *config.Config) {
	if before != nil && reflect.DeepEqual(before.Notify, r.config.Notify) {
		return
	}
	r.senders.Start(ctx, r.sendersOf(r.config))
}

func (r *Service) sendersOf(c *config.Config) []*notify.Sender {
	var all []*notify.Sender
	for _, w := range c.Webhooks() {
		all = append(all, &notify.Sender{
			Receiver: w.Name, Outbox: r.opened.Journal, KeepTrying: c.KeepTrying(), Wall: r.Process.Now, Sink: r.sink,
			Courier: notify.NewWebhook(w, r.Process.Now, r.Version),
		})
	}
	return all
}

// round makes a round and has what came of it sent.
func (r *Service) round(ctx context.Context, why string) (daemon.Next, error) {
	defer r.senders.Wake()
	return r.Daemon.Round(ctx, why)
}
