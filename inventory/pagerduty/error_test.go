package pagerduty_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/dutyward/dutyward/inventory/pagerduty"

	"github.com/google/go-cmp/cmp"
)

func TestErrorsAreUnderstoodInEveryShape(t *testing.T) {
	for _, c := range []struct {
		name, body, message string
		code                int
		details             []string
	}{
		{"an object with a list", `{"error":{"message":"Invalid Input Provided","code":2001,"errors":["Email has already been taken"]}}`, "Invalid Input Provided", 2001, []string{"Email has already been taken"}},
		{"null details", `{"error":{"message":"Taken","code":2001,"errors":null}}`, "Taken", 2001, nil},
		{"absent details", `{"error":{"message":"Taken","code":2001}}`, "Taken", 2001, nil},
		{"details as a sentence", `{"error":{"message":"Bad","code":2001,"errors":"one thing"}}`, "Bad", 2001, []string{"one thing"}},
		{"details by field", `{"error":{"message":"Invalid Schedule","code":3001,"errors":{"b":["two","three"],"a":"one"}}}`, "Invalid Schedule", 3001, []string{"a: one", "b: two", "b: three"}},
		{"an error that is a sentence", `{"error":"Not with an account key"}`, "Not with an account key", 0, nil},
		{"an error that is a list", `{"error":["first","second"]}`, "first", 0, []string{"second"}},
		{"no error object", `{"message":"gone wrong"}`, "gone wrong", 0, nil},
		{"not JSON", `<html>`, "no explanation was given", 0, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := put(t, client(t, answers(func(*http.Request) *http.Response { return answer(400, c.body) })))
			var e *pagerduty.Error
			if !errors.As(err, &e) {
				t.Fatalf("got %v, expected an *Error", err)
			}
			if e.Message != c.message || e.Code != c.code || !cmp.Equal(e.Errors, c.details) {
				t.Errorf("got %q, %d, %q", e.Message, e.Code, e.Errors)
			}
			if e.Method != "PUT" || e.Endpoint != "/teams/PT1/users/PU1" {
				t.Errorf("got %s %s", e.Method, e.Endpoint)
			}
		})
	}
}

func TestErrorsSayWhatToDo(t *testing.T) {
	refusingPort := answersError{&net.OpError{Op: "dial", Net: "tcp", Addr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1},
		Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}}
	nowhere := answersError{&net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "nohost.invalid", Server: "10.0.0.1:53", IsNotFound: true}}}
	unreachable := answersError{&net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}}
	for _, c := range []struct {
		name      string
		transport http.RoundTripper
		do        func(*testing.T, *pagerduty.Client) error
		says      string
	}{
		{"a rejected token", refusing(401), readAnn, "the token is not accepted"},
		{"a read-only token", refusing(403), put, "read-only"},
		{"a token without the scope", refusing(403), readAnn, "lacks the scope"},
		{"a plan without the feature", refusing(402), readAnn, "plan does not include"},
		{"an answer that breaks off", answersError{io.ErrUnexpectedEOF}, readAnn, "the answer broke off: unexpected EOF"},
		{"a port that nothing listens on", refusingPort, readAnn, "GET /users/PU1: no connection to 127.0.0.1:1: connection refused (no answer from"},
		{"a host that does not exist", nowhere, readAnn, ": there is no host nohost.invalid (no answer from"},
		{"a proxy that is not there", answersError{&net.OpError{Op: "proxyconnect", Net: "tcp", Err: refusingPort.err}}, readAnn,
			"the proxy can't be reached: no connection to 127.0.0.1:1: connection refused (correct HTTPS_PROXY"},
		{"a proxy that wants a login", refusing(407), readAnn, "the proxy wants a name and password"},
		{"an authority that nobody knows", answersError{&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}}, readAnn,
			"its certificate is signed by an authority that this machine does not trust (if a proxy of yours opens TLS"},
		{"somebody else's certificate", answersError{x509.HostnameError{Certificate: &x509.Certificate{}, Host: "api.pagerduty.com"}}, readAnn, "its certificate is not for api.pagerduty.com"},
		{"a certificate that ended", answersError{x509.CertificateInvalidError{Reason: x509.Expired}}, readAnn, "its certificate has expired"},
		{"a host out of reach", unreachable, readAnn, "no answer from https://api.pagerduty.com: check the network"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.do(t, client(t, c.transport, withoutWaiting))
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, expected %q in it", err, c.says)
			}
		})
	}
}

// What PagerDuty refused needs no second look; what it may have carried out
// unseen does.
func TestErrorsSayWhetherAWriteMayHaveTakenEffect(t *testing.T) {
	cut := answersError{io.ErrUnexpectedEOF}
	for _, c := range []struct {
		name    string
		answers []http.RoundTripper // the last one repeats
		refused bool
	}{
		{"a token that may not write", []http.RoundTripper{refusing(403)}, true},
		{"a conflict", []http.RoundTripper{refusing(400)}, true},
		{"a rate limit that stays used up", []http.RoundTripper{refusing(429)}, true},
		{"a timeout of PagerDuty's", []http.RoundTripper{refusing(408)}, false},
		{"trouble of PagerDuty's", []http.RoundTripper{refusing(502)}, false},
		{"no answer", []http.RoundTripper{cut}, false},
		{"no answer, then a refusal", []http.RoundTripper{cut, refusing(403)}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := 0
			err := put(t, client(t, inTurn(func() http.RoundTripper {
				n++
				return c.answers[min(n, len(c.answers))-1]
			}), withoutWaiting))
			var e interface{ Refused() bool }
			if !errors.As(err, &e) || e.Refused() != c.refused {
				t.Errorf("%v: refused is %v, want %v", err, !c.refused, c.refused)
			}
		})
	}
}

func TestARequestToReadIsNeverSaidToHaveWritten(t *testing.T) {
	for name, answers := range map[string]http.RoundTripper{
		"trouble of PagerDuty's": refusing(502),
		"no answer":              answersError{io.ErrUnexpectedEOF},
		"time is up":             answersError{context.DeadlineExceeded},
	} {
		c := client(t, answers, withoutWaiting)
		_, reads := c.User(t.Context(), "P1")
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		_, late := c.User(ended, "P1")
		writes := put(t, c)
		for _, err := range []error{reads, late, writes} {
			var e interface{ Unwritten() bool }
			if want := !errors.Is(err, writes); !errors.As(err, &e) || e.Unwritten() != want {
				t.Errorf("%s: %v: unwritten is %v, want %v", name, err, !want, want)
			}
		}
	}
}

type inTurn func() http.RoundTripper

func (next inTurn) RoundTrip(r *http.Request) (*http.Response, error) { return next().RoundTrip(r) }

func refusing(status int) answers {
	return func(*http.Request) *http.Response {
		return answer(status, `{"error":{"message":"No","code":2010}}`)
	}
}

type answersError struct{ err error }

func (a answersError) RoundTrip(r *http.Request) (*http.Response, error) { return nil, a.err }

func TestTheTokenNeverAppears(t *testing.T) {
	echo := fmt.Sprintf(`{"error":{"message":"bad token %s","errors":["Token token=%s"]}}`, canary, canary)
	for name, transport := range map[string]http.RoundTripper{
		"echoed by the server":     answers(func(*http.Request) *http.Response { return answer(401, echo) }),
		"echoed by the connection": answersError{&url.Error{Op: "Get", URL: "https://x/?t=" + canary, Err: errors.New("header " + canary)}},
	} {
		t.Run(name, func(t *testing.T) {
			c := client(t, transport, withoutWaiting)
			err := readAnn(t, c)
			for _, printed := range []string{err.Error(), fmt.Sprintf("%+v", err), fmt.Sprintf("%#v", c), fmt.Sprintf("%+v", c.Cost())} {
				if strings.Contains(printed, canary) {
					t.Errorf("the token stands in %s", printed)
				}
			}
		})
	}
}

func TestTokensAreSentInTheirSchemeAndReadAgainWhenRejected(t *testing.T) {
	var sent []string
	transport := answers(func(r *http.Request) *http.Response {
		sent = append(sent, r.Header.Get("Authorization"))
		if r.Header.Get("Authorization") == "Bearer new" {
			return answer(200, anUser)
		}
		return answer(401, "{}")
	})
	tokens := []string{"old\n", "new"}
	c := client(t, transport, func(o *pagerduty.Options) {
		o.Bearer = true
		o.Token = func(context.Context) (string, error) {
			token := tokens[0]
			tokens = tokens[1:]
			return token, nil
		}
	})
	if err := readAnn(t, c); err != nil {
		t.Fatal(err)
	}
	if want := []string{"Bearer old", "Bearer new"}; !cmp.Equal(sent, want) {
		t.Errorf("sent %q, expected %q", sent, want)
	}
}

func TestATokenThatCanNotBeReadIsAnErrorAtOnce(t *testing.T) {
	c := client(t, refusing(500), func(o *pagerduty.Options) {
		o.Token = func(context.Context) (string, error) { return "", errors.New("no such file: token") }
	})
	if err := readAnn(t, c); err == nil || !strings.Contains(err.Error(), "no such file: token") || c.Cost().Requests != 0 {
		t.Errorf("got %v after %d requests", err, c.Cost().Requests)
	}
}

func TestOptionsThatCanNotWorkAreRefused(t *testing.T) {
	token := func(context.Context) (string, error) { return canary, nil }
	for name, o := range map[string]pagerduty.Options{
		"an unknown region":      {Region: "mars", Token: token},
		"an address that is not": {BaseURL: "localhost:8080", Token: token},
		"a password in it":       {BaseURL: "https://ann:secret@pd.example", Token: token},
		"no token":               {Region: "eu"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := pagerduty.New(o); err == nil || strings.Contains(err.Error(), "secret") {
				t.Errorf("got %v, expected an error without the password", err)
			}
		})
	}
}

// A proxy that lets nothing through is named, with what it answered and what to do.
func TestAProxyThatRefusesIsNamed(t *testing.T) {
	for status, want := range map[int]string{407: "put them into HTTPS_PROXY", 403: "have the proxy let connections to https://api.pagerduty.com through"} {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = listener.Close() })
		go func() {
			for {
				c, err := listener.Accept()
				if err != nil {
					return
				}
				if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
					_, _ = fmt.Fprintf(c, "HTTP/1.1 %d Refused\r\nContent-Length: 0\r\n\r\n", status)
				}
				_ = c.Close()
			}
		}()
		transport := pagerduty.NewTransport(1)
		proxy := &url.URL{Scheme: "http", User: url.UserPassword("ann", "s3cret"), Host: listener.Addr().String()}
		transport.Proxy = http.ProxyURL(proxy)
		err = readAnn(t, client(t, transport, withoutWaiting))
		if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("the proxy %s refused the connection: %d", proxy.Host, status)) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
