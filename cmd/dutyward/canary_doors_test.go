package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dutyward/dutyward/cmd/internal/exit"
	"github.com/dutyward/dutyward/inventory"
)

// searched fails if the token stands in something in any form.
func searched(t *testing.T, where, text string) {
	t.Helper()
	for _, form := range canaryForms() {
		if at := strings.Index(text, form); at >= 0 {
			t.Errorf("%s has the token as %q: …%s…", where, form, text[max(0, at-200):at+20])
		}
	}
}

// kept is what all files of the folder hold but for policies and configuration.
func (n *nest) kept() string {
	var all bytes.Buffer
	err := filepath.WalkDir(n.dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.Contains(path, "policies") || entry.Type()&os.ModeSymlink != 0 {
			return err
		}
		data, err := os.ReadFile(path)
		all.Write(data)
		return err
	})
	if err != nil {
		n.t.Fatal(err)
	}
	return all.String()
}

// TestTheTokenGoesOutOfNoDoor has an account in which the token is a name, and a
// folder of policies that leads to it by each way.
func TestTheTokenGoesOutOfNoDoor(t *testing.T) {
	n := newNest(t, func(s *inventory.Snapshot) {
		for id, team := range s.Teams {
			team.Description = "see " + base64.StdEncoding.EncodeToString([]byte("x"+canaryToken))
			s.Teams[id] = team
		}
		for id, user := range s.Users {
			user.JobTitle, user.Name = canaryToken, "Owner of "+canaryToken
			s.Users[id] = user
		}
	})
	at := func(name string) string { return filepath.Join(n.dir, name) }
	commands := [][]string{
		{"--help"}, {"plan", "--help"}, {"snapshot", "--out", at("account.json")}, {"plan", "--out", at("plan.json")}, {"plan"}, {"plan", "--json"},
		{"plan", "--print-input", "access"}, {"plan", "--print-input", "risk"}, {"plan", "--snapshot", at("account.json")}, {"forecast"}, {"oncall"},
		{"what", "user:cat@acme.com"}, {"who", "team:Payments"}, {"explain", "user:cat@acme.com", "team:Payments"}, {"groups"}, {"init", "--snapshot", at("account.json"), at("made")},
		{"apply", at("plan.json")}, {"apply", "--yes"}, {"history"}, {"history", "1", "--json"}, {"holds"}, {"doctor"}, {"check", "--live"}, {"test"},
		{"pause", "--reason", canaryToken}, {"resume"}, {"release", canaryToken, "--reason", canaryToken}, {"confirm", "team:Payments", "--reason", canaryToken},
	}
	for _, args := range commands {
		n.run(args...)
	}
	if !strings.Contains(n.said.String(), "Owner of [token]") || !strings.Contains(n.kept(), "Owner of [token]") {
		t.Errorf("the names were not told:\n%s", n.said.String())
	}
	n.write("elsewhere", "PATH=/bin\x00PAGERDUTY_TOKEN="+canaryToken+"\x00")
	for name, lead := range map[string]func(path string) error{
		"link":      func(path string) error { return os.Symlink(at("elsewhere"), path) },
		"hard link": func(path string) error { return os.Link(at("elsewhere"), path) },
		"copy": func(path string) error {
			return os.WriteFile(path, []byte("{\n\ttoken: \n"+canaryToken[:9]+"\n"+canaryToken[9:]+"\n"), 0o600)
		},
	} {
		for _, file := range []string{"z.json", "z.yaml", "z.rego", "z_test.rego"} {
			path := at("policies/" + file)
			if err := lead(path); err != nil {
				t.Fatal(err)
			}
			for _, args := range [][]string{{"check"}, {"check", "--format", "github"}, {"check", "--json"}, {"plan"}, {"test"}, {"apply", "--yes"}, {"doctor", "--json"}} {
				before := len(n.said.String())
				n.run(args...)
				searched(t, fmt.Sprintf("%v with a %s as %s", args, name, file), n.said.String()[before:])
			}
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		}
	}
	searched(t, "what is printed", n.said.String())
	if err := os.Remove(at("elsewhere")); err != nil {
		t.Fatal(err)
	}
	searched(t, "a file", n.kept())
}

// TestTheTokenIsServedToNobody asks a daemon whose policies lead to the token.
func TestTheTokenIsServedToNobody(t *testing.T) {
	n := newNest(t)
	n.write("elsewhere", "{\x00"+canaryToken)
	if err := os.Link(filepath.Join(n.dir, "elsewhere"), filepath.Join(n.dir, "policies/z.json")); err != nil {
		t.Skip(err)
	}
	var mu sync.Mutex
	address := make(chan string, 1)
	out := writerFunc(func(p []byte) (int, error) {
		mu.Lock()
		defer mu.Unlock()
		if m := regexp.MustCompile(`"listen":"([^"]+)"`).FindSubmatch(p); m != nil {
			address <- string(m[1])
		}
		return n.said.Write(p)
	})
	a := newApp(strings.NewReader(""), out, out, n.env)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan int, 1)
	go func() { done <- a.run(ctx, []string{"run", "--listen", "127.0.0.1:0"}) }()
	served, deadline := "", time.Now().Add(20*time.Second)
	for base := "http://" + <-address; !strings.Contains(served, "policies_broken\": {") && time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		served = got(t, base+"/readyz") + got(t, base+"/healthz") + got(t, base+"/metrics") + got(t, base+"/"+canaryToken)
	}
	cancel()
	<-done
	if !strings.Contains(served, "a secret of this program stands here") {
		t.Errorf("the state of the policies was not served:\n%s", served)
	}
	searched(t, "what is served", served)
	searched(t, "the log", n.said.String())
}

func got(t *testing.T, address string) string {
	t.Helper()
	resp, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// TestAPanicIsToldWithoutTheToken has a command that panics with it.
func TestAPanicIsToldWithoutTheToken(t *testing.T) {
	var out bytes.Buffer
	a := newApp(strings.NewReader(""), &out, &out, []string{"PAGERDUTY_TOKEN=" + canaryToken})
	a.Now = func() time.Time { panic("while sending Authorization: Token token=" + canaryToken) }
	if code := a.run(t.Context(), []string{"sim", "--seed", "testdata/account.json", "--listen", "127.0.0.1:0"}); code != exit.Error {
		t.Errorf("exit code %d", code)
	}
	if !strings.Contains(out.String(), "please report it: while sending Authorization: Token token=[token]") {
		t.Error(out.String())
	}
	searched(t, "the trace", out.String())
}
