package diff

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// notice adds what is to be said of the round beside its changes.
func (b *builder) notice() {
	if b.in.brief {
		return
	}
	b.neverEnding()
	p := b.plan
	p.Unknown = b.access.Unknown
	p.Absent = b.access.Absent
	p.Errors = slices.Concat(b.access.Errors, b.operatorErrors())
	p.Warnings = slices.Concat(b.access.Warnings, p.Warnings)
	switch failed := failedGrants(b.in.Statements); {
	case len(b.in.Statements.Grants) > 0:
	case len(failed) > 0:
		p.Notices = append(p.Notices, "no grant is known in this round, so that nothing is planned: "+strings.Join(failed, "; "))
	default:
		p.Notices = append(p.Notices, "the policies hold no grant yet: nothing is planned, findings only")
	}
	if u := b.in.Snapshot.Account.Unavailable; len(u) > 0 {
		p.Notices = append(p.Notices, "not available to this token or on this account: "+strings.Join(u, ", "))
	}
	b.noticeVanished()
	b.noticeFalls()
	b.noticeAdminByFacts()
	b.noticeRenderings()
	b.noticeStubs()
	b.noticeBeyond()
	b.noticeLeavers()
}

// failedGrants are the rules that failed and might have named a resource. What they
// would have said is not known, and must not be told as not said.
func failedGrants(s *policies.Statements) []string {
	var failed []string
	for _, f := range s.Failures {
		at := fmt.Sprintf("the %s rule at %s:%d failed", f.Rule, f.Origin.File, f.Origin.Line)
		if (f.Rule == "grant" || f.Rule == "empty") && !slices.Contains(failed, at) {
			failed = append(failed, at)
		}
	}
	return failed
}

// unnamed says why a resource is left alone that no policy names.
func (b *builder) unnamed(what string) string {
	if len(failedGrants(b.in.Statements)) > 0 {
		return "a rule failed that may name this " + what
	}
	return "no policy names this " + what
}

// noticeAdminByFacts finds admin roles that follow from PagerDuty's own facts:
// whoever can make an override could give them to themselves (S30).
func (b *builder) noticeAdminByFacts() {
	var admins []desired.Pair
	for user, g := range b.access.Grants.On(desired.Target{Resource: inventory.AccountRef}) {
		if g.Role == "admin" {
			admins = append(admins, desired.Pair{User: user, Resource: inventory.AccountRef})
		}
	}
	slices.SortFunc(admins, desired.ComparePairs)
	for _, pair := range admins {
		g := b.access.Grant(pair)
		for _, by := range g.By {
			if len(by.Chain) == 0 || strings.HasPrefix(by.Chain[len(by.Chain)-1], "group:") {
				continue
			}
			fact := by.Chain[len(by.Chain)-1]
			b.finding(plan.Finding{
				Rule: "dutyward.admin-by-facts", Subject: b.ref(inventory.KindUser, pair.User), Resource: inventory.AccountRef, Severity: "high",
				Message:     fmt.Sprintf("%s is admin through %s: whoever can change that in PagerDuty can make themselves admin", b.userName(pair.User), fact),
				Remediation: "give admin to named people or to a group from a roster",
				By:          []policies.Origin{by.Origin},
			})
			break
		}
	}
}

// noticeRenderings finds schedules that we render otherwise than PagerDuty
// (S22).
func (b *builder) noticeRenderings() {
	for id := range b.in.Snapshot.Schedules {
		message := b.ground.rendersOtherwise(id)
		if message == "" {
			continue
		}
		b.finding(plan.Finding{
			Rule: "dutyward.rendering-differs", Subject: b.ref(inventory.KindSchedule, id), Resource: b.ref(inventory.KindSchedule, id),
			Severity: "low", Message: message, Remediation: "report it with the schedule's JSON",
		})
	}
}

// noticeVanished finds what policies named in the last round and no longer do:
// it is left alone, and said (S1).
func (b *builder) noticeVanished() {
	if b.in.Memory.Last == nil || len(failedGrants(b.in.Statements)) > 0 {
		return // a rule that failed may name it
	}
	for _, n := range b.in.Memory.Last.Named {
		if _, named := b.access.Named[n.Target]; named || b.unknownTarget(n.Target) {
			continue
		}
		b.finding(plan.Finding{
			Rule: "dutyward.no-longer-named", Subject: n.Resource, Resource: n.Resource, Severity: "medium",
			Message:     fmt.Sprintf("policies named %s in the last round and no longer do: everybody keeps what they have there", n.Name),
			Remediation: "grant something there again, or say with `empty` that it may lose everybody; to stop managing it, take it out of what is imported",
		})
	}
}

func (b *builder) unknownTarget(t desired.Target) bool {
	return b.access.UnknownReason(desired.Pair{User: "*", Resource: t.Resource}) != ""
}
