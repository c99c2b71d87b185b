// Command dutyward keeps who has what in PagerDuty equal to what Rego policies
// say.
package main

import (
	"os"

	"github.com/dutyward/dutyward/policies/worker"
)

func main() {
	worker.Main(os.Args)
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Environ()))
}
