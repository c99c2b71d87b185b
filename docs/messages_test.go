package docs_test

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The list is read from top to bottom by somebody who has not seen it: each sentence
// is to be short, idiomatic, and say what to do.
var messagesFile = flag.String("messages", "", "write all that the program says to this `file`, by its place")

// poor says what to write for words of the program that a reader stumbles over,
// besides those that no page has.
var poor = map[string]string{
	`observed( only)?`:          "not enforced",
	`the rules say`:             "name the rule and its place",
	`by itself`:                 "automatically, on its own, or by what",
	`is amid`:                   "in the middle of",
	`way on`:                    "next step",
	`otherwise with`:            "differently",
	`needs? a (person's )?look`: "attention",
	`time after time`:           "again and again",
	`is not possible`:           "is not valid",
	`for want of`:               "for lack of",
	`(written|said) otherwise`:  "changed",
}

// someWords are at least two words, one of them in lower case.
var someWords = regexp.MustCompile(`[A-Za-z]{2,}[ ,;:']+.*[a-z]{2,}`)

// unsaid is what nobody reads: statements for the database and patterns.
var unsaid = regexp.MustCompile(`(?s)^\s*\(?(SELECT|INSERT|UPDATE|DELETE|PRAGMA|CREATE|ALTER|WITH)\b|\(\?|\\b|^\^`)

// message is a literal of the program that people may read.
type message struct {
	place, text string
}

func everyMessage(t *testing.T) []message {
	t.Helper()
	var all []message
	files := goFiles(t)
	for _, file := range slices.Sorted(maps.Keys(files)) {
		if strings.HasSuffix(file, "_test.go") || strings.Contains(file, "internal/testaccount") ||
			strings.Contains(file, "internal/bigaccount") || strings.HasPrefix(file, "inventory/pagerdutysim/") { // PagerDuty's words
			continue
		}
		set := token.NewFileSet()
		parsed, err := parser.ParseFile(set, file, files[file], 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ImportSpec:
				return false
			case *ast.Field:
				n.Tag = nil
			case *ast.BasicLit:
				text, err := strconv.Unquote(n.Value)
				if n.Kind == token.STRING && err == nil && someWords.MatchString(text) && !unsaid.MatchString(text) {
					all = append(all, message{fmt.Sprintf("%s:%d", file, set.Position(n.Pos()).Line), text})
				}
			}
			return true
		})
	}
	return all
}

func TestWhatTheProgramSaysIsInCommonWords(t *testing.T) {
	words := maps.Clone(better)
	maps.Copy(words, poor)
	patterns := map[*regexp.Regexp]string{}
	for word, instead := range words {
		patterns[regexp.MustCompile(`(?i)\b`+word+`\b`)] = instead
	}
	code := regexp.MustCompile("`[^`\n]*`")
	var list bytes.Buffer
	for _, m := range everyMessage(t) {
		fmt.Fprintf(&list, "%s: %s\n", m.place, m.text)
		plain := code.ReplaceAllString(m.text, "")
		for pattern, instead := range patterns {
			if word := pattern.FindString(plain); word != "" {
				t.Errorf("%s: %q in %q; write: %s", m.place, word, m.text, instead)
			}
		}
	}
	if *messagesFile != "" {
		if err := os.WriteFile(*messagesFile, list.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
