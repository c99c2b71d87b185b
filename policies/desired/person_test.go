package desired_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/desired"
)

func TestS11_APersonOfTheConfigurationIsFoundOrItSaysWhatToDo(t *testing.T) {
	twins := func(s *inventory.Snapshot) {
		for _, id := range []string{"tw1", "tw2"} {
			s.Users[id] = inventory.User{ID: id, Name: id, Email: "twin@acme.com"}
		}
	}
	unread := func(s *inventory.Snapshot) {
		s.Account.Complete, s.Account.Missing = false, []inventory.Missing{{What: "users", Reason: "500"}}
	}
	plain := func(*inventory.Snapshot) {}
	for name, c := range map[string]struct {
		person string
		then   func(*inventory.Snapshot)
		before map[string]string
		want   desired.Person // Why is a part of it
	}{
		"by address": {"ann@acme.com", plain, nil, desired.Person{IDs: []string{"ann"}, Key: "user:ann@acme.com", ID: "ann"}},
		"by address, as before": {"ann@acme.com", plain, map[string]string{"user:ann@acme.com": "ann"},
			desired.Person{IDs: []string{"ann", "ann"}, Key: "user:ann@acme.com", ID: "ann"}},
		"by id, which is not remembered": {"#ann", plain, nil, desired.Person{IDs: []string{"ann"}}},
		"an id of nobody":                {"#zed", plain, nil, desired.Person{Nobody: true, Why: "nobody in PagerDuty has the id #zed; correct it"}},
		"an address like another": {"anm@acme.com", plain, nil,
			desired.Person{Nobody: true, Why: "has the e-mail address anm@acme.com; did you mean ann@acme.com? If so, correct it"}},
		"an address unlike all": {"quartermaster@elsewhere.org", plain, nil,
			desired.Person{Nobody: true, Why: "has the e-mail address quartermaster@elsewhere.org; correct it"}},
		"somebody who has another address now": {"anna@acme.com", plain, map[string]string{"user:anna@acme.com": "ann"},
			desired.Person{IDs: []string{"ann", "ann"}, Why: "#ann, who had it, now has ann@acme.com"}},
		"somebody who is gone": {"gone@acme.com", plain, map[string]string{"user:gone@acme.com": "zed"},
			desired.Person{IDs: []string{"zed"}, Nobody: true, Why: "any more, and #zed, who had it, is gone"}},
		"an address that changed hands": {"ann@acme.com", plain, map[string]string{"user:ann@acme.com": "bob"},
			desired.Person{IDs: []string{"bob", "ann", "bob"}, Why: "was that of #bob and is now that of #ann"}},
		"an address that two have": {"twin@acme.com", twins, nil,
			desired.Person{IDs: []string{"tw1", "tw2"}, Why: "2 people in PagerDuty have the e-mail address twin@acme.com (#tw1, #tw2)"}},
		"somebody whom a failed read may have missed": {"zoe@acme.com", unread, nil,
			desired.Person{Nobody: true, Why: "zoe@acme.com is not among those read, and users could not be read completely"}},
	} {
		s := account()
		c.then(s)
		got := desired.NewNames(s, c.before).Person(c.person)
		slices.Sort(got.IDs)
		slices.Sort(c.want.IDs)
		if !slices.Equal(got.IDs, c.want.IDs) || got.Key != c.want.Key || got.ID != c.want.ID || got.Nobody != c.want.Nobody {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
		if (got.Why == "") != (c.want.Why == "") || (got.Why == "") != (got.Code == "") || !strings.Contains(got.Why, c.want.Why) {
			t.Errorf("%s: it says %q (%s), want %q in it", name, got.Why, got.Code, c.want.Why)
		}
	}
}

func TestANameThatDoesNotExistSuggestsOneOfItsKind(t *testing.T) {
	for name, c := range map[string]struct{ named, principal, says, suggests string }{
		"a team":                          {"team:Paymnets", "user:di@acme.com", "team:Paymnets does not exist", "team:Payments"},
		"an id":                           {"team:#PAX", "user:di@acme.com", "team:#PAX does not exist", ""},
		"a name unlike all":               {"team:Warehouse", "user:di@acme.com", "team:Warehouse does not exist", ""},
		"a team that is a group's name":   {"team:Payments", "team:oncallers", "team:oncallers does not exist", "group:oncallers"},
		"both, a team's name before that": {"team:Payments", "team:Searhc", "team:Searhc does not exist", "team:Search"},
	} {
		st := groups("oncallers user:ann@acme.com", "Searhc user:ann@acme.com")
		st.Grants = append(st.Grants, grant(c.principal, c.named, "manager"))
		a := access(st, nil, noon)
		if len(a.Errors) != 1 || a.Errors[0].Suggestion != c.suggests || !strings.HasPrefix(a.Errors[0].Message, c.says) {
			t.Errorf("%s: errors %+v", name, a.Errors)
			continue
		}
		p := a.Errors[0].Problem(true)
		if p.Message != c.says || p.Suggestion != c.suggests || !p.Warning {
			t.Errorf("%s: as a problem it is %+v, with the suggestion apart", name, p)
		}
	}
	a := desired.Expand(desired.Input{Snapshot: account(), Statements: groups(), References: lookingUp("user:anm@acme.com")}).At(noon)
	if len(a.Warnings) != 1 || a.Warnings[0].Suggestion != "" {
		t.Errorf("whom a rule looks up is never guessed: %+v", a.Warnings)
	}
}

// lookingUp are references that an access rule looks up by itself.
func lookingUp(names ...string) []policies.Reference {
	var out []policies.Reference
	for i, n := range names {
		out = append(out, policies.Reference{Ref: ref(n), Origin: policies.Origin{File: "p.rego", Line: i + 1, Package: "access"}})
	}
	return out
}

func TestWhatARuleCannotLookUpSuspendsLoweringOnceForEachName(t *testing.T) {
	a := desired.Expand(desired.Input{Snapshot: account(), Statements: groups(), References: lookingUp("team:Warehouse", "team:Warehouse", "team:Harbour")}).At(noon)
	want := []string{"a rule looks up what it can't find: team:Warehouse does not exist", "a rule looks up what it can't find: team:Harbour does not exist"}
	if got := desired.Messages(a.Suspends); !slices.Equal(got, want) {
		t.Errorf("suspends %q, want %q", got, want)
	}
	if len(a.Errors) != 3 || a.Suspends[0].Origin.Line != 1 || a.Suspends[1].Origin.Line != 3 {
		t.Errorf("errors %v, suspends %v, want each rule's place", a.Errors, a.Suspends)
	}
	st := groups("declared user:ann@acme.com", "undeclared user:ann@acme.com")
	st.Groups, st.Members[1].Origins = st.Groups[:1], nil
	if a := access(st, nil, noon); len(a.Suspends) != 1 || a.Suspends[0].Origin != (policies.Origin{}) {
		t.Errorf("a member without a place suspends %v", a.Suspends)
	}
}
