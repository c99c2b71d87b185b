package policies

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// file is a file of a policy root.
type file struct {
	// root is the root as configured, path the file's place in it, with slashes.
	root string
	path string
	// name is root and path joined, as messages and origins show it.
	name    string
	content []byte
}

func (f *file) isRego() bool { return strings.HasSuffix(f.path, ".rego") }
func (f *file) isTest() bool { return strings.HasSuffix(f.path, "_test.rego") }
func (f *file) isJSON() bool { return strings.HasSuffix(f.path, ".json") }
func (f *file) isYAML() bool {
	return strings.HasSuffix(f.path, ".yaml") || strings.HasSuffix(f.path, ".yml")
}

// isRead says that files of that name are policies or data.
func (f *file) isRead() bool { return f.isRego() || f.isJSON() || f.isYAML() }

// line is a source line, from 1, without its line break; empty if there is no
// such line.
func (f *file) line(n int) string {
	rest := f.content
	for ; n > 1; n-- {
		_, after, found := bytes.Cut(rest, []byte("\n"))
		if !found {
			return ""
		}
		rest = after
	}
	if n < 1 {
		return ""
	}
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	return strings.TrimSuffix(string(line), "\r")
}

// conflicted is where a merge left both versions of something.
var conflicted = regexp.MustCompile(`(?m)^<{7}(?: .*)?$`)

// mergeConflict reports a conflict that a merge left in the file.
func (f *file) mergeConflict(r *report) bool {
	at := conflicted.FindIndex(f.content)
	if at == nil {
		return false
	}
	line, column := f.place(int64(at[0]))
	r.add(Problem{File: f.name, Line: line, Column: column, Found: "a merge conflict",
		Expected: "one of the two versions, without the lines of <<<<<<<, ======= and >>>>>>>"})
	return true
}

// place is the line and column, from 1, of a byte offset.
func (f *file) place(offset int64) (line, column int) {
	before := f.content[:max(0, min(int(offset), len(f.content)))]
	return 1 + bytes.Count(before, []byte("\n")), len(before) - bytes.LastIndexByte(before, '\n')
}

// walker collects the files of roots.
type walker struct {
	// root is the directory that is walked, called what it is called.
	root, called string
	files        []*file
	// seen maps the real path of each file to the name it was first found under.
	seen map[string]string
	// within are the real paths of the directories being walked.
	within   []string
	problems Problems
	// left are the paths of the files that are not read.
	left []string
	// provenance is that of the bundles.
	provenance []Provenance
}

// readRoots reads the policy and data files of the roots, sorted by root in
// the given order, then by path.
func readRoots(roots []string, as map[string]string) *walker {
	w := &walker{seen: map[string]string{}}
	for _, root := range roots {
		w.root, w.called = root, calledRoots([]string{root}, as)[0]
		info, err := os.Stat(root)
		switch {
		case err != nil:
			w.fail(root, fmt.Errorf("policy root: %w", err))
		case !info.IsDir() && isBundle(root):
			w.bundle(root)
		case !info.IsDir():
			w.fail(root, errors.New("policy root: neither a directory nor a bundle (.tar.gz)"))
		default:
			w.directory("")
		}
	}
	return w
}

// calledRoots are the names of roots in messages and origins.
func calledRoots(roots []string, as map[string]string) []string {
	var out []string
	for _, root := range roots {
		if called, ok := as[root]; ok {
			root = called
		}
		out = append(out, root)
	}
	return out
}

// directory walks a directory of the root. Symbolic links are followed, for
// that is how Kubernetes mounts files; directories that begin with a dot are
// not, among them its "..data".
func (w *walker) directory(path string) {
	name := filepath.Join(w.root, filepath.FromSlash(path))
	real, err := filepath.EvalSymlinks(name)
	if err != nil {
		w.fail(name, err)
		return
	}
	if slices.Contains(w.within, real) {
		w.fail(name, errors.New("a symbolic link leads back to a directory above it: delete it, or let it lead to a directory outside this root"))
		return
	}
	w.within = append(w.within, real)
	defer func() { w.within = w.within[:len(w.within)-1] }()

	entries, err := os.ReadDir(name)
	if err != nil {
		w.fail(name, err)
		return
	}
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), ".") {
			continue
		}
		w.entry(strings.TrimPrefix(path+"/"+entry.Name(), "/"), entry)
	}
}

func (w *walker) entry(path string, entry fs.DirEntry) {
	f := &file{root: w.called, path: path, name: filepath.ToSlash(filepath.Join(w.called, filepath.FromSlash(path)))}
	place := filepath.Join(w.root, filepath.FromSlash(path))
	info, err := os.Stat(place)
	if err == nil && info.IsDir() {
		w.directory(path)
		return
	}
	if !f.isRead() {
		w.unread(f)
		return
	}
	if err != nil {
		w.fail(f.name, err)
		return
	}
	real, err := filepath.EvalSymlinks(place)
	if err != nil {
		w.fail(f.name, err)
		return
	}
	if first, ok := w.seen[real]; ok {
		w.fail(f.name, fmt.Errorf("the same file as %s: each file may be reached from one root, once", first))
		return
	}
	w.seen[real] = f.name
	if f.content, err = os.ReadFile(real); err != nil {
		w.fail(f.name, err)
		return
	}
	w.files = append(w.files, f)
}

// almostRead are names of which it is likely that they are meant to be read, and
// that are not: p.rego.txt, people.yaml.bak, p.REGO. Editors' own copies, such as
// p.rego~, are nobody's mistake.
var almostRead = regexp.MustCompile(`(?i)(\.(?:rego|ya?ml|json))(?:\.[a-z0-9]+)?$`)

// unread notes a file that is not read, with a warning where it seems to be meant.
func (w *walker) unread(f *file) {
	w.left = append(w.left, f.path)
	m := almostRead.FindStringSubmatch(f.path)
	if m == nil {
		return
	}
	w.problems = append(w.problems, Problem{File: f.name, Warning: true, Found: "a file that is not read",
		Expected: fmt.Sprintf("a name that ends in %s; or the file outside the policy roots", strings.ToLower(m[1]))})
}

func (w *walker) fail(name string, err error) {
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	w.problems = append(w.problems, Problem{File: filepath.ToSlash(name), Message: err.Error()})
}
