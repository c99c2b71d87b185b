package main

import (
	"context"
	"io"
	"net/http"
	"regexp"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// answers asks an address until its answer, status and body, matches.
func answers(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: answers URL REGEXP")
	}
	want, err := regexp.Compile(args[1])
	ts.Check(err)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	got := ""
	for ; ; <-tick.C {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, args[0], nil)
		ts.Check(err)
		if resp, err := http.DefaultClient.Do(r); err != nil {
			got = err.Error() + "; before: " + got
		} else {
			body, _ := io.ReadAll(resp.Body)
			resp.Body.Close()
			got = resp.Status + "\n" + string(body)
			if want.MatchString(got) {
				return
			}
		}
		if ctx.Err() != nil {
			ts.Fatalf("%s never answered %s, last %s", args[0], args[1], got)
		}
	}
}
