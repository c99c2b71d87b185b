package pagerduty

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"
)

// NewTransport carries requests over ordinary connections, of which there are no
// more than requests under way.
func NewTransport(most int) *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost, t.MaxConnsPerHost = most, 2*most
	t.MaxResponseHeaderBytes = maxHeader
	t.ResponseHeaderTimeout = attemptTimeout
	t.IdleConnTimeout = time.Minute
	t.OnProxyConnectResponse = func(_ context.Context, proxy *url.URL, _ *http.Request, answer *http.Response) error {
		if answer.StatusCode != http.StatusOK {
			return &proxyError{proxy.Host, answer.StatusCode}
		}
		return nil
	}
	return t
}

// proxyError is a proxy that does not let a connection through.
type proxyError struct {
	proxy  string // host and port, without a password
	status int
}

func (e *proxyError) Error() string {
	return fmt.Sprintf("the proxy %s refused the connection: %d %s", e.proxy, e.status, http.StatusText(e.status))
}

const (
	proxyWantsLogin = "the proxy wants a name and password: put them into HTTPS_PROXY, as http://NAME:PASSWORD@HOST:PORT"
	// OpenedTLS is what to do where a certificate can't be verified.
	OpenedTLS = "if a proxy of yours opens TLS, add its certificate to the system's, or name it by SSL_CERT_FILE; otherwise do not go on: somebody may be listening"
)

// Unreached is why a connection failed, in a person's words rather than those of the
// network library.
func Unreached(err error) string {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	var proxy *net.OpError
	if errors.As(err, &proxy) && proxy.Op == "proxyconnect" {
		return "the proxy can't be reached: " + Unreached(proxy.Err)
	}
	if why := untrusted(err); why != "" {
		return why
	}
	var name *net.DNSError
	var dial *net.OpError
	var system *os.SyscallError
	var timeout net.Error
	switch {
	case errors.As(err, &name) && name.IsNotFound:
		return "there is no host " + name.Name
	case errors.As(err, &name):
		return "the address of the host " + name.Name + " could not be looked up"
	case errors.As(err, &dial) && dial.Op == "dial" && errors.As(err, &system):
		return fmt.Sprintf("no connection to %s: %v", dial.Addr, system.Err)
	case errors.As(err, &dial) && errors.As(err, &system):
		return fmt.Sprintf("the connection broke: %v", system.Err)
	case errors.Is(err, http.ErrSchemeMismatch):
		return "what answers there speaks HTTP and not HTTPS"
	case errors.As(err, &timeout) && timeout.Timeout():
		return "timed out waiting for an answer"
	}
	return err.Error()
}

// unreachedHint is what to do about a connection that failed.
func unreachedHint(base string, err error) string {
	var refused *proxyError
	var proxy *net.OpError
	switch {
	case errors.As(err, &refused) && refused.status == http.StatusProxyAuthRequired:
		return proxyWantsLogin
	case errors.As(err, &refused):
		return "have the proxy let connections to " + base + " through, or name the host in NO_PROXY if it can be reached without"
	case errors.As(err, &proxy) && proxy.Op == "proxyconnect":
		return "correct HTTPS_PROXY, or name the host in NO_PROXY if it can be reached without"
	case Untrusted(err) && UnreadableCertificates() != nil:
		return fmt.Sprintf("%v: correct the variable", UnreadableCertificates())
	case Untrusted(err):
		return OpenedTLS
	}
	return "no answer from " + base + ": check the network, the proxy, the region and the address in the configuration"
}

// Untrusted says that a connection failed since the other side's certificate can't be
// verified.
func Untrusted(err error) bool { return untrusted(err) != "" }

func untrusted(err error) string {
	var verification *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	var roots x509.SystemRootsError
	switch {
	case errors.As(err, &authority):
		return "its certificate is signed by an authority that this machine does not trust"
	case errors.As(err, &name):
		return "its certificate is not for " + name.Host
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "its certificate has expired or is not valid yet, by this machine's clock"
	case errors.As(err, &roots):
		return "this machine has no certificates of authorities to verify it with"
	case errors.As(err, &verification):
		return "its certificate can't be verified"
	}
	return ""
}

// UnreadableCertificates is an error where SSL_CERT_FILE or SSL_CERT_DIR names what
// can't be read: Go passes over it, and trusts what is left.
func UnreadableCertificates() error {
	for _, name := range append([]string{os.Getenv("SSL_CERT_FILE")}, filepath.SplitList(os.Getenv("SSL_CERT_DIR"))...) {
		if name == "" {
			continue
		}
		f, err := os.Open(name)
		if err == nil {
			_ = f.Close()
			continue
		}
		var path *fs.PathError
		if errors.As(err, &path) {
			err = path.Err
		}
		return fmt.Errorf("the certificates in %s (SSL_CERT_FILE, SSL_CERT_DIR) can't be read: %w", name, err)
	}
	return nil
}
