package inventory

import (
	"iter"
	"reflect"
	"slices"
	"strings"
)

// thing is a kind of thing that the snapshot holds and references name.
type thing struct {
	kind Kind
	// each yields the id and name of every one, name those of one.
	each func(s *Snapshot) iter.Seq2[string, string]
	name func(s *Snapshot, id string) (string, bool)
}

// things are all kinds of things with names; of users the e-mail address is it.
var things = []thing{
	named(KindUser, func(s *Snapshot) map[string]User { return s.Users }, func(v User) string { return v.Email }),
	named(KindTeam, func(s *Snapshot) map[string]Team { return s.Teams }, func(v Team) string { return v.Name }),
	named(KindSchedule, func(s *Snapshot) map[string]Schedule { return s.Schedules }, func(v Schedule) string { return v.Name }),
	named(KindEscalation, func(s *Snapshot) map[string]EscalationPolicy { return s.EscalationPolicies }, func(v EscalationPolicy) string { return v.Name }),
	named(KindService, func(s *Snapshot) map[string]Service { return s.Services }, func(v Service) string { return v.Name }),
}

func named[T any](kind Kind, of func(*Snapshot) map[string]T, name func(T) string) thing {
	return thing{
		kind: kind,
		each: func(s *Snapshot) iter.Seq2[string, string] {
			return func(yield func(id, name string) bool) {
				for id, v := range of(s) {
					if !yield(id, name(v)) {
						return
					}
				}
			}
		},
		name: func(s *Snapshot, id string) (string, bool) {
			v, ok := of(s)[id]
			return name(v), ok
		},
	}
}

// thingOf is the thing of that kind; nil if the snapshot holds none such.
func thingOf(kind Kind) *thing {
	for i := range things {
		if things[i].kind == kind {
			return &things[i]
		}
	}
	return nil
}

// NamedKinds are the kinds of things with names that a snapshot holds.
func NamedKinds() []Kind {
	var all []Kind
	for _, t := range things {
		all = append(all, t.kind)
	}
	return all
}

// Things yields the id and name of every thing of a kind, in no order.
func (s *Snapshot) Things(kind Kind) iter.Seq2[string, string] {
	if t := thingOf(kind); t != nil {
		return t.each(s)
	}
	return func(func(string, string) bool) {}
}

// Keys are the keys of a snapshot's JSON form, which is the input of policies, in the
// order in which they stand there.
func Keys() []string { return slices.Clone(snapshotKeys) }

// Collections are those of the keys that hold things by their ids.
func Collections() []string { return slices.Clone(collections) }

var snapshotKeys, collections = keysOf(reflect.TypeFor[Snapshot]())

func keysOf(t reflect.Type) (all, maps []string) {
	for i := range t.NumField() {
		key, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		all = append(all, key)
		if t.Field(i).Type.Kind() == reflect.Map {
			maps = append(maps, key)
		}
	}
	return all, maps
}
