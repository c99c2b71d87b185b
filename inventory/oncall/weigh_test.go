package oncall_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
	"pgregory.net/rapid"
)

// weekByWeek is who is on call in each of a number of weeks, from the present one on.
func weekByWeek(t interface{ Fatal(...any) }, s inventory.Schedule, now time.Time, n int) []string {
	shifts, err := oncall.Render(s, now, now.AddDate(0, 0, 7*n))
	if err != nil {
		t.Fatal(err)
	}
	out := make([]string, n)
	for i := range n {
		if on := oncall.At(shifts, now.AddDate(0, 0, 7*i)); len(on) == 1 {
			out[i] = on[0].User
		}
	}
	return out
}

func TestS23_TurnsAreAddedAtTheEndOfTheCycle(t *testing.T) {
	now := local(berlin, "2026-06-10 12:00")
	cases := []struct {
		name    string
		users   string
		v       oncall.Revision
		want    string
		members string
	}{
		{"a second turn", "ann bob cy", oncall.Revision{Weights: map[string]int{"bob": 2}}, "bob cy ann bob bob cy ann bob", "cy ann bob bob"},
		{"a newcomer with two", "ann bob cy", oncall.Revision{Join: []string{"di"}, Weights: map[string]int{"di": 2}}, "bob cy ann di di bob cy ann", ""},
		{"two newcomers, spread", "ann bob", oncall.Revision{Join: []string{"ed", "di"}, Weights: map[string]int{"di": 2}}, "bob ann ed di di bob ann ed", ""},
		{"nobody yet, spread and in order", "", oncall.Revision{Join: []string{"ed", "di", "flo"}, Weights: map[string]int{"di": 2}}, "", "ed di flo di"},
		{"one turn less", "ann bob ann cy", oncall.Revision{Weights: map[string]int{"ann": 1}}, "", "bob ann cy"},
		{"as many as they have", "ann bob ann cy", oncall.Revision{Weights: map[string]int{"ann": 2}}, "", "ann bob ann cy"},
		{"in place of somebody with two", "ann bob ann cy", oncall.Revision{Join: []string{"di"}, Leave: []string{"ann"}}, "", "di bob di cy"},
		{"in place of somebody with two, with one", "ann bob ann cy", oncall.Revision{Join: []string{"di"}, Leave: []string{"ann"}, Weights: map[string]int{"di": 1}}, "", "bob di cy"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			c.v.Part = "L"
			s := layerBased(berlin, layer("L", local(berlin, "2026-06-01 09:00"), week, strings.Fields(c.users)...))
			revised, err := oncall.Revise(s, []oncall.Revision{c.v}, now)
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(weekByWeek(t, revised.Schedule, now, 8), " "); c.want != "" && got != c.want {
				t.Errorf("turns are %s, expected %s", got, c.want)
			}
			layers := revised.Schedule.Layers
			if got := layers[len(layers)-1].Users; c.members != "" && !sameCycle(got, strings.Fields(c.members)) {
				t.Errorf("members are %v, expected %s", got, c.members)
			}
		})
	}
}

// sameCycle says whether two lists are one with another beginning.
func sameCycle(a, b []string) bool {
	for i := range a {
		if slices.Equal(slices.Concat(a[i:], a[:i]), b) {
			return true
		}
	}
	return len(a)+len(b) == 0
}

// With weights, turns over a cycle are in proportion, and nobody's next turn moves who
// keeps as many as they have.
func TestS23_TurnsOfACycleAreInProportionToWeights(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := local(berlin, "2026-06-10 12:00")
		people := []string{"ann", "bob", "cy", "di", "ed"}
		users := rapid.SliceOfN(rapid.SampledFrom(people[:3]), 1, 6).Draw(t, "users")
		v := oncall.Revision{Part: "L", Weights: map[string]int{}, Join: rapid.SliceOfDistinct(rapid.SampledFrom(people[3:]), rapid.ID).Draw(t, "join")}
		for _, p := range people {
			if rapid.Bool().Draw(t, "weighs "+p) {
				v.Weights[p] = rapid.IntRange(1, 4).Draw(t, "weight of "+p)
			}
		}
		s := layerBased(berlin, layer("L", local(berlin, "2026-06-01 09:00"), week, users...))
		revised, err := oncall.Revise(s, []oncall.Revision{v}, now)
		if err != nil {
			t.Fatal(err)
		}
		last := revised.Schedule.Layers[len(revised.Schedule.Layers)-1]
		want := map[string]int{}
		for _, u := range users {
			want[u]++
		}
		for _, p := range people {
			joins := slices.Contains(v.Join, p)
			if joins {
				want[p] = 1
			}
			if n := v.Weights[p]; n > 0 && want[p] > 0 {
				want[p] = n
			}
		}
		got := map[string]int{}
		from := now
		for _, c := range revised.Changes {
			if c.Effective.After(from) {
				from = c.Effective
			}
		}
		for _, u := range weekByWeek(t, revised.Schedule, from, len(last.Users)) {
			got[u]++
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("turns within a cycle are %v, expected %v: %v", got, want, last.Users)
		}
		if again, err := oncall.Revise(revised.Schedule, []oncall.Revision{v}, now); err != nil || len(again.Steps) != 0 {
			t.Fatalf("a second time: %+v, %v", again.Steps, err)
		}
		for p, n := range v.Weights {
			if had := slices.DeleteFunc(slices.Clone(users), func(u string) bool { return u != p }); len(had) > n {
				return // turns that close up may move others', and are held then
			}
		}
		was, is := weekByWeek(t, s, now, 2*len(users)), weekByWeek(t, revised.Schedule, now, 2*len(users))
		for i, u := range was[:len(users)] {
			if is[i] != u {
				t.Fatalf("week %d was %s's and is %s's: %v, %v", i, u, is[i], was, is)
			}
		}
	})
}
