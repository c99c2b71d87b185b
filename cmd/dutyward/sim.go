package main

import (
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/dutyward/dutyward/cmd/internal/demo"
	"github.com/dutyward/dutyward/cmd/internal/serve"
	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/pagerdutysim"
	"github.com/dutyward/dutyward/inventory/pagerdutysim/trace"
	"github.com/dutyward/dutyward/reconcile/report"
)

func newSim(a *app) *cobra.Command {
	var seed, listen, clock, token, readOnly, tokenUser, record, replay string
	var speed float64
	var faults, hidden []string
	var underWay bool
	var offboarding offboardingFlag
	cmd := &cobra.Command{
		Use:   "sim",
		Short: "Serve a simulated PagerDuty, seeded from a snapshot",
		Long: "Serve PagerDuty's REST API as it behaves, on an account seeded from a snapshot: of your own account, to rehearse\n" +
			"on, or any other. What is written is forgotten when it ends. Speak to it with account.base_url.\n\n" +
			"A fault is " + pagerdutysim.FaultSyntax,
		Example: "  dutyward snapshot --out account.json\n  dutyward sim --seed account.json",
		Args:    arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if speed < 0 {
				return fmt.Errorf("--speed %g: a clock that runs backwards; expected 0 or more", speed)
			}
			account, err := a.seed(seed)
			if err != nil {
				return err
			}
			orders := make([]pagerdutysim.Fault, len(faults))
			for i, text := range faults {
				if orders[i], err = pagerdutysim.ParseFault(text); err != nil {
					return fmt.Errorf("--fault: %w", err)
				}
			}
			who, err := userOf(account, tokenUser)
			if err != nil {
				return fmt.Errorf("--token-user: %w", err)
			}
			began := a.Now()
			start, err := clockOf(clock, account.Account.TakenAt, began)
			if err != nil {
				return err
			}
			options := pagerdutysim.Options{
				Seed: account, Token: token, ReadOnlyToken: readOnly, TokenUser: who, HiddenSchedules: hidden, HostLinks: true, StartsUnderWay: underWay, Faults: orders, Offboarding: pagerdutysim.Offboarding(offboarding),
				Clock: func() time.Time {
					return start.Add(time.Duration(float64(a.Now().Sub(began)) * speed))
				},
			}
			if replay != "" {
				return a.replay(replay, options)
			}
			l, err := (&net.ListenConfig{}).Listen(cmd.Context(), "tcp", listen)
			if err != nil {
				return fmt.Errorf("serve the simulator: %w", err)
			}
			address := "http://" + l.Addr().String()
			sim, err := pagerdutysim.New(options)
			if err != nil {
				return errors.Join(err, l.Close())
			}
			fmt.Fprintf(a.Stdout, "Simulating %s on %s: %s, %s, %s; its clock says %s%s\n", report.Line(account.Account.Name), address,
				report.Counted(len(account.Users), "user"), report.Counted(len(account.Teams), "team"), report.Counted(len(account.Schedules), "schedule"),
				start.UTC().Format(time.RFC3339), map[bool]string{true: " and stands still"}[speed == 0])
			served, done, err := recorded(sim, record)
			if err != nil {
				return errors.Join(err, l.Close())
			}
			return errors.Join(serve.Serve(cmd.Context(), l, served, log.New(a.Stderr, "", 0), simPatience), done())
		},
	}
	cmd.Flags().StringVar(&seed, "seed", "", "the snapshot `file` that the account begins as; \"-\" is standard input (default: the example company)")
	cmd.Flags().StringVar(&listen, "listen", "127.0.0.1:8080", "the `address` to listen on; any other than loopback lets the network in")
	cmd.Flags().StringVar(&clock, "clock", "", "the `time` that its clock begins at, or \"now\" (default: when the seed was taken)")
	cmd.Flags().Float64Var(&speed, "speed", 0, "how fast its clock runs: 1 as the real one, 60 a minute a second, 0 not at all")
	cmd.Flags().StringVar(&token, "token", "", "the only token that is accepted (default: any)")
	cmd.Flags().StringVar(&tokenUser, "token-user", "", "the `user`, by id or e-mail address, whose token it is (default: the account's)")
	cmd.Flags().StringVar(&readOnly, "read-only-token", "", "a `token` that may read and not write")
	cmd.Flags().StringVar(&record, "record", "", "write requests and answers to a `file`, a line each, without names, addresses or tokens")
	cmd.Flags().StringVar(&replay, "replay", "", "make the requests of a `file` that was recorded, say which answers differ, and end")
	cmd.Flags().BoolVar(&underWay, "starts-under-way", false, "have an event of a shift-based schedule that takes effect in the middle of a shift begin with that shift, not with the next")
	cmd.Flags().Var(&offboarding, "offboarding", "`what` the account's plan does when a user is deleted: \"fail\" takes them off schedules and escalation policies and refuses who has open incidents, \"restart\" starts these again (default: refuse who is on any of the three)")
	cmd.Flags().StringArrayVar(&hidden, "hide-schedule", nil, "the `id` of a shift-based schedule that no token can read; may be repeated")
	cmd.Flags().StringArrayVar(&faults, "fault", nil, "order a `fault`, WHAT[:WHERE[:TIMES[@AFTER]]]; may be repeated")
	return cmd
}

// offboardingFlag is what --offboarding takes.
type offboardingFlag pagerdutysim.Offboarding

var offboardings = []string{"", "fail", "restart"}

func (f offboardingFlag) String() string { return offboardings[f] }

func (offboardingFlag) Type() string { return "string" }

func (f *offboardingFlag) Set(text string) error {
	i := slices.Index(offboardings, text)
	if i < 0 {
		return errors.New("expected fail or restart")
	}
	*f = offboardingFlag(i)
	return nil
}

// recorded is the simulator with its requests and answers written to a file, or
// without, and what is to be done at the end.
func recorded(sim http.Handler, file string) (http.Handler, func() error, error) {
	if file == "" {
		return sim, func() error { return nil }, nil
	}
	out, err := os.OpenFile(file, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, nil, fmt.Errorf("--record: %w", err)
	}
	return trace.NewRecorder(sim, out), out.Close, nil
}

// replay says where a simulator answers differently from a trace says.
func (a *app) replay(file string, options pagerdutysim.Options) error {
	in, err := os.Open(file)
	if err != nil {
		return fmt.Errorf("--replay: %w", err)
	}
	defer in.Close()
	sim, err := pagerdutysim.New(options)
	if err != nil {
		return err
	}
	token := options.Token
	if token == "" {
		token = "replay"
	}
	differences, n, err := trace.Replay(in, sim, token)
	for _, d := range differences {
		fmt.Fprintln(a.Stdout, report.Line(d.String()))
	}
	if err != nil {
		return fmt.Errorf("--replay %s: %w", file, err)
	}
	if len(differences) > 0 {
		return fmt.Errorf("%s in %s", report.Counted(len(differences), "difference"), report.Counted(n, "request"))
	}
	fmt.Fprintf(a.Stdout, "%s, answered as recorded\n", report.Counted(n, "request"))
	return nil
}

// clockOf is the time that the simulator's clock begins at.
func clockOf(text string, taken, now time.Time) (time.Time, error) {
	switch text {
	case "":
		return taken, nil
	case "now":
		return now, nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return t, fmt.Errorf("--clock %s: expected a time such as 2026-03-02T09:00:00Z, or now", text)
	}
	return t, nil
}

// userOf is the id of a user of the account, named by id or e-mail address; of
// nobody for "".
func userOf(account *inventory.Snapshot, name string) (string, error) {
	if _, ok := account.Users[name]; ok || name == "" {
		return name, nil
	}
	for id, u := range account.Users {
		if strings.EqualFold(u.Email, name) {
			return id, nil
		}
	}
	return "", fmt.Errorf("the account has no user %q; expected an id or an e-mail address", name)
}

// simPatience bounds one answer of a simulator: a fault may delay it.
const simPatience = 10 * time.Minute

// seed is the account that a simulator begins with.
func (a *app) seed(file string) (*inventory.Snapshot, error) {
	if file == "" {
		return demo.Seed()
	}
	return a.SavedSnapshot(file)
}
