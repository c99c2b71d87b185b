package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/pagerdutysim"
)

// besieged is `dutyward run` as a process of its own, on an account where a shift
// ends every few seconds, while hostile policies come and go.
type besieged struct {
	*killing
	cmd     *exec.Cmd
	said    lockedText
	address string
}

// lockedText is what a process writes, to be read while it writes.
type lockedText struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lockedText) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *lockedText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

const (
	everyShift = 4 * time.Second
	onDuty     = `package access.duty

grant contains {"principal": "oncall:Primary", "resource": "team:Payments", "role": "manager"}
`
)

// besiege starts the daemon on its good policies, and lets it come so far as to have
// made a round.
func besiege(t *testing.T, evaluation string) *besieged {
	t.Helper()
	b := &besieged{killing: &killing{t: t, dir: t.TempDir()}}
	f, err := os.Open("testdata/account.json")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	seed, err := inventory.Decode(f)
	if err == nil {
		err = enlarge(seed, "duty=PANN,PBOB")
	}
	if err != nil {
		t.Fatal(err)
	}
	inTurns(seed)
	began := time.Now()
	clock := func() time.Time { return seed.Now.Add(time.Since(began)) }
	if b.sim, err = pagerdutysim.New(pagerdutysim.Options{Seed: seed, Token: goodToken, Clock: clock, RateLimit: -1}); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(b.sim)
	t.Cleanup(server.Close)
	free, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b.address = free.Addr().String()
	free.Close()
	b.write("dutyward.yaml", "account: {name: acme, acting_user: ops@acme.com, base_url: "+server.URL+"}\nmanage: {default: sync}\n"+
		"run: {listen: '"+b.address+"'}\nevaluation: "+evaluation+"\n")
	b.write("policies/good.rego", onDuty)
	ours := func(kv string) bool { return strings.HasPrefix(kv, "DUTYWARD_") }
	b.env = append(slices.DeleteFunc(os.Environ(), ours), "PAGERDUTY_TOKEN="+goodToken)
	b.cmd = exec.Command("dutyward", "run")
	b.cmd.Dir, b.cmd.Env, b.cmd.Stdout, b.cmd.Stderr = b.dir, b.env, &b.said, &b.said
	if err := b.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.cmd.Process.Kill() })
	b.answers(`(?s)200 OK.*"policies_broken": null`)
	return b
}

// inTurns gives the schedule's people a shift of a few seconds each, in turn.
func inTurns(seed *inventory.Snapshot) {
	for id, s := range seed.Schedules {
		people := s.Layers[0].Users
		for i := range 150 {
			start := seed.Now.Add(time.Duration(i) * everyShift)
			s.Overrides = append(s.Overrides, inventory.Override{
				ID: fmt.Sprintf("O%03d", i), User: &people[i%2], Start: start, End: start.Add(everyShift),
			})
		}
		seed.Schedules[id] = s
	}
}

// answers waits until /readyz answers what matches.
func (b *besieged) answers(pattern string) {
	b.t.Helper()
	want := regexp.MustCompile(pattern)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	last := ""
	for tick := time.NewTicker(20 * time.Millisecond); ; {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+b.address+"/readyz", nil)
		if err != nil {
			b.t.Fatal(err)
		}
		if resp, err := http.DefaultClient.Do(r); err == nil {
			body, _ := io.ReadAll(resp.Body)
			resp.Body.Close()
			last = resp.Status + "\n" + string(body)
		}
		if want.MatchString(last) {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			b.t.Fatalf("/readyz never answered %s, last %s\n%s", pattern, last, &b.said)
		}
	}
}

// handsOver waits until so many more handoffs have landed.
func (b *besieged) handsOver(more int) {
	b.t.Helper()
	landed := func() int { return strings.Count(b.said.String(), `"msg":"handed over"`) }
	before := landed()
	deadline := time.Now().Add(time.Duration(more+3) * everyShift)
	for tick := time.NewTicker(20 * time.Millisecond); landed() < before+more; <-tick.C {
		if time.Now().After(deadline) {
			b.t.Fatalf("%d handoffs landed, want %d\n%s", landed()-before, more, &b.said)
		}
	}
}

// ends tells the daemon to end, which it must within seconds.
func (b *besieged) ends() {
	b.t.Helper()
	if err := b.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		b.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- b.cmd.Wait() }()
	select {
	case err := <-ended:
		if err != nil {
			b.t.Errorf("%v\n%s", err, &b.said)
		}
	case <-time.After(10 * time.Second):
		b.t.Fatalf("it goes on 10 seconds after SIGTERM\n%s", &b.said)
	}
}

// hostile are policies, or data, that would take the daemon down.
var hostile = map[string]struct{ file, text string }{
	"a text that doubles":      {"h.rego", inGrant(`a := concat("", [x | some _ in numbers.range(1, 60000); x := "0"]); b := replace(a, "0", a); count(replace(b, "0", a)) > 0`)},
	"one huge number":          {"h.rego", inGrant(`bits.lsh(1, 100000000000) > 5`)},
	"numbers that never end":   {"h.rego", inGrant(`a := bits.lsh(1, 30000000); b := a * a; c := b * b; d := c * c; format_int(d, 10) == "x"`)},
	"a range without end":      {"h.rego", inGrant(`count(numbers.range(1, 100000000000)) > 5`)},
	"data nested without end":  {"h.json", `{"a": ` + strings.Repeat("[", 5_000_000) + strings.Repeat("]", 5_000_000) + `}`},
	"aliases upon aliases":     {"h.yaml", aliases()},
	"a rule of risk":           {"h.rego", "package risk.h\n\nfinding contains {\"rule\": \"x\", \"severity\": \"low\", \"subject\": \"account\", \"message\": \"m\"} if count(numbers.range(1, 100000000000)) > 5\n"},
	"a rule nested in rules":   {"h.rego", nested()},
	"more statements than fit": {"h.rego", "package access.h\n\ngrant contains {\"principal\": \"user:ann@acme.com\", \"resource\": \"team:Payments\", \"role\": \"observer\", \"reason\": sprintf(\"%0900d\", [i])} if some i in numbers.range(1, 900000)\n"},
}

func inGrant(condition string) string {
	return "package access.h\n\ngrant contains {\"principal\": \"user:bob@acme.com\", \"resource\": \"team:Search\", \"role\": \"manager\"} if {\n\t" + condition + "\n}\n"
}

func aliases() string {
	text := "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
	for i := 1; i < 12; i++ {
		text += fmt.Sprintf("a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 10), ", "))
	}
	return text
}

// nested are functions each of which asks the one before twice.
func nested() string {
	text := "package access.h\n\nf0(x) := x + 1\n"
	for i := 1; i < 60; i++ {
		text += fmt.Sprintf("\nf%d(x) := f%d(x + %d) + f%d(x - %d)\n", i, i-1, i, i-1, i*i)
	}
	return text + "\ngrant contains {\"principal\": \"user:bob@acme.com\", \"resource\": \"team:Search\", \"role\": \"manager\"} if f59(1) == 0\n"
}

func TestS40_HostilePoliciesLeaveHandoffsLanding(t *testing.T) {
	if testing.Short() {
		t.Skip("takes minutes; run without -short")
	}
	b := besiege(t, "{time_limit: 1s, memory_limit: 192MiB}")
	b.handsOver(1)
	for name, policy := range hostile {
		began := time.Now()
		path := filepath.Join(b.dir, "policies", policy.file)
		b.write("policies/"+policy.file, policy.text)
		b.answers(`(?s)"policies_broken": \{.*"why": "`)
		told := time.Since(began)
		b.handsOver(2)
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		b.answers(`"policies_broken": null`)
		t.Logf("%s: told after %s", name, told.Round(10*time.Millisecond))
	}
	b.ends()
	// The bound is for what an evaluation takes beside what its process has already, so
	// that the largest of them comes to some multiple of it, and not to gigabytes.
	if got := b.largest(); got > 768<<20 {
		t.Errorf("%d MiB of memory, want a small multiple of the bound", got>>20)
	}
}

func TestS40_OneHostilePolicyLeavesHandoffsLanding(t *testing.T) {
	b := besiege(t, "{time_limit: 1s, memory_limit: 192MiB}")
	b.write("policies/h.rego", hostile["numbers that never end"].text)
	b.answers(`(?s)"policies_broken": \{[^}]*time limit of 1s, in which grant \(policies/h\.rego:3\)`)
	b.handsOver(1)
	b.ends()
}

func TestS40_ADaemonThatEvaluatesWithoutEndEndsWhenItIsTold(t *testing.T) {
	b := besiege(t, "{time_limit: 1h, memory_limit: 1GiB}")
	b.write("policies/h.rego", hostile["numbers that never end"].text)
	b.busy()
	b.ends()
	if strings.Contains(b.said.String(), "broken") {
		t.Errorf("it took its own end for a fault of the policies:\n%s", &b.said)
	}
}

// busy waits until the daemon's other process took a second of processor time more.
func (b *besieged) busy() {
	b.t.Helper()
	if runtime.GOOS != "linux" {
		b.t.Skip("how busy a process is is read as Linux shows it")
	}
	used := func() (ticks int) {
		children, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", b.cmd.Process.Pid))
		for _, list := range children {
			ids, _ := os.ReadFile(list)
			for _, id := range strings.Fields(string(ids)) {
				stat, _ := os.ReadFile("/proc/" + id + "/stat")
				_, rest, _ := strings.Cut(string(stat), ") ")
				if fields := strings.Fields(rest); len(fields) > 12 {
					var n int
					_, _ = fmt.Sscan(fields[11], &n)
					ticks += n
				}
			}
		}
		return ticks
	}
	before, deadline := used(), time.Now().Add(time.Minute)
	for tick := time.NewTicker(20 * time.Millisecond); used() < before+100; <-tick.C {
		if time.Now().After(deadline) {
			b.t.Fatal(errors.New("the policies were never evaluated"))
		}
	}
}
