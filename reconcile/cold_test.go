//go:build unix

package reconcile_test

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// BenchmarkCold runs `dutyward plan --snapshot` and stock `opa eval` in turns, as
// new processes, on the same policies and input: go test -run - -bench Cold -benchtime 9x ./reconcile
//
// It reports the median wall time and CPU time of each, and their memory.
func BenchmarkCold(b *testing.B) {
	bin := b.TempDir()
	dutyward, opa := filepath.Join(bin, "dutyward"), filepath.Join(bin, "opa")
	build(b, bin, "build", "-o", dutyward, "../cmd/dutyward")
	version := build(b, bin, "list", "-m", "-f", "{{.Version}}", "github.com/open-policy-agent/opa")
	build(b, bin, "install", "github.com/open-policy-agent/opa@"+version)
	for _, n := range []int{1_000, 10_000, 50_000} {
		b.Run(fmt.Sprintf("%d users", n), func(b *testing.B) {
			if n > 10_000 && testing.Short() {
				b.Skip("large; run without -short")
			}
			dir := policiesOfMany(b, n)
			work := b.TempDir()
			save(b, filepath.Join(work, "dutyward.yaml"), fmt.Sprintf("account: {name: big}\npolicies: [%q]\nmanage: {default: sync}\n", dir))
			var account bytes.Buffer
			if err := bigAccount(n).Encode(&account); err != nil {
				b.Fatal(err)
			}
			save(b, filepath.Join(work, "account.json"), account.String())
			run(b, work, dutyward, "library", "export", "lib")
			var ours, theirs []usage
			for b.Loop() {
				ours = append(ours, run(b, work, dutyward, "plan", "--snapshot", "account.json"))
				theirs = append(theirs, run(b, work, opa, "eval", "--strict-builtin-errors", "--format", "json", "-i", "account.json", "-d", dir, "-d", "lib", "data.access"))
			}
			b.ReportMetric(0, "ns/op")
			for name, all := range map[string][]usage{"plan": ours, "opa": theirs} {
				b.ReportMetric(median(all, func(u usage) float64 { return u.wall.Seconds() }), name+"-s")
				b.ReportMetric(median(all, func(u usage) float64 { return u.cpu.Seconds() }), name+"-cpu-s")
				b.ReportMetric(median(all, func(u usage) float64 { return float64(u.memory) / (1 << 20) }), name+"-MiB")
			}
		})
	}
}

// BenchmarkColdCheck runs `dutyward check --snapshot` as a new process:
// go test -run - -bench ColdCheck -benchtime 9x ./reconcile
//
// Its policies have rows go through a helper, whose heads are looked after as those of
// grants are (S36). BenchmarkHeads in policies/eval says what that costs.
func BenchmarkColdCheck(b *testing.B) {
	bin := b.TempDir()
	dutyward := filepath.Join(bin, "dutyward")
	build(b, bin, "build", "-o", dutyward, "../cmd/dutyward")
	for _, n := range []int{1_000, 10_000} {
		b.Run(fmt.Sprintf("%d users", n), func(b *testing.B) {
			dir, work := policiesOfMany(b, n), b.TempDir()
			save(b, filepath.Join(dir, "access", "helper.rego"), `package access.helper

teams contains {"who": p.email, "team": p.team} if some p in data.people

grant contains {"principal": $"user:{t.who}", "resource": $"team:{t.team}", "role": "observer"} if some t in teams
`)
			save(b, filepath.Join(work, "dutyward.yaml"), fmt.Sprintf("account: {name: big}\npolicies: [%q]\nmanage: {default: sync}\n", dir))
			var account bytes.Buffer
			if err := bigAccount(n).Encode(&account); err != nil {
				b.Fatal(err)
			}
			save(b, filepath.Join(work, "account.json"), account.String())
			var all []usage
			for b.Loop() {
				all = append(all, run(b, work, dutyward, "check", "--snapshot", "account.json"))
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(median(all, func(u usage) float64 { return u.wall.Seconds() }), "wall-s")
			b.ReportMetric(median(all, func(u usage) float64 { return u.cpu.Seconds() }), "cpu-s")
			b.ReportMetric(median(all, func(u usage) float64 { return float64(u.memory) / (1 << 20) }), "MiB")
		})
	}
}

// build runs the go command, which installs to a directory.
func build(b *testing.B, bin string, args ...string) string {
	b.Helper()
	command := exec.Command("go", args...)
	command.Env = append(os.Environ(), "GOBIN="+bin)
	var complaints bytes.Buffer
	command.Stderr = &complaints
	out, err := command.Output()
	if err != nil {
		b.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, complaints.String())
	}
	return strings.TrimSpace(string(out))
}

// usage is what a process took: memory is the most that was resident, in bytes.
type usage struct {
	wall, cpu time.Duration
	memory    int64
}

func run(b *testing.B, dir, name string, args ...string) usage {
	b.Helper()
	command := exec.Command(name, args...)
	command.Dir, command.Stdout = dir, io.Discard
	var complaints bytes.Buffer
	command.Stderr = &complaints
	began := time.Now()
	if err := command.Run(); err != nil {
		b.Fatalf("%s: %v\n%s", name, err, complaints.String())
	}
	u := usage{wall: time.Since(began), cpu: command.ProcessState.UserTime() + command.ProcessState.SystemTime()}
	if r, ok := command.ProcessState.SysUsage().(*syscall.Rusage); ok {
		u.memory = r.Maxrss * 1024 // in KiB on Linux
	}
	return u
}

func median(all []usage, of func(usage) float64) float64 {
	all = slices.SortedFunc(slices.Values(all), func(a, b usage) int { return cmp.Compare(of(a), of(b)) })
	return of(all[len(all)/2])
}
