// Command dutyward keeps who has what in PagerDuty equal to what Rego policies
// say.
package main

import (
	"os"

	"github.com/dutyward/dutyward/policies/worker"
)

func main() {
	worker.Main(os.Args)
	if reportEnd(os.Args, os.Environ()) {
		return
	}
	code, done := runSupervised(os.Args)
	if !done {
		code, done = runReported(os.Args)
	}
	if !done {
		code, done = supervise(os.Args, os.Environ())
	}
	if !done {
		code = run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Environ())
	}
	os.Exit(code)
}
