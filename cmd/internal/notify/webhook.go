package notify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/dutyward/dutyward/cmd/internal/config"
	"github.com/dutyward/dutyward/reconcile/outbox"
)

// Webhook brings events to an address, signed as Standard Webhooks has it.
type Webhook struct {
	// URL says where it is; asked for each attempt, since secrets rotate.
	URL func(ctx context.Context) (string, error)
	// Keys are what it is signed with: each makes a signature, so that a key can be
	// exchanged without a moment in which receivers know none.
	Keys func(ctx context.Context) ([]string, error)
	// Client sends; NewClient makes one.
	Client *http.Client
	// Wall is the machine's clock.
	Wall func() time.Time
	// Agent names the program.
	Agent string
}

// NewWebhook brings events to a receiver of the configuration.
func NewWebhook(w config.Webhook, wall func() time.Time, version string) *Webhook {
	return &Webhook{URL: w.URL, Keys: w.Keys, Client: NewClient(w.AllowPrivate), Wall: wall, Agent: "dutyward/" + version}
}

// answerTime bounds one attempt.
const answerTime = 15 * time.Second

// mostAnswer is how much of an answer is read.
const mostAnswer = 4 << 10

// Bring sends an event once.
func (w *Webhook) Bring(ctx context.Context, e outbox.Entry) outbox.Answer {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	request, err := w.request(ctx, e)
	if err != nil {
		return outbox.Answer{Why: err.Error()}
	}
	response, err := w.Client.Do(request)
	if err != nil {
		return outbox.Answer{Why: without(err)}
	}
	defer response.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(response.Body, mostAnswer)) // it is for people alone
	a := outbox.Answer{Status: response.StatusCode, RetryAfter: retryAfter(response.Header.Get("Retry-After"), w.Wall())}
	switch {
	case a.Status >= 200 && a.Status < 300:
	case a.Status >= 300 && a.Status < 400:
		a.Why = fmt.Sprintf("it answered %s: redirects are not followed, since the event would reach an address that nobody configured; configure the address it moved to", response.Status)
	default:
		a.Why = "it answered " + response.Status
		if said := oneLine(text); said != "" {
			a.Why += ": " + said
		}
	}
	return a
}

func (w *Webhook) request(ctx context.Context, e outbox.Entry) (*http.Request, error) {
	address, err := w.URL(ctx)
	if err != nil {
		return nil, err
	}
	if u, err := url.Parse(address); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, errors.New("its url is not an http or https address") // which is not repeated: it may hold a secret
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(e.Body))
	if err != nil {
		return nil, errors.New("its url is not an address")
	}
	at := w.Wall()
	request.Header.Set("Content-Type", outbox.ContentType)
	request.Header.Set("User-Agent", w.Agent)
	request.Header.Set(standardwebhooks.HeaderWebhookID, e.ID)
	request.Header.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(at.Unix(), 10))
	keys, err := w.Keys(ctx)
	if err != nil {
		return nil, err
	}
	signatures, err := sign(keys, e, at)
	if err != nil {
		return nil, err
	}
	request.Header.Set(standardwebhooks.HeaderWebhookSignature, strings.Join(signatures, " "))
	return request, nil
}

// sign makes a signature with each key.
func sign(keys []string, e outbox.Entry, at time.Time) ([]string, error) {
	var all []string
	for i, key := range keys {
		signer, err := standardwebhooks.NewWebhook(key)
		if err != nil {
			return nil, fmt.Errorf("its key %d is not one: expected whsec_ and base64", i+1) // whose text stays out of errors
		}
		signature, err := signer.Sign(e.ID, at, e.Body)
		if err != nil {
			return nil, fmt.Errorf("sign the event: %w", err)
		}
		all = append(all, signature)
	}
	return all, nil
}

// without is what an error says without the address, which may hold a secret.
func without(err error) string {
	var e *url.Error
	if errors.As(err, &e) {
		err = e.Err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Sprintf("no answer within %s", answerTime)
	}
	return err.Error()
}

func oneLine(text []byte) string {
	said := strings.Join(strings.Fields(strings.ToValidUTF8(string(text), "?")), " ")
	if len(said) > 200 {
		return strings.ToValidUTF8(said[:200], "") + "…"
	}
	return said
}

// retryAfter reads the header of that name: seconds, or a date.
func retryAfter(text string, now time.Time) time.Duration {
	if n, err := strconv.Atoi(text); err == nil {
		return time.Duration(min(max(n, 0), 1<<20)) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}

// NewClient makes a client that follows no redirect, takes no proxy and no cookie, and
// connects to public addresses only, unless private ones are allowed. Addresses are judged
// once a name is resolved, when the connection is made: a name may resolve to another
// address each time.
func NewClient(allowPrivate bool) *http.Client {
	dialer := &net.Dialer{Timeout: 10 * time.Second}
	if !allowPrivate {
		dialer.Control = func(_, address string, _ syscall.RawConn) error { return public(address) }
	}
	return &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext: dialer.DialContext, ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 1, IdleConnTimeout: 30 * time.Second,
			TLSHandshakeTimeout: 10 * time.Second, ResponseHeaderTimeout: answerTime, MaxResponseHeaderBytes: 16 << 10,
		},
	}
}

// shared are the ranges that are neither private nor anybody's in the open: carriers'
// networks, tests, protocols, and what has an IPv4 address inside it.
var shared = prefixes("0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
	"64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/32", "2001:db8::/32", "2002::/16")

func prefixes(texts ...string) []netip.Prefix {
	var all []netip.Prefix
	for _, text := range texts {
		all = append(all, netip.MustParsePrefix(text))
	}
	return all
}

// public refuses addresses within the network.
func public(address string) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%s is not an address", address)
	}
	ip := at.Addr().Unmap().WithZone("")
	inside := !ip.IsGlobalUnicast() || ip.IsPrivate()
	for _, p := range shared {
		inside = inside || p.Contains(ip)
	}
	if inside {
		return fmt.Errorf("%s is not a public address: set allow_private if the receiver is in your own network", ip)
	}
	return nil
}
