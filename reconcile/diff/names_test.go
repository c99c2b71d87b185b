package diff_test

import (
	"strings"
	"testing"
	"time"

	"github.com/dutyward/dutyward/inventory"
	. "github.com/dutyward/dutyward/reconcile/internal/testaccount"
	"github.com/dutyward/dutyward/reconcile/plan"
)

func wantNames(t *testing.T, p *plan.Plan, want map[string]string) {
	t.Helper()
	for id, name := range want {
		if got, there := p.Names[id]; got != name || there != (name != "") {
			t.Errorf("%s is called %q (there: %v), want %q", id, got, there, name)
		}
	}
}

// Whoever shows a plan finds the names of all that it refers to by id.
func TestAPlanNamesWhateverItRefersTo(t *testing.T) {
	t.Run("roles", func(t *testing.T) {
		s := Account()
		Put(s, "SEA", "ed", "manager")
		st := Grants("user:di@acme.com team:Search responder", "user:ed@acme.com team:Search manager until 5", "user:bob@acme.com account user", "oncall:Nope account user")
		in := Input(s, st)
		in.Settings.WarnBefore = 24 * time.Hour
		wantNames(t, MustMake(t, in).Plan, map[string]string{
			"user:#di": "di@acme.com", "team:#SEA": "team:Search", "user:#cy": "cy@acme.com", // changed
			"user:#ed":  "ed@acme.com",                                // expiring
			"team:#PAY": "team:Payments", "user:#ann": "ann@acme.com", // extra
			"user:#adm": "adm@acme.com", // without a grant on the account
			"user:#*":   "",             // whom what is unknown is about
		})
	})
	t.Run("turns", func(t *testing.T) {
		wantNames(t, MustMake(t, Input(Turns(), Rotation("ann bob cy di Weekly", "ann bob cy di Follow"))).Plan, map[string]string{
			"schedule:#WEE": "schedule:Weekly", "schedule:#WEE/DAY": "layer Day", "schedule:#FOL/WEEK": "event Week",
			"user:#cy": "cy@acme.com", "user:#di": "di@acme.com", "user:#": "", "schedule:#WEE/": "",
		})
	})
	t.Run("turns of people whom nothing else is about", func(t *testing.T) {
		s := Turns()
		s.Teams = map[string]inventory.Team{}
		st := Rotation("ann bob cy di Weekly")
		for id, u := range s.Users {
			u.Teams = map[string]string{}
			s.Users[id] = u
			Also(st, "user:"+id+"@acme.com account "+u.BaseRole)
		}
		wantNames(t, MustMake(t, Input(s, st)).Plan, map[string]string{"user:#di": "di@acme.com", "user:#cy": "cy@acme.com", "user:#ed": "", "user:#": ""})
	})
	t.Run("layers without a name, and what is left alone on others", func(t *testing.T) {
		s := Turns()
		v := s.Schedules["WEE"]
		v.Layers[0].Name = ""
		s.Schedules["WEE"] = v
		st := Rotation("ann bob cy di Weekly", "ann bob cy Follow")
		st.Protects = protects("user:cy@acme.com")
		st.Grants = st.Grants[:len(st.Grants)-1] // cy is protected on Follow
		wantNames(t, MustMake(t, Input(s, st)).Plan, map[string]string{
			"schedule:#WEE/DAY": "", "schedule:#WEE": "schedule:Weekly", "schedule:#FOL/WEEK": "event Week",
		})
	})
	t.Run("overrides", func(t *testing.T) {
		p := MustMake(t, Input(Turns(), overrides(override("di", "Follow", "bob", 5, 30), override("ed", "Weekly", "", 8, 10)))).Plan
		wantNames(t, p, map[string]string{
			"user:#di": "di@acme.com", "user:#ed": "ed@acme.com", "user:#bob": "bob@acme.com", "user:#": "", "schedule:#WEE/": "", "schedule:#FOL/": "",
		})
	})
	t.Run("people who were deleted", func(t *testing.T) {
		wantNames(t, MustMake(t, Input(haunted(), Rotation("ann di cy Weekly"))).Plan, map[string]string{"user:#ghost": "#ghost (deleted)", "user:#ann": "ann@acme.com"})
	})
}

// A policy names a resource by its name, and by its id where another has that name too.
func TestS3_TheWayOnNamesATeamAsAPolicyCan(t *testing.T) {
	for name, want := range map[string]string{"Payments": "team:Search", "Search": "team:#SEA"} {
		s := Account()
		s.Teams["PAY"] = inventory.Team{ID: "PAY", Name: name, Members: s.Teams["PAY"].Members}
		st := Members(Grants("group:nobody team:#SEA responder"), "nobody user:gone@acme.com")
		held := MustMake(t, Input(s, st)).Plan.Held
		if len(held) != 1 || !strings.Contains(held[0].Release, `empty contains {"resource": "`+want+`"`) {
			t.Errorf("held are %+v, want one that says to write %s", held, want)
		}
	}
}
