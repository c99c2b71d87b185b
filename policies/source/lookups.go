package source

import "github.com/dutyward/dutyward/inventory"

// Lookups are the library's functions whose first argument names a thing.
var Lookups = map[string]inventory.Kind{
	"user": inventory.KindUser, "can_be_paged": inventory.KindUser,
	"team":     inventory.KindTeam,
	"schedule": inventory.KindSchedule, "on_call_at": inventory.KindSchedule,
	"rotation": inventory.KindSchedule, "layer_members": inventory.KindSchedule,
	"first_levels": inventory.KindEscalation, "in_incident": inventory.KindService, "takes_turns": inventory.KindUser,
}
