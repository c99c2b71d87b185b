package daemon

import (
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// tellExpiring tells once that access which was given for a while ends soon.
func (d *Daemon) tellExpiring(p *plan.Plan) {
	var keys []string
	for _, x := range p.Expiring {
		keys = append(keys, strings.Join([]string{x.User, x.Resource.String(), x.Role, x.Until.String()}, " "))
	}
	fresh, _ := news(&d.told.Expiring, keys)
	for _, i := range fresh {
		x := p.Expiring[i]
		if len(fresh) > burst {
			d.Log.Warn("access that was given for a while ends soon", "people_and_resources", len(fresh), "first_until", x.Until.Format(time.RFC3339))
			break
		}
		source := ""
		for _, by := range x.By {
			source = by.Source
		}
		d.Log.Warn("access that was given for a while ends soon",
			"user", reconcile.Name(p, inventory.ByID(inventory.KindUser, x.User).String()), "resource", reconcile.Name(p, x.Resource.String()),
			"role", x.Role, "until", x.Until.Format(time.RFC3339), "then", x.Then, "source", source)
	}
}
