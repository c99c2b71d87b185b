package risk

import (
	_ "embed"
	"html/template"
	"io"
)

//go:embed risk.html
var page string

var pageTemplate = template.Must(template.New("risk").Funcs(template.FuncMap{
	"clock": clock, "summary": summary,
}).Parse(page))

// HTML writes the risks as one page that needs nothing else: no script, no font and no
// picture from anywhere.
func HTML(w io.Writer, r *Report) error { return pageTemplate.Execute(w, r) }
