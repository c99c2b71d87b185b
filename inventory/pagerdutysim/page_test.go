package pagerdutysim_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/inventory"
)

// crowd adds people, until there are n.
func crowd(n int) func(*inventory.Snapshot) {
	return func(s *inventory.Snapshot) {
		for i := len(s.Users); i < n; i++ {
			id := fmt.Sprintf("PU%05d", i)
			s.Users[id] = inventory.User{ID: id, Name: fmt.Sprintf("User %05d", i), Email: id + "@acme.com", BaseRole: "user"}
		}
	}
}

func TestPagesAreTwentyFiveByDefaultAndAHundredAtMost(t *testing.T) {
	a := newAPI(t, edit(crowd(130)))
	for _, c := range []struct {
		query string
		want  []any // records, limit, offset, more, total
	}{
		{"", []any{25, 25.0, 0.0, true, nil}},
		{"?limit=1000", []any{100, 100.0, 0.0, true, nil}},
		{"?limit=100&offset=100&total=true", []any{30, 100.0, 100.0, false, 130.0}},
		{"?limit=30&offset=100&total=false", []any{30, 30.0, 100.0, false, nil}},
		{"?offset=500&total=TRUE", []any{0, 25.0, 500.0, false, nil}},
		{"?query=user+0012&total=true", []any{10, 25.0, 0.0, false, 10.0}},
	} {
		got := a.must(http.StatusOK, "GET", "/users"+c.query, nil)
		have := []any{len(got.each("id", "users")), got.at("limit"), got.at("offset"), got.at("more"), got.at("total")}
		if diff := cmp.Diff(c.want, have); diff != "" {
			t.Errorf("%s: %s", c.query, diff)
		}
	}
}

func TestOffsetPlusLimitEndsAtTenThousand(t *testing.T) {
	a := newAPI(t)
	a.must(http.StatusOK, "GET", "/users?offset=9900&limit=100", nil)
	const text = "Offset+limit exceeds maximum allowed value of 10000"
	a.refused(http.StatusBadRequest, 2001, text, "GET", "/users?offset=9901&limit=100", nil)
	a.refused(http.StatusBadRequest, 2001, text, "GET", "/teams?offset=10000", nil)
	a.refused(http.StatusBadRequest, 2001, "offset must be", "GET", "/users?offset=-1", nil)
	a.refused(http.StatusBadRequest, 2001, "limit must be", "GET", "/users?limit=many", nil)
}

func TestListsAreInOrderOfNamesAndIDs(t *testing.T) {
	a := newAPI(t, edit(func(s *inventory.Snapshot) {
		for _, id := range []string{"PZZ0001", "PAA0001"} {
			s.Teams[id] = inventory.Team{ID: id, Name: "alpha", DefaultRole: "none"}
		}
	}))
	want := []string{"PAA0001", "PZZ0001", "PTEAM01"}
	if diff := cmp.Diff(want, a.must(http.StatusOK, "GET", "/teams", nil).each("id", "teams")); diff != "" {
		t.Error(diff)
	}
}
