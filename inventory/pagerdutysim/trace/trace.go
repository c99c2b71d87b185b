// Package trace writes down what a client and PagerDuty, or its simulator, say to each
// other, without personal data, and says where another answers otherwise.
package trace

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
)

// Exchange is a request and its answer.
type Exchange struct {
	Method string          `json:"method"`
	Path   string          `json:"path"`
	From   string          `json:"from,omitempty"`
	Body   json.RawMessage `json:"body,omitempty"`
	Status int             `json:"status"`
	Answer json.RawMessage `json:"answer,omitempty"`
}

// Recorder hands requests on and writes each exchange as a line of JSON.
type Recorder struct {
	next http.Handler
	mu   sync.Mutex
	out  io.Writer
	mask *mask
}

// NewRecorder records what next answers.
func NewRecorder(next http.Handler, out io.Writer) *Recorder {
	return &Recorder{next: next, out: out, mask: newMask()}
}

// ServeHTTP implements http.Handler.
func (r *Recorder) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	sent, _ := io.ReadAll(req.Body)
	req.Body = io.NopCloser(bytes.NewReader(sent))
	answered := &tee{ResponseWriter: w, status: http.StatusOK}
	r.next.ServeHTTP(answered, req)
	r.mu.Lock()
	defer r.mu.Unlock()
	e := Exchange{
		Method: req.Method, Path: r.mask.text(req.URL.RequestURI()), From: r.mask.pseudonym("email", req.Header.Get("From")),
		Body: r.mask.json(sent), Status: answered.status, Answer: r.mask.json(answered.body.Bytes()),
	}
	if line, err := json.Marshal(e); err == nil {
		_, _ = r.out.Write(append(line, '\n'))
	}
}

// tee keeps what goes by.
type tee struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (t *tee) WriteHeader(status int) {
	t.status = status
	t.ResponseWriter.WriteHeader(status)
}

func (t *tee) Write(b []byte) (int, error) {
	t.body.Write(b)
	return t.ResponseWriter.Write(b)
}

// Difference is where an answer is not what a trace says.
type Difference struct {
	Line          int
	Request, What string
}

// String is the difference as a sentence.
func (d Difference) String() string { return fmt.Sprintf("line %d: %s: %s", d.Line, d.Request, d.What) }

// Replay makes the requests of a trace, in order, and says which answers differ: in
// their status, in which members they have, and in what these hold, save what a trace
// leaves out or makes up.
func Replay(trace io.Reader, h http.Handler, token string) ([]Difference, int, error) {
	var differences []Difference
	lines := json.NewDecoder(trace)
	mask := newMask()
	for n := 1; ; n++ {
		var e Exchange
		err := lines.Decode(&e)
		if err == io.EOF {
			return differences, n - 1, nil
		}
		if err != nil {
			return differences, n - 1, fmt.Errorf("line %d is no exchange: expected method, path, status and answer: %w", n, err)
		}
		r, err := http.NewRequest(e.Method, "http://replay"+e.Path, bytes.NewReader(e.Body))
		if err != nil || !strings.HasPrefix(e.Path, "/") || e.Method == "" {
			return differences, n - 1, fmt.Errorf("line %d asks nothing: its method is %q and its path %q", n, e.Method, e.Path)
		}
		r.Header.Set("Authorization", "Token token="+token)
		r.Header.Set("Content-Type", "application/json")
		if e.From != "" {
			r.Header.Set("From", e.From)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		add := func(format string, args ...any) {
			differences = append(differences, Difference{n, e.Method + " " + e.Path, fmt.Sprintf(format, args...)})
		}
		if w.Code != e.Status {
			add("answered %d, the trace says %d", w.Code, e.Status)
			continue
		}
		var want, got any
		if json.Unmarshal(e.Answer, &want) != nil && len(e.Answer) > 0 || json.Unmarshal(mask.json(w.Body.Bytes()), &got) != nil && w.Body.Len() > 0 {
			add("the answer is not JSON")
			continue
		}
		compare("", want, got, add)
	}
}

// compare says where two answers differ.
func compare(at string, want, got any, add func(string, ...any)) {
	name, _, _ := strings.Cut(at[strings.LastIndexByte(at, '.')+1:], "[")
	if madeUp(name, want) {
		return
	}
	switch want := want.(type) {
	case map[string]any:
		got, ok := got.(map[string]any)
		if !ok {
			add("%s is no object", at)
			return
		}
		for _, name := range slices.Sorted(maps.Keys(want)) {
			if _, there := got[name]; !there {
				add("%s.%s is missing", at, name)
				continue
			}
			if !masked(name) {
				compare(at+"."+name, want[name], got[name], add)
			}
		}
		for _, name := range slices.Sorted(maps.Keys(got)) {
			if _, there := want[name]; !there {
				add("%s.%s is there, and not in the trace", at, name)
			}
		}
	case []any:
		got, ok := got.([]any)
		if !ok || len(got) != len(want) {
			add("%s is not a list of %d", at, len(want))
			return
		}
		for i := range want {
			compare(fmt.Sprintf("%s[%d]", at, i), want[i], got[i], add)
		}
	default:
		if want != got {
			add("%s is %v, the trace says %v", at, got, want)
		}
	}
}
