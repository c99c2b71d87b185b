package main

import (
	"bytes"
	"fmt"
	"os/exec"
	"strings"
	"testing"
)

// framed is a message as an editor sends it.
func framed(text string) string { return fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(text), text) }

// What is not of the protocol ends the server with a sentence, and what comes in another
// order than it may is answered as the protocol has it. Nothing makes it panic or hang.
func TestLSPWithAHostileClient(t *testing.T) {
	const initialize = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"capabilities":{}}}`
	end := framed(`{"jsonrpc":"2.0","id":99,"method":"shutdown"}`)
	open := func(text string) string {
		return framed(fmt.Sprintf(`{"jsonrpc":"2.0","method":"textDocument/didOpen","params":{"textDocument":{"uri":"file:///tmp/x.rego","languageId":"rego","version":1,"text":%q}}}`, text))
	}
	cases := map[string]struct {
		says, answers string
		code          int
	}{
		"no header":             {"hello\r\n\r\n", "", 1},
		"no length":             {"Content-Type: x\r\n\r\n{}", "", 1},
		"a negative length":     {"Content-Length: -5\r\n\r\n", "", 1},
		"a length beyond all":   {"Content-Length: 99999999999\r\n\r\n{}", "", 1},
		"no JSON":               {framed("{nope"), "", 1},
		"a list":                {framed("[{}]"), "", 1},
		"brackets without end":  {framed(`{"jsonrpc":"2.0","id":1,"method":"x","params":` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + "}"), "", 1},
		"before initialize":     {framed(`{"jsonrpc":"2.0","id":7,"method":"textDocument/hover","params":{}}`) + framed(initialize) + end, `"id":7,"error":{"code":-32002,"message":"textDocument/hover came before initialize"}`, 0},
		"a method of another":   {framed(initialize) + framed(`{"jsonrpc":"2.0","id":7,"method":"foo/bar"}`) + end, `"code":-32601`, 0},
		"parameters of a text":  {framed(`{"jsonrpc":"2.0","id":1,"method":"initialize","params":"x"}`) + end, `"error"`, 0},
		"a place that is none":  {framed(initialize) + open("package access.a\n") + framed(`{"jsonrpc":"2.0","id":7,"method":"textDocument/hover","params":{"textDocument":{"uri":"file:///tmp/x.rego"},"position":{"line":-5,"character":99999999}}}`) + end, `"id":7,"result":null`, 0},
		"a change that is none": {framed(initialize) + open("package access.a\n") + framed(`{"jsonrpc":"2.0","method":"textDocument/didChange","params":{"textDocument":{"uri":"file:///tmp/x.rego","version":2},"contentChanges":[{"range":{"start":{"line":9999,"character":5},"end":{"line":-1,"character":0}},"text":"x"}]}}`) + end, `"id":99,"result":null`, 0},
		"a file of a megabyte":  {framed(initialize) + open("package access.a # "+strings.Repeat("x", 1<<20)) + end, `"id":99,"result":null`, 0},
		"an answer unasked":     {framed(initialize) + framed(`{"jsonrpc":"2.0","id":77,"result":null}`) + end, `"id":99,"result":null`, 0},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), "dutyward", "lsp")
			cmd.Dir = t.TempDir()
			in, err := cmd.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			var said bytes.Buffer
			cmd.Stderr = &said
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			go func() { _, _ = in.Write([]byte(c.says)) }() // it may end before it has read all
			var answers strings.Builder
			for buf := make([]byte, 64<<10); !strings.Contains(answers.String(), `"id":99`) || !strings.Contains(answers.String(), c.answers); {
				n, err := out.Read(buf)
				answers.Write(buf[:n])
				if err != nil {
					break
				}
			}
			_, _ = in.Write([]byte(framed(`{"jsonrpc":"2.0","method":"exit"}`)))
			_ = in.Close()
			_ = cmd.Wait() // its code is asked for below
			if got := cmd.ProcessState.ExitCode(); got != c.code {
				t.Errorf("it ended with %d, want %d: %s", got, c.code, said.String())
			}
			if !strings.Contains(answers.String(), c.answers) {
				t.Errorf("answers lack %s:\n%s", c.answers, answers.String())
			}
			if text := said.String(); strings.Contains(text, "goroutine") || strings.Contains(text, "panic") || c.code != 0 && !strings.Contains(text, "Language Server Protocol") {
				t.Errorf("said: %s", text)
			}
		})
	}
}

func TestLSPSeesAllRootsOfAConfiguration(t *testing.T) {
	files := peopleFiles()
	files["more/risk/r.rego"] = "package risk.r\n"
	files["dutyward.yaml"] = "account: {name: starter}\npolicies: [policies, more]\n"
	e := edits(t, "", files)
	const name = "more/risk/r.rego"
	e.opens(name, "package risk.r\n")
	e.types(name, "package risk.r\n\nfinding contains {\"rule\": \"x\", \"subject\": \"user:ann@example.com\", \"severity\": \"hihg\", \"message\": \"m\"}\n")
	e.sees(name, withCode("policy/unknown-value"))
	e.types(name, "package risk.r\n\nfinding contains {\"rule\": \"x\", \"subject\": \"user:ann@example.com\", \"severity\": \"high\", \"message\": \"m\"}\n")
	e.sees(name, none)
	const people = "policies/access/people.rego"
	e.opens(people, peopleRego)
	e.types(people, strings.Replace(peopleRego, "principal", "principle", 1))
	e.sees(people, withCode("policy/unknown-field"))
	if code := e.ends(); code != 0 {
		t.Errorf("the server ended with %d", code)
	}
}
