package diff

import (
	"fmt"
	"runtime"
	"slices"
	"strings"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// contain plans something about one resource. Where that panics, the resource is
// unknown in this plan, and the rest of it is planned on: a fault of this program
// about one schedule must not stop the hand-overs of others.
func (b *builder) contain(r inventory.Ref, user string, do func()) {
	defer func() {
		if p := recover(); p != nil {
			b.fault(r, user, faultOf(p))
		}
	}()
	if b.in.sabotage != nil {
		b.in.sabotage(r)
	}
	do()
}

// containTold is contain for what is only told of a resource: then that is not.
func (b *builder) containTold(r inventory.Ref, do func()) {
	defer func() {
		if p := recover(); p != nil {
			message := fmt.Sprintf("%s telling of %s: %s", desired.Fault, b.resourceName(r), faultOf(p))
			b.plan.Errors = slices.Concat(b.plan.Errors, []desired.Notice{{Code: desired.CodeFault, About: r, Message: message}})
		}
	}()
	do()
}

// fault makes a resource, or one person's pair there, unknown.
func (b *builder) fault(r inventory.Ref, user, what string) {
	on := b.resourceName(r)
	if user != "*" {
		on = b.userName(user) + " on " + on
	}
	reason := fmt.Sprintf("%s planning %s: %s", desired.Fault, on, what)
	b.access.Unknown = append(b.access.Unknown, desired.Unknown{Code: desired.CodeFault, User: user, Resource: r, Reason: reason})
	b.access.Errors = slices.Concat(b.access.Errors, []desired.Notice{{Code: desired.CodeFault, About: r, Message: reason}})
	about := func(c plan.Change) bool { return c.Resource == r && (user == "*" || c.User == user) }
	b.proposed = slices.DeleteFunc(b.proposed, about)
	b.plan.Observed = slices.DeleteFunc(b.plan.Observed, about)
	b.plan.Blocked = slices.DeleteFunc(b.plan.Blocked, func(x plan.Blocked) bool { return about(x.Change) })
	b.plan.Held = slices.DeleteFunc(b.plan.Held, func(x plan.Held) bool { return about(x.Change) })
}

// faulty says that planning a resource was at fault before: another kind of access to
// it is not planned then.
func (b *builder) faulty(r inventory.Ref) bool {
	return slices.ContainsFunc(b.access.Unknown, func(u desired.Unknown) bool {
		return u.Code == desired.CodeFault && u.User == "*" && u.Resource == r
	})
}

// FaultError says that no plan could be made since this program is at fault.
type FaultError struct{ What string }

func (e *FaultError) Error() string { return desired.Fault + " " + e.What }

// faultOf says what panicked, and where.
func faultOf(p any) string {
	pcs := make([]uintptr, 32)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs)])
	for {
		f, more := frames.Next()
		inside := !strings.HasPrefix(f.Function, "runtime.") && f.Function != ""
		if inside || !more {
			name := f.File[strings.LastIndexByte(f.File, '/')+1:]
			return fmt.Sprintf("%v (%s:%d)", p, name, f.Line)
		}
	}
}
