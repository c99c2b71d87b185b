package doctor

import (
	"context"
	"crypto/tls"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory/pagerduty"
)

// Skew is how far the local clock may be from PagerDuty's (S31).
const Skew = 30 * time.Second

// patience is how long an answer is waited for.
const patience = 15 * time.Second

// Reach asks the API's address for anything at all, without a token, and judges
// the connection and the clocks.
func Reach(ctx context.Context, transport http.RoundTripper, address string, now func() time.Time) []Check {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return []Check{fail("reachable", "correct account.base_url", "%v", err), Skipped("clock", "PagerDuty was not reached")}
	}
	if transport == nil {
		transport = pagerduty.NewTransport(1)
	}
	client := &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(r)
	if err != nil {
		return []Check{unreached(address, err), Skipped("clock", "PagerDuty was not reached")}
	}
	defer resp.Body.Close()
	reached := ok("reachable", "%s answers%s", address, secured(resp.TLS))
	if u := r.URL; u.Scheme == "http" && !local(u) {
		reached = warn("reachable", "write https in account.base_url: the token would be sent in the clear", "%s answers without TLS", address)
	}
	if err := pagerduty.UnreadableCertificates(); err != nil {
		return []Check{reached, warn("certificates", "correct the variable: what it names is not trusted meanwhile", "%v", err), clocks(resp.Header.Get("Date"), now())}
	}
	return []Check{reached, clocks(resp.Header.Get("Date"), now())}
}

func secured(state *tls.ConnectionState) string {
	if state == nil {
		return ""
	}
	return ", through " + tls.VersionName(state.Version)
}

// local says that an address is this machine's own, as a simulator's is.
func local(u *url.URL) bool {
	host := u.Hostname()
	return host == "localhost" || host == "::1" || strings.HasPrefix(host, "127.")
}

func unreached(address string, err error) Check {
	remedy := "check the network, the proxy (HTTPS_PROXY), account.region and account.base_url"
	if pagerduty.Untrusted(err) {
		remedy = pagerduty.OpenedTLS
		if unreadable := pagerduty.UnreadableCertificates(); unreadable != nil {
			remedy = unreadable.Error() + ": correct the variable"
		}
	}
	return fail("reachable", remedy, "%s does not answer: %s", address, pagerduty.Unreached(err))
}

func clocks(date string, now time.Time) Check {
	theirs, err := http.ParseTime(date)
	if err != nil {
		return warn("clock", "a proxy may have taken it away: compare the local clock by hand", "the answer has no Date to compare the local clock with")
	}
	off := theirs.Sub(now).Round(time.Second)
	if off.Abs() <= Skew {
		return ok("clock", "within %s of PagerDuty's", Skew)
	}
	direction := "behind"
	if off < 0 {
		direction = "ahead of"
	}
	return warn("clock", "let the machine keep time by NTP; Dutyward goes by PagerDuty's clock meanwhile (a simulator has a clock of its own)",
		"the local clock is %s %s PagerDuty's", off.Abs(), direction)
}
