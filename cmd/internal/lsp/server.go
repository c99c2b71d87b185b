// Package lsp is a language server for policies: it speaks the Language Server Protocol
// with an editor, and has policies checked in another process. Rego never runs here.
package lsp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"os"
	"os/exec"
	"sync"

	"github.com/sourcegraph/jsonrpc2"

	"github.com/dutyward/dutyward/cmd/internal/lsp/checker"
)

// Server is one editor's language server.
type Server struct {
	// Version is the program's.
	Version string
	// Checker makes the command that checks, to be run in the directory of the
	// workspace; empty for the server's own.
	Checker func(dir string) *exec.Cmd

	conn *jsonrpc2.Conn
	// edited says that something changed which a check may see.
	edited chan struct{}

	mu       sync.Mutex
	root     string
	watches  bool
	shutdown bool
	// initialized says that the editor asked for initialize.
	initialized bool
	// buffers are the open files by their URI.
	buffers map[string]string
	// last is the last report, and rules, groups and things the last of each that there
	// were: broken policies leave them.
	last   checker.Report
	rules  []checker.Rule
	groups []checker.Group
	things things
	// fixes are the quick fixes of what is published, by URI.
	fixes map[string][]fix
	// shown are the URIs that have diagnostics.
	shown map[string]bool
	// fault is the last message that was shown.
	fault string
}

// ErrNoShutdown is that the editor was gone without having asked for the end.
var ErrNoShutdown = errors.New("the connection ended without a shutdown request: the editor is gone, or what it sent is not of the Language Server Protocol")

// codeNotInitialized is the protocol's answer to what comes before initialize.
const codeNotInitialized = -32002

// Serve speaks with an editor until it asks for the end, or is gone.
func (s *Server) Serve(ctx context.Context, in io.ReadCloser, out io.Writer, stderr io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s.edited = make(chan struct{}, 1)
	s.buffers, s.fixes, s.shown = map[string]string{}, map[string][]fix{}, map[string]bool{}
	ready := make(chan struct{})
	stream := jsonrpc2.NewBufferedStream(pipes{in, out}, jsonrpc2.VSCodeObjectCodec{})
	s.conn = jsonrpc2.NewConn(ctx, stream, handler{s, ready}, jsonrpc2.SetLogger(log.New(stderr, "dutyward: ", 0)))
	close(ready)
	var checks sync.WaitGroup
	checks.Go(func() { s.checks(ctx) })
	select {
	case <-s.conn.DisconnectNotify():
	case <-ctx.Done():
	}
	cancel()
	checks.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.shutdown {
		return ErrNoShutdown
	}
	return nil
}

// pipes are the two sides of one connection.
type pipes struct {
	io.ReadCloser
	io.Writer
}

// handler takes what the editor says, one after the other. Notifications are done
// with in order; a request is answered beside those that follow, on the text as it was.
type handler struct {
	*Server
	ready chan struct{}
}

func (h handler) Handle(ctx context.Context, conn *jsonrpc2.Conn, r *jsonrpc2.Request) {
	<-h.ready
	if r.Notif {
		_, _ = h.guarded(r.Method, func() (any, error) { return nil, h.notified(ctx, r) }) // nobody waits for an answer
		return
	}
	answer, err := h.request(r)
	if err != nil {
		_ = conn.ReplyWithError(ctx, r.ID, err) // the editor is gone
		return
	}
	go func() {
		result, err := h.guarded(r.Method, answer)
		if err != nil {
			_ = conn.ReplyWithError(ctx, r.ID, &jsonrpc2.Error{Code: jsonrpc2.CodeInternalError, Message: err.Error()})
			return
		}
		_ = conn.Reply(ctx, r.ID, result)
		if r.Method == "initialize" {
			s := h.Server
			s.changed()
		}
	}()
}

// guarded keeps the server alive where an answer panics.
func (s *Server) guarded(method string, f func() (any, error)) (result any, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("internal error in %s: %v; please report it", method, p)
		}
	}()
	return f()
}

// request is what answers a request, or why there is nothing that does.
func (s *Server) request(r *jsonrpc2.Request) (answer func() (any, error), fault *jsonrpc2.Error) {
	s.mu.Lock()
	early := !s.initialized && r.Method != "initialize" && r.Method != "shutdown"
	s.initialized = s.initialized || r.Method == "initialize"
	s.mu.Unlock()
	if early {
		return nil, &jsonrpc2.Error{Code: codeNotInitialized, Message: r.Method + " came before initialize"}
	}
	var p documentParams
	if r.Params != nil && r.Method != "initialize" {
		if err := json.Unmarshal(*r.Params, &p); err != nil {
			return nil, &jsonrpc2.Error{Code: jsonrpc2.CodeInvalidParams, Message: err.Error()}
		}
	}
	d := s.document(p)
	switch r.Method {
	case "initialize":
		return func() (any, error) { return s.initialize(r) }, nil
	case "shutdown":
		return func() (any, error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.shutdown = true
			return nil, nil
		}, nil
	case "textDocument/completion":
		return func() (any, error) { return d.complete(), nil }, nil
	case "textDocument/hover":
		return func() (any, error) { return d.hover(), nil }, nil
	case "textDocument/definition":
		return func() (any, error) { return d.definition(), nil }, nil
	case "textDocument/codeAction":
		return func() (any, error) { return s.actions(p.TextDocument.URI, p.Range), nil }, nil
	}
	return nil, &jsonrpc2.Error{Code: jsonrpc2.CodeMethodNotFound, Message: r.Method + " is not supported"}
}

func (s *Server) initialize(r *jsonrpc2.Request) (any, error) {
	var p initializeParams
	if r.Params != nil {
		if err := json.Unmarshal(*r.Params, &p); err != nil {
			return nil, err
		}
	}
	root := p.RootPath
	if file, ok := fileOf(p.RootURI); ok {
		root = file
	}
	if len(p.WorkspaceFolders) > 0 {
		if file, ok := fileOf(p.WorkspaceFolders[0].URI); ok {
			root = file
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if info, err := os.Stat(root); err == nil && info.IsDir() {
		s.root = root
	}
	s.watches = p.Capabilities.Workspace.DidChangeWatchedFiles.DynamicRegistration
	return capabilities(s.Version), nil
}

func (s *Server) notified(ctx context.Context, r *jsonrpc2.Request) error {
	var p documentParams
	if r.Params != nil {
		if err := json.Unmarshal(*r.Params, &p); err != nil {
			return err
		}
	}
	switch r.Method {
	case "initialized":
		s.register()
	case "exit":
		return s.conn.Close()
	case "textDocument/didOpen":
		s.edit(func() { s.buffers[p.TextDocument.URI] = p.TextDocument.Text })
	case "textDocument/didChange":
		s.edit(func() {
			for _, c := range p.ContentChanges {
				s.buffers[p.TextDocument.URI] = applied(s.buffers[p.TextDocument.URI], c.Range, c.Text)
			}
		})
	case "textDocument/didClose":
		s.edit(func() { delete(s.buffers, p.TextDocument.URI) })
	case "textDocument/didSave", "workspace/didChangeWatchedFiles", "workspace/didChangeConfiguration":
		s.changed()
	}
	return nil
}

// register asks the editor to say when files change on disk, if it can.
func (s *Server) register() {
	s.mu.Lock()
	watches := s.watches
	s.mu.Unlock()
	if !watches {
		return
	}
	params := map[string]any{"registrations": []any{map[string]any{
		"id": "files", "method": "workspace/didChangeWatchedFiles",
		"registerOptions": map[string]any{"watchers": []any{map[string]any{"globPattern": "**/*.{rego,yaml,yml,json}"}}},
	}}}
	go func() { _ = s.conn.Call(context.Background(), "client/registerCapability", params, nil) }() // it may refuse
}

func (s *Server) edit(f func()) {
	s.mu.Lock()
	f()
	s.mu.Unlock()
	s.changed()
}

// changed says that there is something to check.
func (s *Server) changed() {
	select {
	case s.edited <- struct{}{}:
	default:
	}
}

// unsaved are the open files, by their real paths.
func (s *Server) unsaved() map[string]string {
	s.mu.Lock()
	buffers := maps.Clone(s.buffers)
	s.mu.Unlock()
	out := map[string]string{}
	for uri, text := range buffers {
		if file, ok := fileOf(uri); ok {
			out[realPath(file)] = text
		}
	}
	return out
}
