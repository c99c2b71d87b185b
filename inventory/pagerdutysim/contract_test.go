package pagerdutysim_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/inventory/pagerdutysim/contract"
)

// The simulator is judged by PagerDuty's own description: every operation that
// it offers is exercised, and every request and response validated.
func TestSimulatorKeepsPagerDutysContract(t *testing.T) {
	judge := contract.New(t)
	a := newAPI(t, askedByAnn)
	a.transport = judge.Wrap(a.transport)
	tr := traffic{api: a, offers: offered(t, judge)}
	tr.people()
	tr.teams()
	tr.layerSchedules()
	tr.shiftSchedules()
	tr.shiftParts()
	tr.policiesAndServices()
	tr.reads()
	tr.catalogue()
	tr.incidents()

	for _, v := range judge.Violations() {
		t.Errorf("violation: %s", v)
	}
	covered := judge.Covered()
	var missed []string
	for operation := range tr.offers {
		if !slices.Contains(covered, operation) {
			missed = append(missed, operation)
		}
	}
	slices.Sort(missed)
	if diff := cmp.Diff([]string(nil), missed); diff != "" {
		t.Errorf("operations that the simulator offers and that never succeeded here: %s", diff)
	}
	for _, name := range judge.Unused() {
		t.Errorf("exception %q was never needed: take it away", name)
	}
	t.Logf("%d operations covered:\n  %s", len(covered), strings.Join(covered, "\n  "))
	used := judge.Used()
	for _, e := range contract.Exceptions() {
		t.Logf("exception, used %d times: %s (%s)", used[e.Name], e.Name, e.Reason)
	}
}

// offered are the operations of the description that the simulator has an
// endpoint for: it counts the others as unknown.
func offered(t *testing.T, judge *contract.Judge) map[string]bool {
	t.Helper()
	probe := newAPI(t)
	offers := map[string]bool{}
	for _, operation := range judge.Operations() {
		method, path, _ := strings.Cut(operation, " ")
		before := probe.server.Requests()[method+" unknown"]
		probe.call(method, concrete(path), nil)
		if slices.Contains(notSimulated, path) {
			continue // it is taken for the id of something
		}
		offers[operation] = probe.server.Requests()[method+" unknown"] == before
	}
	for operation, offers1 := range offers {
		if !offers1 {
			delete(offers, operation)
		}
	}
	return offers
}

// notSimulated are paths that look as if they named something.
var notSimulated = []string{
	"/business_services/impactors", "/business_services/impacts", "/business_services/priority_thresholds",
	"/incidents/custom_fields", "/incidents/types", "/webhook_subscriptions/oauth_clients",
}

// concrete puts an id that nothing has for each variable of a path.
func concrete(path string) string {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		switch {
		case p == "{entity_type}":
			parts[i] = "users"
		case strings.HasPrefix(p, "{"):
			parts[i] = "PNOBODY"
		}
	}
	return strings.Join(parts, "/")
}

func TestJudgeSeesWhatIsWrongInBothDirections(t *testing.T) {
	judge := contract.New(t)
	a := newAPI(t)
	a.transport = judge.Wrap(inProcess{http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"schedules":[{"type":"schedule_v3_reference","summary":"no id"}]}`))
	})})
	a.must(http.StatusOK, "GET", "/v3/schedules?limit=5000", nil)
	var seen []string
	for _, v := range judge.Violations() {
		seen = append(seen, string(v.Direction)+" "+v.Parameter+v.Pointer)
	}
	want := []string{"request query limit", "response /schedules/*/id"}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Errorf("%s in %v", diff, judge.Violations())
	}
}
