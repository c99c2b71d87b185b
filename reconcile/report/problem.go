package report

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/dutyward/dutyward/inventory/code"
	"github.com/dutyward/dutyward/policies"
)

// ProblemsText writes problems for people, each with its source line, and
// their number.
func ProblemsText(w io.Writer, problems policies.Problems) error {
	p := newPage(w, Style{})
	for _, x := range problems {
		p.block(x.String())
		p.line("")
	}
	p.line("%s", problemCount(problems))
	return p.err
}

func problemCount(problems policies.Problems) string {
	notes := len(problems.Notes())
	if len(problems) == notes {
		return "The policies have no problems."
	}
	return fmt.Sprintf("%s, %s.", count(len(problems.Errors()), "error", "errors"), count(len(problems.Warnings())-notes, "warning", "warnings"))
}

// ProblemsGitHub writes problems as workflow commands, of which GitHub makes
// annotations at the lines of a pull request; name gives a file's name from the
// repository's root. Source of the form: "Workflow commands for GitHub Actions"
// in GitHub's documentation.
func ProblemsGitHub(w io.Writer, problems policies.Problems, name func(file string) string) error {
	p := newPage(w, Style{})
	for _, x := range problems {
		level := "error"
		switch {
		case x.Note:
			level = "notice"
		case x.Warning:
			level = "warning"
		}
		var at []string
		if x.File != "" {
			at = append(at, "file="+githubProperty(name(x.File)))
		}
		if x.Line > 0 {
			at = append(at, fmt.Sprintf("line=%d", x.Line))
		}
		if x.Column > 0 {
			at = append(at, fmt.Sprintf("col=%d", x.Column))
		}
		p.line("::%s %s::%s", level, strings.Join(append(at, "title="+githubProperty(cmp.Or(string(x.Code), "dutyward check"))), ","), githubData(x.Text()))
	}
	p.line("%s", problemCount(problems))
	return p.err
}

// githubData escapes a command's message.
func githubData(text string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(text)
}

// githubProperty escapes a value of a command's properties.
func githubProperty(text string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C").Replace(text)
}

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
	b.WriteString("| code | meaning |\n| --- | --- |\n")
	for _, c := range codes {
		fmt.Fprintf(&b, "| [%s](#%s) | %s |\n", c.Code, strings.ReplaceAll(string(c.Code), "/", ""), c.Title)
	}
	for _, c := range codes {
		fmt.Fprintf(&b, "\n## %s\n\n%s.\n\n%s\n\n**Why it matters.** %s\n\n**What to do.** %s\n\n```\n%s\n```\n",
			c.Code, c.Title, c.Means, c.Why, c.Do, c.Example)
	}
	return b.String()
}
