package diff

import (
	"slices"
	"strings"

	"github.com/dutyward/dutyward/inventory"
)

// outOfScope are the keys of changes of schedules that a plan did not look at.
func (b *builder) outOfScope(keys []string) []string {
	return slices.DeleteFunc(slices.Clone(keys), func(key string) bool {
		kind, rest, _ := strings.Cut(key, "/")
		id, _, _ := strings.Cut(rest, "/")
		return kind != string(inventory.KindSchedule) || b.scope.schedules[id]
	})
}

func usersOf(members []*string) []string {
	var users []string
	for _, m := range members {
		if m != nil {
			users = append(users, *m)
		}
	}
	return users
}
