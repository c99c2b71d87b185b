package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory/pagerdutysim"
)

// scene is something that happens at the example company.
type scene struct {
	at  time.Time
	say string
	do  func(ctx context.Context, s *stage) error
	// saves says that it saves policies, which makes a round at once.
	saves bool
}

const (
	peopleFile     = "policies/people/people.yaml"
	exceptionsFile = "policies/exceptions/exceptions.yaml"
	onCallFile     = "policies/access/oncall.rego"
)

// story is what happens in the first two days, which begin on the day of start.
func story(start time.Time) []scene {
	midnight := start.UTC().Truncate(24 * time.Hour)
	day := func(n int, clock string) time.Time {
		t, err := time.Parse("15:04", clock)
		if err != nil {
			panic(err)
		}
		return midnight.Add(time.Duration(n-1)*24*time.Hour + time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute)
	}
	return []scene{
		{at: day(1, "10:12"), do: member("tara.singh@acme.test", "Payments", "manager"),
			say: "Somebody makes Tara Singh a manager of Payments, by hand on PagerDuty's pages. No policy says so."},
		{at: day(1, "10:41"), do: member("lars.dahl@acme.test", "Search", ""),
			say: "Somebody takes Lars Dahl off Search. The roster has him there."},
		{at: day(1, "11:20"), saves: true, do: edit(onCallFile, `"resource": "team:Platform", "role": "observer"}`, `"resource": "team:Platform", "role": "obsrver"}`),
			say: "Dan saves policies/access/oncall.rego with a typo: the role \"obsrver\"."},
		{at: day(1, "11:50"), do: baseRole("x.fay.moreau@partner.test", "admin"),
			say: "Somebody makes Fay Moreau, a contractor, an admin of the whole account, while the policies are broken."},
		{at: day(1, "12:10"), saves: true, do: edit(onCallFile, "obsrver", "observer"),
			say: "Dan fixes the typo."},
		{at: day(1, "13:10"), saves: true, do: appendTo(exceptionsFile, searchException),
			say: "A pull request is merged: Bea Santos may respond on Search for an audit, until 19:00 today."},
		{at: day(1, "14:31"), do: override("Payments Primary", "deniz.aydin@acme.test", day(1, "15:00"), day(1, "17:00")),
			say: "Carla Rossi goes to the dentist: Deniz Aydın takes over her shift on Payments Primary from 15:00 to 17:00. The policies give on-calls of Payments a lead of 15 minutes."},
		{at: day(1, "15:20"), saves: true, do: halve(peopleFile),
			say: "HR's export goes wrong: every second person is missing from policies/people/people.yaml."},
		{at: day(1, "15:50"), saves: true, do: restore(peopleFile),
			say: "The export runs again, and is whole."},

		{at: day(2, "09:05"), do: rename("Platform", "Platform Engineering"),
			say: "The team Platform is renamed to Platform Engineering in PagerDuty. The policies still say Platform."},
		{at: day(2, "09:40"), do: rename("Platform", "Platform"),
			say: "Nobody lost anything meanwhile. The team gets its old name back."},
		{at: day(2, "12:10"), saves: true, do: observers,
			say: "A reorganisation is merged: everybody who responds on Platform or Support becomes an observer there. Nine people, and this time it is meant."},
		{at: day(2, "12:50"), do: release,
			say: "Dan looks at each in `dutyward holds`, and lets them through: dutyward release KEY... --reason 'agreed with Mona and Dora'"},
		{at: day(2, "13:35"), do: order("total=-1:GET /users:*"),
			say: "PagerDuty's list of users comes out one short of its own total, as happens when people are added between two pages."},
		{at: day(2, "14:20"), do: fix,
			say: "PagerDuty's list is whole again."},
		{at: day(2, "15:10"), do: contacts("uma.patel@acme.test"),
			say: "Uma Patel, who takes turns on Mobile Primary, gives back her phone. E-mail remains."},
		{at: day(2, "17:40"), do: pauseChanges,
			say: "An incident. Dan wants nothing to move: dutyward pause --reason 'incident 4711'"},
		{at: day(2, "18:20"), do: resumeChanges,
			say: "It is over: dutyward resume"},
		{at: day(2, "21:05"), do: order("revoked"),
			say: "Dutyward's API token is revoked in PagerDuty."},
		{at: day(2, "21:50"), do: fix,
			say: "A new token is in place."},
	}
}

const searchException = `- who: bea.santos@acme.test
  resource: team:Search
  role: responder
  from: "2026-03-16T13:00:00Z"
  until: "2026-03-16T19:00:00Z"
  why: audit
  approved_by: grace.lin@acme.test
`

// everyday is what happens the day after, and every day from then on.
func everyday(now time.Time) []scene {
	day := now.UTC().Truncate(24 * time.Hour).Add(24 * time.Hour)
	cast := []struct{ email, name, team string }{
		{"tara.singh@acme.test", "Tara Singh", "Payments"}, {"june.park@acme.test", "June Park", "Security"},
		{"eli.stone@acme.test", "Eli Stone", "Search"}, {"yara.said@acme.test", "Yara Said", "Support"},
	}
	who := cast[day.YearDay()%len(cast)]
	return []scene{
		{at: day.Add(10*time.Hour + 12*time.Minute), do: member(who.email, who.team, "manager"),
			say: fmt.Sprintf("Somebody makes %s a manager of %s, by hand.", who.name, who.team)},
		{at: day.Add(15*time.Hour + 41*time.Minute), do: member("lars.dahl@acme.test", "Search", ""),
			say: "Somebody takes Lars Dahl off Search, by hand."},
	}
}

func (s *stage) person(email string) string {
	for id, u := range s.seed.Users {
		if u.Email == email {
			return id
		}
	}
	return ""
}

// team is the id of a team, by the name that it had in the beginning.
func (s *stage) team(name string) string {
	for id, t := range s.seed.Teams {
		if t.Name == name {
			return id
		}
	}
	return ""
}

func member(email, team, role string) func(context.Context, *stage) error {
	return func(_ context.Context, s *stage) error {
		s.sim.SetMember(s.team(team), s.person(email), role)
		return nil
	}
}

func baseRole(email, role string) func(context.Context, *stage) error {
	return func(_ context.Context, s *stage) error {
		s.sim.SetBaseRole(s.person(email), role)
		return nil
	}
}

func rename(team, name string) func(context.Context, *stage) error {
	return func(_ context.Context, s *stage) error {
		s.sim.RenameTeam(s.team(team), name)
		return nil
	}
}

func order(fault string) func(context.Context, *stage) error {
	return func(_ context.Context, s *stage) error {
		f, err := pagerdutysim.ParseFault(fault)
		s.sim.Inject(f)
		return err
	}
}

func fix(_ context.Context, s *stage) error {
	s.sim.ClearFaults()
	return nil
}

// edit replaces a piece of a file that must be there.
func edit(file, from, to string) func(context.Context, *stage) error {
	return change(file, func(text string) (string, error) {
		if !strings.Contains(text, from) {
			return "", fmt.Errorf("%s does not hold %q any more", file, from)
		}
		return strings.Replace(text, from, to, 1), nil
	})
}

func appendTo(file, text string) func(context.Context, *stage) error {
	return change(file, func(before string) (string, error) { return before + text, nil })
}

// halve leaves out every second row of a list, keeping what it was.
func halve(file string) func(context.Context, *stage) error {
	return change(file, func(text string) (string, error) {
		rows := strings.Split(text, "\n- ")
		half := rows[:0:0]
		for i := 0; i < len(rows); i += 2 {
			half = append(half, rows[i])
		}
		return strings.Join(half, "\n- ") + "\n", os.WriteFile("people.before", []byte(text), 0o600)
	})
}

func restore(file string) func(context.Context, *stage) error {
	return change(file, func(string) (string, error) {
		text, err := os.ReadFile("people.before")
		return string(text), err
	})
}

// observers makes those who respond on two teams observers there.
func observers(ctx context.Context, s *stage) error {
	return change(peopleFile, func(text string) (string, error) {
		for _, team := range []string{"Platform", "Support"} {
			text = strings.ReplaceAll(text, team+": responder", team+": observer")
		}
		return text, nil
	})(ctx, s)
}

func change(file string, f func(string) (string, error)) func(context.Context, *stage) error {
	return func(context.Context, *stage) error {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		changed, err := f(string(text))
		if err != nil {
			return err
		}
		return os.WriteFile(file, []byte(changed), 0o600)
	}
}

// release lets through what the limit holds.
func release(ctx context.Context, s *stage) error {
	session, result, err := s.demonstration.round(ctx)
	if err != nil {
		return err
	}
	if err := session.Close(); err != nil {
		return err
	}
	args := []string{"release", "--reason", "agreed with Mona and Dora"}
	for _, h := range result.Plan.Held {
		args = append(args, h.ID)
	}
	_, err = s.command(ctx, args...)
	return err
}

func pauseChanges(ctx context.Context, s *stage) error {
	_, err := s.command(ctx, "pause", "--reason", "incident 4711")
	return err
}

func resumeChanges(ctx context.Context, s *stage) error {
	_, err := s.command(ctx, "resume")
	return err
}

// override is what PagerDuty's page sends when somebody takes over a shift.
func override(schedule, email string, from, to time.Time) func(context.Context, *stage) error {
	return func(ctx context.Context, s *stage) error {
		for id, v := range s.seed.Schedules {
			if v.Name == schedule {
				_, err := s.page(ctx, http.MethodPost, "/schedules/"+id+"/overrides", map[string]any{"overrides": []any{map[string]any{
					"start": from, "end": to, "user": map[string]string{"id": s.person(email), "type": "user_reference"},
				}}})
				return err
			}
		}
		return fmt.Errorf("there is no schedule %s", schedule)
	}
}

// contacts takes a person's contact methods away but for e-mail.
func contacts(email string) func(context.Context, *stage) error {
	return func(ctx context.Context, s *stage) error {
		of := "/users/" + s.person(email) + "/contact_methods"
		answer, err := s.page(ctx, http.MethodGet, of, nil)
		if err != nil {
			return err
		}
		var list struct {
			Methods []struct{ ID, Type string } `json:"contact_methods"`
		}
		if err := json.Unmarshal(answer, &list); err != nil {
			return err
		}
		for _, m := range list.Methods {
			if m.Type == "email_contact_method" {
				continue
			}
			if _, err := s.page(ctx, http.MethodDelete, of+"/"+m.ID, nil); err != nil {
				return err
			}
		}
		return nil
	}
}

// page sends what PagerDuty's pages would.
func (s *stage) page(ctx context.Context, method, path string, body any) ([]byte, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, method, "http://demo"+path, strings.NewReader(string(text)))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Token token=page")
	r.Header.Set("From", "dan.weber@acme.test")
	resp, err := s.Transport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode >= 300 {
		err = fmt.Errorf("%s %s: %s: %s", method, path, resp.Status, answer)
	}
	return answer, err
}
