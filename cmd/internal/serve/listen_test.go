package serve

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"testing"
	"time"
)

// TestIdleConnectionsHoldNothingUp opens many connections that ask nothing, or go on
// asking, and asks besides.
func TestIdleConnectionsHoldNothingUp(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	ok := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "ok") })
	go func() { done <- Serve(ctx, l, ok, log.New(io.Discard, "", 0), time.Second) }()
	for i := range 500 {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if i%3 == 0 {
			fmt.Fprint(c, "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ")
		}
	}
	resp, err := http.Get("http://" + l.Addr().String() + "/")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, err := io.ReadAll(resp.Body); err != nil || string(body) != "ok" {
		t.Errorf("%s, %v", body, err)
	}
	// Each of ours is one descriptor, and one more only while the server keeps it.
	if open, err := os.ReadDir("/proc/self/fd"); err == nil && len(open) > 500+mostConnections+100 {
		t.Errorf("%d files are open", len(open))
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
