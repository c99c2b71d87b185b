package pagerdutysim

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"
)

// Transport carries requests to the simulator in process, without a socket. It
// ends with the request's context, and a cut connection or a truncated body
// looks as it does over a network.
func (s *Server) Transport() http.RoundTripper { return transport{s} }

type transport struct{ server *Server }

// errCut is what a caller sees of a connection cut before the answer.
var errCut = errors.New("connection closed before the response: EOF")

// RoundTrip implements http.RoundTripper.
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		defer func() { _ = r.Body.Close() }()
	}
	if err := r.Context().Err(); err != nil {
		return nil, context.Cause(r.Context())
	}
	in := r.Clone(r.Context())
	if in.Body == nil {
		in.Body = http.NoBody
	}
	in.RequestURI = r.URL.RequestURI()
	out := newReply()
	if cut := serve(t.server, out, in); cut {
		if err := r.Context().Err(); err != nil {
			return nil, context.Cause(r.Context())
		}
		return nil, errCut
	}
	return response(r, out), nil
}

// serve says whether the handler cut the connection.
func serve(s *Server, w http.ResponseWriter, r *http.Request) (cut bool) {
	defer func() {
		switch p := recover(); p {
		case nil:
		case http.ErrAbortHandler:
			cut = true
		default:
			panic(p)
		}
	}()
	s.ServeHTTP(w, r)
	return false
}

func response(r *http.Request, p *reply) *http.Response {
	resp := &http.Response{
		Status:     strconv.Itoa(p.status) + " " + http.StatusText(p.status),
		StatusCode: p.status,
		Proto:      "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:        p.header,
		ContentLength: int64(p.body.Len()),
		Request:       r,
	}
	var body io.Reader = bytes.NewReader(p.body.Bytes())
	if promised, err := strconv.ParseInt(p.header.Get("Content-Length"), 10, 64); err == nil {
		resp.ContentLength = promised
		if promised > int64(p.body.Len()) && r.Method != http.MethodHead {
			body = io.MultiReader(body, brokenOff{})
		}
	}
	resp.Body = &contextBody{ctx: r.Context(), Reader: body}
	return resp
}

// brokenOff is the end of a body that ends too soon.
type brokenOff struct{}

func (brokenOff) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// contextBody ends with the request's context.
type contextBody struct {
	ctx context.Context
	io.Reader
}

func (b *contextBody) Read(p []byte) (int, error) {
	if b.ctx.Err() != nil {
		return 0, context.Cause(b.ctx)
	}
	return b.Reader.Read(p)
}

func (b *contextBody) Close() error { return nil }

// lagging is the account as it was before a write whose result is not yet seen
// by reads.
type lagging struct {
	acct  *account
	until time.Time // zero: counted in reads
	reads int
}

// view lets a read see the account as it was before the first write that lags,
// and keeps the account as it is before a write that will lag. The caller holds
// the lock and calls the returned function when the request is done.
func (s *Server) view(r *http.Request) (done func()) {
	if !safe(r.Method) {
		if f := s.fault(r, FaultStale); f != nil {
			l := lagging{acct: s.acct.clone(), reads: f.Reads}
			if f.Duration > 0 {
				l.until = s.now().Add(f.Duration)
			}
			s.lag = append(s.lag, l)
		}
		return func() {}
	}
	old := s.oldest()
	if old == nil {
		return func() {}
	}
	truth := s.acct
	s.acct = old
	return func() { s.acct = truth }
}

// oldest is the account that a read sees now, or nil for the account as it is.
func (s *Server) oldest() *account {
	now := s.now()
	var seen *account
	var rest []lagging
	for _, l := range s.lag {
		if l.until.IsZero() && l.reads <= 0 || !l.until.IsZero() && !now.Before(l.until) {
			continue
		}
		if seen == nil {
			seen = l.acct
		}
		l.reads--
		rest = append(rest, l)
	}
	s.lag = rest
	return seen
}
