package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/sourcegraph/jsonrpc2"

	"github.com/dutyward/dutyward/policies"
)

// editor is an editor's side of the Language Server Protocol.
type editor struct {
	t    *testing.T
	dir  string
	cmd  *exec.Cmd
	conn *jsonrpc2.Conn
	// shown are the diagnostics as they come, messages what is shown besides.
	shown    chan shownDiagnostics
	messages chan string
	last     map[string][]lspDiagnostic
}

type lspPosition struct {
	Line      int `json:"line"`
	Character int `json:"character"`
}

type lspRange struct {
	Start lspPosition `json:"start"`
	End   lspPosition `json:"end"`
}

type lspDiagnostic struct {
	Range           lspRange `json:"range"`
	Severity        int      `json:"severity"`
	Code            string   `json:"code"`
	Source          string   `json:"source"`
	Message         string   `json:"message"`
	CodeDescription struct {
		Href string `json:"href"`
	} `json:"codeDescription"`
}

type shownDiagnostics struct {
	URI         string          `json:"uri"`
	Diagnostics []lspDiagnostic `json:"diagnostics"`
}

type twoPipes struct {
	io.Reader
	io.WriteCloser
}

// edits starts `dutyward lsp` on files besides the configuration and the account.
func edits(t *testing.T, configuration string, files map[string]string) *editor {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	seed, err := os.ReadFile("../../examples/starter/seed.json")
	if err != nil {
		t.Fatal(err)
	}
	e := &editor{t: t, dir: dir, shown: make(chan shownDiagnostics, 1000), messages: make(chan string, 100), last: map[string][]lspDiagnostic{}}
	e.write("account.json", string(seed))
	e.write("dutyward.yaml", "account: {name: starter}\npolicies: [policies]\n"+configuration)
	for name, text := range files {
		e.write(name, text)
	}
	e.cmd = exec.Command("dutyward", "lsp", "--snapshot", "account.json")
	e.cmd.Dir, e.cmd.Stderr = dir, os.Stderr
	in, err := e.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := e.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := e.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.cmd.Process.Kill() })
	e.conn = jsonrpc2.NewConn(context.Background(), jsonrpc2.NewBufferedStream(twoPipes{out, in}, jsonrpc2.VSCodeObjectCodec{}), jsonrpc2.HandlerWithError(e.hears))
	e.ask("initialize", map[string]any{"processId": nil, "rootUri": e.uri(""), "capabilities": map[string]any{}}, &struct{}{})
	e.says("initialized", map[string]any{})
	return e
}

func (e *editor) hears(_ context.Context, _ *jsonrpc2.Conn, r *jsonrpc2.Request) (any, error) {
	switch r.Method {
	case "textDocument/publishDiagnostics":
		var s shownDiagnostics
		if err := json.Unmarshal(*r.Params, &s); err != nil {
			return nil, err
		}
		e.shown <- s
	case "window/showMessage":
		e.messages <- string(*r.Params)
	}
	return nil, nil
}

func (e *editor) write(name, text string) {
	e.t.Helper()
	path := filepath.Join(e.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		e.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		e.t.Fatal(err)
	}
}

func (e *editor) uri(name string) string {
	return (&url.URL{Scheme: "file", Path: filepath.Join(e.dir, name)}).String()
}

func (e *editor) ask(method string, params, result any) {
	e.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := e.conn.Call(ctx, method, params, result); err != nil {
		e.t.Fatalf("%s: %v", method, err)
	}
}

func (e *editor) says(method string, params any) {
	e.t.Helper()
	if err := e.conn.Notify(context.Background(), method, params); err != nil {
		e.t.Fatalf("%s: %v", method, err)
	}
}

func (e *editor) opens(name, text string) {
	e.says("textDocument/didOpen", map[string]any{"textDocument": map[string]any{"uri": e.uri(name), "languageId": "rego", "version": 1, "text": text}})
}

func (e *editor) types(name, text string) {
	e.says("textDocument/didChange", map[string]any{
		"textDocument":   map[string]any{"uri": e.uri(name), "version": 2},
		"contentChanges": []any{map[string]any{"text": text}},
	})
}

// sees waits until a file's diagnostics are such, and returns them.
func (e *editor) sees(name string, such func([]lspDiagnostic) bool) []lspDiagnostic {
	e.t.Helper()
	deadline := time.After(2 * time.Minute)
	for {
		select {
		case s := <-e.shown:
			e.last[s.URI] = s.Diagnostics
			if s.URI == e.uri(name) && such(s.Diagnostics) {
				return s.Diagnostics
			}
		case m := <-e.messages:
			e.t.Logf("message: %s", m)
		case <-deadline:
			e.t.Fatalf("%s: nothing of the kind was shown; last %v", name, e.last[e.uri(name)])
		}
	}
}

func none(ds []lspDiagnostic) bool { return len(ds) == 0 }

func withCode(code string) func([]lspDiagnostic) bool {
	return func(ds []lspDiagnostic) bool {
		return slices.ContainsFunc(ds, func(d lspDiagnostic) bool { return d.Code == code })
	}
}

// at is where the cursor | stands in a text, and the text without it.
func at(t *testing.T, marked string) (text string, p map[string]any) {
	t.Helper()
	before, after, found := strings.Cut(marked, "|")
	if !found {
		t.Fatalf("no cursor in %q", marked)
	}
	line := before[strings.LastIndexByte(before, '\n')+1:]
	units := 0
	for _, r := range line {
		units++
		if r > 0xffff {
			units++
		}
	}
	return before + after, map[string]any{"line": strings.Count(before, "\n"), "character": units}
}

// ends ends the server as editors do, and returns its exit code.
func (e *editor) ends() int {
	e.ask("shutdown", nil, nil)
	e.says("exit", nil)
	_ = e.cmd.Wait()
	return e.cmd.ProcessState.ExitCode()
}

const peopleRego = `package access.people

group contains {"name": "payments-oncall", "description": "On call for Payments"}

member contains {"group": "payments-oncall", "principal": "oncall:Payments Primary"}

grant contains {"principal": "group:payments-oncall", "resource": "team:Payments", "role": "manager"}

grant contains {"principal": $"user:{p.email}", "resource": "team:Payments", "role": "responder"} if {
	some p in data.people
}
`

func peopleFiles() map[string]string {
	return map[string]string{
		"policies/access/people.rego": peopleRego,
		"policies/people/people.yaml": "- email: ann@example.com\n- email: bob@example.com\n",
	}
}

// checked are the problems that `dutyward check --snapshot` finds in what is saved.
func (e *editor) checked() policies.Problems {
	e.t.Helper()
	cmd := exec.Command("dutyward", "check", "--snapshot", "account.json", "--json")
	var out bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = e.dir, &out, os.Stderr
	_ = cmd.Run() // it fails where there are problems
	var ps policies.Problems
	if err := json.Unmarshal(out.Bytes(), &ps); err != nil {
		e.t.Fatalf("%v: %s", err, out.String())
	}
	return ps
}

func TestLSPShowsAsOneTypesWhatCheckFinds(t *testing.T) {
	e := edits(t, "", peopleFiles())
	const name = "policies/access/people.rego"
	e.opens(name, peopleRego)
	for what, text := range map[string]string{
		"a role":               strings.Replace(peopleRego, `"manager"`, `"managr"`, 1),
		"a name":               strings.Replace(peopleRego, "oncall:Payments Primary", "oncall:Payments Primry", 1),
		"syntax":               strings.Replace(peopleRego, "if {", "if", 1),
		"a field behind emoji": strings.Replace(peopleRego, `"description": "On call`, `"descripton": "🚨🚨 On call`, 1),
		"a warning":            strings.Replace(peopleRego, "some p in data.people", "some p in data.people\n\tunused := 1", 1),
		"a failure":            strings.Replace(peopleRego, "some p in data.people", "some p in data.people\n\tto_number(p.email) > 3", 1),
	} {
		e.types(name, text)
		got := e.sees(name, func(ds []lspDiagnostic) bool { return len(ds) > 0 })
		e.write(name, text) // which the editor does not know of
		var want []string
		for _, p := range e.checked() {
			if strings.HasSuffix(p.File, "people.rego") {
				want = append(want, fmt.Sprintf("%d %s %s", p.Line, p.Code, p.Text()))
			}
		}
		var shown []string
		for _, d := range got {
			shown = append(shown, fmt.Sprintf("%d %s %s", d.Range.Start.Line+1, d.Code, d.Message))
			if d.Source != "dutyward" || !strings.HasSuffix(d.CodeDescription.Href, "docs/reference/codes.md#"+strings.ReplaceAll(d.Code, "/", "")) {
				t.Errorf("%s: the diagnostic is from %q, its page %q", what, d.Source, d.CodeDescription.Href)
			}
		}
		if diff := cmp.Diff(want, shown); diff != "" {
			t.Errorf("%s (check -, lsp +):\n%s", what, diff)
		}
		e.write(name, peopleRego)
		e.types(name, peopleRego)
		e.sees(name, none)
	}
	if code := e.ends(); code != 0 {
		t.Errorf("the server ended with %d", code)
	}
}

func TestLSPKnowsFilesThatAreNotSavedYet(t *testing.T) {
	e := edits(t, "", peopleFiles())
	const name = "policies/access/new.rego"
	e.opens(name, "package access.new\n\ngrant contains {\"principal\": \"user:ann@example.com\", \"resource\": \"team:Paymnts\", \"role\": \"manager\"}\n")
	got := e.sees(name, func(ds []lspDiagnostic) bool { return len(ds) > 0 })
	if got[0].Range.Start.Line != 2 || !strings.Contains(got[0].Message, "Payments") {
		t.Errorf("shown %+v", got)
	}
	e.says("textDocument/didClose", map[string]any{"textDocument": map[string]any{"uri": e.uri(name)}})
	e.sees(name, none)
	if code := e.ends(); code != 0 {
		t.Errorf("the server ended with %d", code)
	}
}

func TestLSPCompletes(t *testing.T) {
	e := edits(t, "", peopleFiles())
	const name = "policies/access/people.rego"
	e.opens(name, strings.Replace(peopleRego, "manager", "managr", 1))
	e.sees(name, withCode("policy/unknown-role"))
	e.types(name, peopleRego)
	e.sees(name, none)
	for marked, want := range map[string]string{
		"\nlim|":                      "limit contains ",
		"\ngrant contains {\"pri|\"}": "principal",
		"\nmember contains {\"group\": \"pay|\"}":                                 "payments-oncall",
		"\ngrant contains {\"principal\": \"user:bob|\"}":                         "bob@example.com",
		"\ngrant contains {\n\t\"principal\": \"oncall:|":                         "Payments Primary",
		"\ngrant contains {\"resource\": \"team:|\", \"role\": \"x\"}":            "Payments",
		"\ngrant contains {\"resource\": \"account\", \"role\": \"|\"}":           "limited_user",
		"\ngrant contains {\"resource\": \"|\"}":                                  "team:Payments",
		"\ngrant contains {\"principal\": \"group:|\"}":                           "payments-oncall",
		"\nlimit contains {\"at_most\": \"no|\"}":                                 "none",
		"\nx := data.dutyward.team(\"Pay|\")":                                     "Payments",
		"\ngrant contains {\"x\": {\"y\": 1}, \"resource\": \"schedule:Payments|": "Payments Primary",
	} {
		text, position := at(t, peopleRego+marked)
		e.types(name, text)
		var got struct {
			Items []struct {
				Label    string `json:"label"`
				TextEdit struct {
					Range   lspRange `json:"range"`
					NewText string   `json:"newText"`
				} `json:"textEdit"`
			} `json:"items"`
		}
		e.ask("textDocument/completion", map[string]any{"textDocument": map[string]any{"uri": e.uri(name)}, "position": position}, &got)
		var labels []string
		for _, item := range got.Items {
			labels = append(labels, item.Label)
		}
		if !slices.Contains(labels, want) {
			t.Errorf("%q offers %q, not %q", marked, labels, want)
		}
	}
}

func TestLSPHoversAndLeadsToRows(t *testing.T) {
	e := edits(t, "", peopleFiles())
	const name = "policies/access/people.rego"
	broken := strings.Replace(peopleRego, `"manager"`, `"managr"`, 1)
	e.opens(name, broken)
	e.sees(name, withCode("policy/unknown-role"))
	e.types(name, peopleRego)
	e.sees(name, none)
	e.types(name, broken) // what was good is known all the same
	e.sees(name, withCode("policy/unknown-role"))
	hovers := func(marked string) string {
		_, position := at(t, marked)
		var got struct {
			Contents struct{ Value string } `json:"contents"`
		}
		e.ask("textDocument/hover", map[string]any{"textDocument": map[string]any{"uri": e.uri(name)}, "position": position}, &got)
		return got.Contents.Value
	}
	for marked, wants := range map[string][]string{
		strings.Replace(broken, "team:Pay", "team:P|ay", 1):             {"team:Payments", "(#P", "Members: "},
		strings.Replace(broken, "oncall:Pay", "oncall:P|ay", 1):         {"schedule:Payments Primary", "On call: ", "Takes turns: "},
		strings.Replace(broken, "group:payments", "group:pay|ments", 1): {"On call for Payments", "Members now (1): "},
		strings.Replace(broken, "grant contains {\"principal\": $", "gr|ant contains {\"principal\": $", 1): {
			"gives 2 now", "user:ann@example.com: responder on team:Payments"},
	} {
		got := hovers(marked)
		for _, want := range wants {
			if !strings.Contains(got, want) {
				t.Errorf("hover %q; want %q", got, want)
			}
		}
	}
	text, position := at(t, broken+"\nx := data.dutyward.user(\"ANN@exa|mple.com\")\n")
	e.types(name, text)
	var places []struct {
		URI   string   `json:"uri"`
		Range lspRange `json:"range"`
	}
	e.ask("textDocument/definition", map[string]any{"textDocument": map[string]any{"uri": e.uri(name)}, "position": position}, &places)
	if len(places) != 1 || places[0].URI != e.uri("policies/people/people.yaml") || places[0].Range.Start != (lspPosition{0, 9}) {
		t.Errorf("the person's row is in %+v", places)
	}
	_, position = at(t, strings.Replace(broken, "group:payments", "group:pay|ments", 1))
	e.ask("textDocument/definition", map[string]any{"textDocument": map[string]any{"uri": e.uri(name)}, "position": position}, &places)
	if len(places) != 1 || places[0].URI != e.uri(name) || places[0].Range.Start.Line != 2 {
		t.Errorf("the group is declared in %+v", places)
	}
}

func TestLSPSurvivesPoliciesThatDoNotEnd(t *testing.T) {
	e := edits(t, "evaluation: {time_limit: 1s, memory_limit: 256MiB}\n", peopleFiles())
	const name = "policies/access/people.rego"
	e.opens(name, peopleRego)
	for what, heavy := range map[string]string{
		"time":   "\tsome a in numbers.range(1, 100000)\n\tsome b in numbers.range(1, 100000)\n\ta + b == -1\n",
		"memory": "\tcount(numbers.range(1, 100000000)) > 0\n",
	} {
		e.types(name, strings.Replace(peopleRego, "some p in data.people\n", "some p in data.people\n"+heavy, 1))
		got := e.sees(name, withCode("policy/not-evaluated"))
		if d := got[0]; d.Range.Start.Line != 8 {
			t.Errorf("%s: %q is shown in line %d", what, d.Message, d.Range.Start.Line)
		}
		e.types(name, peopleRego)
		e.sees(name, none)
	}
	if code := e.ends(); code != 0 {
		t.Errorf("the server ended with %d", code)
	}
}

func TestLSPFixesWhatHasAnExactRemedy(t *testing.T) {
	e := edits(t, "", peopleFiles())
	const name = "policies/access/people.rego"
	e.opens(name, peopleRego)
	for _, wrong := range [][2]string{
		{`"manager"`, `"managr"`}, {`"description"`, `"descripton"`}, {"p.email", "p.emial"}, {"Payments Primary", "Payments Primry"},
		{"data.people", "data.peple"}, {`"group:payments-oncall"`, `"grup:payments-oncall"`},
	} {
		text := strings.Replace(peopleRego, wrong[0], wrong[1], 1)
		e.types(name, text)
		got := e.sees(name, func(ds []lspDiagnostic) bool { return len(ds) > 0 })
		var actions []struct {
			Title string `json:"title"`
			Edit  struct {
				Changes map[string][]struct {
					Range   lspRange `json:"range"`
					NewText string   `json:"newText"`
				} `json:"changes"`
			} `json:"edit"`
		}
		e.ask("textDocument/codeAction", map[string]any{
			"textDocument": map[string]any{"uri": e.uri(name)}, "range": lspRange{End: lspPosition{Line: 99}}, "context": map[string]any{"diagnostics": got},
		}, &actions)
		if len(actions) == 0 {
			t.Errorf("%s: no fix of %+v", wrong[1], got)
			continue
		}
		edit := actions[0].Edit.Changes[e.uri(name)][0]
		lines := strings.Split(text, "\n")
		line := lines[edit.Range.Start.Line]
		lines[edit.Range.Start.Line] = line[:edit.Range.Start.Character] + edit.NewText + line[edit.Range.End.Character:]
		if fixed := strings.Join(lines, "\n"); fixed != peopleRego {
			t.Errorf("%s: %q makes\n%s", wrong[1], actions[0].Title, fixed)
		}
		e.types(name, peopleRego)
		e.sees(name, none)
	}
}

// inNeovim edits policies: it waits for a problem, applies its fix and asks what a
// name stands for, and prints each.
const inNeovim = `
vim.opt.swapfile = false
vim.cmd("edit policies/access/people.rego")
local id = vim.lsp.start_client({ name = "dutyward", cmd = { "dutyward", "lsp", "--snapshot", "account.json" }, root_dir = vim.fn.getcwd() })
vim.lsp.buf_attach_client(0, id)
local function shows(n) return vim.wait(60000, function() return #vim.diagnostic.get(0) == n end, 20) end
shows(1)
for _, d in ipairs(vim.diagnostic.get(0)) do print("problem " .. d.lnum + 1 .. " " .. d.code) end
vim.fn.search("managr")
local params = vim.lsp.util.make_range_params(0, "utf-16")
params.context = { diagnostics = {} }
for _, answer in pairs(vim.lsp.buf_request_sync(0, "textDocument/codeAction", params, 60000)) do
	vim.lsp.util.apply_workspace_edit(answer.result[1].edit, "utf-16")
end
print("fixed " .. tostring(shows(0)))
vim.fn.search("team:Pay", "e")
for _, answer in pairs(vim.lsp.buf_request_sync(0, "textDocument/hover", vim.lsp.util.make_position_params(0, "utf-16"), 60000)) do
	print("hover " .. answer.result.contents.value)
end
vim.cmd("qa!")
`

func TestLSPInNeovim(t *testing.T) {
	nvim, err := exec.LookPath("nvim")
	if err != nil {
		t.Skip("nvim is not installed")
	}
	e := edits(t, "", map[string]string{
		"policies/access/people.rego": strings.Replace(peopleRego, `"manager"`, `"managr"`, 1),
		"policies/people/people.yaml": "- email: ann@example.com\n",
		"edit.lua":                    inNeovim,
	})
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, nvim, "--headless", "-u", "NONE", "-i", "NONE", "-c", "luafile edit.lua", "-c", "qa!")
	cmd.Dir = e.dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, want := range []string{"problem 7 policy/unknown-role", "fixed true", "hover team:Payments"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("Neovim said %s\nwant %q", out, want)
		}
	}
}
