package diff

import (
	"fmt"
	"slices"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// What the memory says of a role is worth as much as it witnessed. Most lowerings
// need no memory: policies ask for something else than what is there. The way back
// from a raise of ours is asked for by nothing else, and a person may have given
// the role for good since (S4):
//
//	the memory                          then
//	---------------------------------   -----------------------------------------
//	is older than what ran here last    ways back wait for a word, open writes are
//	                                    forgotten, and what ended by the memory
//	                                    counts as drift, under the limit of S26
//	saw no round for a day              ways back wait for a word
//	is of a later time                  the same, and S31
//	knows nobody who is here            it is another account's: nothing is lowered
//	is new                              as on a first start: nothing is known to be
//	                                    ours

// witnessed is how long a role can stand unseen for the memory to go on speaking of
// it.
const witnessed = day

// restored says why the memory is a copy from earlier. What a forecast supposes
// goes on from there.
func (b *builder) restored() string {
	if b.in.disputes != nil {
		return ""
	}
	return b.in.Memory.Restored
}

// unwitnessed says why the memory can't tell what became of a raise; empty if it
// can.
func (b *builder) unwitnessed() string {
	last := b.in.Memory.Last
	switch {
	case b.restored() != "":
		return b.restored()
	case last == nil:
		return ""
	case last.At.Sub(b.in.Now) > clockSlack:
		return fmt.Sprintf("the last round was at %s, which is yet to come", clock(last.At))
	case b.in.Snapshot.Account.TakenAt.Sub(last.At) > witnessed:
		return fmt.Sprintf("no round was made since %s", clock(last.At))
	}
	return ""
}

// unwitnessedRaise holds the ways back from raises that may be a person's decision
// by now, until a person says so. What was held stays held.
var unwitnessedRaise = guard{code: plan.HoldUnwitnessed, rule: "S4", releasable: true, lowers: true, judge: func(b *builder) judge {
	if len(b.wayBack) == 0 {
		return nil
	}
	doubt := b.unwitnessed()
	return func(c plan.Change) (wait, bool) {
		before := b.in.Memory.Last != nil && slices.Contains(b.in.Memory.Last.Unwitnessed, c.ID)
		if !slices.Contains(b.wayBack, c.ID) || b.released(c) || doubt == "" && !before {
			return wait{}, false
		}
		why := fmt.Sprintf("this program raised %s to %s, and whether a person gave that role since ", b.userName(c.User), c.Before)
		if doubt == "" {
			why += "could not be told in an earlier round"
		} else {
			why += "can't be told: " + doubt
		}
		return wait{why, "grant the role if it is meant, or take it back: " + letThrough(c), nil}, true
	}
}}

// strangersToTell is of how many people at least a memory must know nobody here to
// be taken for another account's.
const strangersToTell = 3

// anothersMemory says that the memory is of another account: nobody whom it knows
// is here.
func (b *builder) anothersMemory() []string {
	if b.in.Memory.Last == nil || !b.in.Snapshot.Account.Complete {
		return nil
	}
	known := map[string]bool{}
	for _, p := range b.in.Memory.Last.Pairs {
		if _, here := b.in.Snapshot.Users[p.User]; here {
			return nil
		}
		known[p.User] = known[p.User] || p.Actual != inventory.None
	}
	if len(known) < strangersToTell {
		return nil
	}
	return []string{fmt.Sprintf("the state is of another account: none of the %d people whom it knows is in this one; name the state of this account in the configuration, or a new file",
		len(known))}
}
