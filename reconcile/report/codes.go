package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/dutyward/dutyward/inventory/code"
)

// CodePage writes what there is to know about a code.
func CodePage(w io.Writer, c code.Page) error {
	p := newPage(w, Style{})
	p.line("%s: %s", c.Code, c.Title)
	p.line("")
	p.line("%s", c.Means)
	p.line("")
	p.line("Why it matters: %s", c.Why)
	p.line("")
	p.line("What to do: %s", c.Do)
	p.line("")
	p.line("Example:")
	p.line("")
	for line := range strings.SplitSeq(c.Example, "\n") {
		p.line("    %s", line)
	}
	return p.err
}

// CodeList lists codes with their titles.
func CodeList(codes code.Pages) string {
	widest := 0
	for _, c := range codes {
		widest = max(widest, len(c.Code))
	}
	var b strings.Builder
	for _, c := range codes {
		fmt.Fprintf(&b, "%-*s  %s\n", widest, c.Code, c.Title)
	}
	return b.String()
}

// CodesMarkdown is the reference of codes: a table of them all, and a section each.
func CodesMarkdown(codes code.Pages) string {
	var b strings.Builder
	b.WriteString("| code | what is the matter |\n| --- | --- |\n")
	for _, c := range codes {
		fmt.Fprintf(&b, "| [%s](#%s) | %s |\n", c.Code, strings.ReplaceAll(string(c.Code), "/", ""), c.Title)
	}
	for _, c := range codes {
		fmt.Fprintf(&b, "\n## %s\n\n%s.\n\n%s\n\n**Why it matters.** %s\n\n**What to do.** %s\n\n```\n%s\n```\n",
			c.Code, c.Title, c.Means, c.Why, c.Do, c.Example)
	}
	return b.String()
}
