package lsp

import (
	"context"
	"errors"
	"maps"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dutyward/dutyward/cmd/internal/lsp/checker"
	"github.com/dutyward/dutyward/policies"
)

const (
	// settled is how long typing must pause before a check.
	settled = 200 * time.Millisecond
	// patience is how long a check may go on once it is of a text that was edited
	// since: then it is ended, so that heavy policies don't hold up their correction.
	patience = 2 * time.Second
)

// errOutdated is why a check was ended.
var errOutdated = errors.New("the text was edited meanwhile")

// checks has what is edited checked, until ctx ends.
func (s *Server) checks(ctx context.Context) {
	p := &process{command: func() *exec.Cmd {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.Checker(s.root)
	}}
	defer p.end()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.edited:
		}
		if !s.pause(ctx) {
			return
		}
		s.check(ctx, p)
	}
}

// pause waits until nothing was edited for a while.
func (s *Server) pause(ctx context.Context) bool {
	timer := time.NewTimer(settled)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-s.edited:
			timer.Reset(settled)
		case <-timer.C:
			return true
		}
	}
}

// check has the policies checked as they are now, and shows what was found.
func (s *Server) check(ctx context.Context, p *process) {
	within, cancel := context.WithCancelCause(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.overtake(within, cancel)
	}()
	s.mu.Lock()
	account := s.things.version
	s.mu.Unlock()
	r, err := p.ask(within, checker.Request{Unsaved: s.unsaved(), Account: account})
	cancel(nil)
	<-done
	switch {
	case ctx.Err() != nil || errors.Is(err, errOutdated):
		return
	case err != nil:
		r = &checker.Report{Fault: err.Error()}
	}
	r.Problems = slices.Concat(r.Problems, s.brokenOff(r.Fault))
	if len(r.Problems) > 0 {
		r.Fault = ""
	}
	for i, p := range r.Problems {
		if at := s.brokenOff(p.Text()); p.File == "" && len(at) > 0 {
			r.Problems[i].File, r.Problems[i].Line = at[0].File, at[0].Line
		}
	}
	s.take(r)
}

// overtake ends a check whose text was edited since, with some patience.
func (s *Server) overtake(ctx context.Context, cancel context.CancelCauseFunc) {
	select {
	case <-ctx.Done():
		return
	case <-s.edited:
	}
	s.changed() // to be checked next
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
		cancel(errOutdated)
	}
}

// placeOfRule is the rule that ran when the checking process ended.
var placeOfRule = regexp.MustCompile(`\(([^()\n]+\.rego):(\d+)\)`)

// codeBrokenOff is the code of policies that went beyond their bounds, as in `check`.
const codeBrokenOff = "policy/not-evaluated"

// brokenOff is a problem at each rule at which the checking process ended.
func (s *Server) brokenOff(text string) policies.Problems {
	var out policies.Problems
	for _, m := range placeOfRule.FindAllStringSubmatch(text, -1) {
		line, _ := strconv.Atoi(m[2]) // of digits
		out = append(out, policies.Problem{Code: codeBrokenOff, File: s.inWorkspace(m[1]), Line: line, Message: text})
	}
	return out
}

// take keeps what a check found, and shows it.
func (s *Server) take(r *checker.Report) {
	s.mu.Lock()
	s.last.Problems, s.last.Fault = r.Problems, r.Fault
	if r.Roots != nil {
		s.last.Roots = r.Roots
	}
	if r.Rules != nil {
		s.rules, s.groups = r.Rules, r.Groups
	}
	if r.Things != nil {
		s.things = newThings(r.Things, r.Version)
	}
	s.mu.Unlock()
	s.show(r)
}

// show publishes the diagnostics of every file that has some, or had.
func (s *Server) show(r *checker.Report) {
	fault := r.Fault
	found := map[string][]policies.Problem{}
	for _, p := range r.Problems {
		if p.File == "" {
			fault = strings.TrimSpace(fault + "\n" + p.Text())
			continue
		}
		uri := s.openAs(p.File)
		found[uri] = append(found[uri], p)
	}
	s.mu.Lock()
	before := s.shown
	s.shown, s.fixes = map[string]bool{}, map[string][]fix{}
	var out []publishParams
	for _, uri := range slices.Sorted(maps.Keys(found)) {
		s.shown[uri] = true
		p := publishParams{URI: uri}
		for _, problem := range found[uri] {
			d := s.diagnosticOf(uri, problem)
			p.Diagnostics = append(p.Diagnostics, d)
			if f, ok := fixOf(s.things.meant(problem), d, s.buffers[uri]); ok {
				s.fixes[uri] = append(s.fixes[uri], f)
			}
		}
		out = append(out, p)
	}
	for _, uri := range slices.Sorted(maps.Keys(before)) {
		if !s.shown[uri] {
			out = append(out, publishParams{URI: uri, Diagnostics: []diagnostic{}})
		}
	}
	tell := fault != "" && fault != s.fault
	s.fault = fault
	s.mu.Unlock()
	for _, p := range out {
		_ = s.conn.Notify(context.Background(), "textDocument/publishDiagnostics", p) // the editor is gone
	}
	if tell {
		_ = s.conn.Notify(context.Background(), "window/showMessage", messageParams{severityError, "Dutyward: " + fault})
	}
}

// openAs is the URI of a file as the editor calls it, if it has it open.
func (s *Server) openAs(file string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	real := realPath(file)
	for uri := range s.buffers {
		if open, ok := fileOf(uri); ok && realPath(open) == real {
			return uri
		}
	}
	return uriOf(file)
}

// diagnosticOf is a problem as editors show it: from its column to the end of what
// stands there, or the whole line.
func (s *Server) diagnosticOf(uri string, p policies.Problem) diagnostic {
	d := diagnostic{Severity: severityError, Code: string(p.Code), Source: "dutyward", Message: p.Text()}
	switch {
	case p.Note:
		d.Severity = severityInformation
	case p.Warning:
		d.Severity = severityWarning
	}
	if d.Code != "" {
		d.CodeDescription = &codeDescription{pageOf(d.Code)}
	}
	line := max(0, p.Line-1)
	text := p.Source
	if open, ok := s.buffers[uri]; ok {
		text = lineAt(open, line)
	}
	start, end := len(text)-len(strings.TrimLeft(text, " \t")), len(text)
	if p.Column > 0 && p.Column <= len(text) {
		start = p.Column - 1
		end = wordEnd(text, start)
	}
	d.Range = spanOf(text, line, start, end)
	if file, n, ok := strings.Cut(p.See, ":"); ok {
		if see, err := strconv.Atoi(n); err == nil {
			at := position{max(0, see-1), 0}
			d.RelatedInformation = []relatedInformation{{location{uriOf(s.within(file)), textRange{at, at}}, "the other place"}}
		}
	}
	return d
}

// pageOf is where a code is explained.
func pageOf(code string) string {
	const pages = "https://github.com/dutyward/dutyward/blob/main/docs/reference/codes.md#"
	return pages + strings.ReplaceAll(code, "/", "")
}
