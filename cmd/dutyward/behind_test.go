package main

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dutyward/dutyward/cmd/internal/exit"
)

// pager is a reader that stopped reading until it goes on.
type pager struct {
	goesOn chan struct{}
	said   strings.Builder
}

func (p *pager) Write(text []byte) (int, error) {
	<-p.goesOn
	return p.said.Write(text)
}

func TestS29_APagerThatWaitsForAKeyKeepsNobodyFromWriting(t *testing.T) {
	n := newNest(t)
	p := &pager{goesOn: make(chan struct{})}
	code := make(chan int)
	go func() { code <- run([]string{"apply", "--yes"}, strings.NewReader(""), p, p, n.env) }()
	within(t, func() bool { return n.sim.Members("TPAY")["PCAT"] != "" })
	within(t, func() bool {
		n.said.Reset()
		n.run("apply", "--yes")
		return strings.Contains(n.said.String(), "No changes")
	})
	select {
	case <-code:
		t.Fatal("the first apply did not wait for its pager")
	default:
	}
	close(p.goesOn)
	if got := <-code; got != exit.OK || !strings.Contains(p.said.String(), "Applied: 1 added") {
		t.Errorf("exit code %d, and in the pager %s", got, p.said.String())
	}
}

func TestALogThatNobodyReadsStopsNoRound(t *testing.T) {
	n := newNest(t)
	p := &pager{goesOn: make(chan struct{})}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	a := newApp(strings.NewReader(""), p, p, n.env)
	root := newRoot(a)
	root.SetArgs([]string{"run"})
	ended := make(chan error)
	go func() { ended <- root.ExecuteContext(ctx) }()
	within(t, func() bool { return n.sim.Members("TPAY")["PCAT"] != "" })
	n.write(filepath.Join("policies", "b.rego"), "package access.b\n\ngrant contains {\"principal\": \"user:cat@acme.com\", \"resource\": \"team:Search\", \"role\": \"responder\"}\n")
	within(t, func() bool { return n.sim.Members("TSEA")["PCAT"] != "" })
	close(p.goesOn)
	stop()
	if err := <-ended; err != nil || !strings.Contains(p.said.String(), `"msg":"raised"`) {
		t.Errorf("%v: %s", err, p.said.String())
	}
}

// within waits for what comes to be by itself.
func within(t *testing.T, happened func() bool) {
	t.Helper()
	enough := time.After(time.Minute)
	for !happened() {
		select {
		case <-enough:
			t.Fatal("it did not happen within a minute")
		case <-time.After(10 * time.Millisecond):
		}
	}
}
